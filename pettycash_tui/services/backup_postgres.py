"""Backing up a Postgres database and restoring it: every table's rows in one snapshot, over COPY, in constant memory.

Reading needs no lock that a payment would wait for. Restoring needs the owner: it is one transaction that locks every
table, puts aside what is there, switches the rules off, loads, and switches them on again before it is checked and
committed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from pettycash_tui.database import isolation, schema
from pettycash_tui.models.tables import metadata
from pettycash_tui.services import backup_archive, book_check
from pettycash_tui.services.backup_archive import Manifest, Part, TableWriter, member
from pettycash_tui.services.book_check import Tell
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.findings import Finding
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading, Work

_TABLES = tuple(metadata.sorted_tables)


def write(desk: Desk, draft: Path, tell: Tell) -> tuple[Manifest, list[Finding]]:
    """Write the archive, and check it and the books of the same moment. Raises Refused for an archive that is wrong."""
    with desk.translated(), desk.engine.connect() as connection:
        isolation.begin(connection, None, read_only=True, snapshot=True)
        reading = Reading(connection, SYSTEM, desk.clock())
        manifest = _write_all(desk, reading, draft, tell)
        findings = list(book_check.check_rows(reading, tell))
        connection.rollback()
    tell("Reading the backup again…")
    backup_archive.verify(draft)
    return manifest, findings


def write_locked(desk: Desk, reading: Reading, draft: Path, tell: Tell) -> None:
    """Write the archive of what a transaction sees that lets nobody else change it, and read it again."""
    _write_all(desk, reading, draft, tell)
    tell("Reading again what is put aside…")
    backup_archive.verify(draft)


def _write_all(desk: Desk, reading: Reading, draft: Path, tell: Tell) -> Manifest:
    _require_all(reading.connection)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        parts = [_write_table(reading.connection, archive, table, tell) for table in _TABLES]
        manifest = Manifest(schema.HEAD, reading.now.isoformat(), desk.shown_address, tuple(parts))
        backup_archive.write_manifest(archive, manifest)
    return manifest


def _require_all(connection: Connection) -> None:
    # The verifier may not read passwords, so what it could write would be no backup.
    for table in _TABLES:
        allowed = connection.exec_driver_sql(
            "SELECT has_table_privilege(current_user, %s, 'SELECT')", (f'"{table.name}"',)
        ).scalar()
        if not allowed:
            raise Refused(
                f"This role may not read all of {table.name}, so it cannot make a backup. Connect as the owner.",
                code="not_owner",
            )


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: Any, tell: Tell) -> Part:
    columns = tuple(column.name for column in table.columns)
    with archive.open(member(table.name), "w", force_zip64=True) as file:
        writer = TableWriter(file)
        with _cursor(connection) as cursor, cursor.copy(f"COPY {_copied(table.name, columns)} TO STDOUT") as copy:
            for block in copy:
                writer.write(block)
                tell(f"Writing {table.name}: {writer.rows:,} rows…")
    return writer.part(table.name, columns)


def load(
    desk: Desk, path: Path, tell: Tell, *, before: Callable[[Reading], object], finish: Callable[[Work], object]
) -> list[Finding]:
    """Replace every row of the database by those of a verified archive, or change nothing.

    `before` is called when every table is locked and nothing in them has changed, `finish` when the archive's books are
    there and whole, in the same transaction. Raises Refused for an archive of another revision, one that lacks a table,
    or whose books are wrong; DatabaseUnavailable when others hold a table or this role is not the owner.
    """
    names = [f'"{table.name}"' for table in _TABLES]
    with zipfile.ZipFile(path) as archive:
        parts = {part.table: part for part in require_ours(backup_archive.read_manifest(archive, path), path).parts}
        with desk.translated(), desk.engine.begin() as connection:
            # Of a large table the checks at the end take longer than anybody would wait for a lock.
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            isolation.say(connection, None)
            # From the start the lock that TRUNCATE needs: who reads meanwhile could stop it at the end of long work.
            connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
            work = Work(connection, SYSTEM, desk.clock())
            before(work)
            for name in names:
                connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names)}")
            for table in _TABLES:
                _load_table(connection, archive, parts[table.name], tell)
            for name in names:
                connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER USER")
            findings = list(book_check.check_rows(work, tell))
            backup_archive.require_whole(findings, path)
            finish(work)
            work.finish(audited=True)
    return findings


def _load_table(connection: Connection, archive: zipfile.ZipFile, part: Part, tell: Tell) -> None:
    tell(f"Loading {part.table}: {part.rows:,} rows…")
    with (
        _cursor(connection) as cursor,
        cursor.copy(f"COPY {_copied(part.table, part.columns)} FROM STDIN") as copy,
    ):
        for block in backup_archive.blocks(archive, part):
            copy.write(block)


def require_ours(manifest: Manifest, path: Path) -> Manifest:
    """Raise Refused unless the archive's rows are of this program's schema, every table of it."""
    if manifest.revision != schema.HEAD:
        raise Refused(
            f"The backup {path} is of schema {manifest.revision}, and this program's is {schema.HEAD}. Restore it with"
            " the program that wrote it, then upgrade.",
            code="other_revision",
        )
    known = {table.name: frozenset(column.name for column in table.columns) for table in _TABLES}
    backup_archive.require_complete(manifest, known, path)
    return manifest


def _cursor(connection: Connection) -> Any:
    driver: Any = connection.connection.dbapi_connection
    return driver.cursor()


def _copied(table: str, columns: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{column}"' for column in columns)
    return f'"{table}" ({quoted})'
