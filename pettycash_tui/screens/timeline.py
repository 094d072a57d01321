"""The steps of a requisition as a line of time: what is done and how long it took, what is now, and what follows."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.cells import cell_len

from pettycash_tui.models.enums import StepKind, StepStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.requisition_views import RequisitionDetail, StepView
from pettycash_tui.theme import StatusMark, status_mark

SOON = timedelta(hours=4)
"""A decision that is due within this time is marked."""

_DONE = {StepKind.APPROVE: "approved", StepKind.VALIDATE: "validated", StepKind.REVIEW: "reviewed"}
_NOW = {StepKind.APPROVE: "now approves", StepKind.VALIDATE: "now validates", StepKind.REVIEW: "now reviews"}
_THEN = {StepKind.APPROVE: "then approves", StepKind.VALIDATE: "then validates", StepKind.REVIEW: "then reviews"}
_WIDTH = max(len(word) for word in _THEN.values())
_INDENT = "    "


def draw_timeline(
    sheet: Sheet, detail: RequisitionDetail, due_at: datetime | None, context: DeskContext, width: int
) -> None:
    """From the request to the last step, in `width` cells; `due_at` is the deadline of the step that is current."""
    if detail.submitted_at is not None:
        word = "asked again" if detail.revision > 1 else "asked"
        _line(sheet, "done", word, detail.requested_by.name, width, context.moment(detail.submitted_at))
    for step in detail.steps:
        _draw_step(sheet, step, due_at, context, width)


def time_left(due_at: datetime | None, now: datetime) -> StatusMark:
    """How long there is until the company's deadline, as a mark and words."""
    if due_at is None:
        return StatusMark("·", "no deadline", "muted")
    left = due_at - now
    words = duration(abs(left))
    if left < timedelta(0):
        return StatusMark("✖", f"{words} overdue", "bad")
    return StatusMark("!", f"{words} left", "warn") if left <= SOON else StatusMark("◔", f"{words} left", "")


def duration(length: timedelta) -> str:
    """A length of time in one word: `12 min`, `5 h`, `3 d`."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _draw_step(sheet: Sheet, step: StepView, due_at: datetime | None, context: DeskContext, width: int) -> None:
    behalf = f" for {step.on_behalf_of.name}" if step.on_behalf_of else ""
    who = f"{(step.acted_by or step.approver).name}{behalf} ({step.role.label})"
    began = step.became_current_at
    if step.status is StepStatus.DONE and step.acted_at is not None:
        took = f", took {duration(step.acted_at - began)}" if began else ""
        _line(sheet, "done", _DONE[step.kind], who, width, f"{context.moment(step.acted_at)}{took}")
    elif step.status is StepStatus.CURRENT:
        length = f"for {duration(context.desk.clock() - began)}" if began else ""
        _line(sheet, "current", _NOW[step.kind], who, width, length)
        if due_at is not None:
            left = time_left(due_at, context.desk.clock())
            sheet.line(f"{_INDENT}due {context.moment(due_at)}: {left.text}", left.role)
    elif step.status is StepStatus.WAITING:
        _line(sheet, "waiting_step", _THEN[step.kind], who, width)
    else:
        _line(sheet, "skipped", "skipped", who, width)
    if step.escalation_reason:
        sheet.line(f"{_INDENT}stands in: {step.escalation_reason}", "muted")


def _line(sheet: Sheet, status: str, word: str, who: str, width: int, when: str = "") -> None:
    mark = StatusMark("·", "", "muted") if status == "waiting_step" else status_mark(status)
    has_room = len(f"  {word:<{_WIDTH}}  ") + cell_len(f"{who} · {when}") <= width
    sheet.mark(StatusMark(mark.mark, f"{word:<{_WIDTH}}", mark.role), f"{who} · {when}" if when and has_room else who)
    if when and not has_room:
        sheet.line(f"{_INDENT}{when}")
