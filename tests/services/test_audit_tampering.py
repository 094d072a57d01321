"""What is found of what somebody with the rights of the database's owner does, as docs/audit.md says it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tampering
from sqlalchemy import text, update
from tampering import Events, owner, written_anew
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_check, checkpoints
from pettycash_tui.services.audit_verify import Verified, verify
from pettycash_tui.services.identity import SYSTEM

PAGE = Path(__file__).parent.parent.parent / "docs" / "audit.md"
STREAM = "test"
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
    assert set(table) == set(ATTACKS)
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
        assert told(verify(reading, since=now - timedelta(days=3))) == []
        assert told(verify(reading, since=now - timedelta(days=5))) == [(STREAM, "changed", 3)]


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
