CREATE TABLE new_notice (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    company_id CHAR(32),
    person_id CHAR(32) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    subject_type VARCHAR(40) NOT NULL,
    subject_number VARCHAR(40) NOT NULL,
    event_stream VARCHAR(60) NOT NULL,
    event_sequence BIGINT NOT NULL,
    occasion VARCHAR(160) NOT NULL,
    channel VARCHAR(40) NOT NULL,
    title VARCHAR(200) NOT NULL,
    body TEXT NOT NULL,
    status VARCHAR(40) NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at VARCHAR(27),
    last_error VARCHAR(500) NOT NULL,
    sent_at VARCHAR(27),
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT uq_notice_person_id_kind_occasion UNIQUE (person_id, kind, occasion),
    CONSTRAINT ck_notice_kind_known CHECK (kind IN ('waits_for_you', 'changes_asked', 'rejected', 'paid', 'failed', 'contradicted', 'bank_file', 'fund_low', 'replenished', 'digest')),
    CONSTRAINT ck_notice_channel_known CHECK (channel IN ('email', 'sms')),
    CONSTRAINT ck_notice_status_known CHECK (status IN ('queued', 'gathered', 'sending', 'sent', 'failed', 'given_up', 'skipped', 'outdated')),
    CONSTRAINT ck_notice_attempts_not_negative CHECK (attempts >= 0),
    CONSTRAINT ck_notice_sent_has_its_moment CHECK (status <> 'sent' OR sent_at IS NOT NULL),
    CONSTRAINT ck_notice_due_while_open CHECK (status NOT IN ('queued', 'sending', 'failed') OR next_attempt_at IS NOT NULL),
    CONSTRAINT fk_notice_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_notice_person_id FOREIGN KEY(person_id) REFERENCES user (id),
    CONSTRAINT ck_notice_event_sequence_integer CHECK (typeof(event_sequence) = 'integer'),
    CONSTRAINT ck_notice_attempts_integer CHECK (typeof(attempts) = 'integer')
);

INSERT INTO new_notice (id, created_at, updated_at, company_id, person_id, kind, subject_type, subject_number, event_stream, event_sequence, occasion, channel, title, body, status, attempts, next_attempt_at, last_error, sent_at) SELECT id, created_at, updated_at, company_id, person_id, kind, subject_type, subject_number, event_stream, event_sequence, occasion, channel, title, body, status, attempts, next_attempt_at, last_error, sent_at FROM notice;

DROP TABLE notice;

ALTER TABLE new_notice RENAME TO notice;

CREATE INDEX ix_notice_due ON notice (next_attempt_at, id) WHERE status IN ('queued', 'sending', 'failed');

CREATE INDEX ix_notice_gathered ON notice (person_id) WHERE status = 'gathered';

CREATE INDEX ix_notice_list ON notice (created_at, id);

CREATE INDEX ix_notice_person ON notice (person_id, created_at, id);

CREATE INDEX ix_notice_undelivered ON notice (status) WHERE status IN ('failed', 'given_up', 'skipped');

CREATE TABLE new_notice_choice (
    id CHAR(32) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    user_id CHAR(32) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    timing VARCHAR(40) NOT NULL,
    channel VARCHAR(40) NOT NULL,
    CONSTRAINT pk_notice_choice PRIMARY KEY (id),
    CONSTRAINT uq_notice_choice_user_id_kind UNIQUE (user_id, kind),
    CONSTRAINT ck_notice_choice_kind_known CHECK (kind IN ('waits_for_you', 'changes_asked', 'rejected', 'paid', 'failed', 'contradicted', 'bank_file', 'fund_low', 'replenished', 'digest')),
    CONSTRAINT ck_notice_choice_timing_known CHECK (timing IN ('at_once', 'daily', 'off')),
    CONSTRAINT ck_notice_choice_channel_known CHECK (channel IN ('email', 'sms')),
    CONSTRAINT fk_notice_choice_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);

INSERT INTO new_notice_choice (id, created_at, updated_at, user_id, kind, timing, channel) SELECT id, created_at, updated_at, user_id, kind, timing, channel FROM notice_choice;

DROP TABLE notice_choice;

ALTER TABLE new_notice_choice RENAME TO notice_choice;
