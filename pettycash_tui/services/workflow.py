"""Acting on a requisition: submit, approve, validate, review, reject, ask for changes, withdraw, urgency, reassign.

Each act locks the requisition, checks again, writes the step, the status, one line of the trail and one audit event.
Two people at the same moment: one wins, the other is told (Overtaken). Source: domain, section 2, acting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    EDITABLE,
    IN_APPROVAL,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    TrailAction,
)
from pettycash_tui.models.requisitions import ApprovalStep, ApprovalTrail
from pettycash_tui.services import audit, directory, locate, payments, routing, steps, thresholds
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.errors import NotAllowed, Overtaken, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.requisitions import content_hash
from pettycash_tui.services.steps import CurrentStep
from pettycash_tui.services.work import Reading, Work

COMMENT_LENGTH = 2000
_R, _F = t.requisition.c, t.treasury_fund.c
# Built once: making these anew for each submission took a quarter of its time.
_FUND = select(_F.code, _F.is_active, _F.current_balance, _F.held_amount).where(_F.id == bindparam("fund"))
_SUBMITTED = (
    update(t.requisition)
    .where(_R.id == bindparam("requisition"))
    .values(
        status=bindparam("status_now", type_=_R.status.type),
        next_approver_id=bindparam("first", type_=_R.next_approver_id.type),
        revision=bindparam("revision_now", type_=_R.revision.type),
        threshold_id=bindparam("threshold", type_=_R.threshold_id.type),
        tier=bindparam("level", type_=_R.tier.type),
        submitted_at=bindparam("now", type_=_R.submitted_at.type),
        updated_at=bindparam("now", type_=_R.submitted_at.type),
    )
)
_ROLE = select(t.user.c.role).where(t.user.c.id == bindparam("person"))
_TIMEZONE = select(t.company.c.timezone).where(t.company.c.id == bindparam("company"))
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act led to. `warnings` are sentences that do not stop anything."""

    id: UUID
    number: str
    status: RequisitionStatus
    action: TrailAction
    payment: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """A locked requisition with its steps and the one that waits."""

    row: Row[Any]
    steps: Sequence[Row[Any]]
    current: CurrentStep | None


# --- submitting -------------------------------------------------------------------------------------------------------


def subject_of(reading: Reading, row: Row[Any]) -> Subject:
    """What routing needs of a requisition's row."""
    role = reading.execute(_ROLE, {"person": row.requested_by_id}).scalar_one()
    return Subject(
        company_id=row.company_id,
        requester_id=row.requested_by_id,
        requester_role=role,
        origin=row.origin_type,
        amount=row.amount,
        currency=row.currency,
        region_id=row.region_id,
        branch_id=row.branch_id,
        department_id=row.department_id,
        is_urgent=row.is_urgent,
    )


def route_for(reading: Reading, row: Row[Any]) -> routing.Route:
    """The route that a requisition would take now. Raises Refused when there is none."""
    return route_of(reading, subject_of(reading, row))


def route_of(reading: Reading, subject: Subject) -> routing.Route:
    """The route for what routing knows of a requisition, with the policy and the people as they are now."""
    timezone = reading.execute(_TIMEZONE, {"company": subject.company_id}).scalar_one()
    people = directory.load(reading, subject.company_id, reading.today(timezone))
    return routing.resolve(subject, thresholds.load(reading, subject.company_id), people)


def submit(work: Work, ref: str | UUID) -> Acted:
    """Route a draft, or a requisition sent back for changes as a new revision. Raises Refused when nobody can act."""
    row = locate.own_requisition(work, ref)
    if row is None:
        raise NotAllowed(f"Only the requester may submit {locate.requisition(work, ref).number}.")
    if row.status not in EDITABLE:
        raise Refused.because(
            Reason("already_submitted", f"{row.number} is {row.status.label.lower()}; it was submitted already.")
        )
    fund = _fund_for_submission(work, row)
    route = route_for(work, row)
    revision = row.revision + 1 if row.status is RequisitionStatus.PENDING_CHANGES else row.revision
    first = route.steps[0].pick
    work.execute(
        _SUBMITTED,
        {
            "requisition": row.id,
            "status_now": route.status,
            "first": first.person.id,
            "revision_now": revision,
            "threshold": route.threshold.id,
            "level": route.threshold.tier,
            "now": work.now,
        },
    )
    work.add_all([_step_row(work, row.id, revision, routed) for routed in route.steps])
    escalated = [routed for routed in route.steps if routed.auto_escalated]
    content = {**row._mapping, "revision": revision}
    digest = content_hash(content)
    work.add(
        _trail(
            work,
            row.id,
            revision,
            TrailAction.SUBMITTED,
            digest,
            auto_escalated=bool(escalated),
            escalation_reason="; ".join(routed.escalation_reason for routed in escalated),
            skipped_roles=[role.value for routed in escalated for role in routed.skipped_roles],
        )
    )
    _record(
        work,
        row,
        "requisition.submitted",
        {
            "revision": revision,
            "tier": route.threshold.tier,
            "threshold": route.threshold.id,
            "status": route.status,
            "content_hash": digest,
            "steps": [
                {
                    "position": routed.position,
                    "kind": routed.kind,
                    "role": routed.role,
                    "approver": routed.pick.person.id,
                    "on_behalf_of": routed.pick.on_behalf_of.id if routed.pick.on_behalf_of else None,
                    "skipped_roles": list(routed.skipped_roles),
                }
                for routed in route.steps
            ],
        },
    )
    available = fund.current_balance - fund.held_amount
    short = available < row.amount
    warnings = (f"Fund {fund.code} has less available than this; the payment may wait for funds.",) if short else ()
    return Acted(row.id, row.number, route.status, TrailAction.SUBMITTED, warnings=warnings)


def _fund_for_submission(work: Work, row: Row[Any]) -> Row[Any]:
    fund = work.execute(_FUND, {"fund": row.fund_id}).one()
    if not fund.is_active:
        raise Refused.because(Reason("fund_inactive", f"Fund {fund.code} is not active. Edit the draft's fund."))
    return fund


def _step_row(work: Work, requisition_id: UUID, revision: int, routed: routing.RoutedStep) -> ApprovalStep:
    is_first = routed.position == 1
    return ApprovalStep(
        id=new_id(),
        requisition_id=requisition_id,
        revision=revision,
        position=routed.position,
        kind=routed.kind,
        role=routed.role,
        approver_id=routed.pick.person.id,
        on_behalf_of_id=routed.pick.on_behalf_of.id if routed.pick.on_behalf_of else None,
        status=StepStatus.CURRENT if is_first else StepStatus.WAITING,
        became_current_at=work.now if is_first else None,
        auto_escalated=routed.auto_escalated,
        escalation_reason=routed.escalation_reason,
        skipped_roles=[role.value for role in routed.skipped_roles],
        created_at=work.now,
        updated_at=work.now,
    )


# --- deciding ---------------------------------------------------------------------------------------------------------


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
    _record(work, case.row, "requisition.urgency_declined", {"revision": case.row.revision, "comment": comment})
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
    steps.skip(work, case.row.id, case.row.revision, kinds=list(StepKind))
    steps.set_status(work, case.row.id, status, None)
    _record(work, case.row, f"requisition.{action.value}", {"revision": case.row.revision, "reason": reason})
    return Acted(case.row.id, case.row.number, status, action)


def withdraw(work: Work, ref: str | UUID, reason: str = "") -> Acted:
    """Take one's own requisition back, any time before payment. Its payment is cancelled and its hold released."""
    reason = clean_text("reason", reason, max_length=COMMENT_LENGTH, required=False, multiline=True)
    row = locate.requisition(work, ref, lock=True)
    if row.requested_by_id != work.actor.id:
        raise NotAllowed(f"Only the requester may withdraw {row.number}.")
    if row.status not in IN_APPROVAL | EDITABLE | {RequisitionStatus.APPROVED}:
        raise Refused.because(
            Reason("not_open", f"{row.number} is {row.status.label.lower()}; it cannot be withdrawn any more.")
        )
    if row.status is RequisitionStatus.APPROVED:
        payments.cancel_for(work, row.id, f"withdrawn by {work.actor.name}")
    steps.skip(work, row.id, row.revision, kinds=list(StepKind))
    steps.set_status(work, row.id, RequisitionStatus.WITHDRAWN, None)
    work.add(_trail(work, row.id, row.revision, TrailAction.WITHDRAWN, content_hash(row), comment=reason))
    _record(work, row, "requisition.withdrawn", {"revision": row.revision, "reason": reason})
    return Acted(row.id, row.number, RequisitionStatus.WITHDRAWN, TrailAction.WITHDRAWN)


def _decide_in_favour(work: Work, case: _Case, action: TrailAction, comment: str) -> Acted:
    comment = clean_text("comment", comment, max_length=COMMENT_LENGTH, required=False, multiline=True)
    row, current = case.row, _current(case)
    if not steps.finish(work, current):
        raise _overtaken(work, case)
    _write_trail(work, case, action, comment)
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
    _record(
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
            "content_hash": content_hash(row),
        },
    )
    return Acted(row.id, row.number, status, action, payment=payment)


# --- reassigning ------------------------------------------------------------------------------------------------------


def reassign(work: Work, ref: str | UUID, to_username: str, reason: str) -> Acted:
    """Give the current step to somebody else: an admin's override, with a reason, on the trail."""
    work.actor.require(Right.ADMINISTER)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH, multiline=True)
    row = locate.requisition(work, ref, lock=True)
    if row.requested_by_id == work.actor.id:
        message = f"{row.number} is your own: another admin chooses who decides on it."
        raise Refused.because(Reason("own_requisition", message))
    all_steps = steps.steps_of(work, row.id, row.revision)
    current = steps.current_step(work, row, all_steps)
    if current is None:
        raise Refused.because(Reason("nothing_to_decide", f"{row.number} has no step that waits."))
    u = t.user.c
    person = work.execute(select(t.user).where(u.username == to_username.strip().lower(), u.is_active)).first()
    if person is None or not (person.company_id is None or person.company_id == row.company_id):
        raise Refused(
            f"There is no active person {to_username!r} in this company.", fields={"to": "must be an active person"}
        )
    reasons = _reasons_against_taker(row, all_steps, current, person)
    if person.id == work.actor.id:
        reasons.append(Reason("admin_override", "Admins cannot approve by being admins: name somebody else."))
    if reasons:
        raise Refused.because(*reasons)
    s = t.approval_step.c
    work.execute(
        update(t.approval_step)
        .where(s.id == current.row.id)
        .values(
            approver_id=person.id,
            on_behalf_of_id=None,
            became_current_at=work.now,
            escalation_reason=f"reassigned by {work.actor.username}: {reason}"[:500],
            updated_at=work.now,
        )
    )
    steps.set_status(work, row.id, row.status, person.id)
    comment = f"From {current.row.username} to {person.username}: {reason}"
    work.add(
        _trail(work, row.id, row.revision, TrailAction.REASSIGNED, content_hash(row), comment=comment, override=True)
    )
    _record(
        work,
        row,
        "requisition.reassigned",
        {"position": current.row.position, "from": current.row.approver_id, "to": person.id, "reason": reason},
    )
    return Acted(row.id, row.number, row.status, TrailAction.REASSIGNED)


def _reasons_against_taker(
    row: Row[Any], all_steps: Sequence[Row[Any]], current: CurrentStep, person: Row[Any]
) -> list[Reason]:
    reasons = []
    if person.id == row.requested_by_id:
        reasons.append(Reason("own_requisition", f"{person.username} is the requester: nobody decides on their own."))
    if any(person.id in (s.approver_id, s.acted_by_id) for s in all_steps if s.id != current.row.id):
        reasons.append(Reason("on_another_step", f"{person.username} already stands on another step."))
    if person.id == current.row.approver_id:
        reasons.append(Reason("same_person", f"The step is {person.username}'s already."))
    right = _RIGHT_OF[current.kind]
    taker = Actor(person.id, person.username, person.username, person.role)
    if not taker.may(right):
        reasons.append(Reason("not_allowed", f"{person.username} ({person.role.label}) may not {right.value}."))
    if current.kind is StepKind.APPROVE and person.role is Role.TREASURY:
        reasons.append(
            Reason("treasury_never_approves", "An approver who is not treasury stands between a request and the cash.")
        )
    return reasons


# --- shared -----------------------------------------------------------------------------------------------------------

_ACTION_OF = {
    StepKind.APPROVE: TrailAction.APPROVED,
    StepKind.VALIDATE: TrailAction.VALIDATED,
    StepKind.REVIEW: TrailAction.REVIEWED,
}
_RIGHT_OF = {StepKind.APPROVE: Right.APPROVE, StepKind.VALIDATE: Right.VALIDATE, StepKind.REVIEW: Right.REVIEW}


def _open_case(work: Work, ref: str | UUID, expected_step: UUID | None) -> _Case:
    row = locate.requisition(work, ref, lock=True)
    all_steps = steps.steps_of(work, row.id, row.revision)
    current = steps.current_step(work, row, all_steps)
    case = _Case(row, all_steps, current)
    if expected_step is not None and (current is None or current.row.id != expected_step):
        raise _overtaken(work, case)
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


def _overtaken(reading: Reading, case: _Case) -> Overtaken:
    a, u = t.approval_trail.c, t.user.c
    last = reading.execute(
        select(a.action, u.username, u.first_name, u.last_name)
        .join_from(t.approval_trail, t.user, u.id == a.user_id, isouter=True)
        .where(a.requisition_id == case.row.id)
        .order_by(a.timestamp.desc(), a.id.desc())
        .limit(1)
    ).first()
    now = f"it is now {case.row.status.label.lower()}"
    if last is None:
        return Overtaken(f"{case.row.number} has changed meanwhile; {now}.")
    who = f"{last.first_name or ''} {last.last_name or ''}".strip() or last.username or "the escalation job"
    return Overtaken(f"{who} was faster ({last.action.label.lower()}): {case.row.number}, {now}.")


def _write_trail(work: Work, case: _Case, action: TrailAction, comment: str) -> None:
    current = _current(case)
    work.add(
        _trail(
            work,
            case.row.id,
            case.row.revision,
            action,
            content_hash(case.row),
            comment=comment,
            auto_escalated=current.row.auto_escalated,
            escalation_reason=current.row.escalation_reason,
            skipped_roles=list(current.row.skipped_roles),
            on_behalf_of_id=current.on_behalf_of_id,
        )
    )


def _trail(
    work: Work, requisition_id: UUID, revision: int, action: TrailAction, digest: str, **values: Any
) -> ApprovalTrail:
    return ApprovalTrail(
        id=new_id(),
        created_at=work.now,
        timestamp=work.now,
        requisition_id=requisition_id,
        revision=revision,
        user_id=work.actor.id,
        role=work.actor.role,
        action=action,
        source=work.actor.source,
        content_hash=digest,
        **values,
    )


def _record(work: Work, row: Row[Any], action: str, data: dict[str, Any]) -> None:
    work.record(
        action,
        "requisition",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data=data,
    )
