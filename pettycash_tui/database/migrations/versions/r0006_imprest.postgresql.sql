ALTER TABLE category
    ADD COLUMN cost_center_id UUID,
    ADD CONSTRAINT fk_category_cost_center_id FOREIGN KEY(cost_center_id) REFERENCES cost_center (id);

CREATE TABLE replenishment_voucher (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    replenishment_id UUID NOT NULL,
    fund_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    is_released BOOLEAN NOT NULL,
    CONSTRAINT pk_replenishment_voucher PRIMARY KEY (id),
    CONSTRAINT uq_replenishment_voucher_replenishment_id_entry_id UNIQUE (replenishment_id, entry_id),
    CONSTRAINT ck_replenishment_voucher_amount_not_zero CHECK (amount <> 0),
    CONSTRAINT ck_replenishment_voucher_sequence_counts CHECK (sequence >= 1),
    CONSTRAINT fk_replenishment_voucher_replenishment_id FOREIGN KEY(replenishment_id) REFERENCES replenishment (id),
    CONSTRAINT fk_replenishment_voucher_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_replenishment_voucher_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id)
);

CREATE INDEX ix_replenishment_voucher_entry_id ON replenishment_voucher (entry_id);

CREATE UNIQUE INDEX ux_replenishment_voucher_living ON replenishment_voucher (fund_id, sequence) WHERE NOT is_released;

CREATE TABLE accounting_period (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    is_closed BOOLEAN NOT NULL,
    closed_by_id UUID NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR(500) NOT NULL,
    reopened_by_id UUID,
    reopened_at TIMESTAMP WITH TIME ZONE,
    reopen_reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_accounting_period PRIMARY KEY (id),
    CONSTRAINT uq_accounting_period_company_id_starts_on UNIQUE (company_id, starts_on),
    CONSTRAINT ck_accounting_period_starts_on_first CHECK (CAST(starts_on AS VARCHAR(10)) LIKE '____-__-01'),
    CONSTRAINT ck_accounting_period_days_in_order CHECK (ends_on > starts_on),
    CONSTRAINT ck_accounting_period_closed_with_reason CHECK (reason <> ''),
    CONSTRAINT ck_accounting_period_reopened_with_reason CHECK (is_closed OR (reopened_by_id IS NOT NULL AND reopened_at IS NOT NULL AND reopen_reason <> '')),
    CONSTRAINT fk_accounting_period_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_accounting_period_closed_by_id FOREIGN KEY(closed_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_accounting_period_reopened_by_id FOREIGN KEY(reopened_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_ledger_entry_transfer ON ledger_entry (fund_id, entry_type, amount) WHERE source_type = 'transfer';

INSERT INTO replenishment_voucher (id, created_at, updated_at, replenishment_id, fund_id, entry_id, sequence, amount, is_released)
SELECT gen_random_uuid(), r.requested_at, r.requested_at, r.id, l.fund_id, l.id, l.sequence, l.amount, false
FROM ledger_entry l JOIN replenishment r ON r.id = (
    SELECT c.id FROM replenishment c
    WHERE c.fund_id = l.fund_id AND c.status <> 'rejected' AND c.requested_at >= l.created_at
    ORDER BY c.requested_at, c.id LIMIT 1
)
WHERE l.source_type = 'payment';
