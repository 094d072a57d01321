"""Proving who one is: password, and the code of those who have an app, against a count of tries.

Whatever is wrong, the same statements run and the answer is the same. A try is counted, and committed, before anything
is compared, so that guesses at the same moment add up to no more than are allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import key_in_force, passwords, recovery, standing, throttle, totp
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.audit_values import told
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, NotAllowed, PettyCashError
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading, Work

T = TypeVar("T")

LOCK_AFTER_FAILURES = 10
"""For group-wide officers, who have no company that says otherwise."""

REFUSED = (
    "That username and password do not go together, or the account is locked. Try again; "
    "after too many tries only an admin can unlock it."
)


@dataclass(frozen=True, slots=True)
class Proved:
    """A person who has proved who they are; `by_recovery` when a recovery code stood in for the app."""

    row: Row[Any]
    by_code: bool = False
    by_recovery: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    """A typed code: the app's time step (-1: wrong), or what is stored of a recovery code."""

    step: int = -1
    recovery_hmac: str = ""


@dataclass(frozen=True, slots=True)
class _Try:
    """A counted try: whether the person has one left, and how the place that it came from and the name stand."""

    may_try: bool
    place: throttle.Counted | None
    name: throttle.Counted | None = None

    @property
    def waits(self) -> throttle.Counted | None:
        """What has to wait; None where nothing has."""
        return next((one for one in (self.place, self.name) if one is not None and one.is_refused), None)


class _NotProved(Exception):
    """Undoes the transaction that would have let somebody in."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def prove(
    desk: Desk,
    username: str,
    password: str,
    then: Callable[[Work, Proved], T],
    *,
    code: str | None = None,
    client: str,
    source: str,
    sign_in: bool = False,
    first: Callable[[Work], None] | None = None,
) -> T:
    """What `then` makes of the person whose password this is, in the transaction in which their tries start anew.

    `first` is done at its beginning, before anybody is locked.

    Raises NotAllowed, alike for an unknown person, a wrong password, a locked and a deactivated account
    (`signin_refused`). With `sign_in`, those who have enrolled an app also need the current code or a
    recovery code (`totp_needed`, `totp_wrong`), and a place or a name with too many failures has to wait
    (`signin_throttled`).
    """
    nobody = SYSTEM.at(source, client)
    row = desk.read(SYSTEM, _person, as_stored(username))
    # Nobody's try is counted too, with no effect, so that it takes as long.
    throttled = (throttle.place_here(), throttle.name_of(as_stored(username))) if sign_in else None
    tried = desk.run_unaudited(SYSTEM, _count_try, row.id if row else new_id(), throttled)
    if (waits := tried.waits) is not None:
        desk.run(nobody, _refuse, row, "throttled")
        seconds = max(1, ceil((waits.until - desk.clock()).total_seconds()))
        whose = "from here" if waits is tried.place else "with this name"
        raise NotAllowed(f"Too many sign-ins {whose} have failed. Wait {seconds} s.", code="signin_throttled")
    is_right = passwords.verify(row.password_hash if row else None, password)
    if row is None or not tried.may_try or not is_right:
        desk.run(nobody, _refuse, row, _reason(row, tried.may_try))
        raise NotAllowed(REFUSED, code="signin_refused")
    typed = None
    if sign_in and needs_code(row):
        if not code:
            # The password was right, and no code was guessed.
            desk.run_unaudited(SYSTEM, _take_back, row.id, tried)
            raise NotAllowed(
                "Your account needs the current code of your authenticator app as well, or a recovery code.",
                code="totp_needed",
                fields={"code": "is needed"},
            )
        try:
            typed = _code_of(desk, row, code)
        except PettyCashError as refusal:
            # This host cannot tell whether the code is right, so it was no guess.
            with suppress(DatabaseUnavailable):
                desk.run_unaudited(SYSTEM, _take_back, row.id, tried)
                desk.run(nobody, _refuse, row, refusal.code)
            raise
    rehashed = (
        passwords.hash_password(password, row.username, demo=True)
        if passwords.needs_rehash(row.password_hash)
        else row.password_hash
    )

    def settle(work: Work) -> T:
        if first is not None:
            first(work)
        if tried.place is not None:
            throttle.forgive(work, tried.place)
            throttle.forget(work, row.username)
        proved = _accept(work, row, typed)
        u = t.user.c
        # Only while all is as it was when the password was compared.
        settled = work.execute(
            update(t.user)
            .where(u.id == row.id, u.is_active, u.locked_at.is_(None), u.password_hash == row.password_hash)
            .values(failed_logins=0, password_hash=rehashed)
        )
        # Their role may be another by now: who comes in is the person of this transaction.
        present = work.execute(standing.person_where(u.id == row.id)).one_or_none() if settled.rowcount == 1 else None
        if present is None or present.totp_confirmed_at != row.totp_confirmed_at:
            raise _NotProved("changed_meanwhile")
        if rehashed != row.password_hash:
            _record(work, "password.rehashed", row, {"password_sha256": told("password_sha256", rehashed)})
        return then(work, replace(proved, row=present))

    try:
        return desk.run(nobody, settle)
    except _NotProved as error:
        desk.run(nobody, _refuse, row, error.reason)
        if error.reason == "wrong_code":
            raise NotAllowed(
                "The code is not right, or was used already. Wait for the next one and sign in again.",
                code="totp_wrong",
            ) from None
        raise NotAllowed(REFUSED, code="signin_refused") from None


def needs_code(row: Row[Any]) -> bool:
    """Whether this person signs in with a code as well: whoever has enrolled an app, whatever their role."""
    return row.totp_confirmed_at is not None


def _code_of(desk: Desk, row: Row[Any], typed: str) -> _Code:
    if key_in_force.require(desk):
        # Their app may have been encrypted anew under the key that is taken now.
        row = desk.read(SYSTEM, _person, row.username) or row
    code = recovery.cleaned(typed)
    if code:
        return _Code(recovery_hmac=recovery.mac(desk.secrets, row.id, code))
    secret = totp.current_secret(row.totp_secret, row.id, desk.secrets)
    step = totp.matching_step(secret, typed, desk.clock())
    return _Code() if step is None else _Code(step)


def _accept(work: Work, row: Row[Any], code: _Code | None) -> Proved:
    if code is None:
        return Proved(row)
    if code.recovery_hmac:
        if not recovery.spend(work, row.id, code.recovery_hmac):
            raise _NotProved("wrong_code")
        _record(work, "recovery.used", row, {"left": recovery.left(work, row.id)})
        return Proved(row, by_code=True, by_recovery=True)
    if code.step < 0 or not totp.accept_step(work, row.id, code.step):
        raise _NotProved("wrong_code")
    return Proved(row, by_code=True)


def _person(reading: Reading, username: str) -> Row[Any] | None:
    return reading.execute(standing.person_where(t.user.c.username == username)).first()


def _allowed_tries() -> Any:
    limit = select(t.company.c.lock_after_failures).where(t.company.c.id == t.user.c.company_id).scalar_subquery()
    return func.coalesce(limit, LOCK_AFTER_FAILURES)


def _count_try(work: Work, user_id: UUID, throttled: tuple[str, str] | None) -> _Try:
    """Count a try; without effect on the person when the place or the name has to wait.

    `may_try` is False when there is none left, or the account may not sign in at all.
    """
    place = name = None
    if throttled is not None:
        place = throttle.count(work, throttled[0])
        if place.is_refused:
            return _Try(may_try=False, place=place)
        name = throttle.count(work, throttled[1])
        if name.is_refused:
            return _Try(may_try=False, place=place, name=name)
    u = t.user.c
    counted = work.execute(
        update(t.user)
        .where(u.id == user_id, u.is_active, u.locked_at.is_(None), u.failed_logins < _allowed_tries())
        .values(failed_logins=u.failed_logins + 1)
    )
    return _Try(counted.rowcount == 1, place, name)


def _take_back(work: Work, user_id: UUID, tried: _Try) -> None:
    for counted in (tried.place, tried.name):
        if counted is not None:
            throttle.forgive(work, counted)
    u = t.user.c
    work.execute(update(t.user).where(u.id == user_id, u.failed_logins > 0).values(failed_logins=u.failed_logins - 1))


def _reason(row: Row[Any] | None, may_try: bool) -> str:
    if row is None:
        return "unknown"
    if not row.is_active:
        return "inactive"
    return "wrong_password" if may_try else "locked"


def _refuse(work: Work, row: Row[Any] | None, reason: str) -> None:
    """Record the refusal, and lock the account when that was the last try.

    For somebody unknown what was typed is not recorded: people type their password there.
    """
    u = t.user.c
    locked = work.execute(
        update(t.user)
        .where(u.id == (row.id if row else new_id()), u.locked_at.is_(None), u.failed_logins >= _allowed_tries())
        .values(locked_at=work.now)
    )
    if row is not None and locked.rowcount == 1:
        _record(work, "signin.locked", row, {"reason": reason})
    _record(work, "signin.refused", row, {"reason": reason, "client": work.actor.client})


def _record(work: Work, action: str, row: Row[Any] | None, data: dict[str, Any]) -> None:
    company_id = row.company_id if row else None
    work.record(
        action,
        "user",
        row.id if row else None,
        row.username if row else "unknown",
        stream=company_stream(company_id),
        company_id=company_id,
        data=data,
    )
