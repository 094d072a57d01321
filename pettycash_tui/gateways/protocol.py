"""How money leaves: one protocol, one file per way.

A local gateway (cash, a transfer that the officer makes by hand) only receipts what a person did; it is asked inside
the payment's transaction. A gateway that talks to somebody over a network never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pettycash_tui.models.enums import PaymentMethod


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `amount` is in minor units."""

    payment_number: str
    payee: str
    destination: str
    amount: int
    currency: str
    method: PaymentMethod


@dataclass(frozen=True, slots=True)
class Receipt:
    """That it was paid: the reference under which it can be found again, and the gateway's word for the state."""

    reference: str
    status: str


class ReferenceMissing(ValueError):
    """The officer has to enter the reference that the gateway gave; the message says which."""


class GatewayFailed(Exception):
    """The gateway says that no money left; the message is for the officer and the payment's last error."""


class Gateway(Protocol):
    """A way for money to leave."""

    is_local: bool

    def check(self, order: Order, typed_reference: str) -> None:
        """Raise ReferenceMissing, before a code is spent on the payment. Moves nothing."""

    def pay(self, order: Order, typed_reference: str) -> Receipt:
        """Pay, or receipt what was paid by hand. Raises ReferenceMissing or GatewayFailed."""
