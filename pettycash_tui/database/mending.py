"""Putting back what guards the books besides the triggers, where it is not as a fresh schema has it.

Indexes and, on Postgres, constraints are made anew from the models; what was added to let more through is taken away.
Rows that are in the way of a constraint keep it from coming back: it is left out, and the check goes on naming it.
SQLite keeps the conditions and keys of a table in its definition, which is not touched here.
"""

from __future__ import annotations

from contextlib import nullcontext

from sqlalchemy import Connection, Constraint, ForeignKeyConstraint
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex

from pettycash_tui.database import isolation
from pettycash_tui.database.grants import VERIFIER_POLICY
from pettycash_tui.database.installed import Difference, Kind, State, differences
from pettycash_tui.models.base import add_condition
from pettycash_tui.models.tables import metadata


def mend(connection: Connection) -> None:
    """Put back what can be, after the triggers, the isolation and the grants were installed."""
    for difference in sorted(differences(connection), key=_order):
        try:
            with connection.begin_nested() if connection.dialect.name == "postgresql" else nullcontext():
                for statement in _statements(connection, difference):
                    connection.exec_driver_sql(statement.replace("%", "%%"))
        except DBAPIError:
            # A row in the way, or a right that this role has not.
            continue


def _order(difference: Difference) -> tuple[int, str]:
    """A foreign key needs the key that it refers to."""
    return (2 if isinstance(_constraint(difference), ForeignKeyConstraint) else 1, difference.name)


def _statements(connection: Connection, difference: Difference) -> list[str]:
    kind, name, table, state = difference
    quote = connection.dialect.identifier_preparer.quote
    if kind is Kind.INDEX:
        for index in metadata.tables[table].indexes:
            if index.name == name:
                add_condition(index, connection.dialect.name)
                created = str(CreateIndex(index).compile(dialect=connection.dialect))
                return [f"DROP INDEX IF EXISTS {quote(name)}", created]
    if kind is Kind.CONSTRAINT:
        constraint = _constraint(difference)
        if constraint is not None:
            compiler = connection.dialect.ddl_compiler(connection.dialect, None)  # type: ignore[arg-type]
            altered = f"ALTER TABLE {quote(table)}"
            return [
                f"{altered} DROP CONSTRAINT IF EXISTS {quote(name)}",
                f"{altered} ADD {compiler.process(constraint)}",
            ]
    if kind is Kind.SWITCH:
        if state is State.OFF:
            return [f"ALTER TABLE {quote(table)} ENABLE TRIGGER ALL"]
        return [f"DROP RULE {quote(name)} ON {quote(table)}"]
    if kind is Kind.ISOLATION and state is State.FOREIGN and name not in (isolation.POLICY, VERIFIER_POLICY):
        return [f"DROP POLICY {quote(name)} ON {quote(table)}"]
    return []


def _constraint(difference: Difference) -> Constraint | None:
    if difference.kind is not Kind.CONSTRAINT:
        return None
    for constraint in metadata.tables[difference.table].constraints:
        if constraint.name == difference.name:
            return constraint
    return None
