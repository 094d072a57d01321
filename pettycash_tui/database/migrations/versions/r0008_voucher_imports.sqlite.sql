CREATE TABLE imported_voucher (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    company_id CHAR(32) NOT NULL,
    voucher_number VARCHAR(40) NOT NULL,
    requisition_id CHAR(32) NOT NULL,
    file_sha256 VARCHAR(64) NOT NULL,
    line BIGINT NOT NULL,
    CONSTRAINT pk_imported_voucher PRIMARY KEY (id),
    CONSTRAINT uq_imported_voucher_company_id_voucher_number UNIQUE (company_id, voucher_number),
    CONSTRAINT uq_imported_voucher_requisition_id UNIQUE (requisition_id),
    CONSTRAINT ck_imported_voucher_number_in_capitals CHECK (voucher_number <> '' AND voucher_number = upper(voucher_number)),
    CONSTRAINT ck_imported_voucher_file_named CHECK (length(file_sha256) = 64),
    CONSTRAINT ck_imported_voucher_line_positive CHECK (line > 0),
    CONSTRAINT fk_imported_voucher_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_imported_voucher_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT ck_imported_voucher_line_integer CHECK (typeof(line) = 'integer')
);

CREATE INDEX ix_imported_voucher_list ON imported_voucher (company_id, created_at, id);
