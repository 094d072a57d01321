ALTER TABLE company ADD COLUMN totp_required BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE company ALTER COLUMN totp_required DROP DEFAULT;

CREATE TABLE sign_in_source (
    source VARCHAR(120) NOT NULL,
    failures BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    refused_until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_source PRIMARY KEY (source),
    CONSTRAINT ck_sign_in_source_failures_not_negative CHECK (failures >= 0)
);

CREATE TABLE recovery_code (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID NOT NULL,
    code_hmac VARCHAR(64) NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    voided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_recovery_code PRIMARY KEY (id),
    CONSTRAINT uq_recovery_code_user_id_code_hmac UNIQUE (user_id, code_hmac),
    CONSTRAINT ck_recovery_code_spent_one_way CHECK (used_at IS NULL OR voided_at IS NULL),
    CONSTRAINT fk_recovery_code_user_id FOREIGN KEY(user_id) REFERENCES "user" (id)
);

CREATE INDEX ix_recovery_code_open ON recovery_code (user_id, used_at, voided_at);
