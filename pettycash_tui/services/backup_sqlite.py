"""Backing up an embedded file while it is in use, and restoring it: SQLite's own online backup, page by page.

A backup is an ordinary SQLite file. It is restored into a database that is in use in one transaction of that database,
so that a desk that is open on it goes on with the restored books instead of writing into a file that has no name.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from pettycash_tui.database import engine as engines
from pettycash_tui.database.schema import HEAD, REVISIONS
from pettycash_tui.models.tables import metadata
from pettycash_tui.services import backup_archive, book_check
from pettycash_tui.services.book_check import Tell
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, Refused
from pettycash_tui.services.findings import Finding

_PAGES = 4096
_PATIENCE_SECONDS = 30.0
"""How long a database that others hold is waited for."""

_BUSY_SECONDS = engines.BUSY_TIMEOUT_SECONDS


def write(source: Path, draft: Path, tell: Tell) -> None:
    """Copy the database into the empty file `draft`, as of one moment, while others write."""
    with _translated(source), closing(_open(source, read_only=True)) as live, closing(_open(draft)) as copy:
        # Pins the moment: what is committed meanwhile neither shows nor makes the copying begin anew.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _copy(live, copy, "Copying", tell)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def examine(path: Path, tell: Tell, *, home: Path) -> tuple[str, list[Finding]]:
    """The revision and everything wrong in a file that is a backup; of an earlier revision only the file is looked at.

    Raises Refused when it is no backup of ours.
    """
    with _translated(path), closing(_open(path, read_only=True)) as file:
        try:
            found = file.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError:
            raise backup_archive.not_a_backup(path) from None
        if found is None or found[0] not in REVISIONS:
            raise backup_archive.not_a_backup(path)
        revision = str(found[0])
        tell("Checking the file…")
        lines = [str(row[0]) for row in file.execute("PRAGMA integrity_check(20)")]
    if lines != ["ok"]:
        raise backup_archive.damaged(path, lines[0])
    if revision != HEAD:
        return revision, []
    with closing(Desk(engines.sqlite_address(path), home)) as desk:
        return revision, book_check.check(desk, tell)


def count_rows(path: Path) -> int:
    """How many rows all tables of a file have."""
    with _translated(path), closing(_open(path, read_only=True)) as file:
        return sum(
            file.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0] for table in metadata.sorted_tables
        )


def load(source: Path, target: Path, tell: Tell, *, aside: Path | None = None) -> None:
    """Put the pages of a backup in the place of the target's, in one transaction; first the target's into `aside`.

    The target's are copied again as long as somebody writes meanwhile, so that nothing is lost but what comes in
    between two statements. Raises Refused when others do not stop writing.
    """
    with _translated(target), closing(_open(source, read_only=True)) as backup, closing(_open(target)) as live:
        if aside is not None:
            for _ in range(5):
                before = live.execute("PRAGMA data_version").fetchone()
                write(target, aside, tell)
                if live.execute("PRAGMA data_version").fetchone() == before:
                    break
                aside.write_bytes(b"")
            else:
                raise Refused(f"Others are at work in {target}. Close every desk, then restore.", code="in_use")
        _copy(backup, live, "Restoring", tell, pages=-1)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, verb: str, tell: Tell, pages: int = _PAGES) -> None:
    left, since = -1, time.monotonic()

    def told(_status: int, remaining: int, total: int) -> None:
        nonlocal left, since
        if remaining != left:
            left, since = remaining, time.monotonic()
        elif time.monotonic() - since > _PATIENCE_SECONDS:
            # The library would try for ever.
            raise DatabaseUnavailable(
                "Others hold the database. Nothing was changed; close every desk and try again.", code="database_busy"
            )
        tell(f"{verb}: {total - remaining:,} of {total:,} pages…")

    source.backup(target, pages=pages, progress=told)


def _open(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            raise backup_archive.not_a_backup(path) from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise backup_archive.damaged(path, str(error)) from error
        raise DatabaseUnavailable(
            f"{path} could not be copied ({error}). Nothing was changed; try again.",
            code="disk_full" if code == sqlite3.SQLITE_FULL else "database_busy",
        ) from error
