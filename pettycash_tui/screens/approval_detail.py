"""What an approver reads before deciding: one requisition whole, and what its fund would have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.requisition_text import detail_text, lines
from pettycash_tui.services import funds, requisition_views
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.requisition_views import RequisitionDetail
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.plain import plain

SOON = timedelta(hours=4)
"""An approval that is due within this time is marked."""


@dataclass(frozen=True, slots=True)
class Case:
    """A requisition and its fund, read in one transaction."""

    requisition: RequisitionDetail
    fund: FundView


def read_case(reading: Reading, requisition: UUID) -> Case:
    """The case of a requisition. Raises NotFound."""
    detail = requisition_views.show(reading, requisition)
    return Case(detail, funds.show(reading, detail.fund.id))


def waits_for_urgency(status: RequisitionStatus) -> bool:
    """Whether the first decision is about its urgency."""
    return status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION


def time_left(due_at: datetime | None, now: datetime) -> StatusMark:
    """How long there is until the company's deadline, as a mark and words."""
    if due_at is None:
        return StatusMark("·", "no deadline", "muted")
    left = due_at - now
    words = _duration(abs(left))
    if left < timedelta(0):
        return StatusMark("✖", f"{words} overdue", "bad")
    return StatusMark("!", f"{words} left", "warn") if left <= SOON else StatusMark("◔", f"{words} left", "")


def draw_case(case: Case, context: DeskContext) -> Content:
    """The case as text: what to decide and what it does to the fund, then the requisition whole."""
    parts = []
    if waits_for_urgency(case.requisition.status):
        parts.append(plain("! Urgency to confirm: u confirms and approves it, d declines.", "bold $warning"))
    parts += [_fund(case, context), detail_text(context, case.requisition)]
    return lines(parts)


def _fund(case: Case, context: DeskContext) -> Content:
    before, amount = case.fund.available, case.requisition.amount
    after = before - amount
    now = f"Fund {case.fund.code} has {context.money(before)} available"
    if after.minor < 0:
        return plain(f"! {now}: {context.money(amount - before)} too little, it would wait for funds", "$warning")
    return plain(f"{now}, {context.money(after)} once this is approved")


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
