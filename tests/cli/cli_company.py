"""A trading company with the demo's rights, and its people at the command line."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import partial
from typing import Any

import pytest
import story
from cli_answer import Answer, Run
from settable_clock import SettableClock

from pettycash_tui.services import opening
from pettycash_tui.services.desk import DEMO, Desk


@dataclass(frozen=True)
class Company:
    """Runs command lines on one database: `company("staff", "req", "list")`."""

    run: Run
    address: str
    desk: Desk

    def __call__(self, who: str, *arguments: str) -> Answer:
        """What this person's command line gives, with `--json`."""
        return self.plain(who, "--json", *arguments)

    def plain(self, who: str, *arguments: str) -> Answer:
        """The same as a person reads it."""
        return self.run("--database", self.address, "--home", str(self.desk.home), "--as", who, *arguments)

    def done(self, who: str, *arguments: str) -> Any:
        """The document of a command line that must succeed."""
        answer = self(who, *arguments)
        assert (answer.code, answer.err) == (0, ""), answer
        return answer.document

    def refused(self, code: int, who: str, *arguments: str) -> Any:
        """The error of a command line that must end with this exit code."""
        answer = self(who, *arguments)
        assert answer.code == code, answer
        return answer.error

    def outbox(self) -> list[Message]:
        """The messages in the outbox, oldest first."""
        return [message_from_bytes(path.read_bytes()) for path in sorted((self.desk.home / "outbox").glob("*.eml"))]

    # --- the way to a payment ---

    def requested(self, amount: str = "4500", *more: str) -> str:
        """A submitted requisition of the clerk's."""
        words = ["--amount", amount, "--purpose", "Fuel for the van", "--payee", "Total Energies"]
        return str(self.done("staff", "req", "new", *words, "--submit", *more)["number"])

    def approved(self, amount: str = "4500", *more: str) -> tuple[str, str, str]:
        """A requisition that everybody approved, its payment and the payment's executor."""
        number = self.requested(amount, *more)
        found = self.done("admin", "req", "show", number)
        while found["status"] != "approved":
            found = self.done(found["next_approver"]["username"], "req", "approve", number)
        payment = found["payment"]
        return number, payment, self.done("admin", "pay", "show", payment)["executor"]["username"]

    def code(self, executor: str, payment: str) -> str:
        """A fresh code for a payment, as its executor reads it in the mail."""
        self.done(executor, "pay", "send-otp", payment)
        return story.last_code(self.desk.home)

    def paid(self, amount: str = "4500", *more: str) -> tuple[str, str, str]:
        """A requisition that is paid, its payment and the payment's executor."""
        number, payment, executor = self.approved(amount, *more)
        self.done(executor, "pay", "execute", payment, "--otp", self.code(executor, payment))
        return number, payment, executor


def trading(run: Run, address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    """The company `ACME`; every command line works by the test's clock."""
    monkeypatch.setattr(opening, "open_desk", partial(opening.open_desk, clock=clock))
    story.trading_company(desk, kind=DEMO)
    return Company(run, address, desk)
