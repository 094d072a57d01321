CREATE TABLE payment_bundle (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    executor_id CHAR(32) NOT NULL,
    payment_count BIGINT NOT NULL,
    total_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    scheduled_for DATE,
    list_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_payment_bundle PRIMARY KEY (id),
    CONSTRAINT ck_payment_bundle_payment_count_positive CHECK (payment_count > 0),
    CONSTRAINT ck_payment_bundle_total_amount_positive CHECK (total_amount > 0),
    CONSTRAINT fk_payment_bundle_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_bundle_executor_id FOREIGN KEY(executor_id) REFERENCES user (id),
    CONSTRAINT ck_payment_bundle_payment_count_integer CHECK (typeof(payment_count) = 'integer'),
    CONSTRAINT ck_payment_bundle_total_amount_integer CHECK (typeof(total_amount) = 'integer')
);

CREATE INDEX ix_payment_bundle_executor ON payment_bundle (executor_id, created_at);

CREATE TABLE new_treasury_fund (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id CHAR(32) NOT NULL,
    region_id CHAR(32),
    branch_id CHAR(32),
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    custodian_id CHAR(32),
    currency VARCHAR(3) NOT NULL,
    current_balance BIGINT NOT NULL,
    held_amount BIGINT NOT NULL,
    reorder_level BIGINT NOT NULL,
    target_balance BIGINT NOT NULL,
    account_id CHAR(32) NOT NULL,
    last_replenished VARCHAR(27),
    ledger_sequence BIGINT NOT NULL,
    voucher_year BIGINT NOT NULL,
    voucher_sequence BIGINT NOT NULL,
    bank_account VARCHAR(40) NOT NULL,
    bank_code VARCHAR(20) NOT NULL,
    CONSTRAINT pk_treasury_fund PRIMARY KEY (id),
    CONSTRAINT uq_treasury_fund_company_id_code UNIQUE (company_id, code),
    CONSTRAINT ck_treasury_fund_current_balance_not_negative CHECK (current_balance >= 0),
    CONSTRAINT ck_treasury_fund_held_amount_not_negative CHECK (held_amount >= 0),
    CONSTRAINT ck_treasury_fund_available_not_negative CHECK (current_balance >= held_amount),
    CONSTRAINT ck_treasury_fund_levels_in_order CHECK (reorder_level >= 0 AND target_balance >= reorder_level),
    CONSTRAINT ck_treasury_fund_counters_not_negative CHECK (ledger_sequence >= 0 AND voucher_sequence >= 0),
    CONSTRAINT fk_treasury_fund_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_treasury_fund_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_treasury_fund_branch_id FOREIGN KEY(branch_id) REFERENCES branch (id),
    CONSTRAINT fk_treasury_fund_custodian_id FOREIGN KEY(custodian_id) REFERENCES user (id),
    CONSTRAINT fk_treasury_fund_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT ck_treasury_fund_current_balance_integer CHECK (typeof(current_balance) = 'integer'),
    CONSTRAINT ck_treasury_fund_held_amount_integer CHECK (typeof(held_amount) = 'integer'),
    CONSTRAINT ck_treasury_fund_reorder_level_integer CHECK (typeof(reorder_level) = 'integer'),
    CONSTRAINT ck_treasury_fund_target_balance_integer CHECK (typeof(target_balance) = 'integer'),
    CONSTRAINT ck_treasury_fund_ledger_sequence_integer CHECK (typeof(ledger_sequence) = 'integer'),
    CONSTRAINT ck_treasury_fund_voucher_year_integer CHECK (typeof(voucher_year) = 'integer'),
    CONSTRAINT ck_treasury_fund_voucher_sequence_integer CHECK (typeof(voucher_sequence) = 'integer')
);

INSERT INTO new_treasury_fund (id, created_at, updated_at, is_active, company_id, region_id, branch_id, name, code, custodian_id, currency, current_balance, held_amount, reorder_level, target_balance, account_id, last_replenished, ledger_sequence, voucher_year, voucher_sequence, bank_account, bank_code) SELECT id, created_at, updated_at, is_active, company_id, region_id, branch_id, name, code, custodian_id, currency, current_balance, held_amount, reorder_level, target_balance, account_id, last_replenished, ledger_sequence, voucher_year, voucher_sequence, '', '' FROM treasury_fund;

DROP TABLE treasury_fund;

ALTER TABLE new_treasury_fund RENAME TO treasury_fund;

CREATE UNIQUE INDEX ux_treasury_fund_scope ON treasury_fund (company_id, COALESCE(CAST(branch_id AS VARCHAR(36)), CAST(region_id AS VARCHAR(36)), '')) WHERE is_active = 1;

CREATE TABLE new_payment (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    number VARCHAR(20) NOT NULL,
    requisition_id CHAR(32) NOT NULL,
    revision BIGINT NOT NULL,
    requested_by_id CHAR(32) NOT NULL,
    fund_id CHAR(32) NOT NULL,
    payee VARCHAR(200) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    method VARCHAR(40) NOT NULL,
    destination VARCHAR(200) NOT NULL,
    status VARCHAR(40) NOT NULL,
    is_held BOOLEAN NOT NULL,
    executor_id CHAR(32),
    otp_required BOOLEAN NOT NULL,
    retry_count BIGINT NOT NULL,
    max_retries BIGINT NOT NULL,
    last_error VARCHAR(500) NOT NULL,
    idempotency_key VARCHAR(120),
    next_attempt_at VARCHAR(27),
    scheduled_for DATE,
    schedule_bundle_id CHAR(32),
    voucher_number VARCHAR(40),
    executed_at VARCHAR(27),
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT uq_payment_company_id_number UNIQUE (company_id, number),
    CONSTRAINT uq_payment_requisition_id UNIQUE (requisition_id),
    CONSTRAINT uq_payment_company_id_idempotency_key UNIQUE (company_id, idempotency_key),
    CONSTRAINT uq_payment_fund_id_voucher_number UNIQUE (fund_id, voucher_number),
    CONSTRAINT ck_payment_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_payment_method_known CHECK (method IN ('mpesa', 'bank_transfer', 'cash')),
    CONSTRAINT ck_payment_status_known CHECK (status IN ('pending', 'executing', 'success', 'failed', 'unknown', 'reconciled', 'cancelled')),
    CONSTRAINT ck_payment_executor_not_requester CHECK (executor_id IS NULL OR executor_id <> requested_by_id),
    CONSTRAINT ck_payment_retries_counted CHECK (retry_count >= 0 AND retry_count <= max_retries),
    CONSTRAINT ck_payment_held_open CHECK (is_held = false OR status IN ('pending', 'executing', 'failed', 'unknown')),
    CONSTRAINT ck_payment_confirmed_schedule_has_its_day CHECK (schedule_bundle_id IS NULL OR scheduled_for IS NOT NULL),
    CONSTRAINT fk_payment_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT fk_payment_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES user (id),
    CONSTRAINT fk_payment_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_payment_executor_id FOREIGN KEY(executor_id) REFERENCES user (id),
    CONSTRAINT fk_payment_schedule_bundle_id FOREIGN KEY(schedule_bundle_id) REFERENCES payment_bundle (id),
    CONSTRAINT ck_payment_revision_integer CHECK (typeof(revision) = 'integer'),
    CONSTRAINT ck_payment_amount_integer CHECK (typeof(amount) = 'integer'),
    CONSTRAINT ck_payment_retry_count_integer CHECK (typeof(retry_count) = 'integer'),
    CONSTRAINT ck_payment_max_retries_integer CHECK (typeof(max_retries) = 'integer')
);

INSERT INTO new_payment (id, created_at, updated_at, company_id, number, requisition_id, revision, requested_by_id, fund_id, payee, amount, currency, method, destination, status, is_held, executor_id, otp_required, retry_count, max_retries, last_error, idempotency_key, next_attempt_at, scheduled_for, schedule_bundle_id, voucher_number, executed_at) SELECT id, created_at, updated_at, company_id, number, requisition_id, revision, requested_by_id, fund_id, payee, amount, currency, method, destination, status, is_held, executor_id, otp_required, retry_count, max_retries, last_error, idempotency_key, NULL, scheduled_for, NULL, voucher_number, executed_at FROM payment;

DROP TABLE payment;

ALTER TABLE new_payment RENAME TO payment;

CREATE INDEX ix_payment_created ON payment (company_id, created_at, id);

CREATE INDEX ix_payment_executor ON payment (executor_id, status, created_at);

CREATE INDEX ix_payment_list ON payment (company_id, status, created_at, id);

CREATE INDEX ix_payment_requisition_status ON payment (requisition_id, status);

CREATE INDEX ix_payment_scheduled ON payment (scheduled_for, id) WHERE scheduled_for IS NOT NULL AND status IN ('pending', 'failed');

CREATE INDEX ix_payment_status ON payment (status, created_at);

CREATE INDEX ix_payment_waiting ON payment (fund_id, status, is_held, created_at, id);

CREATE TABLE new_otp_challenge (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    payment_id CHAR(32),
    bundle_id CHAR(32),
    executor_id CHAR(32) NOT NULL,
    session_id CHAR(32),
    payment_hash VARCHAR(64) NOT NULL,
    channel VARCHAR(40) NOT NULL,
    code_hmac VARCHAR(64),
    expires_at VARCHAR(27) NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    sent_at VARCHAR(27),
    voided_at VARCHAR(27),
    verified_at VARCHAR(27),
    consumed_at VARCHAR(27),
    CONSTRAINT pk_otp_challenge PRIMARY KEY (id),
    CONSTRAINT ck_otp_challenge_channel_known CHECK (channel IN ('totp', 'email', 'sms')),
    CONSTRAINT ck_otp_challenge_attempts_not_negative CHECK (attempts >= 0),
    CONSTRAINT ck_otp_challenge_verified_before_consumed CHECK (consumed_at IS NULL OR verified_at IS NOT NULL),
    CONSTRAINT ck_otp_challenge_void_is_not_consumed CHECK (consumed_at IS NULL OR voided_at IS NULL),
    CONSTRAINT ck_otp_challenge_of_payment_or_bundle CHECK ((payment_id IS NULL) <> (bundle_id IS NULL)),
    CONSTRAINT fk_otp_challenge_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_otp_challenge_bundle_id FOREIGN KEY(bundle_id) REFERENCES payment_bundle (id),
    CONSTRAINT fk_otp_challenge_executor_id FOREIGN KEY(executor_id) REFERENCES user (id),
    CONSTRAINT fk_otp_challenge_session_id FOREIGN KEY(session_id) REFERENCES sign_in_session (id),
    CONSTRAINT ck_otp_challenge_attempts_integer CHECK (typeof(attempts) = 'integer'),
    CONSTRAINT ck_otp_challenge_max_attempts_integer CHECK (typeof(max_attempts) = 'integer')
);

INSERT INTO new_otp_challenge (id, created_at, updated_at, payment_id, bundle_id, executor_id, session_id, payment_hash, channel, code_hmac, expires_at, attempts, max_attempts, sent_at, voided_at, verified_at, consumed_at) SELECT id, created_at, updated_at, payment_id, NULL, executor_id, session_id, payment_hash, channel, code_hmac, expires_at, attempts, max_attempts, sent_at, voided_at, verified_at, consumed_at FROM otp_challenge;

DROP TABLE otp_challenge;

ALTER TABLE new_otp_challenge RENAME TO otp_challenge;

CREATE INDEX ix_otp_challenge_payment ON otp_challenge (payment_id, created_at);

CREATE UNIQUE INDEX ux_otp_challenge_open ON otp_challenge (payment_id) WHERE voided_at IS NULL AND consumed_at IS NULL;

CREATE UNIQUE INDEX ux_otp_challenge_open_bundle ON otp_challenge (bundle_id) WHERE bundle_id IS NOT NULL AND voided_at IS NULL AND consumed_at IS NULL;

CREATE TABLE payment_bundle_line (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    bundle_id CHAR(32) NOT NULL,
    payment_id CHAR(32) NOT NULL,
    position BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    payment_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_payment_bundle_line PRIMARY KEY (id),
    CONSTRAINT uq_payment_bundle_line_bundle_id_payment_id UNIQUE (bundle_id, payment_id),
    CONSTRAINT uq_payment_bundle_line_bundle_id_position UNIQUE (bundle_id, position),
    CONSTRAINT ck_payment_bundle_line_position_counts CHECK (position >= 1),
    CONSTRAINT ck_payment_bundle_line_amount_positive CHECK (amount > 0),
    CONSTRAINT fk_payment_bundle_line_bundle_id FOREIGN KEY(bundle_id) REFERENCES payment_bundle (id),
    CONSTRAINT fk_payment_bundle_line_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT ck_payment_bundle_line_position_integer CHECK (typeof(position) = 'integer'),
    CONSTRAINT ck_payment_bundle_line_amount_integer CHECK (typeof(amount) = 'integer')
);

CREATE INDEX ix_payment_bundle_line_payment ON payment_bundle_line (payment_id);

CREATE TABLE bank_batch (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    number VARCHAR(20) NOT NULL,
    fund_id CHAR(32) NOT NULL,
    executor_id CHAR(32) NOT NULL,
    format VARCHAR(40) NOT NULL,
    message_id VARCHAR(35) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    line_count BIGINT NOT NULL,
    control_sum BIGINT NOT NULL,
    debit_account VARCHAR(40) NOT NULL,
    execution_date DATE NOT NULL,
    file_name VARCHAR(120) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT pk_bank_batch PRIMARY KEY (id),
    CONSTRAINT uq_bank_batch_company_id_number UNIQUE (company_id, number),
    CONSTRAINT uq_bank_batch_message_id UNIQUE (message_id),
    CONSTRAINT ck_bank_batch_format_known CHECK (format IN ('pain001', 'csv')),
    CONSTRAINT ck_bank_batch_line_count_positive CHECK (line_count > 0),
    CONSTRAINT ck_bank_batch_control_sum_positive CHECK (control_sum > 0),
    CONSTRAINT fk_bank_batch_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_bank_batch_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_bank_batch_executor_id FOREIGN KEY(executor_id) REFERENCES user (id),
    CONSTRAINT ck_bank_batch_line_count_integer CHECK (typeof(line_count) = 'integer'),
    CONSTRAINT ck_bank_batch_control_sum_integer CHECK (typeof(control_sum) = 'integer')
);

CREATE INDEX ix_bank_batch_fund ON bank_batch (fund_id, created_at);

CREATE INDEX ix_bank_batch_list ON bank_batch (company_id, created_at, id);

CREATE TABLE payment_order (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    payment_id CHAR(32) NOT NULL,
    executor_id CHAR(32) NOT NULL,
    attempt BIGINT NOT NULL,
    gateway VARCHAR(40) NOT NULL,
    conversation_id VARCHAR(60) NOT NULL,
    batch_id CHAR(32),
    position BIGINT,
    status VARCHAR(40) NOT NULL,
    idempotency_key VARCHAR(120) NOT NULL,
    otp_verified_at VARCHAR(27),
    channel VARCHAR(40),
    source VARCHAR(120) NOT NULL,
    client VARCHAR(120) NOT NULL,
    sent_at VARCHAR(27),
    gateway_conversation_id VARCHAR(120) NOT NULL,
    next_ask_at VARCHAR(27),
    ask_count BIGINT NOT NULL,
    settled_at VARCHAR(27),
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
    CONSTRAINT fk_payment_order_executor_id FOREIGN KEY(executor_id) REFERENCES user (id),
    CONSTRAINT fk_payment_order_batch_id FOREIGN KEY(batch_id) REFERENCES bank_batch (id),
    CONSTRAINT ck_payment_order_attempt_integer CHECK (typeof(attempt) = 'integer'),
    CONSTRAINT ck_payment_order_position_integer CHECK (typeof(position) IN ('integer', 'null')),
    CONSTRAINT ck_payment_order_ask_count_integer CHECK (typeof(ask_count) = 'integer')
);

CREATE INDEX ix_payment_order_asking ON payment_order (gateway, next_ask_at) WHERE status IN ('sending', 'sent', 'unknown');

CREATE INDEX ix_payment_order_payment ON payment_order (payment_id, created_at);

CREATE UNIQUE INDEX ux_payment_order_open ON payment_order (payment_id) WHERE status IN ('sending', 'sent', 'unknown');

