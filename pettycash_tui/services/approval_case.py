"""What an approver reads before deciding: the requisition whole, its fund, what looks asked twice, and who asks.

Read for every row that somebody stops at in the queue, so it is few statements, each built once and index-served.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, StepStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import duplicates, requisition_views, visibility
from pettycash_tui.services.duplicates import Asked, Findings
from pettycash_tui.services.requisition_views import RequisitionDetail
from pettycash_tui.services.work import Reading

RECENT = 5
"""How many of the requester's earlier requests are shown."""


@dataclass(frozen=True, slots=True)
class FundEffect:
    """A fund before and after a payment. Available = balance - held."""

    code: str
    available: Money
    balance: Money
    reorder_level: Money
    amount: Money

    @property
    def available_after(self) -> Money:
        """What would be available once the amount is held; below zero it waits for funds."""
        return self.available - self.amount

    @property
    def is_short(self) -> bool:
        """Whether the payment would wait for funds."""
        return self.available_after.minor < 0

    @property
    def falls_below_reorder(self) -> bool:
        """Whether paying it takes the balance under the level at which the fund asks for money."""
        return self.balance - self.amount < self.reorder_level <= self.balance


@dataclass(frozen=True, slots=True)
class RecentRequest:
    """An earlier request of the same person. `is_twin`: of the same payee and amount."""

    number: str
    amount: Money
    payee: str
    status: RequisitionStatus
    asked_at: datetime
    is_twin: bool


@dataclass(frozen=True, slots=True)
class ApprovalCase:
    """A requisition with what it does to its fund and what is like it, of one moment.."""

    requisition: RequisitionDetail
    fund: FundEffect
    findings: Findings
    recent: tuple[RecentRequest, ...]

    @property
    def step_id(self) -> UUID | None:
        """The step that waits; None when nothing does."""
        return next((step.id for step in self.requisition.steps if step.status is StepStatus.CURRENT), None)


_R, _F = t.requisition.c, t.treasury_fund.c
_FUND = select(_F.code, _F.currency, _F.current_balance, _F.held_amount, _F.reorder_level).where(
    _F.id == bindparam("fund")
)
_RECENT = (
    select(_R.number, _R.amount, _R.currency, _R.payee, _R.status, _R.created_at)
    .where(
        _R.requested_by_id == bindparam("requester"),
        _R.id != bindparam("own"),
        _R.status != RequisitionStatus.DRAFT,
    )
    .order_by(_R.created_at.desc(), _R.id.desc())
    .limit(RECENT)
)


def show(reading: Reading, ref: str | UUID) -> ApprovalCase:
    """The case of a requisition that the actor may see. Raises NotFound."""
    detail = requisition_views.show(reading, ref)
    asked = Asked(
        company_id=detail.company.id,
        requester_id=detail.requested_by.id,
        payee=detail.payee,
        amount=detail.amount,
        origin=detail.origin_type,
        moment=detail.submitted_at or detail.created_at,
        own_id=detail.id,
    )
    return ApprovalCase(
        requisition=detail,
        fund=effect_on(reading, detail.fund.id, detail.amount),
        findings=duplicates.find(reading, asked),
        recent=_recent(reading, detail),
    )


def effect_on(reading: Reading, fund_id: UUID, amount: Money) -> FundEffect:
    """What paying an amount does to a fund, as it stands now."""
    row: Any = reading.execute(_FUND, {"fund": fund_id}).one()
    return FundEffect(
        code=row.code,
        available=Money(row.current_balance - row.held_amount, row.currency),
        balance=Money(row.current_balance, row.currency),
        reorder_level=Money(row.reorder_level, row.currency),
        amount=amount,
    )


def _recent(reading: Reading, detail: RequisitionDetail) -> tuple[RecentRequest, ...]:
    """The last requests of the same person, as far as the actor may see them."""
    statement = _RECENT.where(visibility.requisitions(reading))
    rows = reading.execute(statement, {"requester": detail.requested_by.id, "own": detail.id})
    return tuple(_request(row, detail) for row in rows)


def _request(row: Row[Any], detail: RequisitionDetail) -> RecentRequest:
    amount = Money(row.amount, row.currency)
    same = amount == detail.amount and duplicates.folded(row.payee) == duplicates.folded(detail.payee)
    return RecentRequest(row.number, amount, row.payee, row.status, row.created_at, same)
