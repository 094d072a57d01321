"""Backing up an embedded file while it is in use, and restoring it: SQLite's own online backup, page by page.

A backup is an ordinary SQLite file, of one piece. It is restored into a database that is in use in one transaction of
that database, so that a desk that is open on it goes on with the restored books instead of writing into a file that has
no name.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema
from pettycash_tui.models.tables import metadata
from pettycash_tui.services import backup_archive, backup_file
from pettycash_tui.services.book_check import Tell
from pettycash_tui.services.errors import DatabaseUnavailable

_PAGES = 4096
_PATIENCE_SECONDS = 30.0
"""How long a database that others hold is waited for."""

_BUSY_SECONDS = engines.BUSY_TIMEOUT_SECONDS


def write(source: Path, draft: Path, tell: Tell) -> None:
    """Copy the database into the empty file `draft`, as of one moment, while others write."""
    with _translated(source), closing(_open(source, "mode=ro")) as live, closing(_open(draft)) as copy:
        # Pins the moment: what is committed meanwhile neither shows nor makes the copying begin anew.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _copy(live, copy, "Copying", tell)
    without_log(draft)


def read(path: Path, draft: Path, tell: Tell) -> str:
    """Copy a backup into the empty file `draft`, and tell its revision. Nothing is written beside the backup.

    Raises Refused when it is no backup of ours, or its file is damaged.
    """
    with _translated(path):
        with closing(_open(path, _as_it_lies(path))) as backup, closing(_open(draft)) as copy:
            try:
                found = backup.execute("SELECT version_num FROM alembic_version").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                    raise
                # It has no such table.
                raise backup_archive.not_a_backup(path) from None
            if found is None or found[0] not in schema.REVISIONS:
                raise backup_archive.not_a_backup(path)
            _copy(backup, copy, "Reading", tell)
        without_log(draft)
        tell("Checking the file…")
        with closing(_open(draft, "mode=ro")) as copy:
            lines = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(20)")]
    if lines != ["ok"]:
        raise backup_archive.damaged(path, lines[0])
    return str(found[0])


def without_log(path: Path) -> None:
    """Bring everything into the one file: a log beside it could be left behind by who copies it."""
    with _translated(path), closing(_open(path)) as file:
        file.execute("PRAGMA journal_mode = DELETE")


def count_rows(path: Path) -> int:
    """How many rows all tables of a file have."""
    with _translated(path), closing(_open(path, "mode=ro")) as file:
        return sum(
            file.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0] for table in metadata.sorted_tables
        )


def load(source: Path, target: Path, tell: Tell, *, before: Callable[[], object]) -> None:
    """Put the pages of a file in the place of the target's, in one transaction.

    `before` is called when the target is locked and nothing in it has changed: what it reads there is what is replaced,
    and nobody else writes until the end. What it raises leaves the target as it is.
    """
    with _translated(target), closing(_open(source, "mode=ro")) as prepared, closing(_open(target)) as live:
        total = prepared.execute("PRAGMA page_count").fetchone()[0]
        # The first step takes the lock, the last one commits: there have to be two.
        _copy(prepared, live, "Restoring", tell, pages=max(1, min(_PAGES, total - 1)), before=before)


def _copy(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    verb: str,
    tell: Tell,
    pages: int = _PAGES,
    before: Callable[[], object] | None = None,
) -> None:
    left, since, is_held = -1, time.monotonic(), before is None

    def told(status: int, remaining: int, total: int) -> None:
        nonlocal left, since, is_held
        if not is_held and status == sqlite3.SQLITE_OK and before is not None:
            is_held = True
            before()
        if remaining != left:
            left, since = remaining, time.monotonic()
        elif time.monotonic() - since > _PATIENCE_SECONDS:
            # The library would try for ever.
            raise DatabaseUnavailable(
                "Others hold the database. Nothing was changed; close every desk and try again.", code="database_busy"
            )
        tell(f"{verb}: {total - remaining:,} of {total:,} pages…")

    source.backup(target, pages=pages, progress=told)


def _as_it_lies(path: Path) -> str:
    # A log with something in it belongs to the file. Without one the file is all there is: read so, it needs no lock
    # and no file beside it, which a medium that cannot be written to would refuse.
    has_log = any(log.is_file() and log.stat().st_size for log in backup_file.beside(path))
    return "mode=ro" if has_log else "mode=ro&immutable=1"


def _open(path: Path, how: str = "mode=rw") -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?{how}"
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
