"""By a real OpenSSH server: a key is its person, and leads nowhere but into the program.

What needs no server is in tests/cli/test_by_ssh.py.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
import story
from sqlalchemy import select, update
from sshd import SSHD, Sshd, connecting, require_sshd, serving
from terminal import Terminal, wait_until

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import people, ssh_keys, ssh_lines
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import system_clock

DOCS = Path(__file__).parents[2] / "docs"
KEYS = ("staff", "fpa", "removed", "leaver", "locked", "unknown")


@dataclass(frozen=True)
class Host:
    """The treasury host: its books, its people, and the server with connections of two of them open."""

    desk: Desk
    people: dict[str, Actor]
    sshd: Sshd

    def events(self) -> list[tuple[str, str]]:
        """Who did what, in order."""
        a = t.audit_event.c
        rows = self.desk.read(SYSTEM, lambda r: r.execute(select(a.body).order_by(a.created_at, a.sequence)).scalars())
        return [(event["actor_name"], event["action"]) for event in map(json.loads, rows)]

    def open_sessions(self) -> int:
        """Sessions by SSH that nobody has ended."""
        s = t.sign_in_session.c
        return len(
            self.desk.read(
                SYSTEM, lambda r: r.execute(select(s.id).where(s.client == "ssh", s.ended_at.is_(None))).all()
            )
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Host]:
    """One server for all tests: keys of staff and fpa, of somebody deactivated, of somebody locked; one that was
    removed, and one that nobody has added."""
    require_sshd()
    home = tmp_path_factory.mktemp("treasury") / "home"
    home.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, home / "pettycash.db")
    (home / "pettycash.db").chmod(0o600)
    address = engines.sqlite_address(home / "pettycash.db")
    with closing(Desk(address, home, clock=system_clock)) as desk:
        desk.secrets.make_server_key()
        persons = story.trading_company(desk)
        story.request(desk, persons["staff"])
        admin = persons["admin"]
        with serving(home, address.render_as_string(), *KEYS) as sshd:
            owners = zip(KEYS, ("staff", "fpa", "staff", "ceo", "cfo"), strict=False)
            for name, who in owners:
                desk.run(admin, ssh_keys.add_key, who, sshd.public(name))
            desk.run(admin, ssh_keys.remove_key, "staff", ssh_lines.read_line(sshd.public("removed")).fingerprint)
            desk.run(admin, people.deactivate, "ceo")
            with desk.engine.begin() as connection:
                connection.execute(update(t.user).where(t.user.c.username == "cfo").values(locked_at=system_clock()))
            with connecting(sshd, "staff", "fpa") as connected:
                yield Host(desk, persons, connected)


def test_a_key_is_its_person_whatever_the_client_sends(host: Host, tmp_path: Path) -> None:
    wrong = {
        "PETTYCASH_CHECKPOINT_DIR": str(tmp_path),
        "PETTYCASH_OUTBOX": "1",
        "_PETTYCASH_COMPLETE": "bash_source",
    }
    sent = ("-o", "SendEnv=PETTYCASH_* _PETTYCASH_COMPLETE")
    # What would be followed if it arrived: a folder for checkpoints, and messages that are written to files.
    commands = {
        "fpa": "audit checkpoint --output sealed.json --json",
        "staff": "req new --amount 100 --payee X --purpose Y --submit --json",
    }
    done = {}
    for key, command in commands.items():
        answer = host.sshd.run(key, command, *sent, env=wrong)
        assert answer.returncode == 0, answer.stderr
        done[key] = json.loads(answer.stdout)
        acted = host.events()[-3:]
        assert {who for who, _ in acted} == {key} and acted[-1] == (key, "signin.ended"), acted
    assert [place["where"] for place in done["fpa"]["places"]] == ["sealed.json"]
    assert list(tmp_path.iterdir()) == [] and not list(host.desk.home.rglob("*.eml"))
    assert host.open_sessions() == 0


def test_a_key_that_is_nobodys_any_more_lets_nobody_in(host: Host) -> None:
    with ThreadPoolExecutor() as pool:
        unknown, removed, leaver, locked = pool.map(
            lambda key: host.sshd.run(key, "whoami --json"), ("unknown", "removed", "leaver", "locked")
        )
    for done in (unknown, removed, leaver):
        assert (done.returncode, done.stdout) == (255, b"")
        assert b"Permission denied" in done.stderr
    assert (locked.returncode, locked.stdout) == (5, b"")
    assert json.loads(locked.stderr)["error"]["code"] == "key_refused"
    assert "signin.refused" in [action for _, action in host.events()]


def test_there_is_no_shell(host: Host, tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = host.sshd.run("staff", f"find '$(touch {made})' --json; touch {made} `touch {made}` > {made}")
    assert done.returncode == 2, done.stderr
    done = host.sshd.run("staff", f"sh -c 'touch {made}' --json")
    assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (5, "not_by_ssh")
    assert host.events()[-2] == ("staff", "ssh.refused")
    assert not made.exists()


def test_nothing_is_forwarded(host: Host, tmp_path: Path) -> None:
    # Who listens is the client: that it may not go on is only found when somebody comes.
    local, dynamic, here = _free_port(), _free_port(), host.sshd.port
    assert host.sshd.ask_to_forward("staff", "-L", f"127.0.0.1:{local}:127.0.0.1:{here}").returncode == 0
    assert host.sshd.ask_to_forward("staff", "-D", f"127.0.0.1:{dynamic}").returncode == 0
    assert _heard(local) == b""
    assert b"SSH-" not in _heard(dynamic, b"\5\1\0", b"\5\1\0\1\x7f\0\0\1" + here.to_bytes(2))
    for what in (f"0:127.0.0.1:{here}", f"{tmp_path}/remote.socket:127.0.0.1:{here}"):
        assert host.sshd.ask_to_forward("staff", "-R", what).returncode != 0
    assert not (tmp_path / "remote.socket").exists()
    straight = host.sshd.run("staff", "", "-W", f"127.0.0.1:{here}")
    assert straight.returncode != 0 and not straight.stdout.startswith(b"SSH-"), straight


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _heard(port: int, *said: bytes) -> bytes:
    """What is heard from the other end of a port until it is closed."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            for each in said:
                line.sendall(each)
            while part := line.recv(4096):
                heard += part
        except ConnectionError:
            pass
    return heard


@pytest.mark.parametrize("program", [("sftp",), ("scp",), ("scp", "-O")], ids=" ".join)
def test_no_file_is_fetched_or_put(host: Host, program: tuple[str, ...], tmp_path: Path) -> None:
    at = f"{host.sshd.user}@127.0.0.1:"
    mine = tmp_path / "mine"
    mine.write_text("mine")
    ways = [(f"{at}/etc/hostname", str(tmp_path / "got"))]
    if program == ("scp", "-O"):
        ways.append((str(mine), f"{at}{tmp_path}/put"))
    for way in ways:
        words = [*program, "-P", str(host.sshd.port), *host.sshd.options("staff"), *way]
        done = subprocess.run(words, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode != 0, done
    assert not (tmp_path / "got").exists() and not (tmp_path / "put").exists()


def test_an_export_comes_home_by_stdout_or_by_its_name(host: Host) -> None:
    straight = host.sshd.run("staff", "req list --export csv")
    assert straight.returncode == 0 and b"REQ-" in straight.stdout, straight.stderr
    kept = host.sshd.run("staff", "pettycash req list --export xlsx --output mine.xlsx --json")
    assert kept.returncode == 0, kept.stderr
    file = host.desk.home / "exports" / "staff" / "mine.xlsx"
    assert file.parent.stat().st_mode & 0o777 == 0o700 and file.stat().st_mode & 0o777 == 0o600
    assert host.sshd.run("staff", "ssh get mine.xlsx").stdout == file.read_bytes()


def test_the_desk_opens_as_the_keys_person_and_lends_nothing(host: Host, tmp_path: Path) -> None:
    """Not to be suspended, no agent, no display, and a lost connection ends the session."""
    # A connection of its own: one that is shared asks for what it was opened with.
    client = replace(host.sshd, connected=frozenset()).client("staff", "-tt", "-A", "-Y")
    agent_at = host.sshd.folder / "agent"
    client[client.index("IdentityAgent=none")] = f"IdentityAgent={agent_at}"
    env = {"HOME": str(tmp_path), "DISPLAY": ":99", "SSH_AUTH_SOCK": str(agent_at)}
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", agent_at], stdout=subprocess.DEVNULL)
    try:
        wait_until(agent_at.exists, "the agent is there")
        with Terminal(client[1:], program=[shutil.which("ssh") or "ssh"], env=env) as terminal:
            terminal.wait_for("Staff")
            environments = _environments_at_work(host)
            assert environments or sys.platform != "linux"
            assert not [each for each in environments if b"SSH_AUTH_SOCK=" in each or b"DISPLAY=" in each]
            assert host.open_sessions() == 1
            terminal.press("ctrl+z")
            terminal.press("2")
            terminal.wait_for("Requisitions:")
            terminal.hangup()
            wait_until(lambda: host.open_sessions() == 0, "the session of the lost connection is ended")
    finally:
        agent.terminate()
        agent.wait(10)
    assert host.events()[-1] == ("staff", "signin.ended")


def test_no_key_stops_a_command_that_asks_for_something(host: Host) -> None:
    """ctrl+z would lead to whatever started it; ctrl+\\ ends it, and its session."""
    client = host.sshd.client("staff", "-tt")
    with Terminal([*client[1:], "passwd"], program=[shutil.which("ssh") or "ssh"], env={}) as terminal:
        terminal.wait_for("Password now:")
        terminal.press("ctrl+z")
        terminal.type("not this one\n")
        terminal.wait_for("New password:")
        assert "Stopped" not in terminal.screen_text() and host.open_sessions() == 1
        terminal.press("ctrl+\\")
        assert terminal.wait_exit() == 131
    assert host.open_sessions() == 0
    assert host.events()[-1] == ("staff", "signin.ended")


def _environments_at_work(host: Host) -> list[bytes]:
    """What the programs of keys were started with, on Linux, which tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if os.fsencode(host.desk.home) in words and b"serve" in words:
                found.append((process / "environ").read_bytes())
    return found


def test_a_key_that_is_removed_ends_what_its_open_connection_may(host: Host) -> None:
    key = ssh_lines.read_line(host.sshd.public("fpa"))
    host.desk.run(host.people["admin"], ssh_keys.remove_key, "fpa", key.fingerprint)
    done = host.sshd.run("fpa", "whoami --json")
    assert done.returncode == 5, done
    assert json.loads(done.stderr)["error"]["code"] == "key_refused"


def test_the_settings_of_the_page_are_ones_that_sshd_takes(tmp_path: Path) -> None:
    require_sshd()
    assert SSHD is not None
    page = (DOCS / "ssh.md").read_text(encoding="utf-8")
    block = page[page.index("    Match User pettycash") :].partition("\n\n")[0]
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "host"], check=True, stdin=subprocess.DEVNULL
    )
    config = tmp_path / "sshd_config"
    config.write_text(f"HostKey {tmp_path}/host\nUsePAM no\n{block}\n")
    told = [SSHD, "-T", "-f", config, "-C", f"user=pettycash,host=h{uuid4().hex[:6]},addr=192.0.2.1"]
    done = subprocess.run(told, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    for line in (
        "disableforwarding yes",
        "authorizedkeysfile none",
        "permituserrc no",
        "authenticationmethods publickey",
        "authorizedkeyscommanduser pettycash",
    ):
        assert line in done.stdout.lower().splitlines(), line
