"""Whether the database is intact as such: its file, its references, and all the rules that guard the books."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, text

from pettycash_tui.database import installed
from pettycash_tui.database.installed import Difference, Kind, State
from pettycash_tui.models import tables as t
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.work import Reading

_MOST = 20
"""Findings of one kind: the first tell what has happened."""

MENDING = "pettycash db upgrade --rules"
RESTORING = "pettycash db restore FILE --replace"
RESTORING_ELSEWHERE = "pettycash --database URL db restore FILE"
"""Into an empty database: on Postgres a backup is rows, and the tables are those of where it is restored."""


def tables(reading: Reading) -> Iterator[Finding]:
    """Tables that are missing or have other columns than this program's schema."""
    found = {key[-1]: columns for key, columns in inspect(reading.connection).get_multi_columns().items()}
    for table in t.metadata.sorted_tables:
        columns = {column["name"] for column in found.get(table.name, ())}
        if not columns:
            yield _wrong("table", f"The table {table.name} is missing.", RESTORING)
        elif columns != set(table.columns.keys()):
            yield _wrong("table", f"The table {table.name} has other columns than it should.", RESTORING)


def structure(reading: Reading) -> Iterator[Finding]:
    """What is wrong with the database itself."""
    if not reading.is_postgres:
        connection = reading.connection
        for line in connection.execute(text(f"PRAGMA integrity_check({_MOST})")).scalars().all():
            if line != "ok":
                yield _wrong("file", f"The file is damaged: {line}.", RESTORING)
        for row in connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST):
            message = f"A row of {row[0]} refers to a row of {row[2]} that is not there."
            yield _wrong("reference", message, RESTORING)
    yield from in_force(reading)


def in_force(reading: Reading) -> Iterator[Finding]:
    """Rules that are missing, changed or switched off. Looks at no row of the books."""
    count: dict[str, int] = {}
    for difference in installed.differences(reading.connection):
        finding = _finding(difference, RESTORING_ELSEWHERE if reading.is_postgres else RESTORING)
        count[finding.code] = count.get(finding.code, 0) + 1
        if count[finding.code] <= _MOST:
            yield finding
    for code, many in count.items():
        if many > _MOST:
            yield _wrong(code, f"And {many - _MOST} more of this kind.", MENDING)
    if reading.is_postgres:
        yield from _switched_off(reading)


def _finding(difference: Difference, restoring: str) -> Finding:
    kind, name, table, state = difference
    if kind is Kind.SWITCH:
        if state is State.OFF:
            return _wrong("rule_disabled", f"The rules of the table {table} are switched off.", MENDING)
        message = f"The rule {name} of Postgres rewrites what is done to the table {table}; it is not the program's."
        return _wrong("rule_foreign", message, MENDING)
    if kind is Kind.ISOLATION:
        if state is State.FOREIGN:
            message = f"The policy {name} shows rows of {table} that the program's own would not."
            return _wrong("isolation", message, MENDING)
        return _wrong("isolation", f"The rows of {table} are not kept apart by company.", MENDING)
    if kind is Kind.TRIGGER:
        code, message = {
            State.MISSING: ("rule_missing", f"The rule {name} is not in force."),
            State.FOREIGN: ("rule_foreign", f"The trigger {name} is not one of this program's."),
        }.get(state, ("rule_changed", f"The rule {name} was changed."))
        return _wrong(code, message, MENDING)
    if kind is Kind.TABLE and state is State.FOREIGN:
        message = f"The rows of {name} are read as rows of {table}, and no rule looks at them."
        return _wrong("table_foreign", message, f'psql -c "ALTER TABLE {name} NO INHERIT {table}"')
    what = f"The table {table}" if kind is Kind.TABLE else f"The {kind.value} {name} of the table {table}"
    how = "is not there" if state is State.MISSING else "is not as this program makes it"
    # What a table is made of cannot be put right in place: SQLite keeps its conditions and keys in its definition.
    command = restoring if kind is Kind.TABLE else MENDING
    return _wrong(f"{kind.value}_{state.value}", f"{what} {how}.", command)


def _switched_off(reading: Reading) -> Iterator[Finding]:
    role = reading.connection.execute(text("SELECT current_user, current_setting('session_replication_role')")).one()
    if role[1] != "origin":
        message = f"Postgres fires no rule for {role[0]}: session_replication_role is {role[1]}."
        command = f'psql -c "ALTER ROLE {role[0]} RESET session_replication_role"'
        yield _wrong("rule_disabled", message, command)
    unchecked = reading.connection.execute(
        text(
            "SELECT c.conname, r.relname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
            " JOIN pg_class r ON r.oid = c.conrelid"
            " WHERE n.nspname = current_schema() AND NOT c.convalidated ORDER BY 1"
        )
    )
    for name, table in unchecked.all():
        message = f"The constraint {name} was never checked against the rows there are."
        yield _wrong("reference", message, f'psql -c "ALTER TABLE {table} VALIDATE CONSTRAINT {name}"')


def _wrong(code: str, message: str, command: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, command)
