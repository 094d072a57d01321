CREATE TABLE new_category (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id CHAR(32) NOT NULL,
    code VARCHAR(20) NOT NULL,
    name VARCHAR(120) NOT NULL,
    account_id CHAR(32) NOT NULL,
    cost_center_id CHAR(32),
    is_default BOOLEAN NOT NULL,
    CONSTRAINT pk_category PRIMARY KEY (id),
    CONSTRAINT uq_category_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_category_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_category_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT fk_category_cost_center_id FOREIGN KEY(cost_center_id) REFERENCES cost_center (id)
);

INSERT INTO new_category (id, created_at, updated_at, is_active, company_id, code, name, account_id, cost_center_id, is_default) SELECT id, created_at, updated_at, is_active, company_id, code, name, account_id, NULL, is_default FROM category;

DROP TABLE category;

ALTER TABLE new_category RENAME TO category;

CREATE UNIQUE INDEX ux_category_default ON category (company_id) WHERE is_default = 1;

CREATE TABLE replenishment_voucher (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    replenishment_id CHAR(32) NOT NULL,
    fund_id CHAR(32) NOT NULL,
    entry_id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    is_released BOOLEAN NOT NULL,
    CONSTRAINT pk_replenishment_voucher PRIMARY KEY (id),
    CONSTRAINT uq_replenishment_voucher_replenishment_id_entry_id UNIQUE (replenishment_id, entry_id),
    CONSTRAINT ck_replenishment_voucher_amount_not_zero CHECK (amount <> 0),
    CONSTRAINT ck_replenishment_voucher_sequence_counts CHECK (sequence >= 1),
    CONSTRAINT fk_replenishment_voucher_replenishment_id FOREIGN KEY(replenishment_id) REFERENCES replenishment (id),
    CONSTRAINT fk_replenishment_voucher_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_replenishment_voucher_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT ck_replenishment_voucher_sequence_integer CHECK (typeof(sequence) = 'integer'),
    CONSTRAINT ck_replenishment_voucher_amount_integer CHECK (typeof(amount) = 'integer')
);

CREATE INDEX ix_replenishment_voucher_entry_id ON replenishment_voucher (entry_id);

CREATE UNIQUE INDEX ux_replenishment_voucher_living ON replenishment_voucher (fund_id, sequence) WHERE is_released = 0;

CREATE TABLE accounting_period (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    is_closed BOOLEAN NOT NULL,
    closed_by_id CHAR(32) NOT NULL,
    closed_at VARCHAR(27) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    reopened_by_id CHAR(32),
    reopened_at VARCHAR(27),
    reopen_reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_accounting_period PRIMARY KEY (id),
    CONSTRAINT uq_accounting_period_company_id_starts_on UNIQUE (company_id, starts_on),
    CONSTRAINT ck_accounting_period_starts_on_first CHECK (CAST(starts_on AS VARCHAR(10)) LIKE '____-__-01'),
    CONSTRAINT ck_accounting_period_days_in_order CHECK (ends_on > starts_on),
    CONSTRAINT ck_accounting_period_closed_with_reason CHECK (reason <> ''),
    CONSTRAINT ck_accounting_period_reopened_with_reason CHECK (is_closed OR (reopened_by_id IS NOT NULL AND reopened_at IS NOT NULL AND reopen_reason <> '')),
    CONSTRAINT fk_accounting_period_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_accounting_period_closed_by_id FOREIGN KEY(closed_by_id) REFERENCES user (id),
    CONSTRAINT fk_accounting_period_reopened_by_id FOREIGN KEY(reopened_by_id) REFERENCES user (id)
);

CREATE INDEX ix_ledger_entry_transfer ON ledger_entry (fund_id, entry_type, amount) WHERE source_type = 'transfer';

INSERT INTO replenishment_voucher (id, created_at, updated_at, replenishment_id, fund_id, entry_id, sequence, amount, is_released)
SELECT lower(hex(randomblob(16))), r.requested_at, r.requested_at, r.id, l.fund_id, l.id, l.sequence, l.amount, 0
FROM ledger_entry l JOIN replenishment r ON r.id = (
    SELECT c.id FROM replenishment c
    WHERE c.fund_id = l.fund_id AND c.status <> 'rejected' AND c.requested_at >= l.created_at
    ORDER BY c.requested_at, c.id LIMIT 1
)
WHERE l.source_type = 'payment';
