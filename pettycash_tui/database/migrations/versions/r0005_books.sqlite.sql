CREATE TABLE variance (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    number VARCHAR(20) NOT NULL,
    fund_id CHAR(32) NOT NULL,
    payment_id CHAR(32) NOT NULL,
    original_amount BIGINT NOT NULL,
    adjusted_amount BIGINT NOT NULL,
    variance_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    status VARCHAR(40) NOT NULL,
    recorded_by_id CHAR(32) NOT NULL,
    recorded_at VARCHAR(27) NOT NULL,
    approved_by_id CHAR(32),
    approved_at VARCHAR(27),
    rejected_by_id CHAR(32),
    rejected_at VARCHAR(27),
    rejection_reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_variance PRIMARY KEY (id),
    CONSTRAINT uq_variance_company_id_number UNIQUE (company_id, number),
    CONSTRAINT ck_variance_status_known CHECK (status IN ('pending', 'approved', 'rejected')),
    CONSTRAINT ck_variance_original_amount_not_negative CHECK (original_amount >= 0),
    CONSTRAINT ck_variance_adjusted_amount_not_negative CHECK (adjusted_amount >= 0),
    CONSTRAINT ck_variance_amount_is_difference CHECK (variance_amount = adjusted_amount - original_amount AND variance_amount <> 0),
    CONSTRAINT ck_variance_reason_given CHECK (reason <> ''),
    CONSTRAINT ck_variance_approver_not_recorder CHECK (approved_by_id IS NULL OR approved_by_id <> recorded_by_id),
    CONSTRAINT ck_variance_approved_by_somebody CHECK (status <> 'approved' OR (approved_by_id IS NOT NULL AND approved_at IS NOT NULL)),
    CONSTRAINT ck_variance_rejected_with_reason CHECK (status <> 'rejected' OR (rejected_by_id IS NOT NULL AND rejected_at IS NOT NULL AND rejection_reason <> '')),
    CONSTRAINT fk_variance_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_variance_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_variance_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_variance_recorded_by_id FOREIGN KEY(recorded_by_id) REFERENCES user (id),
    CONSTRAINT fk_variance_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES user (id),
    CONSTRAINT fk_variance_rejected_by_id FOREIGN KEY(rejected_by_id) REFERENCES user (id),
    CONSTRAINT ck_variance_original_amount_integer CHECK (typeof(original_amount) = 'integer'),
    CONSTRAINT ck_variance_adjusted_amount_integer CHECK (typeof(adjusted_amount) = 'integer'),
    CONSTRAINT ck_variance_variance_amount_integer CHECK (typeof(variance_amount) = 'integer')
);

CREATE INDEX ix_variance_created ON variance (company_id, created_at, id);

CREATE INDEX ix_variance_list ON variance (company_id, status, created_at, id);

CREATE INDEX ix_variance_payment ON variance (payment_id, created_at);

CREATE UNIQUE INDEX ux_variance_open ON variance (payment_id) WHERE status = 'pending';

CREATE TABLE fund_transfer (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    number VARCHAR(20) NOT NULL,
    from_fund_id CHAR(32) NOT NULL,
    to_fund_id CHAR(32) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    status VARCHAR(40) NOT NULL,
    requested_by_id CHAR(32) NOT NULL,
    requested_at VARCHAR(27) NOT NULL,
    approved_by_id CHAR(32),
    completed_at VARCHAR(27),
    rejected_by_id CHAR(32),
    rejected_at VARCHAR(27),
    rejection_reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_fund_transfer PRIMARY KEY (id),
    CONSTRAINT uq_fund_transfer_company_id_number UNIQUE (company_id, number),
    CONSTRAINT ck_fund_transfer_status_known CHECK (status IN ('pending', 'completed', 'rejected')),
    CONSTRAINT ck_fund_transfer_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_fund_transfer_two_funds CHECK (from_fund_id <> to_fund_id),
    CONSTRAINT ck_fund_transfer_approver_not_requester CHECK (approved_by_id IS NULL OR approved_by_id <> requested_by_id),
    CONSTRAINT ck_fund_transfer_completed_by_somebody CHECK (status <> 'completed' OR (approved_by_id IS NOT NULL AND completed_at IS NOT NULL)),
    CONSTRAINT ck_fund_transfer_rejected_with_reason CHECK (status <> 'rejected' OR (rejected_by_id IS NOT NULL AND rejected_at IS NOT NULL AND rejection_reason <> '')),
    CONSTRAINT fk_fund_transfer_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_fund_transfer_from_fund_id FOREIGN KEY(from_fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_fund_transfer_to_fund_id FOREIGN KEY(to_fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_fund_transfer_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES user (id),
    CONSTRAINT fk_fund_transfer_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES user (id),
    CONSTRAINT fk_fund_transfer_rejected_by_id FOREIGN KEY(rejected_by_id) REFERENCES user (id),
    CONSTRAINT ck_fund_transfer_amount_integer CHECK (typeof(amount) = 'integer')
);

CREATE INDEX ix_fund_transfer_created ON fund_transfer (company_id, created_at, id);

CREATE INDEX ix_fund_transfer_from ON fund_transfer (from_fund_id, created_at);

CREATE INDEX ix_fund_transfer_list ON fund_transfer (company_id, status, created_at, id);

CREATE INDEX ix_fund_transfer_to ON fund_transfer (to_fund_id, created_at);

CREATE TABLE new_ledger_entry (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    journal VARCHAR(40) NOT NULL,
    fund_id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    entry_type VARCHAR(40) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    balance_after BIGINT NOT NULL,
    account_id CHAR(32) NOT NULL,
    contra_account_id CHAR(32) NOT NULL,
    source_type VARCHAR(40) NOT NULL,
    payment_id CHAR(32),
    replenishment_id CHAR(32),
    variance_id CHAR(32),
    transfer_id CHAR(32),
    corrects_id CHAR(32),
    description VARCHAR(400) NOT NULL,
    value_date DATE NOT NULL,
    created_by_id CHAR(32),
    CONSTRAINT pk_ledger_entry PRIMARY KEY (id),
    CONSTRAINT uq_ledger_entry_fund_id_sequence UNIQUE (fund_id, sequence),
    CONSTRAINT ck_ledger_entry_entry_type_known CHECK (entry_type IN ('debit', 'credit', 'adjustment')),
    CONSTRAINT ck_ledger_entry_source_type_known CHECK (source_type IN ('opening', 'payment', 'replenishment', 'variance', 'transfer')),
    CONSTRAINT ck_ledger_entry_amount_signed CHECK (amount <> 0 AND (amount > 0 OR entry_type = 'adjustment')),
    CONSTRAINT ck_ledger_entry_balance_after_not_negative CHECK (balance_after >= 0),
    CONSTRAINT ck_ledger_entry_sequence_counts CHECK (sequence >= 1),
    CONSTRAINT ck_ledger_entry_two_accounts CHECK (account_id <> contra_account_id),
    CONSTRAINT ck_ledger_entry_payment_named CHECK ((source_type = 'payment') = (payment_id IS NOT NULL)),
    CONSTRAINT ck_ledger_entry_replenishment_named CHECK ((source_type = 'replenishment') = (replenishment_id IS NOT NULL)),
    CONSTRAINT ck_ledger_entry_variance_named CHECK ((source_type = 'variance') = (variance_id IS NOT NULL)),
    CONSTRAINT ck_ledger_entry_transfer_named CHECK ((source_type = 'transfer') = (transfer_id IS NOT NULL)),
    CONSTRAINT fk_ledger_entry_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_ledger_entry_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_ledger_entry_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT fk_ledger_entry_contra_account_id FOREIGN KEY(contra_account_id) REFERENCES account (id),
    CONSTRAINT fk_ledger_entry_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_ledger_entry_replenishment_id FOREIGN KEY(replenishment_id) REFERENCES replenishment (id),
    CONSTRAINT fk_ledger_entry_variance_id FOREIGN KEY(variance_id) REFERENCES variance (id),
    CONSTRAINT fk_ledger_entry_transfer_id FOREIGN KEY(transfer_id) REFERENCES fund_transfer (id),
    CONSTRAINT fk_ledger_entry_corrects_id FOREIGN KEY(corrects_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_ledger_entry_created_by_id FOREIGN KEY(created_by_id) REFERENCES user (id),
    CONSTRAINT ck_ledger_entry_sequence_integer CHECK (typeof(sequence) = 'integer'),
    CONSTRAINT ck_ledger_entry_amount_integer CHECK (typeof(amount) = 'integer'),
    CONSTRAINT ck_ledger_entry_balance_after_integer CHECK (typeof(balance_after) = 'integer')
);

INSERT INTO new_ledger_entry (id, created_at, company_id, journal, fund_id, sequence, entry_type, amount, currency, balance_after, account_id, contra_account_id, source_type, payment_id, replenishment_id, variance_id, transfer_id, corrects_id, description, value_date, created_by_id) SELECT id, created_at, company_id, journal, fund_id, sequence, entry_type, amount, currency, balance_after, account_id, contra_account_id, source_type, payment_id, replenishment_id, NULL, NULL, NULL, description, value_date, created_by_id FROM ledger_entry;

DROP TABLE ledger_entry;

ALTER TABLE new_ledger_entry RENAME TO ledger_entry;

CREATE INDEX ix_ledger_entry_corrects ON ledger_entry (corrects_id) WHERE corrects_id IS NOT NULL;

CREATE INDEX ix_ledger_entry_date ON ledger_entry (fund_id, value_date, sequence);

CREATE INDEX ix_ledger_entry_day ON ledger_entry (fund_id, entry_type, value_date, amount);

CREATE INDEX ix_ledger_entry_journal ON ledger_entry (company_id, journal);

CREATE INDEX ix_ledger_entry_type ON ledger_entry (fund_id, entry_type, sequence);

CREATE UNIQUE INDEX ux_ledger_entry_payment ON ledger_entry (payment_id) WHERE payment_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_replenishment ON ledger_entry (replenishment_id) WHERE replenishment_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_transfer ON ledger_entry (transfer_id, fund_id) WHERE transfer_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_variance ON ledger_entry (variance_id) WHERE variance_id IS NOT NULL;

CREATE TABLE ledger_reconciliation (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    payment_id CHAR(32) NOT NULL,
    entry_id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    act VARCHAR(40) NOT NULL,
    person_id CHAR(32) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_ledger_reconciliation PRIMARY KEY (id),
    CONSTRAINT uq_ledger_reconciliation_payment_id_sequence UNIQUE (payment_id, sequence),
    CONSTRAINT ck_ledger_reconciliation_act_known CHECK (act IN ('reconciled', 'undone')),
    CONSTRAINT ck_ledger_reconciliation_sequence_counts CHECK (sequence >= 1),
    CONSTRAINT ck_ledger_reconciliation_undone_with_reason CHECK (act <> 'undone' OR reason <> ''),
    CONSTRAINT fk_ledger_reconciliation_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_ledger_reconciliation_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_ledger_reconciliation_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_ledger_reconciliation_person_id FOREIGN KEY(person_id) REFERENCES user (id),
    CONSTRAINT ck_ledger_reconciliation_sequence_integer CHECK (typeof(sequence) = 'integer')
);

CREATE INDEX ix_ledger_reconciliation_entry ON ledger_reconciliation (entry_id);

CREATE TABLE new_account (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id CHAR(32) NOT NULL,
    code VARCHAR(20) NOT NULL,
    name VARCHAR(120) NOT NULL,
    type VARCHAR(40) NOT NULL,
    purpose VARCHAR(40),
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_company_id_code UNIQUE (company_id, code),
    CONSTRAINT ck_account_type_known CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')),
    CONSTRAINT ck_account_purpose_known CHECK (purpose IS NULL OR purpose IN ('replenishment_source', 'opening_balances', 'cash_over_short', 'transfers_in_transit')),
    CONSTRAINT fk_account_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

INSERT INTO new_account (id, created_at, updated_at, is_active, company_id, code, name, type, purpose) SELECT id, created_at, updated_at, is_active, company_id, code, name, type, purpose FROM account;

DROP TABLE account;

ALTER TABLE new_account RENAME TO account;

CREATE UNIQUE INDEX ux_account_purpose ON account (company_id, purpose) WHERE purpose IS NOT NULL;

CREATE INDEX ix_payment_reconciled ON payment (company_id, executed_at, id) WHERE status = 'reconciled';

CREATE INDEX ix_payment_to_reconcile ON payment (company_id, executed_at, id) WHERE status = 'success';
