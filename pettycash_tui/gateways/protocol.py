"""How money leaves: one protocol, one file per way.

A local gateway (cash, a transfer that the officer makes by hand) only receipts what a person did; it is asked inside
the payment's transaction. A gateway that talks to somebody over a network never is: an order is written down and
committed, then sent, then its answer is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pettycash_tui.models.enums import GatewayName, PaymentMethod


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `amount` is in minor units.

    Over a network, `conversation_id` is the key against paying twice, `gateway_conversation_id` the gateway's own name
    for it once it has told one.
    """

    payment_number: str
    payee: str
    destination: str
    amount: int
    currency: str
    method: PaymentMethod
    conversation_id: str = ""
    gateway_conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That it was paid: the reference under which it can be found again, and the gateway's word for the state."""

    reference: str
    status: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """That a gateway took an order: what became of it is told later, under its own name for the conversation."""

    gateway_conversation_id: str
    text: str = ""


class Verdict(StrEnum):
    """What is known of an order."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gateway tells of an order. `reference`: only of a success; `is_final`: trying again fails again.

    Pending: it will be told later. Not known: the gateway has no such order.
    """

    verdict: Verdict
    reference: str = ""
    code: str = ""
    text: str = ""
    is_final: bool = False


class ReferenceMissing(ValueError):
    """The officer has to enter the reference that the gateway gave; the message says which."""


class CannotSend(ValueError):
    """The gateway would refuse this order: `field` says what is wrong with what, before a code is spent on it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field} {expected}")
        self.field = field
        self.expected = expected


class GatewayFailed(Exception):
    """No money left; the message is for the officer and the payment's last error. `final`: it would fail again."""

    def __init__(self, message: str, *, code: str = "", final: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.final = final


class GatewayUnanswered(Exception):
    """Nobody knows whether money left: the order was sent, or may have been, and no answer came."""


class Gateway(Protocol):
    """A way for money to leave that needs no network."""

    is_local: bool

    def check(self, order: Order, typed_reference: str) -> None:
        """Raise ReferenceMissing, before a code is spent on the payment. Moves nothing."""

    def pay(self, order: Order, typed_reference: str) -> Receipt:
        """Pay, or receipt what was paid by hand. Raises ReferenceMissing or GatewayFailed."""


class NetworkGateway(Protocol):
    """A way for money to leave over a network; never called while a transaction is open."""

    name: GatewayName

    def check(self, order: Order) -> None:
        """Raise CannotSend, before a code is spent on the payment. Asks nobody."""

    def send(self, order: Order) -> Accepted:
        """Hand an order over; the same conversation id pays once. Raises GatewayFailed or GatewayUnanswered."""

    def ask(self, order: Order) -> Outcome:
        """Ask what became of an order. Raises GatewayFailed or GatewayUnanswered when the question did not arrive."""
