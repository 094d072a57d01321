"""Which streams are believed, whatever the clocks say, and which row of a stream is named."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import everything_once
import pytest
from everything_once import KEY, World
from sqlalchemy import event, insert, update
from tampering import owner
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import (
    audit,
    audit_events,
    checkpoint_folder,
    checkpoints,
    people,
    requisitions,
    ssh_keys,
    submission,
    workflow,
)
from pettycash_tui.services.audit_told import Told
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.checkpoint_text import parse
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Reading

LONG_AGO, FAR = datetime(1999, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_H, _R, _U = t.stream_head.c, t.requisition.c, t.user.c


@pytest.fixture
def world(trading: Trading) -> World:
    return everything_once.of(trading)


def forge(reading: Reading, stream: str, action: str, subject: UUID | None, company: UUID | None, at: datetime) -> None:
    """An event that is well chained, in a stream of any name."""
    audit.write(reading.connection, [audit.PendingEvent(stream, company, SYSTEM, action, "x", subject, "x", {}, at)])
    number, digest = audit_events.last(reading, stream) or (0, "")
    reading.execute(update(t.stream_head).where(_H.stream == stream).values(length=number, head_hash=digest))


def seen_by(reading: Reading, actor: Actor) -> list[tuple[str, str, str]]:
    """Stream, kind and message of what this actor is told."""
    found = verify(Reading(reading.connection, actor, reading.now))
    return [(each.stream, each.kind.value, each.message) for each in found.problems]


def test_a_stream_that_the_program_does_not_write_is_told_and_not_believed(world: World) -> None:
    trading = world.trading
    asked = trading.row(t.requisition, world.asked)
    for stream in ("", "fund:x", f"fund:{new_id()}", f"company:{new_id()}", "proof:fund:1"):
        with owner(trading) as reading:
            reading.execute(update(t.requisition).where(_R.number == world.asked).values(payee="Somebody else"))
            forge(reading, stream, "requisition.edited", asked.id, asked.company_id, trading.clock())
            told = seen_by(reading, SYSTEM)
            assert [each for each in told if each[0] == stream], stream
            expected = f"{world.asked} has another payee than the event requisition.created says"
            for found in (told, seen_by(reading, trading["admin"])):
                assert expected in [message for _, _, message in found], (stream, found)
    with owner(trading) as reading:
        forge(reading, "", "test.done", None, None, trading.clock())
        assert seen_by(reading, SYSTEM) == [("", "inserted", "the program writes no stream of this name")]


def test_no_forged_event_stands_for_the_one_that_made_a_row(world: World) -> None:
    trading = world.trading
    a_user = trading.rows(t.user)[0]._mapping
    made = {**a_user, "id": new_id(), "number": 9999, "username": "evil", "company_id": None}
    for stream, at, born in (
        ("invented", LONG_AGO, LONG_AGO - timedelta(days=1)),
        ("proof:group", FAR, trading.clock()),
        (f"company:{trading.company_id}", trading.clock(), trading.clock()),
    ):
        with owner(trading) as reading:
            reading.execute(insert(t.user).values({**made, "created_at": born}))
            forge(reading, stream, "user.added", made["id"], trading.company_id, at)
            messages = [message for _, _, message in seen_by(reading, SYSTEM)]
            assert "evil is there without the event user.added" in messages, (stream, messages)


def test_a_clock_that_was_set_back_makes_no_key_and_no_moved_requisition_wrong(trading: Trading) -> None:
    desk, clock = trading.desk, trading.clock
    desk.run(trading["admin"], ssh_keys.add_key, "staff", f"ssh-ed25519 {KEY} staff@desk")
    clock.now -= timedelta(seconds=2)
    desk.run(trading["admin"], ssh_keys.remove_key, "staff", everything_once.fingerprint(KEY))
    drafted = desk.run(trading["staff"], requisitions.create, story_input(trading)).number
    clock.now -= timedelta(hours=2)
    desk.run(trading["staff"], requisitions.edit, drafted, RequisitionInput(fund="HQ"))
    for submitted in (False, True):
        if submitted:
            trading.act("staff", submission.submit, drafted)
        with owner(trading) as reading:
            assert verify(reading).problems == ()
            reading.execute(update(t.requisition).where(_R.number == drafted).values(purpose="another"))
            expected = f"{drafted} has another purpose than the event requisition.edited says"
            assert [each.message for each in verify(reading).problems] == [expected]


def test_a_requisition_that_goes_from_fund_to_fund_between_its_revisions_is_as_its_events_say(trading: Trading) -> None:
    desk = trading.desk
    number = desk.run(trading["staff"], requisitions.create, story_input(trading)).number

    def verified() -> list[str]:
        trading.clock.advance(hours=1)
        with owner(trading) as reading:
            return [each.message for each in verify(reading).problems]

    home = "NBI"
    for fund in ("HQ", home, "HQ"):
        trading.act("staff", submission.submit, number)
        assert verified() == []
        trading.act("branch_manager", workflow.request_changes, number, "Another fund, please")
        assert verified() == []
        desk.run(trading["staff"], requisitions.edit, number, RequisitionInput(fund=fund))
        assert verified() == []
    trading.act("staff", submission.submit, number)
    assert verified() == []
    with owner(trading) as reading:
        reading.execute(update(t.requisition).where(_R.number == number).values(tier=4))
        assert [each.message for each in verify(reading).problems] == [
            f"{number} has another tier than the event requisition.submitted says"
        ]


def test_steps_that_were_skipped_by_a_clock_set_back_are_no_forgery(trading: Trading) -> None:
    desk = trading.desk
    for end in (workflow.reject, workflow.request_changes):
        number = desk.run(trading["staff"], requisitions.create, story_input(trading)).number
        trading.act("staff", submission.submit, number)
        trading.clock.now -= timedelta(seconds=3)
        trading.act("branch_manager", end, number, "Not like this")
    with owner(trading) as reading:
        assert verify(reading).problems == ()


def story_input(trading: Trading) -> RequisitionInput:
    """A draft from the fund of a branch."""
    number = trading.request()
    row = trading.row(t.requisition, number)
    (fund,) = trading.rows(t.treasury_fund, t.treasury_fund.c.id == row.fund_id)
    return RequisitionInput(
        amount="1000", purpose=row.purpose, payee=row.payee, method=row.method.value, fund=fund.code, origin="branch"
    )


def test_the_first_wrong_row_of_a_stream_is_named_in_whatever_order_they_are_asked(world: World) -> None:
    trading = world.trading
    trading.desk.run(trading["admin"], people.edit, "staff", {"email": "new@example.com"})
    with owner(trading) as reading:
        reading.execute(update(t.user).where(_U.username.in_(["staff", "mary"])).values(email="evil@example.com"))
        (found,) = verify(reading).problems
        assert found.message == "mary has another email than was set last"
    with owner(trading) as reading:
        of_payment = t.ledger_entry.c.payment_id.is_not(None)
        reading.execute(update(t.ledger_entry).where(of_payment).values(description="x"))
        reading.execute(update(t.requisition).where(_R.number == "REQ-000001").values(purpose="another"))
        (found,) = verify(reading).problems
        assert found.message == "REQ-000001 has another purpose than the event requisition.created says"


def test_a_window_asks_for_one_event_before_it(world: World) -> None:
    trading = world.trading
    if trading.desk.engine.dialect.name == "sqlite":
        # There each row is fetched when it is asked for.
        return
    stream = audit.fund_stream(trading.row(t.treasury_fund, "NBI").id)
    counts: list[int] = []

    def note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "ORDER BY audit_event.sequence DESC" in statement:
            counts.append(cursor.rowcount)

    with owner(trading) as reading:
        event.listen(reading.connection, "after_cursor_execute", note)
        found = list(audit_events.earlier(reading, stream, 1000, ["requisition.created", "requisition.submitted"]))
    assert len(found) > 2
    assert set(counts) == {0, 1}
    assert [row[0] for row in found] == sorted((row[0] for row in found), reverse=True)


def test_what_is_set_last_is_kept_without_the_event() -> None:
    class Body(str):
        """A text that can be watched."""

    body = Body('{"data":{"email":"a@example.com"}}')
    gone = weakref.ref(body)
    told = Told()
    told.take((3, body, "", "", "user.added", "", "", "", "", "mary", str(new_id()), "user"))
    del body
    gc.collect()
    assert gone() is None


def test_the_newest_checkpoint_is_the_one_that_says_so(
    trading: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(tmp_path))
    assert checkpoint_folder.kept(trading.desk, SYSTEM) is None
    for day in (1, 2):
        trading.clock.advance(hours=1)
        newest = checkpoints.sealed_now(trading.desk, SYSTEM)
        (tmp_path / f"checkpoint-2024010{day}T000000000000Z.json").write_text(newest.text, encoding="utf-8")
    old = (tmp_path / "checkpoint-20240101T000000000000Z.json").read_text(encoding="utf-8")
    (tmp_path / "checkpoint-20990101T000000000000Z.json").write_text(old, encoding="utf-8")
    assert checkpoint_folder.kept(trading.desk, SYSTEM) == newest
    naming = replace(newest, made_at=newest.made_at - timedelta(hours=9), previous=newest.digest)
    (tmp_path / "checkpoint-20990102T000000000000Z.json").write_text(naming.text, encoding="utf-8")
    assert checkpoint_folder.kept(trading.desk, SYSTEM) == newest, "what nobody signed stands behind nothing"


@pytest.mark.parametrize(
    "url",
    [
        "http://vault.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://[::1",
    ],
)
def test_a_checkpoint_crosses_no_network_unprotected(
    url: str, trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_URL", url)
    monkeypatch.setattr("httpx.post", lambda *_, **__: pytest.fail("it was sent"))
    (place,) = checkpoints.make(trading.desk, SYSTEM).places
    assert "must begin with https://" in place.error


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: text.replace('"length":', '"length":Infinity,"was":', 1),
        lambda text: text.replace('"scope":"group"', '"scope":"\\ud800"'),
        lambda text: text.replace('"streams":{', '"streams":{"\\udc00":{"hash":"","length":1},'),
    ],
)
def test_a_checkpoint_that_holds_no_number_or_no_text_is_none(trading: Trading, spoilt: Callable[[str], str]) -> None:
    made = checkpoints.sealed_now(trading.desk, SYSTEM).text
    assert parse(made).text == made
    assert spoilt(made) != made
    with pytest.raises(InvalidInput):
        parse(spoilt(made))
