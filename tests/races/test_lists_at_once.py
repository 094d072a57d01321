"""Lists of payments under races and kill -9: every payment of a list is paid once, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import banking
import books
import order_acts
import pytest
import story
from building import actor
from crew import Crew
from killing import Killing

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services import bulk, execution, payments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    """A company that trades, whose payments need no code."""
    made = story.trading_company(desk)
    banking.without_codes(desk)
    return made


def prepared(desk: Desk, people: dict[str, Actor], *amounts: str, **fields: str | bool) -> list[str]:
    made = []
    for amount in amounts:
        number = story.approved(desk, people["staff"], amount, **fields)
        if story.executor_of(desk, number).username != "treasury":
            desk.run(people["cfo"], payments.assign, number, "treasury")
        made.append(number)
    return made


def together(desk: Desk, numbers: Sequence[str], key: str | None = None) -> int:
    done = bulk.pay_together(desk, actor(desk, "treasury"), numbers, idempotency_key=key)
    return len([each for each in done.paid if not each.repeated])


def alone(desk: Desk, number: str) -> int:
    execution.execute(desk, actor(desk, "treasury"), number)
    return 1


def cancel(desk: Desk, number: str) -> int:
    desk.run(actor(desk, "cfo"), payments.cancel, number, "not needed")
    return 0


def test_a_list_confirmed_twice_at_once_and_one_of_it_paid_alone_pays_each_once(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for round in range(1, 3):
        numbers = prepared(desk, people, "100", "200", "300", "400")
        outcomes = crew.race(
            desk,
            [
                (together, numbers),
                (together, [*reversed(numbers)]),
                (alone, numbers[3]),
                (cancel, numbers[1]),
            ],
        )
        assert all(each.won or each.error in ("Refused", "Overtaken") for each in outcomes), outcomes
        found = books.check(desk)
        is_cancelled = found.payment(numbers[1]).status is PaymentStatus.CANCELLED
        assert sum(each.value for each in outcomes if each.won) == 4 - is_cancelled
        assert len(found.executions) >= 3 * round


def send_together(desk: Desk, numbers: Sequence[str]) -> int:
    order_acts.serve(order_acts.Vendor())
    done = bulk.pay_together(desk, actor(desk, "treasury"), numbers)
    return len(done.awaited) + len(done.paid)


def test_a_list_over_a_network_confirmed_twice_at_once_is_sent_once(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for _ in range(2):
        phones = prepared(desk, people, "100", "200", method="mpesa", destination="0712345678")
        numbers = [*phones, *prepared(desk, people, "300")]
        outcomes = crew.race(
            desk, [(send_together, numbers), (send_together, [*reversed(numbers)]), (cancel, phones[0])]
        )
        assert all(each.won or each.error in ("Refused", "Overtaken") for each in outcomes), outcomes
        found = books.check(desk)
        statuses = [found.payment(number).status for number in numbers]
        is_cancelled = statuses[0] is PaymentStatus.CANCELLED
        assert statuses[1:] == [PaymentStatus.EXECUTING, PaymentStatus.SUCCESS]
        assert sum(each.value for each in outcomes if each.won) == 3 - is_cancelled
        assert [len(found.orders_of(number)) for number in phones] == [1 - is_cancelled, 1]


def test_a_list_killed_anywhere_is_paid_as_a_whole_or_not_at_all(desk: Desk, people: dict[str, Actor]) -> None:
    def prepare() -> list[str]:
        return prepared(desk, people, "100", "250", "300")

    killing = Killing(desk, prepare, together)
    for numbers, found in killing.points():
        statuses = {found.payment(number).status for number in numbers}
        assert len(statuses) == 1
        killing.done.append(statuses == {PaymentStatus.SUCCESS})
        if not killing.done[-1]:
            assert together(desk, numbers) == 3
    books.check(desk)
