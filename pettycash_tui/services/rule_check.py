"""Whether the database is intact as such: its file, its references, and all the rules that guard the books."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, text

from pettycash_tui.database import isolation, triggers
from pettycash_tui.models import tables as t
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.work import Reading

_MOST = 20
"""Findings of one kind: the first tell what has happened."""

MENDING = "pettycash db upgrade --rules"
ANOTHER_FILE = "pettycash db restore FILE --replace"
"""What is left to do where the database itself is damaged."""


def tables(reading: Reading) -> Iterator[Finding]:
    """Tables that are missing or have other columns than this program's schema."""
    found = {key[-1]: columns for key, columns in inspect(reading.connection).get_multi_columns().items()}
    for table in t.metadata.sorted_tables:
        columns = {column["name"] for column in found.get(table.name, ())}
        if not columns:
            yield _wrong("table", f"The table {table.name} is missing.", ANOTHER_FILE)
        elif columns != set(table.columns.keys()):
            yield _wrong("table", f"The table {table.name} has other columns than it should.", ANOTHER_FILE)


def structure(reading: Reading) -> Iterator[Finding]:
    """What is wrong with the database itself."""
    if not reading.is_postgres:
        connection = reading.connection
        for line in connection.execute(text(f"PRAGMA integrity_check({_MOST})")).scalars().all():
            if line != "ok":
                yield _wrong("file", f"The file is damaged: {line}.", ANOTHER_FILE)
        for row in connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST):
            yield _wrong("reference", f"A row of {row[0]} refers to a row of {row[2]} that is not there.")
    yield from in_force(reading)


def in_force(reading: Reading) -> Iterator[Finding]:
    """Rules that are missing, changed or switched off. Looks at no row of the books."""
    yield from (_postgres(reading) if reading.is_postgres else _sqlite(reading))


def _wrong(code: str, message: str, command: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, command)


def _sqlite(reading: Reading) -> Iterator[Finding]:
    connection = reading.connection
    wanted = {_name(statement): statement for statement in triggers.sqlite_statements()}
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    found = {str(row.name): str(row.sql) for row in rows}
    yield from _missing(wanted.keys() - found.keys())
    for name in sorted(found.keys() - wanted.keys()):
        yield _wrong("rule_foreign", f"The trigger {name} is not one of this program's.", MENDING)
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name] != found[name]:
            yield _wrong("rule_changed", f"The rule {name} was changed.", MENDING)


def _postgres(reading: Reading) -> Iterator[Finding]:
    connection = reading.connection
    wanted = {
        _name(statement) for statement in triggers.postgres_statements() if statement.startswith("CREATE TRIGGER")
    }
    rows = connection.execute(
        text(
            "SELECT t.tgname, c.relname, t.tgenabled::text, t.tgisinternal FROM pg_trigger t JOIN pg_class c"
            " ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"
        )
    ).all()
    yield from _missing(wanted - {row.tgname for row in rows})
    for table in sorted({row.relname for row in rows if row.tgenabled not in ("O", "A")}):
        yield _wrong("rule_disabled", f"The rules of the table {table} are switched off.", MENDING)
    for name in sorted({row.tgname for row in rows if not row.tgisinternal} - wanted):
        yield _wrong("rule_foreign", f"The trigger {name} is not one of this program's.", MENDING)
    secured = set(
        connection.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_policy p"
                f" ON p.polrelid = c.oid AND p.polname = '{isolation.POLICY}'"
                " WHERE n.nspname = current_schema() AND c.relrowsecurity"
            )
        ).scalars()
    )
    for table in t.metadata.sorted_tables:
        if isolation.condition(table) is not None and table.name not in secured:
            yield _wrong("isolation", f"The rows of {table.name} are not kept apart by company.", MENDING)
    unchecked = connection.execute(
        text(
            "SELECT c.conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
            " WHERE n.nspname = current_schema() AND NOT c.convalidated ORDER BY 1"
        )
    ).scalars()
    for name in unchecked.all():
        yield _wrong("reference", f"The constraint {name} was never checked against the rows there are.")


def _missing(names: set[str]) -> Iterator[Finding]:
    for name in sorted(names)[:_MOST]:
        yield _wrong("rule_missing", f"The rule {name} is not in force.", MENDING)


def _name(statement: str) -> str:
    return statement.split()[2]
