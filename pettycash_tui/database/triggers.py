"""The rules of the database as its triggers, and what an insert does besides.

The rules are written once (`rules`) and rendered for SQLite and for Postgres; every migration ends by installing the
current set anew, because a batch operation on SQLite silently drops the triggers of its table. A refusal's message is
`rule_name: sentence`; `trouble.diagnose` reads the name.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from pettycash_tui.database.changes import CHANNEL
from pettycash_tui.database.rules import APPEND_ONLY, KEPT, RULES, Rule, quoted_name

__all__ = [
    "APPEND_ONLY",
    "EFFECTS",
    "KEPT",
    "RULES",
    "Rule",
    "install",
    "postgres_statements",
    "rules_name",
    "rules_on_postgres",
    "sqlite_statements",
    "trigger_functions",
]

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
    # And with a reconciliation and its payment.
    (
        "ledger_reconciliation_moves_payment",
        "ledger_reconciliation",
        "UPDATE payment SET status = CASE NEW.act WHEN 'reconciled' THEN 'reconciled' ELSE 'success' END,"
        " updated_at = NEW.created_at WHERE id = NEW.payment_id",
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
    """CREATE TRIGGER statements for SQLite: one for each rule."""
    made = []
    for rule in RULES:
        condition = f"({rule.only_when}) AND ({rule.refuse_when})" if rule.only_when else rule.refuse_when
        refusals = "".join(
            f" SELECT RAISE(ABORT, '{name}: {_escaped(rule.message)}') WHERE {refused};"
            for name, refused in ((rule.name, condition), *rule.keys)
        )
        made.append(f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {quoted_name(rule.table)} BEGIN{refusals} END")
    made.extend(f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN {effect}; END" for name, table, effect in EFFECTS)
    return made


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def postgres_statements() -> list[str]:
    """Function and trigger statements for Postgres: one for all rules of a table and an event.

    Calls for each of them, with queries that did not apply made ready, were a tenth of what the rows of a payment cost.
    """
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in RULES:
        if not rule.sqlite_only:
            groups.setdefault((rule.table, rule.event), []).append(rule)
    made = [
        statement
        for (table, event), rules in groups.items()
        for statement in rules_on_postgres(rules_name(table, event), rules)
    ]
    for name, table, effect in EFFECTS:
        acts = "; ".join(filter(None, (effect, TOLD.get(name))))
        made.append(_function(name, f"{acts}; RETURN NULL;"))
        made.append(f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    made.append(
        _function(
            "kept_no_truncate",
            "RAISE EXCEPTION 'kept_no_truncate: rows of % are kept', TG_TABLE_NAME"
            " USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'kept_no_truncate';",
        )
    )
    made.extend(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {quoted_name(table)}"
        " FOR EACH STATEMENT EXECUTE FUNCTION kept_no_truncate()"
        for table in KEPT
    )
    return made


def rules_name(table: str, event: str) -> str:
    """The name of the trigger that holds the rules of a table and an event on Postgres."""
    return f"{table}_{event.lower()}_rules"


def rules_on_postgres(name: str, rules: Sequence[Rule]) -> list[str]:
    """The function and the trigger that look at these rules, which are of one table and one event, by their names."""
    table, event = rules[0].table, rules[0].event
    looked = "".join(_looked_at(rule) for rule in sorted(rules, key=lambda rule: rule.name))
    return [
        _function(name, f"{looked} RETURN {'OLD' if event == 'DELETE' else 'NEW'};"),
        f"CREATE TRIGGER {name} BEFORE {event} ON {quoted_name(table)} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def _looked_at(rule: Rule) -> str:
    refused = (
        f" IF ({rule.refuse_when}) THEN RAISE EXCEPTION '{_escaped(f'{rule.name}: {rule.message}')}'"
        f" USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = '{rule.name}'; END IF;"
    )
    first = f" {rule.first_on_postgres};" if rule.first_on_postgres else ""
    return f"{first} IF ({rule.only_when}) THEN{refused} END IF;" if rule.only_when else f"{first}{refused}"


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body.strip()} END $$"


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
    for name in trigger_functions(connection):
        connection.exec_driver_sql(f'DROP FUNCTION "{name}"()')
    for statement in postgres_statements():
        # The driver reads % as a placeholder.
        connection.exec_driver_sql(statement.replace("%", "%%"))
    _look_in_own_schema(connection)


def trigger_functions(connection: Connection) -> list[str]:
    """The names of the functions behind the triggers of this schema on Postgres."""
    found = connection.exec_driver_sql(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE p.prorettype = 'trigger'::regtype AND n.nspname = current_schema()"
    )
    return list(found.scalars().all())


def _look_in_own_schema(connection: Connection) -> None:
    """Let the functions find tables where they belong, whatever the search path of who writes a row.

    Temporary tables are looked for first unless they are named last: a role that may make one would let the rules ask
    an `approval_step` of its own. Source: the manual of PostgreSQL, writing SECURITY DEFINER functions safely.
    """
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(str(connection.exec_driver_sql("SELECT current_schema()").scalar()))
    for name in trigger_functions(connection):
        connection.exec_driver_sql(f"ALTER FUNCTION {quote(name)}() SET search_path = {schema}, pg_temp")
