"""What a person has typed into a form and not yet sent: one draft for each person and form, kept as they type.

It is nobody's business but theirs, leaves no trace of its own (`desk.run_unaudited`), and is data from outside when it
is read again: what is not a flat JSON object of texts and flags counts as no draft.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services.work import Reading, Work

LONGEST = 60_000
"""Characters of one draft: a form of a few fields and a purpose; what is longer was not typed."""

NEW_REQUISITION = "requisition new"
"""The form that is offered again when its person comes back."""

Values = Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class FormDraft:
    """The fields of a form as they were typed, and when."""

    values: dict[str, str | bool]
    saved_at: datetime


def save(work: Work, form: str, values: Values) -> None:
    """Keep what was typed, in place of what was kept before. What is too long to have been typed is not kept."""
    body = json.dumps(dict(values), ensure_ascii=True, separators=(",", ":"))
    if len(body) <= LONGEST:
        _put(work, form, body)


def load(reading: Reading, form: str) -> FormDraft | None:
    """The acting person's draft of a form; None when there is none."""
    d = t.form_draft.c
    row = reading.execute(
        select(d.body, d.updated_at).where(d.user_id == reading.actor.person_id, d.form == form)
    ).first()
    values = _values(row.body) if row is not None else None
    return FormDraft(values, row.updated_at) if row is not None and values else None


def clear(work: Work, form: str) -> None:
    """Forget the draft. The row stays, empty: the application's role deletes nothing."""
    d = t.form_draft.c
    work.execute(
        t.form_draft.update()
        .where(d.user_id == work.actor.person_id, d.form == form)
        .values(body="", updated_at=work.now)
    )


def _put(work: Work, form: str, body: str) -> None:
    values = {
        "id": new_id(),
        "created_at": work.now,
        "updated_at": work.now,
        "user_id": work.actor.person_id,
        "form": form,
        "body": body,
    }
    changed = {"body": body, "updated_at": work.now}
    # Two desks of one person may save at once: the row is made or changed in one statement.
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        statement: Any = postgres_insert(t.form_draft).values(values)
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(t.form_draft).values(values)
    work.execute(statement.on_conflict_do_update(index_elements=["user_id", "form"], set_=changed))


def _values(body: str) -> dict[str, str | bool] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, str | bool)}
