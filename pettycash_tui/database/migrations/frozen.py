"""Running a migration's frozen statements, and rebuilding a table that SQLite cannot alter.

A frozen file holds the statements of one database, each ended by `;` at the end of a line. `docs/freeze.py` writes them
from the models.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection


def run(connection: Connection, revision: Path) -> None:
    """Run the statements that stand beside a revision's file for this database: `r0004_name.sqlite.sql`."""
    script = revision.with_name(f"{revision.stem}.{connection.dialect.name}.sql").read_text(encoding="utf-8")
    if connection.dialect.name == "sqlite":
        # A trigger that names a table which is being rebuilt stops the rebuilding; all are installed anew at the end.
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in names:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement.replace("%", "%%"))
