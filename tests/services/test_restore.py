"""A restore is one step: stopped anywhere, it leaves the books of before or the restored ones, and never neither."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import story
from backed_up import contents, in_file, open_sessions
from sqlalchemy import update
from trading import Trading

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema
from pettycash_tui.models import tables as t
from pettycash_tui.models.people import SignInSession
from pettycash_tui.services import backups, book_check
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work

PHASES = {
    True: ("Reading:", "Checking attachments", "Copying", "Restoring"),
    False: ("Writing payment:", "Reading again", "Loading payment:", "Checking attachments"),
}
"""What is told before the commit, on the embedded file and on Postgres."""


def sign_in(trading: Trading) -> None:
    """Somebody is signed in."""
    session = SignInSession(
        user_id=trading["staff"].person_id,
        token_hash="0" * 64,
        expires_at=trading.clock(),
        created_at=trading.clock(),
        last_seen_at=trading.clock(),
    )
    trading.desk.run_unaudited(SYSTEM, lambda work: work.add(session))


def sign_everybody_out(work: Work) -> None:
    work.execute(update(t.sign_in_session).values(ended_at=work.now))


def test_a_restore_that_is_stopped_changes_nothing_and_lets_nobody_in(paid: Trading, tmp_path: Path) -> None:
    desk = paid.desk
    sign_in(paid)
    good = backups.backup(desk, tmp_path / "good").file
    desk.run_unaudited(SYSTEM, sign_everybody_out)
    story.request(desk, paid["staff"], "900")
    before = contents(desk)
    for phase in PHASES[engines.is_embedded(desk.url)]:
        reached = []

        def stop(text: str, phase: str = phase, reached: list[str] = reached) -> None:
            if text.startswith(phase):
                reached.append(text)
                raise KeyboardInterrupt

        paid.clock.advance(seconds=1)
        with pytest.raises(KeyboardInterrupt):
            backups.restore(desk.url, desk.home, good, replace=True, tell=stop, clock=paid.clock)
        assert reached and contents(desk) == before and open_sessions(desk) == 0, phase
    paid.clock.advance(seconds=1)
    backups.restore(desk.url, desk.home, good, replace=True, clock=paid.clock)
    assert contents(desk) != before and open_sessions(desk) == 0
    assert book_check.check(desk) == []


def test_what_somebody_writes_meanwhile_is_put_aside_or_stays(paid: Trading, tmp_path: Path) -> None:
    """It waits for the lock, and is written into the restored books."""
    desk = paid.desk
    good = backups.backup(desk, tmp_path / "good").file
    paid["staff"]  # looked up before the database is locked
    story.request(desk, paid["staff"], "900")
    after_aside = PHASES[engines.is_embedded(desk.url)][-1 if engines.is_embedded(desk.url) else 1]
    waited: list[bool] = []

    def write() -> None:
        with closing(Desk(desk.url, desk.home, clock=paid.clock)) as other:
            story.request(other, paid["staff"], "700", purpose="Came in between")

    at_work = threading.Thread(target=write)

    def tell(text: str) -> None:
        if text.startswith(after_aside) and not waited:
            at_work.start()
            at_work.join(0.7)
            waited.append(at_work.is_alive())

    restored = backups.restore(desk.url, desk.home, good, replace=True, tell=tell, clock=paid.clock)
    at_work.join(30)
    assert waited == [True] and restored.aside is not None
    assert "Came in between" in repr(contents(desk)["requisition"])
    assert book_check.check(desk) == []


AT_EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from pettycash_tui.services import backups
from pettycash_tui.database import engine as engines

live, backup, folder = map(Path, sys.argv[1:])
link, step = os.link, 0

def restore(home, last):
    def reached(_text):
        global step
        step += 1
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def slow_link(*given, **named):
        reached("before")
        link(*given, **named)
        reached("after")

    os.link = slow_link
    backups.restore(engines.sqlite_address(home / "pettycash.db"), home, backup, replace=True, tell=reached)

def prepared(home):
    home.mkdir()
    shutil.copyfile(live, home / "pettycash.db")
    return home

# What is imported here no child has to import again.
restore(prepared(folder.with_name("warm")), 0)
for last in range(1, 200):
    step = 0
    home = prepared(folder / f"{last:03}")
    child = os.fork()
    if child == 0:
        try:
            restore(home, last)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.only_on("sqlite")
def test_a_restore_that_is_killed_at_any_step_loses_nothing(paid: Trading, tmp_path: Path) -> None:
    desk = paid.desk
    sign_in(paid)
    first = backups.backup(desk, tmp_path / "first").file
    desk.run_unaudited(SYSTEM, sign_everybody_out)
    late = story.request(desk, paid["staff"], "900")
    live = backups.backup(desk, tmp_path / "live").file
    folder = tmp_path / "steps"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", AT_EACH_STEP, str(live), str(first), str(folder)],
        env=dict(os.environ),
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=120,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    has_late = f"SELECT count(*) FROM requisition WHERE number = '{late}'"
    signed_in = "SELECT count(*) FROM sign_in_session WHERE ended_at IS NULL"
    states = []
    for home in sorted(folder.iterdir()):
        is_old = in_file(home / "pettycash.db", has_late) == 1
        asides = list(home.glob("pettycash.before-*.db"))
        assert all(in_file(aside, has_late) == 1 for aside in asides), home
        assert is_old or len(asides) == 1, f"{home}: the books of before are nowhere"
        assert in_file(home / "pettycash.db", signed_in) == 0, home
        states.append((is_old, bool(asides)))
    assert len(states) > 8 and {(True, False), (True, True), (False, True)} == set(states)
    for home in (sorted(folder.iterdir())[-2], sorted(folder.iterdir())[0]):
        with closing(Desk(engines.sqlite_address(home / "pettycash.db"), home, clock=paid.clock)) as left:
            assert {finding.code for finding in book_check.check(left)} <= {"orphan_file"}


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program of tomorrow, with one more revision; the revision's file."""
    folder = tmp_path / "tomorrow"
    shutil.copytree(Path(schema.__file__).with_name("migrations"), folder / "migrations")
    revision = folder / "migrations" / "versions" / "r9000_index.py"
    revision.write_text(
        f"from alembic import op\nrevision, down_revision = '9000', '{schema.HEAD}'\n"
        "def upgrade():\n    op.execute('CREATE INDEX ix_tomorrow ON payment (amount)')\n"
    )
    monkeypatch.setattr(schema, "__file__", str(folder / "schema.py"))
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9000"))
    monkeypatch.setattr(schema, "HEAD", "9000")
    return revision


@pytest.mark.only_on("sqlite")
def test_a_backup_of_an_earlier_revision_is_upgraded_before_it_takes_the_place(
    paid: Trading, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk = paid.desk
    good = backups.backup(desk, tmp_path / "good")
    sha256 = good.sha256
    story.request(desk, paid["staff"], "900")
    before = contents(desk)
    revision: Path = request.getfixturevalue("tomorrow")
    working = revision.read_text()
    revision.write_text(working + "    raise RuntimeError('half-way')\n")
    with pytest.raises(Refused, match="half-way") as refused:
        backups.restore(desk.url, desk.home, good.file, replace=True, clock=paid.clock)
    assert refused.value.code == "backup_damaged"
    assert contents(desk) == before and desk.schema_status().revision == good.revision
    assert not list(Path(str(desk.url.database)).parent.glob("*before*"))
    revision.write_text(working)
    restored = backups.restore(desk.url, desk.home, good.file, replace=True, clock=paid.clock)
    assert restored.revision == good.revision and restored.findings == () and restored.aside is not None
    assert desk.schema_status() == schema.SchemaStatus(schema.SchemaState.CURRENT, "9000")
    assert contents(desk) != before and backups.digest_of(good.file)[1] == sha256


def forge(path: Path, *statements: str) -> None:
    """Change a backup, as whoever can write the file may."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)


@pytest.mark.only_on("sqlite")
def test_an_earlier_backup_whose_books_are_forged_changes_nothing(
    paid: Trading, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    forge(good, "DROP TRIGGER audit_event_no_update", "UPDATE audit_event SET body = body || ' ' WHERE sequence = 2")
    request.getfixturevalue("tomorrow")
    with pytest.raises(Refused, match="not whole"):
        backups.restore(desk.url, desk.home, good, replace=True, clock=paid.clock)
    assert contents(desk) == before


@pytest.mark.only_on("sqlite")
def test_a_backup_that_lacks_a_rule_is_restored_with_it(paid: Trading, tmp_path: Path) -> None:
    desk = paid.desk
    with closing(sqlite3.connect(Path(str(desk.url.database)), isolation_level=None)) as file:
        file.execute("DROP INDEX ix_notice_list")
        file.execute("DROP TRIGGER audit_event_no_update")
    kept = backups.backup(desk, tmp_path / "good")
    assert sorted(finding.code for finding in kept.findings) == ["index_missing", "rule_missing"]
    restored = backups.restore(desk.url, desk.home, kept.file, replace=True, clock=paid.clock)
    assert restored.findings == () and book_check.check_books(desk) == []


@pytest.mark.only_on("sqlite")
def test_books_that_came_meanwhile_are_not_replaced_unasked(
    paid: Trading, tmp_path: Path, sqlite_template: Path
) -> None:
    desk, before = paid.desk, contents(paid.desk)
    good = backups.backup(desk, tmp_path / "good").file
    empty = tmp_path / "empty" / "pettycash.db"
    empty.parent.mkdir()
    shutil.copyfile(sqlite_template, empty)

    def set_up(text: str) -> None:
        if text.startswith("Checking attachments"):
            with closing(sqlite3.connect(good)) as one, closing(sqlite3.connect(empty)) as other:
                one.backup(other)

    with pytest.raises(Refused) as refused:
        backups.restore(engines.sqlite_address(empty), empty.parent, good, replace=False, tell=set_up)
    assert refused.value.code == "has_data"
    with closing(Desk(engines.sqlite_address(empty), empty.parent)) as other:
        assert contents(other) == before
