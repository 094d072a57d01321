CREATE TABLE company (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    locale VARCHAR(20) NOT NULL,
    otp_threshold BIGINT NOT NULL,
    sla_hours_tier1 BIGINT NOT NULL,
    sla_hours_tier2 BIGINT NOT NULL,
    sla_hours_tier3 BIGINT NOT NULL,
    sla_hours_tier4 BIGINT NOT NULL,
    otp_expiry_seconds BIGINT NOT NULL,
    otp_max_attempts BIGINT NOT NULL,
    otp_resend_seconds BIGINT NOT NULL,
    lock_after_failures BIGINT NOT NULL,
    idle_lock_minutes BIGINT NOT NULL,
    session_hours BIGINT NOT NULL,
    CONSTRAINT pk_company PRIMARY KEY (id),
    CONSTRAINT uq_company_name UNIQUE (name),
    CONSTRAINT uq_company_code UNIQUE (code),
    CONSTRAINT ck_company_otp_threshold_not_negative CHECK (otp_threshold >= 0),
    CONSTRAINT ck_company_sla_positive CHECK (sla_hours_tier1 > 0 AND sla_hours_tier2 > 0 AND sla_hours_tier3 > 0 AND sla_hours_tier4 > 0),
    CONSTRAINT ck_company_policy_positive CHECK (otp_expiry_seconds > 0 AND otp_max_attempts > 0 AND otp_resend_seconds >= 0 AND lock_after_failures > 0 AND idle_lock_minutes > 0 AND session_hours > 0)
);

CREATE TABLE installation (
    id INTEGER NOT NULL,
    kind VARCHAR(20) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY (id),
    CONSTRAINT ck_installation_only_one CHECK (id = 1),
    CONSTRAINT ck_installation_kind_known CHECK (kind IN ('demo', 'production'))
);

CREATE TABLE job_lease (
    name VARCHAR(60) NOT NULL,
    holder VARCHAR(120) NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_run_at TIMESTAMP WITH TIME ZONE,
    last_result VARCHAR(400) NOT NULL,
    CONSTRAINT pk_job_lease PRIMARY KEY (name)
);

CREATE TABLE stream_head (
    stream VARCHAR(60) NOT NULL,
    length BIGINT NOT NULL,
    head_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_stream_head PRIMARY KEY (stream),
    CONSTRAINT ck_stream_head_length_not_negative CHECK (length >= 0)
);

CREATE TABLE account (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    code VARCHAR(20) NOT NULL,
    name VARCHAR(120) NOT NULL,
    type VARCHAR(40) NOT NULL,
    purpose VARCHAR(40),
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_company_id_code UNIQUE (company_id, code),
    CONSTRAINT ck_account_type_known CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')),
    CONSTRAINT ck_account_purpose_known CHECK (purpose IS NULL OR purpose IN ('replenishment_source', 'opening_balances', 'cash_over_short')),
    CONSTRAINT fk_account_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE UNIQUE INDEX ux_account_purpose ON account (company_id, purpose) WHERE purpose IS NOT NULL;

CREATE TABLE approval_threshold (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    name VARCHAR(120) NOT NULL,
    tier BIGINT NOT NULL,
    origin_type VARCHAR(40) NOT NULL,
    min_amount BIGINT NOT NULL,
    roles JSON NOT NULL,
    allow_urgent_fasttrack BOOLEAN NOT NULL,
    requires_cfo BOOLEAN NOT NULL,
    priority BIGINT NOT NULL,
    CONSTRAINT pk_approval_threshold PRIMARY KEY (id),
    CONSTRAINT ck_approval_threshold_origin_type_known CHECK (origin_type IN ('BRANCH', 'HQ', 'FIELD', 'ANY')),
    CONSTRAINT ck_approval_threshold_tier_known CHECK (tier BETWEEN 1 AND 4),
    CONSTRAINT ck_approval_threshold_min_amount_not_negative CHECK (min_amount >= 0),
    CONSTRAINT uq_approval_threshold_company_id_name UNIQUE (company_id, name),
    CONSTRAINT fk_approval_threshold_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE INDEX ix_approval_threshold_choice ON approval_threshold (company_id, is_active, priority);

CREATE TABLE cost_center (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    CONSTRAINT pk_cost_center PRIMARY KEY (id),
    CONSTRAINT uq_cost_center_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_cost_center_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE TABLE department (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    CONSTRAINT pk_department PRIMARY KEY (id),
    CONSTRAINT uq_department_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_department_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE TABLE number_counter (
    company_id UUID NOT NULL,
    kind VARCHAR(10) NOT NULL,
    last_value BIGINT NOT NULL,
    CONSTRAINT pk_number_counter PRIMARY KEY (company_id, kind),
    CONSTRAINT ck_number_counter_last_value_not_negative CHECK (last_value >= 0),
    CONSTRAINT fk_number_counter_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE TABLE position (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    title VARCHAR(120) NOT NULL,
    level BIGINT NOT NULL,
    CONSTRAINT pk_position PRIMARY KEY (id),
    CONSTRAINT uq_position_company_id_title UNIQUE (company_id, title),
    CONSTRAINT ck_position_level_positive CHECK (level > 0),
    CONSTRAINT fk_position_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE TABLE region (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    CONSTRAINT pk_region PRIMARY KEY (id),
    CONSTRAINT uq_region_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_region_company_id FOREIGN KEY(company_id) REFERENCES company (id)
);

CREATE TABLE branch (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    region_id UUID,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    address VARCHAR(400) NOT NULL,
    CONSTRAINT pk_branch PRIMARY KEY (id),
    CONSTRAINT uq_branch_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_branch_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_branch_region_id FOREIGN KEY(region_id) REFERENCES region (id)
);

CREATE INDEX ix_branch_region_id ON branch (region_id);

CREATE TABLE category (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    code VARCHAR(20) NOT NULL,
    name VARCHAR(120) NOT NULL,
    account_id UUID NOT NULL,
    is_default BOOLEAN NOT NULL,
    CONSTRAINT pk_category PRIMARY KEY (id),
    CONSTRAINT uq_category_company_id_code UNIQUE (company_id, code),
    CONSTRAINT fk_category_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_category_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE UNIQUE INDEX ux_category_default ON category (company_id) WHERE is_default;

CREATE TABLE "user" (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    username VARCHAR(60) NOT NULL,
    first_name VARCHAR(80) NOT NULL,
    last_name VARCHAR(80) NOT NULL,
    email VARCHAR(254) NOT NULL,
    phone_number VARCHAR(30) NOT NULL,
    role VARCHAR(40) NOT NULL,
    company_id UUID,
    region_id UUID,
    branch_id UUID,
    department_id UUID,
    cost_center_id UUID,
    position_id UUID,
    position_title VARCHAR(120) NOT NULL,
    is_centralized_approver BOOLEAN NOT NULL,
    is_superuser BOOLEAN NOT NULL,
    password_hash VARCHAR(255),
    must_change_password BOOLEAN NOT NULL,
    failed_logins BIGINT NOT NULL,
    locked_at TIMESTAMP WITH TIME ZONE,
    otp_channel VARCHAR(40) NOT NULL,
    otp_failures BIGINT NOT NULL,
    otp_locked_at TIMESTAMP WITH TIME ZONE,
    totp_secret BYTEA,
    totp_confirmed_at TIMESTAMP WITH TIME ZONE,
    totp_last_step BIGINT NOT NULL,
    CONSTRAINT pk_user PRIMARY KEY (id),
    CONSTRAINT uq_user_username UNIQUE (username),
    CONSTRAINT uq_user_number UNIQUE (number),
    CONSTRAINT ck_user_role_known CHECK (role IN ('admin', 'staff', 'department_head', 'branch_manager', 'regional_manager', 'group_finance_manager', 'treasury', 'cfo', 'fp&a', 'ceo')),
    CONSTRAINT ck_user_otp_channel_known CHECK (otp_channel IN ('totp', 'email', 'sms')),
    CONSTRAINT fk_user_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_user_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_user_branch_id FOREIGN KEY(branch_id) REFERENCES branch (id),
    CONSTRAINT fk_user_department_id FOREIGN KEY(department_id) REFERENCES department (id),
    CONSTRAINT fk_user_cost_center_id FOREIGN KEY(cost_center_id) REFERENCES cost_center (id),
    CONSTRAINT fk_user_position_id FOREIGN KEY(position_id) REFERENCES position (id)
);

CREATE INDEX ix_user_candidates ON "user" (role, company_id, is_active);

CREATE INDEX ix_user_company_id ON "user" (company_id);

CREATE TABLE audit_event (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stream VARCHAR(60) NOT NULL,
    sequence BIGINT NOT NULL,
    company_id UUID,
    actor_id UUID,
    action VARCHAR(60) NOT NULL,
    subject_type VARCHAR(40) NOT NULL,
    subject_id UUID,
    subject VARCHAR(120) NOT NULL,
    body TEXT NOT NULL,
    previous_hash VARCHAR(64) NOT NULL,
    event_hash VARCHAR(64) NOT NULL,
    source VARCHAR(120) NOT NULL,
    CONSTRAINT pk_audit_event PRIMARY KEY (id),
    CONSTRAINT uq_audit_event_stream_sequence UNIQUE (stream, sequence),
    CONSTRAINT uq_audit_event_event_hash UNIQUE (event_hash),
    CONSTRAINT fk_audit_event_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_audit_event_actor_id FOREIGN KEY(actor_id) REFERENCES "user" (id)
);

CREATE INDEX ix_audit_event_actor ON audit_event (actor_id, created_at);

CREATE INDEX ix_audit_event_company ON audit_event (company_id, created_at, id);

CREATE INDEX ix_audit_event_subject ON audit_event (subject_id, created_at);

CREATE TABLE delegation (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    approver_id UUID NOT NULL,
    delegate_id UUID NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    reason VARCHAR(400) NOT NULL,
    CONSTRAINT pk_delegation PRIMARY KEY (id),
    CONSTRAINT ck_delegation_not_to_oneself CHECK (approver_id <> delegate_id),
    CONSTRAINT ck_delegation_days_in_order CHECK (starts_on <= ends_on),
    CONSTRAINT fk_delegation_approver_id FOREIGN KEY(approver_id) REFERENCES "user" (id),
    CONSTRAINT fk_delegation_delegate_id FOREIGN KEY(delegate_id) REFERENCES "user" (id)
);

CREATE INDEX ix_delegation_approver ON delegation (approver_id, starts_on, ends_on);

CREATE INDEX ix_delegation_delegate ON delegation (delegate_id);

CREATE TABLE form_draft (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID NOT NULL,
    form VARCHAR(60) NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT pk_form_draft PRIMARY KEY (id),
    CONSTRAINT uq_form_draft_user_id_form UNIQUE (user_id, form),
    CONSTRAINT fk_form_draft_user_id FOREIGN KEY(user_id) REFERENCES "user" (id)
);

CREATE TABLE sign_in_session (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    client VARCHAR(120) NOT NULL,
    source VARCHAR(120) NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sign_in_session PRIMARY KEY (id),
    CONSTRAINT uq_sign_in_session_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_sign_in_session_user_id FOREIGN KEY(user_id) REFERENCES "user" (id)
);

CREATE INDEX ix_sign_in_session_user ON sign_in_session (user_id, ended_at);

CREATE TABLE treasury_fund (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_active BOOLEAN NOT NULL,
    company_id UUID NOT NULL,
    region_id UUID,
    branch_id UUID,
    name VARCHAR(120) NOT NULL,
    code VARCHAR(20) NOT NULL,
    custodian_id UUID,
    currency VARCHAR(3) NOT NULL,
    current_balance BIGINT NOT NULL,
    held_amount BIGINT NOT NULL,
    reorder_level BIGINT NOT NULL,
    target_balance BIGINT NOT NULL,
    account_id UUID NOT NULL,
    last_replenished TIMESTAMP WITH TIME ZONE,
    ledger_sequence BIGINT NOT NULL,
    voucher_year BIGINT NOT NULL,
    voucher_sequence BIGINT NOT NULL,
    CONSTRAINT pk_treasury_fund PRIMARY KEY (id),
    CONSTRAINT uq_treasury_fund_company_id_code UNIQUE (company_id, code),
    CONSTRAINT ck_treasury_fund_current_balance_not_negative CHECK (current_balance >= 0),
    CONSTRAINT ck_treasury_fund_held_amount_not_negative CHECK (held_amount >= 0),
    CONSTRAINT ck_treasury_fund_available_not_negative CHECK (current_balance >= held_amount),
    CONSTRAINT ck_treasury_fund_levels_in_order CHECK (reorder_level >= 0 AND target_balance >= reorder_level),
    CONSTRAINT ck_treasury_fund_counters_not_negative CHECK (ledger_sequence >= 0 AND voucher_sequence >= 0),
    CONSTRAINT fk_treasury_fund_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_treasury_fund_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_treasury_fund_branch_id FOREIGN KEY(branch_id) REFERENCES branch (id),
    CONSTRAINT fk_treasury_fund_custodian_id FOREIGN KEY(custodian_id) REFERENCES "user" (id),
    CONSTRAINT fk_treasury_fund_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE UNIQUE INDEX ux_treasury_fund_scope ON treasury_fund (company_id, COALESCE(CAST(branch_id AS VARCHAR(36)), CAST(region_id AS VARCHAR(36)), '')) WHERE is_active;

CREATE TABLE replenishment (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    fund_id UUID NOT NULL,
    currency VARCHAR(3) NOT NULL,
    balance_snapshot BIGINT NOT NULL,
    requested_amount BIGINT NOT NULL,
    completed_amount BIGINT,
    reference VARCHAR(120),
    status VARCHAR(40) NOT NULL,
    auto_triggered BOOLEAN NOT NULL,
    reason VARCHAR(500) NOT NULL,
    requested_by_id UUID NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by_id UUID,
    approved_at TIMESTAMP WITH TIME ZONE,
    completed_by_id UUID,
    completed_at TIMESTAMP WITH TIME ZONE,
    rejected_by_id UUID,
    rejected_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_replenishment PRIMARY KEY (id),
    CONSTRAINT uq_replenishment_company_id_number UNIQUE (company_id, number),
    CONSTRAINT ck_replenishment_status_known CHECK (status IN ('pending', 'approved', 'completed', 'rejected')),
    CONSTRAINT ck_replenishment_requested_amount_positive CHECK (requested_amount > 0),
    CONSTRAINT ck_replenishment_completed_amount_positive CHECK (completed_amount IS NULL OR completed_amount > 0),
    CONSTRAINT ck_replenishment_approver_not_requester CHECK (approved_by_id IS NULL OR approved_by_id <> requested_by_id),
    CONSTRAINT ck_replenishment_completed_after_approval CHECK (status <> 'completed' OR (approved_by_id IS NOT NULL AND completed_amount IS NOT NULL AND reference IS NOT NULL)),
    CONSTRAINT uq_replenishment_company_id_reference UNIQUE (company_id, reference),
    CONSTRAINT fk_replenishment_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_replenishment_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_replenishment_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_replenishment_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_replenishment_completed_by_id FOREIGN KEY(completed_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_replenishment_rejected_by_id FOREIGN KEY(rejected_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_replenishment_fund ON replenishment (fund_id, created_at);

CREATE INDEX ix_replenishment_list ON replenishment (company_id, status, created_at, id);

CREATE UNIQUE INDEX ux_replenishment_open ON replenishment (fund_id) WHERE status IN ('pending', 'approved');

CREATE TABLE requisition (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    requested_by_id UUID NOT NULL,
    origin_type VARCHAR(40) NOT NULL,
    region_id UUID,
    branch_id UUID,
    department_id UUID,
    cost_center_id UUID,
    fund_id UUID NOT NULL,
    category_id UUID NOT NULL,
    payee VARCHAR(200) NOT NULL,
    method VARCHAR(40) NOT NULL,
    destination VARCHAR(200) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    purpose VARCHAR(2000) NOT NULL,
    is_urgent BOOLEAN NOT NULL,
    urgency_reason VARCHAR(500) NOT NULL,
    threshold_id UUID,
    tier BIGINT,
    status VARCHAR(40) NOT NULL,
    revision BIGINT NOT NULL,
    next_approver_id UUID,
    submitted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_requisition PRIMARY KEY (id),
    CONSTRAINT uq_requisition_company_id_number UNIQUE (company_id, number),
    CONSTRAINT ck_requisition_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_requisition_revision_counts CHECK (revision >= 1),
    CONSTRAINT ck_requisition_tier_known CHECK (tier IS NULL OR tier BETWEEN 1 AND 4),
    CONSTRAINT ck_requisition_origin_type_known CHECK (origin_type IN ('branch', 'hq', 'field')),
    CONSTRAINT ck_requisition_method_known CHECK (method IN ('mpesa', 'bank_transfer', 'cash')),
    CONSTRAINT ck_requisition_status_known CHECK (status IN ('draft', 'pending', 'pending_urgency_confirmation', 'pending_dept_approval', 'pending_branch_approval', 'pending_regional_review', 'pending_finance_review', 'pending_treasury_validation', 'pending_cfo_approval', 'pending_changes', 'approved', 'paid', 'reviewed', 'rejected', 'withdrawn')),
    CONSTRAINT ck_requisition_urgency_has_reason CHECK (is_urgent = false OR urgency_reason <> ''),
    CONSTRAINT ck_requisition_origin_has_place CHECK ((origin_type = 'branch' AND branch_id IS NOT NULL) OR (origin_type = 'field' AND region_id IS NOT NULL) OR (origin_type = 'hq' AND branch_id IS NULL AND region_id IS NULL)),
    CONSTRAINT fk_requisition_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_requisition_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_requisition_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_requisition_branch_id FOREIGN KEY(branch_id) REFERENCES branch (id),
    CONSTRAINT fk_requisition_department_id FOREIGN KEY(department_id) REFERENCES department (id),
    CONSTRAINT fk_requisition_cost_center_id FOREIGN KEY(cost_center_id) REFERENCES cost_center (id),
    CONSTRAINT fk_requisition_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_requisition_category_id FOREIGN KEY(category_id) REFERENCES category (id),
    CONSTRAINT fk_requisition_threshold_id FOREIGN KEY(threshold_id) REFERENCES approval_threshold (id),
    CONSTRAINT fk_requisition_next_approver_id FOREIGN KEY(next_approver_id) REFERENCES "user" (id)
);

CREATE INDEX ix_requisition_branch ON requisition (branch_id, created_at);

CREATE INDEX ix_requisition_created ON requisition (company_id, created_at, id);

CREATE INDEX ix_requisition_department ON requisition (department_id, created_at);

CREATE INDEX ix_requisition_fund ON requisition (fund_id);

CREATE INDEX ix_requisition_mine ON requisition (requested_by_id, created_at, id);

CREATE INDEX ix_requisition_next_approver ON requisition (next_approver_id, status);

CREATE INDEX ix_requisition_payee ON requisition (company_id, payee, created_at);

CREATE INDEX ix_requisition_region ON requisition (region_id, created_at);

CREATE INDEX ix_requisition_scope ON requisition (company_id, status, created_at, id);

CREATE TABLE approval_step (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    requisition_id UUID NOT NULL,
    revision BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    role VARCHAR(40) NOT NULL,
    approver_id UUID NOT NULL,
    on_behalf_of_id UUID,
    status VARCHAR(40) NOT NULL,
    auto_escalated BOOLEAN NOT NULL,
    escalation_reason VARCHAR(500) NOT NULL,
    skipped_roles JSON NOT NULL,
    became_current_at TIMESTAMP WITH TIME ZONE,
    acted_by_id UUID,
    acted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_approval_step PRIMARY KEY (id),
    CONSTRAINT uq_approval_step_requisition_id_revision_position UNIQUE (requisition_id, revision, position),
    CONSTRAINT ck_approval_step_kind_known CHECK (kind IN ('approve', 'validate', 'review')),
    CONSTRAINT ck_approval_step_role_known CHECK (role IN ('admin', 'staff', 'department_head', 'branch_manager', 'regional_manager', 'group_finance_manager', 'treasury', 'cfo', 'fp&a', 'ceo')),
    CONSTRAINT ck_approval_step_status_known CHECK (status IN ('waiting', 'current', 'done', 'skipped')),
    CONSTRAINT ck_approval_step_position_counts CHECK (position >= 1),
    CONSTRAINT ck_approval_step_done_by_somebody CHECK (status <> 'done' OR acted_by_id IS NOT NULL),
    CONSTRAINT fk_approval_step_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT fk_approval_step_approver_id FOREIGN KEY(approver_id) REFERENCES "user" (id),
    CONSTRAINT fk_approval_step_on_behalf_of_id FOREIGN KEY(on_behalf_of_id) REFERENCES "user" (id),
    CONSTRAINT fk_approval_step_acted_by_id FOREIGN KEY(acted_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_approval_step_assigned ON approval_step (approver_id, created_at);

CREATE INDEX ix_approval_step_overdue ON approval_step (status, became_current_at);

CREATE INDEX ix_approval_step_queue ON approval_step (approver_id, status, became_current_at);

CREATE UNIQUE INDEX ux_approval_step_acted_by ON approval_step (requisition_id, revision, acted_by_id) WHERE acted_by_id IS NOT NULL;

CREATE UNIQUE INDEX ux_approval_step_approver ON approval_step (requisition_id, revision, approver_id);

CREATE UNIQUE INDEX ux_approval_step_current ON approval_step (requisition_id) WHERE status = 'current';

CREATE TABLE approval_trail (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    requisition_id UUID NOT NULL,
    revision BIGINT NOT NULL,
    user_id UUID,
    role VARCHAR(40),
    action VARCHAR(40) NOT NULL,
    comment VARCHAR(2000) NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    source VARCHAR(120) NOT NULL,
    auto_escalated BOOLEAN NOT NULL,
    escalation_reason VARCHAR(500) NOT NULL,
    skipped_roles JSON NOT NULL,
    override BOOLEAN NOT NULL,
    on_behalf_of_id UUID,
    content_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_approval_trail PRIMARY KEY (id),
    CONSTRAINT ck_approval_trail_action_known CHECK (action IN ('submitted', 'approved', 'validated', 'paid', 'reviewed', 'rejected', 'urgency_confirmed', 'urgency_declined', 'changes_requested', 'withdrawn', 'reassigned', 'escalated')),
    CONSTRAINT ck_approval_trail_not_for_oneself CHECK (on_behalf_of_id IS NULL OR on_behalf_of_id <> user_id),
    CONSTRAINT ck_approval_trail_somebody_acted CHECK (user_id IS NOT NULL OR action = 'escalated'),
    CONSTRAINT fk_approval_trail_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT fk_approval_trail_user_id FOREIGN KEY(user_id) REFERENCES "user" (id),
    CONSTRAINT fk_approval_trail_on_behalf_of_id FOREIGN KEY(on_behalf_of_id) REFERENCES "user" (id)
);

CREATE INDEX ix_approval_trail_requisition ON approval_trail (requisition_id, timestamp);

CREATE INDEX ix_approval_trail_user ON approval_trail (user_id, timestamp);

CREATE UNIQUE INDEX ux_approval_trail_one_act ON approval_trail (requisition_id, revision, user_id) WHERE action IN ('approved', 'reviewed', 'urgency_confirmed', 'validated');

CREATE TABLE attachment (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    requisition_id UUID NOT NULL,
    file_name VARCHAR(200) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size BIGINT NOT NULL,
    content BYTEA NOT NULL,
    uploaded_by_id UUID NOT NULL,
    CONSTRAINT pk_attachment PRIMARY KEY (id),
    CONSTRAINT uq_attachment_requisition_id_sha256 UNIQUE (requisition_id, sha256),
    CONSTRAINT ck_attachment_size_positive CHECK (size > 0),
    CONSTRAINT fk_attachment_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT fk_attachment_uploaded_by_id FOREIGN KEY(uploaded_by_id) REFERENCES "user" (id)
);

CREATE TABLE payment (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    number VARCHAR(20) NOT NULL,
    requisition_id UUID NOT NULL,
    revision BIGINT NOT NULL,
    requested_by_id UUID NOT NULL,
    fund_id UUID NOT NULL,
    payee VARCHAR(200) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    method VARCHAR(40) NOT NULL,
    destination VARCHAR(200) NOT NULL,
    status VARCHAR(40) NOT NULL,
    is_held BOOLEAN NOT NULL,
    executor_id UUID,
    otp_required BOOLEAN NOT NULL,
    retry_count BIGINT NOT NULL,
    max_retries BIGINT NOT NULL,
    last_error VARCHAR(500) NOT NULL,
    idempotency_key VARCHAR(120),
    scheduled_for DATE,
    voucher_number VARCHAR(40),
    executed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT uq_payment_company_id_number UNIQUE (company_id, number),
    CONSTRAINT uq_payment_requisition_id UNIQUE (requisition_id),
    CONSTRAINT uq_payment_company_id_idempotency_key UNIQUE (company_id, idempotency_key),
    CONSTRAINT uq_payment_fund_id_voucher_number UNIQUE (fund_id, voucher_number),
    CONSTRAINT ck_payment_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_payment_method_known CHECK (method IN ('mpesa', 'bank_transfer', 'cash')),
    CONSTRAINT ck_payment_status_known CHECK (status IN ('pending', 'executing', 'success', 'failed', 'unknown', 'reconciled', 'cancelled')),
    CONSTRAINT ck_payment_executor_not_requester CHECK (executor_id IS NULL OR executor_id <> requested_by_id),
    CONSTRAINT ck_payment_retries_counted CHECK (retry_count >= 0 AND retry_count <= max_retries),
    CONSTRAINT ck_payment_held_open CHECK (is_held = false OR status IN ('pending', 'executing', 'failed', 'unknown')),
    CONSTRAINT fk_payment_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_requisition_id FOREIGN KEY(requisition_id) REFERENCES requisition (id),
    CONSTRAINT fk_payment_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES "user" (id),
    CONSTRAINT fk_payment_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_payment_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id)
);

CREATE INDEX ix_payment_created ON payment (company_id, created_at, id);

CREATE INDEX ix_payment_executor ON payment (executor_id, status, created_at);

CREATE INDEX ix_payment_list ON payment (company_id, status, created_at, id);

CREATE INDEX ix_payment_requisition_status ON payment (requisition_id, status);

CREATE INDEX ix_payment_status ON payment (status, created_at);

CREATE INDEX ix_payment_waiting ON payment (fund_id, status, is_held, created_at, id);

CREATE TABLE ledger_entry (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    journal VARCHAR(40) NOT NULL,
    fund_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    entry_type VARCHAR(40) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    balance_after BIGINT NOT NULL,
    account_id UUID NOT NULL,
    contra_account_id UUID NOT NULL,
    source_type VARCHAR(40) NOT NULL,
    payment_id UUID,
    replenishment_id UUID,
    description VARCHAR(400) NOT NULL,
    value_date DATE NOT NULL,
    created_by_id UUID,
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
    CONSTRAINT fk_ledger_entry_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_ledger_entry_fund_id FOREIGN KEY(fund_id) REFERENCES treasury_fund (id),
    CONSTRAINT fk_ledger_entry_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT fk_ledger_entry_contra_account_id FOREIGN KEY(contra_account_id) REFERENCES account (id),
    CONSTRAINT fk_ledger_entry_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_ledger_entry_replenishment_id FOREIGN KEY(replenishment_id) REFERENCES replenishment (id),
    CONSTRAINT fk_ledger_entry_created_by_id FOREIGN KEY(created_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_ledger_entry_date ON ledger_entry (fund_id, value_date, sequence);

CREATE INDEX ix_ledger_entry_journal ON ledger_entry (company_id, journal);

CREATE INDEX ix_ledger_entry_type ON ledger_entry (fund_id, entry_type, sequence);

CREATE UNIQUE INDEX ux_ledger_entry_payment ON ledger_entry (payment_id) WHERE payment_id IS NOT NULL;

CREATE UNIQUE INDEX ux_ledger_entry_replenishment ON ledger_entry (replenishment_id) WHERE replenishment_id IS NOT NULL;

CREATE TABLE otp_challenge (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payment_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    session_id UUID,
    payment_hash VARCHAR(64) NOT NULL,
    channel VARCHAR(40) NOT NULL,
    code_hmac VARCHAR(64),
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    voided_at TIMESTAMP WITH TIME ZONE,
    verified_at TIMESTAMP WITH TIME ZONE,
    consumed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_otp_challenge PRIMARY KEY (id),
    CONSTRAINT ck_otp_challenge_channel_known CHECK (channel IN ('totp', 'email', 'sms')),
    CONSTRAINT ck_otp_challenge_attempts_not_negative CHECK (attempts >= 0),
    CONSTRAINT ck_otp_challenge_verified_before_consumed CHECK (consumed_at IS NULL OR verified_at IS NOT NULL),
    CONSTRAINT ck_otp_challenge_void_is_not_consumed CHECK (consumed_at IS NULL OR voided_at IS NULL),
    CONSTRAINT fk_otp_challenge_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_otp_challenge_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id),
    CONSTRAINT fk_otp_challenge_session_id FOREIGN KEY(session_id) REFERENCES sign_in_session (id)
);

CREATE INDEX ix_otp_challenge_payment ON otp_challenge (payment_id, created_at);

CREATE UNIQUE INDEX ux_otp_challenge_open ON otp_challenge (payment_id) WHERE voided_at IS NULL AND consumed_at IS NULL;

CREATE TABLE payment_execution (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    company_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    executor_id UUID NOT NULL,
    method VARCHAR(40) NOT NULL,
    gateway_reference VARCHAR(120) NOT NULL,
    gateway_status VARCHAR(60) NOT NULL,
    otp_verified_at TIMESTAMP WITH TIME ZONE,
    otp_verified_by_id UUID,
    channel VARCHAR(40),
    source VARCHAR(120) NOT NULL,
    client VARCHAR(120) NOT NULL,
    executed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_payment_execution PRIMARY KEY (id),
    CONSTRAINT uq_payment_execution_payment_id UNIQUE (payment_id),
    CONSTRAINT uq_payment_execution_company_id_gateway_reference UNIQUE (company_id, gateway_reference),
    CONSTRAINT ck_payment_execution_method_known CHECK (method IN ('mpesa', 'bank_transfer', 'cash')),
    CONSTRAINT ck_payment_execution_code_of_executor CHECK (otp_verified_by_id IS NULL OR otp_verified_by_id = executor_id),
    CONSTRAINT fk_payment_execution_company_id FOREIGN KEY(company_id) REFERENCES company (id),
    CONSTRAINT fk_payment_execution_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_payment_execution_executor_id FOREIGN KEY(executor_id) REFERENCES "user" (id),
    CONSTRAINT fk_payment_execution_otp_verified_by_id FOREIGN KEY(otp_verified_by_id) REFERENCES "user" (id)
);

CREATE INDEX ix_payment_execution_list ON payment_execution (company_id, executed_at, id);
