"""Sign-in sessions: begun, kept alive, ended; and the shared ones of `--as`.

A session ends 12 hours after it began and when it was idle for 15 minutes (the company may set both). Only the SHA-256
of its token is stored. Source: architecture, trust boundary.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.base import columns_of
from pettycash_tui.models.people import SignInSession
from pettycash_tui.services import forced, standing
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, NotAllowed, NotFound, NotSignedIn
from pettycash_tui.services.identity import SYSTEM, Actor, actor_of
from pettycash_tui.services.standing import AS_CLIENT
from pettycash_tui.services.work import Reading, Work

CLI = "cli"
SESSION_HOURS = 12
IDLE_MINUTES = 15
"""For group-wide officers, who have no company that says otherwise."""
TOUCH_SECONDS = 60
"""A session's `last_seen_at` is at most this old: one write a minute, not one for every command."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has just begun. The token is here once and never stored."""

    id: UUID
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewSession(id={self.id}, expires_at={self.expires_at.isoformat()})"


def begin(work: Work, person: Row[Any], *, client: str, source: str) -> NewSession:
    """Make a session for a person who has proved who they are (a row of `standing.person_where`)."""
    token = secrets.token_urlsafe(32)
    expires_at = work.now + timedelta(hours=person.session_hours or SESSION_HOURS)
    session = SignInSession(
        user_id=person.id,
        token_hash=_hash(token),
        client=client,
        source=source,
        created_at=work.now,
        last_seen_at=work.now,
        expires_at=expires_at,
    )
    work.add(session)
    return NewSession(session.id, token, expires_at)


def resume(desk: Desk, token: str, *, client: str, source: str) -> Actor:
    """The person of a session, which is kept alive by this. Raises NotSignedIn with the reason it has ended."""
    now = desk.clock()
    session = standing.require_standing(desk.read(SYSTEM, _session_of, _hash(token)), now)
    idle_minutes = session.idle_lock_minutes or IDLE_MINUTES
    idle = now - session.last_seen_at
    if idle > timedelta(minutes=idle_minutes):
        raise NotSignedIn(f"This session was idle for more than {idle_minutes} minutes. {forced.sign_in_again()}")
    if idle >= timedelta(seconds=TOUCH_SECONDS):
        touch(desk, session.session_id)
    return standing.actor_from(session, source=source, client=client, session_id=session.session_id)


def touch(desk: Desk, session_id: UUID) -> None:
    """Note that the person is there. A database that cannot be written now does not stop them from reading."""
    s = t.sign_in_session.c

    def seen(work: Work) -> None:
        work.execute(
            update(t.sign_in_session).where(s.id == session_id, s.ended_at.is_(None)).values(last_seen_at=work.now)
        )

    try:
        desk.run_unaudited(SYSTEM, seen)
    except DatabaseUnavailable:
        return


def sign_out(desk: Desk, actor: Actor) -> bool:
    """End the actor's session; False when there was none to end (`--as` acts without signing in)."""
    if not standing.is_signed_in(actor):
        return False

    def end(work: Work) -> bool:
        ended = end_sessions(work, actor.person_id, only=actor.session_id)
        _record(work.as_actor(actor), "signin.ended", actor, {})
        return ended > 0

    # As the system: one's own end is noted even where the session has ended already.
    return desk.run(SYSTEM, end)


def end_sessions(work: Work, user_id: UUID, *, only: UUID | None = None, keep: UUID | None = None) -> int:
    """End a person's sessions (`only` one, or all but the one to `keep`); how many that were."""
    s = t.sign_in_session.c
    statement = update(t.sign_in_session).where(
        s.user_id == user_id, s.ended_at.is_(None), s.client.not_like(f"{AS_CLIENT}%")
    )
    if only is not None:
        statement = statement.where(s.id == only)
    if keep is not None:
        statement = statement.where(s.id != keep)
    return work.execute(statement.values(ended_at=work.now)).rowcount


def act_as(desk: Desk, username: str, home_id: str, *, source: str = "local") -> Actor:
    """Act as a person of a demo database without a password (`--as`).

    All commands of one person in one home share one session row, made by the first of them: a code that one command
    asked for is used by the next. Raises NotAllowed outside a demo database and for somebody who is not there.
    """
    if not desk.is_demo:
        raise NotAllowed(
            "--as acts for anybody and so works in demo databases only. Sign in with `pettycash login USER`.",
            code="demo_only",
        )
    client = f"{AS_CLIENT}{home_id}"
    row = desk.read(SYSTEM, _person_and_session, as_stored(username), client)
    if row is None or not row.is_active:
        raise NotAllowed("No active person of this demo has that name; see `pettycash user list`.", code="unknown_as")
    session_id = row.session_id or desk.run_unaudited(SYSTEM, _open_as, row, client, source)
    actor = standing.actor_from(row, source=source, client=client, session_id=session_id)
    return replace(actor, must_change_password=False)


def user_actor(reading: Reading, username: str) -> Actor:
    """A person as an actor without a session, for jobs and tests. Raises NotFound."""
    row = reading.execute(select(t.user).where(t.user.c.username == username)).first()
    if row is None:
        raise NotFound(f"There is no person {username}.")
    return actor_of(row)


def _session_of(reading: Reading, token_hash: str) -> Row[Any] | None:
    return reading.execute(standing.session_where(t.sign_in_session.c.token_hash == token_hash)).first()


def _person_and_session(reading: Reading, username: str, client: str) -> Row[Any] | None:
    s, u = t.sign_in_session.c, t.user.c
    mine = (s.user_id == u.id) & (s.client == client) & s.ended_at.is_(None)
    session = select(s.id).where(mine).limit(1).correlate(t.user).scalar_subquery()
    return reading.execute(
        standing.person_where(u.username == username).add_columns(session.label("session_id"))
    ).first()


def _open_as(work: Work, row: Row[Any], client: str, source: str) -> UUID:
    """The shared row, made once: its `token_hash` is fixed, so that of two first commands one makes it.

    It is no SHA-256 in hex, so no token can ever match it.
    """
    mark = f"{AS_CLIENT}{_hash(f'{row.id} {client}')}"[:64]
    session = SignInSession(
        user_id=row.id, token_hash=mark, client=client, source=source, created_at=work.now, last_seen_at=work.now
    )
    if not _insert_unless_there(work, session):
        found: UUID = work.execute(
            select(t.sign_in_session.c.id).where(t.sign_in_session.c.token_hash == mark)
        ).scalar_one()
        return found
    actor = actor_of(row, source=source, client=client, session_id=session.id)
    _record(work.as_actor(actor), "signin.acted_as", actor, {"client": client})
    return session.id


def _insert_unless_there(work: Work, session: SignInSession) -> bool:
    table = t.sign_in_session
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        statement = postgres_insert(table).values(columns_of(session)).on_conflict_do_nothing()
        return work.execute(statement.returning(table.c.id)).first() is not None
    # SQLite has one writer: nobody can come between.
    if work.execute(select(table.c.id).where(table.c.token_hash == session.token_hash)).first() is not None:
        return False
    work.add(session)
    return True


def _record(work: Work, action: str, person: Actor, data: dict[str, Any]) -> None:
    work.record(
        action,
        "user",
        person.id,
        person.username,
        stream=company_stream(person.company_id),
        company_id=person.company_id,
        data=data,
    )


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
