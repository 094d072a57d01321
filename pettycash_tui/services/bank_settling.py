"""What the bank did with the lines of a file: each is confirmed, which books its payment, or refused, which fails it.

A treasury officer tells it, line by line, for all lines that are open, or from the bank's status file; nobody confirms
a payment that they asked for. Lines are settled some at a time, each in one transaction, so that a batch of thousands
holds its fund up for moments only; a batch that is settled in part is gone on with. Locks: requisitions, payments,
orders, fund.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_ORDERS, OrderStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import bank_batches, bank_history, holds, locate, orders
from pettycash_tui.services.bank_lines import RefusedLine
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotFound, Overtaken, Reason, Refused
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

TOGETHER = 100
"""So many lines are settled in one transaction."""
REASON_LENGTH = 500
REFUSED_BY_BANK = "refused_by_bank"
_ROOM_FOR_POSITION = 6

Report = Callable[[int], bool]
"""Told after each transaction how many lines are settled; says whether to go on with the next."""


class BatchAct(StrEnum):
    """What is done with a batch that was made."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bank did with a line: `reference` when it paid, `reason` when it refused (with its own `code`)."""

    line: Row[Any]
    paid: bool
    reference: str = ""
    reason: str = ""
    code: str = REFUSED_BY_BANK


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A line after the bank's word on it. `voucher_number` and `reference`: of one that was paid."""

    position: int
    payment: str
    amount: Money
    paid: bool
    reference: str
    reason: str
    voucher_number: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What was settled of a batch now, what was left open although it was meant, and how many lines are open still.

    `stopped`: the lines whose turn did not come, because whoever waited for it stopped.
    """

    id: UUID
    number: str
    fund: str
    lines: tuple[SettledLine, ...]
    left: tuple[RefusedLine, ...]
    open: int
    total: Money
    stopped: int = 0


def confirm(
    desk: Desk,
    actor: Actor,
    ref: str | UUID,
    payments: Sequence[str] | None,
    reference: str | None,
    *,
    report: Report | None = None,
) -> Settled:
    """The bank paid these lines; None: every line that is open. `reference` is the bank's own.

    One line takes the reference as it is, several get `-<position>` behind it. Raises Refused, naming when and by whom,
    for lines that are settled already; InvalidInput; Overtaken.
    """
    actor.require(Right.EXECUTE)
    several = payments is None or len(payments) > 1
    longest = REFERENCE_LENGTH - (_ROOM_FOR_POSITION if several else 0)
    given = clean_text("reference", reference or "", max_length=longest)
    batch, lines, left = desk.read(actor, _chosen, ref, payments)
    outcomes = [
        Outcome(line, True, reference=f"{given}-{line.position}" if several else given, code="confirmed")
        for line in lines
    ]
    return settle(desk, actor, batch, outcomes, left=left, report=report)


def refuse(
    desk: Desk, actor: Actor, ref: str | UUID, payments: Sequence[str], reason: str, *, report: Report | None = None
) -> Settled:
    """The bank did not pay these lines, for this reason: their payments failed and can be tried again."""
    actor.require(Right.EXECUTE)
    why = clean_text("reason", reason, max_length=REASON_LENGTH)
    batch, lines, left = desk.read(actor, _chosen, ref, payments)
    outcomes = [Outcome(line, False, reason=why) for line in lines]
    return settle(desk, actor, batch, outcomes, left=left, report=report)


def settle(
    desk: Desk,
    actor: Actor,
    batch: Row[Any],
    outcomes: Sequence[Outcome],
    *,
    left: tuple[RefusedLine, ...] = (),
    report: Report | None = None,
) -> Settled:
    """Book what the bank did with lines of a batch, some at a time; what is booked stays so when `report` stops it."""
    done: list[SettledLine] = []
    for start in range(0, len(outcomes), TOGETHER):
        done += desk.run(actor, _settle_some, batch, outcomes[start : start + TOGETHER])
        if report is not None and not report(len(done)):
            break
    code, still_open = desk.read(actor, _after, batch)
    total = Money(sum(line.amount.minor for line in done if line.paid), batch.currency)
    stopped = len(outcomes) - len(done)
    return Settled(batch.id, batch.number, code, tuple(done), left, still_open, total, stopped)


def lines_of(reading: Reading, batch_id: UUID) -> list[Row[Any]]:
    """The lines of a batch in order, each an order with its payment's number, amount and requester."""
    o, p = t.payment_order.c, t.payment.c
    return list(
        reading.execute(
            select(
                o.id,
                o.position,
                o.payment_id,
                o.conversation_id,
                o.status,
                o.gateway_reference,
                o.result_code,
                o.result_text,
                o.settled_at,
                p.number,
                p.amount,
                p.payee,
                p.destination,
                p.requested_by_id,
            )
            .join_from(t.payment_order, t.payment, p.id == o.payment_id)
            .where(o.batch_id == batch_id)
            .order_by(o.position)
        ).all()
    )


def is_open(line: Any) -> bool:
    """Whether the bank's word on a line is awaited."""
    return line.status in OPEN_ORDERS


def reasons_against(reading: Reading, batch: Row[Any], lines: Sequence[Row[Any]], act: BatchAct) -> list[Reason]:
    """Every reason why the actor may not do that with a batch now, their role's right apart."""
    if act is BatchAct.FILE:
        return []
    open_lines = [line for line in lines if is_open(line)]
    if not open_lines:
        return [_all_settled(reading, batch, lines)]
    if all(line.requested_by_id == reading.actor.id for line in open_lines):
        return [own_reason(line) for line in open_lines]
    return []


def settled_reason(reading: Reading, batch: Row[Any], line: Any) -> Reason:
    """Why a line is not settled again: what became of it, when and by whom."""
    word = "confirmed" if line.status is OrderStatus.SUCCEEDED else "refused"
    by, at = bank_history.told(reading, batch.id).get(line.number, ("the bank's file", line.settled_at))
    told = f"{line.number} of {batch.number} was {word} on {_moment(reading, batch, at)} by {by}"
    reference = f", reference {line.gateway_reference}" if line.gateway_reference else ""
    return Reason(f"already_{word}", f"{told}{reference}.")


def _chosen(
    reading: Reading, ref: str | UUID, payments: Sequence[str] | None
) -> tuple[Row[Any], list[Row[Any]], tuple[RefusedLine, ...]]:
    """The batch and its lines that are meant; of all open ones those of the actor's own requests are left."""
    batch = locate.bank_batch(reading, ref)
    lines = lines_of(reading, batch.id)
    if payments is None:
        reasons = reasons_against(reading, batch, lines, BatchAct.CONFIRM)
        if reasons:
            raise Refused.because(*reasons)
        open_lines = [line for line in lines if is_open(line)]
        mine = [line for line in open_lines if line.requested_by_id == reading.actor.id]
        left = tuple(RefusedLine(line.number, (own_reason(line),)) for line in mine)
        return batch, [line for line in open_lines if line not in mine], left
    by_payment = {line.payment_id: line for line in lines}
    chosen: dict[UUID, Row[Any]] = {}
    for payment in payments:
        line = by_payment.get(locate.payment_id(reading, payment))
        if line is None:
            raise NotFound(f"{payment} is no line of {batch.number}. See `pettycash batch show {batch.number}`.")
        chosen[line.id] = line
    if not chosen:
        raise InvalidInput.of(payments="are missing; name them, or take all lines that are open with --all")
    reasons = [settled_reason(reading, batch, line) for line in chosen.values() if not is_open(line)]
    reasons += [own_reason(line) for line in chosen.values() if line.requested_by_id == reading.actor.id]
    if reasons:
        raise Refused.because(*reasons)
    return batch, list(chosen.values()), ()


def _settle_some(work: Work, batch: Row[Any], outcomes: Sequence[Outcome]) -> list[SettledLine]:
    work.actor.require(Right.EXECUTE)
    _lock(work, [outcome.line.payment_id for outcome in outcomes])
    if not all(outcome.paid for outcome in outcomes):
        # A final refusal gives its hold to those who wait, and they are locked before the fund.
        holds.lock_waiting(work, batch.fund_id)
    now = {line.id: line for line in lines_of(work, batch.id)}
    reasons = [settled_reason(work, batch, now[o.line.id]) for o in outcomes if not is_open(now[o.line.id])]
    if reasons:
        raise Overtaken(" ".join(reason.message for reason in reasons[:3]), code=reasons[0].code, reasons=reasons)
    own = [own_reason(outcome.line) for outcome in outcomes if outcome.line.requested_by_id == work.actor.id]
    if own:
        raise Refused.because(*own)
    _require_new(work, batch, [outcome.reference for outcome in outcomes if outcome.paid])
    done = [_settle_one(work, batch, outcome) for outcome in outcomes]
    paid = {line.payment: line.reference for line in done if line.paid}
    refused = {line.payment: line.reason for line in done if not line.paid}
    bank_batches.record(work, batch, bank_history.SETTLED, {"paid": paid, "refused": refused})
    return done


def _settle_one(work: Work, batch: Row[Any], outcome: Outcome) -> SettledLine:
    line, voucher = outcome.line, None
    if outcome.paid:
        executed = orders.succeed(work, line.id, outcome.reference, "confirmed_by_officer")
        if executed is None:
            raise AssertionError("an open order is booked")
        voucher = executed.voucher_number
    else:
        orders.fail(work, line.id, outcome.code, outcome.reason)
    return SettledLine(
        line.position,
        line.number,
        Money(line.amount, batch.currency),
        outcome.paid,
        outcome.reference,
        outcome.reason,
        voucher,
    )


def _lock(work: Work, payments: Sequence[UUID]) -> None:
    r, p = t.requisition.c, t.payment.c
    of = select(p.requisition_id).where(p.id.in_(payments))
    work.execute(select(r.id).where(r.id.in_(of)).order_by(r.id).with_for_update(key_share=True)).all()
    work.execute(select(p.id).where(p.id.in_(payments)).order_by(p.id).with_for_update(key_share=True)).all()


def _require_new(work: Work, batch: Row[Any], references: list[str]) -> None:
    e, p = t.payment_execution.c, t.payment.c
    used = work.execute(
        select(e.gateway_reference, p.number)
        .join_from(t.payment_execution, t.payment, p.id == e.payment_id)
        .where(e.company_id == batch.company_id, e.gateway_reference.in_(references))
        .limit(1)
    ).first()
    if used is not None:
        raise Refused(
            f"Reference {used.gateway_reference!r} is on {used.number} already. Check the bank's and type it again.",
            code="reference_used",
            fields={"reference": "must be new"},
        )


def _all_settled(reading: Reading, batch: Row[Any], lines: Sequence[Row[Any]]) -> Reason:
    last = max(lines, key=lambda line: (line.settled_at, line.position))
    paid = sum(line.status is OrderStatus.SUCCEEDED for line in lines)
    message = f"{batch.number} is settled already, {paid} of {len(lines)} lines confirmed. The last was told so: "
    return Reason("batch_settled", message + settled_reason(reading, batch, last).message)


def own_reason(line: Any) -> Reason:
    """Why nobody settles a line that pays their own request."""
    message = f"{line.number} pays a request of your own: another officer tells what the bank did with it."
    return Reason("own_requisition", message)


def _moment(reading: Reading, batch: Row[Any], at: Any) -> str:
    c = t.company.c
    timezone = reading.execute(select(c.timezone).where(c.id == batch.company_id)).scalar_one()
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def _after(reading: Reading, batch: Row[Any]) -> tuple[str, int]:
    f = t.treasury_fund.c
    code = reading.execute(select(f.code).where(f.id == batch.fund_id)).scalar_one()
    return str(code), sum(is_open(line) for line in lines_of(reading, batch.id))
