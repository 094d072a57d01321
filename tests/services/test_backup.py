"""Backup, restore and check, on both databases: what was written is what comes back, and nothing is lost unseen."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import books
import pytest
import story
from backed_up import contents
from sqlalchemy import URL, select, text
from trading import Trading

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import backup_file, backups, book_check, requisitions
from pettycash_tui.services.at_host import user_here
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading


@pytest.fixture
def elsewhere(paid: Trading, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[URL]:
    """An address of the same kind where nothing is yet."""
    if engines.is_embedded(paid.desk.url):
        yield engines.sqlite_address(tmp_path / "other" / "pettycash.db")
        return
    server = request.getfixturevalue("postgres_server")
    name = f"restored_{uuid4().hex[:12]}"
    server.run(f'CREATE DATABASE "{name}"')
    yield server.url.set(database=name)
    server.drop(name)


def at_the_host(desk: Desk, action: str) -> list[str]:
    """The users of the host that the books know of an act."""
    events = select(t.audit_event.c.body).where(t.audit_event.c.action == action)
    bodies = desk.read(SYSTEM, lambda reading: reading.execute(events).scalars().all())
    return [json.loads(body)["data"]["at_the_host"] for body in bodies]


def test_a_backup_is_restored_elsewhere_and_is_the_same(paid: Trading, elsewhere: URL, tmp_path: Path) -> None:
    before = contents(paid.desk)
    done = backups.backup(paid.desk, tmp_path / "books.backup")
    assert done.findings == () and done.file.stat().st_mode & 0o777 == 0o600
    assert backup_file.digest_of(done.file) == (done.size, done.sha256)
    story.request(paid.desk, paid["staff"], "900")  # afterwards, so not in it
    home = tmp_path / "other_home"
    home.mkdir(mode=0o700)
    restored = backups.restore(elsewhere, home, done.file, replace=False, clock=paid.clock)
    assert restored.findings == () and restored.aside is None
    with closing(Desk(elsewhere, home, clock=paid.clock)) as desk:
        assert contents(desk) == before
        books.check(desk)
        o, s = t.otp_challenge.c, t.sign_in_session.c
        is_open = select(o.id).where(o.voided_at.is_(None), o.consumed_at.is_(None))
        assert desk.read(SYSTEM, lambda reading: reading.execute(is_open).first()) is None
        signed_in = select(s.id).where(s.ended_at.is_(None))
        assert desk.read(SYSTEM, lambda reading: reading.execute(signed_in).first()) is None
        assert at_the_host(desk, "database.restored") == [user_here()]
        assert at_the_host(paid.desk, "database.backed_up") == [user_here()]
        shutil.copy(paid.desk.home / "server.key", home / "server.key")  # which no backup holds
        story.request(desk, paid["staff"], "700")  # the rules are in force and work goes on
        assert book_check.check(desk) == []
    assert not list(tmp_path.glob("**/.*.part"))


def test_books_that_are_there_are_replaced_only_when_told_and_put_aside(paid: Trading, tmp_path: Path) -> None:
    desk = paid.desk
    first = backups.backup(desk, tmp_path / "first.backup")
    late = story.request(desk, paid["staff"], "900")
    count = select(t.requisition.c.id).where(t.requisition.c.number == late)
    with pytest.raises(Refused, match="--replace") as refused:
        backups.restore(desk.url, desk.home, first.file, replace=False, clock=paid.clock)
    assert refused.value.code == "has_data"
    assert desk.read(SYSTEM, lambda reading: reading.execute(count).first()) is not None
    restored = backups.restore(desk.url, desk.home, first.file, replace=True, clock=paid.clock)
    assert restored.aside is not None and restored.findings == ()
    # The desk that was open all the while goes on with the restored books.
    assert desk.read(SYSTEM, lambda reading: reading.execute(count).first()) is None
    paid.clock.advance(seconds=1)
    backups.restore(desk.url, desk.home, restored.aside, replace=True, clock=paid.clock)
    assert desk.read(SYSTEM, lambda reading: reading.execute(count).first()) is not None
    books.check(desk)


def test_no_backup_is_overwritten_and_nothing_half_is_left(paid: Trading, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(Refused, match="there already"):
        backups.backup(paid.desk, taken)
    assert taken.read_text() == "mine"
    with pytest.raises(Refused, match="no folder"):
        backups.backup(paid.desk, tmp_path / "missing" / "file")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="there already"):
        backups.backup(paid.desk, link)

    def stopped(told: str) -> None:
        raise KeyboardInterrupt(told)

    with pytest.raises(KeyboardInterrupt):
        backups.backup(paid.desk, tmp_path / "stopped", stopped)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file() or path.is_symlink()) == ["link", "taken"]


def test_a_damaged_or_strange_file_changes_nothing(paid: Trading, tmp_path: Path) -> None:
    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    content = bytearray(good.read_bytes())
    half = len(content) // 2
    content[half : half + 4096] = b"\xaa" * 4096
    (tmp_path / "bad").write_bytes(content)
    (tmp_path / "short").write_bytes(good.read_bytes()[:half])
    (tmp_path / "text").write_text("no backup")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE x (y)")
    for name in ("bad", "short", "text", "other.db", "missing"):
        with pytest.raises((Refused, InvalidInput)):
            backups.restore(desk.url, desk.home, tmp_path / name, replace=True, clock=paid.clock)
    assert contents(desk) == before


@pytest.mark.only_on("postgres")
def test_an_archive_whose_books_are_forged_is_rolled_back(paid: Trading, tmp_path: Path) -> None:
    """Whoever can write the archive can also write its hashes: then the checks of the books find it."""
    from pettycash_tui.services import backup_archive

    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    forged = tmp_path / "forged"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(forged, "w") as new:
        manifest = backup_archive.read_manifest(old, good)
        parts = []
        for part in manifest.parts:
            content = b"".join(backup_archive.blocks(old, part))
            if part.table == "ledger_entry":
                content = b""
            with new.open(backup_archive.member(part.table), "w") as file:
                writer = backup_archive.TableWriter(file)
                writer.write(content)
            parts.append(writer.part(part.table, part.columns))
        backup_archive.write_manifest(
            new, backup_archive.Manifest(manifest.revision, manifest.taken_at, manifest.database, tuple(parts))
        )
    with pytest.raises(Refused, match="not whole"):
        backups.restore(desk.url, desk.home, forged, replace=True, clock=paid.clock)
    assert contents(desk) == before
    assert book_check.check(desk) == []


FORGERIES = {
    "balance": "UPDATE treasury_fund SET current_balance = current_balance + 100 WHERE code = 'NBI'",
    "hold": "UPDATE treasury_fund SET held_amount = held_amount + 1 WHERE code = 'NBI'",
    "ledger_entry": "UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE sequence = 1",
    "ledger_gap": "UPDATE treasury_fund SET ledger_sequence = ledger_sequence + 1 WHERE code = 'NBI'",
    "payment_unwritten": "DELETE FROM payment_execution",
    "payment_unpaid": "UPDATE payment SET status = 'failed' WHERE status = 'success'",
    "chain": "UPDATE audit_event SET body = body || ' ' WHERE sequence = 2",
    "attachment": "UPDATE attachment SET sha256 = substr(sha256, 2) || substr(sha256, 1, 1)",
    "orphan_file": "UPDATE attachment SET requisition_id = id",
}


def test_the_check_names_each_thing_that_is_wrong(paid: Trading) -> None:
    desk = paid.desk
    number = story.request(desk, paid["staff"])
    desk.run(paid["staff"], requisitions.attach, number, "quote.pdf", b"%PDF-1.4 a quote")
    assert book_check.check(desk) == []
    is_postgres = not engines.is_embedded(desk.url)
    for code, statement in FORGERIES.items():
        with desk.engine.connect() as connection:
            if is_postgres:
                connection.exec_driver_sql("SET session_replication_role = replica")
            else:
                connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                for name in triggers.scalars().all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            changed = connection.execute(text(statement)).rowcount
            assert changed, code
            found = {f.code for f in book_check.check_rows(Reading(connection, SYSTEM, paid.clock()))}
            assert code in found, f"{code}: {found}"
            connection.rollback()
            if is_postgres:
                connection.exec_driver_sql("SET session_replication_role = origin")
                connection.commit()
    assert book_check.check(desk) == []


def test_the_check_misses_rules_that_are_not_in_force(paid: Trading) -> None:
    desk = paid.desk
    with desk.engine.begin() as connection:
        if engines.is_embedded(desk.url):
            connection.exec_driver_sql("DROP TRIGGER payment_no_delete")
            connection.exec_driver_sql("DROP TRIGGER audit_event_no_update")
            connection.exec_driver_sql(
                "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT 1; END"
            )
            expected = {"rule_missing", "rule_changed"}
        else:
            connection.exec_driver_sql("DROP TRIGGER payment_update_rules ON payment")
            connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER USER")
            connection.exec_driver_sql("ALTER TABLE requisition DISABLE ROW LEVEL SECURITY")
            expected = {"rule_missing", "rule_disabled", "isolation"}
    assert {finding.code for finding in book_check.check(desk)} == expected
    desk.install_rules()
    assert book_check.check(desk) == []


def test_leftovers_of_a_killed_program_are_named(trading: Trading) -> None:
    left = trading.desk.home / ".my book's; x.0123.part"
    left.write_text("half")
    (finding,) = book_check.check(trading.desk)
    assert finding.code == "orphan_file" and shlex.split(finding.command) == ["rm", str(left)]


KILLED = """
import os, signal, sys
from pathlib import Path
from pettycash_tui.services import backups
from pettycash_tui.services.desk import Desk
from pettycash_tui.database import engine as engines

told = 0
def tell(text):
    global told
    told += 1
    if told == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)

backups.backup(Desk(engines.parse_address(sys.argv[1]), Path(sys.argv[2])), Path(sys.argv[3]), tell)
"""


def test_a_backup_that_is_killed_leaves_no_file_under_its_name(paid: Trading, tmp_path: Path) -> None:
    target = tmp_path / "killed.backup"
    address = paid.desk.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, address, str(paid.desk.home), str(target), "2"],
        env=dict(os.environ),
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not target.exists()
    assert len(list(tmp_path.glob(".killed.backup.*.part"))) >= 1
    assert backups.backup(paid.desk, target).findings == ()


@pytest.mark.only_on("sqlite")
def test_a_database_that_somebody_holds_is_not_waited_for_for_ever(
    paid: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pettycash_tui.services import backup_sqlite
    from pettycash_tui.services.errors import DatabaseUnavailable

    monkeypatch.setattr(backup_sqlite, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(backup_sqlite, "_BUSY_SECONDS", 0)
    good = backups.backup(paid.desk, tmp_path / "good").file
    before = contents(paid.desk)
    with closing(sqlite3.connect(str(paid.desk.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="hold the database"):
            backups.restore(paid.desk.url, paid.desk.home, good, replace=True, clock=paid.clock)
        other.execute("ROLLBACK")
    assert contents(paid.desk) == before
    assert not list(paid.desk.home.glob("*before*"))
