"""A treasury host without its sshd: what sshd would run for a key is run in this process."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import story
from cli_answer import Answer, Run
from settable_clock import SettableClock
from sqlalchemy import URL

from pettycash_tui.cli import main as command_line
from pettycash_tui.cli import remote_verbs, ssh
from pettycash_tui.cli.nouns import NOUNS
from pettycash_tui.services import forced, opening, ssh_keys
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor

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
