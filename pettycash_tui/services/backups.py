"""Backups: taken while people work, checked after writing, restored only where nothing is lost unseen.

An embedded database becomes another SQLite file, a Postgres database an archive (`backup_archive`). Keys are in
neither: the server key and other secrets stay where they are (`pettycash doctor` says where), and without the server
key no code that was sent and no authenticator of a restored database can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, select, update

from pettycash_tui.database import engine as engines
from pettycash_tui.database.schema import HEAD, SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.services import backup_archive, backup_postgres, backup_sqlite, book_check
from pettycash_tui.services.audit import GROUP_STREAM
from pettycash_tui.services.backup_file import digest_of, whole_or_nothing
from pettycash_tui.services.book_check import Tell, silent
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.findings import Finding
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Clock, Reading, Work, system_clock


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken: where, how large (bytes), its SHA-256, and what is wrong in the books it holds."""

    file: Path
    size: int
    sha256: str
    revision: str
    rows: int
    findings: tuple[Finding, ...]


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

    The file is kept where the books are wrong: it is the best there is, and the findings say so. Raises Refused where
    the name is taken, the folder or disk refuses, this role may not read everything, or the file cannot be read.
    """
    desk.require_current()
    path = path.expanduser().absolute()
    with whole_or_nothing(path) as draft:
        if engines.is_embedded(desk.url):
            backup_sqlite.write(Path(str(desk.url.database)), draft, tell)
            revision, findings = backup_sqlite.examine(draft, tell, home=desk.home)
            rows = backup_sqlite.count_rows(draft)
        else:
            manifest, findings = backup_postgres.write(desk, draft, tell)
            revision, rows = manifest.revision, sum(part.rows for part in manifest.parts)
        size, digest = digest_of(draft)
    desk.run(SYSTEM, _note, "database.backed_up", path.name, {"sha256": digest, "size": size, "rows": rows})
    return Backup(path, size, digest, revision, rows, tuple(findings))


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
    revision, findings = backup_sqlite.examine(path, tell, home=home)
    backup_archive.require_whole(findings, path)
    target, aside = Path(str(url.database)), None
    if target.resolve() == path.resolve():
        raise InvalidInput.of(file="is the database itself; name a backup")
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_or_nothing(target) as draft:
            backup_sqlite.load(path, draft, tell)
    elif not _has_data(url, home):
        backup_sqlite.load(path, target, tell)
    else:
        if not replace:
            raise _there_are_data(engines.shown(url))
        aside = _aside(target, clock())
        with whole_or_nothing(aside) as draft:
            backup_sqlite.load(path, target, tell, aside=draft)
    with closing(Desk(url, home, clock=clock)) as desk:
        if revision != HEAD:
            desk.upgrade()
        return _finish(desk, path, revision, aside, tell)


def _restore_postgres(url: URL, home: Path, path: Path, replace: bool, tell: Tell, clock: Clock) -> Restored:
    if not backup_archive.is_archive(path):
        raise InvalidInput.of(file="must be an archive that `pettycash db backup` made of a Postgres database")
    tell("Reading the backup…")
    manifest = backup_archive.verify(path)
    backup_postgres.require_revision(manifest, path)
    with closing(Desk(url, home, clock=clock)) as desk:
        aside = None
        if desk.schema_status().state is SchemaState.EMPTY:
            desk.upgrade()
        desk.require_current()
        standing = desk.standing()
        if standing is not None and standing.is_bound:
            raise Refused(
                f"{standing.role} may not restore: connect as the owner of the tables, who migrates.", code="not_owner"
            )
        if desk.read(SYSTEM, _is_used):
            if not replace:
                raise _there_are_data(desk.shown_address)
            aside = _aside(path, clock())
            with whole_or_nothing(aside) as draft:
                backup_postgres.write(desk, draft, tell)
        backup_postgres.load(desk, path, tell)
        return _finish(desk, path, manifest.revision, aside, tell)


def _finish(desk: Desk, path: Path, revision: str, aside: Path | None, tell: Tell) -> Restored:
    data = {"sha256": digest_of(path)[1], "revision": revision, "aside": aside.name if aside else ""}
    desk.run(SYSTEM, _end_what_was_open, path.name, data)
    findings = book_check.check(desk, tell)
    return Restored(desk.shown_address, path, revision, aside, tuple(findings))


def _end_what_was_open(work: Work, name: str, data: dict[str, str]) -> None:
    s, o = t.sign_in_session, t.otp_challenge
    work.execute(update(s).where(s.c.ended_at.is_(None)).values(ended_at=work.now))
    is_open = (o.c.voided_at.is_(None), o.c.consumed_at.is_(None))
    work.execute(update(o).where(*is_open).values(voided_at=work.now))
    _note(work, "database.restored", name, data)


def _note(work: Work, action: str, name: str, data: Mapping[str, object]) -> None:
    work.record(action, "backup", None, name[:120], stream=GROUP_STREAM, company_id=None, data=data)


def _is_used(reading: Reading) -> bool:
    return reading.execute(select(t.company.c.id).limit(1)).first() is not None


def _has_data(url: URL, home: Path) -> bool:
    with closing(Desk(url, home)) as desk:
        state = desk.schema_status().state
        if state is SchemaState.CURRENT:
            return desk.read(SYSTEM, _is_used)
        return state is not SchemaState.EMPTY


def _there_are_data(address: str) -> Refused:
    return Refused(
        f"There are books in {address} already. Restore over them with --replace; they are put aside in a file first.",
        code="has_data",
    )


def _aside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.stem}.before-{now.strftime('%Y%m%dT%H%M%SZ')}{path.suffix}")
