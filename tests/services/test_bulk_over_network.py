"""A list with payments that go over a network: one code for all, each sent once, and none that holds another up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import banking
import books
import daraja as vendor
import pytest
import story
from daraja import DROPPED, Daraja, Refusal
from trading import Trading

from pettycash_tui.models.enums import OrderStatus, PaymentStatus
from pettycash_tui.services import bulk, bulk_views, orders, payments, settling
from pettycash_tui.services.bulk import Together
from pettycash_tui.services.errors import DatabaseUnavailable, Refused


@pytest.fixture
def daraja(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Daraja]:
    with Daraja() as server:
        vendor.use(monkeypatch, server, tmp_path)
        yield server


def made(trading: Trading, *amounts: str, **fields: str | bool) -> list[str]:
    found = []
    for amount in amounts:
        number = trading.approved(amount=amount, **fields)
        if story.executor_of(trading.desk, number).username != "treasury":
            trading.desk.run(trading["cfo"], payments.assign, number, "treasury")
        found.append(number)
    return found


def phones(trading: Trading, *amounts: str) -> list[str]:
    return made(trading, *amounts, method="mpesa", destination="0712345678")


def pay(trading: Trading, numbers: list[str], *, key: str | None = None, stop_after: int = 999) -> Together:
    bulk.send_code(trading.desk, trading["treasury"], numbers)
    return bulk.pay_together(
        trading.desk,
        trading["treasury"],
        numbers,
        code=story.last_code(trading.desk.home),
        idempotency_key=key,
        report=lambda done, _: done < stop_after,
    )


def reasons(done: Together) -> dict[str, list[str]]:
    return {each.payment: [reason.code for reason in each.reasons] for each in done.refused}


def test_one_code_pays_what_is_local_and_sends_the_rest_each_once(trading: Trading, daraja: Daraja) -> None:
    cash, sent = made(trading, "1000", "2000"), phones(trading, "300", "400")

    done = pay(trading, [*sent, *cash], key="mine")

    assert [each.payment for each in done.paid] == cash
    assert [(each.payment, each.status) for each in done.awaited] == [(n, PaymentStatus.EXECUTING) for n in sent]
    assert (done.total.plain(), done.awaited_total.plain(), done.refused) == ("3000.00", "700.00", ())
    assert [order.body["Amount"] for order in daraja.orders] == [300, 400]
    found = books.check(trading.desk)
    (code,) = [row for row in found.codes if row.consumed_at is not None]
    assert {order.otp_verified_at for order in found.orders} == {code.verified_at}
    assert {order.channel for order in found.orders} == {code.channel}
    # A result that comes pays as it does for one that was sent alone.
    assert settling.handle_result(trading.desk, daraja.result(daraja.orders[0]), daraja.orders[0].key).what == "paid"

    again = bulk.pay_together(trading.desk, trading["treasury"], [*cash, *sent], idempotency_key="mine")

    assert [(each.payment, each.repeated) for each in again.paid] == [(n, True) for n in [*cash, sent[0]]]
    assert [(each.payment, each.repeated) for each in again.awaited] == [(sent[1], True)]
    assert len(daraja.orders) == 2
    books.check(trading.desk)


def test_one_that_is_refused_or_unanswered_holds_no_other_up(trading: Trading, daraja: Daraja) -> None:
    sent = phones(trading, "100", "200", "300")
    daraja.state.behaviour = Refusal(400, "400.002.02")

    done = pay(trading, sent)

    assert reasons(done) == {sent[0]: ["gateway_failed"]}
    assert [each.payment for each in done.awaited] == sent[1:]
    found = books.check(trading.desk)
    assert found.payment(sent[0]).status is PaymentStatus.FAILED
    (unanswered,) = phones(trading, "400")
    daraja.state.behaviour = DROPPED
    done = pay(trading, [unanswered])
    assert [(each.payment, each.status) for each in done.awaited] == [(unanswered, PaymentStatus.UNKNOWN)]
    found = books.check(trading.desk)
    (order,) = found.orders_of(unanswered)
    assert (order.status, found.payment(unanswered).is_held) == (OrderStatus.UNKNOWN, True)


def test_who_stops_sends_no_more_and_the_rest_is_told(trading: Trading, daraja: Daraja) -> None:
    cash, sent = made(trading, "1000"), phones(trading, "100", "200", "300")

    done = pay(trading, [*cash, *sent], stop_after=2)

    assert ([each.payment for each in done.paid], [each.payment for each in done.awaited]) == (cash, sent[:1])
    assert reasons(done) == {number: ["stopped"] for number in sent[1:]}
    assert len(daraja.orders) == 1
    found = books.check(trading.desk)
    assert {found.payment(number).status for number in sent[1:]} == {PaymentStatus.PENDING}


def test_what_cannot_be_sent_is_told_before_a_code_is_made(trading: Trading, daraja: Daraja) -> None:
    (cents,), (whole,) = phones(trading, "100.50"), phones(trading, "200")

    sent = bulk.send_code(trading.desk, trading["treasury"], [cents, whole])

    assert [(each.payment, each.reasons[0].code) for each in sent.refused] == [(cents, "cannot_send")]
    assert "amount" in sent.refused[0].reasons[0].message
    assert (sent.count, sent.total.plain()) == (1, "200.00")
    plan = bulk_views.plan(trading.desk, trading["treasury"], [whole])
    assert [each.asks_reference for each in plan.payments] == [False]


def test_without_a_code_nothing_that_needs_one_is_sent(trading: Trading, daraja: Daraja) -> None:
    sent = phones(trading, "100")
    with pytest.raises(Refused) as caught:
        bulk.pay_together(trading.desk, trading["treasury"], sent)
    assert [reason.code for reason in caught.value.reasons] == ["code_not_verified"]
    banking.without_codes(trading.desk)
    free = phones(trading, "200")
    done = bulk.pay_together(trading.desk, trading["treasury"], free)
    assert ([each.payment for each in done.awaited], done.total.plain()) == (free, "0.00")
    assert len(daraja.orders) == 1
    books.check(trading.desk)


def test_settings_that_are_wrong_hold_up_their_own_payments_only(
    trading: Trading, daraja: Daraja, monkeypatch: pytest.MonkeyPatch
) -> None:
    cash, sent = made(trading, "1000"), phones(trading, "200")
    monkeypatch.setenv("PETTYCASH_MPESA_SHORT_CODE", "the till")

    done = pay(trading, [*cash, *sent])

    assert [each.payment for each in done.paid] == cash
    assert reasons(done) == {sent[0]: ["gateway_settings"]}
    assert daraja.orders == []


def test_a_connection_lost_after_sending_is_told_as_a_doubt_and_stops_the_list(
    trading: Trading, daraja: Daraja, monkeypatch: pytest.MonkeyPatch
) -> None:
    cash, sent = made(trading, "1000"), phones(trading, "200", "300")

    def away(*_: object) -> None:
        raise DatabaseUnavailable("The database is away.", code="database_away")

    monkeypatch.setattr(orders, "mark_sent", away)

    done = pay(trading, [*cash, *sent], key="mine")

    assert [each.payment for each in done.paid] == cash
    assert reasons(done) == {sent[0]: ["database_away"], sent[1]: ["stopped"]}
    assert "Look at it before anything else" in done.refused[0].reasons[0].message
    assert len(daraja.orders) == 1
    assert books.check(trading.desk).payment(sent[0]).is_held
    # What was sent is told when the same is asked again, and is not sent again.
    again = bulk.pay_together(trading.desk, trading["treasury"], [*cash, sent[0]], idempotency_key="mine")
    assert [each.payment for each in again.awaited] == sent[:1]
    assert len(daraja.orders) == 1
