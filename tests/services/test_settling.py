"""What became of payments that were sent: told late, twice, never, asked for, and by strangers."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import books
import daraja as vendor
import pytest
import story
from daraja import Daraja, Refusal
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.gateways.listener import LARGEST_BODY, Listener
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import GatewayName, OrderStatus, PaymentStatus
from pettycash_tui.services import (
    execution,
    gateway_settings,
    jobs,
    listening,
    orders,
    payment_facts,
    payments,
    settling,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, Refused
from pettycash_tui.services.execution import Awaited
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.posting import Confirmed
from pettycash_tui.services.work import Work

Post = Callable[[str, object], tuple[int, dict[str, Any]]]


@pytest.fixture
def daraja() -> Iterator[Daraja]:
    with Daraja() as server:
        yield server


@pytest.fixture
def people(desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Actor]:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    vendor.use(monkeypatch, daraja, tmp_path)
    made = story.trading_company(desk)
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    return made


def sent(desk: Desk, who: Actor, amount: str = "4500") -> str:
    """A payment that was sent by M-Pesa."""
    payment = story.approved(desk, who, amount, method="mpesa", destination="0712345678")
    done = execution.execute(desk, story.executor_of(desk, payment), payment)
    assert isinstance(done, Awaited)
    return payment


def run_job(desk: Desk, *, dry_run: bool = False) -> jobs.JobResult:
    return jobs.run(desk, "settle-payments", dry_run=dry_run)


def status(desk: Desk, payment: str) -> PaymentStatus:
    found: PaymentStatus = books.check(desk).payment(payment).status
    return found


# --- results ----------------------------------------------------------------------------------------------------------


def test_a_result_pays_once_however_often_it_is_told(desk: Desk, people: dict[str, Actor], daraja: Daraja) -> None:
    payment = sent(desk, people["staff"])
    result = daraja.result(daraja.last)

    told = [settling.handle_result(desk, result, daraja.last.key) for _ in range(3)]

    assert [handled.what for handled in told] == ["paid", "nothing", "nothing"]
    assert status(desk, payment) is PaymentStatus.SUCCESS
    assert [e.gateway_reference for e in books.check(desk).executions] == [daraja.last.receipt]


@pytest.mark.parametrize(("code", "retries"), [("1", 1), (26, 1), ("2040", 3), ("SFC_IC0003", 3), ("2001", 1)])
def test_a_refusal_is_a_failure_that_is_tried_again_or_not(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, code: str | int, retries: int
) -> None:
    payment = sent(desk, people["staff"])

    handled = settling.handle_result(desk, daraja.result(daraja.last, code, "No."), daraja.last.key)

    assert handled.what == "failed"
    row = books.check(desk).payment(payment)
    assert (row.status, row.retry_count, row.is_held) == (PaymentStatus.FAILED, retries, retries < 3)
    assert f"({code}: No.)" in row.last_error


@pytest.mark.parametrize("code", ["15", "17", "100000004", "4711"])
def test_a_code_that_says_nothing_leaves_it_unknown(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, code: str
) -> None:
    payment = sent(desk, people["staff"])
    assert settling.handle_result(desk, daraja.result(daraja.last, code), daraja.last.key).what == "unknown"
    assert status(desk, payment) is PaymentStatus.UNKNOWN
    assert settling.handle_result(desk, daraja.result(daraja.last), daraja.last.key).what == "paid"
    assert status(desk, payment) is PaymentStatus.SUCCESS


def test_a_timeout_is_no_failure_and_the_result_may_still_come(
    desk: Desk, people: dict[str, Actor], daraja: Daraja
) -> None:
    payment = sent(desk, people["staff"])

    assert settling.handle_timeout(desk, {}, daraja.last.key).what == "unknown"
    assert settling.handle_timeout(desk, {}, daraja.last.key).what == "nothing"

    assert status(desk, payment) is PaymentStatus.UNKNOWN
    with pytest.raises(Refused):
        desk.run(people["cfo"], payments.cancel, payment, "no")
    assert [order.payment for order in desk.read(SYSTEM, settling.due)] == [payment]
    assert settling.handle_result(desk, daraja.result(daraja.last), daraja.last.key).what == "paid"
    assert settling.handle_timeout(desk, {}, daraja.last.key).what == "nothing"
    assert status(desk, payment) is PaymentStatus.SUCCESS


def test_what_is_not_ours_is_recorded_and_changes_nothing(desk: Desk, people: dict[str, Actor], daraja: Daraja) -> None:
    payment = sent(desk, people["staff"])
    ours, other = (
        daraja.last,
        vendor.Taken(
            {"Amount": 4500, "PartyB": "254700000001", "OriginatorConversationID": "C-9"}, "AG_9", "SBX9999999"
        ),
    )
    too_much = daraja.result(ours)
    too_much["Result"]["ResultParameters"]["ResultParameter"][0]["Value"] = 45_000
    for payload, about in (
        (daraja.result(ours), "C-9"),
        (daraja.result(other), ours.key),
        ({"nonsense": "x" * 5000}, ours.key),
        (too_much, ours.key),
        (["\u202e"], "x" * 500),
    ):
        assert settling.handle_result(desk, payload, about).what == "not_ours"
    assert settling.handle_timeout(desk, {}, "C-9").what == "not_ours"
    found = books.check(desk)
    assert found.payment(payment).status is PaymentStatus.EXECUTING
    events = found.actions("gateway.not_ours")
    assert len(events) == 6
    assert all(len(event.body) < 2000 for event in events)


def test_a_receipt_that_another_payment_has_is_left_for_a_person(
    desk: Desk, people: dict[str, Actor], daraja: Daraja
) -> None:
    first = sent(desk, people["staff"])
    one = daraja.last
    settling.handle_result(desk, daraja.result(one), one.key)
    second = sent(desk, people["staff"])
    two = daraja.last
    two.receipt = one.receipt

    handled = settling.handle_result(desk, daraja.result(two), two.key)

    assert handled.what == "left"
    assert (status(desk, first), status(desk, second)) == (PaymentStatus.SUCCESS, PaymentStatus.UNKNOWN)
    assert "another payment already" in books.check(desk).payment(second).last_error


# --- asking -----------------------------------------------------------------------------------------------------------


def test_the_job_asks_about_what_had_no_answer_and_the_answer_settles_it(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: SettableClock
) -> None:
    daraja.state.behaviour = vendor.DROPPED
    payment = sent(desk, people["staff"])
    assert status(desk, payment) is PaymentStatus.UNKNOWN
    assert run_job(desk).done == ()
    clock.advance(minutes=3)

    assert [payment in line for line in run_job(desk, dry_run=True).done] == [True]
    assert daraja.state.questions == []
    (line,) = run_job(desk).done
    assert payment in line
    assert run_job(desk).done == ()

    (question,) = daraja.state.questions
    assert (question["OriginatorConversationID"], question["IdentifierType"]) == (daraja.last.key, "4")
    assert question["ResultURL"].endswith(f"/status/{daraja.last.key}")
    answer = daraja.status(daraja.last)
    assert settling.handle_result(desk, answer, daraja.last.key, is_answer=True).what == "paid"
    assert settling.handle_result(desk, daraja.result(daraja.last), daraja.last.key).what == "nothing"
    assert status(desk, payment) is PaymentStatus.SUCCESS


def test_an_order_that_was_being_sent_when_the_program_died_is_unknown_and_asked_about(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: SettableClock
) -> None:
    payment = story.approved(desk, people["staff"], method="mpesa", destination="0712345678")
    officer = story.executor_of(desk, payment)

    def open_only(work: Work) -> None:
        facts = payment_facts.read(work, story.id_of_payment(desk, payment), lock=True)
        confirmed = Confirmed(officer.person_id, None, None, "", "")
        orders.open_order(work, facts, GatewayName.MPESA, conversation_id="C-1", confirmed=confirmed, key="k")

    desk.run(officer, open_only)
    assert run_job(desk).done == ()
    clock.advance(minutes=2)
    run_job(desk)
    assert status(desk, payment) is PaymentStatus.UNKNOWN
    # M-Pesa has never heard of it: only when it cannot be on its way any more is it tried again.
    for _ in range(2):
        assert settling.handle_result(desk, daraja.status(None), "C-1", is_answer=True).what == "nothing"
        assert status(desk, payment) is PaymentStatus.UNKNOWN
        clock.advance(minutes=31)
        run_job(desk)
    assert settling.handle_result(desk, daraja.status(None), "C-1", is_answer=True).what == "failed"
    assert status(desk, payment) is PaymentStatus.FAILED
    clock.advance(minutes=2)
    done = execution.execute(desk, officer, payment)
    assert isinstance(done, Awaited)
    assert [order.status for order in books.check(desk).orders_of(payment)] == [OrderStatus.FAILED, OrderStatus.SENT]


def test_questions_become_rarer_and_silence_becomes_doubt(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: SettableClock
) -> None:
    payment = sent(desk, people["staff"])
    asked = []
    for minute in range(1, 200):
        clock.advance(minutes=1)
        if run_job(desk).done:
            asked.append(minute)
        settling.handle_result(desk, daraja.status(daraja.last, "Pending"), daraja.last.key, is_answer=True)
    assert asked == [2, 4, 8, 16, 32, 64, 124, 184]
    assert status(desk, payment) is PaymentStatus.UNKNOWN
    assert settling.handle_result(desk, daraja.status(daraja.last), daraja.last.key, is_answer=True).what == "paid"


def test_a_transaction_that_failed_says_the_answer(desk: Desk, people: dict[str, Actor], daraja: Daraja) -> None:
    payment = sent(desk, people["staff"])
    answer = daraja.status(daraja.last, "Declined", TransactionReason="limit")
    assert settling.handle_result(desk, answer, daraja.last.key, is_answer=True).what == "failed"
    row = books.check(desk).payment(payment)
    assert (row.status, row.last_error) == (PaymentStatus.FAILED, "M-Pesa: Declined, limit")


def test_a_gateway_that_cannot_be_asked_is_left_and_keeps_nobody_else_waiting(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: SettableClock
) -> None:
    first, second = sent(desk, people["staff"]), sent(desk, people["staff"], "100")
    clock.advance(minutes=3)
    daraja.state.behaviour = Refusal(503, "", "Down")

    result = run_job(desk)

    assert [first in line for line in result.left] == [True]
    assert [second in line for line in result.done] == [True]
    assert [o.ask_count for o in books.check(desk).orders] == [1, 1]


def test_where_m_pesa_is_not_set_up_nothing_is_asked(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = sent(desk, people["staff"])
    clock.advance(minutes=3)
    monkeypatch.delenv("PETTYCASH_MPESA_SHORT_CODE")
    assert "not set up" in run_job(desk).left[0]
    with pytest.raises(Refused) as refused:
        execution.execute(desk, story.executor_of(desk, payment), payment, reference="R")
    assert refused.value.code == "in_doubt"


def test_an_officer_asks_at_once_and_others_may_not(desk: Desk, people: dict[str, Actor], daraja: Daraja) -> None:
    payment = sent(desk, people["staff"])

    asked = settling.ask(desk, story.executor_of(desk, payment), payment)

    assert (asked.payment, asked.status, len(daraja.state.questions)) == (payment, PaymentStatus.EXECUTING, 1)
    with pytest.raises(NotAllowed):
        settling.ask(desk, people["staff"], payment)
    settling.handle_result(desk, daraja.status(daraja.last), daraja.last.key, is_answer=True)
    with pytest.raises(Refused) as refused:
        settling.ask(desk, people["cfo"], payment)
    assert refused.value.code == "not_in_doubt"


# --- the listener -----------------------------------------------------------------------------------------------------


@pytest.fixture
def listener(desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A listener whose address the gateway of this test is told."""
    lines: list[str] = []
    made = Listener("127.0.0.1", 0, gateway_settings.secret_path(desk), listening.handler(desk), lines.append)
    made.lines = lines  # type: ignore[attr-defined]
    monkeypatch.setenv("PETTYCASH_MPESA_CALLBACK_URL", f"http://127.0.0.1:{made.server_address[1]}")
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(5)


def test_results_that_are_posted_settle_payments(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, listener: Listener
) -> None:
    daraja.state.pays_at_once = True
    payment = story.approved(desk, people["staff"], method="mpesa", destination="0712345678")
    done = execution.execute(desk, story.executor_of(desk, payment), payment)
    # The result was faster than the answer.
    assert not isinstance(done, Awaited)
    daraja.state.pays_at_once = False
    daraja.pay(daraja.last, times=2)
    late = sent(desk, people["staff"])
    address = daraja.last.body["QueueTimeOutURL"]
    assert daraja.post(address, {}) == (200, {"ResultCode": 0, "ResultDesc": "Accepted"})
    assert status(desk, late) is PaymentStatus.UNKNOWN
    settling.ask(desk, story.executor_of(desk, late), late)
    daraja.post(daraja.state.questions[-1]["QueueTimeOutURL"], {})
    daraja.post(daraja.state.questions[-1]["ResultURL"], daraja.status(daraja.last))
    assert {status(desk, late), status(desk, payment)} == {PaymentStatus.SUCCESS}
    assert len(books.check(desk).executions) == 2


def _asked(listener: Listener, method: str, path: str, body: bytes = b"{}", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", listener.server_address[1], timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    assert "Python" not in str(answer.headers)
    connection.close()
    return found


def test_strangers_are_told_nothing(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = sent(desk, people["staff"])
    path = urlsplit(daraja.last.body["ResultURL"]).path
    secret = path.split("/")[1]
    body = json.dumps(daraja.result(daraja.last)).encode()
    for wrong in (
        "/",
        "/result",
        path.replace(secret, "0" * 40),
        path.replace(secret, secret[:-1]),
        path.replace("/result/", "/shell/"),
        f"/{secret}/result/",
        f"/{secret}/result/../../etc",
        f"/{secret}/result/%00",
        f"/{secret}/result/{'x' * 61}",
    ):
        assert _asked(listener, "POST", wrong, body) == (404, b"")
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "HEAD"):
        assert _asked(listener, method, path)[0] == 404
    assert _asked(listener, "POST", path, b"{")[0] == 400
    assert _asked(listener, "POST", path, b"[" * 60_000)[0] == 400
    assert _asked(listener, "POST", path, b"", **{"Content-Length": str(LARGEST_BODY + 1)})[0] == 413
    assert _asked(listener, "POST", path, b"", **{"Content-Length": "9" * 30})[0] == 413
    assert _asked(listener, "POST", path, b"", **{"Content-Length": "-1"})[0] == 411
    assert status(desk, payment) is PaymentStatus.EXECUTING

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "handle_result", broken)
        with pytest.raises(HTTPError) as failed:
            daraja.post(daraja.last.body["ResultURL"], daraja.result(daraja.last))
    assert failed.value.code == 503
    assert b"secret" not in failed.value.read()
    assert _asked(listener, "POST", path, body)[0] == 200
    assert status(desk, payment) is PaymentStatus.SUCCESS
    assert all(secret not in line for line in listener.lines)  # type: ignore[attr-defined]
