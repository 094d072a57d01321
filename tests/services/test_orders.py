"""The state changes of an order to a gateway: held while in doubt, paid once, tried again later, never lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import books
import pytest
import story
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import GatewayName, OrderStatus, OtpChannel, PaymentStatus
from pettycash_tui.services import alerts, execution, failing, orders, payment_facts, payment_views, payments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotFound, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.posting import Confirmed
from pettycash_tui.services.work import Work


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    made = story.trading_company(desk)
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    return made


def phone(desk: Desk, who: Actor, amount: str = "4500") -> str:
    return story.approved(desk, who, amount, method="mpesa", destination="+254700000001")


def opened(desk: Desk, payment: str, key: str = "", gateway: GatewayName = GatewayName.MPESA) -> UUID:
    """An order for a payment, written down."""
    officer = story.executor_of(desk, payment)

    def open_one(work: Work) -> UUID:
        facts = payment_facts.read(work, story.id_of_payment(desk, payment), lock=True)
        confirmed = Confirmed(officer.person_id, None, None, "at the desk", "pytest")
        count = len(books.read(desk).orders) + 1
        name = key or f"key {count}"
        return orders.open_order(work, facts, gateway, conversation_id=f"C-{count}", confirmed=confirmed, key=name)

    return desk.run(officer, open_one)


def fail(desk: Desk, order: UUID, **how: Any) -> bool:
    return desk.run_unaudited(SYSTEM, orders.fail, order, "26", "too busy", **how)


def test_an_order_is_written_down_with_its_hold_before_it_is_sent(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    opened(desk, payment, "mine")

    found = books.check(desk)

    row, (order,) = found.payment(payment), found.orders_of(payment)
    assert (row.status, row.is_held, row.idempotency_key) == (PaymentStatus.EXECUTING, True, "mine")
    assert (order.status, order.attempt, order.source) == (OrderStatus.SENDING, 1, "at the desk")
    assert order.next_ask_at == desk.clock() + timedelta(minutes=2)
    assert [event.subject for event in found.actions("payment.sent")] == [payment]
    assert found.fund("NBI").held_amount == 4500_00


def test_an_order_to_a_bank_is_never_asked_about(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    with pytest.raises(Refused, match="line of a bank file"):
        opened(desk, payment, gateway=GatewayName.BANK_FILE)
    assert books.check(desk).payment(payment).status is PaymentStatus.PENDING


def test_a_payment_that_waits_is_sent_when_there_is_money_and_refused_when_not(
    desk: Desk, people: dict[str, Actor]
) -> None:
    big = phone(desk, people["staff"], "90000")
    waiting = phone(desk, people["staff"], "20000")

    with pytest.raises(Refused) as refused:
        opened(desk, waiting)

    assert refused.value.code == "not_enough"
    desk.run(people["cfo"], payments.cancel, big, "no")
    opened(desk, waiting)
    assert books.check(desk).fund("NBI").held_amount == 20_000_00


def test_a_success_is_booked_once_in_the_executors_name_whoever_tells(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    order = opened(desk, payment)
    desk.run_unaudited(SYSTEM, orders.mark_sent, order, "AG-1")

    first = desk.run(SYSTEM, orders.succeed, order, "SBX1", "done")
    again = desk.run_unaudited(SYSTEM, orders.succeed, order, "SBX1", "done")

    assert first is not None
    assert again is None
    found = books.check(desk)
    (execution_row,) = found.executions
    officer = story.executor_of(desk, payment)
    assert (execution_row.executor_id, execution_row.source) == (officer.id, "at the desk")
    assert execution_row.gateway_reference == "SBX1"
    (told,) = found.actions("payment.executed")
    assert f'"{officer.id}"' in told.body or officer.username in told.body
    assert found.fund("NBI").current_balance == 95_500_00


def test_what_is_in_doubt_is_held_and_nothing_else_can_be_done_to_it(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    order = opened(desk, payment)
    officer = story.executor_of(desk, payment)
    other = "treasury2" if officer.username == "treasury" else "treasury"
    for status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN):
        if status is PaymentStatus.UNKNOWN:
            assert desk.run_unaudited(SYSTEM, orders.mark_unknown, order, "no answer")
            assert not desk.run_unaudited(SYSTEM, orders.mark_unknown, order, "no answer")
        assert books.check(desk).payment(payment).status is status
        for who, service, args in (
            (officer, payments.retry, ()),
            (people["cfo"], payments.cancel, ("no",)),
            (people["cfo"], payments.assign, (other,)),
        ):
            with pytest.raises(Refused) as refused:
                desk.run(who, service, payment, *args)  # type: ignore[arg-type]
            assert refused.value.code == "in_doubt"
            assert f"pettycash pay ask {payment}" in refused.value.message
        with pytest.raises(Refused) as refused:
            execution.execute(desk, officer, payment, reference="R")
        assert refused.value.code == "in_doubt"
        reasons = desk.read(officer, payment_views.explain, payment).reasons
        assert [reason.code for reason in reasons] == ["in_doubt"]

    assert desk.run(SYSTEM, orders.succeed, order, "SBX1") is not None
    assert books.check(desk).payment(payment).last_error == ""


def test_a_failure_is_tried_again_after_a_wait_that_grows(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    payment = phone(desk, people["staff"], "90000")
    officer = story.executor_of(desk, payment)
    waiting = story.approved(desk, people["staff"], "50000")
    for attempt, wait in ((1, 60), (2, 240)):
        order = opened(desk, payment)
        assert fail(desk, order)
        assert not fail(desk, order)
        row = books.check(desk).payment(payment)
        assert (row.status, row.retry_count, row.is_held) == (PaymentStatus.FAILED, attempt, True)
        assert (row.last_error, row.next_attempt_at) == ("too busy", clock.now + timedelta(seconds=wait))
        for act in (payments.retry, payment_views.explain):
            if act is payments.retry:
                with pytest.raises(Refused) as refused:
                    desk.run(officer, payments.retry, payment)
                assert refused.value.code == "too_early"
            else:
                (reason,) = desk.read(officer, payment_views.explain, payment).reasons
                assert reason.code == "too_early"
                moment = row.next_attempt_at + timedelta(hours=3)
                assert moment.strftime("%Y-%m-%d %H:%M:%S") in reason.message
        clock.advance(seconds=wait)
        desk.run(officer, payments.retry, payment)
        assert books.check(desk).payment(payment).next_attempt_at is None

    assert fail(desk, opened(desk, payment))

    found = books.check(desk)
    row = found.payment(payment)
    assert (row.retry_count, row.is_held, row.next_attempt_at) == (3, False, None)
    assert found.payment(waiting).is_held
    assert [order.attempt for order in found.orders_of(payment)] == [1, 2, 3]
    desk.run(people["cfo"], payments.cancel, payment, "gave up")
    books.check(desk)


def test_a_final_failure_gives_the_hold_back_at_once(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"], "90000")
    waiting = story.approved(desk, people["staff"], "50000")

    assert fail(desk, opened(desk, payment), final=True)

    found = books.check(desk)
    assert (found.payment(payment).retry_count, found.payment(payment).is_held) == (3, False)
    assert found.payment(waiting).is_held
    assert found.waiting_with_money() == []
    (event,) = found.actions("payment.failed")
    assert waiting in event.body


def test_the_wait_is_never_longer_than_a_day() -> None:
    assert [failing.wait_before(n).total_seconds() for n in (0, 1, 2, 3, 6)] == [60, 60, 240, 960, 61_440]
    assert {failing.wait_before(n) for n in (7, 50, 10_000)} == {timedelta(days=1)}


def test_a_success_that_comes_after_a_failure_is_booked_and_told(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    order = opened(desk, payment)
    fail(desk, order)

    done = desk.run(SYSTEM, orders.succeed, order, "SBX1")

    assert done is not None
    found = books.check(desk)
    assert found.payment(payment).status is PaymentStatus.SUCCESS
    assert len(found.actions("payment.contradicted")) == 1
    assert desk.run_unaudited(SYSTEM, orders.succeed, order, "SBX1") is None
    assert len(books.check(desk).executions) == 1


def test_a_late_success_of_a_first_attempt_pays_nothing_twice(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    payment = phone(desk, people["staff"])
    first = opened(desk, payment)
    fail(desk, first)
    clock.advance(minutes=2)
    second = opened(desk, payment)

    assert desk.run(SYSTEM, orders.succeed, first, "SBX1") is None
    assert books.check(desk).payment(payment).status is PaymentStatus.EXECUTING
    assert desk.run(SYSTEM, orders.succeed, second, "SBX2") is not None
    assert desk.run_unaudited(SYSTEM, orders.succeed, first, "SBX1") is None

    found = books.check(desk)
    assert [e.gateway_reference for e in found.executions] == ["SBX2"]
    assert len(found.actions("payment.contradicted")) == 1
    told = desk.read(people["cfo"], alerts.alerts)
    assert [alert.kind for alert in told if alert.subject == payment] == [alerts.AlertKind.CONTRADICTED]
    assert "SBX1" in next(alert.sentence for alert in told if alert.subject == payment)


def test_what_is_said_to_be_failed_and_paid_is_not_sent_again(
    desk: Desk, people: dict[str, Actor], clock: SettableClock
) -> None:
    payment = phone(desk, people["staff"], "90000")
    order = opened(desk, payment)
    fail(desk, order, final=True)
    story.approved(desk, people["staff"], "50000")
    # The money that it held is another payment's by now, so it cannot be booked.
    assert desk.run(SYSTEM, orders.succeed, order, "SBX1") is None
    with desk.engine.begin() as connection:
        connection.execute(update(t.payment).where(t.payment.c.number == payment).values(retry_count=0))
    clock.advance(days=2)

    reasons = desk.read(story.executor_of(desk, payment), payment_views.explain, payment).reasons

    assert "contradicted" in [reason.code for reason in reasons]
    found = books.check(desk)
    assert found.executions == []
    assert [o.gateway_reference for o in found.orders_of(payment)] == ["SBX1"]


def test_a_failure_after_the_success_changes_nothing_and_is_recorded(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    order = opened(desk, payment)
    desk.run(SYSTEM, orders.succeed, order, "SBX1")

    assert not desk.run_unaudited(SYSTEM, orders.fail, order, "1", "no money")
    assert desk.run_unaudited(SYSTEM, orders.succeed, order, "SBX9") is None

    found = books.check(desk)
    assert found.payment(payment).status is PaymentStatus.SUCCESS
    assert len(found.actions("payment.contradicted")) == 2


def test_an_answer_after_the_result_changes_nothing(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    order = opened(desk, payment)
    desk.run(SYSTEM, orders.succeed, order, "SBX1")

    assert not desk.run_unaudited(SYSTEM, orders.mark_sent, order, "AG-1")
    assert not desk.run_unaudited(SYSTEM, orders.mark_unknown, order, "no answer")
    assert [o.status for o in books.check(desk).orders] == [OrderStatus.SUCCEEDED]


def test_there_is_no_order_that_is_not_there(desk: Desk, people: dict[str, Actor]) -> None:
    for act in (orders.mark_sent, orders.succeed):
        with pytest.raises(NotFound):
            desk.run(SYSTEM, act, story.id_of_payment(desk, phone(desk, people["staff"])), "X")


def test_the_code_of_an_order_stands_on_the_execution(desk: Desk, people: dict[str, Actor]) -> None:
    payment = phone(desk, people["staff"])
    officer = story.executor_of(desk, payment)

    def open_one(work: Work) -> UUID:
        facts = payment_facts.read(work, story.id_of_payment(desk, payment), lock=True)
        confirmed = Confirmed(officer.person_id, work.now, OtpChannel.TOTP, "ssh", "c")
        return orders.open_order(work, facts, GatewayName.MPESA, conversation_id="C", confirmed=confirmed, key="k")

    order = desk.run(officer, open_one)
    desk.run(SYSTEM, orders.succeed, order, "SBX1")
    (row,) = books.read(desk).executions
    assert (row.otp_verified_by_id, row.channel, row.source, row.client) == (officer.id, OtpChannel.TOTP, "ssh", "c")
