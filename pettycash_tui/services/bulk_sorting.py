"""Which of several payments may be paid together, and every reason against the others.

Source: domain, section 3, executing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.gateways.protocol import CannotSend, ReferenceMissing
from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.services import payment_facts, payment_lists
from pettycash_tui.services.bundles import Proof
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class RefusedPayment:
    """A payment that was not paid, with every reason."""

    id: UUID
    payment: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What one call brings to each of its transactions. `covered`: the payments that its code is for.

    `key` is empty where nothing is paid yet.
    """

    network: Gateways
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


def look(
    reading: Reading, refs: Sequence[str | UUID], call: Call, with_references: bool
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Those that may be paid, in the order of their numbers, and those that may not. Raises InvalidInput, NotFound."""
    ids = payment_lists.named(reading, refs)
    rows, refused = sorted_out(reading, payment_facts.read_many(reading, ids), call, with_references)
    payment_lists.require_alike(rows)
    return sorted(rows, key=payment_lists.by_number), refused


def sorted_out(
    reading: Reading, rows: Sequence[Row[Any]], call: Call, with_references: bool = True
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Of these facts those that may be paid, and those that may not, each by number. A code is taken as offered."""
    good, refused = [], []
    used = payment_lists.paid_under(reading, rows[0].company_id, set(call.references.values())) if rows else {}
    for row in sorted(rows, key=payment_lists.by_number):
        if call.is_done(row):
            good.append(row)
            continue
        reasons = payment_facts.reasons_against(row, reading.actor.id, reading.now, code_offered=True)
        if not reasons and call.network.serves(row.method):
            reasons += _against_sending(row, call.network)
        elif not reasons and with_references:
            reasons += _against_reference(row, call, used)
        if call.covered is not None and row.otp_required and row.id not in call.covered:
            reasons.append(Reason("not_on_list", f"{row.number} is not on the list that the code was sent for."))
        if reasons:
            refused.append(RefusedPayment(row.id, row.number, tuple(reasons)))
        else:
            good.append(row)
    return good, refused


def _against_sending(row: Row[Any], network: Gateways) -> list[Reason]:
    if row.method in network.trouble:
        return [network.trouble[row.method]]
    try:
        network.by_method[row.method].check(payment_facts.order_of(row))
    except CannotSend as error:
        return [Reason("cannot_send", f"{row.number} cannot be sent: {error.field} {error.expected}.")]
    return []


def _against_reference(row: Row[Any], call: Call, used: dict[str, str]) -> list[Reason]:
    typed = call.references.get(row.id, "")
    try:
        GATEWAYS[row.method].check(payment_facts.order_of(row), typed)
    except ReferenceMissing as error:
        return [Reason("reference_missing", f"{row.number}: the reference {error}.")]
    return payment_lists.against_used(row, typed, used)
