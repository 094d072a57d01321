"""The doctor's look at the host: file modes, keyrings, secrets, and that the command it names mends what it found."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import keyring_kinds
import pytest
from sqlalchemy import text

from pettycash_tui.services import doctor, doctor_host, doctor_mail, keyrings
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity

TERMINAL = doctor.Terminal(is_terminal=True, term="xterm-256color", encoding="utf-8")

OPEN_TO_ALL = (
    "server.key",
    "server.key.next",
    "server.key.0123456789abcdef",
    "damaged-server.key-01234567",
    "pettycash.before-20260302T090000Z.db",
    "checkpoint.key",
    "session",
    "environment",
    "exports/",
    "exports/ada/",
    "exports/ada/.march.csv.0123.part",
    "outbox/",
    "outbox/notices/",
)


def findings(desk: Desk) -> dict[str, Finding]:
    return {finding.code: finding for finding in doctor.examine(desk, TERMINAL)}


@pytest.mark.parametrize("name", OPEN_TO_ALL)
def test_what_others_may_touch_is_named_and_the_command_mends_it(name: str, sqlite_desk: Desk) -> None:
    path = sqlite_desk.home / name
    for folder in reversed([one for one in path.parents if one.is_relative_to(sqlite_desk.home)]):
        folder.mkdir(mode=0o700, exist_ok=True)
    if name.endswith("/"):
        path.mkdir(mode=0o700, exist_ok=True)
    elif not path.exists():
        path.write_text("something")
        path.chmod(0o600)
    assert "permissions" not in {finding.code for finding in doctor_host.files(sqlite_desk)}
    path.chmod(0o777 if path.is_dir() else 0o644)
    (found,) = [finding for finding in doctor_host.files(sqlite_desk) if finding.code == "permissions"]
    assert found.severity is Severity.ERROR and str(path) in found.message
    subprocess.run(["sh", "-c", found.command], check=True)
    assert "permissions" not in {finding.code for finding in doctor_host.files(sqlite_desk)}


def test_a_path_with_a_space_is_quoted(sqlite_desk: Desk, tmp_path: Path) -> None:
    sqlite_desk.home = tmp_path / "my $HOME; books"
    sqlite_desk.home.mkdir(mode=0o755)
    found = next(finding for finding in doctor_host.files(sqlite_desk) if finding.code == "permissions")
    subprocess.run(["sh", "-c", found.command], check=True)
    assert sqlite_desk.home.stat().st_mode & 0o777 == 0o700


KINDS: dict[str, tuple[Callable[[], object], str, str]] = {
    "keeps": (keyring_kinds.Remembering, "keyring", "The keyring is "),
    "none": (lambda: keyring_kinds.NULL, "keyring", "There is no keyring"),
    "locked": (keyring_kinds.Locked, "keyring_locked", "is locked"),
    "hanging": (keyring_kinds.Hanging, "keyring_silent", "does not answer"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_keyring_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, code, told = KINDS[kind]
    monkeypatch.setattr(keyrings, "PATIENCE_SECONDS", 0.5)
    keyring_kinds.use(monkeypatch, make())  # type: ignore[arg-type]
    started = time.monotonic()
    (found,) = doctor_host.secret_store()
    assert (found.code, told in found.message) == (code, True)
    assert time.monotonic() - started < 10
    assert bool(found.command) == (found.severity is Severity.WARNING)


def test_a_keyring_that_raises_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(keyring_kinds.Remembering):
        @property
        def priority(self) -> float:  # type: ignore[override]
            raise RuntimeError("no D-Bus")

        def get_password(self, service: str, username: str) -> str | None:
            raise RuntimeError("no D-Bus")

    keyring_kinds.use(monkeypatch, Odd())
    (found,) = doctor_host.secret_store()
    assert "RuntimeError" in found.message


def test_a_check_that_fails_is_a_finding_by_its_class(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(desk: Desk, *, has_books: bool) -> list[Finding]:
        raise ZeroDivisionError("what nobody should read")

    monkeypatch.setattr(doctor_mail, "mail", broken)
    found = findings(sqlite_desk)
    assert "ZeroDivisionError" in found["mail_unreadable"].message
    assert "nobody" not in found["mail_unreadable"].message and "terminal" not in found


def test_a_secret_of_the_environment_has_its_way_out(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_SERVER_KEY", "00" * 32)
    found = next(finding for finding in doctor_host.server_key(sqlite_desk) if finding.code == "secret_warning")
    assert found.command == "unset PETTYCASH_SERVER_KEY"


def test_a_schema_of_before_is_named_and_the_command_mends_it(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0014'"))
    found = findings(desk)["schema"]
    assert (found.severity, found.command) == (Severity.ERROR, "pettycash db upgrade")
    desk.upgrade()
    assert findings(desk)["schema"].severity is Severity.NOTE


def test_every_error_and_warning_has_its_command(desk: Desk) -> None:
    """On a database that was made and not set up, with no mail server, no checkpoint and no admin."""
    found = [finding for finding in doctor.examine(desk, TERMINAL) if finding.severity is not Severity.NOTE]
    assert {"no_company", "mail", "no_checkpoint"} <= {finding.code for finding in found}
    assert [finding.code for finding in found if not finding.command] == []
