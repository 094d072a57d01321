"""What is found of what somebody with the rights of the database's owner does, as docs/audit.md says it."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
import story
import tampering
from sqlalchemy import delete, insert, text, update
from tampering import Events, owner, written_anew
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_check, audit_events, checkpoints
from pettycash_tui.services.audit_verify import Verified, verify
from pettycash_tui.services.checkpoint_text import Checkpoint
from pettycash_tui.services.identity import SYSTEM

PAGE = Path(__file__).parent.parent.parent / "docs" / "audit.md"
STREAM = "proof:group"
NOT_FOUND = "not found"


def anew(change: Callable[[Events], Events]) -> Callable[[Events], Events]:
    """The change with every hash after it computed anew."""
    return lambda events: tampering.rechained(change(events))


ATTACKS: dict[str, tuple[Callable[[Events], Events], bool]] = {
    "modify: an event is changed": (tampering.modify, False),
    "delete: an event is taken away": (tampering.remove, False),
    "insert: an event is put in between": (tampering.put_in, False),
    "reorder: two events change places": (tampering.swap, False),
    "truncate: the last events and the head": (tampering.cut, True),
    "rewrite: an event is changed and all hashes after it": (anew(tampering.modify), True),
    "rewrite: an event is taken away, hashes after it anew": (anew(tampering.remove), True),
    "rewrite: an event is put in, hashes after it anew": (anew(tampering.put_in), True),
    "rewrite: two events change places, hashes anew": (anew(tampering.swap), True),
}
STREAM_GONE = "delete: a fund's whole stream and its head"
WINDOW_CUT = "edge: the events before `--until` are taken away"
TIME_CHANGED = "edge: an event of the window is changed, and its time"
SEQUENCES = {
    "changed": 3,
    "deleted": 3,
    "inserted": 4,
    "reordered": 3,
    "rewritten": 6,
}


def cells() -> dict[str, tuple[str, str]]:
    """The rows of the page's table."""
    rows = re.findall(r"^\| (\w+: [^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (without, with_one) for name, without, with_one in rows}


def six_events(trading: Trading) -> None:
    """A stream that nothing else tells of, a day for each event."""
    for n in range(1, 7):

        def act(work: Any, n: int = n) -> None:
            work.record("test.done", "test", None, "test", stream=STREAM, company_id=None, data={"n": n})

        trading.desk.run(SYSTEM, act)
        trading.clock.now += timedelta(days=1)


def told(found: Verified) -> list[tuple[str, str, int]]:
    """Stream, kind and sequence of each problem."""
    return [(each.stream, each.kind.value, each.sequence) for each in found.problems]


def test_each_cell_of_the_page_is_true(trading: Trading) -> None:
    six_events(trading)
    sealed = checkpoints.sealed_now(trading.desk, SYSTEM)
    table = cells()
    edges = (STREAM_GONE, WINDOW_CUT, TIME_CHANGED)
    assert set(table) == {*ATTACKS, *edges}
    for name in edges:
        for has_one, expected in enumerate(table[name]):
            ((_, kind, _),) = at_an_edge(trading, name, sealed if has_one else None)
            assert kind == expected, name
    for name, (change, head) in ATTACKS.items():
        for has_one, expected in enumerate(table[name]):
            with owner(trading) as reading:
                written_anew(reading, STREAM, change, head=head)
                found = verify(reading, checkpoint=sealed if has_one else None)
            if expected == NOT_FOUND:
                assert found.ok, (name, found.problems)
            else:
                ended = 5 if "last events" in name else 6
                sequence = ended if expected == "truncated" else SEQUENCES[expected]
                assert told(found) == [(STREAM, expected, sequence)], (name, found.problems)


def test_a_window_has_no_false_alarm_on_its_first_row_and_finds_what_is_in_it(trading: Trading) -> None:
    six_events(trading)
    now = trading.clock.now
    with owner(trading) as reading:
        whole = verify(reading)
        last_three = verify(reading, since=now - timedelta(days=3))
        middle = verify(reading, since=now - timedelta(days=5), until=now - timedelta(days=2))
        none = verify(reading, since=now + timedelta(days=5))
        assert (whole.ok, last_three.ok, middle.ok, none.ok) == (True, True, True, True)
        assert (last_three.events, middle.events, none.events) == (3, 3, 0)
        written_anew(reading, STREAM, tampering.modify)
        assert told(verify(reading, since=now - timedelta(days=2))) == []
        assert told(verify(reading, since=now - timedelta(days=5))) == [(STREAM, "changed", 3)]


def at_an_edge(trading: Trading, name: str, sealed: Checkpoint | None) -> list[tuple[str, str, int]]:
    """What is told of an attack on where a verification begins and ends."""
    a, h, now = t.audit_event.c, t.stream_head.c, trading.clock.now
    window = {"since": now - timedelta(days=5), "until": now - timedelta(days=2)}
    fund = f"fund:{trading.row(t.treasury_fund, 'NBI').id}"
    last, days = (a.stream == STREAM, a.sequence == 4), timedelta(days=400)
    statements: dict[str, list[Any]] = {
        STREAM_GONE: [delete(t.audit_event).where(a.stream == fund), delete(t.stream_head).where(h.stream == fund)],
        WINDOW_CUT: [delete(t.audit_event).where(a.stream == STREAM, a.sequence.in_([2, 3, 4]))],
        TIME_CHANGED: [update(t.audit_event).where(*last).values(body="{}", created_at=now - days)],
    }
    with owner(trading) as reading:
        for statement in statements[name]:
            reading.execute(statement)
        return told(verify(reading, checkpoint=sealed, **({} if name == STREAM_GONE else window)))


def test_what_is_done_to_the_edges_of_a_window_is_found(trading: Trading) -> None:
    six_events(trading)
    a, now = t.audit_event.c, trading.clock.now
    window = {"since": now - timedelta(days=5), "until": now - timedelta(days=2)}
    for gone, first in (((2, 3, 4), 2), ((4,), 4), ((2,), 2), ((3, 4, 5, 6), 3)):
        with owner(trading) as reading:
            reading.execute(delete(t.audit_event).where(a.stream == STREAM, a.sequence.in_(gone)))
            ((_, kind, sequence),) = told(verify(reading, **window))
            assert (kind, sequence) == ("truncated" if 6 in gone else "deleted", first), gone

    def the_last_alone(events: Events) -> Events:
        events[3]["body"] = events[3]["body"].replace('"n":4', '"n":7')
        anew = tampering.rechained(events)
        return [*events[:3], anew[3], *events[4:]]

    with owner(trading) as reading:
        written_anew(reading, STREAM, the_last_alone)
        assert told(verify(reading, **window)) == [(STREAM, "changed", 4)]
    for moved in (timedelta(days=-400), timedelta(days=400)):
        with owner(trading) as reading:
            everything = update(t.audit_event).where(a.stream == STREAM)
            reading.execute(everything.where(a.sequence == 5).values(body="{}"))
            reading.execute(everything.where(a.sequence > 3).values(created_at=now + moved))
            assert told(verify(reading, since=now - timedelta(days=3))) == [(STREAM, "changed", 4)]


def test_a_clock_that_was_set_back_is_no_false_alarm_whatever_the_window(trading: Trading) -> None:
    start = trading.clock.now
    trading.clock.advance(hours=5)
    story.pay(trading.desk, trading.approved())
    trading.clock.now -= timedelta(hours=2)
    for _ in range(8):
        trading.request(amount="500")
    for minutes in range(0, 360, 20):
        since = start + timedelta(minutes=minutes)
        assert trading.desk.read(SYSTEM, verify, since=since).problems == (), minutes
    fund = trading.row(t.treasury_fund, "NBI")
    e = t.ledger_entry.c
    (opening,) = trading.rows(t.ledger_entry, e.fund_id == fund.id, e.sequence == 1)
    added = fund.ledger_sequence + 1
    with owner(trading) as reading:
        copied = {**opening._mapping, "id": uuid4(), "sequence": added}
        reading.execute(insert(t.ledger_entry).values(copied))
        late = verify(reading, since=start + timedelta(hours=4))
        assert [each.message for each in late.problems] == [f"ledger entry {added} has no event"]


def test_who_writes_meanwhile_is_no_false_alarm(trading: Trading) -> None:
    stop = Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                trading.request(amount="500")
        except BaseException as error:
            failed.append(error)

    writer = Thread(target=work)
    writer.start()
    try:
        seen = set()
        while len(seen) < 4 and not failed:
            found = trading.desk.read(SYSTEM, verify)
            assert found.problems == ()
            seen.add(found.events)
    finally:
        stop.set()
        writer.join()
    assert failed == []


def test_ten_times_the_events_take_no_more_memory(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_events, "PAGE", 100)

    def peak(upto: int) -> int:
        def act(work: Any) -> None:
            for n in range(upto):
                work.record("test.done", "test", None, "test", stream=STREAM, company_id=None, data={"n": n})

        trading.desk.run(SYSTEM, act)
        assert trading.desk.read(SYSTEM, verify).problems == ()
        tracemalloc.start()
        try:
            trading.desk.read(SYSTEM, verify)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Six pages: what is held of a few only grows with them, not with the events.
    few = peak(600)
    assert peak(5400) < few * 1.5


def test_heads_columns_and_text_that_is_none_are_found(trading: Trading) -> None:
    six_events(trading)
    a, h = t.audit_event.c, t.stream_head.c
    third = update(t.audit_event).where(a.stream == STREAM, a.sequence == 3)
    head = update(t.stream_head).where(h.stream == STREAM)
    for statement, expected in (
        (third.values(action="test.other"), ("changed", 3)),
        (third.values(source="elsewhere"), ("changed", 3)),
        (third.values(created_at=trading.clock.now + timedelta(hours=1)), ("changed", 3)),
        (third.values(body="no object"), ("changed", 3)),
        (third.values(previous_hash="0" * 64), ("changed", 3)),
        (head.values(length=9), ("truncated", 7)),
        (head.values(length=4), ("inserted", 5)),
        (head.values(head_hash="f" * 64), ("changed", 6)),
        (t.stream_head.delete().where(h.stream == STREAM), ("deleted", 6)),
    ):
        with owner(trading) as reading:
            reading.execute(statement)
            assert told(verify(reading)) == [(STREAM, *expected)], str(statement)


def test_an_event_whose_own_hash_was_computed_anew_is_named(trading: Trading) -> None:
    six_events(trading)

    def alone(events: Events) -> Events:
        changed = tampering.modify(events)
        anew = tampering.rechained(changed)
        return [*changed[:2], anew[2], *changed[3:]]

    with owner(trading) as reading:
        written_anew(reading, STREAM, alone)
        assert told(verify(reading)) == [(STREAM, "changed", 3)]


def test_a_checkpoint_that_was_changed_or_signed_by_another_is_not_believed(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    sealed = checkpoints.sealed_now(trading.desk, SYSTEM)
    own = checkpoints.public_key(trading.desk).public_key
    assert checkpoints.is_signed_by(sealed, own)
    changed = replace(sealed, heads={**sealed.heads, "x": checkpoints.SealedHead(1, "0" * 64)})
    found = audit_check.check(trading.desk, SYSTEM, audit_check.Asked(checkpoint=changed))
    assert told(found) == [("checkpoint", "changed", 0)]
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_KEY", "ab" * 32)
    (trading.desk.home / "checkpoint.key").unlink()
    other = checkpoints.sealed_now(trading.desk, SYSTEM)
    assert not checkpoints.is_signed_by(other, own)


def test_bytes_that_are_no_text_are_a_change_and_no_fault(trading: Trading) -> None:
    six_events(trading)
    if trading.desk.engine.dialect.name != "sqlite":
        # Postgres takes none: text is valid there.
        return
    with owner(trading) as reading:
        reading.execute(
            text("UPDATE audit_event SET body = CAST(x'ff22' AS TEXT) WHERE stream = :s AND sequence = 3"),
            {"s": STREAM},
        )
        assert told(verify(reading)) == [(STREAM, "changed", 3)]
