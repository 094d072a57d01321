CREATE TABLE alert_acknowledgement (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    user_id CHAR(32) NOT NULL,
    alert VARCHAR(160) NOT NULL,
    is_seen BOOLEAN NOT NULL,
    CONSTRAINT pk_alert_acknowledgement PRIMARY KEY (id),
    CONSTRAINT uq_alert_acknowledgement_user_id_alert UNIQUE (user_id, alert),
    CONSTRAINT fk_alert_acknowledgement_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);

CREATE INDEX ix_ledger_entry_day ON ledger_entry (fund_id, entry_type, value_date, amount);

CREATE INDEX ix_requisition_mine_status ON requisition (requested_by_id, status, created_at, id);
