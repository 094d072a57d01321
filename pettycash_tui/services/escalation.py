"""Escalating overdue steps: one that is older than the company's service level goes up the line of rule 6.

Runs as the system, from cron or a timer. A step that was escalated is fresh again, so running twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import IN_APPROVAL, RequisitionStatus, StepStatus, TrailAction
from pettycash_tui.models.requisitions import ApprovalTrail
from pettycash_tui.services import audit, directory, routing, steps, submission
from pettycash_tui.services.requisitions import content_hash
from pettycash_tui.services.work import Reading, Work


@dataclass(frozen=True, slots=True)
class OverdueStep:
    """A step beyond its service level. `hours` since it became current; with `step_id` it is that step or none."""

    requisition_id: UUID
    requisition: str
    approver: str
    hours: int
    step_id: UUID | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalated:
    """What was done about an overdue step; `to` is None when nobody stands above."""

    requisition: str
    from_username: str
    to: str | None


def overdue(reading: Reading) -> tuple[OverdueStep, ...]:
    """The overdue steps of every active company, the longest waiting first."""
    s, r, c, u = t.approval_step.c, t.requisition.c, t.company.c, t.user.c
    tiers = (c.sla_hours_tier1, c.sla_hours_tier2, c.sla_hours_tier3, c.sla_hours_tier4)
    limits = reading.execute(select(c.id, *tiers).where(c.is_active)).all()
    late = [
        and_(r.company_id == row.id, r.tier == tier, s.became_current_at < reading.now - timedelta(hours=row[tier]))
        for row in limits
        for tier in (1, 2, 3, 4)
    ]
    if not late:
        return ()
    rows = reading.execute(
        select(r.id, r.number, u.username, s.became_current_at, s.id.label("step_id"))
        .select_from(t.approval_step)
        .join(t.requisition, r.id == s.requisition_id)
        .join(t.user, u.id == s.approver_id)
        .where(s.status == StepStatus.CURRENT, s.revision == r.revision, or_(*late))
        .order_by(s.became_current_at)
    )
    return tuple(
        OverdueStep(
            row.id,
            row.number,
            row.username,
            (reading.now - row.became_current_at) // timedelta(hours=1),
            row.step_id,
            row.became_current_at,
        )
        for row in rows
    )


def escalate(work: Work, found: OverdueStep) -> Escalated:
    """Give one overdue step to the first eligible person above. Nothing changes when it is decided meanwhile."""
    r = t.requisition.c
    row = work.execute(select(t.requisition).where(r.id == found.requisition_id).with_for_update(key_share=True)).one()
    all_steps = steps.steps_of(work, row.id, row.revision)
    current = next((step for step in all_steps if step.status is StepStatus.CURRENT), None)
    seen = (found.step_id, found.since)
    if current is not None and found.step_id is not None and (current.id, current.became_current_at) != seen:
        # Decided, or given to somebody, meanwhile: what is current now is not overdue.
        current = None
    if current is None or row.status not in IN_APPROVAL | {RequisitionStatus.PAID}:
        return Escalated(found.requisition, found.approver, None)
    timezone = work.execute(select(t.company.c.timezone).where(t.company.c.id == row.company_id)).scalar_one()
    people = directory.load(work, row.company_id, work.today(timezone))
    taken = {other for step in all_steps for other in (step.approver_id, step.acted_by_id) if other is not None}
    subject = submission.subject_of(work, row)
    pick = people.first_of(routing.line_above(current.role, current.kind), subject, taken)
    if pick is None:
        return Escalated(found.requisition, current.username, None)
    role = (pick.on_behalf_of or pick.person).role
    reason = f"overdue: {found.hours} hours with {current.username} ({current.role.label})"
    _move(work, current, pick, role, reason)
    in_urgency = row.status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
    status = row.status if in_urgency or row.status is RequisitionStatus.PAID else routing.pending_status(role)
    steps.set_status(work, row.id, status, pick.person.id)
    skipped = [*current.skipped_roles, current.role.value]
    work.add(
        ApprovalTrail(
            id=new_id(),
            created_at=work.now,
            timestamp=work.now,
            requisition_id=row.id,
            revision=row.revision,
            user_id=work.actor.id,
            role=work.actor.role,
            action=TrailAction.ESCALATED,
            comment=f"From {current.username} to {pick.person.username}",
            source=work.actor.source,
            auto_escalated=True,
            escalation_reason=reason,
            skipped_roles=skipped,
            content_hash=content_hash(row),
        )
    )
    work.record(
        "requisition.escalated",
        "requisition",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data={
            "position": current.position,
            "from": current.approver_id,
            "to": pick.person.id,
            "role": role,
            "reason": reason,
        },
    )
    return Escalated(row.number, current.username, pick.person.username)


def _move(work: Work, current: Any, pick: directory.Pick, role: Any, reason: str) -> None:
    work.execute(
        update(t.approval_step)
        .where(t.approval_step.c.id == current.id)
        .values(
            approver_id=pick.person.id,
            on_behalf_of_id=pick.on_behalf_of.id if pick.on_behalf_of else None,
            role=role,
            auto_escalated=True,
            escalation_reason=reason,
            skipped_roles=[*current.skipped_roles, current.role.value],
            became_current_at=work.now,
            updated_at=work.now,
        )
    )
