"""What is done on the treasury host by no person of the books: by whom, and on record also where it was refused.

Who works there can reach every key and file, so these acts are the most that anybody may do. Source: architecture,
trust boundary.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services import forced, refusals
from pettycash_tui.services.administering import as_stored
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.refusals import REFUSALS, Told
from pettycash_tui.services.work import Work

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk


def user_here() -> str:
    """The name of the operating system's user: by the process, not by a variable, which a shell may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def refusals_told(desk: Desk, actor: Actor, told: Told, about: str | None = None) -> Iterator[None]:
    """Put a refusal of what is done here on record; `about` is the username that was typed, if any.

    A database that cannot be written keeps nobody from being told why they were refused.
    """
    try:
        yield
    except REFUSALS as refusal:
        if not refusal.is_on_record:
            with suppress(PettyCashError):
                nobody = SYSTEM.at(actor.source, actor.client)
                if actor.is_system:
                    desk.run(nobody, _record, told, refusal, about)
                else:
                    desk.run(nobody, refusals.record, actor, told, refusal, None)
                refusal.is_on_record = True
        raise


def _record(work: Work, told: Told, refusal: PettyCashError, about: str | None) -> None:
    # Whoever is nobody's username may be a password that was typed in the wrong place.
    u = t.user.c
    person = work.execute(select(u.id, u.username, u.company_id).where(u.username == as_stored(about or ""))).first()
    company_id = person.company_id if person else None
    served = forced.current()
    work.record(
        told.action,
        "user",
        person.id if person else None,
        person.username if person else work.actor.username,
        stream=company_stream(company_id),
        company_id=company_id,
        data={
            "act": told.act,
            "reason": refusal.code,
            "asked": person.username if person else "",
            "at_the_host": user_here(),
            "by_key_of": served.username if served else "",
        },
    )
