"""Whether somebody is still at the desk: what the open program asks of its own session, every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.sessions import IDLE_MINUTES, touch
from pettycash_tui.services.standing import is_signed_in
from pettycash_tui.services.work import Reading

__all__ = ["IDLE_MINUTES", "Presence", "is_watched", "look"]


@dataclass(frozen=True, slots=True)
class Presence:
    """After how many idle minutes the desk is locked, and whether the session is over (its time, or an admin)."""

    idle_minutes: int
    is_over: bool
    is_revoked: bool = False
    """Over because somebody has ended it, and not by its time."""


def is_watched(actor: Actor) -> bool:
    """Whether the person signed in here; who acts with `--as` in a demo proved nothing and needs no lock."""
    return is_signed_in(actor)


def look(desk: Desk, actor: Actor, is_active: bool) -> Presence:
    """How the session stands; kept alive by this while the person is active. Raises DatabaseUnavailable."""
    found = desk.read(actor, _presence)
    if is_active and not found.is_over and actor.session_id is not None:
        touch(desk, actor.session_id)
    return found


def _presence(reading: Reading) -> Presence:
    s, u, c = t.sign_in_session.c, t.user.c, t.company.c
    row = reading.execute(
        select(s.ended_at, s.expires_at, u.is_active, c.idle_lock_minutes)
        .join_from(t.sign_in_session, t.user, u.id == s.user_id)
        .outerjoin(t.company, c.id == u.company_id)
        .where(s.id == reading.actor.session_id)
    ).first()
    if row is None:
        return Presence(IDLE_MINUTES, is_over=True)
    is_past = row.expires_at is not None and reading.now >= row.expires_at
    is_revoked = row.ended_at is not None or not row.is_active
    return Presence(row.idle_lock_minutes or IDLE_MINUTES, is_revoked or is_past, is_revoked)
