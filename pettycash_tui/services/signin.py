"""Signing in, and what changes who can: passwords and locks.

Sessions are in `sessions`, the comparing and counting in `proving`; both are offered here, as the one place to ask.
Source: architecture, trust boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services import forced, passwords, recovery, sessions, standing, throttle
from pettycash_tui.services.administering import administered
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.audit_values import told
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.proving import Proved, prove
from pettycash_tui.services.refusals import told_when_refused
from pettycash_tui.services.sessions import CLI, act_as, end_sessions, resume, sign_out, touch, user_actor
from pettycash_tui.services.work import Reading, Work

__all__ = [
    "CLI",
    "SignedIn",
    "act_as",
    "administered",
    "change_password",
    "confirm_password",
    "end_sessions",
    "has_password",
    "resume",
    "set_password",
    "sign_in",
    "sign_out",
    "touch",
    "unlock",
    "user_actor",
]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. The token is shown here once and never stored."""

    actor: Actor
    token: str
    expires_at: datetime
    must_change_password: bool
    recovery_codes_left: int | None = None
    """How many are left, when one stood in for the app."""

    def __repr__(self) -> str:
        return f"SignedIn(username={self.actor.username!r}, expires_at={self.expires_at.isoformat()})"


def sign_in(desk: Desk, username: str, password: str, *, client: str, source: str, code: str | None = None) -> SignedIn:
    """Begin a session. `code` is the current TOTP code of those who approve or pay and have enrolled, or a recovery
    code in its place.

    Raises NotAllowed: `signin_refused` (whatever was wrong), `totp_needed` (the password is right; ask for the code
    and call again), `totp_wrong`, `signin_throttled` (this place has failed too often and has to wait), `known_by_key`
    (under a forced command nobody becomes another).
    """
    forced.refuse_others()

    def begin(work: Work, proved: Proved) -> SignedIn:
        row = proved.row
        session = sessions.begin(work, row, client=client, source=source)
        actor = standing.actor_from(row, source=source, client=client, session_id=session.id)
        data = {"client": client, "totp": proved.by_code, "recovery": proved.by_recovery}
        _record(work.as_actor(actor), "signin.succeeded", row, data)
        left = recovery.left(work, row.id) if proved.by_recovery else None
        return SignedIn(actor, session.token, session.expires_at, row.must_change_password, left)

    return prove(desk, username, password, begin, code=code, client=client, source=source, sign_in=True)


def confirm_password(desk: Desk, actor: Actor, password: str) -> None:
    """Prove that it is still the same person (the idle lock of the desk). Raises NotAllowed; tries are counted, but
    for who came by a key and has no password to try (`password_missing`).

    What was confirmed by a code before is confirmed no more: who unlocks a desk pays with a fresh code.
    """
    _require_password_to_try(desk, actor)

    def confirmed(work: Work, proved: Proved) -> None:
        _record(work.as_actor(actor), "signin.confirmed", proved.row, {"client": actor.client})

    def void(work: Work) -> None:
        _void_confirmed_codes(work.as_actor(actor))

    # In the same transaction, or the desk would be unlocked with codes that still pay; codes are locked before people.
    prove(desk, actor.username, password, confirmed, client=actor.client, source=actor.source, first=void)


def has_password(reading: Reading) -> bool:
    """Whether the person who reads has a password; who signs in by an SSH key needs none."""
    u = t.user.c
    return reading.execute(select(u.password_hash).where(u.id == reading.actor.person_id)).scalar() is not None


def _require_password_to_try(desk: Desk, actor: Actor) -> None:
    # None would be right, so their tries would only lock the account, and their key with it.
    if not desk.read(actor, has_password):
        raise NotAllowed(
            "You have no password, so none can be right. Sign out and come back by your SSH key, or ask an admin to"
            f" give you a password (`pettycash user set-password {actor.username}`).",
            code="password_missing",
        )


def _void_confirmed_codes(work: Work) -> None:
    """With an event where there was any."""
    o = t.otp_challenge.c
    voided = work.execute(
        update(t.otp_challenge)
        .where(
            o.executor_id == work.actor.id,
            o.verified_at.is_not(None),
            o.consumed_at.is_(None),
            o.voided_at.is_(None),
        )
        .values(voided_at=work.now, updated_at=work.now)
        .returning(o.id)
    )
    codes = [str(found) for found in voided.scalars()]
    if codes:
        me = work.actor
        work.record(
            "otp.voided",
            "user",
            me.id,
            me.username,
            stream=company_stream(me.company_id),
            company_id=me.company_id,
            data={"challenges": codes, "reason": "the desk was unlocked"},
        )


def change_password(desk: Desk, actor: Actor, old: str, new: str) -> None:
    """Change one's own password and end one's other sessions.

    Raises NotAllowed when `old` is wrong (tries are counted) and for who has none (`password_missing`), InvalidInput
    naming `password` when `new` may not be one.
    """
    actor.person_id  # noqa: B018 - the system has no password
    if old == new:
        raise InvalidInput.of(password="must be another than before")
    _require_password_to_try(desk, actor)
    hashed = passwords.hash_password(new, actor.username)

    def change(work: Work, proved: Proved) -> None:
        row, u = proved.row, t.user.c
        # Nobody has changed it meanwhile: proving holds the row.
        work.execute(
            update(t.user)
            .where(u.id == actor.id)
            .values(password_hash=hashed, must_change_password=False, updated_at=work.now)
        )
        end_sessions(work, actor.person_id, keep=actor.session_id)
        _record(work.as_actor(actor), "password.changed", row, {"password_sha256": told("password_sha256", hashed)})

    prove(desk, actor.username, old, change, client=actor.client, source=actor.source)


@told_when_refused("account.refused", "password.set")
def set_password(work: Work, ref: str | UUID, new: str, *, must_change: bool = True, demo: bool = False) -> None:
    """Give somebody a password (an admin's act): unlocks the account and ends every session of that person.

    Raises NotAllowed without the right or for a superuser when one is none, NotFound, InvalidInput for `password`,
    Refused when the account is one's own: that would unlock it, and ask for no password.
    """
    row = administered(work, ref)
    if row.id == work.actor.id:
        raise Refused("Nobody is given a password by themselves. Change yours: `pettycash passwd`.", code="own_account")
    hashed = passwords.hash_password(new, row.username, demo=demo)
    throttle.forget(work, row.username)
    work.execute(
        update(t.user)
        .where(t.user.c.id == row.id)
        .values(
            password_hash=hashed,
            must_change_password=must_change,
            failed_logins=0,
            locked_at=None,
            updated_at=work.now,
        )
    )
    end_sessions(work, row.id)
    _record(work, "password.set", row, {"password_sha256": told("password_sha256", hashed)})


@told_when_refused("account.refused", "user.unlocked")
def unlock(work: Work, ref: str | UUID) -> str:
    """Let somebody try again, passwords and codes alike (an admin's act, and never on oneself). Gives their username.

    Raises NotAllowed, NotFound, Refused when the account is one's own.
    """
    row = administered(work, ref)
    if row.id == work.actor.id:
        raise Refused("Nobody unlocks their own account. Ask another admin.", code="own_account")
    let_try_again(work, row, {})
    return str(row.username)


def let_try_again(work: Work, row: Row[Any], data: dict[str, Any]) -> None:
    """Unlock the person of a row, of passwords and codes; `data` is put on record with it."""
    throttle.forget(work, row.username)
    work.execute(
        update(t.user)
        .where(t.user.c.id == row.id)
        .values(failed_logins=0, locked_at=None, otp_failures=0, otp_locked_at=None, updated_at=work.now)
    )
    _record(work, "user.unlocked", row, data)


def _record(work: Work, action: str, row: Row[Any], data: dict[str, Any]) -> None:
    work.record(
        action,
        "user",
        row.id,
        row.username,
        stream=company_stream(row.company_id),
        company_id=row.company_id,
        data=data,
    )
