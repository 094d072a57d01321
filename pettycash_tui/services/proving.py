"""Proving who one is: password, and the code of those who approve or pay, against a count of tries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import passwords, totp
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.permissions import Right, rights_of
from pettycash_tui.services.work import Reading, Work

LOCK_AFTER_FAILURES = 10
"""For group-wide officers, who have no company that says otherwise."""

REFUSED = (
    "That username and password do not go together, or the account is locked. Try again; "
    "after too many tries only an admin can unlock it."
)
_NEED_CODE = frozenset({Right.APPROVE, Right.VALIDATE, Right.EXECUTE})


def prove(
    desk: Desk,
    username: str,
    password: str,
    *,
    code: str | None = None,
    client: str,
    source: str,
    sign_in: bool = False,
) -> Row[Any]:
    """The row of the person whose password this is; the count of tries starts anew.

    Raises NotAllowed, alike for an unknown person, a wrong password, a locked and a deactivated account. With
    `sign_in`, those who approve or pay and have enrolled also need the current code.
    """
    nobody = SYSTEM.at(source, client)
    row = desk.read(SYSTEM, _person, as_stored(username))
    # Nobody's try is counted too, with no effect, so that it takes as long.
    may_try = desk.run_unaudited(SYSTEM, _count_try, row.id if row else new_id())
    is_right = passwords.verify(row.password_hash if row else None, password)
    if row is None or not may_try or not is_right:
        reason = _reason(row, may_try)
        desk.run(nobody, _refuse, row, reason)
        raise NotAllowed(REFUSED, code="signin_refused")
    step = _step_of(desk, row, code) if sign_in and needs_code(row) else None
    rehashed = (
        passwords.hash_password(password, row.username, demo=True)
        if passwords.needs_rehash(row.password_hash)
        else row.password_hash
    )

    def settle(work: Work) -> str | None:
        if step is not None and (step < 0 or not totp.accept_step(work, row.id, step)):
            return "wrong_code"
        u = t.user.c
        # Only while all is as it was when the password was compared.
        settled = work.execute(
            update(t.user)
            .where(u.id == row.id, u.is_active, u.locked_at.is_(None), u.password_hash == row.password_hash)
            .values(failed_logins=0, password_hash=rehashed)
        )
        return None if settled.rowcount == 1 else "changed_meanwhile"

    reason = desk.run_unaudited(nobody, settle) or ""
    if reason:
        desk.run(nobody, _refuse, row, reason)
        if reason == "wrong_code":
            raise NotAllowed(
                "The code is not right, or was used already. Wait for the next one and sign in again.",
                code="totp_wrong",
            )
        raise NotAllowed(REFUSED, code="signin_refused")
    return row


def needs_code(row: Row[Any]) -> bool:
    """Whether this person signs in with a code as well: approves or pays, and has enrolled."""
    return row.totp_confirmed_at is not None and bool(_NEED_CODE & rights_of(row.role, is_superuser=row.is_superuser))


def _step_of(desk: Desk, row: Row[Any], code: str | None) -> int:
    """The time step of the code; -1 when it is wrong. Raises NotAllowed (`totp_needed`) without one."""
    if not code:
        raise NotAllowed(
            "Your account needs the current code of your authenticator app as well.",
            code="totp_needed",
            fields={"code": "is needed"},
        )
    secret = totp.current_secret(row.totp_secret, row.id, desk.secrets)
    step = totp.matching_step(secret, code, desk.clock())
    return -1 if step is None else step


def _person(reading: Reading, username: str) -> Row[Any] | None:
    return reading.execute(select(t.user).where(t.user.c.username == username)).first()


def _allowed_tries() -> Any:
    limit = select(t.company.c.lock_after_failures).where(t.company.c.id == t.user.c.company_id).scalar_subquery()
    return func.coalesce(limit, LOCK_AFTER_FAILURES)


def _count_try(work: Work, user_id: UUID) -> bool:
    """Count a try; False when there is none left, or the account may not sign in at all."""
    u = t.user.c
    counted = work.execute(
        update(t.user)
        .where(u.id == user_id, u.is_active, u.locked_at.is_(None), u.failed_logins < _allowed_tries())
        .values(failed_logins=u.failed_logins + 1)
    )
    return counted.rowcount == 1


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
    if row is not None:
        locked = work.execute(
            update(t.user)
            .where(u.id == row.id, u.locked_at.is_(None), u.failed_logins >= _allowed_tries())
            .values(locked_at=work.now)
        )
        if locked.rowcount == 1:
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
