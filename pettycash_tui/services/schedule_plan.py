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

from pettycash_tui.gateways.protocol import CannotSend, NetworkGateway, Order
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod, ScheduleStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import gateway_settings, locate, payment_facts
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

MOST = 500
"""Payments that are confirmed for a day together: what a person can still look through."""
FURTHEST_DAYS = 366
REFERENCE_LENGTH = 120

_S, _E, _P = t.payment_schedule.c, t.payment_execution.c, t.payment.c


@dataclass(frozen=True, slots=True)
class Gateways:
    """The gateways over a network that are set up here, by the method they serve; `trouble`: those set up wrongly."""

    by_method: Mapping[PaymentMethod, NetworkGateway]
    trouble: Mapping[PaymentMethod, Reason]

    def serves(self, method: PaymentMethod) -> bool:
        """Whether a method goes over a network here, or should."""
        return method in self.by_method or method in self.trouble


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


def gateways(desk: Desk) -> Gateways:
    """The gateways over a network that are set up here."""
    found, trouble = {}, {}
    for method in PaymentMethod:
        try:
            gateway = gateway_settings.network(desk, method)
        except Refused as error:
            trouble[method] = Reason(error.code, error.message)
        else:
            if gateway is not None:
                found[method] = gateway
    return Gateways(found, trouble)


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
    ids = named(reading, refs)
    rows = sorted(payment_facts.read_many(reading, ids, lock=lock), key=lambda row: str(row.number))
    if len({(row.company_id, row.currency) for row in rows}) > 1:
        raise InvalidInput.of(payments="must be of one company and one currency")
    check_day(day, reading.today(rows[0].timezone))
    used = {} if references is None else _used(reading, rows, references)
    return SchedulePlan(day, tuple(_line(reading, row, day, network, references, used) for row in rows))


def named(reading: Reading, refs: Sequence[str | UUID]) -> list[UUID]:
    """The payments' ids. Raises InvalidInput, NotFound."""
    if not 0 < len(refs) <= MOST:
        raise InvalidInput.of(payments=f"must be 1 to {MOST}")
    ids = locate.payment_ids(reading, refs)
    if len(set(ids)) != len(ids):
        raise InvalidInput.of(payments="must each be named once")
    return ids


def references(reading: Reading, typed: Mapping[str, str]) -> dict[UUID, str]:
    """The references as typed, by the payment's id. Raises InvalidInput, NotFound."""
    cleaned = [clean_text("reference", reference, max_length=REFERENCE_LENGTH) for reference in typed.values()]
    return dict(zip(locate.payment_ids(reading, list(typed)), cleaned, strict=True)) if typed else {}


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
        gateway.check(order_of(facts))
    except CannotSend as error:
        return [Reason("cannot_send", f"{facts.number} cannot be sent: its {error.field} {error.expected}.")]
    return []


def order_of(facts: Any) -> Order:
    """What a gateway needs of a payment."""
    return Order(facts.number, facts.payee, facts.destination, facts.amount, facts.currency, facts.method)


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
    taken = used.setdefault(typed, row.number) if typed else row.number
    if taken != row.number:
        reasons.append(Reason("reference_used", f"{row.number}: the reference {typed!r} is on {taken} already."))
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
    paid = (
        select(_E.gateway_reference.label("reference"), _P.number)
        .join_from(t.payment_execution, t.payment, _P.id == _E.payment_id)
        .where(_E.company_id == company, _E.gateway_reference.in_(typed))
    )
    confirmed = (
        select(_S.reference, _P.number)
        .join_from(t.payment_schedule, t.payment, _P.id == _S.payment_id)
        .where(_S.company_id == company, _S.reference.in_(typed), _S.status == ScheduleStatus.STANDING)
    )
    return {row.reference: row.number for statement in (paid, confirmed) for row in reading.execute(statement)}
