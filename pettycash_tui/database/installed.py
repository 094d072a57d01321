"""What is installed in a database, object by object, and whether it is what a fresh schema has.

Triggers, their functions and the isolation of companies are compared with the program's own statements. Tables,
constraints and indexes are compared by digests of their definitions in a fresh schema, which stand in
`shapes/<database>.json` (`docs/shapes.py` writes them): on Postgres a condition can be had in the server's own words
only, so there is nothing of the program's to compare it with. Postgres's words for one condition depend on whether it
was dumped and restored in between: `_plain` makes both the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from pettycash_tui.database import isolation, triggers
from pettycash_tui.database.grants import VERIFIER_POLICY
from pettycash_tui.models.tables import metadata


class Kind(StrEnum):
    """What kind of object it is, in words."""

    TABLE = "table"
    CONSTRAINT = "constraint"
    INDEX = "index"
    TRIGGER = "trigger"
    ISOLATION = "isolation"
    SWITCH = "switch"


class State(StrEnum):
    """How an object stands to the one of a fresh schema."""

    MISSING = "missing"
    CHANGED = "changed"
    FOREIGN = "foreign"
    OFF = "off"


class Difference(NamedTuple):
    """One object that is not what it should be. `table` is what it belongs to; its own name for a table."""

    kind: Kind
    name: str
    table: str
    state: State


def differences(connection: Connection) -> Iterator[Difference]:
    """Everything that guards the books and is not as a fresh schema has it. Looks at no row of theirs."""
    if connection.dialect.name == "sqlite":
        yield from _compared(triggers_of_sqlite(connection), _wanted_on_sqlite())
    else:
        yield from _triggers_on_postgres(connection)
        yield from _isolation(connection)
    yield from _shapes(connection)


def shapes(connection: Connection) -> dict[str, dict[str, str]]:
    """The digests of every table with its constraints and indexes, as they are here: what the file holds of fresh ones.

    By table, then by `table`, `constraint NAME` and `index NAME`.
    """
    found: dict[str, dict[str, str]] = {}
    for table, name, definition in _definitions(connection):
        if table != "alembic_version":
            digest = sha256(_plain(definition).encode()).hexdigest()[:16]
            found.setdefault(table, {})[name] = digest
    return found


def shapes_file(dialect: str) -> Path:
    """Where the digests of a fresh schema stand."""
    return Path(__file__).with_name("shapes") / f"{dialect}.json"


# --- triggers and isolation ------------------------------------------------------------------------------------------

_Triggers = dict[str, tuple[str, str]]
"""By the name of each trigger, its table and its definition."""


def triggers_of_sqlite(connection: Connection) -> _Triggers:
    """The triggers of a SQLite database."""
    rows = connection.exec_driver_sql("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {name: (table, sql) for name, table, sql in rows}


@lru_cache
def _wanted_on_sqlite() -> _Triggers:
    return {_name(statement): (_table(statement), statement) for statement in triggers.sqlite_statements()}


@lru_cache
def _wanted_on_postgres() -> _Triggers:
    """Each trigger with the body of the function that it calls."""
    statements = triggers.postgres_statements()
    bodies = {
        _name(statement).removesuffix("()"): statement.split("$$")[1]
        for statement in statements
        if statement.startswith("CREATE FUNCTION")
    }
    found = {}
    for statement in statements:
        if statement.startswith("CREATE TRIGGER"):
            called = statement.rpartition(" ")[2].removesuffix("()")
            found[_name(statement)] = (_table(statement), f"{statement}\n{bodies[called]}")
    return found


def _name(statement: str) -> str:
    return statement.split()[2]


def _table(statement: str) -> str:
    return statement.partition(" ON ")[2].split()[0].strip('"')


def _compared(found: _Triggers, wanted: _Triggers) -> Iterator[Difference]:
    for name in sorted(wanted.keys() | found.keys()):
        table = (wanted.get(name) or found[name])[0]
        if name not in found:
            yield Difference(Kind.TRIGGER, name, table, State.MISSING)
        elif name not in wanted:
            yield Difference(Kind.TRIGGER, name, table, State.FOREIGN)
        elif found[name] != wanted[name]:
            yield Difference(Kind.TRIGGER, name, table, State.CHANGED)


def _triggers_on_postgres(connection: Connection) -> Iterator[Difference]:
    # The function is the one that the trigger calls, wherever it is; what it is besides its body is not ours either.
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, c.relname, t.tgenabled::text, t.tgisinternal, CASE WHEN t.tgisinternal THEN '' ELSE"
        " pg_get_triggerdef(t.oid, true) END, p.prosrc, CASE WHEN l.lanname = 'plpgsql' AND NOT p.prosecdef"
        " AND p.proconfig = ARRAY['search_path=' || quote_ident(current_schema()) || ', pg_temp'] THEN '' ELSE"
        " 'otherwise' END"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang"
        " WHERE n.nspname = current_schema()"
    ).all()
    found = {
        name: (table, f"{definition}\n{body}{otherwise}")
        for name, table, _, is_internal, definition, body, otherwise in rows
        if not is_internal
    }
    yield from _compared(found, _wanted_on_postgres())
    # Those of the foreign keys are internal.
    for table in sorted({row[1] for row in rows if row[2] not in ("O", "A")}):
        yield Difference(Kind.SWITCH, table, table, State.OFF)
    rewriting = connection.exec_driver_sql(
        "SELECT r.rulename, c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')"
    )
    for name, table in rewriting.all():
        yield Difference(Kind.SWITCH, name, table, State.FOREIGN)
    # The rows of a table that inherits are read with those of ours, and no rule or key looks at them.
    inheriting = connection.exec_driver_sql(
        "SELECT i.inhrelid::regclass::text, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        " ORDER BY 1"
    )
    for name, table in inheriting.all():
        yield Difference(Kind.TABLE, name, table, State.FOREIGN)


def _isolation(connection: Connection) -> Iterator[Difference]:
    """Whether each table shows the rows of one company, and no policy shows more; but to verifiers, who only read."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, p.polname, c.relrowsecurity, p.polcmd::text = 'r' AND NOT 0 = ANY (p.polroles)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_policy p ON p.polrelid = c.oid"
        " WHERE n.nspname = current_schema() ORDER BY 1, 2"
    ).all()
    secured = {table for table, name, is_on, _ in rows if is_on and name == isolation.POLICY}
    for table in metadata.sorted_tables:
        if isolation.condition(table) is not None and table.name not in secured:
            yield Difference(Kind.ISOLATION, table.name, table.name, State.MISSING)
    for table_name, name, _, is_for_readers in rows:
        if name != isolation.POLICY and not (name == VERIFIER_POLICY and is_for_readers):
            yield Difference(Kind.ISOLATION, name, table_name, State.FOREIGN)


# --- tables, constraints, indexes ------------------------------------------------------------------------------------

_COLUMNS = (
    "SELECT c.relname, 'table', c.relpersistence::text || string_agg(a.attname || ' ' || format_type(a.atttypid,"
    " a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL ' ELSE ' ' END || coalesce(pg_get_expr(d.adbin,"
    " d.adrelid), ''), ', ' ORDER BY a.attname)"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    " GROUP BY c.relname, c.relpersistence"
)
# From version 18 on Postgres counts NOT NULL among the constraints: it is compared with the columns.
_CONSTRAINTS = (
    "SELECT c.relname, 'constraint ' || k.conname, replace(pg_get_constraintdef(k.oid, true), ' NOT VALID', '')"
    " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND k.contype IN ('c', 'f', 'p', 'u', 'x')"
)
_INDEXES = (
    "SELECT c.relname, 'index ' || i.relname, pg_get_indexdef(x.indexrelid, 0, true)"
    " || CASE WHEN x.indisvalid THEN '' ELSE ' invalid' END"
    " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT EXISTS"
    " (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))"
)
_POLICIES = (
    "SELECT c.relname, 'isolation ' || p.polname, p.polcmd::text || p.polpermissive::text || p.polroles::text"
    " || pg_get_expr(p.polqual, p.polrelid, true) || coalesce(pg_get_expr(p.polwithcheck, p.polrelid, true), '')"
    " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE n.nspname = current_schema() AND p.polname = '{isolation.POLICY}'"
)


def _definitions(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Table, name and definition of every object."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT tbl_name, CASE type WHEN 'table' THEN 'table' ELSE type || ' ' || name END, sql FROM sqlite_master"
            " WHERE type IN ('table', 'index') AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'"
        )
        yield from ((table, name, sql) for table, name, sql in rows)
        return
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _POLICIES):
        yield from ((table, name, told) for table, name, told in connection.exec_driver_sql(query))


@lru_cache
def fresh_shapes(dialect: str) -> dict[str, dict[str, str]]:
    """What `shapes` gives of a fresh schema of this program."""
    found: dict[str, dict[str, str]] = json.loads(shapes_file(dialect).read_text(encoding="utf-8"))
    return found


def _shapes(connection: Connection) -> Iterator[Difference]:
    """Tables, constraints and indexes that are missing or changed. One more of them lets nothing wrong in."""
    here = shapes(connection)
    for table, wanted in fresh_shapes(connection.dialect.name).items():
        found = here.get(table, {})
        if "table" not in found:
            yield Difference(Kind.TABLE, table, table, State.MISSING)
            continue
        for key, digest in wanted.items():
            kind, _, name = key.partition(" ")
            if key in found and found[key] != digest:
                yield Difference(Kind(kind), name or table, table, State.CHANGED)
            elif key not in found and kind != Kind.ISOLATION:
                yield Difference(Kind(kind), name, table, State.MISSING)


_RENAMED = re.compile(r'^CREATE TABLE "(\w+)"')
_CAST = re.compile(r"::(?:text|character varying)(?:\(\d+\))?(?:\[\])?")
_BRACKETED = re.compile(r"(?<!\w)\(('(?:[^']|'')*'|\w+|ARRAY\[[^\]]*\])\)")


def _plain(sql: str) -> str:
    """A definition without what depends on its history.

    SQLite quotes the name of a table that was rebuilt and renamed. Postgres writes the casts of a text it has read from
    its own dump at another place, and brackets around what was cast.
    """
    sql = _CAST.sub("", _RENAMED.sub(r"CREATE TABLE \1", sql))
    before = ""
    while before != sql:
        before, sql = sql, _BRACKETED.sub(r"\1", sql)
    sql = sql.replace("ANY (ARRAY", "ANY ARRAY")
    return re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").strip()
