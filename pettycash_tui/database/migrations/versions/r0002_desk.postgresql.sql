CREATE TABLE alert_acknowledgement (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID NOT NULL,
    alert VARCHAR(160) NOT NULL,
    is_seen BOOLEAN NOT NULL,
    CONSTRAINT pk_alert_acknowledgement PRIMARY KEY (id),
    CONSTRAINT uq_alert_acknowledgement_user_id_alert UNIQUE (user_id, alert),
    CONSTRAINT fk_alert_acknowledgement_user_id FOREIGN KEY(user_id) REFERENCES "user" (id)
);

CREATE INDEX ix_ledger_entry_day ON ledger_entry (fund_id, entry_type, value_date, amount);

CREATE INDEX ix_requisition_mine_status ON requisition (requested_by_id, status, created_at, id);
