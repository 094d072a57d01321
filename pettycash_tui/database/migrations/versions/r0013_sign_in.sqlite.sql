CREATE TABLE new_company (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    is_active BOOLEAN NOT NULL,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    locale VARCHAR(20) NOT NULL,
    otp_threshold BIGINT NOT NULL,
    sla_hours_tier1 BIGINT NOT NULL,
    sla_hours_tier2 BIGINT NOT NULL,
    sla_hours_tier3 BIGINT NOT NULL,
    sla_hours_tier4 BIGINT NOT NULL,
    otp_expiry_seconds BIGINT NOT NULL,
    otp_max_attempts BIGINT NOT NULL,
    otp_resend_seconds BIGINT NOT NULL,
    lock_after_failures BIGINT NOT NULL,
    idle_lock_minutes BIGINT NOT NULL,
    session_hours BIGINT NOT NULL,
    totp_required BOOLEAN NOT NULL,
    CONSTRAINT pk_company PRIMARY KEY (id),
    CONSTRAINT uq_company_name UNIQUE (name),
    CONSTRAINT uq_company_code UNIQUE (code),
    CONSTRAINT ck_company_otp_threshold_not_negative CHECK (otp_threshold >= 0),
    CONSTRAINT ck_company_sla_positive CHECK (sla_hours_tier1 > 0 AND sla_hours_tier2 > 0 AND sla_hours_tier3 > 0 AND sla_hours_tier4 > 0),
    CONSTRAINT ck_company_policy_positive CHECK (otp_expiry_seconds > 0 AND otp_max_attempts > 0 AND otp_resend_seconds >= 0 AND lock_after_failures > 0 AND idle_lock_minutes > 0 AND session_hours > 0),
    CONSTRAINT ck_company_otp_threshold_integer CHECK (typeof(otp_threshold) = 'integer'),
    CONSTRAINT ck_company_sla_hours_tier1_integer CHECK (typeof(sla_hours_tier1) = 'integer'),
    CONSTRAINT ck_company_sla_hours_tier2_integer CHECK (typeof(sla_hours_tier2) = 'integer'),
    CONSTRAINT ck_company_sla_hours_tier3_integer CHECK (typeof(sla_hours_tier3) = 'integer'),
    CONSTRAINT ck_company_sla_hours_tier4_integer CHECK (typeof(sla_hours_tier4) = 'integer'),
    CONSTRAINT ck_company_otp_expiry_seconds_integer CHECK (typeof(otp_expiry_seconds) = 'integer'),
    CONSTRAINT ck_company_otp_max_attempts_integer CHECK (typeof(otp_max_attempts) = 'integer'),
    CONSTRAINT ck_company_otp_resend_seconds_integer CHECK (typeof(otp_resend_seconds) = 'integer'),
    CONSTRAINT ck_company_lock_after_failures_integer CHECK (typeof(lock_after_failures) = 'integer'),
    CONSTRAINT ck_company_idle_lock_minutes_integer CHECK (typeof(idle_lock_minutes) = 'integer'),
    CONSTRAINT ck_company_session_hours_integer CHECK (typeof(session_hours) = 'integer')
);

INSERT INTO new_company (id, created_at, updated_at, is_active, name, code, currency, timezone, locale, otp_threshold, sla_hours_tier1, sla_hours_tier2, sla_hours_tier3, sla_hours_tier4, otp_expiry_seconds, otp_max_attempts, otp_resend_seconds, lock_after_failures, idle_lock_minutes, session_hours, totp_required) SELECT id, created_at, updated_at, is_active, name, code, currency, timezone, locale, otp_threshold, sla_hours_tier1, sla_hours_tier2, sla_hours_tier3, sla_hours_tier4, otp_expiry_seconds, otp_max_attempts, otp_resend_seconds, lock_after_failures, idle_lock_minutes, session_hours, 0 FROM company;

DROP TABLE company;

ALTER TABLE new_company RENAME TO company;

CREATE TABLE sign_in_source (
    source VARCHAR(120) NOT NULL,
    failures BIGINT NOT NULL,
    since VARCHAR(27) NOT NULL,
    refused_until VARCHAR(27) NOT NULL,
    CONSTRAINT pk_sign_in_source PRIMARY KEY (source),
    CONSTRAINT ck_sign_in_source_failures_not_negative CHECK (failures >= 0),
    CONSTRAINT ck_sign_in_source_failures_integer CHECK (typeof(failures) = 'integer')
);

CREATE TABLE recovery_code (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    user_id CHAR(32) NOT NULL,
    code_hmac VARCHAR(64) NOT NULL,
    used_at VARCHAR(27),
    voided_at VARCHAR(27),
    CONSTRAINT pk_recovery_code PRIMARY KEY (id),
    CONSTRAINT uq_recovery_code_user_id_code_hmac UNIQUE (user_id, code_hmac),
    CONSTRAINT ck_recovery_code_spent_one_way CHECK (used_at IS NULL OR voided_at IS NULL),
    CONSTRAINT fk_recovery_code_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);

CREATE INDEX ix_recovery_code_open ON recovery_code (user_id, used_at, voided_at);
