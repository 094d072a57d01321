"""Which of several payments may be paid together, and every reason against the others.

Source: domain, section 3, executing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.gateways.protocol import CannotSend, NetworkGateway, Order, ReferenceMissing
from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.services import gateway_settings, locate, payment_facts
from pettycash_tui.services.bundles import Proof
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.work import Reading

MOST = 500
"""Payments that are confirmed together: what a person can still look through."""


@dataclass(frozen=True, slots=True)
class RefusedPayment:
    """A payment that was not paid, with every reason."""

    id: UUID
    payment: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What one call brings to each of its transactions. `covered`: the payments that its code is for.

    `network`: the methods that go over a network here, each with its gateway. `key`: empty where nothing is paid yet.
    """

    network: Mapping[PaymentMethod, NetworkGateway]
    references: Mapping[UUID, str] = field(default_factory=dict)
    key: str = ""
    covered: frozenset[UUID] | None = None
    bundle_id: UUID | None = None
    proof: Proof | None = None

    def key_of(self, row: Row[Any]) -> str:
        """The idempotency key of one of its payments: keys are unique in a company."""
        return f"{self.key}:{row.number}"

    def is_done(self, row: Row[Any]) -> bool:
        """Whether an earlier call with the same key paid or sent this one."""
        left = payment_facts.is_executed(row) or row.status in payment_facts.IN_FLIGHT
        return bool(self.key) and left and row.idempotency_key == self.key_of(row)


def network_of(desk: Desk) -> dict[PaymentMethod, NetworkGateway]:
    """The methods that go over a network here. Raises Refused (`gateway_settings`)."""
    found = {method: gateway_settings.network(desk, method) for method in GATEWAYS}
    return {method: gateway for method, gateway in found.items() if gateway is not None}


def look(
    reading: Reading, refs: Sequence[str | UUID], call: Call, with_references: bool
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Those that may be paid, in the order of their numbers, and those that may not. Raises InvalidInput, NotFound."""
    if not 0 < len(refs) <= MOST:
        raise InvalidInput.of(payments=f"must be 1 to {MOST}")
    ids = locate.payment_ids(reading, refs)
    if len(set(ids)) != len(ids):
        raise InvalidInput.of(payments="must each be named once")
    rows, refused = sorted_out(reading, payment_facts.read_many(reading, ids), call, with_references)
    if len({(row.company_id, row.currency) for row in rows}) > 1:
        raise InvalidInput.of(payments="must be of one company and one currency")
    return sorted(rows, key=by_number), refused


def sorted_out(
    reading: Reading, rows: Sequence[Row[Any]], call: Call, with_references: bool = True
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Of these facts those that may be paid, and those that may not, each by number. A code is taken as offered."""
    good, refused = [], []
    used = _used_references(reading, rows, call)
    for row in sorted(rows, key=by_number):
        if call.is_done(row):
            good.append(row)
            continue
        reasons = payment_facts.reasons_against(row, reading.actor.id, reading.now, code_offered=True)
        if not reasons and row.method in call.network:
            reasons += _against_sending(row, call.network[row.method])
        elif not reasons and with_references:
            reasons += _against_reference(row, call, used)
        if call.covered is not None and row.otp_required and row.id not in call.covered:
            reasons.append(Reason("not_on_list", f"{row.number} is not on the list that the code was sent for."))
        if reasons:
            refused.append(RefusedPayment(row.id, row.number, tuple(reasons)))
        else:
            good.append(row)
    return good, refused


def _against_sending(row: Row[Any], gateway: NetworkGateway) -> list[Reason]:
    try:
        gateway.check(order_of(row))
    except CannotSend as error:
        return [Reason("cannot_send", f"{row.number} cannot be sent: {error.field} {error.expected}.")]
    return []


def _against_reference(row: Row[Any], call: Call, used: dict[str, str]) -> list[Reason]:
    typed = call.references.get(row.id, "")
    try:
        GATEWAYS[row.method].check(order_of(row), typed)
    except ReferenceMissing as error:
        return [Reason("reference_missing", f"{row.number}: the reference {error}.")]
    taken = used.setdefault(typed, row.number) if typed else row.number
    if taken != row.number:
        return [Reason("reference_used", f"{row.number}: the reference {typed!r} is on {taken} already.")]
    return []


def _used_references(reading: Reading, rows: Iterable[Row[Any]], call: Call) -> dict[str, str]:
    typed = set(call.references.values())
    if not typed:
        return {}
    e, p = t.payment_execution.c, t.payment.c
    found = reading.execute(
        select(e.gateway_reference, p.number)
        .join_from(t.payment_execution, t.payment, p.id == e.payment_id)
        .where(e.company_id.in_({row.company_id for row in rows}), e.gateway_reference.in_(typed))
    )
    return {row.gateway_reference: row.number for row in found}


def order_of(row: Row[Any]) -> Order:
    """A payment as its gateway is told of it."""
    return Order(row.number, row.payee, row.destination, row.amount, row.currency, row.method)


def by_number(row: Row[Any]) -> str:
    """The order in which payments are listed."""
    return str(row.number)
