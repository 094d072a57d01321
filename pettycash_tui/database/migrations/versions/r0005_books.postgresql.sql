CREATE TABLE variance (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    fund_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    original_amount BIGINT NOT NULL,
    adjusted_amount BIGINT NOT NULL,
    variance_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    status VARCHAR(40) NOT NULL,
    recorded_by_id UUID NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by_id UUID,
    approved_at TIMESTAMP WITH TIME ZONE,
    rejected_by_id UUID,
    rejected_at TIMESTAMP WITH TIME ZONE,
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
    CONSTRAINT fk_variance_recorded_by_id FOREIGN KEY(recorded_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_variance_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_variance_rejected_by_id FOREIGN KEY(rejected_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_variance_created ON variance (company_id, created_at, id);

CREATE INDEX ix_variance_list ON variance (company_id, status, created_at, id);

CREATE INDEX ix_variance_payment ON variance (payment_id, created_at);

CREATE UNIQUE INDEX ux_variance_open ON variance (payment_id) WHERE status = 'pending';

CREATE TABLE fund_transfer (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    from_fund_id UUID NOT NULL,
    to_fund_id UUID NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    status VARCHAR(40) NOT NULL,
    requested_by_id UUID NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by_id UUID,
    completed_at TIMESTAMP WITH TIME ZONE,
    rejected_by_id UUID,
    rejected_at TIMESTAMP WITH TIME ZONE,
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
    CONSTRAINT fk_fund_transfer_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_fund_transfer_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_fund_transfer_rejected_by_id FOREIGN KEY(rejected_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_fund_transfer_created ON fund_transfer (company_id, created_at, id);

CREATE INDEX ix_fund_transfer_from ON fund_transfer (from_fund_id, created_at);

CREATE INDEX ix_fund_transfer_list ON fund_transfer (company_id, status, created_at, id);

CREATE INDEX ix_fund_transfer_to ON fund_transfer (to_fund_id, created_at);

CREATE TABLE ledger_reconciliation (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    act VARCHAR(40) NOT NULL,
    person_id UUID NOT NULL,
    reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_ledger_reconciliation PRIMARY KEY (id),
    CONSTRAINT uq_ledger_reconciliation_payment_id_sequence UNIQUE (payment_id, sequence),
    CONSTRAINT ck_ledger_reconciliation_act_known CHECK (act IN ('reconciled', 'undone')),
    CONSTRAINT ck_ledger_reconciliation_sequence_counts CHECK (sequence >= 1),
    CONSTRAINT ck_ledger_reconciliation_undone_with_reason CHECK (act <> 'undone' OR reason <> ''),
    CONSTRAINT fk_ledger_reconciliation_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_ledger_reconciliation_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_ledger_reconciliation_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_ledger_reconciliation_person_id FOREIGN KEY(person_id) REFERENCES "user" (id)
);

CREATE INDEX ix_ledger_reconciliation_entry ON ledger_reconciliation (entry_id);

ALTER TABLE ledger_entry
    ADD COLUMN variance_id UUID,
    ADD COLUMN transfer_id UUID,
    ADD COLUMN corrects_id UUID,
    ADD CONSTRAINT fk_ledger_entry_variance_id FOREIGN KEY(variance_id) REFERENCES variance (id),
    ADD CONSTRAINT fk_ledger_entry_transfer_id FOREIGN KEY(transfer_id) REFERENCES fund_transfer (id),
    ADD CONSTRAINT fk_ledger_entry_corrects_id FOREIGN KEY(corrects_id) REFERENCES ledger_entry (id),
    ADD CONSTRAINT ck_ledger_entry_variance_named CHECK ((source_type = 'variance') = (variance_id IS NOT NULL)),
    ADD CONSTRAINT ck_ledger_entry_transfer_named CHECK ((source_type = 'transfer') = (transfer_id IS NOT NULL));

CREATE INDEX ix_ledger_entry_corrects ON ledger_entry (corrects_id) WHERE corrects_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_transfer ON ledger_entry (transfer_id, fund_id) WHERE transfer_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_variance ON ledger_entry (variance_id) WHERE variance_id IS NOT NULL;

ALTER TABLE account
    DROP CONSTRAINT ck_account_purpose_known,
    ADD CONSTRAINT ck_account_purpose_known CHECK (purpose IS NULL OR purpose IN ('replenishment_source', 'opening_balances', 'cash_over_short', 'transfers_in_transit'));

CREATE INDEX ix_payment_reconciled ON payment (company_id, executed_at, id) WHERE status = 'reconciled';

CREATE INDEX ix_payment_to_reconcile ON payment (company_id, executed_at, id) WHERE status = 'success';
