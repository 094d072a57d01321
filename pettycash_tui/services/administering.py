"""Finding an account by what somebody typed, and whose an admin may touch."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.text import printable, unsafe_characters
from pettycash_tui.services.errors import NotAllowed, NotFound
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading


def as_stored(username: str) -> str:
    """A typed username as it would be stored; empty, which nobody is called, when no username can be so."""
    typed = username.strip()
    return "" if unsafe_characters(typed) else typed


def administered(reading: Reading, ref: str | UUID) -> Row[Any]:
    """The row of a person whom the actor administers: the right, the same company, no superuser above oneself.

    By username or id.
    """
    actor = reading.actor
    actor.require(Right.ADMINISTER)
    found_id, typed = as_uuid(ref), str(ref)
    condition = t.user.c.id == found_id if found_id else t.user.c.username == as_stored(typed).lower()
    row = reading.execute(select(t.user).where(condition)).first()
    # Somebody of another company, or of all of them, answers like somebody who is not there.
    if row is None or not (actor.company_id is None or row.company_id == actor.company_id):
        raise NotFound(f"There is no person {printable(typed[:60])} that you may see. See `pettycash user list`.")
    if row.is_superuser and not (actor.is_superuser or actor.is_system):
        raise NotAllowed(f"{row.username} is a superuser; only another superuser may do this.")
    return row
