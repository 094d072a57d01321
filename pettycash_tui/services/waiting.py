"""What waits for a person: what they should do now, the most pressing first, and what became of what they asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    EDITABLE,
    IN_APPROVAL,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import requisition_queue, transfer_views, variance_views, visibility
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.requisition_list import RequisitionRow
from pettycash_tui.services.requisition_queue import QueueOrder
from pettycash_tui.services.work import Reading

SHOWN = 8
"""Lines that are told one by one; what is beyond them is counted."""

_MOST = 100
"""Things of one kind that are looked at to find the most pressing."""


class Task(StrEnum):
    """What is to be done, in the order in which equally pressing tasks are told."""

    APPROVE = "approve"
    CONFIRM = "confirm"
    VALIDATE = "validate"
    PAY = "pay"
    FIND_OUT = "find out"
    REVIEW = "review"
    REPLENISH = "refill"
    RECEIVE = "receive"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    CHANGE = "change"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Something that a person should do: `place` and `opens` say where on the desk, `command` how without it."""

    task: Task
    number: str
    payee: str
    purpose: str
    amount: Money
    is_urgent: bool
    is_overdue: bool
    since: datetime
    due_at: datetime | None
    place: str
    opens: str
    command: str
    step_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class More:
    """How many things besides those told wait in a place."""

    place: str
    count: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How many of one's own requisitions stand in a status."""

    status: RequisitionStatus
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person; `under_way` is what they asked for and others have to act on."""

    lines: tuple[WaitingLine, ...]
    more: tuple[More, ...]
    total: int
    under_way: tuple[UnderWay, ...]


def waiting(reading: Reading) -> Waiting:
    """What waits for the actor now."""
    return told(reading, queue_lines(reading))


def told(reading: Reading, queued: Sequence[WaitingLine]) -> Waiting:
    """The same, with the decisions that were read before."""
    lines = _all(reading, queued)
    counts = Counter(line.place for line in lines)
    if len(queued) == _MOST:
        counts["approvals"] = requisition_queue.count_queue(reading)
    shown = lines[:SHOWN]
    counted = Counter(line.place for line in shown)
    more = tuple(More(place, count - counted[place]) for place, count in counts.items() if count > counted[place])
    return Waiting(tuple(shown), more, sum(counts.values()), _under_way(reading))


def lines(reading: Reading) -> list[WaitingLine]:
    """Every single thing that waits for the actor, the most pressing first; at most 100 of a kind."""
    return _all(reading, queue_lines(reading))


def _all(reading: Reading, queued: Sequence[WaitingLine]) -> list[WaitingLine]:
    treasury = [*_payments(reading), *_replenishments(reading), *_variances(reading), *_transfers(reading)]
    return sorted([*queued, *treasury, *_own(reading)], key=_pressing)


def queue_lines(reading: Reading) -> list[WaitingLine]:
    """The decisions that wait for the actor, the least time left first."""
    page = requisition_queue.queue(reading, limit=_MOST, order=QueueOrder.DUE)
    return [_decision(reading, row) for row in page.items]


_TASKS = {
    RequisitionStatus.PENDING_URGENCY_CONFIRMATION: Task.CONFIRM,
    RequisitionStatus.PENDING_TREASURY_VALIDATION: Task.VALIDATE,
    RequisitionStatus.PAID: Task.REVIEW,
}
_VERBS = {Task.CONFIRM: "confirm-urgency", Task.REVIEW: "review"}
_RANK = {task: place for place, task in enumerate(Task)}


def _pressing(line: WaitingLine) -> tuple[Any, ...]:
    is_draft = line.task is Task.FINISH
    return (is_draft, not line.is_urgent, not line.is_overdue, _RANK[line.task], line.since)


def _decision(reading: Reading, row: RequisitionRow) -> WaitingLine:
    task = _TASKS.get(row.status, Task.APPROVE)
    return WaitingLine(
        task=task,
        number=row.number,
        payee=row.payee,
        purpose=row.purpose,
        amount=row.amount,
        is_urgent=row.is_urgent,
        is_overdue=row.due_at is not None and row.due_at < reading.now,
        since=row.waiting_since or row.created_at,
        due_at=row.due_at,
        place="approvals",
        opens=row.number,
        command=f"pettycash req {_VERBS.get(task, 'approve')} {row.number}",
        step_id=row.step_id,
    )


_P, _Q = t.payment.c, t.requisition.c
_READY = (
    select(_P.number, _P.status, _P.payee, _P.amount, _P.currency, _P.created_at, _Q.purpose, _Q.is_urgent)
    .join_from(t.payment, t.requisition, _Q.id == _P.requisition_id)
    .where(
        _P.executor_id == bindparam("me"),
        or_(
            _P.status == PaymentStatus.UNKNOWN,
            and_(
                _P.status.in_([PaymentStatus.PENDING, PaymentStatus.FAILED]),
                _P.is_held,
                _P.retry_count < _P.max_retries,
                # What is confirmed for a day is the job's, and an alert when that cannot do it.
                _P.scheduled_for.is_(None),
            ),
        ),
    )
    .order_by(_P.created_at, _P.id)
    .limit(_MOST)
)


def _payments(reading: Reading) -> Iterable[WaitingLine]:
    """The payments that the actor is to execute now, and those of theirs that have had no answer."""
    if not reading.actor.may(Right.EXECUTE):
        return
    rows: Iterable[Any] = reading.execute(_READY, {"me": reading.actor.id})
    for number, status, payee, amount, currency, created_at, purpose, is_urgent in rows:
        in_doubt = status is PaymentStatus.UNKNOWN
        yield WaitingLine(
            task=Task.FIND_OUT if in_doubt else Task.PAY,
            number=number,
            payee=payee,
            purpose=purpose,
            amount=Money(amount, currency),
            is_urgent=is_urgent,
            is_overdue=False,
            since=created_at,
            due_at=None,
            place="payments",
            opens=number,
            command=f"pettycash pay {'show' if in_doubt else 'execute'} {number}",
        )


_L, _F = t.replenishment.c, t.treasury_fund.c
_TO_FILL = (
    select(_L.number, _L.status, _L.requested_amount, _L.currency, _L.requested_at, _L.reason, _F.code, _F.name)
    .join_from(t.replenishment, t.treasury_fund, _F.id == _L.fund_id)
    .where(_L.status.in_(bindparam("open", expanding=True)))
    .where(or_(_L.status == ReplenishmentStatus.APPROVED, _L.requested_by_id != bindparam("me")))
    .order_by(_L.created_at, _L.id)
    .limit(_MOST)
)


def _replenishments(reading: Reading) -> Iterable[WaitingLine]:
    """The requests to fill a fund up that the actor may approve, or whose money they may record."""
    needed = {
        ReplenishmentStatus.PENDING: Right.APPROVE_REPLENISHMENT,
        ReplenishmentStatus.APPROVED: Right.COMPLETE_REPLENISHMENT,
    }
    opened = [status.value for status, right in needed.items() if reading.actor.may(right)]
    if not opened:
        return
    statement = _TO_FILL.where(visibility.of_company(_L.company_id, reading.actor))
    rows: Iterable[Any] = reading.execute(statement, {"open": opened, "me": reading.actor.id})
    for number, status, amount, currency, requested_at, reason, code, name in rows:
        is_new = status is ReplenishmentStatus.PENDING
        yield WaitingLine(
            task=Task.REPLENISH if is_new else Task.RECEIVE,
            number=number,
            payee=name,
            purpose=reason or "Back to its target",
            amount=Money(amount, currency),
            is_urgent=False,
            is_overdue=False,
            since=requested_at,
            due_at=None,
            place="ledger",
            opens=code,
            command=f"pettycash replenishment {'approve' if is_new else 'complete'} {number}",
        )


def _variances(reading: Reading) -> Iterable[WaitingLine]:
    """What payments came to, as others recorded it, for who may approve that."""
    for found in variance_views.to_decide(reading, _MOST):
        yield WaitingLine(
            task=Task.ADJUST,
            number=found.number,
            payee=found.payee,
            purpose=f"{found.payment}: {found.reason}",
            amount=found.variance_amount,
            is_urgent=False,
            is_overdue=False,
            since=found.recorded_at,
            due_at=None,
            place="treasury",
            opens=found.number,
            command=f"pettycash variance approve {found.number}",
        )


def _transfers(reading: Reading) -> Iterable[WaitingLine]:
    """The transfers between funds that others requested, for who may approve them."""
    for found in transfer_views.to_decide(reading, _MOST):
        yield WaitingLine(
            task=Task.TRANSFER,
            number=found.number,
            payee=f"{found.from_fund.code} to {found.to_fund.code}",
            purpose=found.reason or f"From {found.from_fund.name} to {found.to_fund.name}",
            amount=found.amount,
            is_urgent=False,
            is_overdue=False,
            since=found.requested_at,
            due_at=None,
            place="treasury",
            opens=found.number,
            command=f"pettycash transfer approve {found.number}",
        )


_MINE = (
    select(_Q.number, _Q.status, _Q.payee, _Q.purpose, _Q.amount, _Q.currency, _Q.is_urgent, _Q.updated_at)
    .where(_Q.requested_by_id == bindparam("me"), _Q.status.in_(sorted(EDITABLE)))
    .order_by(_Q.created_at.desc(), _Q.id.desc())
    .limit(_MOST)
)
_COUNTED = (
    select(_Q.status, func.count())
    .where(
        _Q.requested_by_id == bindparam("me"),
        _Q.status.in_(sorted(IN_APPROVAL | {RequisitionStatus.APPROVED})),
    )
    .group_by(_Q.status)
)


def _own(reading: Reading) -> Iterable[WaitingLine]:
    """The actor's requisitions that were sent back, and their drafts."""
    rows: Iterable[Any] = reading.execute(_MINE, {"me": reading.actor.id})
    for number, status, payee, purpose, amount, currency, is_urgent, updated_at in rows:
        is_draft = status is RequisitionStatus.DRAFT
        yield WaitingLine(
            task=Task.FINISH if is_draft else Task.CHANGE,
            number=number,
            payee=payee,
            purpose=purpose,
            amount=Money(amount, currency),
            is_urgent=is_urgent and not is_draft,
            is_overdue=False,
            since=updated_at,
            due_at=None,
            place="requisitions",
            opens=number,
            command=f"pettycash req {'submit' if is_draft else 'edit'} {number}",
        )


def _under_way(reading: Reading) -> tuple[UnderWay, ...]:
    rows: Iterable[Any] = reading.execute(_COUNTED, {"me": reading.actor.id})
    found = {row[0]: row[1] for row in rows}
    return tuple(UnderWay(status, found[status]) for status in RequisitionStatus if status in found)
