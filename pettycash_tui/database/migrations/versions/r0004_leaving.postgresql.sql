CREATE TABLE payment_bundle (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    payment_count BIGINT NOT NULL,
    total_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    scheduled_for DATE,
    list_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_payment_bundle PRIMARY KEY (id),
    CONSTRAINT ck_payment_bundle_payment_count_positive CHECK (payment_count > 0),
    CONSTRAINT ck_payment_bundle_total_amount_positive CHECK (total_amount > 0),
    CONSTRAINT fk_payment_bundle_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_bundle_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id)
);

CREATE INDEX ix_payment_bundle_executor ON payment_bundle (executor_id, created_at);

ALTER TABLE treasury_fund ADD COLUMN bank_account VARCHAR(40) NOT NULL DEFAULT '', ADD COLUMN bank_code VARCHAR(20) NOT NULL DEFAULT '';

ALTER TABLE treasury_fund ALTER COLUMN bank_account DROP DEFAULT, ALTER COLUMN bank_code DROP DEFAULT;

ALTER TABLE payment
    ADD COLUMN next_attempt_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN schedule_bundle_id UUID,
    ADD CONSTRAINT fk_payment_schedule_bundle_id FOREIGN KEY(schedule_bundle_id) REFERENCES payment_bundle (id),
    ADD CONSTRAINT ck_payment_confirmed_schedule_has_its_day CHECK (schedule_bundle_id IS NULL OR scheduled_for IS NOT NULL);

CREATE INDEX ix_payment_scheduled ON payment (scheduled_for, id) WHERE scheduled_for IS NOT NULL AND status IN ('pending', 'failed');

ALTER TABLE otp_challenge
    ALTER COLUMN payment_id DROP NOT NULL,
    ADD COLUMN bundle_id UUID,
    ADD CONSTRAINT fk_otp_challenge_bundle_id FOREIGN KEY(bundle_id) REFERENCES payment_bundle (id),
    ADD CONSTRAINT ck_otp_challenge_of_payment_or_bundle CHECK ((payment_id IS NULL) <> (bundle_id IS NULL));

CREATE UNIQUE INDEX ux_otp_challenge_open_bundle ON otp_challenge (bundle_id) WHERE bundle_id IS NOT NULL AND voided_at IS NULL AND consumed_at IS NULL;

CREATE TABLE payment_bundle_line (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    bundle_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    position BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    payment_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_payment_bundle_line PRIMARY KEY (id),
    CONSTRAINT uq_payment_bundle_line_bundle_id_payment_id UNIQUE (bundle_id, payment_id),
    CONSTRAINT uq_payment_bundle_line_bundle_id_position UNIQUE (bundle_id, position),
    CONSTRAINT ck_payment_bundle_line_position_counts CHECK (position >= 1),
    CONSTRAINT ck_payment_bundle_line_amount_positive CHECK (amount > 0),
    CONSTRAINT fk_payment_bundle_line_bundle_id FOREIGN KEY(bundle_id) REFERENCES payment_bundle (id),
    CONSTRAINT fk_payment_bundle_line_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id)
);

CREATE INDEX ix_payment_bundle_line_payment ON payment_bundle_line (payment_id);

CREATE TABLE bank_batch (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    fund_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    format VARCHAR(40) NOT NULL,
    message_id VARCHAR(35) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    line_count BIGINT NOT NULL,
    control_sum BIGINT NOT NULL,
    debit_account VARCHAR(40) NOT NULL,
    execution_date DATE NOT NULL,
    file_name VARCHAR(120) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_bank_batch PRIMARY KEY (id),
    CONSTRAINT uq_bank_batch_company_id_number UNIQUE (company_id, number),
    CONSTRAINT uq_bank_batch_message_id UNIQUE (message_id),
    CONSTRAINT ck_bank_batch_format_known CHECK (format IN ('pain001', 'csv')),
    CONSTRAINT ck_bank_batch_line_count_positive CHECK (line_count > 0),
    CONSTRAINT ck_bank_batch_control_sum_positive CHECK (control_sum > 0),
    CONSTRAINT fk_bank_batch_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_bank_batch_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_bank_batch_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id)
);

CREATE INDEX ix_bank_batch_fund ON bank_batch (fund_id, created_at);

CREATE INDEX ix_bank_batch_list ON bank_batch (company_id, created_at, id);

CREATE TABLE payment_order (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    attempt BIGINT NOT NULL,
    gateway VARCHAR(40) NOT NULL,
    conversation_id VARCHAR(60) NOT NULL,
    batch_id UUID,
    position BIGINT,
    status VARCHAR(40) NOT NULL,
    idempotency_key VARCHAR(120) NOT NULL,
    otp_verified_at TIMESTAMP WITH TIME ZONE,
    channel VARCHAR(40),
    source VARCHAR(120) NOT NULL,
    client VARCHAR(120) NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    gateway_conversation_id VARCHAR(120) NOT NULL,
    next_ask_at TIMESTAMP WITH TIME ZONE,
    ask_count BIGINT NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    gateway_reference VARCHAR(120),
    result_code VARCHAR(40) NOT NULL,
    result_text VARCHAR(500) NOT NULL,
    CONSTRAINT pk_payment_order PRIMARY KEY (id),
    CONSTRAINT uq_payment_order_conversation_id UNIQUE (conversation_id),
    CONSTRAINT uq_payment_order_payment_id_attempt UNIQUE (payment_id, attempt),
    CONSTRAINT uq_payment_order_batch_id_position UNIQUE (batch_id, position),
    CONSTRAINT ck_payment_order_gateway_known CHECK (gateway IN ('cash', 'manual', 'bank_file', 'mpesa')),
    CONSTRAINT ck_payment_order_status_known CHECK (status IN ('sending', 'sent', 'unknown', 'succeeded', 'failed')),
    CONSTRAINT ck_payment_order_attempt_counts CHECK (attempt >= 1),
    CONSTRAINT ck_payment_order_line_of_batch CHECK ((batch_id IS NULL) = (position IS NULL)),
    CONSTRAINT ck_payment_order_success_has_reference CHECK (status <> 'succeeded' OR gateway_reference IS NOT NULL),
    CONSTRAINT ck_payment_order_ask_count_not_negative CHECK (ask_count >= 0),
    CONSTRAINT fk_payment_order_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_order_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_payment_order_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id),
    CONSTRAINT fk_payment_order_batch_id FOREIGN KEY(batch_id) REFERENCES bank_batch (id)
);

CREATE INDEX ix_payment_order_asking ON payment_order (gateway, next_ask_at) WHERE status IN ('sending', 'sent', 'unknown');

CREATE INDEX ix_payment_order_payment ON payment_order (payment_id, created_at);

CREATE UNIQUE INDEX ux_payment_order_open ON payment_order (payment_id) WHERE status IN ('sending', 'sent', 'unknown');

