"""The steps of a requisition as a line of time: what is done and how long it took, what is now, and what follows."""

from __future__ import annotations

from datetime import datetime, timedelta

from pettycash_tui.models.enums import StepKind, StepStatus
from pettycash_tui.screens.context import DeskContext, duration
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.requisition_views import RequisitionDetail, StepView
from pettycash_tui.theme import StatusMark, status_mark

SOON = timedelta(hours=4)
"""A decision that is due within this time is marked."""

_DONE = {StepKind.APPROVE: "approved", StepKind.VALIDATE: "validated", StepKind.REVIEW: "reviewed"}
_NOW = {StepKind.APPROVE: "now approves", StepKind.VALIDATE: "now validates", StepKind.REVIEW: "now reviews"}
_THEN = {StepKind.APPROVE: "then approves", StepKind.VALIDATE: "then validates", StepKind.REVIEW: "then reviews"}
_WIDTH = max(len(word) for word in _THEN.values())


def draw_timeline(sheet: Sheet, detail: RequisitionDetail, due_at: datetime | None, context: DeskContext) -> None:
    """From the request to the last step; `due_at` is the deadline of the step that is current, where it is known."""
    if detail.submitted_at is not None:
        word = "asked again" if detail.revision > 1 else "asked"
        _line(sheet, "done", word, detail.requested_by.name, context.moment(detail.submitted_at))
    for step in detail.steps:
        draw_step(sheet, step, due_at, context)


def time_left(due_at: datetime | None, now: datetime) -> StatusMark:
    """How long there is until the company's deadline, as a mark and words."""
    if due_at is None:
        return StatusMark("·", "no deadline", "muted")
    left = due_at - now
    words = duration(abs(left))
    if left < timedelta(0):
        return StatusMark("✖", f"{words} overdue", "bad")
    return StatusMark("!", f"{words} left", "warn") if left <= SOON else StatusMark("◔", f"{words} left", "")


def draw_step(sheet: Sheet, step: StepView, due_at: datetime | None, context: DeskContext) -> None:
    """One step: mark, word, person, and when or for how long; `due_at` is its deadline while it is current."""
    behalf = f" for {step.on_behalf_of.name}" if step.on_behalf_of else ""
    who = f"{(step.acted_by or step.approver).name}{behalf} ({step.role.label})"
    began = step.became_current_at
    if step.status is StepStatus.DONE and step.acted_at is not None:
        took = f", took {duration(step.acted_at - began)}" if began else ""
        _line(sheet, "done", _DONE[step.kind], who, f"{context.moment(step.acted_at)}{took}")
    elif step.status is StepStatus.CURRENT:
        length = f"for {duration(context.desk.clock() - began)}" if began else ""
        _line(sheet, "current", _NOW[step.kind], who, length)
        if due_at is not None:
            left = time_left(due_at, context.desk.clock())
            sheet.below(f"due {context.moment(due_at)} · {left.text}", left.role)
    elif step.status is StepStatus.WAITING:
        _line(sheet, "waiting_step", _THEN[step.kind], who)
    else:
        _line(sheet, "skipped", "skipped", who)
    if step.escalation_reason:
        sheet.below(f"stands in: {step.escalation_reason}", "muted")


def _line(sheet: Sheet, status: str, word: str, who: str, when: str = "") -> None:
    mark = StatusMark("·", "", "muted") if status == "waiting_step" else status_mark(status)
    sheet.mark(StatusMark(mark.mark, f"{word:<{_WIDTH}}", mark.role), f"{who} · {when}" if when else who)
