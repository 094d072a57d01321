"""What an approver reads before deciding: what it is and does to its fund, then how it came here, then the rest."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.models.enums import IN_APPROVAL, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.requisition_text import draw_trail
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.timeline import draw_timeline
from pettycash_tui.services import approval_case
from pettycash_tui.services.approval_case import ApprovalCase, FundEffect, RecentRequest
from pettycash_tui.services.requisition_views import RequisitionDetail, RequisitionRow
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import fit


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the queue and the case behind it, which may have gone on meanwhile."""

    row: RequisitionRow
    found: ApprovalCase

    @property
    def is_open(self) -> bool:
        """Whether the step that the row shows still waits."""
        return self.found.step_id == self.row.step_id


def read_case(reading: Reading, row: RequisitionRow) -> Case:
    """The case of a row. Raises NotFound."""
    return Case(row, approval_case.show(reading, row.id))


def waits_for_urgency(status: RequisitionStatus) -> bool:
    """Whether the first decision is about its urgency."""
    return status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION


def draw_case(case: Case, context: DeskContext) -> Content:
    """The case as text: the most important first."""
    detail, sheet = case.found.requisition, Sheet()
    _draw_decision(sheet, case, context)
    tier = f": tier {detail.tier} ({detail.threshold})" if detail.tier else ""
    sheet.heading(f"Steps{tier}")
    draw_timeline(sheet, detail, case.row.due_at if case.is_open else None, context)
    if detail.trail:
        sheet.heading("Trail")
        for line in detail.trail:
            draw_trail(sheet, line, context)
    _draw_recent(sheet, case.found, context)
    _draw_facts(sheet, detail, context)
    return sheet.content


def _draw_decision(sheet: Sheet, case: Case, context: DeskContext) -> None:
    detail, found = case.found.requisition, case.found
    if not case.is_open:
        _draw_gone(sheet, detail)
    elif waits_for_urgency(detail.status):
        confirm, decline = key("approvals.confirm_urgency"), key("approvals.decline_urgency")
        sheet.line(f"! Urgency to confirm: {confirm} confirms and approves it, {decline} declines.", "warn")
    sheet.mark(status_mark(detail.status.value), f"{detail.number}   {context.money_with_currency(detail.amount)}")
    sheet.field("Payee", detail.payee, "strong")
    sheet.field("Purpose", detail.purpose)
    if detail.is_urgent:
        sheet.field("Urgent", f"! {detail.urgency_reason}", "warn")
    sheet.field("Asked by", detail.requested_by.name)
    sheet.field("Attached", ", ".join(one.file_name for one in detail.attachments))
    if detail.status in IN_APPROVAL:
        draw_fund_effect(sheet, found.fund, context)
    for sentence in found.findings.sentences:
        sheet.line(f"! {sentence}", "warn")


def _draw_gone(sheet: Sheet, detail: RequisitionDetail) -> None:
    last = detail.trail[-1] if detail.trail else None
    who = last.user.name if last is not None and last.user else "the escalation job"
    what = f"{last.action.label.lower()} by {who}" if last is not None else "changed"
    sheet.line(f"− It does not wait for you any more: {what}.", "warn")


def draw_fund_effect(sheet: Sheet, fund: FundEffect, context: DeskContext) -> None:
    """What a fund has, and what it would have left."""
    now = f"Fund {fund.code} has {context.money_with_currency(fund.available)} available"
    if fund.is_short:
        missing = Money(-fund.available_after.minor, fund.amount.currency)
        sheet.line(f"! {now}: {context.money(missing)} too little, it would wait for funds", "warn")
        return
    sheet.line(f"{now}, {context.money(fund.available_after)} once this is approved")
    if fund.falls_below_reorder:
        sheet.line(f"! It falls below its reorder level of {context.money_with_currency(fund.reorder_level)}", "warn")


def _draw_recent(sheet: Sheet, found: ApprovalCase, context: DeskContext) -> None:
    sheet.heading(f"Last requests of {found.requisition.requested_by.name}")
    if not found.recent:
        sheet.line("None before this one that you may see.", "muted")
    for one in found.recent:
        _draw_request(sheet, one, context)


def _draw_request(sheet: Sheet, one: RecentRequest, context: DeskContext) -> None:
    status, role = status_mark(one.status.value), "warn" if one.is_twin else ""
    amount = f"{context.money_with_currency(one.amount):>16}"
    sheet.line(f"{one.number:<11}{amount}  {context.day(one.asked_at)}", role)
    twin = "! the same payee and amount · " if one.is_twin else ""
    sheet.line(f"   {twin}{status.text} · {fit(one.payee, 40).rstrip()}", role or "muted")


def _draw_facts(sheet: Sheet, detail: RequisitionDetail, context: DeskContext) -> None:
    sheet.heading("Details")
    sheet.field("Payment", detail.payment or "")
    sheet.field("Paid by", f"{detail.method.label} {detail.destination}".strip())
    sheet.field("Fund", f"{detail.fund.code} {detail.fund.name}" if detail.fund.name else detail.fund.code or "")
    sheet.field("Category", detail.category.name or detail.category.code or "")
    places = [place.name or place.code or "" for place in (detail.branch, detail.region, detail.department) if place]
    sheet.field("Origin", ", ".join([detail.origin_type.label, *places]))
    sheet.field("Cost center", (detail.cost_center.name or detail.cost_center.code or "") if detail.cost_center else "")
    revision = f", revision {detail.revision}" if detail.revision > 1 else ""
    sheet.field("Written", f"{context.moment(detail.created_at)}{revision}")
    files = [f"{one.file_name} ({one.size:,} bytes, SHA-256 {one.sha256[:12]}…)" for one in detail.attachments]
    sheet.field("Files", "\n".join(files) or "nothing is attached")
