"""The demo company as people and scripts reach it from outside: programs on terminals, commands, the outbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from terminal import PROGRAM, TIMEOUT, Terminal

PASSWORD = "demo"
NAMES = {
    "clerk.nbi": "Nairobi Clerk",
    "manager.nbi": "Nairobi Manager",
    "treasury1": "Treasury One",
    "treasury2": "Treasury Two",
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
        return found | dict(self.variables)

    def open(self, *arguments: str, rows: int = 24, columns: int = 80, **variables: str) -> Terminal:
        """The program on a terminal of its own."""
        return Terminal(arguments, env=self.env | variables, rows=rows, columns=columns)

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
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

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


# -- what one does at the desk -----------------------------------------------------------------------------------------


def sign_in(terminal: Terminal, person: str) -> None:
    """Sign in by keyboard, and be where one's work begins."""
    terminal.wait_for("Username", "Password", "Sign in (enter)")
    terminal.type(person)
    terminal.press("tab")
    terminal.type(PASSWORD)
    terminal.press("enter")
    terminal.wait_for(f"DEMO {NAMES[person]}")


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


def type_requisition(terminal: Terminal, amount: str, payee: str, purpose: str) -> None:
    """Open a new requisition and type it."""
    terminal.press("n")
    terminal.wait_for("New requisition", "Amount", "Branch Nairobi (NBI)")
    for text in (amount, payee):
        terminal.type(text)
        terminal.press("tab")
    terminal.type(purpose)
    terminal.wait_for(f"Amount {amount}", f"Payee {payee}", f"Purpose {purpose}")
