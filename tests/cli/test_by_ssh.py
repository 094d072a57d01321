"""What a key's forced command lets run, without a server: the words, the files, the answers."""

from __future__ import annotations

import io
import json
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import story
from cli_answer import Answer, Run
from settable_clock import SettableClock
from signing import PASSWORD, demand_apps, give_passwords, hash_quickly, told
from sqlalchemy import URL

from pettycash_tui.cli import main as command_line
from pettycash_tui.cli import remote_verbs, ssh
from pettycash_tui.cli.nouns import NOUNS
from pettycash_tui.services import forced, opening, signin, ssh_keys
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.identity import SYSTEM, Actor

PEOPLE = ("staff", "treasury", "fpa", "admin", "branch_manager")


def a_key(number: int) -> str:
    """The line of a key."""
    return "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32).decode()


@dataclass(frozen=True)
class Host:
    """A treasury host without its sshd: what sshd would run for a key is run in this process."""

    desk: Desk
    people: dict[str, Actor]
    keys: dict[str, str]
    serve: Callable[..., Answer]
    run: Run

    def __call__(self, who: str, command: str, stdin: bytes = b"") -> Answer:
        """What the person of a key gets for a command line."""
        return self.serve(self.keys[who], command, stdin)

    def refused(self, code: int, who: str, command: str, stdin: bytes = b"") -> Any:
        """The error of a command line that must end with this exit code."""
        answer = self(who, f"{command} --json", stdin)
        assert answer.code == code, (command, answer)
        return answer.error

    def within(self, who: str, command: str) -> Answer:
        """What a command line gives within a session that a key began: without beginning and ending one."""
        actor, token = ssh_keys.enter(self.desk, UUID(self.keys[who]), source="ssh 192.0.2.1")
        forced.begin(forced.Served(who, token, actor.source, self.desk.home))
        place = ("--home", str(self.desk.home), "--database", self.desk.url.render_as_string())
        try:
            return self.run(*place, *remote_verbs.words_of(f"{command} --json"))
        finally:
            forced.end()

    def done(self, who: str, command: str, stdin: bytes = b"") -> Any:
        """The document of a command line that must succeed."""
        answer = self(who, f"{command} --json", stdin)
        assert (answer.code, answer.err) == (0, ""), (command, answer)
        return answer.document


@pytest.fixture
def host(
    sqlite_url: URL,
    open_desk: Callable[[URL], Desk],
    clock: SettableClock,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Host]:
    desk = open_desk(sqlite_url)
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    monkeypatch.setattr(opening, "open_desk", partial(opening.open_desk, clock=clock))
    # This process is that of all tests: its environment and its signals stay.
    monkeypatch.setattr(command_line, "forget_environment", lambda: None)
    monkeypatch.setattr(ssh, "_leave_when_told", lambda: None)
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    people = story.trading_company(desk)
    keys = {
        who: str(desk.run(people["admin"], ssh_keys.add_key, who, a_key(number)).id)
        for number, who in enumerate(PEOPLE)
    }

    def serve(key: str, command: str, stdin: bytes) -> Answer:
        monkeypatch.setenv("SSH_ORIGINAL_COMMAND", command)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return run("--home", str(desk.home), "--database", sqlite_url.render_as_string(), "ssh", "serve", key)

    yield Host(desk, people, keys, serve, run)
    assert forced.current() is None


# -- which verbs -------------------------------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, Any]]:
    """Every noun and verb of the grammar, with its command."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        commands = getattr(command, "commands", None)
        if commands is None:
            yield name, command
        for verb, inner in sorted((commands or {}).items()):
            yield from below(f"{name} {verb}", inner)

    root = command_line.root()
    context = root.context_class(root)
    for noun in NOUNS:
        if noun != "example":
            yield from below(noun, root.get_command(context, noun))


def test_every_verb_is_either_run_by_ssh_or_only_at_the_host_and_why() -> None:
    allowed = {f"{noun} {verb}" for noun, verbs in remote_verbs.VERBS.items() for verb in verbs}
    named = {" ".join(name.split()[:2]) for name, _ in every_command()}
    at_the_host = {name for name in named if {name, name.split()[0]} & set(remote_verbs.AT_THE_HOST)}
    assert named - at_the_host == allowed | remote_verbs.ALONE
    for name in remote_verbs.AT_THE_HOST:
        assert [known for known in named if known == name or known.startswith(f"{name} ")], name
        with pytest.raises(NotAllowed, match=re.escape(remote_verbs.AT_THE_HOST[name])):
            remote_verbs.words_of(name)


@pytest.mark.parametrize(
    "command",
    [
        "sh -c id",
        "--mouse",
        "--allow-owner whoami",
        "pettycash --as treasury whoami",
        "pettycash --as=x whoami",
        "whoami --database=sqlite:////tmp/other.db",
        "req list --home /tmp",
        "--install-completion bash",
        "-- db status",
        "--json -- db status",
        "ssh --json serve 0",
        "ssh authorized-keys root",
        "req",
        "pettycash pettycash whoami",
        "internal-sftp",
        "scp -f /etc/hostname",
    ],
)
def test_what_is_not_in_the_table_is_refused(command: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        remote_verbs.words_of(command)
    assert refused.value.code == "not_by_ssh"


def test_a_refusal_is_told_as_it_was_asked_for_and_is_on_record(host: Host) -> None:
    assert host.refused(5, "staff", "db status")["code"] == "not_by_ssh"
    assert host.refused(2, "staff", "whoami 'unclosed")["code"] == "usage"
    plain = host("staff", "db status")
    assert (plain.code, plain.out, plain.err.count("\n")) == (5, "", 1)
    host("staff", "sh -c x -- --json pay execute PAY-000001 --otp 123456 ABCDE-FGHJK \udcff\x1b[2J")
    last = told(host.desk, "ssh.refused")[-1]
    assert last["actor_name"] == "staff" and last["source"] == "ssh 192.0.2.1"
    assert last["data"]["asked"] == "sh -c x -- --json pay execute PAY-000001 --otp … … \ufffd\ufffd[2J"
    assert [event["data"]["reason"] for event in told(host.desk, "ssh.refused")] == [
        "not_by_ssh", "usage", "not_by_ssh", "not_by_ssh",
    ]  # fmt: skip
    assert len(told(host.desk, "signin.ended")) == 4


def test_only_sshd_starts_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.serve("not-a-key", "whoami", b"").code == 2
    assert host.serve("0" * 32, "whoami", b"").code == 5
    monkeypatch.delenv("SSH_CONNECTION")
    assert host("staff", "whoami").code == 2


# -- which files -------------------------------------------------------------------------------------------------------

ELSEWHERE = "/etc/hostname"
ATTACKS = {
    "org import FILE": f"org import {ELSEWHERE}",
    "user import FILE": f"user import {ELSEWHERE}",
    "policy import FILE": f"policy import {ELSEWHERE}",
    "pay import FILE.csv": f"pay import {ELSEWHERE}",
    "req attach FILE|-": f"req attach REQ-000001 {ELSEWHERE}",
    "ssh add-key FILE|-": f"ssh add-key staff {ELSEWHERE}",
    "batch confirm --file": f"batch confirm BAT-000001 --file {ELSEWHERE}",
    "batch file --output": "batch file BAT-000001 --output {out}",
    "pay bank-file --output": "pay bank-file PAY-000001 --format csv --output {out}",
    "audit verify --checkpoint": f"audit verify --checkpoint {ELSEWHERE}",
    "audit verify --key": f"audit verify --key {ELSEWHERE} --checkpoint -",
    "audit verify --export": f"audit verify --export {ELSEWHERE} --key -",
    "audit checkpoint --output": "audit checkpoint --output {out}",
    "audit export --output": "audit export --output {out}",
    "audit key --output": "audit key --output {out}",
    "fund export --output": "fund export NBI --output {out}",
    "fund statement --output": "fund statement NBI --period 2026-10 --output {out}",
    "fund ledger --output": "fund ledger NBI --export csv --output {out}",
    "replenishment claim --output": "replenishment claim {claim} --output {out}",
}
"""Each option and argument that takes a file, and a command line that names one of the host's. Lists with --export are
all alike and are not named."""


def file_parameters() -> Iterator[str]:
    for name, command in every_command():
        noun, _, verb = name.partition(" ")
        if verb.partition(" ")[0] not in remote_verbs.VERBS.get(noun, ()) and noun not in remote_verbs.ALONE:
            continue
        for parameter in command.params:
            annotation = str(getattr(getattr(parameter, "type_descriptor", None), "annotation", ""))
            shown = parameter.metavar or ""
            if "FILE" in shown or "Path" in annotation or "--output" in parameter.opts:
                option = next((each for each in parameter.opts if each.startswith("--")), "")
                yield f"{name} {option or shown}"


def test_every_file_that_a_command_names_is_ones_own(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set(file_parameters())
    exporting = {
        name: f"{name.removesuffix(' --output')} --export csv --output {{out}}"
        for name in found - set(ATTACKS)
        if name.endswith(" --output")
    }
    assert found == set(ATTACKS) | set(exporting)
    assert len(found) > 20
    claim = host.done("treasury", "fund replenish NBI --amount 1000 --reason Market")["number"]
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(host.desk.home))
    outside = tmp_path / "outside.csv"
    for name, attack in {**ATTACKS, **exporting}.items():
        takes_one_to_write = "{out}" in attack
        person = {"audit": "fpa", "ssh": "admin", "user": "admin", "org": "admin", "policy": "admin"}
        for out in (str(outside), "../outside.csv", ".hidden") if name == "fund export --output" else (str(outside),):
            line = attack.format(out=out, claim=claim)
            error = host.within(person.get(name.split()[0], "treasury"), line).error
            assert error["code"] == ("own_folder_only" if takes_one_to_write else "invalid_input"), (line, error)
            assert "by ssh" in error["message"].lower(), (line, error)
    assert not outside.exists() and not (tmp_path / "home" / "outside.csv").exists()


def test_an_export_stays_in_ones_own_folder_and_no_link_is_followed(host: Host, tmp_path: Path) -> None:
    story.request(host.desk, host.people["staff"])
    export = "req list --export csv --output"
    assert host.done("staff", f"{export} mine.csv")["rows"] == 1
    own = host.desk.home / "exports" / "staff"
    assert (own / "mine.csv").stat().st_mode & 0o777 == 0o600
    assert host("treasury", "ssh get mine.csv").code == 4
    assert host.refused(3, "staff", "ssh get ../staff/mine.csv")["code"] == "own_folder_only"
    assert host.refused(3, "staff", f"{export} mine.csv")["code"] == "file_exists"
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (own / "link.csv").symlink_to(victim)
    assert host("staff", "ssh get link.csv").code == 4
    host.done("staff", f"{export} link.csv --replace")
    assert victim.read_text() == "as it was" and not (own / "link.csv").is_symlink()
    (host.desk.home / "exports" / "treasury").rmdir()
    (host.desk.home / "exports" / "treasury").symlink_to(tmp_path, target_is_directory=True)
    assert host.refused(3, "treasury", f"{export} x.csv")["code"] == "unsafe_folder"
    assert not (tmp_path / "x.csv").exists()


def test_a_file_is_sent_along(host: Host) -> None:
    number = story.request(host.desk, host.people["staff"])
    assert host.refused(2, "staff", f"req attach {number} -", b"%PDF-1.7")["fields"]["name"]
    host.done("staff", f"req attach {number} - --name quote.pdf", b"%PDF-1.7")
    assert host.done("staff", f"req show {number}")["attachments"][0]["file_name"] == "quote.pdf"
    added = host.done("admin", "ssh add-key staff -", a_key(200).encode())
    assert host.done("staff", "ssh list")["items"][0]["fingerprint"] == added["fingerprint"]
    kept = host.done("fpa", "audit checkpoint --output sealed.json")
    assert [place["error"] for place in kept["places"]] == [""]
    sealed = (host.desk.home / "exports" / "fpa" / "sealed.json").read_bytes()
    assert host.done("fpa", "audit verify --full --checkpoint -", sealed)["ok"] is True
    assert host("fpa", "audit key").out.startswith("-----BEGIN PUBLIC KEY-----")
    again = host("fpa", "audit checkpoint --output sealed.json --json")
    assert (again.code, again.document["places"][0]["error"]) == (1, "there is a file of that name already")


# -- who ---------------------------------------------------------------------------------------------------------------


def test_a_first_password_and_an_app_come_first_here_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)
    give_passwords(host.desk, "staff")
    host.desk.run(SYSTEM, signin.set_password, "staff", PASSWORD)
    for command in ("req list", "overview", "totp status", "ssh list"):
        assert host.refused(5, "staff", command)["code"] == "password_change_needed", command
    host.done("staff", "passwd", f"{PASSWORD}\nfour kinder words 9\n".encode())
    host.done("staff", "req list")

    number = story.request(host.desk, host.people["staff"])
    demand_apps(host.desk)
    assert host.refused(3, "branch_manager", f"req approve {number}")["code"] == "totp_required"
    assert host.refused(5, "branch_manager", "totp enrol")["code"] == "password_missing"
    give_passwords(host.desk, "branch_manager")
    enrolled = host.done("branch_manager", "totp enrol", f"{PASSWORD}\n".encode())
    assert enrolled["confirmed"] is False


def test_the_host_says_its_settings_in_a_file_of_its_own(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", "")  # put back afterwards, whatever is read
    settings = host.desk.home / "environment"
    settings.write_text(f'# of the host\n\nPETTYCASH_HOME=/nowhere\nPETTYCASH_CHECKPOINT_DIR="{tmp_path}"\n')
    settings.chmod(0o644)
    assert host.refused(3, "fpa", "audit checkpoint")["code"] == "unsafe_file"
    settings.chmod(0o600)
    (place,) = host.done("fpa", "audit checkpoint")["places"]
    assert (place["kind"], place["where"], place["error"]) == ("directory", str(tmp_path), "")
    assert json.loads(next(tmp_path.glob("checkpoint-*.json")).read_text())["signature"]
    settings.write_text("LD_PRELOAD=/tmp/evil.so\n")
    error = host.refused(3, "fpa", "audit checkpoint")
    assert (error["code"], "Line 1" in error["message"]) == ("host_settings", True)


def test_a_session_that_is_revoked_meanwhile_ends_the_work(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is removed between the sign-in and the act."""
    enter = ssh_keys.enter

    def and_removed(desk: Desk, *given: Any, **named: Any) -> tuple[Actor, str]:
        entered = enter(desk, *given, **named)
        (key,) = desk.read(host.people["admin"], ssh_keys.list_keys, user="staff").items
        desk.run(host.people["admin"], ssh_keys.remove_key, "staff", key.fingerprint)
        return entered

    monkeypatch.setattr(ssh_keys, "enter", and_removed)
    assert host.refused(5, "staff", "req new --amount 100 --payee X --purpose Y --submit")["code"] == "not_signed_in"
