"""The months of a company's books: closed by its CFO, and opened again with a reason. Source: domain, section 3."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow
from pettycash_tui.models.columns import moment, ref, text


class AccountingPeriod(ChangingRow, table=True):
    """A month that was closed at least once. While `is_closed` no entry is dated in it."""

    __tablename__ = "accounting_period"
    __table_args__ = (
        UniqueConstraint("company_id", "starts_on"),
        CheckConstraint("CAST(starts_on AS VARCHAR(10)) LIKE '____-__-01'", name="starts_on_first"),
        CheckConstraint("ends_on > starts_on", name="days_in_order"),
        CheckConstraint("reason <> ''", name="closed_with_reason"),
        CheckConstraint(
            "is_closed OR (reopened_by_id IS NOT NULL AND reopened_at IS NOT NULL AND reopen_reason <> '')",
            name="reopened_with_reason",
        ),
    )

    company_id: UUID = ref("company.id")
    starts_on: date
    ends_on: date
    is_closed: bool = Field(default=True, nullable=False)
    closed_by_id: UUID = ref("user.id")
    closed_at: datetime = moment()
    reason: str = text(500)
    reopened_by_id: UUID | None = ref("user.id", nullable=True)
    reopened_at: datetime | None = moment(nullable=True)
    reopen_reason: str = text(500, default="")
