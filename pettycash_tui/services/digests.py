"""The daily digest: once a day, in the morning of the person's company, what waits for them and what they gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import NoticeKind, NoticeStatus, NoticeTiming
from pettycash_tui.services import courier, notice_choices, notice_texts, waiting
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor, actor_of
from pettycash_tui.services.waiting import Task, WaitingLine
from pettycash_tui.services.work import Reading, Work

FROM_HOUR = 7
"""The hour of the company's clock from which on the day's digest is made."""

LISTED = 40
"""Lines that a digest spells out; what is beyond them is counted."""

_N, _U, _K, _C = t.notice.c, t.user.c, t.notice_choice.c, t.company.c


@dataclass(frozen=True, slots=True)
class Digest:
    """What one person's digest tells. `day` is their company's."""

    person_id: UUID
    username: str
    day: str
    lines: tuple[str, ...]
    gathered: tuple[UUID, ...]


def make_digests(desk: Desk, *, dry_run: bool = False) -> list[Digest]:
    """Write the digests of this morning that are not written yet. They are delivered as every notice is."""
    made = []
    for person in desk.read(SYSTEM, _people):
        actor = actor_of(person)
        digest = desk.read(actor, _digest, person)
        if digest is None:
            continue
        if dry_run or desk.run_unaudited(actor, _write, person, digest):
            made.append(digest)
    return made


def _people(reading: Reading) -> list[Any]:
    """The active people who are told something daily, and those for whom something was gathered."""
    daily = select(_K.user_id).where(_K.timing == NoticeTiming.DAILY)
    gathered = select(_N.person_id).where(_N.status == NoticeStatus.GATHERED)
    statement = (
        select(t.user, _C.timezone)
        .outerjoin(t.company, _C.id == _U.company_id)
        .where(_U.is_active, or_(_U.id.in_(daily), _U.id.in_(gathered)))
        .order_by(_U.id)
    )
    return list(reading.execute(statement))


def _digest(reading: Reading, person: Any) -> Digest | None:
    """What there is to tell the reader, whose row that is; None before the hour, twice a day, and for nothing."""
    here = reading.now.astimezone(ZoneInfo(person.timezone or "UTC"))
    if here.hour < FROM_HOUR:
        return None
    day = here.date().isoformat()
    same = (_N.person_id == person.id, _N.kind == NoticeKind.DIGEST, _N.occasion == _occasion(day))
    if reading.execute(select(_N.id).where(*same)).first() is not None:
        return None
    wishes = notice_choices.chosen(reading, [person.id])
    wish = notice_choices.choice_for(person, NoticeKind.WAITS_FOR_YOU, wishes)
    lines = []
    if wish.how is NoticeTiming.DAILY:
        lines = [_line(line, reading.now) for line in waiting.lines(reading) if line.task is not Task.FINISH]
    gathered = reading.execute(
        select(_N.id, _N.kind, _N.title)
        .where(_N.person_id == person.id, _N.status == NoticeStatus.GATHERED)
        .order_by(_N.created_at, _N.id)
    ).all()
    lines += [row.title for row in gathered if row.kind is not NoticeKind.WAITS_FOR_YOU]
    if not lines:
        return None
    return Digest(person.id, person.username, day, tuple(lines), tuple(row.id for row in gathered))


def _line(line: WaitingLine, now: datetime) -> str:
    days = (now - line.since).days
    since = f", for {days} day{'' if days == 1 else 's'}" if days else ""
    mark = "Urgent: " if line.is_urgent else "Overdue: " if line.is_overdue else ""
    return f"{mark}{line.task.value} {line.number}: {line.amount} to {line.payee}{since} ({line.command})"


def _write(work: Work, person: Any, digest: Digest) -> bool:
    actor: Actor = work.actor
    wishes = notice_choices.chosen(work, [person.id])
    channel = notice_choices.choice_for(person, NoticeKind.WAITS_FOR_YOU, wishes).channel
    count = len(digest.lines)
    shown = [f"- {line}" for line in digest.lines[:LISTED]]
    if count > LISTED:
        shown.append(f"- and {count - LISTED} more")
    values = {
        "name": actor.name,
        "count": str(count),
        "things": "thing" if count == 1 else "things",
        "first": digest.lines[0],
        "lines": "\n".join(shown),
        "day": digest.day,
        "command": "pettycash overview",
    }
    title, body = notice_texts.written(NoticeKind.DIGEST, channel, values)
    written = courier.put(
        work,
        {
            "id": new_id(),
            "created_at": work.now,
            "updated_at": work.now,
            "company_id": person.company_id,
            "person_id": person.id,
            "kind": NoticeKind.DIGEST,
            "subject_type": "",
            "subject_number": digest.day,
            "event_stream": "",
            "event_sequence": 0,
            "occasion": _occasion(digest.day),
            "channel": channel,
            "title": title,
            "body": body,
            "status": NoticeStatus.QUEUED,
            "attempts": 0,
            "next_attempt_at": work.now,
            "last_error": "",
            "sent_at": None,
        },
    )
    if written:
        # From here on the digest carries them, through all its tries.
        work.execute(
            update(t.notice)
            .where(_N.id.in_(digest.gathered), _N.status == NoticeStatus.GATHERED)
            .values(status=NoticeStatus.SENT, sent_at=work.now, updated_at=work.now)
        )
    return bool(written)


def _occasion(day: str) -> str:
    return f"digest:{day}"
