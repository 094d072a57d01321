"""Refused acts on accounts and sessions are on record, whoever calls the service.

A refusal undoes its transaction, and with it whatever that would have noted. So a service is marked here, and the desk
notes the refusal in a transaction of its own. Source: architecture, trust boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.errors import NotAllowed, NotFound, PettyCashError, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Work

REFUSALS = (NotAllowed, NotFound, Refused)
"""The errors that say no; one that names a wrong field, or a database that is away, refuses nothing."""

_MARK = "told_when_refused"
Service = TypeVar("Service", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Told:
    """How a refusal is noted: the event's action, and the act that was tried (the action of its success)."""

    action: str
    act: str


def told_when_refused(action: str, act: str) -> Callable[[Service], Service]:
    """Mark a service whose first argument names the person, or the session, that it is about."""

    def mark(service: Service) -> Service:
        setattr(service, _MARK, Told(action, act))
        return service

    return mark


def told_of(service: Callable[..., Any]) -> Told | None:
    """How a refusal of this service is noted; None where it is not."""
    return getattr(service, _MARK, None)


def record(work: Work, actor: Actor, told: Told, refusal: PettyCashError, about: object) -> None:
    """Note that `actor` was refused. Run as the system: who was refused may not be able to act any more."""
    work.as_actor(actor).record(
        told.action,
        "user",
        actor.id,
        actor.username,
        stream=company_stream(actor.company_id),
        company_id=actor.company_id,
        data={"act": told.act, "reason": refusal.code, "asked": _named(work, actor, about)},
    )


def _named(work: Work, actor: Actor, about: object) -> str:
    """Whom it was about, where that is somebody they see: anything else may be a password typed in the wrong place."""
    if about is None:
        return actor.username
    if not isinstance(about, str | UUID):
        return ""
    u, s = t.user.c, t.sign_in_session.c
    found = as_uuid(about)
    if found is None:
        named = select(u.username).where(u.username == as_stored(str(about)).lower(), of_company(u.company_id, actor))
        return work.execute(named).scalar() or ""
    # 32 hexadecimal digits are an id, and as well what a password made by a program looks like.
    person = select(u.id).where(u.id == found)
    session = select(s.user_id).where(s.id == found)
    seen = select(u.id).where(or_(u.id.in_(person), u.id.in_(session)), of_company(u.company_id, actor))
    return str(found) if work.execute(seen).first() is not None else ""
