"""Reading the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

_ACTOR = t.user.alias("actor")
_A = t.audit_event.c


@dataclass(frozen=True, slots=True)
class EventView:
    """An event. `body` is the canonical text that is hashed."""

    id: UUID
    stream: str
    sequence: int
    actor: PersonRef | None
    action: str
    subject_type: str
    subject: str
    body: str
    event_hash: str
    created_at: datetime
    source: str


def log(
    reading: Reading,
    *,
    action: str | None = None,
    user: str | None = None,
    fund: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> Page[EventView]:
    """The events of the actor's company, newest first. `action` may be a beginning: `payment`."""
    reading.actor.require(Right.READ_AUDIT)
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    statement = (
        select(t.audit_event, *person_columns(_ACTOR, "actor"))
        .select_from(t.audit_event)
        .outerjoin(_ACTOR, _ACTOR.c.id == _A.actor_id)
        .where(visibility.of_company(_A.company_id, reading.actor))
        .where(*between(_A.created_at, from_date, to_date, reading))
    )
    if action:
        statement = statement.where(_A.action.startswith(action.strip().lower(), autoescape=True))
    if user:
        statement = statement.where(_ACTOR.c.username == user.strip().lower())
    if fund:
        statement = statement.where(_A.stream == f"fund:{locate.fund(reading, fund).id}")
    if search:
        statement = statement.where(or_(contains(_A.subject, search), contains(_A.body, search)))
    further = behind([_A.created_at, _A.id], key, descending=True)
    if further is not None:
        statement = statement.where(further)
    found = reading.execute(statement.order_by(_A.created_at.desc(), _A.id.desc()).limit(size + 1)).all()
    return page_of(
        found,
        size,
        lambda row: EventView(
            id=row.id,
            stream=row.stream,
            sequence=row.sequence,
            actor=person(row, "actor"),
            action=row.action,
            subject_type=row.subject_type,
            subject=row.subject,
            body=row.body,
            event_hash=row.event_hash,
            created_at=row.created_at,
            source=row.source,
        ),
        lambda row: (row.created_at, row.id),
    )
