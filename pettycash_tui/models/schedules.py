"""Payments that are confirmed for a later day. Source: domain, section 3, scheduled_for."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow, partial_index
from pettycash_tui.models.columns import choice, moment, one_of, ref, text
from pettycash_tui.models.enums import ScheduleStatus


class PaymentSchedule(ChangingRow, table=True):
    """That an officer confirmed a payment for a day, by the code of a list; used once, whatever becomes of it.

    While it stands, the payment names its day and its list. `reference`: that of a transfer which the officer ordered
    by hand for that day. `problem`: why the last run could not execute it.
    """

    __tablename__ = "payment_schedule"
    __table_args__ = (
        UniqueConstraint("bundle_id", "payment_id"),
        one_of("status", ScheduleStatus),
        CheckConstraint("status = 'standing' OR ended_at IS NOT NULL", name="ended_has_its_moment"),
        CheckConstraint("status <> 'void' OR reason <> ''", name="void_has_its_reason"),
        CheckConstraint("(problem = '') = (problem_at IS NULL)", name="problem_has_its_moment"),
        partial_index(
            "ux_payment_schedule_standing",
            "payment_id",
            unique=True,
            where="status = 'standing'",
        ),
        partial_index("ix_payment_schedule_due", "scheduled_for", "created_at", "id", where="status = 'standing'"),
        Index("ix_payment_schedule_payment", "payment_id", "created_at"),
    )

    company_id: UUID = ref("company.id")
    payment_id: UUID = ref("payment.id")
    bundle_id: UUID = ref("payment_bundle.id")
    executor_id: UUID = ref("user.id")
    scheduled_for: date = Field(nullable=False)
    reference: str = text(120, default="")
    status: ScheduleStatus = choice(ScheduleStatus, default=ScheduleStatus.STANDING)
    problem: str = text(500, default="")
    # The codes of the reasons, by which a new problem is told from the same one with other figures.
    problem_codes: str = text(200, default="")
    problem_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    # Nobody where a run of the job or a gateway's answer ended it.
    ended_by_id: UUID | None = ref("user.id", nullable=True)
    reason: str = text(500, default="")
