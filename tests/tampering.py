"""Somebody with the rights of the database's owner: triggers off, events written anew. Everything is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, text, update
from trading import Trading

from pettycash_tui.database import triggers
from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import GENESIS, event_hash
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading

Events = list[dict[str, Any]]
_A = t.audit_event.c


@contextmanager
def owner(trading: Trading, *, keep: bool = False) -> Iterator[Reading]:
    """A transaction without any rule, rolled back at the end; with `keep` what was done stays, the rules in force."""
    with trading.desk.engine.connect() as connection:
        transaction = connection.begin()
        if connection.dialect.name == "sqlite":
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.execute(text(named)).scalars().all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            # As `SET session_replication_role` does for a superuser.
            connection.execute(text("SET LOCAL session_replication_role = 'replica'"))
        try:
            yield Reading(connection, SYSTEM, trading.clock())
            if keep:
                triggers.install(connection)
                transaction.commit()
        finally:
            if transaction.is_active:
                transaction.rollback()


def written_anew(reading: Reading, stream: str, change: Callable[[Events], Events], *, head: bool = False) -> None:
    """Replace a stream's events; `head`: its head too."""
    found = reading.execute(select(t.audit_event).where(_A.stream == stream).order_by(_A.sequence))
    events = change([dict(row._mapping) for row in found])
    reading.execute(delete(t.audit_event).where(_A.stream == stream))
    for event in events:
        reading.execute(insert(t.audit_event).values(event))
    if head:
        h = t.stream_head.c
        values = {"length": events[-1]["sequence"], "head_hash": events[-1]["event_hash"]}
        reading.execute(update(t.stream_head).where(h.stream == stream).values(values))


def modify(events: Events) -> Events:
    """The third says something else."""
    events[2]["body"] = events[2]["body"].replace('"subject":"test"', '"subject":"else"')
    events[2]["subject"] = "else"
    return events


def remove(events: Events) -> Events:
    """The third is gone."""
    return [*events[:2], *events[3:]]


def put_in(events: Events) -> Events:
    """A new one behind the third, which follows from it; the rest counted on."""
    new = {**events[2], "id": uuid4(), "sequence": 4, "previous_hash": events[2]["event_hash"]}
    new["body"] = events[2]["body"].replace('"sequence":3', '"sequence":4').replace('"n":3', '"n":99')
    new["event_hash"] = event_hash(new["previous_hash"], new["body"])
    rest = [{**event, "sequence": event["sequence"] + 1} for event in events[3:]]
    return [*events[:3], new, *rest]


def swap(events: Events) -> Events:
    """The third and the fourth change places."""
    events[2]["sequence"], events[3]["sequence"] = 4, 3
    return [*events[:2], events[3], events[2], *events[4:]]


def cut(events: Events) -> Events:
    """The last two are gone."""
    return events[:-2]


def rechained(events: Events) -> Events:
    """The same, numbered and hashed anew."""
    last, made = GENESIS, []
    for number, event in enumerate(events, start=1):
        was = _number_in(event["body"])
        body = event["body"].replace(f'"sequence":{was}', f'"sequence":{number}')
        digest = event_hash(last, body)
        made.append({**event, "sequence": number, "body": body, "previous_hash": last, "event_hash": digest})
        last = digest
    return made


def _number_in(body: str) -> int:
    import json

    found: int = json.loads(body)["sequence"]
    return found
