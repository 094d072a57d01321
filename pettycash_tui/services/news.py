"""What an audit event means to people: who should be told, of what kind, and in which words.

Read from the books as they are now: a step that somebody has decided meanwhile is no news.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, PaymentStatus, RequisitionStatus, StepKind
from pettycash_tui.services import news_funds, news_gateways, steps
from pettycash_tui.services.news_parts import News, Teller, by_whom, holders, occasion_of, of_payment, of_requisition
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading


def news_of(reading: Reading, event: Any) -> Iterable[News]:
    """Whom an event concerns, its own actor left out: who acts sees what comes of it."""
    body = json.loads(event.body)
    data = body.get("data") or {}
    tell = _TOLD.get(event.action)
    found = list(tell(reading, event, data)) if tell is not None else []
    taken = data.get("taken_up")
    if isinstance(taken, list):
        # Payments that had waited for money, and have it now.
        for number in taken:
            found += _payment_waits(reading, _P.number == str(number), event.company_id)
    return [news for news in found if news.person_id != event.actor_id]


# --- requisitions -----------------------------------------------------------------------------------------------------

_R, _P = t.requisition.c, t.payment.c

_WHAT = {
    RequisitionStatus.PENDING_URGENCY_CONFIRMATION: ("a word on its urgency", "confirm-urgency"),
    RequisitionStatus.PENDING_TREASURY_VALIDATION: ("your validation", "approve"),
    RequisitionStatus.PAID: ("your review", "review"),
}


def _step(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    return _step_of(reading, event.subject_id)


def _step_of(reading: Reading, requisition_id: UUID) -> list[News]:
    row = reading.execute(select(t.requisition).where(_R.id == requisition_id)).first()
    if row is None:
        return []
    current = steps.current_step(reading, row, steps.steps_of(reading, row.id, row.revision))
    if current is None or current.problem or current.acts_id == row.requested_by_id:
        return []
    what, verb = _WHAT.get(row.status, ("your approval", "approve"))
    if current.kind is StepKind.VALIDATE:
        what = "your validation"
    if current.away_name:
        what += f", for {current.away_name}"
    became = int(current.row.became_current_at.timestamp())
    return [
        of_requisition(
            reading,
            row,
            current.acts_id,
            NoticeKind.WAITS_FOR_YOU,
            f"step:{current.row.id}:{became}",
            what=what,
            command=f"pettycash req {verb} {row.number}",
        )
    ]


def _sent_back(kind: NoticeKind) -> Teller:
    def tell(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
        row = reading.execute(select(t.requisition).where(_R.id == event.subject_id)).first()
        if row is None:
            return
        is_open = kind is NoticeKind.CHANGES_ASKED
        command = f"pettycash req {'edit' if is_open else 'show'} {row.number}"
        reason = str(data.get("reason") or "")
        yield of_requisition(
            reading,
            row,
            row.requested_by_id,
            kind,
            occasion_of(event),
            reason=reason,
            command=command,
            by=by_whom(event),
        )

    return tell


# --- payments ---------------------------------------------------------------------------------------------------------


def _payment_waits(reading: Reading, which: ColumnElement[bool], company_id: UUID | None) -> list[News]:
    row = reading.execute(select(t.payment).where(which, _P.company_id == company_id)).first()
    if row is None or row.executor_id is None or row.scheduled_for is not None:
        return []
    in_doubt = row.status is PaymentStatus.UNKNOWN
    if not in_doubt and not (row.is_held and row.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)):
        return []
    what, verb = ("a word on whether its money left", "show") if in_doubt else ("your payment", "execute")
    occasion = f"pay:{row.id}:{row.executor_id}:{row.retry_count}:{row.status.value}"
    return [
        of_payment(
            reading,
            row,
            row.executor_id,
            NoticeKind.WAITS_FOR_YOU,
            occasion,
            what=what,
            command=f"pettycash pay {verb} {row.number}",
        )
    ]


def _assigned(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    return _payment_waits(reading, _P.id == event.subject_id, event.company_id)


def _executed(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None:
        return
    own = {"place": "requisitions", "command": _show_request(reading, row)}
    yield of_payment(reading, row, row.requested_by_id, NoticeKind.PAID, occasion_of(event), **own)
    yield from _step_of(reading, row.requisition_id)


def _failed(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None or row.status is not PaymentStatus.FAILED:
        return
    is_spent = row.retry_count >= row.max_retries
    left = "no retry is left" if is_spent else f"{row.max_retries - row.retry_count} retries are left"
    occasion = occasion_of(event)
    own = {"place": "requisitions", "command": _show_request(reading, row), "left": "treasury sees to it"}
    yield of_payment(reading, row, row.requested_by_id, NoticeKind.FAILED, occasion, **own)
    theirs = {"left": left, "command": f"pettycash pay {'show' if is_spent else 'retry'} {row.number}"}
    # Who wrote a bank file is told of its lines together.
    told = {row.executor_id} - {None, news_gateways.writer_of_failed_line(reading, row.id)}
    if is_spent:
        told |= {person.id for person in holders(reading, row.company_id, Right.CANCEL_PAYMENT)}
    for person in sorted(told - {row.requested_by_id}):
        yield of_payment(reading, row, person, NoticeKind.FAILED, occasion, **theirs)


def _due_hindered(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A payment that was due and could not be executed: its executor, and who assigns another where that one left."""
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None or row.scheduled_for is None:
        return
    what = f"you: it was due on {row.scheduled_for} and could not be executed. {data.get('error', '')}"
    is_there = reading.execute(select(t.user.c.is_active).where(t.user.c.id == row.executor_id)).scalar()
    told = [row.executor_id] if is_there else [p.id for p in holders(reading, row.company_id, Right.ASSIGN_EXECUTOR)]
    for person in told:
        occasion, command = f"due:{row.id}:{event.sequence}", f"pettycash pay explain {row.number}"
        if person != row.requested_by_id:
            yield of_payment(
                reading, row, person, NoticeKind.WAITS_FOR_YOU, occasion, what=what.rstrip(". "), command=command
            )


def _unscheduled(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A payment that lost its day waits for its executor again."""
    for news in _payment_waits(reading, _P.id == event.subject_id, event.company_id):
        yield replace(news, occasion=f"pay:{event.subject_id}:{news.person_id}:{occasion_of(event)}")


def _cancelled(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    payment = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if payment is None:
        return
    row = reading.execute(select(t.requisition).where(_R.id == payment.requisition_id)).one()
    if row.status is RequisitionStatus.REJECTED:
        reason = str(data.get("reason") or "")
        yield of_requisition(
            reading, row, row.requested_by_id, NoticeKind.REJECTED, occasion_of(event), reason=reason, by=by_whom(event)
        )


def _show_request(reading: Reading, payment: Any) -> str:
    number = reading.execute(select(_R.number).where(_R.id == payment.requisition_id)).scalar_one()
    return f"pettycash req show {number}"


_TOLD: dict[str, Teller] = {
    **{
        f"requisition.{act}": _step
        for act in (
            "submitted",
            "approved",
            "validated",
            "urgency_confirmed",
            "urgency_declined",
            "reassigned",
            "escalated",
        )
    },
    "requisition.changes_requested": _sent_back(NoticeKind.CHANGES_ASKED),
    "requisition.rejected": _sent_back(NoticeKind.REJECTED),
    "payment.created": _assigned,
    "payment.assigned": _assigned,
    "payment.unknown": _assigned,
    "payment.executed": _executed,
    "payment.failed": _failed,
    "payment.cancelled": _cancelled,
    "payment.unscheduled": _unscheduled,
    "payment.due_hindered": _due_hindered,
    **news_gateways.TOLD,
    **news_funds.TOLD,
}

MOVES_MONEY = frozenset({"payment.executed", "ledger.posted", "fund.edited"})
"""The events after which a fund may be below its level."""
