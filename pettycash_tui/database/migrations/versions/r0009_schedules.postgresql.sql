CREATE TABLE payment_schedule (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    bundle_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    scheduled_for DATE NOT NULL,
    reference VARCHAR(120) NOT NULL,
    status VARCHAR(40) NOT NULL,
    problem VARCHAR(500) NOT NULL,
    problem_codes VARCHAR(200) NOT NULL,
    problem_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by_id UUID,
    reason VARCHAR(500) NOT NULL,
    CONSTRAINT pk_payment_schedule PRIMARY KEY (id),
    CONSTRAINT uq_payment_schedule_bundle_id_payment_id UNIQUE (bundle_id, payment_id),
    CONSTRAINT ck_payment_schedule_status_known CHECK (status IN ('standing', 'taken_up', 'void')),
    CONSTRAINT ck_payment_schedule_ended_has_its_moment CHECK (status = 'standing' OR ended_at IS NOT NULL),
    CONSTRAINT ck_payment_schedule_void_has_its_reason CHECK (status <> 'void' OR reason <> ''),
    CONSTRAINT ck_payment_schedule_problem_has_its_moment CHECK ((problem = '') = (problem_at IS NULL)),
    CONSTRAINT fk_payment_schedule_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_schedule_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_payment_schedule_bundle_id FOREIGN KEY(bundle_id) REFERENCES payment_bundle (id),
    CONSTRAINT fk_payment_schedule_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id),
    CONSTRAINT fk_payment_schedule_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_payment_schedule_due ON payment_schedule (scheduled_for, created_at, id) WHERE status = 'standing';

CREATE INDEX ix_payment_schedule_payment ON payment_schedule (payment_id, created_at);

CREATE UNIQUE INDEX ux_payment_schedule_standing ON payment_schedule (payment_id) WHERE status = 'standing';

