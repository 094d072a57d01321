"""The rules that the database itself enforces where a CHECK cannot: triggers over stored columns.

They are written once as `Rule`s and rendered for SQLite and for Postgres; every migration ends by installing the
current set anew, because a batch operation on SQLite silently drops the triggers of its table. A refusal's message is
`rule_name: sentence`; `trouble.diagnose` reads the name. Source: the rules marked (DB) in the domain.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from pettycash_tui.models.enums import (
    DECISIONS,
    EDITABLE,
    PAYMENT_FLOW,
    REPLENISHMENT_FLOW,
    REQUISITION_FLOW,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger. `refuse_when` is an SQL condition over NEW and OLD that both databases understand."""

    name: str
    table: str
    event: str
    message: str
    refuse_when: str
    before: bool = True


def _quoted(values: object) -> str:
    return ", ".join(f"'{value}'" for value in sorted(str(v) for v in values))  # type: ignore[attr-defined]


def _flow(flow: dict, column: str = "status") -> str:  # type: ignore[type-arg]
    allowed = " OR ".join(
        f"(OLD.{column} = '{before}' AND NEW.{column} IN ({_quoted(after)}))" for before, after in flow.items() if after
    )
    return f"NEW.{column} <> OLD.{column} AND NOT ({allowed})"


def _changed(*columns: str) -> str:
    # IS DISTINCT FROM came to SQLite with 3.39; `IS NOT` there and the CASE here mean the same on both.
    return " OR ".join(
        f"(NEW.{c} <> OLD.{c} OR (NEW.{c} IS NULL AND OLD.{c} IS NOT NULL) OR (NEW.{c} IS NOT NULL AND OLD.{c} IS NULL))"
        for c in columns
    )


def _exists(table: str, *conditions: str) -> str:
    return " OR ".join(f"EXISTS (SELECT 1 FROM {table} t WHERE {condition})" for condition in conditions)


def append_only(table: str, *keys: str) -> list[Rule]:
    """No UPDATE, no DELETE, and no INSERT over an existing key (`INSERT OR REPLACE` walks past the first two)."""
    return [
        Rule(f"{table}_no_update", table, "UPDATE", f"{table} is append-only", "1 = 1"),
        Rule(f"{table}_no_delete", table, "DELETE", f"{table} is append-only", "1 = 1"),
        Rule(f"{table}_no_replace", table, "INSERT", f"{table} has this row already", _exists(table, *keys)),
    ]


def kept(table: str, *keys: str) -> list[Rule]:
    """Rows change but are never deleted, nor replaced by an INSERT."""
    rules = [Rule(f"{table}_no_delete", table, "DELETE", f"rows of {table} are kept", "1 = 1")]
    if keys:
        rules.append(
            Rule(f"{table}_no_replace", table, "INSERT", f"{table} has this row already", _exists(table, *keys))
        )
    return rules


_REQUISITION_CONTENT = (
    "company_id",
    "number",
    "origin_type",
    "region_id",
    "branch_id",
    "department_id",
    "cost_center_id",
    "fund_id",
    "category_id",
    "payee",
    "method",
    "destination",
    "amount",
    "currency",
    "purpose",
    "is_urgent",
    "urgency_reason",
)

RULES: tuple[Rule, ...] = (
    # --- requisitions -------------------------------------------------------------------------------------------
    *kept("requisition", "t.id = NEW.id", "t.company_id = NEW.company_id AND t.number = NEW.number"),
    Rule(
        "requisition_requester_fixed",
        "requisition",
        "UPDATE",
        "the requester of a requisition cannot change",
        _changed("requested_by_id", "id", "company_id", "number"),
    ),
    Rule(
        "requisition_content_frozen",
        "requisition",
        "UPDATE",
        "only a draft or a requisition sent back for changes can be edited",
        f"OLD.status NOT IN ({_quoted(EDITABLE)}) AND ({_changed(*_REQUISITION_CONTENT)})",
    ),
    Rule(
        "requisition_revision_counts",
        "requisition",
        "UPDATE",
        "a revision follows the one before it, after changes were asked for",
        "NEW.revision <> OLD.revision AND NOT (NEW.revision = OLD.revision + 1 AND OLD.status = 'pending_changes')",
    ),
    Rule(
        "requisition_flow",
        "requisition",
        "UPDATE",
        "a requisition cannot go from this status to that",
        _flow(REQUISITION_FLOW),
    ),
    Rule(
        "requisition_starts_as_draft",
        "requisition",
        "INSERT",
        "a requisition starts as a draft, revision 1",
        "NEW.status <> 'draft' OR NEW.revision <> 1",
    ),
    Rule(
        "requisition_paid_by_execution",
        "requisition",
        "UPDATE",
        "only the execution of its payment makes a requisition paid",
        "NEW.status = 'paid' AND OLD.status <> 'paid' AND NOT EXISTS (SELECT 1 FROM payment_execution e JOIN payment p"
        " ON p.id = e.payment_id WHERE p.requisition_id = NEW.id)",
    ),
    Rule(
        "requisition_approved_by_steps",
        "requisition",
        "UPDATE",
        "a requisition is approved when an approver has approved it and no step before payment is open",
        "NEW.status = 'approved' AND OLD.status <> 'approved' AND (NOT EXISTS (SELECT 1 FROM approval_step s WHERE"
        " s.requisition_id = NEW.id AND s.revision = NEW.revision AND s.kind = 'approve' AND s.status = 'done')"
        " OR EXISTS (SELECT 1 FROM approval_step s WHERE s.requisition_id = NEW.id AND s.revision = NEW.revision"
        " AND s.kind <> 'review' AND s.status IN ('waiting', 'current')))",
    ),
    Rule(
        "requisition_one_fund_one_company",
        "requisition",
        "INSERT",
        "a requisition's fund and category belong to its company, and its currency is the fund's",
        "NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE f.id = NEW.fund_id AND f.company_id = NEW.company_id"
        " AND f.currency = NEW.currency)"
        " OR NOT EXISTS (SELECT 1 FROM category c WHERE c.id = NEW.category_id AND c.company_id = NEW.company_id)",
    ),
    Rule(
        "requisition_same_fund_one_company",
        "requisition",
        "UPDATE",
        "a requisition's fund and category belong to its company, and its currency is the fund's",
        f"({_changed('fund_id', 'category_id', 'currency')}) AND (NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE"
        " f.id = NEW.fund_id AND f.company_id = NEW.company_id AND f.currency = NEW.currency)"
        " OR NOT EXISTS (SELECT 1 FROM category c WHERE c.id = NEW.category_id AND c.company_id = NEW.company_id))",
    ),
    # --- steps and trail ----------------------------------------------------------------------------------------
    *kept(
        "approval_step",
        "t.id = NEW.id",
        "t.requisition_id = NEW.requisition_id AND t.revision = NEW.revision AND (t.position = NEW.position"
        " OR t.approver_id = NEW.approver_id)",
    ),
    *[
        Rule(
            f"approval_step_not_requester_{event.lower()}",
            "approval_step",
            event,
            "nobody decides on their own requisition",
            "EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id AND r.requested_by_id IN"
            " (NEW.approver_id, NEW.acted_by_id, NEW.on_behalf_of_id))",
        )
        for event in ("INSERT", "UPDATE")
    ],
    Rule(
        "approval_step_done_is_final",
        "approval_step",
        "UPDATE",
        "a decided step cannot change",
        f"OLD.status = 'done' AND ({_changed('status', 'approver_id', 'acted_by_id', 'acted_at', 'role', 'kind')})",
    ),
    Rule(
        "approval_step_belongs",
        "approval_step",
        "UPDATE",
        "a step stays with its requisition, revision, position and kind",
        _changed("requisition_id", "revision", "position", "kind"),
    ),
    *append_only(
        "approval_trail",
        "t.id = NEW.id",
        "t.requisition_id = NEW.requisition_id AND t.revision = NEW.revision AND t.user_id = NEW.user_id"
        " AND t.action = NEW.action AND t.action IN ('approved', 'validated', 'reviewed', 'urgency_confirmed')",
    ),
    Rule(
        "approval_trail_not_requester",
        "approval_trail",
        "INSERT",
        "nobody decides on their own requisition",
        f"NEW.action IN ({_quoted(DECISIONS)}) AND EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id"
        " AND r.requested_by_id IN (NEW.user_id, NEW.on_behalf_of_id))",
    ),
    *append_only("attachment", "t.id = NEW.id", "t.requisition_id = NEW.requisition_id AND t.sha256 = NEW.sha256"),
    # --- funds --------------------------------------------------------------------------------------------------
    *kept("treasury_fund", "t.id = NEW.id", "t.company_id = NEW.company_id AND t.code = NEW.code"),
    Rule(
        "treasury_fund_starts_at_zero",
        "treasury_fund",
        "INSERT",
        "a fund starts at 0; its opening balance is entry 1",
        "NEW.current_balance <> 0 OR NEW.held_amount <> 0 OR NEW.ledger_sequence <> 0 OR NEW.voucher_sequence <> 0",
    ),
    Rule(
        "treasury_fund_fixed",
        "treasury_fund",
        "UPDATE",
        "a fund's company, currency and account cannot change",
        _changed("id", "company_id", "currency", "account_id"),
    ),
    Rule(
        "treasury_fund_moves_by_entries",
        "treasury_fund",
        "UPDATE",
        "a balance moves only together with the next ledger entry",
        "NEW.ledger_sequence NOT IN (OLD.ledger_sequence, OLD.ledger_sequence + 1)"
        " OR (NEW.ledger_sequence = OLD.ledger_sequence AND NEW.current_balance <> OLD.current_balance)"
        " OR (NEW.ledger_sequence = OLD.ledger_sequence + 1 AND NEW.current_balance = OLD.current_balance)",
    ),
    Rule(
        "treasury_fund_vouchers_count",
        "treasury_fund",
        "UPDATE",
        "voucher numbers have no gaps",
        "NOT ((NEW.voucher_year = OLD.voucher_year AND NEW.voucher_sequence IN (OLD.voucher_sequence,"
        " OLD.voucher_sequence + 1)) OR (NEW.voucher_year > OLD.voucher_year AND NEW.voucher_sequence = 1))",
    ),
    # --- payments -----------------------------------------------------------------------------------------------
    *kept(
        "payment",
        "t.id = NEW.id",
        "t.requisition_id = NEW.requisition_id",
        "t.company_id = NEW.company_id AND t.number = NEW.number",
        "t.company_id = NEW.company_id AND t.idempotency_key = NEW.idempotency_key",
        "t.fund_id = NEW.fund_id AND t.voucher_number = NEW.voucher_number",
    ),
    Rule(
        "payment_from_approved_revision",
        "payment",
        "INSERT",
        "a payment repeats the approved requisition: amount, fund, method, destination, payee and requester",
        "NOT EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id AND r.company_id = NEW.company_id"
        " AND r.requested_by_id = NEW.requested_by_id AND r.fund_id = NEW.fund_id AND r.amount = NEW.amount"
        " AND r.currency = NEW.currency AND r.method = NEW.method AND r.destination = NEW.destination"
        " AND r.payee = NEW.payee AND r.revision = NEW.revision AND r.status = 'approved')",
    ),
    Rule(
        "payment_fixed",
        "payment",
        "UPDATE",
        "what is paid, to whom, how and from where cannot be edited",
        _changed(
            "id",
            "company_id",
            "number",
            "requisition_id",
            "revision",
            "requested_by_id",
            "fund_id",
            "amount",
            "currency",
            "method",
            "destination",
            "payee",
        ),
    ),
    Rule("payment_flow", "payment", "UPDATE", "a payment cannot go from this status to that", _flow(PAYMENT_FLOW)),
    Rule(
        "payment_starts_pending",
        "payment",
        "INSERT",
        "a payment starts as pending",
        "NEW.status <> 'pending' OR NEW.retry_count <> 0 OR NEW.voucher_number IS NOT NULL",
    ),
    Rule(
        "payment_success_by_execution",
        "payment",
        "UPDATE",
        "only an execution with its ledger entry makes a payment a success",
        "NEW.status = 'success' AND OLD.status NOT IN ('success', 'reconciled') AND (NOT EXISTS (SELECT 1 FROM"
        " payment_execution e WHERE e.payment_id = NEW.id) OR NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE"
        " l.payment_id = NEW.id) OR NEW.voucher_number IS NULL)",
    ),
    Rule(
        "payment_voucher_fixed",
        "payment",
        "UPDATE",
        "a voucher number, once given, stays",
        "OLD.voucher_number IS NOT NULL AND (NEW.voucher_number IS NULL OR NEW.voucher_number <> OLD.voucher_number)",
    ),
    *[
        Rule(
            f"payment_executor_not_approver_{event.lower()}",
            "payment",
            event,
            "who approved a requisition does not pay it",
            (f"({_changed('executor_id')}) AND " if event == "UPDATE" else "")
            + "NEW.executor_id IS NOT NULL AND EXISTS (SELECT 1 FROM approval_step s WHERE"
            " s.requisition_id = NEW.requisition_id AND s.revision = NEW.revision AND s.kind = 'approve'"
            " AND s.acted_by_id = NEW.executor_id)",
        )
        for event in ("INSERT", "UPDATE")
    ],
    *append_only(
        "payment_execution",
        "t.id = NEW.id",
        "t.payment_id = NEW.payment_id",
        "t.company_id = NEW.company_id AND t.gateway_reference = NEW.gateway_reference",
    ),
    Rule(
        "payment_execution_by_executor",
        "payment_execution",
        "INSERT",
        "a payment is executed once, by its assigned executor, who is not the requester",
        "NOT EXISTS (SELECT 1 FROM payment p JOIN requisition r ON r.id = p.requisition_id WHERE p.id = NEW.payment_id"
        " AND p.executor_id = NEW.executor_id AND p.method = NEW.method AND p.company_id = NEW.company_id"
        " AND p.status IN ('pending', 'failed', 'executing', 'unknown')"
        " AND r.status = 'approved' AND r.requested_by_id <> NEW.executor_id)",
    ),
    *kept("otp_challenge", "t.id = NEW.id"),
    Rule(
        "otp_challenge_fixed",
        "otp_challenge",
        "UPDATE",
        "a code is spent once and counts up only",
        f"({_changed('payment_id', 'executor_id', 'payment_hash', 'channel', 'code_hmac', 'expires_at')})"
        " OR NEW.attempts < OLD.attempts OR (OLD.consumed_at IS NOT NULL AND (NEW.consumed_at IS NULL OR"
        " NEW.consumed_at <> OLD.consumed_at)) OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)",
    ),
    # --- ledger -------------------------------------------------------------------------------------------------
    *append_only(
        "ledger_entry",
        "t.id = NEW.id",
        "t.fund_id = NEW.fund_id AND t.sequence = NEW.sequence",
        "t.payment_id = NEW.payment_id",
        "t.replenishment_id = NEW.replenishment_id",
    ),
    Rule(
        "ledger_entry_follows",
        "ledger_entry",
        "INSERT",
        "an entry takes the fund's next sequence and its balance follows from the entry before",
        "NEW.sequence <> COALESCE((SELECT MAX(l.sequence) FROM ledger_entry l WHERE l.fund_id = NEW.fund_id), 0) + 1"
        " OR NEW.balance_after <> COALESCE((SELECT l.balance_after FROM ledger_entry l WHERE l.fund_id = NEW.fund_id"
        " AND l.sequence = NEW.sequence - 1), 0) + CASE NEW.entry_type WHEN 'debit' THEN -NEW.amount ELSE NEW.amount"
        " END",
    ),
    Rule(
        "ledger_entry_matches_fund",
        "ledger_entry",
        "INSERT",
        "an entry agrees with its fund: balance, sequence, currency, account and company",
        "NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE f.id = NEW.fund_id AND f.current_balance = NEW.balance_after"
        " AND f.ledger_sequence = NEW.sequence AND f.currency = NEW.currency AND f.account_id = NEW.account_id"
        " AND f.company_id = NEW.company_id)",
    ),
    Rule(
        "ledger_entry_of_payment",
        "ledger_entry",
        "INSERT",
        "a payment's entry repeats its amount and fund, and its execution is there",
        "NEW.payment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment p JOIN payment_execution e ON"
        " e.payment_id = p.id WHERE p.id = NEW.payment_id AND p.amount = NEW.amount AND p.fund_id = NEW.fund_id"
        " AND NEW.entry_type = 'debit')",
    ),
    # --- replenishments -----------------------------------------------------------------------------------------
    *kept(
        "replenishment",
        "t.id = NEW.id",
        "t.company_id = NEW.company_id AND (t.number = NEW.number OR t.reference = NEW.reference)",
    ),
    Rule(
        "replenishment_flow",
        "replenishment",
        "UPDATE",
        "a replenishment cannot go from this status to that",
        _flow(REPLENISHMENT_FLOW),
    ),
    Rule(
        "replenishment_fixed",
        "replenishment",
        "UPDATE",
        "what was requested, and by whom, cannot be edited",
        _changed("id", "company_id", "number", "fund_id", "currency", "requested_amount", "requested_by_id"),
    ),
    Rule(
        "replenishment_starts_pending",
        "replenishment",
        "INSERT",
        "a replenishment starts as pending",
        "NEW.status <> 'pending' OR NEW.approved_by_id IS NOT NULL OR NEW.completed_amount IS NOT NULL",
    ),
    # --- audit --------------------------------------------------------------------------------------------------
    *append_only(
        "audit_event",
        "t.id = NEW.id",
        "t.stream = NEW.stream AND t.sequence = NEW.sequence",
        "t.event_hash = NEW.event_hash",
    ),
    Rule(
        "audit_event_follows",
        "audit_event",
        "INSERT",
        "an event continues its stream: no gap, no fork",
        "NOT EXISTS (SELECT 1 FROM stream_head h WHERE h.stream = NEW.stream AND h.length = NEW.sequence - 1"
        " AND h.head_hash = NEW.previous_hash)",
    ),
    *kept("stream_head", "t.stream = NEW.stream"),
    Rule(
        "stream_head_starts_empty",
        "stream_head",
        "INSERT",
        "a stream starts empty",
        f"NEW.length <> 0 OR NEW.head_hash <> '{'0' * 64}'",
    ),
    Rule(
        "stream_head_follows_events",
        "stream_head",
        "UPDATE",
        "the head of a stream moves only with its events",
        "NEW.stream <> OLD.stream OR NOT EXISTS (SELECT 1 FROM audit_event a WHERE a.stream = NEW.stream"
        " AND a.sequence = NEW.length AND a.event_hash = NEW.head_hash) OR NEW.length <> OLD.length + 1",
    ),
    *kept("user", "t.id = NEW.id", "t.username = NEW.username", "t.number = NEW.number"),
    *kept("company"),
    *kept("account"),
    *kept("number_counter"),
    Rule(
        "number_counter_counts",
        "number_counter",
        "UPDATE",
        "human numbers count up",
        "NEW.last_value < OLD.last_value",
    ),
)

APPEND_ONLY = ("approval_trail", "attachment", "payment_execution", "ledger_entry", "audit_event")
"""Tables that also refuse TRUNCATE (Postgres; SQLite has none)."""

# Writing an event moves the head of its stream in the same statement: a round trip less while the head is locked,
# and no program can write the one without the other.
_ADVANCE = "UPDATE stream_head SET length = NEW.sequence, head_hash = NEW.event_hash WHERE stream = NEW.stream"


def _table(name: str) -> str:
    return f'"{name}"' if name == "user" else name


def sqlite_statements() -> list[str]:
    """CREATE TRIGGER statements for SQLite."""
    made = [
        f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {_table(rule.table)} BEGIN"
        f" SELECT RAISE(ABORT, '{rule.name}: {rule.message.replace(chr(39), chr(39) * 2)}')"
        f" WHERE {_for_table(rule)}; END"
        for rule in RULES
    ]
    made.append(f"CREATE TRIGGER audit_event_advances AFTER INSERT ON audit_event BEGIN {_ADVANCE}; END")
    return made


def _for_table(rule: Rule) -> str:
    return rule.refuse_when.replace("FROM user t", 'FROM "user" t')


def postgres_statements() -> list[str]:
    """Function and trigger statements for Postgres."""
    made: list[str] = []
    for rule in RULES:
        message = f"{rule.name}: {rule.message}".replace("'", "''")
        returned = "OLD" if rule.event == "DELETE" else "NEW"
        made.append(
            f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF ({_for_table(rule)}) THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation',"
            f" CONSTRAINT = '{rule.name}'; END IF; RETURN {returned}; END $$"
        )
        made.append(
            f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {_table(rule.table)}"
            f" FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
        )
    made.append(
        "CREATE OR REPLACE FUNCTION audit_event_advances() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_ADVANCE}; RETURN NULL; END $$"
    )
    made.append(
        "CREATE TRIGGER audit_event_advances AFTER INSERT ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION audit_event_advances()"
    )
    made.append(
        "CREATE OR REPLACE FUNCTION append_only_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'append_only_no_truncate: % is append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'append_only_no_truncate'; END $$"
    )
    made.extend(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION append_only_no_truncate()"
        for table in APPEND_ONLY
    )
    return made


def install(connection: Connection) -> None:
    """Install the current triggers and drop those of an earlier version."""
    if connection.dialect.name == "sqlite":
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in names:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        for statement in sqlite_statements():
            connection.exec_driver_sql(statement)
        return
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
    ).all()
    for name, table in rows:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}" ON "{table}"')
    for statement in postgres_statements():
        # The driver reads % as a placeholder.
        connection.exec_driver_sql(statement.replace("%", "%%"))
