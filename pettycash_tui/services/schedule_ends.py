"""How a confirmation for a day ends: taken up by the job on its day, or void because something changed.

In the caller's transaction, under the payment's lock: its row first, then the payment's own columns.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import ScheduleStatus
from pettycash_tui.services import audit
from pettycash_tui.services.work import Reading, Work

_S, _P = t.payment_schedule.c, t.payment.c


def standing(reading: Reading, payment_id: UUID) -> Any | None:
    """The row of the confirmation under which a payment has its day; None when it has none."""
    statement = select(t.payment_schedule).where(_S.payment_id == payment_id, _S.status == ScheduleStatus.STANDING)
    return reading.execute(statement).first()


def void(work: Work, payment: Any, reason: str) -> bool:
    """Take a payment's day away, because of what is being done to it. False when it has none.

    `payment` is its row or its facts, read with its lock.
    """
    if payment.scheduled_for is None:
        return False
    _end(work, payment, ScheduleStatus.VOID, reason)
    record(work, payment, "payment.unscheduled", {"scheduled_for": payment.scheduled_for, "reason": reason[:500]})
    return True


def take_up(work: Work, facts: Any, schedule: Any) -> None:
    """Note that the job executes a payment on the day it is confirmed for, or on a later one."""
    _end(work, facts, ScheduleStatus.TAKEN_UP, "")
    record(
        work,
        facts,
        "payment.due",
        {
            "scheduled_for": schedule.scheduled_for,
            "confirmed_by": schedule.executor_id,
            "list": schedule.bundle_id,
            "amount": facts.amount,
            "currency": facts.currency,
            "reference": schedule.reference,
        },
    )


def record(work: Work, payment: Any, action: str, data: dict[str, Any]) -> None:
    """Note an audit event of a payment, in its fund's stream."""
    work.record(
        action,
        "payment",
        payment.id,
        payment.number,
        stream=audit.fund_stream(payment.fund_id),
        company_id=payment.company_id,
        data=data,
    )


def _end(work: Work, payment: Any, status: ScheduleStatus, reason: str) -> None:
    work.execute(
        update(t.payment_schedule)
        .where(_S.payment_id == payment.id, _S.status == ScheduleStatus.STANDING)
        .values(
            status=status,
            ended_at=work.now,
            ended_by_id=work.actor.id,
            reason=reason[:500],
            updated_at=work.now,
        )
    )
    work.execute(
        update(t.payment)
        .where(_P.id == payment.id)
        .values(scheduled_for=None, schedule_bundle_id=None, updated_at=work.now)
    )
