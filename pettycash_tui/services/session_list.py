"""Sign-in sessions as people see them: listed, and ended by the person or an admin of their company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotFound, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.refusals import told_when_refused
from pettycash_tui.services.sessions import IDLE_MINUTES, end_sessions
from pettycash_tui.services.standing import AS_CLIENT
from pettycash_tui.services.work import Reading, Work

_S, _U, _C = t.sign_in_session.c, t.user.c, t.company.c


class SessionState(StrEnum):
    """How a session stands: `idle` ones of the command line must sign in again, an idle desk is locked."""

    OPEN = "open"
    IDLE = "idle"
    EXPIRED = "expired"
    ENDED = "ended"

    @property
    def label(self) -> str:
        """The state in a word."""
        return self.value


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list. `is_current`: the one that asks."""

    id: UUID
    person: PersonRef
    state: SessionState
    client: str
    source: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was ended: of whom, and how many sessions."""

    username: str
    revoked: int


def list_sessions(
    reading: Reading,
    *,
    user: str | None = None,
    ended_too: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[SessionRow]:
    """One's own sessions, newest first, or those of `user` for an admin of their company; `ended_too`: all of them.

    Raises NotFound and NotAllowed as administering does.
    """
    person_id = reading.actor.person_id if _is_own(reading, user) else administered(reading, user or "").id
    statement = _select().where(_S.user_id == person_id)
    if not ended_too:
        statement = statement.where(_S.ended_at.is_(None), _S.expires_at > reading.now)

    def item(row: Row[Any]) -> SessionRow:
        return _row(reading, row)

    return page_by_age(reading, statement, t.sign_in_session, item, oldest_first=False, limit=limit, after=after)


def revoke(desk: Desk, actor: Actor, ref: str | UUID) -> Revoked:
    """End one session: one's own, or as an admin that of somebody of the company. A refusal is recorded.

    Raises NotFound for one that is not there or not seen, Refused when it is over already.
    """
    return desk.run(actor, _revoke, ref)


def revoke_all(desk: Desk, actor: Actor, user: str | None = None) -> Revoked:
    """End all of one's own sessions but the one that asks, or as an admin all of `user`. A refusal is recorded."""
    return desk.run(actor, _revoke_all, user)


@told_when_refused("session.refused", "session.revoked")
def _revoke(work: Work, ref: str | UUID) -> Revoked:
    row = _found(work, ref)
    if row.ended_at is not None or (row.expires_at is not None and row.expires_at <= work.now):
        raise Refused.because(Reason("session_over", "This session is over already."))
    ended = end_sessions(work, row.user_id, only=row.id)
    _record(work, "session.revoked", row, {"session": row.id, "client": row.client, "from": row.source})
    return Revoked(row.username, ended)


@told_when_refused("session.refused", "session.revoked")
def _revoke_all(work: Work, user: str | None) -> Revoked:
    is_own = _is_own(work, user)
    statement = select(t.user, t.user.c.id.label("user_id")).where(_U.id == work.actor.person_id)
    row: Any = work.execute(statement).one() if is_own else administered(work, user or "")
    ended = end_sessions(work, row.id, keep=work.actor.session_id if is_own else None)
    _record(work, "session.revoked", row, {"sessions": ended})
    return Revoked(row.username, ended)


def _is_own(reading: Reading, user: str | None) -> bool:
    return user is None or user.strip() == reading.actor.username


def _select() -> Select[Any]:
    return (
        select(t.sign_in_session, _U.username, _U.first_name, _U.last_name, _U.company_id, _C.idle_lock_minutes)
        .join_from(t.sign_in_session, t.user, _U.id == _S.user_id)
        .outerjoin(t.company, _C.id == _U.company_id)
        .where(_S.client.not_like(f"{AS_CLIENT}%"))
    )


def _found(work: Work, ref: str | UUID) -> Row[Any]:
    found_id = as_uuid(ref)
    row = work.execute(_select().where(_S.id == found_id)).first() if found_id else None
    missing = NotFound("There is no such session that you may end. See `pettycash session list`.")
    if row is None:
        raise missing
    if row.user_id != work.actor.id:
        if not work.actor.may(Right.ADMINISTER):
            raise missing
        try:
            administered(work, row.username)
        except NotFound:
            raise missing from None
    return row


def _row(reading: Reading, row: Row[Any]) -> SessionRow:
    idle = timedelta(minutes=row.idle_lock_minutes or IDLE_MINUTES)
    if row.ended_at is not None:
        state = SessionState.ENDED
    elif row.expires_at is not None and row.expires_at <= reading.now:
        state = SessionState.EXPIRED
    else:
        state = SessionState.IDLE if reading.now - row.last_seen_at > idle else SessionState.OPEN
    name = f"{row.first_name} {row.last_name}".strip() or row.username
    return SessionRow(
        id=row.id,
        person=PersonRef(row.user_id, row.username, name),
        state=state,
        client=row.client,
        source=row.source,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        is_current=row.id == reading.actor.session_id,
    )


def _record(work: Work, action: str, row: Any, data: dict[str, Any]) -> None:
    subject_id = getattr(row, "user_id", row.id)
    work.record(
        action,
        "user",
        subject_id,
        row.username,
        stream=company_stream(row.company_id),
        company_id=row.company_id,
        data=data,
    )
