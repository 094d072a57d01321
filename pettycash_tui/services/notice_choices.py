"""How each person wants to be told: at once, daily or not at all, by email or SMS, for every kind of notice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeTiming, Role
from pettycash_tui.services import audit
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.work import Reading, Work

CHOOSABLE = tuple(kind for kind in NoticeKind if kind is not NoticeKind.DIGEST)
"""What can be chosen for. The digest comes to whoever chose `daily` for something."""


@dataclass(frozen=True, slots=True)
class NoticeChoiceRow:
    """How a person is told about a kind of thing; `is_default` while they have not chosen."""

    kind: NoticeKind
    how: NoticeTiming
    channel: NoticeChannel
    is_default: bool


def default_timing(kind: NoticeKind, role: Role | None) -> NoticeTiming:
    """When a person of this role is told unless they chose: a low fund is treasury's trouble, the rest one's own."""
    if kind is NoticeKind.FUND_LOW and role is not Role.TREASURY:
        return NoticeTiming.OFF
    return NoticeTiming.AT_ONCE


def chosen(reading: Reading, people: Collection[UUID]) -> dict[tuple[UUID, NoticeKind], Any]:
    """What these people chose, by person and kind."""
    c = t.notice_choice.c
    rows = reading.execute(select(t.notice_choice).where(c.user_id.in_(list(people)))) if people else ()
    return {(row.user_id, row.kind): row for row in rows}


def choice_for(person: Any, kind: NoticeKind, found: Mapping[tuple[UUID, NoticeKind], Any]) -> NoticeChoiceRow:
    """How that person (a row of the user table) is told about that kind."""
    row = found.get((person.id, kind))
    if row is not None:
        return NoticeChoiceRow(kind, row.timing, row.channel, False)
    channel = NoticeChannel.SMS if person.phone_number and not person.email else NoticeChannel.EMAIL
    return NoticeChoiceRow(kind, default_timing(kind, person.role), channel, True)


def choices(reading: Reading) -> tuple[NoticeChoiceRow, ...]:
    """The actor's choices, one for each kind."""
    me = reading.execute(select(t.user).where(t.user.c.id == reading.actor.person_id)).one()
    found = chosen(reading, [me.id])
    return tuple(choice_for(me, kind, found) for kind in CHOOSABLE)


def choose(work: Work, kind: NoticeKind, how: NoticeTiming, channel: NoticeChannel | None = None) -> NoticeChoiceRow:
    """Choose how the actor is told about a kind; without a channel the one they have for it stays.

    Raises InvalidInput for the digest, and for a channel for which they have no address.
    """
    if kind not in CHOOSABLE:
        raise InvalidInput.of(kind="must be what the digest tells of: choose daily for that")
    me = work.execute(select(t.user).where(t.user.c.id == work.actor.person_id)).one()
    before = choice_for(me, kind, chosen(work, [me.id]))
    wanted = channel or before.channel
    if how is not NoticeTiming.OFF and not address_of(me, wanted):
        missing = "phone number" if wanted is NoticeChannel.SMS else "email address"
        raise InvalidInput.of(channel=f"{wanted} needs a {missing}, and you have none on file: an admin can add one")
    values = {
        "id": new_id(),
        "created_at": work.now,
        "updated_at": work.now,
        "user_id": me.id,
        "kind": kind,
        "timing": how,
        "channel": wanted,
    }
    changed = {"timing": how, "channel": wanted, "updated_at": work.now}
    statement = inserting(work, t.notice_choice, values)
    work.execute(statement.on_conflict_do_update(index_elements=["user_id", "kind"], set_=changed))
    work.record(
        "notice.chosen",
        "user",
        me.id,
        me.username,
        stream=audit.company_stream(me.company_id),
        company_id=me.company_id,
        data={"kind": kind, "how": how, "channel": wanted},
    )
    return NoticeChoiceRow(kind, how, wanted, False)


def address_of(person: Any, channel: NoticeChannel) -> str:
    """Where the channel reaches the person; empty where it does not."""
    return str(person.phone_number if channel is NoticeChannel.SMS else person.email)


def inserting(work: Work, table: Any, values: Mapping[str, Any]) -> Any:
    """An INSERT of this database, which knows what to do about a row that is there."""
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table).values(values)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).values(values)
