"""What every one-time code has in common, be it for one payment (`otp`) or for a list of them (`bundles`).

Six digits, kept as an HMAC under a key outside the database. A try is counted and committed by the caller before it is
compared here; a wrong one voids the code after the last, and too many in a row lock the officer. Source: domain,
section 3, OTP challenge; RFC 6238 for the authenticator app.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel
from pettycash_tui.services import key_in_force, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import Work

DIGITS = 6

_U = t.user.c


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that is counted and not yet compared: the code's row, its officer's app, and when they are locked."""

    challenge_id: UUID
    channel: OtpChannel
    code_hmac: str | None
    attempts: int
    max_attempts: int
    expires_at: datetime
    totp_secret: bytes | None
    lock_after_failures: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A right code, to be consumed in the transaction that uses it."""

    challenge_id: UUID
    channel: OtpChannel
    totp_step: int | None
    expires_at: datetime


def seconds_to_wait(last: datetime | None, resend_seconds: int, now: datetime) -> int:
    """How long until a code may be asked for again, after the `last` one; 0 when it may be now.

    A clock that was set back makes the last one of the future: what it says is then no reason to wait for hours.
    """
    if last is None or last > now:
        return 0
    return max(0, resend_seconds - int((now - last).total_seconds()))


def new_code() -> str:
    """A code that nobody can guess."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def mac(key: bytes, challenge_id: UUID, code: str) -> str:
    """What is stored of a code."""
    return hmac.new(key, f"{challenge_id}:{code}".encode(), sha256).hexdigest()


def cleaned(typed: str) -> str:
    """The digits of a code as typed, perhaps with blanks. Raises InvalidInput."""
    digits = "".join(typed.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        raise InvalidInput.of(otp=f"must be the {DIGITS} digits of the code, such as 012345")
    return digits


def compare(desk: Desk, actor: Actor, counted: Counted, code: str) -> Proof | None:
    """The proof that `code` (cleaned) is right; None when it is not.

    Raises Refused when this desk has a server key that is not in force any more: a code that it takes for wrong may be
    right, and nobody is locked for that.
    """
    try:
        proof = _compared(desk, actor, counted, code)
    except Refused as error:
        if error.code != totp.UNREADABLE or not key_in_force.require(desk):
            raise
        return _compared_anew(desk, actor, counted, code)
    if proof is None and key_in_force.require(desk):
        return _compared_anew(desk, actor, counted, code)
    return proof


def _compared_anew(desk: Desk, actor: Actor, counted: Counted, code: str) -> Proof | None:
    # The app may have been encrypted anew under the key that was taken now.
    secret = select(_U.totp_secret).where(_U.id == actor.id)
    present = desk.read(SYSTEM, lambda reading: reading.execute(secret).scalar())
    return _compared(desk, actor, replace(counted, totp_secret=present), code)


def _compared(desk: Desk, actor: Actor, counted: Counted, code: str) -> Proof | None:
    step: int | None = None
    if counted.channel is OtpChannel.TOTP:
        secret = totp.current_secret(counted.totp_secret, actor.person_id, desk.secrets)
        step = totp.matching_step(secret, code, desk.clock())
        is_right = step is not None
    else:
        expected = mac(desk.secrets.derive("otp"), counted.challenge_id, code)
        is_right = hmac.compare_digest(counted.code_hmac or "", expected)
    return Proof(counted.challenge_id, counted.channel, step, counted.expires_at) if is_right else None


def note_wrong(
    work: Work,
    counted: Counted,
    *,
    void: Callable[[], None],
    record: Callable[[dict[str, Any]], None],
    of: str = "",
) -> Refused:
    """Record a wrong try, void the code after the last, lock the officer after too many in a row.

    `of` names what the code is for, such as ` for PAY-000012`. Returns what the officer is to be told.
    """
    left = counted.max_attempts - counted.attempts
    if left <= 0:
        # The code before the officer, as everywhere: a right code at the same moment locks both too.
        void()
    failures = work.execute(
        update(t.user)
        .where(_U.id == work.actor.id)
        .values(otp_failures=_U.otp_failures + 1, updated_at=work.now)
        .returning(_U.otp_failures)
    ).scalar_one()
    is_locked = failures >= counted.lock_after_failures
    if is_locked:
        work.execute(
            update(t.user).where(_U.id == work.actor.id, _U.otp_locked_at.is_(None)).values(otp_locked_at=work.now)
        )
    record({"challenge": counted.challenge_id, "attempts": counted.attempts, "failures_in_a_row": failures})
    if is_locked:
        message = "The code is wrong, and you are locked after too many wrong codes. An admin unlocks you."
        return Refused.because(Reason("code_locked", message))
    if left <= 0:
        return Refused.because(
            Reason("code_void", f"The code is wrong, and the code{of} is void now. Ask for another.")
        )
    tries = "1 try is" if left == 1 else f"{left} tries are"
    return Refused.because(Reason("code_wrong", f"The code is wrong; {tries} left."))


def accept(work: Work, proof: Proof, facts: Any) -> None:
    """Take a right code: a time step of the app once only, and the officer's failures start from 0 again."""
    if proof.totp_step is not None and not totp.accept_step(work, work.actor.person_id, proof.totp_step):
        raise Refused.because(Reason("code_used", "This code was used already. Wait for the app's next one."))
    if facts.otp_failures:
        work.execute(update(t.user).where(_U.id == work.actor.id).values(otp_failures=0))
