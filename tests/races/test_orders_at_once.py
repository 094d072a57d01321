"""Payments over a network while others act, and killed at any point: paid once, or held and unknown, never lost."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import books
import order_acts
import pytest
import story
from crew import Crew
from killing import Killing
from order_acts import Vendor
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.gateways.protocol import Accepted, Order, Outcome, Verdict
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OrderStatus, PaymentStatus
from pettycash_tui.services import execution, gateway_settings, replenishments, settling
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import Awaited
from pettycash_tui.services.identity import SYSTEM, Actor


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """What M-Pesa is in this process."""
    made = Vendor()
    # Noted, so that they are put back after the test.
    monkeypatch.setattr(gateway_settings, "is_any", gateway_settings.is_any)
    monkeypatch.setattr(gateway_settings, "named", gateway_settings.named)
    order_acts.serve(made)
    return made


@pytest.fixture
def people(desk: Desk, vendor: Vendor) -> dict[str, Actor]:
    made = story.trading_company(desk)
    asked = desk.run(made["treasury"], replenishments.request, "NBI", "100000").number
    desk.run(made["cfo"], replenishments.approve, asked)
    desk.run(made["cfo"], replenishments.complete, asked, "opening")
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    return made


def phone(desk: Desk, who: Actor, amount: str = "4500") -> str:
    return story.approved(desk, who, amount, method="mpesa", destination="0712345678")


def sent(desk: Desk, who: Actor) -> tuple[str, Any]:
    payment = phone(desk, who)
    assert isinstance(execution.execute(desk, story.executor_of(desk, payment), payment), Awaited)
    return payment, order_acts.order_of(desk, payment)


# --- at once ----------------------------------------------------------------------------------------------------------


def test_two_results_at_once_pay_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for count in range(1, 4):
        _, order = sent(desk, people["staff"])

        outcomes = crew.race(desk, [(order_acts.tell, order.conversation_id, 4500_00, f"SBX000000{count}")] * 4)

        assert sorted(outcome.value for outcome in outcomes) == ["nothing", "nothing", "nothing", "paid"], outcomes
        assert len(books.check(desk).executions) == count


def test_a_result_the_job_and_a_timeout_at_once_pay_once(
    crew: Crew, desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    for count in range(1, 4):
        payment, order = sent(desk, people["staff"])
        clock.advance(minutes=3)
        receipt = f"SBX000000{count}"

        outcomes = crew.race(
            desk,
            [
                (order_acts.tell, order.conversation_id, 4500_00, receipt),
                (order_acts.settle, receipt),
                (order_acts.time_out, order.conversation_id),
                (order_acts.cancel, "cfo", payment),
            ],
        )

        assert all(outcome.won for outcome in outcomes), outcomes
        assert outcomes[3].value in ("in_doubt", "not_open")
        found = books.check(desk)
        assert found.payment(payment).status is PaymentStatus.SUCCESS
        assert len(found.executions) == count


def test_a_success_and_a_failure_at_once_are_one_of_them_and_both_recorded(
    crew: Crew, desk: Desk, people: dict[str, Actor]
) -> None:
    for count in range(1, 4):
        payment, order = sent(desk, people["staff"])

        outcomes = crew.race(
            desk,
            [
                (order_acts.tell, order.conversation_id, 4500_00, f"SBX000000{count}"),
                (order_acts.tell, order.conversation_id, 4500_00, "", "26"),
            ],
        )

        assert all(outcome.won for outcome in outcomes), outcomes
        found = books.check(desk)
        # Whichever came first: the money is gone, and the books say so.
        assert found.payment(payment).status is PaymentStatus.SUCCESS
        assert len(found.actions("payment.contradicted")) == count


def test_one_officer_in_four_terminals_sends_once(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    for _ in range(3):
        payment = phone(desk, people["staff"])
        officer = story.executor_of(desk, payment).username

        outcomes = crew.race(desk, [(order_acts.send, officer, payment)] * 4)

        assert len([outcome for outcome in outcomes if outcome.won]) == 1
        assert {outcome.code for outcome in outcomes if not outcome.won} == {"in_doubt"}
        assert len(books.check(desk).orders_of(payment)) == 1


def test_the_same_key_at_once_sends_once_and_tells_everybody(crew: Crew, desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    officer = story.executor_of(desk, payment).username

    outcomes = crew.race(desk, [(order_acts.send, officer, payment, None, "once")] * 4)

    assert [outcome.error for outcome in outcomes] == [""] * 4, outcomes
    assert len({outcome.value for outcome in outcomes}) == 1
    books.check(desk)


# --- killed -----------------------------------------------------------------------------------------------------------


class Paying(Vendor):
    """A vendor in another process: what it took is written into a file, because the one who asked may be killed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def send(self, order: Order) -> Accepted:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(order.conversation_id + "\n")
            file.flush()
            os.fsync(file.fileno())
        return Accepted("AG")

    def ask(self, order: Order) -> Outcome:
        taken = self.taken()
        if order.conversation_id in taken:
            return Outcome(Verdict.SUCCEEDED, f"SBX{taken.index(order.conversation_id):07d}", "0", "Completed")
        return Outcome(Verdict.NOT_KNOWN, text="there is no such order")

    def taken(self) -> list[str]:
        """What it has."""
        try:
            return self.path.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []


def _settle_everything(desk: Desk, clock: SettableClock) -> None:
    for _ in range(4):
        clock.advance(minutes=61)
        for order in desk.read(SYSTEM, settling.due):
            settling.settle(desk, order)


def test_a_payment_that_is_sent_and_killed_anywhere_is_paid_once_in_the_end(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    vendor = Paying(desk.home / "taken")
    order_acts.serve(vendor)
    amounts = {}

    def prepare() -> tuple[str, Actor]:
        payment = phone(desk, people["staff"], "1000")
        return payment, story.executor_of(desk, payment)

    def pay(here: Desk, subject: tuple[str, Actor]) -> object:
        return execution.execute(here, subject[1], subject[0], idempotency_key=f"key of {subject[0]}")

    killing = Killing(desk, prepare, pay)
    for (payment, officer), found in killing.points():
        row, written = found.payment(payment), found.orders_of(payment)
        killing.done.append(bool(written))
        if written:
            assert row.is_held
            assert row.status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN)
            again = pay(desk, (payment, officer))
            assert isinstance(again, Awaited)
            assert again.repeated
        else:
            assert row.status is PaymentStatus.PENDING
            pay(desk, (payment, officer))
        _settle_everything(desk, clock)
        after = books.check(desk)
        if after.payment(payment).status is PaymentStatus.FAILED:
            # It never arrived, and cannot any more.
            assert written
            assert [o.status for o in after.orders_of(payment)] == [OrderStatus.FAILED]
            pay(desk, (payment, officer))
            _settle_everything(desk, clock)
            after = books.check(desk)
        assert after.payment(payment).status is PaymentStatus.SUCCESS
        amounts[payment] = 1000_00
    assert len(vendor.taken()) == len(set(vendor.taken())) == len(amounts)
    after = books.check(desk)
    assert sorted(e.gateway_reference for e in after.executions) == [f"SBX{n:07d}" for n in range(len(amounts))]


def test_a_result_killed_anywhere_is_booked_once_in_the_end(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    count = 0

    def prepare() -> tuple[str, str, str]:
        nonlocal count
        count += 1
        payment, order = sent(desk, people["staff"])
        return payment, order.conversation_id, f"SBX{count:07d}"

    def tell(here: Desk, subject: tuple[str, str, str]) -> object:
        return order_acts.tell(here, subject[1], 4500_00, subject[2])

    killing = Killing(desk, prepare, tell)
    for subject, found in killing.points():
        row = found.payment(subject[0])
        killing.done.append(row.status is PaymentStatus.SUCCESS)
        assert row.is_held or killing.done[-1]
        assert tell(desk, subject) == ("nothing" if killing.done[-1] else "paid")
        assert len(books.check(desk).executions) == len(killing.done)


def test_a_failure_killed_anywhere_is_counted_once_in_the_end(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    def prepare() -> tuple[str, str]:
        payment, order = sent(desk, people["staff"])
        return payment, order.conversation_id

    def tell(here: Desk, subject: tuple[str, str]) -> object:
        return order_acts.tell(here, subject[1], 4500_00, "", "26")

    killing = Killing(desk, prepare, tell)
    for subject, found in killing.points():
        killing.done.append(found.payment(subject[0]).status is PaymentStatus.FAILED)
        assert tell(desk, subject) == ("nothing" if killing.done[-1] else "failed")
        row = books.check(desk).payment(subject[0])
        assert (row.retry_count, row.is_held) == (1, True)
        assert row.next_attempt_at == clock.now + timedelta(seconds=60)


def test_an_officer_whose_connection_is_lost_is_told_what_stands(
    desk: Desk, people: dict[str, Actor], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent, and the answer cannot be written down: the order is there, and the job goes on from it."""
    payment = phone(desk, people["staff"])

    def away(*_: object, **__: object) -> None:
        from pettycash_tui.services.errors import DatabaseUnavailable

        raise DatabaseUnavailable("away", code="database_away")

    with monkeypatch.context() as patch:
        patch.setattr(desk, "run_unaudited", away)
        with pytest.raises(PettyCashError):
            execution.execute(desk, story.executor_of(desk, payment), payment)
    found = books.check(desk)
    assert [o.status for o in found.orders_of(payment)] == [OrderStatus.SENDING]
    assert found.payment(payment).is_held
    assert len(vendor.sent) == 1
