"""The files of backups: of one piece, with every table, on any disk; and a database that cannot be read any more."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import books
import pytest
import story
from backed_up import contents
from sqlalchemy import delete
from tampering import owner
from trading import Trading

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import backup_archive, backup_sqlite, backups, book_check
from pettycash_tui.services.backup_file import digest_of
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, Refused


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_that_the_books_cannot_record_is_kept_and_named(
    paid: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = paid.desk
    assert backups.backup(desk, tmp_path / "first").recorded
    with owner(paid, keep=True) as reading:
        reading.execute(delete(t.stream_head).where(t.stream_head.c.stream == "group"))
    kept = backups.backup(desk, tmp_path / "tampered")
    assert [finding.message for finding in kept.findings] == ["The stream group has events and no head."]
    assert not kept.recorded and digest_of(kept.file) == (kept.size, kept.sha256)

    def only_reads(*_anything: object) -> NoReturn:
        raise DatabaseUnavailable("The database only reads.", code="database_read_only")

    monkeypatch.setattr(Desk, "run", only_reads)
    kept = backups.backup(desk, tmp_path / "of one that only reads")
    assert not kept.recorded and digest_of(kept.file) == (kept.size, kept.sha256)


def test_a_backup_is_of_one_moment_whatever_is_paid_meanwhile(
    paid: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = paid.desk
    number = story.approved(desk, paid["staff"])
    # So that there is something left to copy when the payment comes.
    monkeypatch.setattr(backup_sqlite, "_copy", partial(backup_sqlite._copy, pages=8))
    begins = "Copying: 8 of" if engines.is_embedded(desk.url) else "Writing treasury_fund:"
    before, during = contents(desk), []

    def tell(text: str) -> None:
        if text.startswith(begins) and not during:
            during.append(story.pay(desk, number))

    kept = backups.backup(desk, tmp_path / "good", tell)
    assert during and kept.findings == () and contents(desk) != before
    restored = backups.restore(desk.url, desk.home, kept.file, replace=True, clock=paid.clock)
    assert restored.findings == () and contents(desk) == before
    books.check(desk)


@pytest.mark.only_on("sqlite")
def test_a_backup_is_one_file_and_is_read_from_a_folder_that_takes_none(paid: Trading, tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    medium.mkdir()
    good = backups.backup(paid.desk, medium / "good").file
    # Bytes 18 and 19 of the header say whether a log belongs to the file: 1 is none. Source: SQLite, file format, 1.3.
    assert good.read_bytes()[18:20] == b"\x01\x01"
    earlier = medium / "earlier"  # as earlier versions of the program left them
    shutil.copyfile(good, earlier)
    with closing(sqlite3.connect(earlier)) as file:
        file.execute("PRAGMA journal_mode = WAL")
    assert names(medium) == ["earlier", "good"] and earlier.read_bytes()[18:20] == b"\x02\x02"
    medium.chmod(0o500)
    before = [path.read_bytes() for path in (good, earlier)]

    def look(_text: str) -> None:
        assert names(medium) == ["earlier", "good"]

    try:
        for number, file in enumerate((good, earlier)):
            home = tmp_path / f"home{number}"
            url = engines.sqlite_address(home / "pettycash.db")
            assert backups.restore(url, home, file, replace=False, tell=look).findings == ()
            with closing(Desk(url, home)) as desk:
                assert contents(desk) == contents(paid.desk)
        look("")
    finally:
        medium.chmod(0o700)
    assert [path.read_bytes() for path in (good, earlier)] == before


def test_a_backup_into_the_home_does_not_call_itself_left_behind(paid: Trading) -> None:
    assert backups.backup(paid.desk, paid.desk.home / "books.backup").findings == ()
    assert book_check.check(paid.desk) == []


def test_a_disk_without_hard_links_takes_backups_and_restores(
    paid: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any, **_named: Any) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    desk = paid.desk
    good = backups.backup(desk, tmp_path / "good").file
    with pytest.raises(Refused, match="there already"):
        backups.backup(desk, good)
    story.request(desk, paid["staff"], "900")
    before = contents(desk)
    restored = backups.restore(desk.url, desk.home, good, replace=True, clock=paid.clock)
    assert restored.aside is not None and contents(desk) != before
    paid.clock.advance(seconds=1)
    backups.restore(desk.url, desk.home, restored.aside, replace=True, clock=paid.clock)
    assert contents(desk) == before
    assert not list(tmp_path.glob("**/.*.part"))


def rewritten(good: Path, target: Path, leave_out: Iterable[str], fewer_columns: str = "") -> Path:
    """An archive that is like another one, but for some tables, or for the last column of an empty one."""
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(target, "w") as new:
        manifest = backup_archive.read_manifest(old, good)
        parts = [part for part in manifest.parts if part.table not in leave_out]
        for part in parts:
            new.writestr(backup_archive.member(part.table), old.read(backup_archive.member(part.table)))
        parts = [
            backup_archive.Part(part.table, part.columns[:-1], part.rows, part.sha256)
            if part.table == fewer_columns
            else part
            for part in parts
        ]
        given = (manifest.revision, manifest.taken_at, manifest.database, tuple(parts))
        backup_archive.write_manifest(new, backup_archive.Manifest(*given))
    return target


@pytest.mark.only_on("postgres")
def test_an_archive_that_lacks_a_table_or_a_column_is_refused(paid: Trading, tmp_path: Path) -> None:
    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    for number, (tables, column, what) in enumerate(
        (
            ({"approval_threshold"}, "", "approval_threshold is missing"),
            ({"notice"}, "", "notice is missing"),
            ({"ssh_key"}, "", "ssh_key is missing"),
            (set(), "ssh_key", "ssh_key has other columns"),
        )
    ):
        forged = rewritten(good, tmp_path / f"forged{number}", tables, column)
        with pytest.raises(Refused, match=what) as refused:
            backups.restore(desk.url, desk.home, forged, replace=True, clock=paid.clock)
        assert refused.value.code == "backup_damaged"
    assert contents(desk) == before
    assert not list(tmp_path.glob("*before*"))


@pytest.mark.only_on("sqlite")
def test_a_file_that_lacks_a_table_or_a_column_is_refused(paid: Trading, tmp_path: Path) -> None:
    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    for name, statement in {
        "notice": "DROP TABLE notice",
        "form_draft": "ALTER TABLE form_draft DROP COLUMN body",
    }.items():
        forged = Path(shutil.copyfile(good, tmp_path / name))
        with closing(sqlite3.connect(forged, isolation_level=None)) as file:
            for trigger in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                file.execute(f'DROP TRIGGER "{trigger[0]}"')
            file.execute(statement)
        with pytest.raises(Refused, match=name) as refused:
            backups.restore(desk.url, desk.home, forged, replace=True, clock=paid.clock)
        assert refused.value.code == "backup_damaged"
    assert contents(desk) == before


def test_the_check_misses_a_table(paid: Trading) -> None:
    with paid.desk.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job_lease")
    assert {finding.code for finding in book_check.check(paid.desk)} == {"table"}


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("first", [0, 4096], ids=["header", "pages"])
def test_a_database_that_cannot_be_read_is_kept_under_another_name(paid: Trading, tmp_path: Path, first: int) -> None:
    good = backups.backup(paid.desk, tmp_path / "good").file
    home = tmp_path / "damaged"
    home.mkdir(mode=0o700)
    file, url = home / "pettycash.db", engines.sqlite_address(home / "pettycash.db")
    content = bytearray(good.read_bytes())
    content[first:] = b"\xaa" * (len(content) - first)
    file.write_bytes(content)
    log = home / "pettycash.db-wal"
    log.write_bytes(b"of before")
    with closing(Desk(url, home)) as desk:
        (finding,) = book_check.check(desk)
    assert finding.code == "file" and finding.command == "pettycash db restore FILE --replace"
    log.write_bytes(b"of before")
    with pytest.raises(Refused, match="--replace") as refused:
        backups.restore(url, home, good, replace=False, clock=paid.clock)
    assert refused.value.code == "has_data"
    log.write_bytes(b"of before")
    restored = backups.restore(url, home, good, replace=True, clock=paid.clock)
    assert restored.aside is not None and restored.aside.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o600
    with closing(Desk(url, home)) as desk:
        assert contents(desk) == contents(paid.desk) and book_check.check(desk) == []


@pytest.mark.only_on("sqlite")
def test_a_log_without_its_file_is_not_played_into_the_restored_one(paid: Trading, tmp_path: Path) -> None:
    desk, file = paid.desk, Path(str(paid.desk.url.database))
    good = backups.backup(desk, tmp_path / "good").file
    before = contents(desk)
    home = tmp_path / "other"
    home.mkdir(mode=0o700)
    story.request(desk, paid["staff"], "900")
    stray = file.with_name(file.name + "-wal")
    assert stray.stat().st_size
    shutil.copyfile(stray, home / "pettycash.db-wal")
    url = engines.sqlite_address(home / "pettycash.db")
    backups.restore(url, home, good, replace=False, clock=paid.clock)
    with closing(Desk(url, home)) as other:
        assert contents(other) == before and book_check.check(other) == []
    (kept,) = home.glob("pettycash.before-*-wal")
    assert kept.read_bytes() == stray.read_bytes()
