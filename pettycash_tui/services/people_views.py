"""Reading people: the list of a company's people, and one with their units, open steps and delegations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, null, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_PAYMENTS, OtpChannel, Role, StepStatus
from pettycash_tui.services import companies
from pettycash_tui.services.delegation_views import DelegationRow, delegations_of
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.kinds import Context, named
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import Ref, place
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class UserRow:
    """A line of the list of people."""

    id: UUID
    username: str
    name: str
    role: Role
    email: str
    company: Ref | None
    region: Ref | None
    branch: Ref | None
    department: Ref | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class UserDetail:
    """A person. What concerns signing in is None for those who neither are this person nor administer people.

    `open_steps` and `open_payments` are the numbers of what waits for them now or later: an admin reassigns those of
    somebody who leaves.
    """

    id: UUID
    person_number: int
    username: str
    name: str
    first_name: str
    last_name: str
    email: str
    phone_number: str
    role: Role
    company: Ref | None
    region: Ref | None
    branch: Ref | None
    department: Ref | None
    cost_center: Ref | None
    position: Ref | None
    position_title: str
    is_centralized_approver: bool
    is_superuser: bool
    otp_channel: OtpChannel
    is_active: bool
    created_at: datetime
    updated_at: datetime
    has_password: bool | None
    must_change_password: bool | None
    failed_logins: int | None
    locked_at: datetime | None
    otp_locked_at: datetime | None
    totp_enrolled: bool | None
    open_steps: tuple[str, ...]
    open_payments: tuple[str, ...]
    custodian_of: tuple[str, ...]
    delegations: tuple[DelegationRow, ...]


_UNITS = {
    "company": t.company,
    "region": t.region,
    "branch": t.branch,
    "department": t.department,
    "cost_center": t.cost_center,
}


def _statement(*units: str) -> Any:
    source: Any = t.user
    extra: list[Any] = []
    for name in units:
        unit = _UNITS[name].alias(f"of_{name}")
        source = source.outerjoin(unit, unit.c.id == t.user.c[f"{name}_id"])
        extra += [unit.c.code.label(f"{name}_code"), unit.c.name.label(f"{name}_name")]
    return select(t.user, *extra).select_from(source)


def find(reading: Reading, ref: str | UUID) -> Row[Any]:
    """The row of a person by username or id. NotFound also for another company's."""
    found_id = as_uuid(ref)
    typed = str(ref).strip()
    u = t.user.c
    condition = u.id == found_id if found_id else u.username == typed.lower()
    row: Row[Any] | None = reading.execute(
        select(t.user).where(condition, of_company(u.company_id, reading.actor))
    ).first()
    # A group-wide officer is nobody's to see but their own; `administering.administered` answers alike.
    if row is None:
        raise NotFound(f"There is no person {typed[:60]!r} that you may see. See `pettycash user list`.")
    return row


def listing(
    reading: Reading,
    *,
    company: str | UUID | None = None,
    role: Role | None = None,
    branch: str | None = None,
    department: str | None = None,
    search: str | None = None,
    active: bool | None = True,
    limit: int | None = None,
    after: str | None = None,
) -> Page[UserRow]:
    """A page of people by username. `active` None lists the deactivated ones too."""
    limit = clean_limit(limit)
    u = t.user.c
    statement = _statement("company", "region", "branch", "department").where(of_company(u.company_id, reading.actor))
    if company is not None or branch is not None or department is not None:
        owner = companies.which(reading, company)
        statement = statement.where(u.company_id == owner.id)
        context = Context(reading, owner, None, {})
        for name, typed in (("branch", branch), ("department", department)):
            unit = named(context, _UNITS[name], name, typed, words=name) if typed else None
            if unit is not None:
                statement = statement.where(u[f"{name}_id"] == unit.id)
    if role is not None:
        statement = statement.where(u.role == role)
    if active is not None:
        statement = statement.where(u.is_active == active)
    for word in (search or "").split()[:5]:
        columns = (u.username, u.first_name, u.last_name, u.email)
        statement = statement.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    further = behind((u.username,), decode(after, str))
    if further is not None:
        statement = statement.where(further)
    rows = reading.execute(statement.order_by(u.username).limit(limit + 1)).all()
    return page_of(rows, limit, _row, lambda row: (row.username,))


def show(reading: Reading, ref: str | UUID) -> UserDetail:
    """One person of the actor's company."""
    return detail(reading, find(reading, ref).id)


def detail(reading: Reading, user_id: UUID) -> UserDetail:
    """One person, whoever asks: for the services that have checked already."""
    position = t.position.alias("of_position")
    row = reading.execute(
        _statement(*_UNITS)
        .outerjoin(position, position.c.id == t.user.c.position_id)
        .add_columns(position.c.title.label("position_name"), null().label("position_code"))
        .where(t.user.c.id == user_id)
    ).one()
    actor = reading.actor
    shows_sign_in = actor.id == row.id or actor.may(Right.ADMINISTER)
    sign_in = {
        "has_password": row.password_hash is not None,
        "must_change_password": row.must_change_password,
        "failed_logins": row.failed_logins,
        "locked_at": row.locked_at,
        "otp_locked_at": row.otp_locked_at,
        "totp_enrolled": row.totp_confirmed_at is not None,
    }
    if not shows_sign_in:
        sign_in = dict.fromkeys(sign_in)
    return UserDetail(
        id=row.id,
        person_number=row.number,
        username=row.username,
        name=_name(row),
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        phone_number=row.phone_number,
        role=row.role,
        company=place(row, "company"),
        region=place(row, "region"),
        branch=place(row, "branch"),
        department=place(row, "department"),
        cost_center=place(row, "cost_center"),
        position=place(row, "position"),
        position_title=row.position_title,
        is_centralized_approver=row.is_centralized_approver,
        is_superuser=row.is_superuser,
        otp_channel=row.otp_channel,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        **sign_in,
        open_steps=open_steps(reading, row.id),
        open_payments=_open_payments(reading, row.id),
        custodian_of=_custodian_of(reading, row.id),
        delegations=delegations_of(reading, row.id),
    )


def open_steps(reading: Reading, user_id: UUID) -> tuple[str, ...]:
    """The numbers of the requisitions on which a step of this person is open."""
    s, r = t.approval_step.c, t.requisition.c
    return tuple(
        reading.execute(
            select(r.number)
            .join_from(t.approval_step, t.requisition, r.id == s.requisition_id)
            .where(s.approver_id == user_id, s.status.in_([StepStatus.WAITING, StepStatus.CURRENT]))
            .where(s.revision == r.revision)
            .order_by(r.created_at)
        ).scalars()
    )


def _open_payments(reading: Reading, user_id: UUID) -> tuple[str, ...]:
    p = t.payment.c
    condition = (p.executor_id == user_id, p.status.in_(list(OPEN_PAYMENTS)))
    return tuple(reading.execute(select(p.number).where(*condition).order_by(p.created_at)).scalars())


def _custodian_of(reading: Reading, user_id: UUID) -> tuple[str, ...]:
    f = t.treasury_fund.c
    return tuple(
        reading.execute(select(f.code).where(f.custodian_id == user_id, f.is_active).order_by(f.code)).scalars()
    )


def _row(row: Row[Any]) -> UserRow:
    return UserRow(
        id=row.id,
        username=row.username,
        name=_name(row),
        role=row.role,
        email=row.email,
        company=place(row, "company"),
        region=place(row, "region"),
        branch=place(row, "branch"),
        department=place(row, "department"),
        is_active=row.is_active,
    )


def _name(row: Row[Any]) -> str:
    return f"{row.first_name} {row.last_name}".strip() or str(row.username)
