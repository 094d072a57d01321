"""A requisition in words: its facts, the timeline of its steps, its trail, and why it is routed so."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from pettycash_tui.models.enums import CLOSED, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import LABEL_WIDTH, Sheet
from pettycash_tui.screens.timeline import draw_timeline
from pettycash_tui.services.requisition_views import Explanation, RequisitionDetail, TrailView
from pettycash_tui.theme import status_mark


def detail_text(context: DeskContext, detail: RequisitionDetail, alike: Iterable[str] = ()) -> Content:
    """One requisition, whole; `alike` are sentences about others that look like it."""
    sheet = Sheet()
    sheet.mark(status_mark(detail.status.value), f"{detail.number}   {context.money_with_currency(detail.amount)}")
    _draw_answer(sheet, detail)
    sheet.field("Payee", detail.payee, "strong")
    sheet.field("Purpose", detail.purpose)
    if detail.is_urgent:
        sheet.field("Urgent", f"! {detail.urgency_reason}", "warn")
    for sentence in alike:
        sheet.line(f"! {sentence}", "warn")
    if detail.steps:
        tier = f": tier {detail.tier} ({detail.threshold})" if detail.tier else ""
        sheet.heading(f"Steps{tier}")
        draw_timeline(sheet, detail, None, context)
    _draw_facts(sheet, detail, context)
    may_attach = detail.status not in CLOSED and detail.requested_by.id == context.actor.id
    if detail.attachments or may_attach:
        sheet.heading("Attachments")
        for found in detail.attachments:
            sheet.line(f"{found.file_name} ({found.size:,} bytes, SHA-256 {found.sha256[:12]}…)")
        if may_attach:
            sheet.line(f"pettycash req attach {detail.number} FILE  adds a quote, a receipt or a picture", "muted")
    if detail.trail:
        sheet.heading("Trail")
        for line in detail.trail:
            draw_trail(sheet, line, context)
    return sheet.content


def _draw_answer(sheet: Sheet, detail: RequisitionDetail) -> None:
    """Why it came back or was rejected: the first thing that its requester looks for."""
    said = next((line for line in reversed(detail.trail) if line.comment), None)
    if detail.status in (RequisitionStatus.REJECTED, RequisitionStatus.PENDING_CHANGES) and said is not None:
        who = said.user.name if said.user else "the escalation job"
        sheet.field("Answer", f"“{said.comment}”, {who}", "warn")


def _draw_facts(sheet: Sheet, detail: RequisitionDetail, context: DeskContext) -> None:
    sheet.heading("Details")
    sheet.field("Payment", detail.payment or "")
    sheet.field("Imported", f"voucher {detail.imported_voucher}" if detail.imported_voucher else "")
    sheet.field("Paid by", f"{detail.method.label} {detail.destination}".strip())
    sheet.field("Fund", f"{detail.fund.code} {detail.fund.name}" if detail.fund.name else detail.fund.code or "")
    sheet.field("Category", detail.category.name or detail.category.code or "")
    places = [place.name or place.code or "" for place in (detail.branch, detail.region, detail.department) if place]
    sheet.field("Origin", ", ".join([detail.origin_type.label, *places]))
    revision = f", revision {detail.revision}" if detail.revision > 1 else ""
    sheet.field("Asked by", f"{detail.requested_by.name}, {context.moment(detail.created_at)}{revision}")


def draw_trail(sheet: Sheet, line: TrailView, context: DeskContext) -> None:
    """One line of the trail, and what was said."""
    who = line.user.name if line.user else "the escalation job"
    behalf = f" for {line.on_behalf_of.name}" if line.on_behalf_of else ""
    override = ", as an override" if line.override else ""
    sheet.line(f"{context.moment(line.timestamp)}  {line.action.label} by {who}{behalf}{override}")
    if line.comment:
        sheet.line(f"   “{line.comment}”", "muted")


def explanation_text(found: Explanation) -> Content:
    """Why a requisition is routed as it is, and why the person may or may not act on it."""
    sheet = Sheet()
    if found.steps:
        sheet.heading("Who acts, in this order")
        for step in found.steps:
            behalf = f" for {step.on_behalf_of.name}" if step.on_behalf_of else ""
            sheet.line(f"{step.position}  {step.kind.label}: {step.approver.name}{behalf} ({step.role.label})")
            if step.why:
                sheet.line(f"   {step.why}", "muted")
    if found.notes:
        sheet.heading("Why")
        for note in found.notes:
            sheet.line(note)
    if found.warnings:
        sheet.heading("Look at")
        for warning in found.warnings:
            sheet.line(f"! {warning}", "warn")
    sheet.heading("You")
    if found.allowed:
        sheet.line("✔ You may act on it now.", "good")
    sheet.reasons(reason.message for reason in found.reasons)
    return sheet.content


def prompt_lines(amount: Money, payee: str, purpose: str, context: DeskContext) -> tuple[str, ...]:
    """What a question about a requisition repeats."""
    lines = {"Amount": context.money_with_currency(amount), "Payee": payee, "Purpose": purpose}
    return tuple(f"{label:<{LABEL_WIDTH}}{text}" for label, text in lines.items())
