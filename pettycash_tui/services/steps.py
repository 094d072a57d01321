"""The step rows of a requisition: who may act on the current one, and what follows it.

Only the step's approver may act, or, while a delegation of theirs runs, only the delegate; never the requester; nobody
on two steps of one revision. Source: domain, section 2, acting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, Role, StepKind, StepStatus
from pettycash_tui.services.directory import may_stand_in, running_delegation
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.work import Reading, Work

KIND_RIGHT = {StepKind.APPROVE: "approve", StepKind.VALIDATE: "validate", StepKind.REVIEW: "review"}


@dataclass(frozen=True, slots=True)
class CurrentStep:
    """The step that waits for somebody, and who that is today."""

    row: Row[Any]
    acts_id: UUID
    acts_name: str
    on_behalf_of_id: UUID | None
    away_name: str
    problem: str

    @property
    def kind(self) -> StepKind:
        """What the step is for."""
        kind: StepKind = self.row.kind
        return kind

    @property
    def role(self) -> Role:
        """The role that holds it."""
        role: Role = self.row.role
        return role


def steps_of(reading: Reading, requisition_id: UUID, revision: int) -> Sequence[Row[Any]]:
    """The steps of a revision in order, with their approvers' names."""
    s, u = t.approval_step.c, t.user.c
    return reading.execute(
        select(t.approval_step, u.username, u.first_name, u.last_name, u.is_active.label("approver_is_active"))
        .join_from(t.approval_step, t.user, u.id == s.approver_id)
        .where(s.requisition_id == requisition_id, s.revision == revision)
        .order_by(s.position)
    ).all()


def current_step(reading: Reading, requisition: Row[Any], steps: Sequence[Row[Any]]) -> CurrentStep | None:
    """The current step with the person who may act on it today; None when nothing waits."""
    row = next((step for step in steps if step.status is StepStatus.CURRENT), None)
    if row is None:
        return None
    name = _name(row)
    day = reading.today(_timezone(reading, requisition.company_id))
    d, u = t.delegation.c, t.user.c
    away = reading.execute(
        select(u.id, u.username, u.first_name, u.last_name, u.role, u.company_id, u.is_active, d.ends_on)
        .join_from(t.delegation, t.user, u.id == d.delegate_id)
        .where(d.approver_id == row.approver_id, running_delegation(day))
        .limit(1)
    ).first()
    if away is None:
        return CurrentStep(row, row.approver_id, name, row.on_behalf_of_id, "", "")
    problem = ""
    used = {other for step in steps if step.id != row.id for other in (step.approver_id, step.acted_by_id) if other}
    if away.id == requisition.requested_by_id:
        problem = f"{name} is away until {away.ends_on}, and the delegate {_name(away)} is the requester"
    elif away.id in used:
        problem = f"{name} is away until {away.ends_on}, and the delegate {_name(away)} is on another step"
    elif not away.is_active:
        problem = f"{name} is away until {away.ends_on}, and the delegate {_name(away)} is inactive"
    elif away.company_id not in (None, requisition.company_id):
        problem = f"{name} is away until {away.ends_on}, and the delegate {_name(away)} is of another company"
    elif not may_stand_in(away.role, row.role):
        problem = (
            f"{name} is away until {away.ends_on}, and the delegate {_name(away)} is treasury, which never approves"
        )
    return CurrentStep(row, away.id, _name(away), row.approver_id, name, problem)


def reasons_against(
    reading: Reading, requisition: Row[Any], steps: Sequence[Row[Any]], current: CurrentStep | None
) -> list[Reason]:
    """Every reason why the actor may not decide the current step now."""
    actor = reading.actor
    reasons: list[Reason] = []
    # A screen may have been open since before an admin deactivated its person.
    if reading.execute(select(t.user.c.is_active).where(t.user.c.id == actor.id)).scalar() is not True:
        reasons.append(Reason("inactive", "You are not an active person of this installation any more."))
    if requisition.requested_by_id == actor.id:
        reasons.append(Reason("own_requisition", f"{requisition.number} is your own: nobody decides on their own."))
    if current is None:
        status = requisition.status.label.lower()
        reasons.append(Reason("nothing_to_decide", f"{requisition.number} is {status}: no step waits."))
        return reasons
    if any(step.acted_by_id == actor.id for step in steps):
        reasons.append(Reason("acted_already", f"You have already acted on this revision of {requisition.number}."))
    if current.kind is not StepKind.REVIEW:
        reasons.extend(actor.without_app)
    if current.problem:
        reasons.append(Reason("delegate_not_eligible", f"{current.problem}. An admin can reassign the step."))
    elif current.acts_id != actor.id:
        who = f"{current.acts_name}, for {current.away_name}" if current.away_name else current.acts_name
        reasons.append(Reason("not_your_step", f"{requisition.number} waits for {who} ({current.role.label})."))
    return reasons


def finish(work: Work, current: CurrentStep) -> bool:
    """Mark the current step as decided by the actor. False when somebody else was faster."""
    s = t.approval_step.c
    done = work.execute(
        update(t.approval_step)
        .where(s.id == current.row.id, s.status == StepStatus.CURRENT)
        .values(
            status=StepStatus.DONE,
            acted_by_id=work.actor.person_id,
            acted_at=work.now,
            on_behalf_of_id=current.on_behalf_of_id,
            updated_at=work.now,
        )
    )
    return done.rowcount == 1


def open_next(work: Work, steps: Sequence[Row[Any]], *, after: int, review: bool) -> Row[Any] | None:
    """Make the next waiting step current: review steps only after payment. Returns it, or None."""
    s = t.approval_step.c
    for step in steps:
        if step.position > after and step.status is StepStatus.WAITING and (step.kind is StepKind.REVIEW) == review:
            work.execute(
                update(t.approval_step)
                .where(s.id == step.id)
                .values(status=StepStatus.CURRENT, became_current_at=work.now, updated_at=work.now)
            )
            return step
    return None


def skip(work: Work, requisition_id: UUID, revision: int, *, kinds: Sequence[StepKind]) -> None:
    """Skip every open step of these kinds: the requisition ended, went back, or was fast-tracked."""
    s = t.approval_step.c
    work.execute(
        update(t.approval_step)
        .where(
            s.requisition_id == requisition_id,
            s.revision == revision,
            s.kind.in_(kinds),
            or_(s.status == StepStatus.WAITING, s.status == StepStatus.CURRENT),
        )
        .values(status=StepStatus.SKIPPED, updated_at=work.now)
    )


def set_status(
    work: Work, requisition_id: UUID, status: RequisitionStatus, next_approver: UUID | None, **values: Any
) -> None:
    """Move a requisition to a status and name who is next."""
    work.execute(
        update(t.requisition)
        .where(t.requisition.c.id == requisition_id)
        .values(status=status, next_approver_id=next_approver, updated_at=work.now, **values)
    )


def _timezone(reading: Reading, company_id: UUID) -> str:
    return str(reading.execute(select(t.company.c.timezone).where(t.company.c.id == company_id)).scalar_one())


def _name(row: Any) -> str:
    return f"{row.first_name} {row.last_name}".strip() or str(row.username)
