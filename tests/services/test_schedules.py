"""Payments that are confirmed for a day: by one code, executed once by the job, void when anything changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import banking
import books
import pytest
import story
from trading import Trading

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services import (
    jobs,
    schedules,
)
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.schedules import Scheduled

TODAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
BANK = {"method": "bank_transfer", "destination": banking.ACCOUNT}


@pytest.fixture
def transfers(trading: Trading) -> list[str]:
    """Two transfers of treasury's: 1,500.00 and 2,500.00."""
    return banking.transfers(trading.desk, trading.people, "1500", "2500")


def send_code(trading: Trading, numbers: list[str], day: date = FRIDAY, officer: str = "treasury") -> str:
    trading.clock.advance(seconds=61)
    schedules.send_code(trading.desk, trading[officer], numbers, day)
    return story.last_code(trading.desk.home)


def schedule(trading: Trading, numbers: list[str], day: date = FRIDAY, **options: Any) -> Scheduled:
    references = {number: f"SO-{number}" for number in numbers}
    given = {"references": references, "code": send_code(trading, numbers, day), **options}
    return schedules.schedule(trading.desk, trading["treasury"], numbers, day, **given)


def run(trading: Trading) -> tuple[int, int]:
    result = jobs.run(trading.desk, "execute-due")
    return len(result.done), len(result.left)


def refused(act: Any, *arguments: Any, **named: Any) -> list[str]:
    with pytest.raises(PettyCashError) as caught:
        act(*arguments, **named)
    return [reason.code for reason in caught.value.reasons] or [caught.value.code]


def test_one_code_confirms_a_list_and_its_day_and_the_job_executes_it_once(
    trading: Trading, transfers: list[str]
) -> None:
    done = schedule(trading, transfers)
    assert [each.payment for each in done.payments] == transfers
    assert (done.count, done.total.plain(), done.day) == (2, "4000.00", FRIDAY)
    found = books.check(trading.desk)
    assert {found.payment(number).scheduled_for for number in transfers} == {FRIDAY}
    assert run(trading) == (0, 0)

    trading.clock.advance(days=9)  # late: the day has passed, and so has the code's time
    assert run(trading) == (2, 0)
    assert run(trading) == (0, 0)

    found = books.check(trading.desk)
    (code,) = [row for row in found.codes if row.consumed_at is not None]
    for number in transfers:
        payment = found.payment(number)
        assert (payment.status, payment.scheduled_for) == (PaymentStatus.SUCCESS, None)
        (execution_,) = [row for row in found.executions if row.payment_id == payment.id]
        assert execution_.gateway_reference == f"SO-{number}"
        assert execution_.executor_id == execution_.otp_verified_by_id == trading["treasury"].id
        assert (execution_.otp_verified_at, execution_.channel) == (code.verified_at, code.channel)
        assert (execution_.source, execution_.client) == ("job", "execute-due")
    taken = found.actions("payment.due")
    assert [(event.subject, event.actor_id) for event in taken] == [(number, None) for number in transfers]
