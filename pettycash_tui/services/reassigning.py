"""Giving a step to somebody else: an override of an admin, with a reason, on the trail. Source: domain, section 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role, StepKind, StepStatus, TrailAction
from pettycash_tui.services import locate, steps
from pettycash_tui.services.acts import Acted, overtaken, record, write_trail
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.steps import CurrentStep
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 500
_U, _S = t.user.c, t.approval_step.c
_OPEN_STEPS = (
    select(func.count())
    .select_from(t.approval_step)
    .where(_S.approver_id == _U.id, _S.status == StepStatus.CURRENT)
    .scalar_subquery()
)
# Staff decide on nothing, and are most of a company.
_PEOPLE = select(_U.id, _U.username, _U.first_name, _U.last_name, _U.role, _OPEN_STEPS.label("open_steps")).where(
    _U.is_active, _U.role != Role.STAFF, or_(_U.company_id == bindparam("company"), _U.company_id.is_(None))
)
_RIGHT_OF = {StepKind.APPROVE: Right.APPROVE, StepKind.VALIDATE: Right.VALIDATE, StepKind.REVIEW: Right.REVIEW}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may take the step `step_id` over. `open_steps` wait for them already."""

    person: PersonRef
    role: Role
    open_steps: int
    step_id: UUID


def eligible_approvers(reading: Reading, ref: str | UUID) -> tuple[Candidate, ...]:
    """Who may take the current step over: first those of its role, the least busy before the others.

    Raises what `reassign` would, whoever was named.
    """
    row, all_steps, current = _step_to_give(reading, ref)
    people = reading.execute(_PEOPLE, {"company": row.company_id}).all()
    found = [
        Candidate(_person(person), person.role, person.open_steps, current.row.id)
        for person in people
        if not _reasons_against(reading, row, all_steps, current, person)
    ]
    return tuple(sorted(found, key=lambda one: (one.role is not current.role, one.open_steps, one.person.name)))


def reassign(work: Work, ref: str | UUID, to_username: str, reason: str, *, expected_step: UUID | None = None) -> Acted:
    """Give the current step to somebody else. Raises NotAllowed unless an admin does it, Refused when they may not.

    With `expected_step` it is that step or none: raises Overtaken when another has become the current one meanwhile.
    """
    row, all_steps, current = _step_to_give(work, ref, lock=True)
    if expected_step is not None and current.row.id != expected_step:
        raise overtaken(work, row)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH, multiline=True)
    u = t.user.c
    person = work.execute(select(t.user).where(u.username == to_username.strip().lower(), u.is_active)).first()
    if person is None or not (person.company_id is None or person.company_id == row.company_id):
        raise Refused(
            f"There is no active person {to_username!r} in this company.", fields={"to": "must be an active person"}
        )
    reasons = _reasons_against(work, row, all_steps, current, person)
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
    write_trail(work, row, TrailAction.REASSIGNED, comment=comment, override=True)
    record(
        work,
        row,
        "requisition.reassigned",
        {"position": current.row.position, "from": current.row.approver_id, "to": person.id, "reason": reason},
    )
    return Acted(row.id, row.number, row.status, TrailAction.REASSIGNED)


def _step_to_give(
    reading: Reading, ref: str | UUID, *, lock: bool = False
) -> tuple[Row[Any], Sequence[Row[Any]], CurrentStep]:
    reading.actor.require(Right.ADMINISTER)
    row = locate.requisition(reading, ref, lock=lock)
    if row.requested_by_id == reading.actor.id:
        message = f"{row.number} is your own: another admin chooses who decides on it."
        raise Refused.because(Reason("own_requisition", message))
    all_steps = steps.steps_of(reading, row.id, row.revision)
    current = steps.current_step(reading, row, all_steps)
    if current is None:
        raise Refused.because(Reason("nothing_to_decide", f"{row.number} has no step that waits."))
    return row, all_steps, current


def _reasons_against(
    reading: Reading, row: Row[Any], all_steps: Sequence[Row[Any]], current: CurrentStep, person: Row[Any]
) -> list[Reason]:
    """Every reason why a person may not take the step over."""
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
    if person.id == reading.actor.id:
        reasons.append(Reason("admin_override", "Admins cannot approve by being admins: name somebody else."))
    return reasons


def _person(row: Row[Any]) -> PersonRef:
    return PersonRef(row.id, row.username, f"{row.first_name} {row.last_name}".strip() or row.username)
