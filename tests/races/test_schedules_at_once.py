"""Payments that are due under races and kill -9: executed once by whatever runs, or not at all; never sent twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import banking
import books
import order_acts
import pytest
import story
from building import actor
from crew import Crew
from killing import Killing
from order_acts import Vendor
from settable_clock import MONDAY_MORNING, SettableClock

from pettycash_tui.models.enums import OrderStatus, PaymentStatus
from pettycash_tui.services import due_payments, gateway_settings, payments, schedules
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor

FRIDAY = date(2026, 3, 6)


@pytest.fixture
def guarded(desk: Desk) -> dict[str, Actor]:
    """A company that trades, whose payments need a code."""
    return story.trading_company(desk)


@pytest.fixture
def people(desk: Desk, guarded: dict[str, Actor]) -> dict[str, Actor]:
    """The same, without codes."""
    banking.without_codes(desk)
    return guarded


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """What M-Pesa is in this process."""
    made = Vendor()
    monkeypatch.setattr(gateway_settings, "is_any", gateway_settings.is_any)
    monkeypatch.setattr(gateway_settings, "named", gateway_settings.named)
    order_acts.serve(made)
    return made


def due(desk: Desk, people: dict[str, Actor], clock: SettableClock, *amounts: str) -> list[str]:
    """Transfers whose day has come."""
    clock.now = MONDAY_MORNING
    numbers = banking.transfers(desk, people, *amounts)
    confirm(desk, numbers)
    clock.advance(days=5)
    return numbers


def confirm(desk: Desk, numbers: Sequence[str], code: str | None = None) -> int:
    references = {number: f"SO-{number}" for number in numbers}
    done = schedules.schedule(desk, actor(desk, "treasury"), numbers, FRIDAY, code=code, references=references)
    return done.count


def run(desk: Desk) -> list[str]:
    return [sentence.split(":")[0] for sentence in due_payments.execute_due(desk).done]


def run_over_network(desk: Desk) -> list[str]:
    order_acts.serve(Vendor())
    return run(desk)


def unschedule(desk: Desk, number: str) -> str:
    desk.run(actor(desk, "treasury"), schedules.unschedule, [number], "another day")
    return "unscheduled"


def cancel(desk: Desk, number: str) -> str:
    return desk.run(actor(desk, "cfo"), payments.cancel, number, "not needed").status.value


def assign(desk: Desk, number: str) -> str:
    desk.run(actor(desk, "cfo"), payments.assign, number, "treasury2")
    return "assigned"


def test_two_runs_and_three_who_stop_one_execute_each_once_or_not_at_all(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    numbers = due(desk, people, clock, "100", "200", "300", "400")
    # They are executed in this order: who stops the last ones meets the runs at work.
    outcomes = crew.race(desk, [(run,), (run,), (unschedule, numbers[1]), (cancel, numbers[2]), (assign, numbers[3])])
    *runs, unscheduled, cancelled, assigned = outcomes
    assert all(each.won for each in runs), outcomes
    found = books.check(desk)
    executed = sorted(number for each in runs for number in each.value)
    assert executed == [n for n in numbers if found.payment(n).status is PaymentStatus.SUCCESS]
    for number, stopped in zip(numbers, (None, unscheduled, cancelled, assigned), strict=True):
        assert (number in executed) is not (stopped is not None and stopped.won), (number, outcomes)
        assert stopped is None or stopped.won or stopped.error in ("Refused", "Overtaken"), outcomes
    clock.advance(days=1)
    assert run(desk) == []


def test_a_list_confirmed_twice_at_once_has_its_day_once(crew: Crew, desk: Desk, guarded: dict[str, Actor]) -> None:
    numbers = banking.transfers(desk, guarded, "100", "200")
    schedules.send_code(desk, guarded["treasury"], numbers, FRIDAY)
    code = story.last_code(desk.home)
    outcomes = crew.race(desk, [(confirm, numbers, code), (confirm, numbers, code), (cancel, numbers[1])])
    assert all(each.won or each.error in ("Refused", "Overtaken") for each in outcomes), outcomes
    *confirmed, cancelled = outcomes
    assert len([each for each in confirmed if each.won]) <= 1
    found = books.check(desk)
    with_day = [number for number in numbers if found.payment(number).scheduled_for is not None]
    if cancelled.won:
        assert len(with_day) in (0, 1)
    else:
        assert with_day == numbers


def test_two_runs_over_a_network_send_one_order_each(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock, vendor: Vendor
) -> None:
    numbers = _phones(desk, people, clock, 2)
    outcomes = crew.race(desk, [(run_over_network,), (run_over_network,), (unschedule, numbers[1])])
    assert all(each.won for each in outcomes[:2]), outcomes
    found = books.check(desk)
    for number in numbers:
        payment, orders = found.payment(number), found.orders_of(number)
        is_stopped = number == numbers[1] and outcomes[2].won
        assert [order.status for order in orders] == ([] if is_stopped else [OrderStatus.SENT])
        assert payment.status is (PaymentStatus.PENDING if is_stopped else PaymentStatus.EXECUTING)


def _phones(desk: Desk, people: dict[str, Actor], clock: SettableClock, count: int) -> list[str]:
    clock.now = MONDAY_MORNING
    numbers = []
    for _ in range(count):
        number = story.approved(desk, people["staff"], "100", method="mpesa", destination="+254700000001")
        if story.executor_of(desk, number).username != "treasury":
            desk.run(people["cfo"], payments.assign, number, "treasury")
        numbers.append(number)
    schedules.schedule(desk, people["treasury"], numbers, FRIDAY)
    clock.advance(days=5)
    return numbers


class Again:
    """What is acted on until it is done: a process that was killed before has left everything as it was."""

    def __init__(self, make: Callable[[], list[str]]) -> None:
        self.make = make
        self.numbers: list[str] = []

    def __call__(self) -> list[str]:
        self.numbers = self.numbers or self.make()
        return self.numbers

    def done(self, is_done: bool) -> bool:
        """Note what became of it; what is done is not acted on again."""
        if is_done:
            self.numbers = []
        return is_done


def test_a_run_killed_anywhere_executes_all_of_it_or_nothing(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    again = Again(lambda: due(desk, people, clock, "100"))
    killing = Killing(desk, again, lambda here, _: run(here))
    for numbers, found in killing.points():
        is_executed = found.payment(numbers[0]).status is PaymentStatus.SUCCESS
        killing.done.append(again.done(is_executed))
        if is_executed:
            assert run(desk) == []


def test_a_run_over_a_network_killed_anywhere_orders_once(
    desk: Desk, people: dict[str, Actor], clock: SettableClock, vendor: Vendor
) -> None:
    again = Again(lambda: _phones(desk, people, clock, 1))
    killing = Killing(desk, again, lambda here, _: run(here))
    for numbers, found in killing.points():
        is_ordered = len(found.orders_of(numbers[0])) == 1
        killing.done.append(again.done(is_ordered))
        if is_ordered:
            # An order that is written down is not written again, sent or not: its gateway is asked.
            assert run(desk) == []
            assert len(books.read(desk).orders_of(numbers[0])) == 1


def test_a_confirmation_killed_anywhere_stands_as_a_whole_or_not_at_all(
    desk: Desk, guarded: dict[str, Actor], clock: SettableClock
) -> None:
    again = Again(lambda: banking.transfers(desk, guarded, "100"))

    def prepare() -> tuple[list[str], str]:
        # A new code each time: every try with one counts, killed or not.
        numbers = again()
        clock.advance(seconds=61)
        schedules.send_code(desk, guarded["treasury"], numbers, FRIDAY)
        return numbers, story.last_code(desk.home)

    killing = Killing(desk, prepare, lambda here, subject: confirm(here, *subject))
    for (numbers, code), found in killing.points():
        is_confirmed = found.payment(numbers[0]).scheduled_for == FRIDAY
        if not is_confirmed and len(killing.done) % 9 == 8:
            # What was killed has not spent its code.
            is_confirmed = confirm(desk, numbers, code) == 1
            again.done(is_confirmed)
            killing.done.append(False)
        else:
            killing.done.append(again.done(is_confirmed))
