"""The demo company as people and scripts reach it from outside: programs on terminals, commands, the outbox."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import leaks
from terminal import NOTICE, PROGRAM, TIMEOUT, Terminal, Wanted

PASSWORD = "demo"
NAMES = {
    "cfo": "Chief Finance",
    "clerk.nbi": "Nairobi Clerk",
    "manager.nbi": "Nairobi Manager",
    "treasury1": "Treasury One",
    "treasury2": "Treasury Two",
}
_TITLES = {
    "1": re.compile(r"^ Desk · "),
    "2": re.compile(r"^ Requisitions: "),
    "3": re.compile(r"^ Approvals by "),
    "4": re.compile(r"^ Payments: "),
    "5": re.compile(r"^ Fund ledger: "),
}
USERNAMES = {name: username for username, name in NAMES.items()}


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Place:
    """A home folder with a demo company in it, or in the database at `database`."""

    home: Path
    database: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What a program here sees of the world; nothing of the person who runs the tests."""
        found = {
            "HOME": str(self.home),
            "PETTYCASH_HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
        }
        if self.database is not None:
            found["PETTYCASH_DATABASE_URL"] = self.database
            # The tests' server knows its superuser only; what is said to one has tests of its own.
            found["PETTYCASH_ALLOW_OWNER"] = "1"
        return found | dict(self.variables)

    def open(
        self,
        *arguments: str,
        rows: int = 24,
        columns: int = 80,
        delay: float = 0,
        bandwidth: int | None = None,
        **variables: str,
    ) -> Terminal:
        """The program on a terminal of its own, over a line of this delay (seconds) and bandwidth (bytes a second)."""
        return Terminal(
            arguments, env=self.env | variables, rows=rows, columns=columns, delay=delay, bandwidth=bandwidth
        )

    def run(self, *arguments: str, **variables: str) -> Answer:
        """One command."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=self.env | variables,
            check=False,
            timeout=TIMEOUT * 4,
        )
        answer = Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
        leaks.given(answer.out, answer.err)
        return answer

    def ask(self, person: str, *arguments: str) -> Any:
        """What a command gives this person as JSON."""
        return self.run("--as", person, "--json", *arguments).document

    # -- letters -------------------------------------------------------------------------------------------------------

    def letters_to(self, person: str) -> list[EmailMessage]:
        """The messages to this person in the outbox, the oldest first."""
        paths = sorted((self.home / "outbox").glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        letters = [
            BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(path.read_bytes()) for path in paths
        ]
        return [letter for letter in letters if NAMES[person] in str(letter["To"])]

    def code_for(self, person: str, payment: str) -> str:
        """The code of the newest letter about a payment, read as the person reads it."""
        letter = [letter for letter in self.letters_to(person) if payment in str(letter["Subject"])][-1]
        code = re.search(r"^\d{6}$", letter.get_content(), re.MULTILINE)
        assert code, letter
        return code[0]


def drafts(place: Place) -> str:
    """What is kept in the file of what was typed and not sent."""
    with closing(sqlite3.connect(place.home / "pettycash.db")) as database:
        return " ".join(body for (body,) in database.execute("SELECT body FROM form_draft"))


# -- what one does at the desk -----------------------------------------------------------------------------------------


def sign_in(terminal: Terminal, person: str) -> None:
    """Sign in by keyboard, and be at one's desk, where work begins."""
    terminal.wait_for("Username", "Password", "Sign in (enter)")
    terminal.type(person)
    terminal.press("tab")
    terminal.type(PASSWORD)
    terminal.press("enter")
    terminal.wait_for(f"DEMO {NAMES[person]}", "Waits for you", "What just happened")
    terminal.wait_gone("loading…")


def go(terminal: Terminal, key: str, *wanted: Wanted) -> None:
    """Go to a screen by its key, and wait until its list is there."""
    terminal.press(key)
    terminal.wait_for(_TITLES[key], *wanted)


def sign_out(terminal: Terminal) -> None:
    """Leave the desk to the next person."""
    terminal.press("L")
    terminal.wait_for("Username", "Sign in (enter)")


def go_to(terminal: Terminal, number: str) -> None:
    """Move the cursor to the row of a number, with the arrows."""
    screen = terminal.wait_for(re.compile(rf"^[▸ ] {number}\b", re.MULTILINE), re.compile("^▸", re.MULTILINE))
    lines = screen.splitlines()
    here = next(place for place, line in enumerate(lines) if line.startswith("▸"))
    there = next(place for place, line in enumerate(lines) if line[2:].startswith(number))
    terminal.press(*["down" if there > here else "up"] * abs(there - here))
    terminal.wait_for(re.compile(rf"^▸ {number}\b", re.MULTILINE))


def take(terminal: Terminal, number: str) -> None:
    """Open what waits on the desk by the letter before its line."""
    found = re.search(rf"^[▸ ] (\w)  [a-z ]+ {number}\b", terminal.wait_for(number, "Waits for you"), re.MULTILINE)
    assert found, terminal.screen_text()
    terminal.press(found[1])
    terminal.wait_for(re.compile(rf"^▸ {number}\b", re.MULTILINE), re.compile(rf"^ \S .* {number}\b", re.MULTILINE))


def become(terminal: Terminal, person: str) -> None:
    """In a demo: go on at the same desk as somebody else."""
    terminal.press("S")
    terminal.wait_for("Who are you now?")
    terminal.type(NAMES[person])
    terminal.wait_gone("Planning Analyst  (FP&A")
    terminal.press("enter")
    terminal.wait_for(f"DEMO {NAMES[person]}", "Waits for you", "What just happened")
    terminal.wait_gone("loading…")


def under_cursor(screen: str) -> str:
    """The line on which the cursor of a list stands, from its sign on."""
    return next((line for line in screen.splitlines() if line.startswith("▸")), "")


def line_of_cursor(screen: str) -> int:
    """Where on the screen that line is."""
    return screen.splitlines().index(under_cursor(screen))


def bytes_sent(terminal: Terminal, *keys: str) -> list[int]:
    """How many bytes the program sends for each of these keys, which move the cursor."""
    terminal.wait_gone(NOTICE)
    screen, sent = terminal.wait_quiet(), [len(terminal.raw)]
    for key in keys:
        terminal.press(key)
        terminal.wait_changed(under_cursor, screen)
        screen = terminal.wait_quiet()
        sent.append(len(terminal.raw))
    return [after - before for before, after in pairwise(sent)]


def open_payment(terminal: Terminal, payment: str) -> None:
    """Open a payment that one may pay, from the list of those that are ready."""
    go(terminal, "4", "Payments: ready")
    go_to(terminal, payment)
    terminal.wait_for(f"● ready {payment}", "✔ You can pay it now.")
    terminal.press("enter")
    terminal.wait_for(f"Pay {payment}", "Code sent to", "5 tries left")


def type_requisition(terminal: Terminal, amount: str, payee: str, purpose: str) -> None:
    """Open a new requisition and type it."""
    terminal.press("n")
    terminal.wait_for("New requisition", "Amount", "Branch Nairobi (NBI)")
    for text in (amount, payee):
        terminal.type(text)
        terminal.press("tab")
    terminal.type(purpose)
    terminal.wait_for(f"Amount {amount}", f"Payee {payee}", f"Purpose {purpose}")
