"""Saving and submitting what stands in the form: what was written is never lost when the submission is refused."""

from __future__ import annotations

from dataclasses import dataclass

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services import form_drafts, requisition_views, requisitions, submission
from pettycash_tui.services.acts import Acted
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.requisition_views import RequisitionDetail
from pettycash_tui.services.requisitions import RequisitionInput


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it. `refusal` is why it was written but not submitted; it is a draft then, or stays sent back."""

    number: str
    detail: RequisitionDetail | None = None
    warnings: tuple[str, ...] = ()
    refusal: PettyCashError | None = None


def save(context: DeskContext, number: str | None, given: RequisitionInput, form: str) -> Sent:
    """Write a draft, or change the requisition of that number. Raises InvalidInput with every refused field."""
    written = (
        context.run(requisitions.create, given) if number is None else context.run(requisitions.edit, number, given)
    )
    # Only now: what was typed is kept somewhere at every moment.
    context.desk.run_unaudited(context.actor, form_drafts.clear, form)
    return Sent(written.number)


def submit(context: DeskContext, number: str | None, given: RequisitionInput, form: str) -> Sent:
    """The same, and submit it. A refused submission is told in the result, since the requisition is written by then."""
    number = save(context, number, given, form).number
    try:
        acted = context.run(submission.submit, number)
    except PettyCashError as error:
        return Sent(number, refusal=error)
    return told(context, acted)


def told(context: DeskContext, acted: Acted) -> Sent:
    """A submission with what the person is told of it: where it stands now."""
    try:
        detail = context.read(requisition_views.show, acted.number)
    except PettyCashError:
        detail = None  # it is submitted, whether or not it can be read again now
    return Sent(acted.number, detail, acted.warnings)


def sentence(sent: Sent) -> str:
    """`REQ-000001 is submitted: tier 1, now with Branch Manager (Branch manager).`"""
    if sent.detail is None:
        return f"{sent.number} is submitted."
    current = next((step for step in sent.detail.steps if step.became_current_at and not step.acted_at), None)
    now_with = f", now with {current.approver.name} ({current.role.label})" if current else ""
    return f"{sent.number} is submitted: tier {sent.detail.tier}{now_with}."
