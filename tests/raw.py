"""Going around the services: a driver's own connection to a desk's database, and what the database says to it.

On SQLite it is a bare `sqlite3` connection: no foreign keys, no recursive triggers, as any other program would have it.
Statements are written with `:name`; nothing an attack does is ever committed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row, Table

from pettycash_tui.database import engine as engines
from pettycash_tui.database import triggers
from pettycash_tui.database.trouble import _sqlite_rule
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.rules import _SQLITE_UNIQUE

WENT_THROUGH = "nothing: it went through"


class Raw:
    """A connection that knows nothing of the program."""

    def __init__(self, desk: Desk) -> None:
        self.sqlite = engines.is_embedded(desk.url)
        self.connection: Any
        if self.sqlite:
            self.connection = sqlite3.connect(str(desk.url.database), isolation_level=None)
        else:
            url = desk.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self.connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Let go."""
        self.connection.close()

    def refused_by(self, *statements: str, **values: Any) -> str:
        """The rule that refuses the last of the statements; the others must go through. Undone in any case."""
        self.connection.execute("BEGIN")
        try:
            for statement in statements[:-1]:
                self.run(statement, **values)
            try:
                self.run(statements[-1], **values)
            except (sqlite3.Error, psycopg.Error) as error:
                return self._rule(error)
            return WENT_THROUGH
        finally:
            self.connection.execute("ROLLBACK")

    def run(self, statement: str, **values: Any) -> Any:
        """Run a statement in the transaction that is open, or in one of its own."""
        used = {name: self._bound(value) for name, value in values.items() if re.search(rf":{name}\b", statement)}
        if not self.sqlite:
            statement = re.sub(r"(?<!:):([a-z_]\w*)", r"%(\1)s", statement.replace("%", "%%"))
        return self.connection.execute(statement, used)

    def commit(self, statement: str, **values: Any) -> None:
        """Run a statement for good: to arrange what an attack then finds."""
        self.run(statement, **values)

    def one(self, statement: str, **values: Any) -> Any:
        """The only value of a query."""
        return self.run(statement, **values).fetchone()[0]

    def insert(self, table: Table, row: Row[Any], verb: str = "INSERT", **changes: Any) -> str:
        """The rule that refuses a copy of this row, with these changes. `rowid` is SQLite's hidden key."""
        values = {**row._mapping, **changes}
        names = ", ".join(values)
        quoted = f'"{table.name}"'
        places = ", ".join(f":{name}" for name in values)
        return self.refused_by(f"{verb} INTO {quoted} ({names}) VALUES ({places})", **values)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A transaction that is rolled back."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def tried(self, statement: str, **values: Any) -> str:
        """The rule that refuses a statement, inside an open transaction; what it did is undone."""
        self.connection.execute("SAVEPOINT trying")
        try:
            self.run(statement, **values)
        except (sqlite3.Error, psycopg.Error) as error:
            return self._rule(error)
        finally:
            self.connection.execute("ROLLBACK TO SAVEPOINT trying")
        return WENT_THROUGH

    def disarm(self, table: str) -> None:
        """Put every trigger of a table out of force, until the open transaction is rolled back."""
        if not self.sqlite:
            self.connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            return
        names = self.run("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t", t=table).fetchall()
        for (name,) in names:
            self.connection.execute(f'DROP TRIGGER "{name}"')

    def arm(self, table: str, rule: str) -> None:
        """Put one rule of a table back into force, alone."""
        if self.sqlite:
            made = [each for each in triggers.sqlite_statements() if each.startswith(f"CREATE TRIGGER {rule} ")]
        else:
            found = [each for each in triggers.RULES if each.name == rule]
            assert [each.table for each in found] == [table]
            made = triggers.rules_on_postgres("the_rule_alone", found)
        for statement in made:
            self.connection.execute(statement)

    def _bound(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, list | tuple):
            return str(list(value)).replace("'", '"')
        if not self.sqlite:
            return value
        if isinstance(value, UUID):
            return value.hex
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return value.isoformat() if isinstance(value, date) else value

    def _rule(self, error: sqlite3.Error | psycopg.Error) -> str:
        if isinstance(error, psycopg.Error):
            return error.diag.constraint_name or f"{type(error).__name__} {error.diag.column_name or ''}".strip()
        rule = _sqlite_rule(str(error))
        return _SQLITE_UNIQUE.get(rule, rule)
