"""kill -9, or an error, where a hold is given back or a fund begins: who waits gets it once, and money comes once.

As in `test_kill.py`; here the fund is nearly used up, so that every hold that is given back is waited for.
"""

from __future__ import annotations

from collections.abc import Callable

import books
import pytest
import story
from books import Books
from killing import Killing

from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.services import execution, funds, payments, submission
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import Actor

HELD = 95_000_00
"""Of the 100,000 in the fund, for a payment that nobody touches."""

Pair = tuple[str, str]
"""A payment that holds its amount, and one that waits for it."""


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades, with 5,000 to be had in the fund of its branch."""
    made = story.trading_company(desk)
    for amount in ("50000", "45000"):
        story.approved(desk, made["staff"], amount)
    return made


@pytest.fixture
def prepare(desk: Desk, people: dict[str, Actor]) -> Callable[[], Pair]:
    """Makes a payment that holds what is left, and one that waits for it."""
    return lambda: (story.approved(desk, people["staff"], "4500"), story.approved(desk, people["staff"], "4000"))


def requisition_of(payment: str) -> str:
    return payment.replace("PAY", "REQ")


def held(found: Books, pair: Pair) -> tuple[bool, bool]:
    return found.payment(pair[0]).is_held, found.payment(pair[1]).is_held


def check_given_back(desk: Desk, people: dict[str, Actor], pair: Pair) -> None:
    """The one that waited holds its amount, and nothing is left of either when it is withdrawn."""
    after = books.check(desk)
    assert held(after, pair) == (False, True)
    assert after.fund("NBI").held_amount == HELD + 4_000_00
    assert after.waiting_with_money() == []
    desk.run(people["staff"], submission.withdraw, requisition_of(pair[1]))
    assert books.check(desk).fund("NBI").held_amount == HELD


def test_a_cancelled_payment_killed_anywhere_gives_its_hold_back_once(
    desk: Desk, people: dict[str, Actor], prepare: Callable[[], Pair]
) -> None:
    def cancel(here: Desk, pair: Pair) -> object:
        return here.run(people["cfo"], payments.cancel, pair[0], "not wanted any more")

    killing = Killing(desk, prepare, cancel, is_shared=True)
    for pair, found in killing.points():
        is_done = found.payment(pair[0]).status is PaymentStatus.CANCELLED
        killing.done.append(is_done)
        is_rejected = found.requisition(requisition_of(pair[0])).status is RequisitionStatus.REJECTED
        assert is_rejected == is_done
        assert held(found, pair) == (not is_done, is_done)
        if is_done:
            with pytest.raises(Refused):
                cancel(desk, pair)
        else:
            cancel(desk, pair)
        check_given_back(desk, people, pair)


def test_an_approved_requisition_withdrawn_and_killed_anywhere_gives_its_hold_back_once(
    desk: Desk, people: dict[str, Actor], prepare: Callable[[], Pair]
) -> None:
    def withdraw(here: Desk, pair: Pair) -> object:
        return here.run(people["staff"], submission.withdraw, requisition_of(pair[0]))

    killing = Killing(desk, prepare, withdraw, is_shared=True)
    for pair, found in killing.points():
        is_done = found.requisition(requisition_of(pair[0])).status is RequisitionStatus.WITHDRAWN
        killing.done.append(is_done)
        assert (found.payment(pair[0]).status is PaymentStatus.CANCELLED) == is_done
        assert held(found, pair) == (not is_done, is_done)
        if is_done:
            with pytest.raises(Refused):
                withdraw(desk, pair)
        else:
            withdraw(desk, pair)
        check_given_back(desk, people, pair)


def test_a_last_failure_killed_anywhere_gives_the_hold_back_once(
    desk: Desk, people: dict[str, Actor], prepare: Callable[[], Pair]
) -> None:
    def fail(here: Desk, pair: Pair) -> object:
        return here.run(people["treasury"], execution.record_failure, pair[0], "no answer")

    def prepare_failed() -> Pair:
        pair = prepare()
        for _ in range(books.read(desk).payment(pair[0]).max_retries - 1):
            fail(desk, pair)
        return pair

    killing = Killing(desk, prepare_failed, fail, is_shared=True)
    for pair, found in killing.points():
        row = found.payment(pair[0])
        is_done = row.retry_count == row.max_retries
        killing.done.append(is_done)
        assert held(found, pair) == (not is_done, is_done)
        # Once more where it is done: there is no second hold to give back.
        fail(desk, pair)
        check_given_back(desk, people, pair)
        desk.run(people["cfo"], payments.cancel, pair[0], "gave up")


def test_a_fund_opened_and_killed_anywhere_has_its_opening_balance_once(desk: Desk, people: dict[str, Actor]) -> None:
    codes = iter(range(1000))

    def prepare() -> str:
        return f"F{next(codes)}"

    def add(here: Desk, code: str) -> object:
        given = FundInput(code=code, name=code, region="CEN", opening_balance="7000")
        return here.run(people["cfo"], funds.add, given)

    killing = Killing(desk, prepare, add, is_shared=True)
    for code, found in killing.points():
        is_done = code in {fund.code for fund in found.funds}
        killing.done.append(is_done)
        if is_done:
            with pytest.raises(InvalidInput):
                add(desk, code)
        else:
            add(desk, code)
        fund = books.check(desk).fund(code)
        assert (fund.current_balance, fund.ledger_sequence, fund.held_amount) == (7_000_00, 1, 0)
        # Its place has to be free for the next one.
        desk.run(people["cfo"], funds.deactivate, code)
