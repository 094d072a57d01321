"""Who told what the bank did with a line, and when: from the audit events of the batch."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.services.refs import person, person_columns
from pettycash_tui.services.work import Reading

SETTLED = "batch.settled"
"""The event of lines that were settled together: `paid` and `refused`, by payment number."""

_A = t.audit_event.c
_ACTOR = t.user.alias("actor")


def told(reading: Reading, batch_id: UUID) -> dict[str, tuple[str, datetime]]:
    """For each payment that was settled, the name of who told it and the moment."""
    found: dict[str, tuple[str, datetime]] = {}
    statement = (
        select(_A.body, _A.created_at, _A.actor_id, *person_columns(_ACTOR, "actor"))
        .outerjoin_from(t.audit_event, _ACTOR, _ACTOR.c.id == _A.actor_id)
        .where(_A.subject_id == batch_id, _A.action == SETTLED)
        .order_by(_A.created_at, _A.id)
    )
    for row in reading.execute(statement):
        who = person(row, "actor")
        data = json.loads(row.body)["data"]
        for payment in (*data["paid"], *data["refused"]):
            found[payment] = (who.name if who else "the system", row.created_at)
    return found
