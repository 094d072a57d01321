"""What comes by SSH and is refused: nothing is shown, and the audit log tells of it without any value."""

from __future__ import annotations

import io
import shlex
import sys
from uuid import UUID

import pytest
from forced_host import Host, every_command
from signing import PASSWORD, give_passwords, hash_quickly, told

from pettycash_tui.cli import asked, remote_verbs
from pettycash_tui.cli import main as command_line
from pettycash_tui.services import forced, opening, signin, ssh_keys
from pettycash_tui.services.identity import SYSTEM

WELL_FORMED = {
    "batch confirm": "batch confirm x --all",
    "fund export": "fund export x --output x.csv",
    "fund statement": "fund statement x --period 2026-10 --output x.pdf",
    "notice choose": "notice choose paid --how off",
    "org import": "org import -",
    "pay bank-file": "pay bank-file x --format csv --output x.csv",
    "pay import": "pay import -",
    "pay schedule": "pay schedule x --on 2026-12-24",
    "period reopen": "period reopen x --reason x",
    "policy import": "policy import -",
    "req attach": "req attach x - --name x.pdf",
    "req edit": "req edit x --amount 1",
    "session revoke": "session revoke x",
    "ssh add-key": "ssh add-key x -",
    "user import": "user import -",
}
"""Command lines of those verbs that look at what they are given before anything else."""
SHOWS_NOTHING = {"keys"}
"""The program's own help, without a word of the books."""


def test_a_session_that_is_over_shows_and_does_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    # One desk and one grammar for all of them: making these anew each time is most of what they take.
    grammar = command_line.root()
    monkeypatch.setattr(command_line, "root", lambda: grammar)
    monkeypatch.setattr(opening, "open_desk", lambda *given, **named: host.desk)
    actor, token = ssh_keys.enter(host.desk, UUID(host.keys["admin"]), source="ssh 192.0.2.1")
    signin.sign_out(host.desk, actor)
    place = ("--home", str(host.desk.home), "--database", host.desk.url.render_as_string())
    tried = []
    for name, command in every_command():
        noun, _, verb = name.partition(" ")
        if noun in remote_verbs.ALONE or verb.partition(" ")[0] in remote_verbs.VERBS.get(noun, ()):
            needed = [max(each.opts, key=len) for each in command.params if each.required]
            words = [name, *(f"{each} x" if each.startswith("--") else "x" for each in needed)]
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"code,name\nX,x\n")))
            forced.begin(forced.Served(actor.username, token, actor.source, host.desk.home))
            try:
                answer = host.run(*place, *shlex.split(WELL_FORMED.get(name, " ".join(words))), "--json")
            finally:
                forced.end()
            tried.append(name)
            if name not in SHOWS_NOTHING:
                assert (answer.code, answer.error["code"]) == (5, "not_signed_in"), (name, answer)
    assert set(WELL_FORMED) | SHOWS_NOTHING <= set(tried)


def test_the_path_of_the_callback_is_told_nobody(host: Host) -> None:
    for verb in ("show", "check", "listen"):
        assert host.refused(5, "admin", f"gateway {verb}")["code"] == "not_by_ssh"


def test_what_is_refused_while_it_runs_is_on_record(host: Host) -> None:
    for code, command, reason in (
        (2, "org import /etc/shadow", "stdin_only"),
        (3, "req list --export csv --output /etc/cron.d/x", "own_folder_only"),
        (3, "ssh get ../treasury/x.csv", "own_folder_only"),
        (5, "session list --user cfo", "not_allowed"),
    ):
        assert host.refused(code, "staff", command)["code"] == reason
        event = told(host.desk, "ssh.refused")[-1]
        assert (event["actor_name"], event["source"], event["data"]["reason"]) == ("staff", "ssh 192.0.2.1", reason)
        assert event["data"]["asked"] == asked.told(f"{command} --json")
        assert "etc" not in str(event) and "treasury" not in str(event)
    assert len(told(host.desk, "ssh.refused")) == 4
    assert host.refused(5, "staff", "user unlock cfo")["code"] == "not_allowed"
    assert [event["data"]["act"] for event in told(host.desk, "account.refused")] == ["user.unlocked"]
    assert host("staff", "req show REQ-000009").code == 4
    assert len(told(host.desk, "ssh.refused")) == 4


def test_names_are_not_tried_unseen(host: Host) -> None:
    """Whoever administers and asks for somebody who is not theirs to see is on record as well."""
    for number, act in enumerate(("user unlock", "user set-password --password-stdin", "totp reset"), start=1):
        assert host.refused(4, "admin", f"{act} 9f86d081884c7d659a2feaa0c55ad015")["code"] == "not_found"
        assert len(told(host.desk, "account.refused")) == number
    assert {event["data"]["asked"] for event in told(host.desk, "account.refused")} == {""}


def test_who_has_a_first_password_is_told_of_the_refusal_itself(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)
    give_passwords(host.desk, "staff")
    host.desk.run(SYSTEM, signin.set_password, "staff", PASSWORD)
    assert host.refused(5, "staff", "db status")["code"] == "not_by_ssh"
    assert host.refused(5, "staff", "req list")["code"] == "password_change_needed"
    assert [(event["actor_name"], event["data"]["reason"]) for event in told(host.desk, "ssh.refused")] == [
        ("staff", "not_by_ssh"),
        ("staff", "password_change_needed"),
    ]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("login staff hunter2hunter2", "login …"),
        ("pettycash --json login staff hunter2hunter2", "--json login …"),
        ("pay execute PAY-000001 --otp '123 456' --json", "pay execute … --otp … --json"),
        ("totp verify ABCDEFGHJK", "totp verify …"),
        ("totp verify 'ABCDE FGHJK", "totp verify …"),
        ("hunter2hunter2", "…"),
        ("--hunter2hunter2 whoami", "… whoami"),
        ("req hunter2hunter2 list", "req … list"),
        ("fund export NBI --output=/etc/cron.d/x", "fund export … --output"),
        ("org company add --code X", "org company add --code …"),
        ("/bin/sh -c 'echo hunter2'", "sh …"),
        ("sudo login staff hunter2", "sudo …"),
        ("hunter2 sh", "…"),
        ("scp -f /etc/passwd", "scp …"),
        ("\udcff\x1b[2J", "…"),
        ("", ""),
    ],
)
def test_only_words_that_the_program_knows_are_kept(command: str, kept: str) -> None:
    assert asked.told(command) == kept
