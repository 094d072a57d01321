"""What paying several payments together would do, before any code: by fund, and why some are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.gateways.protocol import ReferenceMissing
from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.services import bulk, gateway_settings, payment_facts
from pettycash_tui.services.bulk import RefusedPayment
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.identity import Actor


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """A payment that would be paid. `asks_reference`: its method needs one that a person types."""

    id: UUID
    payment: str
    payee: str
    amount: Money
    method: PaymentMethod
    destination: str
    fund: str
    asks_reference: bool


@dataclass(frozen=True, slots=True)
class FundShare:
    """What the payments of one fund come to, and what they leave in it."""

    fund: str
    payments: tuple[PlannedPayment, ...]
    total: Money
    balance: Money
    balance_after: Money
    available_after: Money


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be paid, fund by fund in the order in which they are paid, and what not, with every reason."""

    funds: tuple[FundShare, ...]
    refused: tuple[RefusedPayment, ...]
    needs_code: bool

    @property
    def payments(self) -> tuple[PlannedPayment, ...]:
        """All that would be paid, by their numbers: the order in which their code is bound to them."""
        found = [payment for share in self.funds for payment in share.payments]
        return tuple(sorted(found, key=lambda payment: payment.payment))

    @property
    def total(self) -> Money | None:
        """What all of it comes to; None where nothing can be paid."""
        if not self.funds:
            return None
        first, *others = self.funds
        total = first.total
        for share in others:
            total = total + share.total
        return total


def plan(desk: Desk, actor: Actor, refs: Sequence[str | UUID]) -> Plan:
    """What would be paid of these, with a code and references still to be given. Raises NotAllowed, InvalidInput."""
    rows, refused = bulk.look(desk, actor, refs)
    network = gateway_settings.gateways(desk)
    of_fund: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        of_fund.setdefault(row.fund_id, []).append(row)
    shares = tuple(_share(of_fund[fund], network) for fund in sorted(of_fund))
    return Plan(shares, tuple(refused), any(row.otp_required for row in rows))


def _share(rows: Sequence[Row[Any]], network: Gateways) -> FundShare:
    currency = rows[0].currency
    total = sum(row.amount for row in rows)
    balance = rows[0].current_balance
    # What is held already is no longer available, and stays so.
    available = balance - rows[0].held_amount - sum(row.amount for row in rows if not row.is_held)
    return FundShare(
        fund=rows[0].fund_code,
        payments=tuple(_planned(row, network.serves(row.method)) for row in rows),
        total=Money(total, currency),
        balance=Money(balance, currency),
        balance_after=Money(balance - total, currency),
        available_after=Money(available, currency),
    )


def _planned(row: Row[Any], is_sent: bool) -> PlannedPayment:
    return PlannedPayment(
        id=row.id,
        payment=row.number,
        payee=row.payee,
        amount=Money(row.amount, row.currency),
        method=row.method,
        destination=row.destination,
        fund=row.fund_code,
        asks_reference=not is_sent and _asks_reference(row),
    )


def _asks_reference(row: Row[Any]) -> bool:
    try:
        GATEWAYS[row.method].check(payment_facts.order_of(row), "")
    except ReferenceMissing:
        return True
    return False
