CREATE TABLE ssh_key (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID NOT NULL,
    fingerprint VARCHAR(50) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    body VARCHAR(4000) NOT NULL,
    comment VARCHAR(200) NOT NULL,
    added_by_id UUID NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    removed_by_id UUID,
    CONSTRAINT pk_ssh_key PRIMARY KEY (id),
    CONSTRAINT uq_ssh_key_fingerprint UNIQUE (fingerprint),
    CONSTRAINT ck_ssh_key_fingerprint_whole CHECK (length(fingerprint) = 50),
    CONSTRAINT ck_ssh_key_not_empty CHECK (kind <> '' AND body <> ''),
    CONSTRAINT ck_ssh_key_removed_by_somebody CHECK ((removed_at IS NULL) = (removed_by_id IS NULL)),
    CONSTRAINT fk_ssh_key_user_id FOREIGN KEY(user_id) REFERENCES "user" (id),
    CONSTRAINT fk_ssh_key_added_by_id FOREIGN KEY(added_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_ssh_key_removed_by_id FOREIGN KEY(removed_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_ssh_key_user_id ON ssh_key (user_id);

