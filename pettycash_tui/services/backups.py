"""Backups: taken while people work, checked after writing, restored only where nothing is lost unseen.

An embedded database becomes another SQLite file, a Postgres database an archive (`backup_archive`). Keys are in
neither: the server key and other secrets stay where they are (`pettycash doctor` says where), and without the server
key no code that was sent and no authenticator of a restored database can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import URL, select, update
from sqlalchemy.exc import DBAPIError

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema
from pettycash_tui.database.schema import SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.services import at_host, backup_archive, backup_postgres, backup_sqlite, book_check
from pettycash_tui.services.audit import GROUP_STREAM
from pettycash_tui.services.audit_unread import UNREADABLE
from pettycash_tui.services.backup_file import (
    digest_of,
    name_it,
    put_away,
    put_logs_away,
    scratch_beside,
    take_place,
    whole_or_nothing,
)
from pettycash_tui.services.book_check import Tell, silent
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, PettyCashError, Refused
from pettycash_tui.services.findings import Finding
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Clock, Reading, Work, system_clock


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken: where, how large (bytes), its SHA-256, and what is wrong in the books it holds.

    `recorded` is False where the books take no event any more: their chain is broken, or the database only reads.
    """

    file: Path
    size: int
    sha256: str
    revision: str
    rows: int
    findings: tuple[Finding, ...]
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that was restored: what from, where the data of before were put aside, and what is wrong in it."""

    database: str
    file: Path
    revision: str
    aside: Path | None
    findings: tuple[Finding, ...]


def backup(desk: Desk, path: Path, tell: Tell = silent) -> Backup:
    """Write a backup of a database in use to `path`, read it again, and look at the books it holds.

    The file is kept where the books are wrong: it is the best there is, and the findings say so; and where nothing can
    be put on record in them, which is told as well. Raises Refused where the name is taken, the folder or disk refuses,
    this role may not read everything, or the file cannot be read.
    """
    desk.require_current()
    path = path.expanduser().absolute()
    with whole_or_nothing(path) as draft:
        if engines.is_embedded(desk.url):
            backup_sqlite.write(Path(str(desk.url.database)), draft, tell)
            with closing(Desk(engines.sqlite_address(draft), desk.home, clock=desk.clock)) as copy:
                revision, findings = schema.HEAD, book_check.check_books(copy, tell)
            backup_sqlite.without_log(draft)
            rows = backup_sqlite.count_rows(draft)
        else:
            manifest, findings = backup_postgres.write(desk, draft, tell)
            revision, rows = manifest.revision, sum(part.rows for part in manifest.parts)
        size, digest = digest_of(draft)
    recorded = _put_on_record(desk, path, {"sha256": digest, "size": size, "rows": rows})
    return Backup(path, size, digest, revision, rows, tuple(findings), recorded)


def _put_on_record(desk: Desk, path: Path, data: Mapping[str, object]) -> bool:
    """False where that cannot be: the file is there under its name, and whoever took it is to learn which it is."""
    with suppress(PettyCashError, *UNREADABLE):
        desk.run(SYSTEM, _note, "database.backed_up", path.name, data)
        return True
    return False


def restore(
    url: URL, home: Path, path: Path, *, replace: bool, tell: Tell = silent, clock: Clock = system_clock
) -> Restored:
    """Restore a backup into the database at `url`; where there are data, only with `replace`, and they are put aside.

    Afterwards everybody has to sign in again and every open code is void: those of before would be open once more.
    Raises InvalidInput when there is no such file or it is of the other kind of database; Refused for what is no
    backup, is damaged, of another revision, or where there are data; DatabaseUnavailable.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise InvalidInput.of(file=f"must be a backup; there is no file {path}")
    if engines.is_embedded(url):
        return _restore_sqlite(url, home, path, replace, tell, clock)
    return _restore_postgres(url, home, path, replace, tell, clock)


def _restore_sqlite(url: URL, home: Path, path: Path, replace: bool, tell: Tell, clock: Clock) -> Restored:
    if backup_archive.is_archive(path):
        raise InvalidInput.of(file="is a backup of a Postgres database; name one of those with --database")
    target = Path(str(url.database))
    if target.resolve() == path.resolve():
        raise InvalidInput.of(file="is the database itself; name a backup")
    there = _look_at(url, home)
    if there in (_There.BOOKS, _There.DAMAGED) and not replace:
        raise _there_are_data(engines.shown(url), is_readable=there is _There.BOOKS)
    aside = _aside(target, clock())
    kept = aside if there in (_There.BOOKS, _There.DAMAGED) else None
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with scratch_beside(target) as draft:
        revision = backup_sqlite.read(path, draft, tell)
        findings = _made_ready(draft, home, path, revision, kept, tell, clock)
        if there is _There.NOTHING:
            if not target.exists():
                # Logs without their file would be played into the one that gets the name.
                put_logs_away(target, aside)
            name_it(draft, target)
        elif there is _There.DAMAGED:
            put_away(target, aside)
            take_place(draft, target)
        else:

            def before() -> None:
                if kept is not None:
                    with whole_or_nothing(kept) as copy:
                        backup_sqlite.write(target, copy, tell)
                elif _look_at(url, home) is _There.BOOKS:
                    raise _there_are_data(engines.shown(url))

            backup_sqlite.load(draft, target, tell, before=before)
    return Restored(engines.shown(url), path, revision, kept, tuple(findings))


def _made_ready(
    draft: Path, home: Path, path: Path, revision: str, aside: Path | None, tell: Tell, clock: Clock
) -> list[Finding]:
    """Bring a copy of a backup to where it may be worked with: this program's schema, checked, nobody signed in."""
    with closing(Desk(engines.sqlite_address(draft), home, clock=clock)) as desk:
        try:
            if revision != schema.HEAD:
                tell(f"Upgrading from {revision} to {schema.HEAD}…")
                desk.upgrade()
            # A backup cannot be mended: what is put back by a command in the books is put back here.
            desk.install_rules()
            findings = book_check.check_books(desk, tell)
        except DatabaseUnavailable as error:
            if error.code not in ("database_damaged", "schema"):
                raise
            raise backup_archive.damaged(path, "its pages cannot be read, or a table is missing") from error
        except (RuntimeError, DBAPIError) as error:
            why = str(getattr(error, "orig", error))
            raise backup_archive.damaged(path, f"it cannot be upgraded from schema {revision}: {why}") from error
        backup_archive.require_whole(findings, path)
        desk.run(SYSTEM, _end_what_was_open, path, revision, aside)
    backup_sqlite.without_log(draft)
    return findings


def _restore_postgres(url: URL, home: Path, path: Path, replace: bool, tell: Tell, clock: Clock) -> Restored:
    if not backup_archive.is_archive(path):
        raise InvalidInput.of(file="must be an archive that `pettycash db backup` made of a Postgres database")
    tell("Reading the backup…")
    manifest = backup_postgres.require_ours(backup_archive.verify(path), path)
    with closing(Desk(url, home, clock=clock)) as desk:
        if desk.schema_status().state is SchemaState.EMPTY:
            desk.upgrade()
        desk.require_current()
        standing = desk.standing()
        if standing is not None and standing.is_bound:
            raise Refused(
                f"{standing.role} may not restore: connect as the owner of the tables, who migrates.", code="not_owner"
            )
        aside: Path | None = None

        def before(reading: Reading) -> None:
            nonlocal aside
            if not _is_used(reading):
                return
            if not replace:
                raise _there_are_data(desk.shown_address)
            aside = _aside(path, clock())
            with whole_or_nothing(aside) as draft:
                backup_postgres.write_locked(desk, reading, draft, tell)

        def finish(work: Work) -> None:
            _end_what_was_open(work, path, manifest.revision, aside)

        findings = backup_postgres.load(desk, path, tell, before=before, finish=finish)
        return Restored(desk.shown_address, path, manifest.revision, aside, tuple(findings))


def _end_what_was_open(work: Work, path: Path, revision: str, aside: Path | None) -> None:
    s, o = t.sign_in_session, t.otp_challenge
    work.execute(update(s).where(s.c.ended_at.is_(None)).values(ended_at=work.now))
    is_open = (o.c.voided_at.is_(None), o.c.consumed_at.is_(None))
    work.execute(update(o).where(*is_open).values(voided_at=work.now))
    data = {"sha256": digest_of(path)[1], "revision": revision, "aside": aside.name if aside else ""}
    _note(work, "database.restored", path.name, data)


def _note(work: Work, action: str, name: str, data: Mapping[str, object]) -> None:
    by = {"at_the_host": at_host.user_here()}
    work.record(action, "backup", None, name[:120], stream=GROUP_STREAM, company_id=None, data={**data, **by})


def _is_used(reading: Reading) -> bool:
    return reading.execute(select(t.company.c.id).limit(1)).first() is not None


class _There(Enum):
    """What stands where an embedded database is restored."""

    NOTHING = auto()
    NO_BOOKS = auto()
    BOOKS = auto()
    DAMAGED = auto()


def _look_at(url: URL, home: Path) -> _There:
    if not Path(str(url.database)).exists():
        return _There.NOTHING
    try:
        with closing(Desk(url, home)) as desk:
            state = desk.schema_status().state
            has_books = state is not SchemaState.EMPTY
            if state is SchemaState.CURRENT:
                has_books = desk.read(SYSTEM, _is_used)
    except DatabaseUnavailable as error:
        if error.code == "schema":
            return _There.BOOKS
        if error.code != "database_damaged":
            raise
        return _There.DAMAGED
    return _There.BOOKS if has_books else _There.NO_BOOKS


def _there_are_data(address: str, *, is_readable: bool = True) -> Refused:
    what = f"There are books in {address} already." if is_readable else f"{address} is not a database or is damaged."
    how = "they are put aside in a file first" if is_readable else "the file is kept under another name"
    return Refused(f"{what} Restore over it with --replace; {how}.", code="has_data")


def _aside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.stem}.before-{now.strftime('%Y%m%dT%H%M%SZ')}{path.suffix}")
