"""M-Pesa over Daraja: what is sent, what each answer means, and what is refused before a code is spent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import books
import daraja as vendor
import pytest
import story
from daraja import Daraja, Refusal
from sqlalchemy import update

from pettycash_tui.gateways import mpesa, mpesa_codes, mpesa_results
from pettycash_tui.gateways.mpesa_codes import Meaning
from pettycash_tui.gateways.protocol import GatewayFailed, GatewayUnanswered, Order, Verdict
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OrderStatus, PaymentMethod, PaymentStatus
from pettycash_tui.services import execution, gateway_settings, gateway_views, order_views
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.execution import Awaited, Executed
from pettycash_tui.services.identity import Actor


@pytest.fixture
def daraja() -> Iterator[Daraja]:
    with Daraja() as server:
        yield server


@pytest.fixture
def people(desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Actor]:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    vendor.use(monkeypatch, daraja, tmp_path)
    return story.trading_company(desk)


def phone(desk: Desk, who: Actor, amount: str = "4500", destination: str = "+254 700 000 001") -> str:
    return story.approved(desk, who, amount, method="mpesa", destination=destination)


def send(desk: Desk, payment: str, **options: str) -> Executed | Awaited:
    officer = story.executor_of(desk, payment)
    return execution.execute(desk, officer, payment, code=story.code_for(desk, payment), **options)


def order(key: str = "C-1", destination: str = "0712345678", amount: int = 1000) -> Order:
    return Order("PAY-000001", "Payee", destination, amount, "KES", PaymentMethod.MPESA, key)


@pytest.fixture
def client(daraja: Daraja) -> mpesa.Mpesa:
    """The gateway on its own, without a desk."""
    mpesa.forget_tokens()
    credential = mpesa.security_credential(vendor.PASSWORD, vendor.key_pair()[1])
    return mpesa.Mpesa(
        mpesa.MpesaSettings(
            daraja.address,
            vendor.SHORT_CODE,
            "testapi",
            "BusinessPayment",
            "http://127.0.0.1:9/secret",
            5.0,
            vendor.KEY,
            vendor.SECRET,
            credential,
        )
    )


# --- sending ----------------------------------------------------------------------------------------------------------


def test_a_payment_is_sent_as_daraja_wants_it_and_its_result_awaited(
    desk: Desk, people: dict[str, Actor], daraja: Daraja
) -> None:
    payment = phone(desk, people["staff"])

    done = send(desk, payment)

    assert isinstance(done, Awaited)
    body = daraja.last.body
    assert body["SecurityCredential"]
    callback = f"http://127.0.0.1:9/{gateway_settings.secret_path(desk)}"
    assert {name: value for name, value in body.items() if name != "SecurityCredential"} == {
        "OriginatorConversationID": done.conversation_id,
        "InitiatorName": "testapi",
        "CommandID": "BusinessPayment",
        "Amount": 4500,
        "PartyA": vendor.SHORT_CODE,
        "PartyB": "254700000001",
        "Remarks": f"{payment} Total Energies",
        "QueueTimeOutURL": f"{callback}/timeout/{done.conversation_id}",
        "ResultURL": f"{callback}/result/{done.conversation_id}",
        "Occassion": payment,
    }
    found = books.check(desk)
    (row,) = found.orders_of(payment)
    assert (row.status, row.gateway_conversation_id) == (OrderStatus.SENT, daraja.last.conversation)
    assert (done.status, done.gateway_conversation_id) == (PaymentStatus.EXECUTING, daraja.last.conversation)
    (view,) = desk.read(people["cfo"], order_views.of_payment, payment)
    assert (view.attempt, view.status, view.conversation_id) == (1, OrderStatus.SENT, done.conversation_id)


def test_the_same_key_gives_the_earlier_answer_and_sends_nothing(
    desk: Desk, people: dict[str, Actor], daraja: Daraja
) -> None:
    payment = phone(desk, people["staff"])
    first = send(desk, payment, idempotency_key="once")

    again = execution.execute(desk, story.executor_of(desk, payment), payment, idempotency_key="once")

    assert isinstance(first, Awaited)
    assert isinstance(again, Awaited)
    assert (again.repeated, again.conversation_id) == (True, first.conversation_id)
    assert len(daraja.orders) == 1
    other = phone(desk, people["staff"])
    with pytest.raises(InvalidInput, match=payment):
        execution.execute(desk, story.executor_of(desk, other), other, idempotency_key="once")


def test_cash_and_bank_are_paid_as_before(desk: Desk, people: dict[str, Actor], daraja: Daraja) -> None:
    assert isinstance(send(desk, story.approved(desk, people["staff"])), Executed)
    bank = story.approved(desk, people["staff"], method="bank_transfer", destination="KE-1")
    assert isinstance(send(desk, bank, reference="FT-1"), Executed)
    assert daraja.state.requests == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "4500.50"}, "amount"),
        ({"destination": "KE-1"}, "destination"),
        ({"destination": "+44 7911 123456"}, "destination"),
        ({"destination": "07123"}, "destination"),
    ],
)
def test_what_m_pesa_cannot_pay_is_refused_before_a_code_is_spent(
    sqlite_desk: Desk,
    daraja: Daraja,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fields: dict[str, str],
    field: str,
) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    vendor.use(monkeypatch, daraja, tmp_path)
    people = story.trading_company(sqlite_desk)
    payment = phone(sqlite_desk, people["staff"], **fields)

    with pytest.raises(InvalidInput) as refused:
        send(sqlite_desk, payment)

    assert set(refused.value.fields) == {field}
    found = books.check(sqlite_desk)
    assert found.payment(payment).status is PaymentStatus.PENDING
    assert [code.attempts for code in found.codes] == [0]
    assert daraja.state.requests == []


def test_a_refusal_is_a_failed_payment_and_is_sent_anew_later(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, clock: story.Any
) -> None:
    payment = phone(desk, people["staff"])
    daraja.state.behaviour = Refusal(500, "500.003.02", "Error Occurred: Spike Arrest Violation")

    with pytest.raises(Refused) as refused:
        send(desk, payment)

    assert refused.value.code == "gateway_failed"
    assert "Spike Arrest" in refused.value.message
    found = books.check(desk)
    assert (found.payment(payment).retry_count, found.payment(payment).is_held) == (1, True)
    with pytest.raises(Refused) as refused:
        send(desk, payment)
    assert refused.value.code == "too_early"
    clock.advance(minutes=5)
    assert isinstance(send(desk, payment), Awaited)
    first, second = books.check(desk).orders_of(payment)
    assert (first.status, second.status) == (OrderStatus.FAILED, OrderStatus.SENT)
    assert first.conversation_id != second.conversation_id


@pytest.mark.parametrize("behaviour", [vendor.DROPPED, Refusal(500, "500.001.1001", "Error", True), (200, b"<html>")])
def test_without_an_answer_it_is_unknown_and_held(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, behaviour: story.Any
) -> None:
    payment = phone(desk, people["staff"])
    daraja.state.behaviour = behaviour

    done = send(desk, payment)

    assert isinstance(done, Awaited)
    assert done.status is PaymentStatus.UNKNOWN
    row = books.check(desk).payment(payment)
    assert (row.status, row.is_held) == (PaymentStatus.UNKNOWN, True)
    assert row.last_error.startswith("M-Pesa")


def test_a_result_before_the_answer_is_the_answer(
    desk: Desk, people: dict[str, Actor], daraja: Daraja, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pettycash_tui.services import settling

    payment = phone(desk, people["staff"])
    taken = mpesa.Mpesa.send

    def with_its_result(self: mpesa.Mpesa, sent: Order) -> story.Any:
        accepted = taken(self, sent)
        settling.handle_result(desk, daraja.result(daraja.last), sent.conversation_id)
        return accepted

    monkeypatch.setattr(mpesa.Mpesa, "send", with_its_result)
    done = send(desk, payment)
    assert isinstance(done, Executed)
    assert done.gateway_reference == daraja.last.receipt
    books.check(desk)


# --- the vendor's answers ---------------------------------------------------------------------------------------------

DOCUMENTED = [
    (Refusal(400, "400.002.02", "Bad Request - Invalid PartyB"), True),
    (Refusal(404, "404.002.01", "Resource not found"), False),
    (Refusal(405, "405.001", "GET Method Not Allowed"), False),
    (Refusal(500, "500.003.02", "Error Occurred: Spike Arrest Violation"), False),
    (Refusal(500, "500.003.03", "Quota Violation"), False),
    (Refusal(429, "", "Slow down"), False),
    (Refusal(403, "", "Forbidden"), False),
]


@pytest.mark.parametrize(("refusal", "final"), DOCUMENTED, ids=lambda v: getattr(v, "code", str(v)) or "bare")
def test_an_error_before_the_order_is_taken_is_a_failure(
    client: mpesa.Mpesa, daraja: Daraja, refusal: Refusal, final: bool
) -> None:
    daraja.state.behaviour = refusal
    with pytest.raises(GatewayFailed) as failed:
        client.send(order())
    assert failed.value.final is final
    assert refusal.message in str(failed.value)


@pytest.mark.parametrize(
    "behaviour",
    [
        Refusal(500, "500.003.1001", "Internal Server Error"),
        Refusal(503, "", "Service Unavailable"),
        (200, b"{}"),
        (200, b"[1]"),
        (200, b"\xff\xfe"),
        (200, b'{"ResponseCode": "17"}'),
        (200, b'{"ResponseCode": "4711", "ResponseDescription": "what"}'),
        (200, b'{"a": "' + b"x" * 70_000 + b'"}'),
        (302, b""),
        vendor.LOST,
        vendor.DROPPED,
    ],
)
def test_anything_that_says_nothing_is_no_answer(client: mpesa.Mpesa, daraja: Daraja, behaviour: story.Any) -> None:
    daraja.state.behaviour = behaviour
    with pytest.raises(GatewayUnanswered):
        client.send(order())


@pytest.mark.parametrize(("code", "final"), [("26", False), ("1", False), ("24", True), ("29", True)])
def test_an_answer_with_a_code_is_read_by_it(client: mpesa.Mpesa, daraja: Daraja, code: str, final: bool) -> None:
    daraja.state.behaviour = (200, f'{{"ResponseCode": "{code}", "ResponseDescription": "no"}}'.encode())
    with pytest.raises(GatewayFailed) as failed:
        client.send(order())
    assert (failed.value.code, failed.value.final) == (code, final)


def test_what_it_has_already_was_sent_before(client: mpesa.Mpesa, daraja: Daraja) -> None:
    assert client.send(order()).gateway_conversation_id == daraja.last.conversation
    assert client.send(order()).gateway_conversation_id == ""
    daraja.state.behaviour = (
        200,
        b'{"ResponseCode": "1", "ResponseDescription": "Duplicate OriginatorConversationID."}',
    )
    assert client.send(order("C-2")).gateway_conversation_id == ""
    assert len(daraja.orders) == 1


def test_nobody_there_means_that_nothing_was_sent(client: mpesa.Mpesa, daraja: Daraja) -> None:
    client.check_access()
    daraja.shutdown()
    daraja.server_close()
    for act in (client.send, client.ask):
        with pytest.raises(GatewayFailed) as failed:
            act(order())
        assert not failed.value.final


def test_a_token_is_kept_until_it_expires_and_renewed_once_when_it_is_refused(
    client: mpesa.Mpesa, daraja: Daraja
) -> None:
    client.send(order("C-1"))
    client.send(order("C-2"))
    assert daraja.state.tokens_given == 1
    daraja.state.valid.clear()
    client.send(order("C-3"))
    assert daraja.state.tokens_given == 2
    daraja.state.expires_in = "50"
    daraja.state.valid.clear()
    client.send(order("C-4"))
    client.send(order("C-5"))
    # One that is good for less than a minute is not kept.
    assert daraja.state.tokens_given == 4
    assert len(daraja.orders) == 5


def test_a_token_that_is_refused_again_and_again_fails_the_payment(client: mpesa.Mpesa, daraja: Daraja) -> None:
    client.check_access()
    daraja.state.valid = type("Nothing", (set,), {"add": lambda *_: None})()
    with pytest.raises(GatewayFailed, match="token"):
        client.send(order())
    assert daraja.state.requests.count("paymentrequest") == 2
    daraja.state.token_behaviour = Refusal(400, "400.008.01", "Invalid Authentication passed")
    with pytest.raises(GatewayFailed, match="consumer key"):
        client.check_access()


# --- numbers, codes and results ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0712345678", "254712345678"),
        ("+254 712-345 678", "254712345678"),
        ("254112345678", "254112345678"),
        ("712345678", "254712345678"),
        ("(0)712345678", "254712345678"),
        ("0812345678", None),
        ("071234567", None),
        ("07123456789", None),
        ("+255712345678", None),
        ("٠٧١٢٣٤٥٦٧٨", None),
        ("", None),
    ],
)
def test_a_phone_number_is_written_in_one_way(typed: str, number: str | None) -> None:
    assert mpesa.phone_number(typed) == number


def test_every_documented_code_says_what_to_do() -> None:
    final = {code for code, found in mpesa_codes.RESULTS.items() if found.meaning is Meaning.FINAL}
    assert {"2", "3", "2040", "SFC_IC0003"} <= final
    assert {"1", "4", "8", "11", "18", "20", "21", "26", "2001", "2006", "2028", "8006"}.isdisjoint(final)
    assert mpesa_codes.of_result("17").meaning is Meaning.IN_DOUBT
    assert mpesa_codes.of_result("no such code").meaning is Meaning.IN_DOUBT
    assert mpesa_codes.of_result("15").meaning is Meaning.SENT_BEFORE


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "Result",
        {},
        {"Result": None},
        {"Result": []},
        {"Result": {}},
        {"Result": {"ResultCode": None}},
        {"Result": {"ResultCode": True}},
        {"Result": {"ResultCode": 0}},
        {"Result": {"ResultCode": 0, "TransactionID": "../etc"}},
        {"Result": {"ResultCode": 0, "ResultParameters": {"ResultParameter": [1, None, {"Key": "x"}]}}},
    ],
)
def test_what_is_no_result_is_refused(payload: object) -> None:
    with pytest.raises(mpesa_results.NotAResult):
        mpesa_results.read_result(payload)


def test_a_single_parameter_comes_without_a_list(daraja: Daraja) -> None:
    payload = {
        "Result": {
            "ResultCode": "0",
            "OriginatorConversationID": "C-1",
            "TransactionID": "SBX0000001",
            "ResultParameters": {"ResultParameter": {"Key": "TransactionAmount", "Value": "10.5"}},
        }
    }
    told = mpesa_results.read_result(payload)
    assert (told.cents, told.outcome.reference, told.outcome.verdict) == (1050, "SBX0000001", Verdict.SUCCEEDED)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("Completed", Verdict.SUCCEEDED), ("Failed", Verdict.FAILED), ("Expired", Verdict.FAILED)]
    + [(state, Verdict.PENDING) for state in ("Pending", "Authorized", "", "something new")],
)
def test_the_state_of_a_transaction_is_read_from_the_answer(daraja: Daraja, state: str, verdict: Verdict) -> None:
    taken = vendor.Taken({"Amount": 10, "OriginatorConversationID": "C-1"}, "AG_1", "SBX0000001")
    assert mpesa_results.read_status(daraja.status(taken, state)).outcome.verdict is verdict
    assert mpesa_results.read_status(daraja.status(None)).outcome.verdict is Verdict.NOT_KNOWN


# --- settings ---------------------------------------------------------------------------------------------------------


def test_settings_are_told_without_their_secrets(
    sqlite_desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert gateway_views.show(sqlite_desk).is_configured is False
    with pytest.raises(Refused, match="not set up"):
        gateway_views.check(sqlite_desk)
    vendor.use(monkeypatch, daraja, tmp_path)
    found = gateway_views.show(sqlite_desk)
    assert (found.is_configured, found.problem) == (True, "")
    shown = repr((found, gateway_settings.mpesa_settings(sqlite_desk)))
    assert vendor.SECRET not in shown
    assert vendor.PASSWORD not in shown
    assert vendor.KEY not in shown
    assert gateway_views.check(sqlite_desk).token_seconds == 3599


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHORT_CODE", "abc"),
        ("INITIATOR", ""),
        ("ENVIRONMENT", "live"),
        ("COMMAND", "Gift"),
        ("CERTIFICATE", "/nowhere"),
        ("CERTIFICATE", ""),
        ("CALLBACK_URL", ""),
        ("CALLBACK_URL", "http://pay.example.com"),
        ("BASE_URL", "http://sandbox.safaricom.co.ke"),
        ("BASE_URL", "ftp://127.0.0.1"),
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "soon"),
    ],
)
def test_a_wrong_setting_is_named(
    sqlite_desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    vendor.use(monkeypatch, daraja, tmp_path)
    monkeypatch.setenv(f"PETTYCASH_MPESA_{name}", value)
    with pytest.raises(Refused) as refused:
        gateway_settings.mpesa_settings(sqlite_desk)
    assert (refused.value.code, set(refused.value.fields)) == ("gateway_settings", {name.lower()})


def test_a_certificate_that_is_none_and_a_missing_secret_are_named(
    sqlite_desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vendor.use(monkeypatch, daraja, tmp_path)
    (tmp_path / "mpesa.cer").write_bytes(b"nothing")
    with pytest.raises(Refused, match="certificate"):
        gateway_settings.mpesa_settings(sqlite_desk)
    monkeypatch.delenv("PETTYCASH_MPESA_CONSUMER_SECRET_FILE")
    with pytest.raises(Refused, match="mpesa_consumer_secret is nowhere"):
        gateway_settings.mpesa_settings(sqlite_desk)


def test_the_file_of_the_home_has_a_section_for_it(sqlite_desk: Desk) -> None:
    file = sqlite_desk.home / "config.toml"
    file.write_text('[mpesa]\nshort_code = 600997\ninitiator = "api"\n')
    assert gateway_settings.given(sqlite_desk.home)["short_code"] == "600997"
    file.write_text("mpesa = 1\n")
    with pytest.raises(Refused, match="section"):
        gateway_settings.given(sqlite_desk.home)
    file.write_text("[mpesa\n")
    with pytest.raises(Refused, match="cannot be read"):
        gateway_settings.is_any(sqlite_desk)


def test_a_demo_never_sends_money(
    sqlite_desk: Desk, daraja: Daraja, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vendor.use(monkeypatch, daraja, tmp_path)
    people = story.trading_company(sqlite_desk, kind=DEMO)
    with sqlite_desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    payment = phone(sqlite_desk, people["staff"])
    officer = story.executor_of(sqlite_desk, payment)
    assert isinstance(execution.execute(sqlite_desk, officer, payment, reference="SBX1"), Executed)
    assert daraja.state.requests == []
