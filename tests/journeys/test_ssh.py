"""By a real OpenSSH server: a key is its person, and leads nowhere but into the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import story
from sqlalchemy import select
from sshd import Sshd, require_sshd, serving

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import people, ssh_keys
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import system_clock


@dataclass(frozen=True)
class Host:
    """The treasury host: its books, its people, and the server."""

    desk: Desk
    people: dict[str, Actor]
    sshd: Sshd

    def actions(self) -> list[tuple[str, str]]:
        """Who did what, in order."""
        a = t.audit_event.c
        rows = self.desk.read(SYSTEM, lambda r: r.execute(select(a.actor, a.action).order_by(a.occurred_at)).all())
        return [(row[0], row[1]) for row in rows]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Host]:
    """One server for all tests: keys of staff and treasury, one removed, one of somebody deactivated, one unknown."""
    require_sshd()
    home = tmp_path_factory.mktemp("treasury") / "home"
    home.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, home / "pettycash.db")
    (home / "pettycash.db").chmod(0o600)
    desk = Desk(engines.sqlite_address(home / "pettycash.db"), home, clock=system_clock)
    desk.secrets.make_server_key()
    persons = story.trading_company(desk)
    with serving(home, "staff", "treasury", "removed", "leaver", "unknown") as sshd:
        admin = persons["admin"]
        for name, who in (("staff", "staff"), ("treasury", "treasury"), ("removed", "staff"), ("leaver", "ceo")):
            desk.run(admin, ssh_keys.add_key, who, sshd.public(name))
        desk.run(admin, ssh_keys.remove_key, "staff", ssh_keys.read_line(sshd.public("removed")).fingerprint)
        desk.run(admin, people.deactivate, "ceo")
        yield Host(desk, persons, sshd)
    desk.close()


def test_a_key_is_its_person(host: Host) -> None:
    for key in ("staff", "treasury"):
        done = host.sshd.run(key, "whoami --json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["username"] == key


@pytest.mark.parametrize("key", ["unknown", "removed", "leaver"])
def test_a_key_that_is_nobodys_or_of_somebody_who_left_lets_nobody_in(host: Host, key: str) -> None:
    done = host.sshd.run(key, "whoami")
    assert (done.returncode, done.stdout) == (255, b"")
    assert b"Permission denied" in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("sh -c id", 5),
        ("whoami; id", 5),
        ("pettycash --as treasury whoami", 5),
        ("whoami --database=sqlite:////tmp/other.db", 5),
        ("req list --home /tmp", 5),
        ("db status", 5),
        ("login treasury", 5),
        ("ssh serve 0", 5),
        ("whoami 'unclosed", 2),
        ("req list --export csv --output /etc/pettycash.csv", 3),
        ("req list --export csv --output ../x.csv", 3),
        ("policy import /etc/hostname", 2),
    ],
)
def test_what_leads_out_is_refused(host: Host, command: str, code: int) -> None:
    done = host.sshd.run("staff", command)
    assert done.returncode == code, (command, done.stdout, done.stderr)
    assert b"uid=" not in done.stdout + done.stderr
    assert not Path("/etc/pettycash.csv").exists()


def test_a_refusal_is_on_record(host: Host) -> None:
    host.sshd.run("treasury", "jobs run everything")
    assert ("treasury", "ssh.refused") in host.actions()


def test_shell_letters_are_letters(host: Host) -> None:
    done = host.sshd.run("staff", "find '$(touch /tmp/pettycash-was-here)' --json")
    assert done.returncode == 0, done.stderr
    assert not Path("/tmp/pettycash-was-here").exists()


def test_the_environment_of_the_client_says_nothing(host: Host) -> None:
    wrong = {"PETTYCASH_DATABASE_URL": "sqlite:////nowhere.db", "PETTYCASH_HOME": "/nowhere"}
    done = host.sshd.run("staff", "whoami --json", "-o", "SendEnv=PETTYCASH_*", env=wrong)
    assert json.loads(done.stdout)["username"] == "staff", done.stderr


def test_an_export_goes_out_by_stdout_or_stays_in_ones_own_folder(host: Host) -> None:
    story.request(host.desk, host.people["staff"])
    straight = host.sshd.run("staff", "req list --export csv")
    assert straight.returncode == 0 and b"REQ-" in straight.stdout, straight.stderr
    kept = host.sshd.run("staff", "req list --export csv --output mine.csv")
    assert kept.returncode == 0, kept.stderr
    own = host.desk.home / "exports" / "staff"
    assert own.stat().st_mode & 0o777 == 0o700 and (own / "mine.csv").is_file()
    assert b"REQ-" in host.sshd.run("staff", "ssh get mine.csv").stdout
    assert host.sshd.run("treasury", "ssh get mine.csv").returncode == 4
    assert host.sshd.run("staff", "ssh get ../staff/mine.csv").returncode == 3
    (own / "link.csv").symlink_to("/etc/passwd")
    assert host.sshd.run("staff", "ssh get link.csv").returncode == 4
    assert host.sshd.run("staff", "req list --export csv --output link.csv --replace").returncode == 0
    assert not (own / "link.csv").is_symlink() and "root:" in Path("/etc/passwd").read_text()


def test_a_folder_of_exports_that_is_a_link_is_not_followed(host: Host, tmp_path: Path) -> None:
    (host.desk.home / "exports").mkdir(mode=0o700, exist_ok=True)
    (host.desk.home / "exports" / "treasury").symlink_to(tmp_path)
    done = host.sshd.run("treasury", "req list --export csv --output x.csv")
    assert done.returncode == 3 and not list(tmp_path.iterdir())


def test_nothing_is_forwarded(host: Host) -> None:
    done = host.sshd.run("staff", "", "-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:9")
    assert done.returncode == 255, done.stderr
    direct = host.sshd.run("staff", "", "-W", f"127.0.0.1:{host.sshd.port}")
    assert direct.returncode == 255 and not direct.stdout.startswith(b"SSH-"), direct.stdout


@pytest.mark.parametrize("program", ["sftp", "scp"])
def test_no_file_is_fetched(host: Host, program: str, tmp_path: Path) -> None:
    at = f"{host.sshd.user}@127.0.0.1:/etc/hostname"
    port = ["-P", str(host.sshd.port)]
    words = [program, *port, *host.sshd.options("staff"), at, str(tmp_path / "got")]
    done = subprocess.run(words, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and not (tmp_path / "got").exists(), done.stderr


def test_a_sign_in_by_key_is_on_record_and_ends(host: Host) -> None:
    host.sshd.run("staff", "whoami")
    assert host.actions()[-2:] == [("staff", "signin.succeeded"), ("staff", "signin.ended")]
    s = t.sign_in_session.c
    open_ones = host.desk.read(
        SYSTEM, lambda r: r.execute(select(s.source).where(s.client == "ssh", s.ended_at.is_(None))).all()
    )
    assert open_ones == []


def test_the_desk_opens_as_the_keys_person_and_is_not_suspended(host: Host) -> None:
    import pty

    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*host.sshd.client("staff", "-tt")],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(terminal)
    seen = b""
    try:
        while b"Staff" not in seen and len(seen) < 200_000:
            seen += os.read(controller, 4096)
        os.write(controller, b"\x1a")
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)
        os.close(controller)
    assert b"Username" not in seen.rpartition(b"Staff")[2]
