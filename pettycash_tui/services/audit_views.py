"""Reading the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.errors import NotFound
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
    subject_id: UUID | None
    subject: str
    body: str
    previous_hash: str
    event_hash: str
    created_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the log is narrowed to; days are the company's, both included.

    `action` may be a beginning, `payment.`, and several with commas between them.
    """

    action: str | None = None
    user: str | None = None
    fund: str | None = None
    subject: str | None = None
    subject_id: UUID | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None


FAMILIES: tuple[tuple[str, str], ...] = (
    ("requisition.", "Requisitions: written, submitted, decided"),
    ("payment.", "Payments: made, assigned, executed, failed"),
    ("otp.", "Codes: sent and tried"),
    ("batch.", "Bank files"),
    ("gateway.", "Gateways"),
    ("fund.", "Funds"),
    ("ledger.", "Cash books: posted and exported"),
    ("replenishment.,claim.", "Replenishments and their claims"),
    ("transfer.", "Transfers between funds"),
    ("variance.", "Variances"),
    ("period.", "Months closed and opened again"),
    ("vouchers.", "Vouchers imported"),
    ("policy.", "Policy and thresholds"),
    ("company.,region.,branch.,department.,cost_center.,category.,position.", "Companies, places, categories"),
    ("user.,delegation.", "People, and who acts for whom"),
    ("signin.,session.,ssh.,account.", "Sign-ins, sessions, SSH keys, refusals"),
    ("password.,totp.,recovery.", "Passwords, authenticator apps, recovery codes"),
    ("list.", "Lists exported"),
    ("audit.,database.,secret.", "This log, backups, the server's keys"),
    ("notice.", "Notices"),
    ("alert.", "Alerts"),
)
"""Beginnings of actions, and what they are about; every action is in one of them."""


def family_of(action: str) -> str:
    """What an action is about, by its beginning; empty for one that is in no family."""
    return next((about for beginnings, about in FAMILIES if action.startswith(tuple(beginnings.split(",")))), "")


def list_events(
    reading: Reading,
    given: AuditFilter,
    *,
    limit: int | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> Page[EventView]:
    """The events of the actor's company that match, newest first or oldest first."""
    reading.actor.require(Right.READ_AUDIT)
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    statement = _EVENTS.where(visibility.of_company(_A.company_id, reading.actor)).where(
        *between(_A.created_at, given.from_date, given.to_date, reading)
    )
    beginnings = [each.strip().lower() for each in (given.action or "").split(",") if each.strip()]
    if beginnings:
        statement = statement.where(or_(*(_A.action.startswith(each, autoescape=True) for each in beginnings)))
    if given.user:
        statement = statement.where(_ACTOR.c.username == given.user.strip().lower())
    if given.fund:
        statement = statement.where(_A.stream == f"fund:{locate.fund(reading, given.fund).id}")
    if given.subject:
        statement = statement.where(_A.subject == given.subject.strip())
    if given.subject_id:
        statement = statement.where(_A.subject_id == given.subject_id)
    if given.search:
        statement = statement.where(or_(contains(_A.subject, given.search), contains(_A.body, given.search)))
    further = behind([_A.created_at, _A.id], key, descending=not oldest_first)
    if further is not None:
        statement = statement.where(further)
    order = (_A.created_at, _A.id) if oldest_first else (_A.created_at.desc(), _A.id.desc())
    found = reading.execute(statement.order_by(*order).limit(size + 1)).all()
    return page_of(found, size, _view, lambda row: (row.created_at, row.id))


def show(reading: Reading, event_id: UUID) -> EventView:
    """One event. Raises NotFound."""
    reading.actor.require(Right.READ_AUDIT)
    row = reading.execute(_EVENTS.where(visibility.of_company(_A.company_id, reading.actor), _A.id == event_id)).first()
    if row is None:
        raise NotFound("There is no such event.")
    return _view(row)


_EVENTS = (
    select(t.audit_event, *person_columns(_ACTOR, "actor"))
    .select_from(t.audit_event)
    .outerjoin(_ACTOR, _ACTOR.c.id == _A.actor_id)
)


def _view(row: Row[Any]) -> EventView:
    return EventView(
        id=row.id,
        stream=row.stream,
        sequence=row.sequence,
        actor=person(row, "actor"),
        action=row.action,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        subject=row.subject,
        body=row.body,
        previous_hash=row.previous_hash,
        event_hash=row.event_hash,
        created_at=row.created_at,
        source=row.source,
    )
