"""The courier: reads what happened, writes down who is to be told, and hands it over.

Nothing of it is in the way of the work that caused it: the audit events are read afterwards, behind a cursor for each
stream, in transactions of the courier's own, and no network is used inside of one. Two couriers at once tell once; one
that dies between handing a message over and noting it may tell it a second time, once for each death.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import NoticeStatus, NoticeTiming
from pettycash_tui.services import fault, news, news_funds, notice_choices, notice_delivery, notice_texts
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, actor_of
from pettycash_tui.services.news_parts import FUND, News
from pettycash_tui.services.notice_delivery import Delivered
from pettycash_tui.services.work import Reading, Work

BATCH = 200
"""Events that are read in one transaction."""

NO_NEWS_AFTER = timedelta(days=2)
"""What is older than this is told to nobody: a courier that comes late does not flood people with the past."""

_log = logging.getLogger("pettycash_tui.courier")

_A, _H, _N, _K = t.audit_event.c, t.stream_head.c, t.notice.c, t.notice_cursor.c


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of a courier did: how many notices were written, and what became of those that were due."""

    written: int
    delivered: Delivered


def run(desk: Desk) -> Round:
    """Write down what there is to tell, then hand over what is due."""
    written = collect(desk)
    return Round(written, notice_delivery.deliver_due(desk))


def run_quietly(desk: Desk) -> Round | None:
    """The same beside other work: whatever goes wrong is logged and left for the next courier."""
    try:
        return run(desk)
    except Exception:
        fault.log(_log, "notices could not be delivered")
        return None


def collect(desk: Desk) -> int:
    """Make notices of the events that nobody has read for it yet. Returns how many were made."""
    written = 0
    for stream in desk.read(SYSTEM, unread_streams):
        more = True
        while more:
            made, more = desk.run_unaudited(SYSTEM, _read_on, stream)
            written += made
    return written


_UNREAD = (
    select(_H.stream)
    .select_from(t.stream_head)
    .outerjoin(t.notice_cursor, _K.stream == _H.stream)
    .where(
        _H.stream.startswith(FUND, autoescape=True),
        or_(
            _K.sequence < _H.length,
            and_(_K.sequence.is_(None), _H.length > 0),
        ),
    )
    .order_by(_H.stream)
)


def unread_streams(reading: Reading) -> list[str]:
    """The streams that have events behind their cursor."""
    return list(reading.execute(_UNREAD).scalars())


def begin_at_present(work: Work) -> None:
    """Let nobody be told of what is in the books now."""
    heads = work.execute(select(_H.stream, _H.length).where(_H.stream.startswith(FUND, autoescape=True))).all()
    for head in heads:
        _cursor(work, head.stream)
        behind = (_K.stream == head.stream, _K.sequence < head.length)
        work.execute(update(t.notice_cursor).where(*behind).values(sequence=head.length))


def _cursor(work: Work, stream: str) -> int:
    """How far a stream has been read, locked: another courier waits here, and then finds nothing."""
    statement = notice_choices.inserting(work, t.notice_cursor, {"stream": stream, "sequence": 0})
    found = select(_K.sequence).where(_K.stream == stream).with_for_update()
    sequence = work.execute(found).scalar()
    if sequence is None:
        work.execute(statement.on_conflict_do_nothing())
        sequence = work.execute(found).scalar_one()
    return int(sequence)


_ACTOR = t.user.alias("actor")
_EVENTS = (
    select(
        _A.stream,
        _A.sequence,
        _A.action,
        _A.company_id,
        _A.actor_id,
        _A.subject_id,
        _A.subject,
        _A.body,
        _A.created_at,
        (_ACTOR.c.first_name + " " + _ACTOR.c.last_name).label("by"),
    )
    .select_from(t.audit_event)
    .outerjoin(_ACTOR, _ACTOR.c.id == _A.actor_id)
    .order_by(_A.sequence)
    .limit(BATCH)
)


def _read_on(work: Work, stream: str) -> tuple[int, bool]:
    """The next events of a stream: how many notices came of them, and whether there is more."""
    after = _cursor(work, stream)
    events = work.execute(_EVENTS.where(_A.stream == stream, _A.sequence > after)).all()
    if not events:
        return 0, False
    found: list[tuple[Any, News]] = []
    recent = [event for event in events if event.created_at >= work.now - NO_NEWS_AFTER]
    for event in recent:
        found += [(event, each) for each in news.news_of(work, event)]
    moved = [event for event in recent if event.action in news.MOVES_MONEY]
    if moved:
        fund_id = UUID(stream.removeprefix(FUND))
        found += [(moved[-1], each) for each in news_funds.low_fund(work, fund_id)]
    written = _write(work, found)
    work.execute(update(t.notice_cursor).where(_K.stream == stream).values(sequence=events[-1].sequence))
    return written, len(events) == BATCH


def _write(work: Work, found: list[tuple[Any, News]]) -> int:
    ids = sorted({each.person_id for _, each in found})
    if not ids:
        return 0
    u = t.user.c
    people = {row.id: row for row in work.execute(select(t.user).where(u.id.in_(ids), u.is_active))}
    wishes = notice_choices.chosen(work, ids)
    written = 0
    for event, each in found:
        person = people.get(each.person_id)
        if person is None:
            continue
        wish = notice_choices.choice_for(person, each.kind, wishes)
        actor = actor_of(person)
        if wish.how is NoticeTiming.OFF or not actor.sees_company(each.company_id) or not each.sees(actor, work):
            continue
        title, body = notice_texts.written(each.kind, wish.channel, {"name": actor.name, **each.values})
        is_now = wish.how is NoticeTiming.AT_ONCE
        values = {
            "id": new_id(),
            "created_at": work.now,
            "updated_at": work.now,
            "company_id": each.company_id,
            "person_id": person.id,
            "kind": each.kind,
            "subject_type": each.subject_type,
            "subject_number": each.subject_number,
            "event_stream": event.stream,
            "event_sequence": event.sequence,
            "occasion": each.occasion,
            "channel": wish.channel,
            "title": title,
            "body": body,
            "status": NoticeStatus.QUEUED if is_now else NoticeStatus.GATHERED,
            "attempts": 0,
            "next_attempt_at": work.now if is_now else None,
            "last_error": "",
            "sent_at": None,
        }
        written += put(work, values)
    return written


def put(work: Work, values: dict[str, Any]) -> int:
    """Write a notice unless there is one for that occasion. Returns how many were written."""
    same = (_N.person_id == values["person_id"], _N.kind == values["kind"], _N.occasion == values["occasion"])
    # Asked first, because on SQLite a trigger refuses to meet an existing row before the conflict is seen.
    if work.execute(select(_N.id).where(*same)).first() is not None:
        return 0
    insert = notice_choices.inserting(work, t.notice, values).on_conflict_do_nothing().returning(_N.id)
    return int(work.execute(insert).first() is not None)


def count_unread(reading: Reading) -> int:
    """How many events nobody has been told of yet."""
    cursor = func.coalesce(_K.sequence, 0)
    source = t.stream_head.outerjoin(t.notice_cursor, _K.stream == _H.stream)
    statement = select(func.sum(_H.length - cursor)).select_from(source).where(_H.stream.startswith(FUND))
    return int(reading.execute(statement).scalar() or 0)
