"""The rules that the database itself enforces where a CHECK cannot: triggers over stored columns.

They are written once as `Rule`s and rendered for SQLite and for Postgres; every migration ends by installing the
current set anew, because a batch operation on SQLite silently drops the triggers of its table. A refusal's message is
`rule_name: sentence`; `trouble.diagnose` reads the name. Source: the rules marked (DB) in the domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, UniqueConstraint

from pettycash_tui.database.changes import CHANNEL
from pettycash_tui.models.enums import (
    DECISIONS,
    EDITABLE,
    IN_APPROVAL,
    PAYMENT_FLOW,
    REPLENISHMENT_FLOW,
    REQUISITION_FLOW,
)
from pettycash_tui.models.tables import metadata


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger. `refuse_when` is an SQL condition over NEW and OLD that both databases understand.

    `keys` are conditions besides it, each refused under the name of the unique constraint that it stands for.
    """

    name: str
    table: str
    event: str
    message: str
    refuse_when: str
    sqlite_only: bool = False
    keys: tuple[tuple[str, str], ...] = ()


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
        f"(NEW.{c} <> OLD.{c} OR (NEW.{c} IS NULL AND OLD.{c} IS NOT NULL)"
        f" OR (NEW.{c} IS NOT NULL AND OLD.{c} IS NULL))"
        for c in columns
    )


def _unique_keys(table: Table) -> list[tuple[str, str]]:
    """Every unique key of the table by its name, with the SQL condition that its row `t` and NEW share it."""

    def of(expression: str, row: str) -> str:
        names = "|".join(column.name for column in table.columns)
        return re.sub(rf"\b({names})\b", rf"{row}.\1", expression)

    def shared(parts: list[str], where: str = "") -> str:
        same = [f"{of(part, 't')} = {of(part, 'NEW')}" for part in parts]
        return " AND ".join([*same, *([f"({of(where, 't')})", f"({of(where, 'NEW')})"] if where else [])])

    keys = [
        (str(constraint.name), shared([column.name for column in constraint.columns]))
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    for index in table.indexes:
        if index.unique:
            parts = [part.name if isinstance(part, Column) else str(part) for part in index.expressions]
            where = index.info.get("where", {}).get("sqlite", "")
            keys.append((str(index.name), shared(parts, where)))
    return sorted(keys)


def _not_replaced(table: str) -> list[Rule]:
    """SQLite's OR REPLACE deletes the row in the way, past the delete triggers of a connection without
    recursive_triggers: refuse whatever meets an existing key, the primary key and the hidden rowid among them.

    Postgres has no such statement, and its own unique indexes name the rule that was broken.
    """
    found = metadata.tables[table]
    quoted, message = _table(table), f"{table} has this row already"
    primary = " AND ".join(f"t.{column.name} = NEW.{column.name}" for column in found.primary_key)

    def met(condition: str, more: str) -> str:
        return f"EXISTS (SELECT 1 FROM {quoted} t WHERE {condition}{more})"

    def rule(name: str, event: str, first: str, more: str) -> Rule:
        keys = tuple((key, met(condition, more)) for key, condition in _unique_keys(found))
        return Rule(name, table, event, message, f"{first} OR {met(primary, more)}", sqlite_only=True, keys=keys)

    # A row that is updated meets itself: only another one with the same key is in the way.
    return [
        rule(f"{table}_no_replace", "INSERT", met("t.rowid = NEW.rowid", ""), ""),
        rule(f"{table}_no_swap", "UPDATE", "NEW.rowid <> OLD.rowid", " AND t.rowid <> OLD.rowid"),
    ]


APPEND_ONLY = ("approval_trail", "attachment", "payment_execution", "ledger_entry", "audit_event")


def append_only(table: str) -> list[Rule]:
    """No UPDATE, no DELETE, and no INSERT over an existing key."""
    return [
        Rule(f"{table}_no_update", table, "UPDATE", f"{table} is append-only", "1 = 1"),
        Rule(f"{table}_no_delete", table, "DELETE", f"{table} is append-only", "1 = 1"),
        *_not_replaced(table)[:1],
    ]


def kept(table: str) -> list[Rule]:
    """Rows change but are never deleted, nor replaced by another row."""
    return [Rule(f"{table}_no_delete", table, "DELETE", f"rows of {table} are kept", "1 = 1"), *_not_replaced(table)]


def known_people(table: str, *columns: str) -> list[Rule]:
    """The people of a row exist, spelt as their own row spells them.

    Without foreign keys (a raw SQLite connection) the same id in capitals or as bytes would be somebody else to every
    comparison here, and the same person to the program.
    """
    unknown = " OR ".join(
        f'(NEW.{c} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "user" u WHERE u.id = NEW.{c}))' for c in columns
    )
    return [
        Rule(
            f"{table}_known_people_{event.lower()}", table, event, "there is no such person", unknown, sqlite_only=True
        )
        for event in (("INSERT",) if table in APPEND_ONLY else ("INSERT", "UPDATE"))
    ]


def _table(name: str) -> str:
    return f'"{name}"' if name == "user" else name


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
    *kept("requisition"),
    *known_people("requisition", "requested_by_id"),
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
        "(NEW.revision <> OLD.revision AND NOT (NEW.revision = OLD.revision + 1 AND OLD.status = 'pending_changes'))"
        # The approvals of the revision that was sent back are void, so it never goes on itself.
        f" OR (OLD.status = 'pending_changes' AND NEW.status IN ({_quoted(IN_APPROVAL)})"
        " AND NEW.revision = OLD.revision)",
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
    *kept("approval_step"),
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
    *known_people("approval_step", "approver_id", "acted_by_id", "on_behalf_of_id"),
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
    *append_only("approval_trail"),
    *known_people("approval_trail", "user_id", "on_behalf_of_id"),
    Rule(
        "approval_trail_not_requester",
        "approval_trail",
        "INSERT",
        "nobody decides on their own requisition",
        f"NEW.action IN ({_quoted(DECISIONS)}) AND EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id"
        " AND r.requested_by_id IN (NEW.user_id, NEW.on_behalf_of_id))",
    ),
    *append_only("attachment"),
    # --- funds --------------------------------------------------------------------------------------------------
    *kept("treasury_fund"),
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
        "a balance moves only by writing the next ledger entry",
        f"({_changed('current_balance', 'ledger_sequence')}) AND (NEW.ledger_sequence <> OLD.ledger_sequence + 1"
        " OR NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE l.fund_id = NEW.id AND l.sequence = NEW.ledger_sequence"
        " AND l.balance_after = NEW.current_balance))",
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
    *kept("payment"),
    *known_people("payment", "executor_id"),
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
            "otp_required",
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
    *append_only("payment_execution"),
    *known_people("payment_execution", "executor_id"),
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
    *kept("otp_challenge"),
    Rule(
        "otp_challenge_fixed",
        "otp_challenge",
        "UPDATE",
        "a code is spent once and counts up only",
        f"({_changed('id', 'payment_id', 'executor_id', 'payment_hash', 'channel', 'code_hmac', 'expires_at')})"
        f" OR ({_changed('max_attempts', 'created_at')})"
        " OR NEW.attempts < OLD.attempts OR (OLD.consumed_at IS NOT NULL AND (NEW.consumed_at IS NULL OR"
        " NEW.consumed_at <> OLD.consumed_at)) OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)",
    ),
    # --- ledger -------------------------------------------------------------------------------------------------
    *append_only("ledger_entry"),
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
        " - CASE NEW.entry_type WHEN 'debit' THEN -NEW.amount ELSE NEW.amount END"
        " AND f.ledger_sequence = NEW.sequence - 1 AND f.currency = NEW.currency AND f.account_id = NEW.account_id"
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
    Rule(
        "ledger_entry_of_replenishment",
        "ledger_entry",
        "INSERT",
        "a replenishment's entry repeats its completed amount and fund",
        "NEW.replenishment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM replenishment r WHERE"
        " r.id = NEW.replenishment_id AND r.status = 'completed' AND r.completed_amount = NEW.amount"
        " AND r.fund_id = NEW.fund_id AND NEW.entry_type = 'credit')",
    ),
    Rule(
        "ledger_entry_opens_book",
        "ledger_entry",
        "INSERT",
        "an opening balance is entry 1, a credit",
        "NEW.source_type = 'opening' AND NOT (NEW.sequence = 1 AND NEW.entry_type = 'credit')",
    ),
    # --- replenishments -----------------------------------------------------------------------------------------
    *kept("replenishment"),
    *known_people("replenishment", "requested_by_id", "approved_by_id", "completed_by_id"),
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
    *append_only("audit_event"),
    Rule(
        "audit_event_follows",
        "audit_event",
        "INSERT",
        "an event continues its stream: no gap, no fork",
        "NOT EXISTS (SELECT 1 FROM stream_head h WHERE h.stream = NEW.stream AND h.length = NEW.sequence - 1"
        " AND h.head_hash = NEW.previous_hash)",
    ),
    *kept("stream_head"),
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
    *kept("user"),
    Rule(
        "user_id_fixed",
        "user",
        "UPDATE",
        "a person's id and username cannot change: the trail knows them by it",
        _changed("id", "username"),
    ),
    Rule(
        "user_id_spelt",
        "user",
        "INSERT",
        "a person's id is 32 hexadecimal digits in lower case",
        "typeof(NEW.id) <> 'text' OR length(NEW.id) <> 32 OR NEW.id GLOB '*[^0-9a-f]*'",
        sqlite_only=True,
    ),
    *kept("company"),
    *kept("account"),
    *kept("category"),
    *kept("approval_threshold"),
    *kept("delegation"),
    *kept("installation"),
    Rule(
        "installation_kind_fixed",
        "installation",
        "UPDATE",
        "real books never become a demo, where anybody may act for anybody, nor the other way round",
        _changed("kind"),
    ),
    *kept("number_counter"),
    Rule(
        "number_counter_counts",
        "number_counter",
        "UPDATE",
        "human numbers count up",
        "NEW.last_value < OLD.last_value",
    ),
)

KEPT = tuple(sorted({rule.table for rule in RULES if rule.event == "DELETE"}))
"""Tables whose rows stay: they also refuse TRUNCATE (Postgres; SQLite has none)."""

EFFECTS: tuple[tuple[str, str, str], ...] = (
    # Writing an event moves the head of its stream in the same statement: a round trip less while the head is locked,
    # and no program can write the one without the other.
    (
        "audit_event_advances",
        "audit_event",
        "UPDATE stream_head SET length = NEW.sequence, head_hash = NEW.event_hash WHERE stream = NEW.stream",
    ),
    # So with a fund and its cash book: the balance moves by writing the entry, and in no other way.
    (
        "ledger_entry_moves_fund",
        "ledger_entry",
        "UPDATE treasury_fund SET current_balance = NEW.balance_after, ledger_sequence = NEW.sequence"
        " WHERE id = NEW.fund_id",
    ),
)
"""What an insert does besides: name of the trigger, table, statement."""

TOLD = {"audit_event_advances": f"PERFORM pg_notify('{CHANNEL}', coalesce(NEW.company_id::text, ''))"}
"""What the trigger of that name also does on Postgres: the desks that listen hear of the act when it is committed, and
only then. A commit that notifies waits for the one before it, which costs nothing that can be measured: 8 processes on
50 funds with 4 listeners executed 160 payments a second with it and 128 without (medians of 14 rounds, 63 to 189 in
either), and 138 with a notification of its own after the commit, which moreover is lost when the program dies between.
"""


def sqlite_statements() -> list[str]:
    """CREATE TRIGGER statements for SQLite."""
    made = []
    for rule in RULES:
        refusals = "".join(
            f" SELECT RAISE(ABORT, '{name}: {_escaped(rule.message)}') WHERE {condition};"
            for name, condition in ((rule.name, rule.refuse_when), *rule.keys)
        )
        made.append(f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {_table(rule.table)} BEGIN{refusals} END")
    made.extend(f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN {effect}; END" for name, table, effect in EFFECTS)
    return made


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def postgres_statements() -> list[str]:
    """Function and trigger statements for Postgres."""
    made: list[str] = []
    for rule in RULES:
        if rule.sqlite_only:
            continue
        message = _escaped(f"{rule.name}: {rule.message}")
        returned = "OLD" if rule.event == "DELETE" else "NEW"
        made.append(
            f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF ({rule.refuse_when}) THEN RAISE EXCEPTION '{message}'"
            f" USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = '{rule.name}'; END IF;"
            f" RETURN {returned}; END $$"
        )
        made.append(
            f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {_table(rule.table)}"
            f" FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
        )
    for name, table, effect in EFFECTS:
        acts = "; ".join(filter(None, (effect, TOLD.get(name))))
        made.append(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {acts}; RETURN NULL; END $$"
        )
        made.append(f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    made.append(
        "CREATE OR REPLACE FUNCTION kept_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'kept_no_truncate: rows of % are kept', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'kept_no_truncate'; END $$"
    )
    made.extend(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {_table(table)}"
        " FOR EACH STATEMENT EXECUTE FUNCTION kept_no_truncate()"
        for table in KEPT
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
