"""What would be confirmed for a day, and every reason against each payment, before a code is spent on it.

A day suits what can be executed without a person: M-Pesa where its gateway is set up, and a transfer that the officer
has ordered by hand for that day, with the reference of that order. Cash needs somebody who hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.gateways.protocol import CannotSend
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod, ScheduleStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import payment_facts, payment_lists
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

FURTHEST_DAYS = 366

_S, _P = t.payment_schedule.c, t.payment.c


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A payment that is to be confirmed for a day. `needs_reference`: of an order that the officer gives by hand."""

    id: UUID
    payment: str
    payee: str
    amount: Money
    method: PaymentMethod
    needs_code: bool
    needs_reference: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """The payments in the order of their numbers, each with every reason against confirming it for this day."""

    day: date
    lines: tuple[ScheduleLine, ...]

    @property
    def good(self) -> tuple[ScheduleLine, ...]:
        """Those that may be confirmed."""
        return tuple(line for line in self.lines if not line.reasons)

    @property
    def refused(self) -> tuple[ScheduleLine, ...]:
        """Those that may not."""
        return tuple(line for line in self.lines if line.reasons)

    @property
    def needs_code(self) -> bool:
        """Whether one of them has to be confirmed by a code."""
        return any(line.needs_code for line in self.lines)

    @property
    def total(self) -> Money:
        """What all of them come to."""
        return Money(sum(line.amount.minor for line in self.lines), self.lines[0].amount.currency)


def reasons_against(
    reading: Reading,
    refs: Sequence[str | UUID],
    day: date,
    network: Gateways,
    references: Mapping[UUID, str] | None = None,
    *,
    lock: bool = False,
) -> SchedulePlan:
    """What the actor would confirm for a day. Without `references` none is asked for yet.

    Raises InvalidInput for another day than one of the year after today, for no payments, too many or one named twice,
    and for several companies; NotFound.
    """
    reading.actor.require(Right.EXECUTE)
    ids = payment_lists.named(reading, refs)
    rows = sorted(payment_facts.read_many(reading, ids, lock=lock), key=payment_lists.by_number)
    payment_lists.require_alike(rows)
    check_day(day, reading.today(rows[0].timezone))
    used = {} if references is None else _used(reading, rows, references)
    return SchedulePlan(day, tuple(_line(reading, row, day, network, references, used) for row in rows))


def check_day(day: date, today: date) -> None:
    """Raise InvalidInput for a day that is not after the company's today, or more than a year ahead."""
    if not today < day <= today + timedelta(days=FURTHEST_DAYS):
        raise InvalidInput.of(date=f"must be a day after today, {today.isoformat()}, and at most a year from then")


def against_way(facts: Any, network: Gateways, reference: str) -> list[Reason]:
    """Why a payment could not be executed without a person, given the reference of an order by hand, if any."""
    if facts.method is PaymentMethod.CASH:
        message = f"{facts.number} is paid in cash, which somebody hands over: it cannot be scheduled."
        return [Reason("cash_by_hand", message)]
    if reference:
        if not network.serves(facts.method):
            return []
        message = f"{facts.number} is sent by {facts.method.label} on its day: leave its reference out."
        return [Reason("reference_not_needed", message)]
    if facts.method in network.trouble:
        return [network.trouble[facts.method]]
    gateway = network.by_method.get(facts.method)
    if gateway is None:
        message = (
            f"{facts.number} is transferred by hand: order the transfer for that day, and give its reference with"
            f" --reference {facts.number}=REF."
        )
        return [Reason("reference_missing", message)]
    try:
        gateway.check(payment_facts.order_of(facts))
    except CannotSend as error:
        return [Reason("cannot_send", f"{facts.number} cannot be sent: its {error.field} {error.expected}.")]
    return []


def _line(
    reading: Reading,
    row: Row[Any],
    day: date,
    network: Gateways,
    references: Mapping[UUID, str] | None,
    used: dict[str, str],
) -> ScheduleLine:
    reasons = payment_facts.reasons_against_day(row, reading.actor.id, reading.now, day)
    by_hand = row.method is not PaymentMethod.CASH and not network.serves(row.method)
    typed = "" if references is None else references.get(row.id, "")
    if references is not None or not by_hand:
        reasons += against_way(row, network, typed)
    reasons += payment_lists.against_used(row, typed, used)
    return ScheduleLine(
        id=row.id,
        payment=row.number,
        payee=row.payee,
        amount=Money(row.amount, row.currency),
        method=row.method,
        needs_code=row.otp_required,
        needs_reference=by_hand,
        reasons=tuple(reasons),
    )


def _used(reading: Reading, rows: Sequence[Row[Any]], references: Mapping[UUID, str]) -> dict[str, str]:
    """On which payment each of these references is: one that is paid, or confirmed for a day."""
    typed, company = set(references.values()), rows[0].company_id
    if not typed:
        return {}
    confirmed = (
        select(_S.reference, _P.number)
        .join_from(t.payment_schedule, t.payment, _P.id == _S.payment_id)
        .where(_S.company_id == company, _S.reference.in_(typed), _S.status == ScheduleStatus.STANDING)
    )
    return payment_lists.paid_under(reading, company, typed) | {
        row.reference: row.number for row in reading.execute(confirmed)
    }
