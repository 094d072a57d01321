"""Who is signed in, in the words that a person checks it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, Role
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class CompanyOf:
    """The company of a person."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Whoami:
    """The acting person: role, company (None for a group-wide officer), rights in words, how codes reach them."""

    id: UUID
    username: str
    name: str
    role: Role
    company: CompanyOf | None
    is_superuser: bool
    rights: tuple[str, ...]
    otp_channel: OtpChannel
    totp_enrolled: bool
    must_change_password: bool
    signed_in_at: datetime | None
    expires_at: datetime | None


def whoami(reading: Reading) -> Whoami:
    """The acting person. Raises NotAllowed for the system."""
    actor, u, c, s = reading.actor, t.user.c, t.company.c, t.sign_in_session.c
    row = reading.execute(
        select(
            u.role,
            u.otp_channel,
            u.totp_confirmed_at,
            u.must_change_password,
            c.id.label("company_id"),
            c.code.label("company_code"),
            c.name.label("company_name"),
            s.created_at,
            s.expires_at,
        )
        .outerjoin_from(t.user, t.company, c.id == u.company_id)
        .outerjoin(t.sign_in_session, s.id == actor.session_id)
        .where(u.id == actor.person_id)
    ).one()
    return Whoami(
        id=actor.person_id,
        username=actor.username,
        name=actor.name,
        role=row.role,
        company=CompanyOf(row.company_id, row.company_code, row.company_name) if row.company_id else None,
        is_superuser=actor.is_superuser,
        rights=tuple(sorted(right.value for right in actor.rights)),
        otp_channel=row.otp_channel,
        totp_enrolled=row.totp_confirmed_at is not None,
        must_change_password=row.must_change_password,
        signed_in_at=row.created_at,
        expires_at=row.expires_at,
    )
