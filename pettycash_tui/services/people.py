"""People: added, edited, deactivated, activated by an admin of their company. Nobody is deleted.

Who may touch whose account is `administering.administered`. Source: domain, section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OtpChannel, Role
from pettycash_tui.models.people import User
from pettycash_tui.services import audit, companies, people_views
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit_values import PERSON, all_told
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Reason, Refused
from pettycash_tui.services.inputs import (
    clean_choice,
    clean_email,
    clean_flag,
    clean_phone,
    clean_text,
    clean_username,
)
from pettycash_tui.services.kinds import Context, Field, Given, cleaned, reference
from pettycash_tui.services.people_views import UserDetail, UserRow, find, listing, show
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.refusals import told_when_refused
from pettycash_tui.services.sessions import end_sessions
from pettycash_tui.services.work import Work

__all__ = [
    "FIELDS",
    "Edited",
    "PersonRef",
    "UserDetail",
    "UserRow",
    "activate",
    "add",
    "deactivate",
    "edit",
    "find",
    "listing",
    "show",
]

MAY = ("role", "is_superuser", "is_centralized_approver", "branch_id", "region_id", "department_id")
"""What decides on what a person may do and read. An open desk reads as what its person was when it began."""

NAME_LENGTH = 80
TITLE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Edited(UserDetail):
    """A person as they are after a change, and how many of their sessions it has ended."""

    sessions_ended: int = 0


def _name(name: str) -> Field:
    return Field(name, name, lambda _, typed: clean_text(name, typed, max_length=NAME_LENGTH, required=False))


def _flag(name: str) -> Field:
    return Field(name, name, lambda _, typed: clean_flag(name, typed))


USERNAME = Field("username", "username", lambda _, typed: clean_username("username", typed), required=True)

FIELDS: tuple[Field, ...] = (
    _name("first_name"),
    _name("last_name"),
    Field("email", "email", lambda _, typed: clean_email("email", typed, required=False)),
    Field("phone_number", "phone_number", lambda _, typed: clean_phone("phone_number", typed)),
    Field("role", "role", lambda _, typed: clean_choice("role", typed, Role), required=True),
    reference("region", t.region),
    reference("branch", t.branch),
    reference("department", t.department),
    reference("cost_center", t.cost_center),
    reference("position", t.position, key="title"),
    Field(
        "position_title",
        "position_title",
        lambda _, typed: clean_text("position_title", typed, max_length=TITLE_LENGTH, required=False),
    ),
    _flag("is_centralized_approver"),
    _flag("is_superuser"),
    Field("otp_channel", "otp_channel", lambda _, typed: clean_choice("otp_channel", typed, OtpChannel)),
)
"""What may be edited. The username stays: the append-only trail knows the person by it."""


@told_when_refused("account.refused", "user.added")
def add(
    work: Work,
    given: Given,
    *,
    company: str | UUID | None = None,
    group_wide: bool = False,
    password_hash: str | None = None,
    must_change_password: bool = True,
) -> UserDetail:
    """Add a person to a company, or a group-wide officer. Without a hash they cannot sign in until one is set.

    Raises InvalidInput with every refused field; NotAllowed for a superuser made by somebody who is none, and for a
    group-wide officer made by somebody who is none.
    """
    work.actor.require(Right.ADMINISTER)
    owner = None
    if not group_wide:
        owner = companies.which(work, company)
        if not owner.is_active:
            raise InvalidInput.of(company=f"{owner.code} is not active")
    elif work.actor.company_id is not None:
        raise NotAllowed("Only a group-wide admin may add a group-wide officer.")
    columns = cleaned(Context(work, owner, None, given), (USERNAME, *FIELDS))
    _check(work, owner, None, columns)
    u = t.user.c
    if work.execute(select(u.id).where(u.username == columns["username"])).first():
        raise InvalidInput.of(username=f"{columns['username']!r} is taken already; choose another")
    columns["company_id"] = owner.id if owner is not None else None
    row = User(
        **columns,
        id=new_id(),
        number=_next_number(work),
        password_hash=password_hash,
        must_change_password=must_change_password and password_hash is not None,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(row)
    _record(work, row, "added", all_told(row, PERSON))
    return people_views.detail(work, row.id)


@told_when_refused("account.refused", "user.edited")
def edit(work: Work, ref: str | UUID, given: Given) -> Edited:
    """Change a person; what is None stays. Their sessions end where it changes what they may do or read.

    Refused when their company would be left without an active admin.
    """
    work.actor.require(Right.ADMINISTER)
    if all(value is None for value in given.values()):
        raise InvalidInput("Nothing to change: give at least one field of the person.", code="nothing_to_change")
    base = _locked(work, ref)
    owner = companies.which(work, base.company_id) if base.company_id is not None else None
    columns = cleaned(Context(work, owner, base, given), FIELDS)
    _check(work, owner, base, columns)
    if base.is_active and _administers(base.role, base.is_superuser):
        role, is_superuser = columns.get("role", base.role), columns.get("is_superuser", base.is_superuser)
        if not _administers(role, is_superuser):
            _require_another_admin(work, base)
    work.execute(update(t.user).where(t.user.c.id == base.id).values(**columns, updated_at=work.now))
    changed = {name: value for name, value in columns.items() if getattr(base, name) != value}
    data = {name: {"from": getattr(base, name), "to": value} for name, value in changed.items()}
    ended = end_sessions(work, base.id) if any(name in changed for name in MAY) else 0
    _record(work, base, "edited", data)
    found = people_views.detail(work, base.id)
    return Edited(**{name: getattr(found, name) for name in UserDetail.__dataclass_fields__}, sessions_ended=ended)


@told_when_refused("account.refused", "user.deactivated")
def deactivate(work: Work, ref: str | UUID) -> UserDetail:
    """Let a person no longer sign in or be chosen; their sessions and delegations end.

    Refused for the last active admin. Open steps and payments do not stop it, so that somebody can be shut out at once:
    the result names them, and an admin reassigns them.
    """
    row = _locked(work, ref)
    if not row.is_active:
        raise Refused.because(Reason("inactive_already", f"{row.username} is inactive already."))
    if _administers(row.role, row.is_superuser):
        _require_another_admin(work, row)
    work.execute(update(t.user).where(t.user.c.id == row.id).values(is_active=False, updated_at=work.now))
    end_sessions(work, row.id)
    d = t.delegation.c
    ended = work.execute(
        update(t.delegation)
        .where(d.is_active, or_(d.approver_id == row.id, d.delegate_id == row.id))
        .values(is_active=False, updated_at=work.now)
        .returning(d.id)
    )
    delegations = [str(found) for found in ended.scalars()]
    found = people_views.detail(work, row.id)
    waiting = {"open_steps": found.open_steps, "open_payments": found.open_payments, "funds": found.custodian_of}
    _record(work, row, "deactivated", {**waiting, "delegations": delegations})
    return found


@told_when_refused("account.refused", "user.activated")
def activate(work: Work, ref: str | UUID) -> UserDetail:
    """Let a person sign in and be chosen again. Refused while a unit of theirs is inactive."""
    row = _locked(work, ref)
    if row.is_active:
        raise Refused.because(Reason("active_already", f"{row.username} is active already."))
    reasons = []
    for name in ("company", "region", "branch", "department", "cost_center", "position"):
        table = t.metadata.tables[name]
        unit_id = getattr(row, f"{name}_id")
        if unit_id and not work.execute(select(table.c.is_active).where(table.c.id == unit_id)).scalar_one():
            words = name.replace("_", " ")
            sentence = f"The {words} of {row.username} is inactive: activate it, or edit the person first."
            reasons.append(Reason("inactive_unit", sentence))
    if reasons:
        raise Refused.because(*reasons)
    work.execute(update(t.user).where(t.user.c.id == row.id).values(is_active=True, updated_at=work.now))
    _record(work, row, "activated", {})
    return people_views.detail(work, row.id)


def _locked(work: Work, ref: str | UUID) -> Row[Any]:
    row = administered(work, ref)
    return work.execute(select(t.user).where(t.user.c.id == row.id).with_for_update(key_share=True)).one()


def _check(work: Work, owner: Row[Any] | None, base: Row[Any] | None, columns: dict[str, Any]) -> None:
    """What no single field can know: a branch implies its region, codes need somewhere to go, who makes superusers."""
    actor = work.actor
    before = base.is_superuser if base is not None else False
    if columns.get("is_superuser", before) != before and not (actor.is_superuser or actor.is_system):
        raise NotAllowed("Only a superuser may make or unmake a superuser. Ask one.")
    if columns.get("branch_id") is not None:
        b = t.branch.c
        branch = work.execute(select(b.code, b.region_id).where(b.id == columns["branch_id"])).one()
        if columns.get("region_id") is not None and columns["region_id"] != branch.region_id:
            raise InvalidInput.of(region=f"must be the region of branch {branch.code}, or left out")
        columns["region_id"] = branch.region_id
    elif columns.get("region_id") is not None and base is not None and base.branch_id and "branch_id" not in columns:
        b = t.branch.c
        branch = work.execute(select(b.code, b.region_id).where(b.id == base.branch_id)).one()
        if branch.region_id != columns["region_id"]:
            raise InvalidInput.of(region=f"must be the region of branch {branch.code}; name another branch, or none")
    for name, channel in (("email", OtpChannel.EMAIL), ("phone_number", OtpChannel.SMS)):
        address = columns.get(name, getattr(base, name) if base is not None else "")
        if columns.get("otp_channel", base.otp_channel if base is not None else None) is channel and not address:
            raise InvalidInput.of(**{name: f"is missing; one-time codes are sent there ({channel.value})"})


def _administers(role: Role, is_superuser: bool) -> bool:
    return role is Role.ADMIN or is_superuser


def _require_another_admin(work: Work, row: Row[Any]) -> None:
    """Raise Refused when nobody else would administer the person's company (a group-wide officer's: any company)."""
    u, c = t.user.c, t.company.c
    # Locked in one order, so that of two admins who deactivate each other at once, one is refused.
    statement = (
        select(u.id, u.company_id)
        .where(u.is_active, or_(u.role == Role.ADMIN, u.is_superuser))
        .order_by(u.id)
        .with_for_update(key_share=True)
    )
    others = {admin.company_id for admin in work.execute(statement) if admin.id != row.id}
    if None in others:
        return
    wanted = {row.company_id}
    if row.company_id is None:
        wanted = set(work.execute(select(c.id).where(c.is_active)).scalars()) or {None}
    if wanted - others:
        raise Refused.because(
            Reason(
                "last_admin",
                f"{row.username} is the last active admin. Add another with `pettycash user add --role admin` first.",
            )
        )


def _next_number(work: Work) -> int:
    # The one row of the installation stands for the count of people: of two who add at once, one waits.
    work.execute(select(t.installation.c.id).with_for_update())
    return int(work.execute(select(func.coalesce(func.max(t.user.c.number), 0))).scalar_one()) + 1


def _record(work: Work, row: Row[Any] | User, act: str, data: Mapping[str, Any]) -> None:
    work.record(
        f"user.{act}",
        "user",
        row.id,
        row.username,
        stream=audit.company_stream(row.company_id),
        company_id=row.company_id,
        data=data,
    )
