"""What made a step this person's: the place they are responsible for, whom they stand in for, or that they have least.

Words for people; the choice itself is made in `directory.py` and `routing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.requisition_steps import RouteStepView
from pettycash_tui.services.work import Reading

_U, _B, _G, _D = t.user.c, t.branch.c, t.region.c, t.department.c
_WHERE_THEY_ARE = select(_U.id, _U.branch_id, _U.region_id, _U.department_id).where(
    _U.id.in_(bindparam("people", expanding=True))
)
_HOW_MANY = (
    select(_U.role, func.count().label("many"))
    .where(
        _U.is_active,
        or_(_U.company_id == bindparam("company"), _U.company_id.is_(None)),
        _U.role.in_(bindparam("roles", expanding=True)),
        _U.id != bindparam("requester"),
    )
    .group_by(_U.role)
)


class _Scope(NamedTuple):
    """The column of a person that ties a role to a place, and how the place is named."""

    column: str
    name: Any


_SCOPES = {
    Role.BRANCH_MANAGER: _Scope("branch_id", select(_B.code).where(_B.id == bindparam("place"))),
    Role.REGIONAL_MANAGER: _Scope("region_id", select(_G.name).where(_G.id == bindparam("place"))),
    Role.DEPARTMENT_HEAD: _Scope("department_id", select(_D.name).where(_D.id == bindparam("place"))),
}


def with_reasons(reading: Reading, subject: Subject, steps: Sequence[RouteStepView]) -> tuple[RouteStepView, ...]:
    """The steps of a route for `subject`, each with its `why`."""
    if not steps:
        return ()
    meant = [step.on_behalf_of or step.approver for step in steps]
    places = {row.id: row for row in reading.execute(_WHERE_THEY_ARE, {"people": [person.id for person in meant]})}
    counted: Any = reading.execute(
        _HOW_MANY,
        {
            "company": subject.company_id,
            "roles": [step.role for step in steps],
            "requester": subject.requester_id,
        },
    )
    many: dict[Role, int] = {row.role: row.many for row in counted}
    return tuple(
        replace(step, why=_why(reading, subject, step, places.get(person.id), many.get(step.role, 1)))
        for step, person in zip(steps, meant, strict=True)
    )


def _why(reading: Reading, subject: Subject, step: RouteStepView, person: Any, many: int) -> str:
    parts = [_responsibility(reading, subject, step, person, many)]
    if step.escalation_reason:
        parts.append(f"stands in: {step.escalation_reason}")
    if step.on_behalf_of is not None:
        parts.append(f"for {step.on_behalf_of.name}, who is away")
    return ", ".join(parts)


def _responsibility(reading: Reading, subject: Subject, step: RouteStepView, person: Any, many: int) -> str:
    scope = _SCOPES.get(step.role)
    if scope is None:
        return f"{step.role.label}, least busy of {many}" if many > 1 else step.role.label
    place = getattr(subject, scope.column)
    if place is None or person is None or getattr(person, scope.column) != place:
        return f"{step.role.label} for all places"
    name = reading.execute(scope.name, {"place": place}).scalar()
    return f"{step.role.label} of {name}"
