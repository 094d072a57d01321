"""No row takes the place of another: unique keys, and SQLite's OR REPLACE, which walks past delete triggers.

On SQLite only the trigger against it is in force, on Postgres none: there the unique index itself refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from rule_attacks import RULE_OF
from sqlalchemy import Column, Table, UniqueConstraint
from world import World

from pettycash_tui.database import triggers
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.tables import metadata


@dataclass(frozen=True)
class Key:
    """A unique key: its columns, and the condition under which it holds."""

    name: str
    table: str
    columns: frozenset[str]
    where: str = ""


def _named_in(expression: str, table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if re.search(rf"\b{column.name}\b", expression))


def _keys(table: Table) -> list[Key]:
    found = [
        Key(str(c.name), table.name, frozenset(column.name for column in c.columns))
        for c in table.constraints
        if isinstance(c, UniqueConstraint)
    ]
    for index in table.indexes:
        if index.unique:
            parts = [part.name if isinstance(part, Column) else str(part) for part in index.expressions]
            where = index.info.get("where", {}).get("sqlite")
            columns = frozenset().union(*(_named_in(part, table) for part in parts))
            found.append(Key(str(index.name), table.name, columns, "" if where is None else str(where)))
    return found


KEYS = {
    key.name: key for name in triggers.KEPT for key in sorted(_keys(metadata.tables[name]), key=lambda key: key.name)
}


def _another(table: str, name: str, value: Any) -> Any:
    """A value that differs."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, date):
        return value.replace(year=value.year + 50)
    if name == "status":
        return {"payment_order": "failed", "payment_schedule": "void"}.get(table, "skipped")
    return new_id() if len(str(value)) in (32, 36) else f"{value[:-1]}~"


def _apart(row: dict[str, Any], table: Table, but: frozenset[str]) -> dict[str, Any]:
    """The row with its primary key and every unique key changed, except in these columns."""
    changed = dict(row)
    keys = [*_keys(table), Key("", table.name, frozenset(column.name for column in table.primary_key))]
    for key in keys:
        for name in (key.columns - but) or (_named_in(key.where, table) - but):
            if changed[name] == row[name]:
                changed[name] = None if name == "purpose" else _another(table.name, name, row[name])
    return changed


def _rows(world: World, table: str, where: str = "") -> list[dict[str, Any]]:
    condition = (
        where
        if world.raw.sqlite
        else where.replace("is_active = 1", "is_active")
        .replace("is_default = 1", "is_default")
        .replace("is_released = 0", "NOT is_released")
    )
    order = ", ".join(column.name for column in metadata.tables[table].primary_key)
    cursor = world.raw.run(f'SELECT * FROM "{table}" WHERE {condition or "1 = 1"} ORDER BY {order}')
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _victim(world: World, key: Key) -> dict[str, Any]:
    """A row on which the key has a hold."""
    filled = [f"{column} IS NOT NULL" for column in sorted(key.columns) if key.name != "ux_treasury_fund_scope"]
    return _rows(world, key.table, " AND ".join(filter(None, [key.where, *filled])))[0]


def _insert(world: World, table: str, row: dict[str, Any]) -> str:
    verb = "INSERT OR REPLACE" if world.raw.sqlite else "INSERT"
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    return world.raw.tried(f'{verb} INTO "{table}" ({names}) VALUES ({places})', **row)


@pytest.mark.parametrize("name", KEYS)
def test_a_row_is_not_put_in_the_place_of_another(world: World, name: str) -> None:
    key = KEYS[name]
    table = metadata.tables[key.table]
    kept = key.columns | _named_in(key.where, table)
    with world.raw.undone():
        victim = _victim(world, key)
        world.raw.disarm(key.table)
        if world.raw.sqlite:
            world.raw.arm(key.table, f"{key.table}_no_replace")
        assert _insert(world, key.table, _apart(victim, table, kept)) == name


UPDATED = [name for name, key in KEYS.items() if f"{key.table}_no_swap" in RULE_OF]


@pytest.mark.parametrize("name", UPDATED)
def test_a_row_does_not_take_the_place_of_another(world: World, name: str) -> None:
    key = KEYS[name]
    if f"{key.table}_no_update" in RULE_OF:
        return
    table = metadata.tables[key.table]
    kept = key.columns | _named_in(key.where, table)
    primary = [column.name for column in table.primary_key]
    with world.raw.undone():
        victim = _victim(world, key)
        attacker = next(row for row in _rows(world, key.table) if any(row[c] != victim[c] for c in primary))
        world.raw.disarm(key.table)
        if world.raw.sqlite:
            world.raw.arm(key.table, f"{key.table}_no_swap")
        new = _apart(attacker, table, frozenset(primary))
        new |= {column: victim[column] for column in kept}
        if key.table == "otp_challenge":
            # A code is of a payment or of a list, never of both.
            new["payment_id" if victim["payment_id"] is None else "bundle_id"] = None
        verb = "UPDATE OR REPLACE" if world.raw.sqlite else "UPDATE"
        changes = ", ".join(f"{column} = :{column}" for column in new if column not in primary)
        where = " AND ".join(f"{column} = :{column}" for column in primary)
        assert world.raw.tried(f'{verb} "{key.table}" SET {changes} WHERE {where}', **new) == name


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("table", triggers.KEPT)
def test_neither_the_primary_key_nor_the_hidden_rowid_lets_a_row_be_replaced(world: World, table: str) -> None:
    found = metadata.tables[table]
    primary = frozenset(column.name for column in found.primary_key)
    with world.raw.undone():
        rows = _rows(world, table)
        world.raw.disarm(table)
        world.raw.arm(table, f"{table}_no_replace")
        assert _insert(world, table, _apart(rows[0], found, primary)) == f"{table}_no_replace"
        if table == "installation":
            return
        hidden = world.raw.one(f'SELECT MIN(rowid) FROM "{table}"')
        for spelling in ("rowid", "oid", "_rowid_"):
            row = {spelling: hidden, **_apart(rows[0], found, frozenset())}
            assert _insert(world, table, row) == f"{table}_no_replace"
        if f"{table}_no_swap" not in RULE_OF or len(rows) < 2:
            return
        world.raw.disarm(table)
        world.raw.arm(table, f"{table}_no_swap")
        for spelling in ("rowid", "oid", "_rowid_"):
            moved = f'UPDATE OR REPLACE "{table}" SET {spelling} = :hidden WHERE rowid > :hidden'
            assert world.raw.tried(moved, hidden=hidden) == f"{table}_no_swap"
        if "id" in found.columns:
            taken = f'UPDATE OR REPLACE "{table}" SET id = :id WHERE id <> :id'
            assert world.raw.tried(taken, id=rows[0]["id"]) == f"{table}_no_swap"


@pytest.mark.only_on("sqlite")
def test_a_raw_connection_is_as_careless_as_the_tests_say(world: World) -> None:
    assert world.raw.one("PRAGMA foreign_keys") == 0
    assert world.raw.one("PRAGMA recursive_triggers") == 0


def test_every_unique_key_of_what_is_kept_is_attacked() -> None:
    assert {key.table for key in KEYS.values()} <= set(triggers.KEPT)
    money = {"requisition", "payment", "payment_execution", "ledger_entry", "replenishment", "treasury_fund"}
    money |= {"ledger_reconciliation", "variance", "fund_transfer"}
    assert money <= {key.table for key in KEYS.values()}
