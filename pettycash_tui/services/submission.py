"""What the requester does with their own requisition: submit it on the route of the policy, or take it back.

Submitting resolves who decides, in which order (`routing.py`), with the policy and the people as they are at that
moment. Source: domain, section 2.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import EDITABLE, IN_APPROVAL, RequisitionStatus, StepKind, StepStatus, TrailAction
from pettycash_tui.models.requisitions import ApprovalStep
from pettycash_tui.services import directory, locate, payments, routing, steps, thresholds
from pettycash_tui.services.acts import COMMENT_LENGTH, Acted, record, write_trail
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.errors import NotAllowed, Reason, Refused
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.work import Reading, Work

_R, _F = t.requisition.c, t.treasury_fund.c
# Built once: making these anew for each submission took a quarter of its time.
_FUND = select(_F.code, _F.is_active, _F.current_balance, _F.held_amount).where(_F.id == bindparam("fund"))
SUBMITTED = (
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
    work.execute(SUBMITTED, as_submitted(work, row.id, revision, route))
    work.add_all([ApprovalStep(**step) for step in step_columns(work, row.id, revision, route)])
    digest = write_trail(work, {**row._mapping, "revision": revision}, TrailAction.SUBMITTED, **in_the_trail(route))
    record(work, row, "requisition.submitted", in_the_log(revision, route, digest))
    available = fund.current_balance - fund.held_amount
    short = available < row.amount
    warnings = (f"Fund {fund.code} has less available than this; the payment may wait for funds.",) if short else ()
    return Acted(row.id, row.number, route.status, TrailAction.SUBMITTED, warnings=warnings)


def _fund_for_submission(work: Work, row: Row[Any]) -> Row[Any]:
    fund = work.execute(_FUND, {"fund": row.fund_id}).one()
    if not fund.is_active:
        raise Refused.because(Reason("fund_inactive", f"Fund {fund.code} is not active. Edit the draft's fund."))
    return fund


# --- shared with the import of many --------------------------------------------------------------------------------


def as_submitted(work: Work, requisition_id: UUID, revision: int, route: routing.Route) -> dict[str, Any]:
    """What `SUBMITTED` makes of a requisition."""
    return {
        "requisition": requisition_id,
        "status_now": route.status,
        "first": route.steps[0].pick.person.id,
        "revision_now": revision,
        "threshold": route.threshold.id,
        "level": route.threshold.tier,
        "now": work.now,
    }


def in_the_trail(route: routing.Route) -> dict[str, Any]:
    """What the trail says of a submission besides the content: who stands in for whom."""
    escalated = [routed for routed in route.steps if routed.auto_escalated]
    return {
        "auto_escalated": bool(escalated),
        "escalation_reason": "; ".join(routed.escalation_reason for routed in escalated),
        "skipped_roles": [role.value for routed in escalated for role in routed.skipped_roles],
    }


def in_the_log(revision: int, route: routing.Route, content_hash: str) -> dict[str, Any]:
    """What the audit event of a submission holds."""
    return {
        "revision": revision,
        "tier": route.threshold.tier,
        "threshold": route.threshold.id,
        "status": route.status,
        "content_hash": content_hash,
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
    }


def step_columns(work: Work, requisition_id: UUID, revision: int, route: routing.Route) -> list[dict[str, Any]]:
    """The columns of the steps of a route, the first of them current."""
    return [
        {
            "id": new_id(),
            "requisition_id": requisition_id,
            "revision": revision,
            "position": routed.position,
            "kind": routed.kind,
            "role": routed.role,
            "approver_id": routed.pick.person.id,
            "on_behalf_of_id": routed.pick.on_behalf_of.id if routed.pick.on_behalf_of else None,
            "status": StepStatus.CURRENT if routed.position == 1 else StepStatus.WAITING,
            "became_current_at": work.now if routed.position == 1 else None,
            "auto_escalated": routed.auto_escalated,
            "escalation_reason": routed.escalation_reason,
            "skipped_roles": [role.value for role in routed.skipped_roles],
            "created_at": work.now,
            "updated_at": work.now,
        }
        for routed in route.steps
    ]


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
    # In this order: the database lets a step be skipped only when its requisition has ended or gone back.
    steps.set_status(work, row.id, RequisitionStatus.WITHDRAWN, None)
    steps.skip(work, row.id, row.revision, kinds=list(StepKind))
    write_trail(work, row, TrailAction.WITHDRAWN, comment=reason)
    record(work, row, "requisition.withdrawn", {"revision": row.revision, "reason": reason})
    return Acted(row.id, row.number, RequisitionStatus.WITHDRAWN, TrailAction.WITHDRAWN)
