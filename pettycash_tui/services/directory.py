"""Who could act: the people of a company as routing sees them, with their load, their scope and their delegates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OriginType, Role, StepKind, StepStatus
from pettycash_tui.services.permissions import kind_of
from pettycash_tui.services.work import Reading

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who could stand on a step."""

    id: UUID
    number: int
    username: str
    name: str
    role: Role
    region_id: UUID | None
    branch_id: UUID | None
    department_id: UUID | None
    is_centralized_approver: bool
    open_steps: int = 0
    last_assigned_at: datetime = _NEVER


@dataclass(frozen=True, slots=True)
class Subject:
    """What routing needs to know of a requisition. `amount` is in minor units."""

    company_id: UUID
    requester_id: UUID
    requester_role: Role
    origin: OriginType
    amount: int
    currency: str
    region_id: UUID | None
    branch_id: UUID | None
    department_id: UUID | None
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """A person for a step; `on_behalf_of` is the approver who is away and whom they replace."""

    person: Person
    on_behalf_of: Person | None = None

    @property
    def ids(self) -> set[UUID]:
        """Everybody whom this step uses up."""
        return {self.person.id} | ({self.on_behalf_of.id} if self.on_behalf_of else set())


@dataclass(frozen=True, slots=True)
class Directory:
    """The active people of a company (and group-wide officers), and whose delegation runs today."""

    people: tuple[Person, ...]
    delegate_of: dict[UUID, UUID] = field(default_factory=dict)

    def pick(self, role: Role, subject: Subject, taken: Collection[UUID]) -> Pick | None:
        """The eligible person of `role`: fewest open steps, then longest idle, then lowest number (rule 4 and 5)."""
        for predicate in _scopes(role, subject):
            candidates = [p for p in self.people if p.role is role and predicate(p)]
            for person in sorted(candidates, key=lambda p: (p.open_steps, p.last_assigned_at, p.number)):
                found = self._standing_in(person, subject, taken)
                if found is not None:
                    return found
        return None

    def first_of(self, roles: Iterable[Role], subject: Subject, taken: Collection[UUID]) -> Pick | None:
        """The person of the first of `roles` that has one."""
        for role in roles:
            found = self.pick(role, subject, taken)
            if found is not None:
                return found
        return None

    def after(self, picks: Collection[UUID], now: datetime) -> Directory:
        """The directory when each of these people has one more open step, assigned `now`."""
        people = [
            replace(p, open_steps=p.open_steps + 1, last_assigned_at=now) if p.id in picks else p for p in self.people
        ]
        return Directory(tuple(people), self.delegate_of)

    def _standing_in(self, person: Person, subject: Subject, taken: Collection[UUID]) -> Pick | None:
        if person.id == subject.requester_id or person.id in taken:
            return None
        delegate_id = self.delegate_of.get(person.id)
        if delegate_id is None:
            return Pick(person)
        if delegate_id == subject.requester_id or delegate_id in taken or delegate_id in self.delegate_of:
            return None
        delegate = next((p for p in self.people if p.id == delegate_id), None)
        if delegate is None or not may_stand_in(delegate.role, person.role):
            return None
        return Pick(delegate, on_behalf_of=person)


def may_stand_in(delegate: Role, absent: Role) -> bool:
    """Whether a delegate of this role may act for somebody of that one: treasury never approves (rule 6)."""
    return not (delegate is Role.TREASURY and kind_of(absent) is StepKind.APPROVE)


def _scopes(role: Role, subject: Subject) -> list[Callable[[Person], bool]]:
    """The scopes to try in turn: branch, region and department roles are scoped, the others centralised."""
    if role is Role.BRANCH_MANAGER:
        return [_local("branch_id", subject.branch_id)]
    if role is Role.REGIONAL_MANAGER:
        return [_local("region_id", subject.region_id)]
    if role is Role.DEPARTMENT_HEAD:
        if subject.department_id is not None:
            return [_local("department_id", subject.department_id)]
        return [_local("branch_id", subject.branch_id), lambda person: True]
    return [lambda person: True]


def _local(column: str, value: UUID | None) -> Callable[[Person], bool]:
    return lambda person: person.is_centralized_approver or (value is not None and getattr(person, column) == value)


def running_delegation(day: date) -> ColumnElement[bool]:
    """The condition that a delegation runs on `day`; both days are included."""
    d = t.delegation.c
    return and_(d.is_active, d.starts_on <= day, d.ends_on >= day)


_D, _S, _U = t.delegation.c, t.approval_step.c, t.user.c
_OF_COMPANY = or_(_U.company_id == bindparam("company"), _U.company_id.is_(None))
# Built once: a submission reads both, and making them anew took longer than running them.
_DELEGATIONS = (
    select(_D.approver_id, _D.delegate_id)
    .join_from(t.delegation, t.user, _U.id == _D.approver_id)
    .where(_D.is_active, _D.starts_on <= bindparam("day"), _D.ends_on >= bindparam("day"), _OF_COMPANY)
)
_OPEN_STEPS = (
    select(func.count())
    .select_from(t.approval_step)
    .where(_S.approver_id == _U.id, _S.status.in_([StepStatus.WAITING, StepStatus.CURRENT]))
    .scalar_subquery()
)
_LAST_ASSIGNED = (
    select(_S.created_at).where(_S.approver_id == _U.id).order_by(_S.created_at.desc()).limit(1).scalar_subquery()
)
_PEOPLE = select(
    _U.id,
    _U.number,
    _U.username,
    _U.first_name,
    _U.last_name,
    _U.role,
    _U.region_id,
    _U.branch_id,
    _U.department_id,
    _U.is_centralized_approver,
    _OPEN_STEPS.label("open_steps"),
    _LAST_ASSIGNED.label("last_assigned_at"),
).where(_U.is_active, _OF_COMPANY, or_(_U.role != Role.STAFF, _U.id.in_(bindparam("delegates", expanding=True))))


def load(reading: Reading, company_id: UUID, day: date) -> Directory:
    """The directory of a company on `day`, in two statements."""
    delegations = reading.execute(_DELEGATIONS, {"company": company_id, "day": day})
    delegate_of = {row.approver_id: row.delegate_id for row in delegations}
    people = reading.execute(_PEOPLE, {"company": company_id, "delegates": list(delegate_of.values())})
    return Directory(tuple(_person(row) for row in people), delegate_of)


def _person(row: Any) -> Person:
    return Person(
        id=row.id,
        number=row.number,
        username=row.username,
        name=f"{row.first_name} {row.last_name}".strip() or row.username,
        role=row.role,
        region_id=row.region_id,
        branch_id=row.branch_id,
        department_id=row.department_id,
        is_centralized_approver=row.is_centralized_approver,
        open_steps=row.open_steps,
        last_assigned_at=row.last_assigned_at or _NEVER,
    )
