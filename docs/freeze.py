"""Prints the statements of a migration from the models, for one database: `python docs/freeze.py sqlite payment_order`.

A table named with `+` exists already: on SQLite it is rebuilt, and the columns after the colon are new
(`+payment:day,place=''` with the value for the rows there are, else NULL). On Postgres such a change is written by hand
with ALTER TABLE.
"""

from __future__ import annotations

import sys

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from pettycash_tui.models.base import add_condition
from pettycash_tui.models.tables import metadata

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


def statements(name: str, table: str, added: dict[str, str] | None = None) -> list[str]:
    """CREATE TABLE and CREATE INDEX; with `added` a rebuild in which those columns are new, with these values."""
    dialect, found = DIALECTS[name], metadata.tables[table]
    for index in found.indexes:
        add_condition(index, name)
    create = str(CreateTable(found).compile(dialect=dialect)).strip()
    in_order = sorted(found.indexes, key=lambda index: str(index.name))
    indexes = [str(CreateIndex(index).compile(dialect=dialect)) for index in in_order]
    if added is None:
        return [create, *indexes]
    columns = ", ".join(column.name for column in found.columns)
    values = ", ".join(added.get(column.name, column.name) for column in found.columns)
    return [
        create.replace(f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1),
        f"INSERT INTO new_{table} ({columns}) SELECT {values} FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE new_{table} RENAME TO {table}",
        *indexes,
    ]


if __name__ == "__main__":
    dialect_name, *wanted = sys.argv[1:]
    for each in wanted:
        table_name, _, columns = each.removeprefix("+").partition(":")
        new = {name: value or "NULL" for name, _, value in (part.partition("=") for part in columns.split(",") if part)}
        for statement in statements(dialect_name, table_name, new if each.startswith("+") else None):
            print("\n".join(line.rstrip().replace("\t", "    ") for line in statement.splitlines()) + ";\n")
