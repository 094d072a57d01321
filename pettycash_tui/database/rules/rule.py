"""What a rule of the database is, and the rules that many tables have in common: kept, append-only, people who exist.

A `Rule` is written once, as a condition over NEW and OLD that both databases understand; `triggers` renders it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint

from pettycash_tui.models.tables import metadata


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `refuse_when` is an SQL condition over NEW and OLD that both databases understand.

    `only_when` is a condition without a query of its own that must be true as well: where it is not, the rule costs
    next to nothing, while a query in the same expression is made ready before anything of it is looked at.
    `keys` are conditions besides it, each refused under the name of the unique constraint that it stands for.
    `first_on_postgres` is a statement that runs before the condition is looked at: a lock. SQLite has one writer.
    """

    name: str
    table: str
    event: str
    message: str
    refuse_when: str
    sqlite_only: bool = False
    keys: tuple[tuple[str, str], ...] = ()
    first_on_postgres: str = ""
    only_when: str = ""


def quoted(values: Iterable[str]) -> str:
    """Values as the list of an IN, always in the same order."""
    return ", ".join(f"'{value}'" for value in sorted(str(value) for value in values))


def off_course(machine: Mapping[Any, Iterable[str]], column: str = "status") -> str:
    """The condition that a status goes where its state machine does not lead."""
    ways = sorted((str(before), quoted(after)) for before, after in machine.items() if after)
    allowed = " OR ".join(f"(OLD.{column} = '{before}' AND NEW.{column} IN ({after}))" for before, after in ways)
    return f"NEW.{column} <> OLD.{column} AND NOT ({allowed})"


def changed(*columns: str) -> str:
    """The condition that one of the columns gets another value."""
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
    quoted, message = quoted_name(table), f"{table} has this row already"
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


APPEND_ONLY = (
    "approval_trail",
    "attachment",
    "imported_voucher",
    "payment_execution",
    "ledger_entry",
    "ledger_reconciliation",
    "audit_event",
    "bank_batch",
    "payment_bundle",
    "payment_bundle_line",
)


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


def quoted_name(name: str) -> str:
    """The name of a table as both databases take it."""
    return f'"{name}"' if name == "user" else name
