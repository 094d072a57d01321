"""Notices as people see them: their own, or all of the company for who reads the audit log; and trying one again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import UNDELIVERED, NoticeChannel, NoticeKind, NoticeStatus
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import audit, messages
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.narrowing import contains
from pettycash_tui.services.notice_choices import address_of
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading, Work

REMEMBERED = timedelta(days=14)
"""How long what did not arrive is spoken of; it stays in the list."""

_N = t.notice.c
_TO = t.user.alias("recipient")


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in a list. `number` is what it is about; `next_attempt_at` only while it is to be tried."""

    id: UUID
    created_at: datetime
    person: PersonRef | None
    kind: NoticeKind
    subject_type: str
    subject_number: str
    title: str
    channel: NoticeChannel
    status: NoticeStatus
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoticeDetail(NoticeRow):
    """A whole notice: its words, too."""

    body: str


@dataclass(frozen=True, slots=True)
class SentTest:
    """A test message that was handed over."""

    channel: NoticeChannel
    sent_to: str


def list_notices(
    reading: Reading,
    *,
    everyone: bool = False,
    status: NoticeStatus | None = None,
    undelivered_only: bool = False,
    kind: NoticeKind | None = None,
    search: str | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[NoticeRow]:
    """The actor's notices, newest first; `everyone`'s of the company for who may read the audit log."""
    size = clean_limit(limit)
    statement = _select().where(_mine(reading, everyone))
    if status is not None:
        statement = statement.where(_N.status == status)
    if undelivered_only:
        statement = statement.where(_N.status.in_(list(UNDELIVERED)))
    if kind is not None:
        statement = statement.where(_N.kind == kind)
    if search and search.strip():
        columns = (_N.title, _N.subject_number, _TO.c.first_name, _TO.c.last_name, _TO.c.username)
        statement = statement.where(or_(*[contains(column, search) for column in columns]))
    order = (_N.created_at, _N.id)
    further = behind(order, decode(after, datetime, UUID), descending=not oldest_first)
    if further is not None:
        statement = statement.where(further)
    ordered = order if oldest_first else tuple(column.desc() for column in order)
    rows = reading.execute(statement.order_by(*ordered).limit(size + 1)).all()
    return page_of(rows, size, _row, lambda row: (row.created_at, row.id))


def show(reading: Reading, ref: str | UUID) -> NoticeDetail:
    """One notice that the actor may see. Raises NotFound."""
    row = _found(reading, ref)
    shown = _row(row)
    values = {name: getattr(shown, name) for name in NoticeRow.__dataclass_fields__}
    return NoticeDetail(**values, body=row.body)


def retry(work: Work, ref: str | UUID) -> NoticeRow:
    """Try a notice again now that was given up, failed or had no address: the actor's own, or as an admin anybody's."""
    row = _found(work, ref)
    if row.person_id != work.actor.id and not work.actor.may(Right.ADMINISTER):
        raise NotAllowed("Only the person whose notice it is, or an admin, may have it tried again.")
    if row.status not in UNDELIVERED:
        raise Refused.because(Reason("not_failed", f"This notice is {row.status.label.lower()}: nothing to try again."))
    done = work.execute(
        update(t.notice)
        .where(_N.id == row.id, _N.status == row.status)
        .values(status=NoticeStatus.QUEUED, next_attempt_at=work.now, last_error="", updated_at=work.now)
    )
    if done.rowcount != 1:
        raise Refused.because(Reason("not_failed", "This notice is being sent already."))
    work.record(
        "notice.retried",
        "notice",
        row.id,
        row.subject_number or row.kind.value,
        stream=audit.company_stream(row.company_id),
        company_id=row.company_id,
        data={"kind": row.kind, "person": row.person_id, "attempts": row.attempts},
    )
    return _row(_found(work, row.id))


def send_test(desk: Desk, actor: Actor, channel: NoticeChannel = NoticeChannel.EMAIL) -> SentTest:
    """Send the actor a test message now. Raises InvalidInput without an address, Refused with why it did not go."""
    me = desk.read(actor, lambda reading: reading.execute(select(t.user).where(t.user.c.id == actor.person_id)).one())
    address = address_of(me, channel)
    if not address:
        missing = "phone number" if channel is NoticeChannel.SMS else "email address"
        raise InvalidInput.of(channel=f"{channel} needs a {missing}, and you have none on file: an admin can add one")
    body = f"Hello {actor.name}, this is the test message of petty cash that you asked for. Notices reach you here."
    try:
        messages.notice_channel(desk, channel).deliver(Message(actor.name, address, "Test of notices", body, "test"))
    except DeliveryFailed as error:
        raise Refused(str(error), code="delivery_failed") from error
    return SentTest(channel, address)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How many notices of a company did not arrive, since when, and the latest reason."""

    failed: int
    given_up: int
    without_address: int
    since: datetime | None
    latest: datetime | None
    last_error: str

    @property
    def total(self) -> int:
        """All of them."""
        return self.failed + self.given_up + self.without_address


def undelivered(reading: Reading) -> Undelivered:
    """What did not arrive of the last weeks in the companies that the actor sees."""
    states = sorted(UNDELIVERED)
    ours = and_(of_company(_N.company_id, reading.actor), _N.created_at >= reading.now - REMEMBERED)
    rows: Iterable[Any] = reading.execute(
        select(_N.status, func.count(), func.min(_N.created_at), func.max(_N.created_at))
        .where(_N.status.in_(states), ours)
        .group_by(_N.status)
    ).all()
    counts = {row[0]: row[1] for row in rows}
    error = reading.execute(
        select(_N.last_error).where(_N.status.in_(states), ours).order_by(_N.updated_at.desc(), _N.id.desc()).limit(1)
    ).scalar()
    return Undelivered(
        counts.get(NoticeStatus.FAILED, 0),
        counts.get(NoticeStatus.GIVEN_UP, 0),
        counts.get(NoticeStatus.SKIPPED, 0),
        min((row[2] for row in rows), default=None),
        max((row[3] for row in rows), default=None),
        error or "",
    )


def _select() -> Any:
    return select(t.notice, *person_columns(_TO, "person")).join_from(t.notice, _TO, _TO.c.id == _N.person_id)


def _mine(reading: Reading, everyone: bool) -> ColumnElement[bool]:
    if not everyone:
        return _N.person_id == reading.actor.person_id
    reading.actor.require(Right.READ_AUDIT)
    return of_company(_N.company_id, reading.actor)


def _found(reading: Reading, ref: str | UUID) -> Any:
    found_id = as_uuid(ref)
    if found_id is not None:
        allowed: ColumnElement[bool] = _N.person_id == reading.actor.id
        if reading.actor.may(Right.READ_AUDIT):
            allowed = or_(allowed, of_company(_N.company_id, reading.actor))
        row = reading.execute(_select().where(_N.id == found_id, allowed)).first()
        if row is not None:
            return row
    raise NotFound(f"There is no notice {str(ref)[:40]} that you may see. See `pettycash notice list`.")


def _row(row: Any) -> NoticeRow:
    return NoticeRow(
        id=row.id,
        created_at=row.created_at,
        person=person(row, "person"),
        kind=row.kind,
        subject_type=row.subject_type,
        subject_number=row.subject_number,
        title=row.title,
        channel=row.channel,
        status=row.status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        sent_at=row.sent_at,
    )
