"""Which company an act belongs to: one's own, or, for a group-wide officer, the one that is named."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.errors import InvalidInput, NotFound
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading


def which(reading: Reading, typed: str | UUID | None) -> Row[Any]:
    """The company's row: as typed (code or id), else the actor's own, else the only one there is.

    Raises NotFound for another company than one's own, and InvalidInput where several could be meant.
    """
    c, actor = t.company.c, reading.actor
    statement = select(t.company).where(of_company(c.id, actor))
    if typed is not None and str(typed).strip():
        found_id = as_uuid(typed)
        named = c.id == found_id if found_id else c.code == str(typed).strip().upper()
        row: Row[Any] | None = reading.execute(statement.where(named)).first()
        if row is None:
            raise NotFound(
                f"There is no company {str(typed)[:40]!r} that you may see. See `pettycash org company list`."
            )
        return row
    if actor.company_id is None:
        statement = statement.where(c.is_active)
    rows = reading.execute(statement.limit(2)).all()
    if not rows:
        raise NotFound("There is no company yet. Set one up with `pettycash init`.")
    if len(rows) > 1:
        raise InvalidInput.of(company="must be named, because you act for several companies: --company CODE")
    only: Row[Any] = rows[0]
    return only


def timezone_of(reading: Reading) -> str:
    """The time zone in which the actor reads times: their company's, UTC for a group-wide officer."""
    found = reading.execute(select(t.company.c.timezone).where(t.company.c.id == reading.actor.company_id)).scalar()
    return str(found or "UTC")
