"""Which schema a database has, and how it gets the current one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
)
"""Every revision this program knows, oldest first. Written out so that a command need not import Alembic to check."""

HEAD = REVISIONS[-1]


class SchemaState(StrEnum):
    """How a database's schema stands to the program's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """The state, and the revision found (None on an empty or foreign database)."""

    state: SchemaState
    revision: str | None


def status(connection: Connection) -> SchemaStatus:
    """Read the schema's revision. One query on a database that is set up."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).scalar()
    else:
        found = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar()
    if found is None:
        tables = inspect(connection).get_table_names()
        return SchemaStatus(SchemaState.FOREIGN if tables else SchemaState.EMPTY, None)
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None:
        return SchemaStatus(SchemaState.EMPTY, None)
    if revision == HEAD:
        return SchemaStatus(SchemaState.CURRENT, revision)
    return SchemaStatus(SchemaState.OLDER if revision in REVISIONS else SchemaState.NEWER, revision)


def upgrade(engine: Engine) -> None:
    """Bring the schema to HEAD, in one transaction, triggers included."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with _without_foreign_keys(engine) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise RuntimeError(f"the upgrade would leave a row of {broken[0]} without its {broken[2]}")


def install_rules(engine: Engine) -> None:
    """What every migration ends with: triggers, isolation of companies and grants, as this program has them.

    Indexes, constraints and switches that are not as they should be are put right as well, as far as rows and rights
    allow; `installed.differences` tells what is left.
    """
    from pettycash_tui.database import grants, isolation, mending, triggers

    with engine.begin() as connection:
        triggers.install(connection)
        isolation.install(connection)
        grants.renew(connection)
        mending.mend(connection)


@contextmanager
def _without_foreign_keys(engine: Engine) -> Iterator[Connection]:
    """A connection on which SQLite lets a table be rebuilt that others refer to; checked before the commit.

    The switch does nothing inside a transaction. Source: SQLite, ALTER TABLE, making other kinds of changes.
    """
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        if connection.dialect.name != "sqlite":
            yield connection
            return
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            yield connection
        finally:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys = ON")
