"""A company in which everything that events tell of was done once, as the program does it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import story
from sqlalchemy import Executable, Row, Table, insert, update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import GatewayName
from pettycash_tui.services import (
    delegations,
    listed,
    orders,
    payment_facts,
    people,
    replenishments,
    requisitions,
    ssh_keys,
    totp,
    transfers,
    variances,
)
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.organisation import COMPANY
from pettycash_tui.services.passwords import hash_password
from pettycash_tui.services.posting import Confirmed
from pettycash_tui.services.work import Work

SECRET = "a long walk by the river"
KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"x" * 32).decode()


@dataclass(frozen=True)
class World:
    """A company in which everything was done once, as the program does it."""

    trading: Trading
    paid: str
    waiting: str
    in_doubt: str
    asked: str

    def payment(self, number: str, **values: Any) -> Executable:
        """Columns of a payment."""
        return update(t.payment).where(t.payment.c.number == number).values(**values)

    def requisition(self, number: str, **values: Any) -> Executable:
        """Columns of a requisition."""
        return update(t.requisition).where(t.requisition.c.number == number).values(**values)

    def person(self, **values: Any) -> Executable:
        """Columns of the person."""
        return update(t.user).where(t.user.c.username == "mary").values(**values)

    def of_asked(self) -> Any:
        """The requisition that waits for its first approver."""
        return self.trading.row(t.requisition, self.asked).id

    def another(self, table: Table, row: Row[Any], **values: Any) -> Executable:
        """One more row like one that is there."""
        return insert(table).values({**row._mapping, "id": new_id(), **values})


def of(trading: Trading) -> World:
    """Do everything."""
    desk, clock = trading.desk, trading.clock
    paid, waiting, in_doubt = trading.approved(), trading.approved(amount="2000"), trading.approved(amount="700")
    story.pay(desk, paid)
    asked = trading.request(amount="1000")
    desk.run(trading["staff"], requisitions.attach, asked, "offer.pdf", b"%PDF")
    _send(trading, in_doubt)
    given = {"username": "mary", "role": "treasury", "email": "mary@example.com", "phone_number": "+254700000001"}
    desk.run(SYSTEM, people.add, given, company="ACME", password_hash=hash_password(SECRET, "mary"))
    mary = trading["mary"]
    enrolment = totp.enrol(desk, mary)
    step = int(clock().timestamp()) // totp.STEP_SECONDS
    totp.confirm(desk, mary, totp.code_at(base64.b32decode(enrolment.secret_base32), step))
    desk.run(trading["admin"], ssh_keys.add_key, "mary", f"ssh-ed25519 {KEY} mary@desk")
    desk.run(trading["admin"], ssh_keys.add_key, "mary", f"ssh-ed25519 {OTHER_KEY} mary@old")
    desk.run(trading["admin"], ssh_keys.remove_key, "mary", fingerprint(OTHER_KEY))
    desk.run(trading["admin"], listed.edit, COMPANY, "ACME", {"otp_threshold": "100"})
    asked_for = desk.run(trading["treasury"], replenishments.request, "MSA", "900")
    desk.run(trading["cfo"], replenishments.approve, asked_for.number)
    desk.run(trading["treasury"], replenishments.complete, asked_for.number, "BANK-1")
    desk.run(trading["cfo"], replenishments.request, "NBI", "1000")
    moved = desk.run(trading["treasury"], transfers.request, "NBI", "MSA", "50")
    desk.run(trading["cfo"], transfers.approve, moved.number)
    put_right = desk.run(trading["treasury"], variances.record, paid, "4450", "a first receipt")
    desk.run(trading["cfo"], variances.approve, put_right.number)
    away = desk.run(trading["cfo"], delegations.add, "ceo", ends_on=str(clock().date() + timedelta(days=3)))
    desk.run(trading["cfo"], delegations.end, away.id)
    desk.run(trading["treasury"], transfers.request, "NBI", "MSA", "100")
    desk.run(trading["treasury"], variances.record, paid, "4400", "the receipt says so")
    return World(trading, paid, waiting, in_doubt, asked)


def _send(trading: Trading, number: str) -> None:
    """An order is on its way, and nobody knows whether it is carried out."""
    payment = trading.row(t.payment, number)

    def opened(work: Work) -> Any:
        facts = payment_facts.read(work, payment.id, lock=True)
        confirmed = Confirmed(payment.executor_id, None, None, "at the desk", "pytest")
        return orders.open_order(work, facts, GatewayName.MPESA, conversation_id="C", confirmed=confirmed, key="k")

    order = trading.desk.run(SYSTEM, opened)
    trading.desk.run(SYSTEM, orders.mark_unknown, order, "no answer")


def fingerprint(body: str) -> str:
    """OpenSSH's name of a key."""
    return "SHA256:" + base64.b64encode(sha256(base64.b64decode(body)).digest()).decode().rstrip("=")
