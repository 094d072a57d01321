"""The approver's queue: its three orders, paged both ways without a gap, what it weighs, and the index behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import story
from settable_clock import SettableClock
from sqlalchemy import event

from pettycash_tui.models.money import Money
from pettycash_tui.services import delegations, requisition_views
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisition_views import QueueOrder
from pettycash_tui.services.totals import Total


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return story.trading_company(desk)


def waiting(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> list[str]:
    """Four in the branch manager's queue: of tier 1 (24 hours) and 3 (48 hours), an hour between them."""
    numbers = []
    for amount in ("60000", "300", "9000", "300"):
        clock.advance(hours=1)
        numbers.append(story.request(desk, people["staff"], amount))
    return numbers


def paged(desk: Desk, who: Actor, order: QueueOrder, *, backwards: bool = False, size: int = 1) -> list[str]:
    """The numbers of the whole queue, read in pages."""
    numbers: list[str] = []
    after = None
    while True:
        page = desk.read(who, requisition_views.queue, limit=size, after=after, order=order, backwards=backwards)
        numbers += [row.number for row in page.items]
        after = page.next
        if after is None:
            return numbers


def test_the_queue_is_sorted_by_age_by_amount_or_by_the_time_left(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    large, second, third, last = waiting(desk, people, clock)
    who = people["branch_manager"]
    assert paged(desk, who, QueueOrder.AGE) == [large, second, third, last]
    assert paged(desk, who, QueueOrder.AMOUNT) == [large, third, last, second]
    assert paged(desk, who, QueueOrder.DUE) == [second, third, last, large]
    for order in QueueOrder:
        there, back = paged(desk, who, order), paged(desk, who, order, backwards=True)
        assert back == there[::-1]
        assert paged(desk, who, order, size=3) == there, "the size of a page changes nothing"


def test_a_cursor_made_from_a_row_goes_on_behind_it(desk: Desk, people: dict[str, Actor], clock: SettableClock) -> None:
    waiting(desk, people, clock)
    who = people["branch_manager"]
    for order in QueueOrder:
        rows = desk.read(who, requisition_views.queue, order=order).items
        after = requisition_views.cursor_of(order)(rows[1])
        assert desk.read(who, requisition_views.queue, order=order, after=after).items == rows[2:]


def test_what_a_queue_weighs_is_its_count_and_its_total(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    who = people["branch_manager"]
    assert desk.read(who, requisition_views.weigh_queue) == Total(0, ())
    waiting(desk, people, clock)
    assert desk.read(who, requisition_views.weigh_queue).amounts == (Money(6_960_000, "KES"),)
    assert desk.read(who, requisition_views.weigh_queue).count == 4
    assert desk.read(who, requisition_views.count_queue) == 4
    found = desk.read(who, requisition_views.weigh_queue, search="energies")
    assert found.count == 4
    assert desk.read(who, requisition_views.weigh_queue, search="nobody").count == 0


def test_while_somebody_is_away_the_queue_is_their_delegates(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    number = story.request(desk, people["staff"])
    today = clock.now.date()
    desk.run(
        people["branch_manager"],
        delegations.add,
        approver=None,
        delegate="department_head",
        starts_on=str(today),
        ends_on=str(today + timedelta(days=2)),
        reason="leave",
    )
    assert paged(desk, people["branch_manager"], QueueOrder.AGE) == []
    assert paged(desk, people["department_head"], QueueOrder.AGE) == [number]
    clock.advance(days=3)
    assert paged(desk, people["branch_manager"], QueueOrder.AGE) == [number]
    assert paged(desk, people["department_head"], QueueOrder.AGE) == []


@pytest.mark.only_on("sqlite")  # Postgres reads a table of four rows as it likes.
def test_each_order_enters_by_the_index_of_a_persons_open_steps(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    waiting(desk, people, clock)
    who = people["branch_manager"]
    for order in QueueOrder:
        for after in (None, desk.read(who, requisition_views.queue, order=order, limit=1).next):
            for plan in plans(desk, who, order, after):
                assert "ix_approval_step_queue" in plan, plan


def plans(desk: Desk, who: Actor, order: QueueOrder, after: str | None) -> list[str]:
    """How the database would run what a page of the queue reads of the steps."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    event.listen(desk.engine, "before_cursor_execute", note)
    try:
        desk.read(who, requisition_views.queue, order=order, after=after)
    finally:
        event.remove(desk.engine, "before_cursor_execute", note)
    found = []
    with desk.engine.connect() as connection:
        for statement, parameters in sent:
            if "approval_step" in statement:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found.append("\n".join(str(row) for row in rows))
    return found
