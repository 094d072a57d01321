"""Paying several payments together: one code for the list, and per fund all of them in one transaction.

What cannot be paid is listed with every reason, and holds nothing else up. The code is spent in the transaction of the
first fund; the funds after it look that it was. A payment is paid once, however often and from wherever the same list
is confirmed: its own row is locked, as when it is paid alone. Locks: requisitions and payments in the order of their
ids, code, fund, stream head. Source: domain, section 3, executing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.gateways.protocol import Order, ReferenceMissing
from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.money import Money
from pettycash_tui.services import bundles, gateway_settings, holds, locate, payment_facts, posting
from pettycash_tui.services.bundles import BundleSent, Proof
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Reason, Refused
from pettycash_tui.services.execution import KEY_LENGTH, REFERENCE_LENGTH
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.posting import Confirmed, Executed, Leaving
from pettycash_tui.services.work import Reading, Work

MOST = 500
"""Payments that are confirmed together: what a person can still look through."""


@dataclass(frozen=True, slots=True)
class RefusedPayment:
    """A payment that was not paid, with every reason."""

    id: UUID
    payment: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """What came of paying together; `total` is what was paid."""

    paid: tuple[Executed, ...]
    refused: tuple[RefusedPayment, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class SentForMany:
    """A code on its way for those that can be paid, and those that cannot. `sent` is None where no code is needed."""

    sent: BundleSent | None
    count: int
    total: Money
    refused: tuple[RefusedPayment, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call brings to each of its transactions. `covered`: the payments that its code is for."""

    references: Mapping[UUID, str]
    network: frozenset[str]
    key: str
    covered: frozenset[UUID] | None = None
    bundle_id: UUID | None = None
    proof: Proof | None = None


class _NothingPaid(Refused):
    """Nothing of a fund could be paid: undone as a whole, so that no code is spent on it."""

    def __init__(self, refused: list[RefusedPayment]) -> None:
        super().__init__("Nothing of this fund can be paid.")
        self.refused = refused


def look(desk: Desk, actor: Actor, refs: Sequence[str | UUID]) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """The facts of those of these payments that the actor may pay together now, by number, and the others.

    A code and references are still to be given. Raises NotAllowed, InvalidInput.
    """
    actor.require(Right.EXECUTE)
    return desk.read(actor, _look, refs, _Call({}, _network(desk), ""), False)


def send_code(desk: Desk, actor: Actor, refs: Sequence[str | UUID]) -> SentForMany:
    """Send one code for all of these that the actor may pay now; the others are told with their reasons.

    Raises Refused when none can be paid, or the last code is younger than the resend time.
    """
    rows, refused = look(desk, actor, refs)
    if not rows:
        raise _all_refused(refused)
    total = Money(sum(row.amount for row in rows), rows[0].currency)
    if not any(row.otp_required for row in rows):
        return SentForMany(None, len(rows), total, tuple(refused))
    sent = bundles.send_code(desk, actor, [row.id for row in rows])
    return SentForMany(sent, len(rows), total, tuple(refused))


def pay_together(
    desk: Desk,
    actor: Actor,
    refs: Sequence[str | UUID],
    *,
    code: str | None = None,
    references: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    report: Callable[[int, int], bool] | None = None,
) -> Together:
    """Pay these payments, confirmed by one code. `references`: that of the transfer, by the payment's number or id.

    `report` is told after each fund how many payments of how many are done, and says whether to go on with the next.
    The same idempotency key gives what was paid with it before as paid again. Raises Refused when nothing can be paid,
    or for the code; InvalidInput.
    """
    actor.require(Right.EXECUTE)
    key = clean_text("idempotency_key", idempotency_key or str(new_id()), max_length=KEY_LENGTH - 24)
    call = _Call(desk.read(actor, _references, references or {}), _network(desk), key)
    rows, refused = desk.read(actor, _look, refs, call, True)
    count = len(rows) + len(refused)
    due = [row for row in rows if not payment_facts.is_executed(row)]
    if due and code is not None:
        call = _with_code(desk, actor, call, [row.id for row in rows] + [each.id for each in refused], code)
    paid = [
        done
        for row in rows
        if payment_facts.is_executed(row)
        and (done := desk.read(actor, posting.result_of, row.id, repeated=True)) is not None
    ]
    is_spent, is_stopped = False, False
    for of_fund in _by_fund(due):
        if is_stopped:
            refused += [RefusedPayment(row.id, row.number, (_stopped(row),)) for row in of_fund]
            continue
        try:
            done_now, left = desk.run(actor, _pay_fund, [row.id for row in of_fund], call, is_spent)
        except _NothingPaid as nothing:
            done_now, left = [], nothing.refused
        except PettyCashError as error:
            if not paid:
                raise
            # What was paid before is told; of this fund nothing was, or only its payments themselves can say.
            done_now, left = [], _failed(of_fund, error)
        is_spent = is_spent or bool(done_now)
        paid += done_now
        refused += left
        is_stopped = report is not None and not report(len(paid) + len(refused), count)
    if not paid:
        raise _all_refused(refused)
    total = Money(sum(each.amount.minor for each in paid), paid[0].amount.currency)
    return Together(tuple(paid), tuple(refused), total)


def _stopped(row: Row[Any]) -> Reason:
    return Reason("stopped", f"{row.number} was not paid, because you stopped before its fund's turn.")


def _failed(rows: Sequence[Row[Any]], error: PettyCashError) -> list[RefusedPayment]:
    reasons = error.reasons or (Reason(error.code, error.message),)
    return [RefusedPayment(row.id, row.number, tuple(reasons)) for row in rows]


def _with_code(desk: Desk, actor: Actor, call: _Call, named: Sequence[UUID], code: str) -> _Call:
    found = desk.read(actor, bundles.open_within, named)
    if found is None:
        raise Refused.because(Reason("no_code", "No code for these payments is open. Ask for one, then type it."))
    proof = bundles.prove(desk, actor, found.bundle_id, code)
    return _Call(call.references, call.network, call.key, frozenset(found.payments), found.bundle_id, proof)


def _look(
    reading: Reading, refs: Sequence[str | UUID], call: _Call, with_references: bool
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Those that may be paid, in the order of their numbers, and those that may not."""
    if not 0 < len(refs) <= MOST:
        raise InvalidInput.of(payments=f"must be 1 to {MOST}")
    ids = locate.payment_ids(reading, refs)
    if len(set(ids)) != len(ids):
        raise InvalidInput.of(payments="must each be named once")
    rows, refused = _sorted_out(reading, payment_facts.read_many(reading, ids), call, with_references)
    if len({(row.company_id, row.currency) for row in rows}) > 1:
        raise InvalidInput.of(payments="must be of one company and one currency")
    return sorted(rows, key=_number), refused


def _sorted_out(
    reading: Reading, rows: Sequence[Row[Any]], call: _Call, with_references: bool = True
) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    good, refused = [], []
    used = _used_references(reading, rows, call)
    for row in sorted(rows, key=_number):
        if call.key and payment_facts.is_executed(row) and row.idempotency_key == _own_key(call, row):
            good.append(row)
            continue
        reasons = payment_facts.reasons_against(row, reading.actor.id, reading.now, code_offered=True)
        if row.method in call.network:
            reasons.append(Reason("over_network", f"{row.number} is sent over a network: pay it with its own code."))
        elif with_references and not reasons:
            reasons += _against_reference(row, call, used)
        if call.covered is not None and row.otp_required and row.id not in call.covered:
            reasons.append(Reason("not_on_list", f"{row.number} is not on the list that the code was sent for."))
        if reasons:
            refused.append(RefusedPayment(row.id, row.number, tuple(reasons)))
        else:
            good.append(row)
    return good, refused


def _against_reference(row: Row[Any], call: _Call, used: dict[str, str]) -> list[Reason]:
    typed = call.references.get(row.id, "")
    try:
        GATEWAYS[row.method].check(order_of(row), typed)
    except ReferenceMissing as error:
        return [Reason("reference_missing", f"{row.number}: the reference {error}.")]
    taken = used.setdefault(typed, row.number) if typed else row.number
    if taken != row.number:
        return [Reason("reference_used", f"{row.number}: the reference {typed!r} is on {taken} already.")]
    return []


def _used_references(reading: Reading, rows: Iterable[Row[Any]], call: _Call) -> dict[str, str]:
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


def _pay_fund(
    work: Work, ids: Sequence[UUID], call: _Call, is_spent: bool
) -> tuple[list[Executed], list[RefusedPayment]]:
    """Pay what can be paid of one fund."""
    rows, refused = _sorted_out(work, payment_facts.read_many(work, ids, lock=True), call)
    rows = [row for row in rows if not payment_facts.is_executed(row)]
    if call.proof is None:
        refused += [RefusedPayment(row.id, row.number, (_no_code(row),)) for row in rows if row.otp_required]
        rows = [row for row in rows if not row.otp_required]
    if not rows:
        raise _NothingPaid(refused)
    confirmed = _confirmed(work, call, is_spent)
    leaving: list[Leaving] = []
    for row in rows:
        if row.is_held or holds.place(work, row.fund_id, row.amount):
            receipt = GATEWAYS[row.method].pay(order_of(row), call.references.get(row.id, ""))
            leaving.append(Leaving(row, receipt, _own_key(call, row)))
        else:
            reason = Reason("not_enough", f"Fund {row.fund_code} has not enough available for {row.number}.")
            refused.append(RefusedPayment(row.id, row.number, (reason,)))
    if not leaving:
        raise _NothingPaid(refused)
    return posting.post_together(work, leaving, confirmed), refused


def _confirmed(work: Work, call: _Call, is_spent: bool) -> Confirmed:
    """Spend the code of the list, or see that the fund before did."""
    verified_at, channel = None, None
    if call.proof is not None and call.bundle_id is not None:
        consume = bundles.spent if is_spent else bundles.consume
        spent = consume(work, call.bundle_id, call.proof)
        verified_at, channel = spent.verified_at, spent.channel
    return Confirmed(work.actor.person_id, verified_at, channel, work.actor.source, work.actor.client)


def _own_key(call: _Call, row: Row[Any]) -> str:
    """The key of one payment of the call: keys are unique in a company."""
    return f"{call.key}:{row.number}"


def _no_code(row: Row[Any]) -> Reason:
    return Reason("code_not_verified", f"{row.number} needs a one-time code: send one for the list and type it.")


def _network(desk: Desk) -> frozenset[str]:
    """The methods that go over a network here."""
    return frozenset(method for method in GATEWAYS if gateway_settings.network(desk, method) is not None)


def _references(reading: Reading, typed: Mapping[str, str]) -> dict[UUID, str]:
    cleaned = [clean_text("reference", reference, max_length=REFERENCE_LENGTH) for reference in typed.values()]
    return dict(zip(locate.payment_ids(reading, list(typed)), cleaned, strict=True)) if typed else {}


def _by_fund(rows: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    groups: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(row.fund_id, []).append(row)
    return [groups[fund] for fund in sorted(groups)]


def _number(row: Row[Any]) -> str:
    return str(row.number)


def order_of(row: Row[Any]) -> Order:
    """A payment as its gateway is told of it."""
    return Order(row.number, row.payee, row.destination, row.amount, row.currency, row.method)


def _all_refused(refused: Sequence[RefusedPayment]) -> Refused:
    reasons = [reason for each in refused for reason in each.reasons]
    return Refused.because(*reasons, opening="None of these can be paid.")
