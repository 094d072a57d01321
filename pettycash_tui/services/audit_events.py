"""Reading events for checking them: by stream and sequence, page by page, as the driver gives them.

Each page is asked for behind the last sequence, so that a million events take no more memory than one page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import TextClause, bindparam, func, select, text

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import SECRETS_STREAM, canonical_value, company_stream, fund_stream, proof_stream
from pettycash_tui.services.audit_chain import Problem, Stored, id_in, is_whole
from pettycash_tui.services.audit_unread import told
from pettycash_tui.services.work import Reading

PAGE = 2000
"""Events read at once."""

_A, _H = t.audit_event.c, t.stream_head.c
_BEHIND = " FROM audit_event WHERE stream = :stream AND sequence > :after ORDER BY sequence LIMIT :size"
_SQLITE = text(
    "SELECT sequence, body, previous_hash, event_hash, action, actor_id, created_at, company_id, source, subject,"
    f" subject_id, subject_type{_BEHIND}"
)
_POSTGRES = text(
    "SELECT sequence, body, previous_hash, event_hash, action, COALESCE(actor_id::text, ''),"
    " to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), COALESCE(company_id::text, ''),"
    f" source, subject, COALESCE(subject_id::text, ''), subject_type{_BEHIND}"
)
_FIRST_STREAM, _FIRST_HEAD = select(func.min(_A.stream)), select(func.min(_H.stream))
_NEXT_STREAM = _FIRST_STREAM.where(_A.stream > bindparam("after"))
_NEXT_HEAD = _FIRST_HEAD.where(_H.stream > bindparam("after"))
_HEAD = select(_H.length, _H.head_hash).where(_H.stream == bindparam("stream"))
_HASH_AT = select(_A.event_hash).where(_A.stream == bindparam("stream"), _A.sequence == bindparam("sequence"))
_KNOWN = select(_A.sequence).where(_A.stream == bindparam("stream"), _A.event_hash == bindparam("hash")).limit(1)
_LAST = select(_A.sequence, _A.event_hash).where(_A.stream == bindparam("stream")).order_by(_A.sequence.desc()).limit(1)
_EARLIER = (
    select(_A.sequence)
    .where(
        _A.stream == bindparam("stream"),
        _A.sequence < bindparam("before"),
        _A.action.in_(bindparam("actions", expanding=True)),
    )
    .order_by(_A.sequence.desc())
    .limit(1)
)
_AT: Final = 6
"""Where a row of `pages` has its moment."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream ends, as its head says; `length` is None where the head is missing."""

    length: int | None
    hash: str


def lawful(reading: Reading) -> set[str]:
    """The streams that the program may write for the companies and funds that are there."""
    companies = [None, *reading.execute(select(t.company.c.id)).scalars()]
    found = {fund_stream(one) for one in reading.execute(select(t.treasury_fund.c.id)).scalars()}
    return {SECRETS_STREAM, *found, *map(company_stream, companies), *map(proof_stream, companies)}


def streams(reading: Reading, tell: Callable[[Problem], object] | None = None) -> list[str]:
    """The streams that the actor may check: their company's, or all; those without a head or without events too.

    Every fund and every company has a stream, so that one that was taken away whole is missed. What cannot be read is
    told; raised without `tell`.
    """
    company = reading.actor.company_id
    if company is not None:
        funds = reading.execute(select(t.treasury_fund.c.id).where(t.treasury_fund.c.company_id == company)).scalars()
        apart = proof_stream(company)
        own = [company_stream(company), *([apart] if head(reading, apart).length else [])]
        return [*own, *sorted(fund_stream(found) for found in funds)]
    found: set[str] = set()

    def asked(of: str) -> AbstractContextManager[None]:
        return nullcontext() if tell is None else told(reading, company_stream(None), tell, of=of)

    for table, stream_of in ((t.treasury_fund, fund_stream), (t.company, company_stream)):
        with asked(f"the table {table.name}"):
            found.update(stream_of(one) for one in reading.execute(select(table.c.id)).scalars())
    for first, following, of in ((_FIRST_STREAM, _NEXT_STREAM, "events"), (_FIRST_HEAD, _NEXT_HEAD, "heads")):
        with asked(f"the names of the streams' {of}"):
            # From the first of all, which may have no name.
            name = reading.execute(first).scalar()
            while name is not None:
                if not isinstance(name, str):
                    raise TypeError("a stream is named by text")
                found.add(name)
                name = reading.execute(following, {"after": name}).scalar()
    return sorted(found)


def pages(reading: Reading, stream: str, *, after: int, until: int | None) -> Iterator[tuple[list[Stored], Any]]:
    """The events behind `after`, up to `until`: a page as the driver gives it, and the event behind it or None."""
    statement = _POSTGRES if reading.is_postgres else _SQLITE
    while True:
        found = _fetched(reading, statement, {"stream": stream, "after": after, "size": PAGE + 1})
        page, following = found[:PAGE], found[PAGE] if len(found) > PAGE else None
        if until is not None and page and page[-1][0] > until:
            page = [row for row in page if row[0] <= until]
            if page:
                yield page, None
            return
        if not page:
            return
        yield page, following
        if following is None:
            return
        after = page[-1][0]


def _fetched(reading: Reading, statement: TextClause, values: dict[str, Any]) -> list[Stored]:
    """All rows as the driver's own cursor gives them: a row object for each would take a third of the time."""
    result = reading.connection.execute(statement, values)
    cursor: Any = result.cursor
    try:
        found: list[Stored] = cursor.fetchall()
        return found
    except sqlite3.OperationalError:
        # Bytes that are no text at all are something that was changed, not a fault of the program.
        driver = cursor.connection
        result = reading.connection.execute(statement, values)
        driver.text_factory = _text
        try:
            return list(result.cursor.fetchall())
        finally:
            driver.text_factory = str
    finally:
        result.close()


def head(reading: Reading, stream: str) -> Head:
    """The head of a stream."""
    row = reading.execute(_HEAD, {"stream": stream}).first()
    return Head(None, "") if row is None else Head(row.length, row.head_hash)


def hash_at(reading: Reading, stream: str, sequence: int) -> str | None:
    """The hash of one event; None when it is not there."""
    found: str | None = reading.execute(_HASH_AT, {"stream": stream, "sequence": sequence}).scalar()
    return found


def is_known(reading: Reading, stream: str, digest: str) -> bool:
    """Whether an event of the stream has this hash."""
    return reading.execute(_KNOWN, {"stream": stream, "hash": digest}).first() is not None


def last(reading: Reading, stream: str) -> tuple[int, str] | None:
    """The last event's sequence and hash."""
    row = reading.execute(_LAST, {"stream": stream}).first()
    return None if row is None else (row.sequence, row.event_hash)


def event(reading: Reading, stream: str, sequence: int) -> Stored | None:
    """One event, its ids as a body spells them; None when it is not there."""
    statement = _POSTGRES if reading.is_postgres else _SQLITE
    found = _fetched(reading, statement, {"stream": stream, "after": sequence - 1, "size": 1})
    if not found or found[0][0] != sequence:
        return None
    spell = speller(reading)
    return found[0] if spell is None else spell(found[0])


def behind(reading: Reading, stream: str, sequence: int) -> tuple[int, str] | None:
    """The first event behind one: its sequence, and the hash that it names as the one before it."""
    statement = _POSTGRES if reading.is_postgres else _SQLITE
    found = _fetched(reading, statement, {"stream": stream, "after": sequence, "size": 1})
    return (found[0][0], found[0][2]) if found else None


def first_from(reading: Reading, stream: str, moment: datetime) -> int | None:
    """The sequence of the first event at or after a moment, found by halving; one behind the last when there is none.

    A stream is in the order of time, but for the time that a transaction takes and a clock that was set back. None
    where an event that was looked at is not itself or not there: then nothing is to be relied on for where to begin.
    """
    end = last(reading, stream)
    low, high = 1, (end[0] if end is not None else 0) + 1
    wanted = canonical_value(moment)
    while low < high:
        middle = (low + high) // 2
        row = event(reading, stream, middle)
        if row is None or not is_whole(stream, row):
            return None
        if row[_AT] >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def earlier(reading: Reading, stream: str, before: int, actions: Sequence[str]) -> Iterator[Stored]:
    """The events of these actions before one, the latest first, each with its ids as a body spells them."""
    found: int | None = before
    # One at a time: Postgres' driver fetches everything that a statement finds.
    while (
        found := reading.execute(_EARLIER, {"stream": stream, "before": found, "actions": list(actions)}).scalar()
    ) is not None:
        row = event(reading, stream, found)
        if row is not None:
            yield row


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def speller(reading: Reading) -> Callable[[Stored], Stored] | None:
    """What makes a row of `pages` one whose ids are as the sealed text spells them; None where they are."""
    return None if reading.is_postgres else _spelt


def _spelt(row: Stored) -> Stored:
    sequence, body, previous, digest, action, actor, at, company, source, subject, subject_id, kind = row
    ids = (_id(actor), _id(company), _id(subject_id))
    return (sequence, body, previous, digest, action, ids[0], at, ids[1], source, subject, ids[2], kind)


def _id(found: Any) -> str:
    if found is None:
        return ""
    known = id_in(found)
    return str(found) if known is None else str(known)
