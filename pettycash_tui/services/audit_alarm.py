"""Telling people by mail that the books are not what was sealed."""

from __future__ import annotations

import os

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.models.text import printable
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services.audit_unread import UNREADABLE
from pettycash_tui.services.audit_verify import Verified
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Reading

EMAIL_VARIABLE = "PETTYCASH_AUDIT_EMAIL"
_MOST = 50
"""Problems that a letter names."""


def tell(
    desk: Desk, actor: Actor, found: Verified, address: str | None = None, *, because: str = ""
) -> tuple[str, ...]:
    """Send what is wrong to this address, or else to every active admin and to the host's addresses.

    Whoever can write the database can take the admins' addresses away, so PETTYCASH_AUDIT_EMAIL holds some (with
    commas between) that stand outside of it. `because` is told at the top of the letter. Returns a sentence for each
    that failed.

    A network call, so never inside a unit of work.
    """
    if found.ok:
        return ()
    from pettycash_tui.services.messages import channel_for

    failed = []
    admins: list[tuple[str, str]] = []
    if not address:
        try:
            admins = desk.read(actor, _admins)
        except (PettyCashError, *UNREADABLE) as error:
            failed.append(f"The admins' addresses cannot be read ({type(error).__name__}).")
    to = [("", address)] if address else [*admins, *_of_the_host()]
    if not to:
        return (*failed, f"There is no active admin with an address to tell; set {EMAIL_VARIABLE} to one.")
    for where, name in {where: name for name, where in reversed(to)}.items():
        try:
            channel_for(desk).deliver(letter(found, name, where, desk.shown_address, because))
        except (DeliveryFailed, OSError) as error:
            failed.append(f"{where} could not be told: {error}")
    return tuple(failed)


def letter(found: Verified, name: str, address: str, database: str, because: str = "") -> Message:
    """The letter, in plain words."""
    count = len(found.problems)
    things = "1 row is" if count == 1 else f"{count} rows are"
    lines = [
        *([printable(because), ""] if because else []),
        f"The books in {database} were verified, and {things} not as they were sealed:",
        "",
        *(printable(f"{each.place}: {each.kind.value}: {each.message}")[:900] for each in found.problems[:_MOST]),
        *([f"and {count - _MOST} more"] if count > _MOST else []),
        "",
        "Change nothing in the database, keep a copy of it, and compare it with the last checkpoint:",
        "",
        "    pettycash audit verify --full --checkpoint FILE",
    ]
    return Message(name, address, "Petty cash: the books are not as they were sealed", "\n".join(lines), "audit_alert")


def _of_the_host() -> list[tuple[str, str]]:
    given = os.environ.get(EMAIL_VARIABLE, "").split(",")
    return [("", where.strip()) for where in given if where.strip()]


def _admins(reading: Reading) -> list[tuple[str, str]]:
    u = t.user.c
    statement = select(u.first_name, u.last_name, u.email).where(
        u.is_active, u.email != "", or_(u.role == Role.ADMIN, u.is_superuser)
    )
    if reading.actor.company_id is not None:
        statement = statement.where(or_(u.company_id == reading.actor.company_id, u.company_id.is_(None)))
    rows = reading.execute(statement.order_by(u.username)).all()
    return [(f"{row.first_name} {row.last_name}".strip(), row.email) for row in rows]
