"""One-time codes: bound to what is paid, counted before they are compared, void in time, and never written down."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import books
import pyotp
import pytest
import story
from settable_clock import SettableClock
from smtp_server import MailServer
from sqlalchemy import Row, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, PaymentStatus
from pettycash_tui.services import codes, execution, otp, payment_facts, payment_views, payments, signin, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor

WRONG = "code_wrong"


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server in the place of the outbox."""
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    with MailServer() as server:
        for name, value in (
            ("HOST", "127.0.0.1"),
            ("PORT", str(server.port)),
            ("TLS", "none"),
            ("FROM", "desk@a.test"),
        ):
            monkeypatch.setenv(f"PETTYCASH_SMTP_{name}", value)
        yield server


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return story.trading_company(desk)


@pytest.fixture
def payment(desk: Desk, people: dict[str, Actor]) -> str:
    """An approved payment of 4,500.00."""
    return story.approved(desk, people["staff"])


@pytest.fixture
def officer(desk: Desk, payment: str) -> Actor:
    """Its executor."""
    return story.executor_of(desk, payment)


def other_than(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06d}"


def refusal(desk: Desk, officer: Actor, payment: str, code: str) -> Refused:
    with pytest.raises(Refused) as refused:
        execution.execute(desk, officer, payment, code=code)
    return refused.value


def codes_of(desk: Desk) -> list[Row[Any]]:
    return books.read(desk).codes


def user_row(desk: Desk, who: Actor) -> Row[Any]:
    return desk.read(SYSTEM, lambda reading: reading.execute(select(t.user).where(t.user.c.id == who.id)).one())


def set_company(desk: Desk, **values: Any) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(**values))


# --- sending ----------------------------------------------------------------------------------------------------------


def test_a_code_arrives_by_mail_and_pays(mail: MailServer, desk: Desk, payment: str, officer: Actor) -> None:
    sent = otp.send(desk, officer, payment)

    (message,) = mail.received
    words = message.get_content()
    assert message["To"].addresses[0].addr_spec == f"{officer.username}@acme.example"
    assert all(part in words for part in ("4,500.00", "Total Energies", payment))
    assert (sent.channel, sent.attempts_left, sent.demo_code) == (OtpChannel.EMAIL, 5, None)
    assert officer.username not in sent.sent_to and sent.sent_to.endswith("@acme.example")
    assert sent.expires_at - desk.clock() == timedelta(minutes=5)
    done = execution.execute(desk, officer, payment, code=mail.last_code())
    assert done.voucher_number == "PCV-NBI-2026-00001"
    books.check(desk)


def test_a_code_that_is_not_delivered_is_void_and_the_officer_is_told(
    mail: MailServer, desk: Desk, payment: str, officer: Actor, clock: SettableClock
) -> None:
    mail.refusing = True

    with pytest.raises(Refused) as refused:
        otp.send(desk, officer, payment)

    assert refused.value.code == "delivery_failed"
    assert f"127.0.0.1:{mail.port}" in refused.value.message
    (code,) = codes_of(desk)
    assert code.voided_at is not None
    assert [event.subject for event in books.check(desk).actions("otp.undelivered")] == [payment]
    assert refusal(desk, officer, payment, "123456").code == "no_code"
    mail.refusing = False
    clock.advance(seconds=61)
    otp.send(desk, officer, payment)
    execution.execute(desk, officer, payment, code=mail.last_code())


def test_a_delivery_that_fails_late_does_not_void_the_code_that_arrived(
    mail: MailServer, desk: Desk, payment: str, officer: Actor, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = otp.messages.deliver

    def slow_and_then_refused(*arguments: Any) -> None:
        monkeypatch.setattr(otp.messages, "deliver", delivered)
        clock.advance(seconds=61)
        otp.send(desk, officer, payment)
        raise Refused("The mail server cannot be reached.", code="delivery_failed")

    monkeypatch.setattr(otp.messages, "deliver", slow_and_then_refused)
    with pytest.raises(Refused):
        otp.send(desk, officer, payment)

    assert execution.execute(desk, officer, payment, code=mail.last_code())


def test_an_officer_without_an_address_or_an_app_is_told_what_is_missing(
    desk: Desk, payment: str, officer: Actor
) -> None:
    for channel in (OtpChannel.EMAIL, OtpChannel.TOTP, OtpChannel.SMS):
        with desk.engine.begin() as connection:
            connection.execute(update(t.user).values(email="", otp_channel=channel))

        with pytest.raises(Refused) as refused:
            otp.send(desk, officer, payment)

        assert refused.value.code == "no_channel"
    assert codes_of(desk) == []


def test_a_code_for_sms_says_that_it_went_by_mail(mail: MailServer, desk: Desk, payment: str, officer: Actor) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(t.user).values(otp_channel=OtpChannel.SMS))

    assert otp.send(desk, officer, payment).channel is OtpChannel.EMAIL
    execution.execute(desk, officer, payment, code=mail.last_code())
    assert books.check(desk).executions[0].channel is OtpChannel.EMAIL


def test_another_code_can_be_asked_for_after_a_minute_and_voids_the_first(
    desk: Desk, payment: str, officer: Actor, clock: SettableClock
) -> None:
    first = story.code_for(desk, payment)
    clock.advance(seconds=59)
    with pytest.raises(Refused) as refused:
        otp.send(desk, officer, payment)
    assert refused.value.code == "resend_too_soon"
    assert "in 1 s" in refused.value.message

    clock.advance(seconds=1)
    second = story.code_for(desk, payment)

    assert [code.voided_at is None for code in codes_of(desk)] == [False, True]
    if first != second:
        assert refusal(desk, officer, payment, first).code == WRONG
    execution.execute(desk, officer, payment, code=second)


def test_only_the_executor_gets_a_code_and_a_new_one_voids_it(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor
) -> None:
    other = people["treasury2" if officer.username == "treasury" else "treasury"]
    with pytest.raises(Refused) as refused:
        otp.send(desk, other, payment)
    assert refused.value.code == "not_executor"
    code = story.code_for(desk, payment)

    desk.run(people["cfo"], payments.assign, payment, other.username)

    assert refusal(desk, officer, payment, code).code == "not_executor"
    assert refusal(desk, other, payment, code).code == "no_code"
    execution.execute(desk, other, payment, code=story.code_for(desk, payment))


# --- trying -----------------------------------------------------------------------------------------------------------


def test_five_wrong_tries_void_a_code_and_the_sixth_is_not_compared(
    desk: Desk, payment: str, officer: Actor, clock: SettableClock
) -> None:
    code = story.code_for(desk, payment)

    told = [refusal(desk, officer, payment, other_than(code, n)) for n in range(1, 6)]

    assert [error.code for error in told] == [WRONG] * 4 + ["code_void"]
    assert [error.message.split("; ")[-1] for error in told[:4]] == [
        "4 tries are left.",
        "3 tries are left.",
        "2 tries are left.",
        "1 try is left.",
    ]
    sixth = refusal(desk, officer, payment, code)
    assert sixth.code == "code_void"
    assert "is wrong" not in sixth.message
    found = books.check(desk)
    assert len(found.actions("otp.refused")) == 5
    assert [c.attempts for c in found.codes] == [5]
    clock.advance(seconds=61)
    execution.execute(desk, officer, payment, code=story.code_for(desk, payment))


def test_a_wrong_code_is_no_failed_payment(desk: Desk, payment: str, officer: Actor) -> None:
    before = books.check(desk)
    code = story.code_for(desk, payment)

    refusal(desk, officer, payment, other_than(code))

    after = books.check(desk)
    same = ("status", "retry_count", "last_error", "is_held", "updated_at", "voucher_number")
    assert [getattr(after.payment(payment), name) for name in same] == [
        getattr(before.payment(payment), name) for name in same
    ]
    assert after.fund("NBI") == before.fund("NBI")
    assert not after.actions("payment.failed")
    execution.execute(desk, officer, payment, code=code)


def test_the_right_code_on_the_fifth_try_pays(desk: Desk, payment: str, officer: Actor) -> None:
    code = story.code_for(desk, payment)
    for n in range(1, 5):
        assert refusal(desk, officer, payment, other_than(code, n)).code == WRONG

    assert execution.execute(desk, officer, payment, code=code)


def test_what_is_no_code_costs_no_try(desk: Desk, payment: str, officer: Actor) -> None:
    code = story.code_for(desk, payment)
    for typed in ("", "12345", "1234567", "12345a", "１２３４５６", "12 34"):
        with pytest.raises(InvalidInput) as refused:
            execution.execute(desk, officer, payment, code=typed)
        assert list(refused.value.fields) == ["otp"]
    assert [c.attempts for c in codes_of(desk)] == [0]
    assert execution.execute(desk, officer, payment, code=f" {code[:3]} {code[3:]} ")


def test_a_missing_reference_costs_no_try(desk: Desk, people: dict[str, Actor]) -> None:
    payment = story.approved(desk, people["staff"], method="mpesa", destination="+254700000001")
    officer, code = story.executor_of(desk, payment), story.code_for(desk, payment)

    with pytest.raises(InvalidInput) as refused:
        execution.execute(desk, officer, payment, code=code)

    assert list(refused.value.fields) == ["reference"]
    assert [c.attempts for c in codes_of(desk)] == [0]
    assert execution.execute(desk, officer, payment, code=code, reference="QGH7SK61").gateway_reference == "QGH7SK61"


def test_a_code_expires_after_five_minutes(desk: Desk, payment: str, officer: Actor, clock: SettableClock) -> None:
    code = story.code_for(desk, payment)
    clock.advance(minutes=5)

    assert refusal(desk, officer, payment, code).code == "code_expired"
    assert [c.attempts for c in codes_of(desk)] == [0]


def test_a_verified_code_pays_until_it_expires(desk: Desk, payment: str, officer: Actor, clock: SettableClock) -> None:
    code = story.code_for(desk, payment)
    assert desk.read(officer, payment_views.explain, payment).reasons[0].code == "code_not_verified"
    verified = otp.verify(desk, officer, payment, code)
    assert desk.read(officer, payment_views.explain, payment).allowed

    clock.now = verified.expires_at
    assert [r.code for r in desk.read(officer, payment_views.explain, payment).reasons] == ["code_expired"]
    with pytest.raises(Refused) as refused:
        execution.execute(desk, officer, payment)
    assert refused.value.code == "code_expired"

    clock.now = verified.expires_at - timedelta(microseconds=1)
    assert execution.execute(desk, officer, payment)
    books.check(desk)


def test_five_wrong_tries_void_a_verified_code_too(desk: Desk, payment: str, officer: Actor) -> None:
    code = story.code_for(desk, payment)
    otp.verify(desk, officer, payment, code)
    for n in range(1, 5):
        refusal(desk, officer, payment, other_than(code, n))

    with pytest.raises(Refused) as refused:
        execution.execute(desk, officer, payment)

    assert refused.value.code == "code_not_verified"


def test_a_code_is_of_no_use_for_another_payment(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor
) -> None:
    numbers = [payment, *(story.approved(desk, people["staff"]) for _ in range(2))]
    mine = [n for n in numbers if story.executor_of(desk, n) == officer]
    first, second = story.code_for(desk, mine[0]), story.code_for(desk, mine[1])

    if first != second:
        assert refusal(desk, officer, mine[1], first).code == WRONG
    execution.execute(desk, officer, mine[0], code=first)
    execution.execute(desk, officer, mine[1], code=second)
    books.check(desk)


def test_a_code_is_bound_to_what_is_paid(
    desk: Desk, payment: str, officer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = story.code_for(desk, payment)
    facts = desk.read(officer, payment_facts.read, story.id_of_payment(desk, payment))
    hashes = {
        payment_facts.payment_hash(facts),
        *(
            payment_facts.payment_hash(Changed(facts, **{name: value}))
            for name, value in (("amount", 1), ("currency", "USD"), ("destination", "x"), ("id", officer.id))
        ),
    }
    assert len(hashes) == 5
    # As if the payment had been changed behind every trigger's back.
    monkeypatch.setattr(payment_facts, "payment_hash", lambda facts: "0" * 64)

    assert refusal(desk, officer, payment, code).code == "code_not_of_payment"
    monkeypatch.undo()
    books.check(desk)


class Changed:
    """The facts of a payment with something else in them."""

    def __init__(self, facts: Any, **values: Any) -> None:
        self._facts = facts
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._facts, name)


def test_a_used_code_is_not_used_again(desk: Desk, payment: str, officer: Actor) -> None:
    code = story.code_for(desk, payment)
    execution.execute(desk, officer, payment, code=code)

    assert refusal(desk, officer, payment, code).code == "already_executed"
    with pytest.raises(Refused):
        otp.send(desk, officer, payment)
    with desk.engine.begin() as connection, pytest.raises(Exception, match="spent once"):
        connection.execute(update(t.otp_challenge).values(consumed_at=None))


# --- locking ----------------------------------------------------------------------------------------------------------


def test_ten_failures_in_a_row_lock_the_officer_until_an_admin_unlocks(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor, clock: SettableClock
) -> None:
    for until in (5, 10):
        code = story.code_for(desk, payment)
        for n in range(1, 6):
            last = refusal(desk, officer, payment, other_than(code, n))
        assert user_row(desk, officer).otp_failures == until
        clock.advance(seconds=61)
    assert last.code == "code_locked"
    with pytest.raises(Refused) as refused:
        otp.send(desk, officer, payment)
    assert refused.value.code == "code_locked"
    clock.advance(days=30)
    assert [r.code for r in desk.read(officer, payment_views.explain, payment).reasons] == [
        "code_locked",
        "code_not_verified",
    ]

    desk.run(people["admin"], signin.unlock, officer.username)

    assert user_row(desk, officer).otp_failures == 0
    execution.execute(desk, officer, payment, code=story.code_for(desk, payment))
    books.check(desk)


def test_a_right_code_sets_the_count_of_failures_back(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor, clock: SettableClock
) -> None:
    code = story.code_for(desk, payment)
    for n in range(1, 5):
        refusal(desk, officer, payment, other_than(code, n))
    assert user_row(desk, officer).otp_failures == 4

    execution.execute(desk, officer, payment, code=code)

    assert user_row(desk, officer).otp_failures == 0


# --- the authenticator app --------------------------------------------------------------------------------------------


@pytest.fixture
def app(desk: Desk, payment: str, officer: Actor, clock: SettableClock) -> pyotp.TOTP:
    """The officer's app, enrolled a minute ago."""
    with desk.engine.begin() as connection:
        connection.execute(update(t.user).values(otp_channel=OtpChannel.TOTP))
    made = pyotp.TOTP(totp.enrol(desk, officer).secret_base32)
    totp.confirm(desk, officer, made.at(clock()))
    clock.advance(seconds=61)
    return made


def test_a_code_of_the_app_pays_without_being_asked_for(
    desk: Desk, payment: str, officer: Actor, app: pyotp.TOTP, clock: SettableClock
) -> None:
    done = execution.execute(desk, officer, payment, code=app.at(clock()))

    assert done.voucher_number
    found = books.check(desk)
    assert [(e.channel, e.otp_verified_by_id) for e in found.executions] == [(OtpChannel.TOTP, officer.id)]
    assert [(c.channel, c.code_hmac, c.attempts) for c in found.codes] == [(OtpChannel.TOTP, None, 1)]
    assert not list((desk.home / "outbox").glob("*.eml")), "no code is mailed"


def test_a_step_of_the_app_is_accepted_once(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor, app: pyotp.TOTP, clock: SettableClock
) -> None:
    numbers = [payment, *(story.approved(desk, people["staff"]) for _ in range(2))]
    first, second = [n for n in numbers if story.executor_of(desk, n) == officer]
    code, next_code = app.at(clock()), app.at(clock() + timedelta(seconds=30))
    execution.execute(desk, officer, first, code=code)

    assert refusal(desk, officer, second, code).code == "code_used"
    assert books.check(desk).payment(second).status is PaymentStatus.PENDING

    execution.execute(desk, officer, second, code=next_code)
    books.check(desk)


def test_a_step_used_to_verify_is_used(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor, app: pyotp.TOTP, clock: SettableClock
) -> None:
    otp.verify(desk, officer, payment, app.at(clock()))

    assert refusal(desk, officer, payment, app.at(clock())).code == "code_used"
    assert execution.execute(desk, officer, payment)


def test_wrong_codes_of_the_app_are_counted_as_others_are(
    desk: Desk, payment: str, officer: Actor, app: pyotp.TOTP, clock: SettableClock
) -> None:
    near = {app.at(clock() + timedelta(seconds=30 * n)) for n in (-1, 0, 1)}
    wrong = [code for code in (f"{n:06d}" for n in range(20)) if code not in near][:6]

    told = [refusal(desk, officer, payment, code).code for code in wrong]

    assert told == [WRONG] * 4 + ["code_void", "resend_too_soon"]
    clock.advance(seconds=61)
    assert execution.execute(desk, officer, payment, code=app.at(clock()))


def test_a_challenge_of_the_app_that_expired_is_opened_anew(
    desk: Desk, payment: str, officer: Actor, app: pyotp.TOTP, clock: SettableClock
) -> None:
    assert otp.send(desk, officer, payment).sent_to == "your authenticator app"
    clock.advance(minutes=6)
    assert refusal(desk, officer, payment, app.at(clock())).code == "code_expired"

    otp.send(desk, officer, payment)

    assert execution.execute(desk, officer, payment, code=app.at(clock()))


def test_an_officer_who_has_not_confirmed_the_app_gets_mail(
    desk: Desk, payment: str, officer: Actor, clock: SettableClock
) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(t.user).values(otp_channel=OtpChannel.TOTP))
    totp.enrol(desk, officer)

    assert otp.send(desk, officer, payment).channel is OtpChannel.EMAIL


# --- when a code is needed --------------------------------------------------------------------------------------------


def test_a_code_is_needed_at_or_above_the_threshold(desk: Desk, people: dict[str, Actor]) -> None:
    set_company(desk, otp_threshold=5_000_00)
    below, at = story.approved(desk, people["staff"], "4999.99"), story.approved(desk, people["staff"], "5000")

    assert execution.execute(desk, story.executor_of(desk, below), below)
    with pytest.raises(Refused) as refused:
        execution.execute(desk, story.executor_of(desk, at), at)
    assert refused.value.code == "code_not_verified"
    assert story.pay(desk, at)
    assert [e.channel for e in books.check(desk).executions] == [None, OtpChannel.EMAIL]


def test_raising_the_threshold_later_does_not_free_a_payment_that_needs_a_code(
    desk: Desk, payment: str, officer: Actor
) -> None:
    set_company(desk, otp_threshold=10**12)

    with pytest.raises(Refused) as refused:
        execution.execute(desk, officer, payment)

    assert refused.value.code == "code_not_verified"


# --- never written down -----------------------------------------------------------------------------------------------


def test_a_code_is_in_no_table_log_event_or_error(
    mail: MailServer, desk: Desk, payment: str, officer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter((493817, 493817))
    monkeypatch.setattr(codes.secrets, "randbelow", lambda _: next(numbers))
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(handler)
    texts: list[str] = []
    try:
        sent = otp.send(desk, officer, payment)
        assert mail.last_code() == "493817"
        texts.append(repr(sent))
        mail.refusing = True
        for typed in ("271643", "493817"):
            try:
                texts.append(repr(otp.verify(desk, officer, payment, typed)))
            except PettyCashError as error:
                texts.append("".join(traceback.format_exception(error)) + repr(error.fields) + repr(error.reasons))
        texts.append(repr(execution.execute(desk, officer, payment)))
        with pytest.raises(Refused) as used:
            execution.execute(desk, officer, payment, code="493817")
        texts.append("".join(traceback.format_exception(used.value)))
    finally:
        root.removeHandler(handler)

    texts += [log.getvalue(), *_everything_stored(desk)]
    assert any(payment in words for words in texts)
    # The source line of a traceback shows the literal of this test itself.
    found = [words for words in texts if "493817" in words.replace('code="493817"', "") or "271643" in words]
    assert found == []


def _everything_stored(desk: Desk) -> list[str]:
    with desk.engine.connect() as connection:
        return [
            repr(tuple(row)) for table in t.metadata.sorted_tables for row in connection.execute(select(table)).all()
        ]


def test_an_undelivered_code_is_not_in_the_error(
    mail: MailServer, desk: Desk, payment: str, officer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes.secrets, "randbelow", lambda _: 493817)
    mail.refusing = True

    with pytest.raises(Refused) as refused:
        otp.send(desk, officer, payment)

    assert "493817" not in "".join(traceback.format_exception(refused.value)).replace("lambda _: 493817", "")


def test_what_is_stored_of_a_code_is_of_no_use_without_the_server_key(
    desk: Desk, people: dict[str, Actor], payment: str, officer: Actor, home: Any
) -> None:
    code = story.code_for(desk, payment)
    (stored,) = codes_of(desk)
    keyless = {codes.mac(key, stored.id, code) for key in (b"", b"\0" * 32, b"otp")}
    assert stored.code_hmac not in keyless
    assert stored.code_hmac == codes.mac(desk.secrets.derive("otp"), stored.id, code)
    (home / "server.key").write_text("ab" * 32 + "\n")
    other = Desk(desk.url, home, clock=desk.clock)
    try:
        assert refusal(other, officer, payment, code).code == WRONG
    finally:
        other.close()
