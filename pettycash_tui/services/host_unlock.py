"""The way back for the only admin of a company, whom anybody locks out with ten wrong passwords.

Another admin unlocks an account. Where there is none, who works at the treasury host does: no person of the books, so
the audit log names the host's user. Not by SSH under a forced command, where that user is everybody.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.models.text import printable
from pettycash_tui.services import at_host, forced, signin
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.refusals import Told
from pettycash_tui.services.standing import has_a_way_in
from pettycash_tui.services.work import Reading, Work

_U = t.user.c
_REFUSED = Told("account.refused", "user.unlocked")


def unlock(desk: Desk, username: str, *, source: str) -> str:
    """Unlock the one admin whom no other can unlock; their username.

    Raises NotAllowed under a forced command; NotFound; Refused for who is no active admin (`not_admin`), who is not
    locked (`not_locked`), and where another admin can do it (`other_admin`). A refusal is put on record.
    """
    host = SYSTEM.at(source, signin.CLI)
    with at_host.refusals_told(desk, host, _REFUSED, username):
        if forced.current() is not None:
            raise NotAllowed(
                "--at-the-host is for who works at the treasury host itself, and cannot be given by SSH.",
                code="not_by_ssh",
            )
        return desk.run(host, _unlock, username)


def _unlock(work: Work, username: str) -> str:
    row = work.execute(select(t.user).where(_U.username == as_stored(username)).with_for_update(key_share=True)).first()
    if row is None:
        raise NotFound(f"There is no person {printable(username[:60])}.")
    by_an_admin = f"`pettycash user unlock {row.username}`"
    if not row.is_active or not (row.role is Role.ADMIN or row.is_superuser):
        raise Refused(
            f"{row.username} is no active admin: a signed-in admin unlocks them, {by_an_admin}.", code="not_admin"
        )
    if row.locked_at is None and row.otp_locked_at is None:
        raise Refused(f"{row.username} is not locked.", code="not_locked")
    other = _who_could(work, row)
    if other is not None:
        raise Refused(f"{other} can sign in and unlock {row.username}: {by_an_admin}.", code="other_admin")
    signin.let_try_again(work, row, {"at_the_host": at_host.user_here()})
    return str(row.username)


def _who_could(reading: Reading, row: Row[Any]) -> str | None:
    """An admin who may sign in and administers this one, as `administering.administered` has it."""
    here: ColumnElement[bool] = _U.company_id.is_(None)
    if row.company_id is not None:
        here = or_(here, _U.company_id == row.company_id)
    rank = _U.is_superuser if row.is_superuser else or_(_U.role == Role.ADMIN, _U.is_superuser)
    found = select(_U.username).where(_U.id != row.id, _U.is_active, _U.locked_at.is_(None), here, rank, has_a_way_in())
    return reading.execute(found.order_by(_U.username).limit(1)).scalar()
