"""A clock that is set back, and a database that somebody upgraded meanwhile: the work goes on, or says why not."""

from __future__ import annotations

import books
import pytest
import story
from sqlalchemy import text
from trading import Trading

from pettycash_tui.database import engine as engines
from pettycash_tui.services import bulk, desk, execution, otp
from pettycash_tui.services.errors import DatabaseUnavailable, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work


def test_a_clock_set_back_for_hours_stops_nobody_and_the_books_hold(trading: Trading) -> None:
    first = trading.approved()
    officer = story.executor_of(trading.desk, first)
    otp.send(trading.desk, officer, first)
    trading.clock.advance(hours=-3)

    # The last code is of the future now; it voids like any other, and is not waited for.
    assert story.pay(trading.desk, first).voucher_number.endswith("00001")
    second = trading.approved()
    assert story.pay(trading.desk, second).voucher_number.endswith("00002")
    third = trading.approved()
    sent = bulk.send_code(trading.desk, officer, [third]).sent
    assert sent is not None
    done = bulk.pay_together(trading.desk, officer, [third], code=story.last_code(trading.desk.home))
    assert [each.payment for each in done.paid] == [third]

    found = books.check(trading.desk)
    # The chain counts; the time in it is only told.
    for stream in {event.stream for event in found.events}:
        assert [e.sequence for e in found.events if e.stream == stream] == list(
            range(1, len([e for e in found.events if e.stream == stream]) + 1)
        )
    with pytest.raises(Refused) as told:
        otp.send(trading.desk, officer, first)
    assert told.value.reasons[0].code == "already_executed"


def test_a_code_asked_for_again_at_once_still_waits(trading: Trading) -> None:
    number = trading.approved()
    officer = story.executor_of(trading.desk, number)
    otp.send(trading.desk, officer, number)
    with pytest.raises(Refused, match="ask again in 60 s"):
        otp.send(trading.desk, officer, number)
    trading.clock.advance(seconds=59)
    with pytest.raises(Refused, match="ask again in 1 s"):
        otp.send(trading.desk, officer, number)
    trading.clock.advance(seconds=1)
    assert otp.send(trading.desk, officer, number).payment == number


def test_a_program_of_an_earlier_version_writes_nothing_into_an_upgraded_database(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = trading.desk
    number = trading.approved()
    officer = story.executor_of(here, number)
    code = story.code_for(here, number)
    here.require_current()
    with here.engine.begin() as connection:
        known = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    # Of a file it is read in each transaction, of a server after the minute, before anything is written.
    if not engines.is_embedded(here.url):
        monkeypatch.setattr(desk, "SCHEMA_SECONDS", -1)
    with pytest.raises(DatabaseUnavailable, match="of a later version than this program") as told:
        execution.execute(here, officer, number, code=code)
    assert told.value.code == "schema"
    assert books.check(here).executions == []

    with here.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})
    assert execution.execute(here, officer, number, code=code).payment == number


def test_a_desk_that_was_never_current_is_not_asked(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting up and upgrading go on where nothing is current yet."""
    monkeypatch.setattr(desk, "SCHEMA_SECONDS", -1)
    with trading.desk.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    def nothing(work: Work) -> str:
        return "done"

    assert trading.desk.run_unaudited(SYSTEM, nothing) == "done"
