"""One code for a bank file: bound to the very list, tried five times, spent once."""

from __future__ import annotations

from datetime import timedelta

import banking
import books
import pytest
import story
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat
from pettycash_tui.services import bank_batches, bank_settling
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused


@pytest.fixture
def bank(trading: Trading) -> Trading:
    """A company whose fund NBI is at a bank."""
    banking.give_accounts(trading.desk, trading.people)
    return trading


def write(bank: Trading, numbers: list[str], code: str | None, who: str = "treasury") -> str:
    return bank_batches.write(bank.desk, bank[who], numbers, format=BatchFormat.PAIN001, code=code).number


def told(bank: Trading, numbers: list[str], code: str | None, who: str = "treasury") -> str:
    with pytest.raises(PettyCashError) as caught:
        write(bank, numbers, code, who)
    return caught.value.code


def test_one_code_confirms_exactly_the_list_it_was_sent_for_and_once(bank: Trading) -> None:
    numbers = banking.transfers(bank.desk, bank.people, "1000", "2000.50", "3000")
    assert told(bank, numbers, None) == "code_not_verified"
    sent = bank_batches.send_code(bank.desk, bank["treasury"], numbers)
    assert (len(sent.payments), sent.total.plain()) == (3, "6000.50")
    code = story.last_code(bank.desk.home)
    letter = max((bank.desk.home / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns).read_text()
    assert "KES 6,000.50" in letter
    assert "PAY-000001 and 2 more" in letter

    for other in (numbers[:2], [*reversed(numbers)], numbers[:1]):
        assert told(bank, other, code) == "no_code"
    assert told(bank, numbers, code, "treasury2") == "not_executor"
    made = write(bank, numbers, code)
    assert told(bank, numbers, code) == "in_doubt"
    (spent,) = [row for row in bank.rows(t.otp_challenge) if row.consumed_at is not None]
    assert {order.otp_verified_at for order in bank.rows(t.payment_order)} == {spent.verified_at}

    bank_settling.confirm(bank.desk, bank["treasury2"], made, None, "FT1")
    executions = bank.rows(t.payment_execution)
    assert {(e.otp_verified_by_id, e.channel) for e in executions} == {(bank["treasury"].id, spent.channel)}
    books.check(bank.desk)


def test_five_wrong_tries_void_the_code_and_cost_the_payments_nothing(bank: Trading) -> None:
    numbers = banking.transfers(bank.desk, bank.people, "1000", "2000")
    bank_batches.send_code(bank.desk, bank["treasury"], numbers)
    code = story.last_code(bank.desk.home)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    with pytest.raises(InvalidInput):
        write(bank, numbers, "12345")
    assert [told(bank, numbers, wrong) for _ in range(5)] == [*["code_wrong"] * 4, "code_void"]
    assert told(bank, numbers, code) == "no_code"
    with pytest.raises(Refused, match="ask again in"):
        bank_batches.send_code(bank.desk, bank["treasury"], numbers[:1])
    bank.clock.now += timedelta(seconds=61)
    bank_batches.send_code(bank.desk, bank["treasury"], numbers)
    fresh = story.last_code(bank.desk.home)
    bank.clock.now += timedelta(seconds=301)
    assert told(bank, numbers, fresh) == "no_code"
    bank_batches.send_code(bank.desk, bank["treasury"], numbers)
    last = story.last_code(bank.desk.home)
    bank.clock.now += timedelta(seconds=61)
    bank_batches.send_code(bank.desk, bank["treasury"], numbers)
    if last != story.last_code(bank.desk.home):
        assert told(bank, numbers, last) == "code_wrong"
    assert write(bank, numbers, story.last_code(bank.desk.home)) == "BAT-000001"
    assert {row.retry_count for row in bank.rows(t.payment)} == {0}
    books.check(bank.desk)


def test_ten_wrong_codes_in_a_row_lock_the_officer(bank: Trading) -> None:
    numbers = banking.transfers(bank.desk, bank.people, "1000")
    codes = []
    for _ in range(2):
        bank.clock.now += timedelta(seconds=61)
        bank_batches.send_code(bank.desk, bank["treasury"], numbers)
        code = story.last_code(bank.desk.home)
        codes += [told(bank, numbers, f"{(int(code) + 1) % 10**6:06d}") for _ in range(5)]
    assert codes == [*["code_wrong"] * 4, "code_void", *["code_wrong"] * 4, "code_locked"]
    with pytest.raises(Refused, match="locked after too many"):
        bank_batches.send_code(bank.desk, bank["treasury"], numbers)
