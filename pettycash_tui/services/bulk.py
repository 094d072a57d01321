"""Paying several payments together: one code for the list, and per fund all of them in one transaction.

What goes over a network is sent after that, one payment after the other: each order is committed before it is sent, so
that a process that dies leaves one in doubt and not the list. What cannot be paid is listed with every reason, and
holds nothing else up. The code is spent in the first transaction; those after it look that it was. A payment is paid
once, however often and from wherever the same list is confirmed: its own row is locked, as when it is paid alone.
Locks: requisitions and payments in the order of their ids, code, fund, stream head. Source: domain, section 3,
executing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    bulk_sorting,
    bundles,
    gateway_settings,
    holds,
    orders,
    payment_facts,
    payment_lists,
    posting,
    sending,
)
from pettycash_tui.services.bulk_sorting import Call, RefusedPayment
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, PettyCashError, Reason, Refused
from pettycash_tui.services.execution import KEY_LENGTH
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.posting import Confirmed, Executed, Leaving
from pettycash_tui.services.sending import Awaited
from pettycash_tui.services.work import Work

__all__ = ["RefusedPayment", "SentForMany", "Together", "look", "pay_together", "send_code"]


@dataclass(frozen=True, slots=True)
class Together:
    """What came of paying together. `total` is what was paid; `awaited` was sent, and its result will be told."""

    paid: tuple[Executed, ...]
    refused: tuple[RefusedPayment, ...]
    total: Money
    awaited: tuple[Awaited, ...]
    awaited_total: Money


@dataclass(frozen=True, slots=True)
class SentForMany:
    """A code on its way for those that can be paid, and those that cannot. `sent` is None where no code is needed."""

    sent: BundleSent | None
    count: int
    total: Money
    refused: tuple[RefusedPayment, ...]


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
    return desk.read(actor, bulk_sorting.look, refs, Call(gateway_settings.gateways(desk)), False)


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

    `report` is told after each fund, and after each payment sent over a network, how many payments of how many are
    done, and says whether to go on with the next. The same idempotency key gives what was paid or sent with it before
    again. Raises Refused when nothing can be paid, or for the code; InvalidInput.
    """
    actor.require(Right.EXECUTE)
    key = clean_text("idempotency_key", idempotency_key or str(new_id()), max_length=KEY_LENGTH - 24)
    call = Call(gateway_settings.gateways(desk), desk.read(actor, payment_lists.references, references or {}), key)
    rows, refused = desk.read(actor, bulk_sorting.look, refs, call, True)
    due = [row for row in rows if not call.is_done(row)]
    if due and code is not None:
        call = _with_code(desk, actor, call, [row.id for row in rows] + [each.id for each in refused], code)
    run = _Run(desk, actor, call, refused=refused)
    run.tell_again([row for row in rows if call.is_done(row)])
    local = [row for row in due if row.method not in call.network.by_method]
    sent = [row for row in due if row.method in call.network.by_method]
    is_stopped = False
    for group in [*_by_fund(local), *([row] for row in sent)]:
        if is_stopped:
            run.refused += [RefusedPayment(row.id, row.number, (_stopped(row),)) for row in group]
            continue
        try:
            if group[0].method in call.network.by_method:
                run.send_one(group[0])
            else:
                run.pay_fund(group)
        except PettyCashError as error:
            if not (run.is_any or run.is_spent):
                raise
            # What was paid before is told; of these nothing was, or only the payments themselves can say.
            run.refused += [_failed(row, error) for row in group if row.id not in run.told]
            is_stopped = isinstance(error, DatabaseUnavailable)
        is_stopped = is_stopped or (report is not None and not report(run.count, len(rows) + len(refused)))
    if not run.is_any:
        raise _all_refused(run.refused)
    return run.result(rows[0].currency)


@dataclass
class _Run:
    """One list being paid: what is paid, what is sent, what is refused so far, and whether its code is spent."""

    desk: Desk
    actor: Actor
    call: Call
    refused: list[RefusedPayment]
    paid: list[Executed] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    is_spent: bool = False

    @property
    def count(self) -> int:
        """How many payments had their turn."""
        return len(self.paid) + len(self.awaited) + len(self.refused)

    @property
    def told(self) -> set[UUID]:
        """The payments of which it is known what became of them."""
        done = {each.payment_id for each in self.paid} | {each.payment_id for each in self.awaited}
        return done | {each.id for each in self.refused}

    @property
    def is_any(self) -> bool:
        """Whether any money left, or may have."""
        return bool(self.paid or self.awaited)

    def tell_again(self, rows: Sequence[Row[Any]]) -> None:
        """What a call with the same key did with these, now or before."""
        for row in rows:
            found = self.desk.read(self.actor, sending.result_of, row.id, self.call.key_of(row), repeated=True)
            if found is not None:
                self._add(found)

    def pay_fund(self, rows: Sequence[Row[Any]]) -> None:
        """Pay what can be paid of one fund, in one transaction."""
        try:
            done, left = self.desk.run(self.actor, _pay_fund, [row.id for row in rows], self.call, self.is_spent)
        except _NothingPaid as nothing:
            done, left = [], nothing.refused
        self.is_spent = self.is_spent or bool(done)
        self.paid += done
        self.refused += left
        # The same call from somewhere else was faster.
        self.tell_again([row for row in rows if row.id not in self.told])

    def send_one(self, row: Row[Any]) -> None:
        """Write down the order of one payment, and send it. Raises Refused where its gateway pays nothing."""
        try:
            order = sending.opened(self.desk, self.actor, _open_order, row.id, self.call, self.is_spent)
        except _NothingPaid as nothing:
            self.refused += nothing.refused
            if not nothing.refused:
                self.tell_again([row])
            return
        except Refused as error:
            self.refused.append(_failed(row, error))
            return
        self.is_spent = True
        self._add(sending.send(self.desk, self.actor, self.call.network.by_method[row.method], order))

    def result(self, currency: str) -> Together:
        """All of it."""
        return Together(
            paid=tuple(self.paid),
            refused=tuple(self.refused),
            total=Money(sum(each.amount.minor for each in self.paid), currency),
            awaited=tuple(self.awaited),
            awaited_total=Money(sum(each.amount.minor for each in self.awaited), currency),
        )

    def _add(self, found: Executed | Awaited) -> None:
        if isinstance(found, Executed):
            self.paid.append(found)
        else:
            self.awaited.append(found)


def _stopped(row: Row[Any]) -> Reason:
    return Reason("stopped", f"{row.number} was not paid, because it was stopped before its turn.")


def _failed(row: Row[Any], error: PettyCashError) -> RefusedPayment:
    if isinstance(error, DatabaseUnavailable) and error.code == "database_away":
        message = (
            f"{row.number}: the connection to the database was lost while paying it. Look at it before anything else;"
            " trying again cannot pay it twice."
        )
        return RefusedPayment(row.id, row.number, (Reason(error.code, message),))
    return RefusedPayment(row.id, row.number, tuple(error.reasons) or (Reason(error.code, error.message),))


def _with_code(desk: Desk, actor: Actor, call: Call, named: Sequence[UUID], code: str) -> Call:
    found = desk.read(actor, bundles.open_within, named)
    if found is None:
        raise Refused.because(Reason("no_code", "No code for these payments is open. Ask for one, then type it."))
    proof = bundles.prove(desk, actor, found.bundle_id, code)
    return replace(call, covered=frozenset(found.payments), bundle_id=found.bundle_id, proof=proof)


def _pay_fund(
    work: Work, ids: Sequence[UUID], call: Call, is_spent: bool
) -> tuple[list[Executed], list[RefusedPayment]]:
    """Pay what can be paid of one fund."""
    rows, refused = _payable(work, ids, call)
    confirmed = _confirmed(work, call, is_spent, rows)
    leaving: list[Leaving] = []
    for row in rows:
        if row.is_held or holds.place(work, row.fund_id, row.amount):
            receipt = GATEWAYS[row.method].pay(payment_facts.order_of(row), call.references.get(row.id, ""))
            leaving.append(Leaving(row, receipt, call.key_of(row)))
        else:
            reason = Reason("not_enough", f"Fund {row.fund_code} has not enough available for {row.number}.")
            refused.append(RefusedPayment(row.id, row.number, (reason,)))
    if not leaving:
        raise _NothingPaid(refused)
    return posting.post_together(work, leaving, confirmed), refused


def _open_order(work: Work, conversation_id: str, payment_id: UUID, call: Call, is_spent: bool) -> UUID:
    """Write down that a payment of the list is about to be sent over its network."""
    (row,), _ = _payable(work, [payment_id], call)
    return orders.open_order(
        work,
        row,
        call.network.by_method[row.method].name,
        conversation_id=conversation_id,
        confirmed=_confirmed(work, call, is_spent, [row]),
        key=call.key_of(row),
    )


def _payable(work: Work, ids: Sequence[UUID], call: Call) -> tuple[list[Row[Any]], list[RefusedPayment]]:
    """Those of these that may be paid, locked, and the others. Raises NotAllowed, and _NothingPaid where none may."""
    # As who acts is by now: an app may be demanded since they signed in.
    work.actor.require(Right.EXECUTE)
    rows, refused = bulk_sorting.sorted_out(work, payment_facts.read_many(work, ids, lock=True), call)
    rows = [row for row in rows if not call.is_done(row)]
    if call.proof is None:
        refused += [RefusedPayment(row.id, row.number, (_no_code(row),)) for row in rows if row.otp_required]
        rows = [row for row in rows if not row.otp_required]
    if not rows:
        raise _NothingPaid(refused)
    return rows, refused


def _confirmed(work: Work, call: Call, is_spent: bool, locked: Sequence[Row[Any]]) -> Confirmed:
    """Spend the code of the list, or see that the fund before did."""
    verified_at, channel = None, None
    if call.proof is not None and call.bundle_id is not None:
        if is_spent:
            spent = bundles.spent(work, call.bundle_id, call.proof)
        else:
            spent = bundles.consume(work, call.bundle_id, call.proof, locked)
        verified_at, channel = spent.verified_at, spent.channel
    return Confirmed(work.actor.person_id, verified_at, channel, work.actor.source, work.actor.client)


def _no_code(row: Row[Any]) -> Reason:
    return Reason("code_not_verified", f"{row.number} needs a one-time code: send one for the list and type it.")


def _by_fund(rows: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    groups: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(row.fund_id, []).append(row)
    return [groups[fund] for fund in sorted(groups)]


def _all_refused(refused: Sequence[RefusedPayment]) -> Refused:
    reasons = [reason for each in refused for reason in each.reasons]
    return Refused.because(*reasons, opening="None of these can be paid.")
