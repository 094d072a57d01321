"""Reading how a payment is confirmed for a day: by whom, by what, and what would stand in the way of executing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, ScheduleStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import gateway_settings, locate, payment_facts, schedule_plan, visibility
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.identity import Actor, actor_of
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

EASTERNMOST = timedelta(hours=14)
"""Today anywhere: a company's own day is never later."""

_S, _P, _O = t.payment_schedule.c, t.payment.c, t.otp_challenge.c
_BY, _ENDED = t.user.alias("by"), t.user.alias("ended")


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A confirmation for a day. `count` and `total`: of the list that one code confirmed.

    `channel` is None where no code was needed. `problem`: why the last run of the job could not execute it.
    `hindered_by`: what would stand in its way if it were executed as things are.
    """

    id: UUID
    scheduled_for: date
    status: ScheduleStatus
    confirmed_by: PersonRef | None
    confirmed_at: datetime
    channel: OtpChannel | None
    count: int
    total: Money
    reference: str
    problem: str
    problem_at: datetime | None
    ended_at: datetime | None
    ended_by: PersonRef | None
    reason: str
    hindered_by: tuple[Reason, ...] = ()


_B = t.payment_bundle.c
_OF_PAYMENT = (
    select(
        t.payment_schedule,
        _S.executor_id.label("by_id"),
        _S.ended_by_id.label("ended_id"),
        _B.payment_count,
        _B.total_amount,
        _B.currency,
        select(_O.channel)
        .where(_O.bundle_id == _S.bundle_id, _O.consumed_at.is_not(None))
        .limit(1)
        .scalar_subquery()
        .label("channel"),
        *person_columns(_BY, "by"),
        *person_columns(_ENDED, "ended"),
    )
    .select_from(t.payment_schedule)
    .join(t.payment_bundle, _B.id == _S.bundle_id)
    .join(_BY, _BY.c.id == _S.executor_id)
    .outerjoin(_ENDED, _ENDED.c.id == _S.ended_by_id)
    .where(_S.payment_id == bindparam("payment", type_=_S.payment_id.type))
    .order_by(_S.created_at.desc(), _S.id.desc())
)


def show(desk: Desk, actor: Actor, ref: str | UUID) -> ScheduleView | None:
    """The last confirmation of a payment, with what would stand in its way; None when it never had one.

    The gateways are looked up only where they matter. Raises NotFound.
    """

    def read(reading: Reading, network: Gateways | None = None) -> ScheduleView | None:
        return of_payment(reading, locate.payment_id(reading, ref), network)

    found = desk.read(actor, read)
    if found is None or found.status is not ScheduleStatus.STANDING:
        return found
    return desk.read(actor, read, gateway_settings.gateways(desk))


def of_payment(reading: Reading, payment_id: UUID, network: Gateways | None = None) -> ScheduleView | None:
    """The last confirmation of a payment that the actor may see; None when it never had one.

    With `network` (`gateway_settings.gateways`) also what would stand in its way.
    """
    row = reading.execute(_OF_PAYMENT.limit(1), {"payment": payment_id}).first()
    if row is None:
        return None
    stands = row.status is ScheduleStatus.STANDING
    hindered = against(reading, payment_id, row, network) if stands and network is not None else []
    return ScheduleView(
        id=row.id,
        scheduled_for=row.scheduled_for,
        status=row.status,
        confirmed_by=person(row, "by"),
        confirmed_at=row.created_at,
        channel=row.channel,
        count=row.payment_count,
        total=Money(row.total_amount, row.currency),
        reference=row.reference,
        problem=row.problem,
        problem_at=row.problem_at,
        ended_at=row.ended_at,
        ended_by=person(row, "ended"),
        reason=row.reason,
        hindered_by=tuple(hindered),
    )


def against(reading: Reading, payment_id: UUID, schedule: Any, network: Gateways, facts: Any = None) -> list[Reason]:
    """Every reason why the job could not execute a payment under its confirmation as things are now.

    `facts`: the payment's, read with its lock as the confirmation's executor.
    """
    if facts is None:
        confirmed_by = reading.execute(select(t.user).where(t.user.c.id == schedule.executor_id)).one()
        as_them = Reading(reading.connection, actor_of(confirmed_by), reading.now)
        facts = payment_facts.read(as_them, payment_id)
    reasons = payment_facts.reasons_against(
        facts, schedule.executor_id, reading.now, code_offered=True, by_schedule=True
    )
    return reasons + schedule_plan.against_way(facts, network, schedule.reference)


@dataclass(frozen=True, slots=True)
class OverdueSchedule:
    """A payment that was due and is not executed. `problem` is empty where no run has tried."""

    id: UUID
    payment_id: UUID
    payment: str
    payee: str
    amount: Money
    executor_id: UUID
    scheduled_for: date
    timezone: str
    problem: str
    problem_at: datetime | None


UNTIL_TODAY = (
    select(
        _S.id,
        _S.payment_id,
        _P.number,
        _P.payee,
        _P.amount,
        _P.currency,
        _S.executor_id,
        _S.scheduled_for,
        _S.problem,
        _S.problem_at,
        t.company.c.timezone,
    )
    .select_from(t.payment_schedule)
    .join(t.payment, _P.id == _S.payment_id)
    .join(t.company, t.company.c.id == _S.company_id)
    .where(_S.status == ScheduleStatus.STANDING, _S.scheduled_for <= bindparam("today"))
    .order_by(_S.scheduled_for, _S.created_at, _S.id)
)
"""Every confirmation whose day has come somewhere, the oldest first; `today`: the easternmost."""


def overdue(reading: Reading, most: int) -> Sequence[OverdueSchedule]:
    """What the actor may see of the payments that a run could not execute, or that none has by the end of their day."""
    statement = UNTIL_TODAY.where(visibility.payments(reading)).limit(most)
    rows = reading.execute(statement, {"today": (reading.now + EASTERNMOST).date()})
    return [
        OverdueSchedule(
            id=row.id,
            payment_id=row.payment_id,
            payment=row.number,
            payee=row.payee,
            amount=Money(row.amount, row.currency),
            executor_id=row.executor_id,
            scheduled_for=row.scheduled_for,
            timezone=row.timezone,
            problem=row.problem,
            problem_at=row.problem_at,
        )
        for row in rows
        if row.problem or row.scheduled_for < reading.today(row.timezone)
    ]


def count_scheduled(reading: Reading) -> int:
    """How many of the payments that the actor may see are confirmed for a day."""
    statement = select(func.count()).select_from(t.payment).where(_P.scheduled_for.is_not(None))
    return int(reading.execute(statement.where(visibility.payments(reading))).scalar_one())
