"""Deciding the step of a requisition that waits: approve, validate, review, reject, ask for changes, urgency.

Each act locks the requisition, checks again, writes the step, the status, one line of the trail and one audit event.
Two people at the same moment: one wins, the other is told (Overtaken). Source: domain, section 2, acting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import IN_APPROVAL, RequisitionStatus, StepKind, StepStatus, TrailAction
from pettycash_tui.services import locate, payments, routing, steps
from pettycash_tui.services.acts import COMMENT_LENGTH, Acted, overtaken, record, write_trail
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.steps import CurrentStep
from pettycash_tui.services.work import Work

_ACTION_OF = {
    StepKind.APPROVE: TrailAction.APPROVED,
    StepKind.VALIDATE: TrailAction.VALIDATED,
    StepKind.REVIEW: TrailAction.REVIEWED,
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A locked requisition with its steps and the one that waits."""

    row: Row[Any]
    steps: Sequence[Row[Any]]
    current: CurrentStep | None


def approve(work: Work, ref: str | UUID, comment: str = "", *, expected_step: UUID | None = None) -> Acted:
    """Decide the current step in favour: records approved, validated or reviewed by the step's kind.

    `expected_step` is the step the person was looking at. When another is current by now, Overtaken tells who acted.
    """
    case = _open_case(work, ref, expected_step)
    if case.row.status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION:
        raise Refused.because(
            Reason("urgency_open", f"{case.row.number} waits for its urgency: confirm or decline it first.")
        )
    return _decide_in_favour(work, case, _ACTION_OF[_current(case).kind], comment)


def confirm_urgency(work: Work, ref: str | UUID, comment: str = "", *, expected_step: UUID | None = None) -> Acted:
    """Confirm that it is urgent, which is also the approval; the other approvers are skipped, treasury never is."""
    case = _open_case(work, ref, expected_step)
    _require_urgency(case)
    others = [s.id for s in case.steps if s.kind is StepKind.APPROVE and s.status is StepStatus.WAITING]
    if others:
        work.execute(
            update(t.approval_step)
            .where(t.approval_step.c.id.in_(others))
            .values(status=StepStatus.SKIPPED, updated_at=work.now)
        )
        case = _Case(case.row, [s for s in case.steps if s.id not in others], case.current)
    return _decide_in_favour(work, case, TrailAction.URGENCY_CONFIRMED, comment)


def decline_urgency(work: Work, ref: str | UUID, comment: str = "", *, expected_step: UUID | None = None) -> Acted:
    """Say that it is not urgent: the normal sequence runs, and the same person still decides their step."""
    case = _open_case(work, ref, expected_step)
    _require_urgency(case)
    comment = clean_text("comment", comment, max_length=COMMENT_LENGTH, required=False, multiline=True)
    current = _current(case)
    status = routing.pending_status(current.role)
    steps.set_status(work, case.row.id, status, current.row.approver_id)
    _write_trail(work, case, TrailAction.URGENCY_DECLINED, comment)
    record(work, case.row, "requisition.urgency_declined", {"revision": case.row.revision, "comment": comment})
    return Acted(case.row.id, case.row.number, status, TrailAction.URGENCY_DECLINED)


def reject(work: Work, ref: str | UUID, reason: str, *, expected_step: UUID | None = None) -> Acted:
    """Refuse it for good. The reason is required."""
    return _send_back(work, ref, reason, expected_step, RequisitionStatus.REJECTED, TrailAction.REJECTED)


def request_changes(work: Work, ref: str | UUID, reason: str, *, expected_step: UUID | None = None) -> Acted:
    """Send it back: the requester edits and resubmits as a new revision, and this one's approvals are void."""
    return _send_back(
        work, ref, reason, expected_step, RequisitionStatus.PENDING_CHANGES, TrailAction.CHANGES_REQUESTED
    )


def _send_back(
    work: Work,
    ref: str | UUID,
    reason: str,
    expected_step: UUID | None,
    status: RequisitionStatus,
    action: TrailAction,
) -> Acted:
    reason = clean_text("reason", reason, max_length=COMMENT_LENGTH, multiline=True)
    case = _open_case(work, ref, expected_step)
    if case.row.status not in IN_APPROVAL:
        raise Refused.because(
            Reason("paid_already", f"{case.row.number} is {case.row.status.label.lower()}; it cannot be sent back.")
        )
    if action is TrailAction.CHANGES_REQUESTED and _current(case).kind is StepKind.REVIEW:
        raise Refused.because(Reason("paid_already", f"{case.row.number} is paid; nothing can be changed."))
    _write_trail(work, case, action, reason)
    # In this order: the database lets a step be skipped only when its requisition has ended or gone back.
    steps.set_status(work, case.row.id, status, None)
    steps.skip(work, case.row.id, case.row.revision, kinds=list(StepKind))
    record(work, case.row, f"requisition.{action.value}", {"revision": case.row.revision, "reason": reason})
    return Acted(case.row.id, case.row.number, status, action)


def _decide_in_favour(work: Work, case: _Case, action: TrailAction, comment: str) -> Acted:
    comment = clean_text("comment", comment, max_length=COMMENT_LENGTH, required=False, multiline=True)
    row, current = case.row, _current(case)
    if not steps.finish(work, current):
        raise overtaken(work, case.row)
    digest = _write_trail(work, case, action, comment)
    payment = None
    following = steps.open_next(work, case.steps, after=current.row.position, review=current.kind is StepKind.REVIEW)
    if following is not None:
        status = routing.pending_status(following.role) if current.kind is not StepKind.REVIEW else row.status
        next_approver = following.approver_id
    elif current.kind is StepKind.REVIEW:
        status, next_approver = RequisitionStatus.REVIEWED, None
    else:
        status, next_approver = RequisitionStatus.APPROVED, None
    steps.set_status(work, row.id, status, next_approver)
    if status is RequisitionStatus.APPROVED:
        payment = payments.create(work, row)
    record(
        work,
        row,
        f"requisition.{action.value}",
        {
            "revision": row.revision,
            "position": current.row.position,
            "kind": current.kind,
            "role": current.role,
            "on_behalf_of": current.on_behalf_of_id,
            "comment": comment,
            "status": status,
            "content_hash": digest,
        },
    )
    return Acted(row.id, row.number, status, action, payment=payment)


def _open_case(work: Work, ref: str | UUID, expected_step: UUID | None) -> _Case:
    row = locate.requisition(work, ref, lock=True)
    all_steps = steps.steps_of(work, row.id, row.revision)
    current = steps.current_step(work, row, all_steps)
    case = _Case(row, all_steps, current)
    if expected_step is not None and (current is None or current.row.id != expected_step):
        raise overtaken(work, case.row)
    reasons = steps.reasons_against(work, row, all_steps, current)
    if reasons:
        raise Refused.because(*reasons)
    return case


def _current(case: _Case) -> CurrentStep:
    if case.current is None:
        raise AssertionError("checked before")
    return case.current


def _require_urgency(case: _Case) -> None:
    if case.row.status is not RequisitionStatus.PENDING_URGENCY_CONFIRMATION:
        raise Refused.because(
            Reason("no_urgency_open", f"{case.row.number} does not wait for its urgency to be confirmed.")
        )


def _write_trail(work: Work, case: _Case, action: TrailAction, comment: str) -> str:
    current = _current(case)
    return write_trail(
        work,
        case.row,
        action,
        comment=comment,
        auto_escalated=current.row.auto_escalated,
        escalation_reason=current.row.escalation_reason,
        skipped_roles=list(current.row.skipped_roles),
        on_behalf_of_id=current.on_behalf_of_id,
    )
