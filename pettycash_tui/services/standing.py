"""How a person and their session stand now: what is read when somebody signs in, comes back, or acts.

A desk stays open for hours. Meanwhile its session may be revoked, its person deactivated or given another role: so each
act reads this again, in its own transaction. Source: architecture, trust boundary.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, exists, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import Id
from pettycash_tui.services import forced
from pettycash_tui.services.errors import NotAllowed, NotSignedIn
from pettycash_tui.services.identity import Actor, actor_of
from pettycash_tui.services.permissions import needs_app
from pettycash_tui.services.work import Reading

AS_CLIENT = "as:"
"""How the client of a session begins that was never signed in: `--as` in a demo."""

_U, _C, _S = t.user.c, t.company.c, t.sign_in_session.c

# Who belongs to no company acts in all of them: one that demands an app is enough.
_TOTP_REQUIRED = case(
    (_U.company_id.is_(None), exists().where(_C.totp_required, _C.is_active).correlate(None)), else_=_C.totp_required
)
_PERSON = (t.user, _C.session_hours, _C.idle_lock_minutes, _TOTP_REQUIRED.label("totp_required"))
_SESSION = (_S.id.label("session_id"), _S.ended_at, _S.expires_at, _S.last_seen_at)


def person_where(condition: Any) -> Select[Any]:
    """The row of a person with what their company says of sign-ins."""
    return select(*_PERSON).outerjoin_from(t.user, t.company, _C.id == _U.company_id).where(condition)


def session_where(condition: Any) -> Select[Any]:
    """The same with one of their sessions."""
    return (
        select(*_PERSON, *_SESSION)
        .join_from(t.sign_in_session, t.user, _S.user_id == _U.id)
        .outerjoin(t.company, _C.id == _U.company_id)
        .where(condition)
    )


_BY_ID = session_where(_S.id == bindparam("session", type_=Id()))


def password_first() -> NotAllowed:
    """The refusal of whatever is asked for before a first password is changed."""
    sentence = f"Your password was given by an admin. Choose your own first: {forced.command('passwd')}."
    return NotAllowed(sentence, code="password_change_needed")


def has_a_way_in() -> ColumnElement[bool]:
    """Whether a person of the user table has anything to sign in with: a password, or an SSH key in force."""
    k = t.ssh_key.c
    return or_(_U.password_hash.is_not(None), exists().where(k.user_id == _U.id, k.removed_at.is_(None)))


def must_enrol(row: Row[Any]) -> bool:
    """Whether the person (`person_where`) may neither approve nor pay before an app is enrolled."""
    return bool(row.totp_required) and row.totp_confirmed_at is None and needs_app(row.role)


def actor_from(row: Row[Any], *, source: str, client: str, session_id: UUID | None) -> Actor:
    """The actor for a row of `person_where` or `session_where`."""
    return actor_of(
        row,
        source=source,
        client=client,
        session_id=session_id,
        must_enrol=must_enrol(row),
        must_change_password=row.must_change_password,
    )


def require_standing(row: Row[Any] | None, now: datetime) -> Row[Any]:
    """The row of a session that still stands. Raises NotSignedIn with the reason it does not.

    A lock after wrong passwords ends none: it keeps guesses out, and whoever knows a name could end its person's work.
    Nothing new begins under it, and an idle desk stays locked. Wrong one-time codes are the person's own: they stop
    every payment, session or not (`payment_facts`).
    """
    if row is None or row.ended_at is not None:
        raise NotSignedIn(f"This session has ended. {forced.sign_in_again()}")
    if not row.is_active:
        raise NotSignedIn(f"The account {row.username} is not active any more. Ask an admin.")
    if row.expires_at is not None and now >= row.expires_at:
        raise NotSignedIn(f"This session has come to its end. {forced.sign_in_again()}")
    return row


def is_signed_in(actor: Actor) -> bool:
    """Whether the actor has proved who they are; who acts with `--as` in a demo has not, and has nothing to lose."""
    return actor.session_id is not None and not actor.client.startswith(AS_CLIENT)


def present(reading: Reading) -> Actor:
    """The actor with the role and rights of now.

    Raises NotSignedIn when the session has ended meanwhile, NotAllowed (`password_change_needed`) before the first
    password is changed.
    """
    actor = reading.actor
    row = require_standing(reading.execute(_BY_ID, {"session": actor.session_id}).first(), reading.now)
    if row.must_change_password:
        raise password_first()
    return actor_from(row, source=actor.source, client=actor.client, session_id=actor.session_id)
