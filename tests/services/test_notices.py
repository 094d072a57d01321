"""Notices: who is told what, when and how; once each, never what is not theirs to see; kept, tried again, shown."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import banking
import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat, GatewayName, NoticeChannel, NoticeKind, NoticeStatus, NoticeTiming
from pettycash_tui.services import (
    alerts,
    bank_batches,
    bank_settling,
    courier,
    digests,
    execution,
    jobs,
    notice_choices,
    notice_delivery,
    notices,
    orders,
    payment_facts,
    payments,
    replenishments,
    workflow,
)
from pettycash_tui.services.desk_courier import DeskCourier
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.posting import Confirmed


def told(trading: Trading, *kinds: NoticeKind) -> list[tuple[str, str, str]]:
    """Who is told of what kind about what, sorted."""
    names = {row.id: row.username for row in trading.rows(t.user)}
    rows = trading.rows(t.notice)
    return sorted(
        (names[row.person_id], row.kind.value, row.subject_number) for row in rows if not kinds or row.kind in kinds
    )


def collect(trading: Trading) -> int:
    return courier.collect(trading.desk)


def letters(home: Path) -> list[str]:
    """What was handed over, oldest first."""
    return [path.read_text() for path in sorted((home / "outbox" / "notices").glob("*"))]


def choose(trading: Trading, who: str, kind: NoticeKind, how: NoticeTiming, by: NoticeChannel | None = None) -> Any:
    return trading.desk.run(trading[who], notice_choices.choose, kind, how, by)


# --- who is told ------------------------------------------------------------------------------------------------------


def test_each_step_tells_who_is_next_once_however_often_the_courier_comes(trading: Trading, home: Path) -> None:
    number = trading.request(payee="Mama Njeri", purpose="Milk")
    assert collect(trading) == 1
    assert collect(trading) == 0
    assert told(trading) == [("branch_manager", "waits_for_you", number)]
    done = notice_delivery.deliver_due(trading.desk)
    assert [(each.to, each.status) for each in done.sent] == [("branch_manager", NoticeStatus.SENT)]
    assert notice_delivery.deliver_due(trading.desk) == notice_delivery.Delivered()
    [letter] = letters(home)
    assert f"{number} waits for your approval: KES 4,500.00 to Mama Njeri." in letter
    assert f"pettycash req approve {number}" in letter
    assert "Milk" in letter
    trading.approve(number, "branch_manager")
    collect(trading)
    assert told(trading) == [("branch_manager", "waits_for_you", number), ("treasury", "waits_for_you", number)]


def test_who_decided_before_the_courier_came_is_not_told(trading: Trading) -> None:
    number = trading.request()
    trading.approve(number, "branch_manager")
    collect(trading)
    assert told(trading) == [("treasury", "waits_for_you", number)]


def test_the_delegate_is_told_while_the_approver_is_away(trading: Trading) -> None:
    trading.away("branch_manager", "regional_manager")
    number = trading.request()
    collect(trading)
    assert told(trading) == [("regional_manager", "waits_for_you", number)]


def test_the_requester_is_told_of_changes_and_rejection_with_the_reason(trading: Trading, home: Path) -> None:
    sent_back, refused = trading.request(), trading.request(amount="4600")
    collect(trading)
    trading.act("branch_manager", workflow.request_changes, sent_back, "which shop?")
    trading.act("branch_manager", workflow.reject, refused, "not this year")
    courier.run(trading.desk)
    assert told(trading, NoticeKind.CHANGES_ASKED) == [("staff", "changes_asked", sent_back)]
    assert told(trading, NoticeKind.REJECTED) == [("staff", "rejected", refused)]
    words = "\n".join(letters(home))
    assert "which shop?" in words and "not this year" in words and f"pettycash req edit {sent_back}" in words


def test_a_payment_tells_its_executor_then_its_requester_and_treasury_that_the_fund_is_low(trading: Trading) -> None:
    payment = trading.approved(amount="60000")
    collect(trading)
    executor = story.executor_of(trading.desk, payment).username
    assert (executor, "waits_for_you", payment) in told(trading) or executor == "treasury"
    story.pay(trading.desk, payment)
    collect(trading)
    assert told(trading, NoticeKind.PAID) == [("staff", "paid", payment)]
    assert ("treasury", "fund_low", "NBI") in told(trading)
    assert not [who for who, kind, _ in told(trading) if kind == "fund_low" and who in ("staff", "cfo", "ceo")]
    low = told(trading, NoticeKind.FUND_LOW)
    collect(trading)
    assert told(trading, NoticeKind.FUND_LOW) == low


def test_a_payment_given_to_another_officer_tells_them(trading: Trading) -> None:
    payment = trading.approved()
    collect(trading)
    before = story.executor_of(trading.desk, payment).username
    other = "treasury2" if before == "treasury" else "treasury"
    trading.desk.run(trading["cfo"], payments.assign, payment, other, "away")
    collect(trading)
    assert (other, "waits_for_you", payment) in told(trading)


def test_a_failure_tells_the_requester_and_once_no_retry_is_left_the_cfo(trading: Trading) -> None:
    payment = trading.approved()
    collect(trading)
    trading.change(
        lambda work: work.execute(
            update(t.payment).where(t.payment.c.number == payment).values(status="failed", last_error="no float")
        )
    )

    def fail(work: Any) -> None:
        row = work.execute(t.payment.select().where(t.payment.c.number == payment)).one()
        payments.record(work, row, "payment.failed", {"error": "no float"})

    trading.desk.run(SYSTEM, fail)
    collect(trading)
    executor = story.executor_of(trading.desk, payment).username
    assert told(trading, NoticeKind.FAILED) == sorted([("staff", "failed", payment), (executor, "failed", payment)])
    trading.change(
        lambda work: work.execute(update(t.payment).where(t.payment.c.number == payment).values(retry_count=3))
    )
    trading.desk.run(SYSTEM, fail)
    collect(trading)
    assert ("cfo", "failed", payment) in told(trading)


def test_a_replenishment_tells_who_approves_who_records_and_who_asked(trading: Trading) -> None:
    number = trading.desk.run(trading["cfo"], replenishments.request, "HQ", "1000").number
    collect(trading)
    approvers = [who for who, _, _ in told(trading)]
    assert "treasury" in approvers and "group_finance_manager" in approvers and "cfo" not in approvers
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, number)
    collect(trading)
    trading.desk.run(trading["treasury"], replenishments.complete, number, "BANK-7")
    collect(trading)
    assert told(trading, NoticeKind.REPLENISHED) == [
        ("cfo", "replenished", number),
        ("treasury2", "replenished", number),
    ]


# --- who is not -------------------------------------------------------------------------------------------------------


def test_nobody_is_told_who_is_deactivated_before_or_after_it_was_written(trading: Trading) -> None:
    number = trading.request()
    collect(trading)
    trading.deactivate("branch_manager")
    done = notice_delivery.deliver_due(trading.desk)
    assert done.sent == ()
    assert [each.status for each in done.left] == [NoticeStatus.OUTDATED]
    assert told(trading) == [("branch_manager", "waits_for_you", number)]
    trading.deactivate("staff")
    trading.change(lambda work: work.execute(update(t.notice_cursor).values(sequence=999)))


def test_what_was_decided_before_the_notice_went_is_not_sent(trading: Trading, home: Path) -> None:
    number = trading.request()
    collect(trading)
    trading.approve(number, "branch_manager")
    done = notice_delivery.deliver_due(trading.desk)
    assert [each.error for each in done.left] == ["It does not wait any more."]
    assert letters(home) == []


def test_old_events_are_no_news(trading: Trading) -> None:
    trading.request()
    trading.clock.advance(days=3)
    assert collect(trading) == 0
    trading.request()
    assert collect(trading) == 1


def test_books_can_begin_at_their_present(trading: Trading) -> None:
    trading.request()
    trading.desk.run_unaudited(SYSTEM, courier.begin_at_present)
    assert collect(trading) == 0
    trading.request()
    assert collect(trading) == 1


def test_people_of_another_company_are_told_nothing_and_see_nothing(trading: Trading) -> None:
    story.trading_company(trading.desk, "BETA", prefix="b_")
    trading.desk.run(trading["cfo"], replenishments.request, "HQ", "1000")
    collect(trading)
    assert not [who for who, _, _ in told(trading) if who.startswith("b_")]
    [notice, *_] = trading.rows(t.notice)
    with pytest.raises(NotFound):
        trading.desk.read(trading["b_admin"], notices.show, notice.id)
    page = trading.desk.read(trading["b_admin"], lambda reading: notices.list_notices(reading, everyone=True))
    assert page.items == ()


def test_who_may_not_see_the_request_any_more_is_not_told(trading: Trading) -> None:
    payment = trading.approved(amount="60000")
    collect(trading)
    story.pay(trading.desk, payment)
    fund = trading.row_of_company(t.treasury_fund, "NBI")
    # A custodian reads the ledger of their own fund; somebody who is none of it sees nothing of it.
    assert fund.custodian_id is None or fund.custodian_id != trading["staff"].id
    collect(trading)
    assert "staff" not in [who for who, kind, _ in told(trading) if kind == "fund_low"]


def test_a_text_from_people_stays_one_line_and_cannot_steer(trading: Trading, home: Path) -> None:
    number = trading.request(payee="A ${code} $number %s")
    courier.run(trading.desk)
    [letter] = letters(home)
    assert "to A ${code} $number %s." in letter
    assert number in letter


# --- the choice -------------------------------------------------------------------------------------------------------


def test_a_choice_of_sms_is_a_short_text_to_the_phone(trading: Trading, home: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(trading, "branch_manager", NoticeKind.WAITS_FOR_YOU, NoticeTiming.AT_ONCE, NoticeChannel.SMS)
    assert "phone number" in refused.value.fields["channel"]
    trading.set_person("branch_manager", phone_number="+254712345678")
    choose(trading, "branch_manager", NoticeKind.WAITS_FOR_YOU, NoticeTiming.AT_ONCE, NoticeChannel.SMS)
    number = trading.request(payee="P" * 150, purpose="Milk")
    courier.run(trading.desk)
    [text] = letters(home)
    head, _, body = text.partition("\n\n")
    assert head == "To: +254712345678"
    assert number in body and len(body.strip()) <= 160


def test_off_is_off_and_choices_show_what_holds(trading: Trading) -> None:
    choose(trading, "branch_manager", NoticeKind.WAITS_FOR_YOU, NoticeTiming.OFF)
    trading.request()
    assert collect(trading) == 0
    rows = trading.desk.read(trading["branch_manager"], notice_choices.choices)
    assert [row.kind for row in rows] == list(notice_choices.CHOOSABLE)
    assert (rows[0].how, rows[0].is_default) == (NoticeTiming.OFF, False)
    assert {row.kind: row.how for row in rows}[NoticeKind.FUND_LOW] is NoticeTiming.OFF
    with pytest.raises(InvalidInput):
        choose(trading, "branch_manager", NoticeKind.DIGEST, NoticeTiming.OFF)
    assert choose(trading, "branch_manager", NoticeKind.WAITS_FOR_YOU, NoticeTiming.AT_ONCE).how == "at_once"
    assert collect(trading) == 0


def test_the_digest_comes_once_a_day_in_the_morning_and_not_for_nothing(trading: Trading, home: Path) -> None:
    choose(trading, "branch_manager", NoticeKind.WAITS_FOR_YOU, NoticeTiming.DAILY)
    trading.clock.now = trading.clock.now.replace(hour=3, minute=30)  # 6:30 in Nairobi
    trading.clock.advance(days=1)
    assert digests.make_digests(trading.desk) == []
    trading.clock.advance(hours=1)
    assert digests.make_digests(trading.desk) == []
    first, second = trading.request(), trading.request(amount="700", payee="Kiosk")
    courier.run(trading.desk)
    assert letters(home) == []
    [planned] = digests.make_digests(trading.desk, dry_run=True)
    assert len(planned.lines) == 2
    result = jobs.run(trading.desk, "send-digests")
    assert result.done == (f"branch_manager: 2 lines for {planned.day}",)
    assert jobs.run(trading.desk, "send-digests").done == ()
    [letter] = letters(home)
    assert first in letter and second in letter and "Kiosk" in letter and "2 things for you" in letter
    trading.clock.advance(days=1)
    assert [digest.username for digest in digests.make_digests(trading.desk)] == ["branch_manager"]
    statuses = [row.status for row in trading.rows(t.notice) if row.kind is NoticeKind.WAITS_FOR_YOU]
    assert statuses == [NoticeStatus.SENT, NoticeStatus.SENT]


def test_what_is_gathered_stands_in_the_digest(trading: Trading, home: Path) -> None:
    choose(trading, "staff", NoticeKind.REJECTED, NoticeTiming.DAILY)
    number = trading.request()
    trading.act("branch_manager", workflow.reject, number, "no")
    courier.run(trading.desk)
    assert not [letter for letter in letters(home) if "rejected" in letter]
    trading.clock.now = (trading.clock.now + timedelta(days=1)).replace(hour=6)
    jobs.run(trading.desk, "send-digests")
    assert f"- {number} is rejected" in letters(home)[-1]


# --- what does not arrive ---------------------------------------------------------------------------------------------


@pytest.fixture
def away(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """A company whose mail server is away."""
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("PETTYCASH_SMTP_PORT", "9")
    monkeypatch.setenv("PETTYCASH_SMTP_TLS", "none")
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "cash@example.com")
    return trading


def only(trading: Trading) -> Any:
    [found] = trading.rows(t.notice)
    return found


def test_what_cannot_be_delivered_is_kept_and_tried_after_longer_pauses_then_given_up(away: Trading) -> None:
    away.request()
    courier.run(away.desk)
    assert (only(away).status, only(away).attempts) == (NoticeStatus.FAILED, 1)
    assert "cannot be reached" in only(away).last_error
    assert notice_delivery.deliver_due(away.desk) == notice_delivery.Delivered()
    for tried, pause in enumerate(notice_delivery.PAUSES, start=2):
        assert only(away).next_attempt_at == away.clock.now + pause
        away.clock.now += pause
        notice_delivery.deliver_due(away.desk)
        assert only(away).attempts == tried
    assert (only(away).status, only(away).next_attempt_at) == (NoticeStatus.GIVEN_UP, None)
    assert away.desk.read(away["admin"], notices.undelivered).given_up == 1
    [alert] = [one for one in away.desk.read(away["admin"], alerts.alerts) if one.kind == "undelivered"]
    assert "1 notice" in alert.sentence and alert.command == "pettycash notice list --all --status given_up"
    assert not [one for one in away.desk.read(away["cfo"], alerts.alerts) if one.kind == "undelivered"]


def test_what_was_given_up_is_delivered_when_it_is_tried_again(
    away: Trading, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    number = away.request()
    courier.run(away.desk)
    with pytest.raises(NotAllowed):
        away.desk.run(away["cfo"], notices.retry, only(away).id)
    with pytest.raises(NotFound):
        away.desk.run(away["treasury"], notices.retry, only(away).id)
    row = away.desk.run(away["admin"], notices.retry, only(away).id)
    assert row.status is NoticeStatus.QUEUED
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    courier.run(away.desk)
    assert only(away).status is NoticeStatus.SENT
    [letter] = letters(home)
    assert number in letter
    with pytest.raises(Refused):
        away.desk.run(away["admin"], notices.retry, only(away).id)


def test_who_has_no_address_is_told_of_by_the_alert_and_can_be_tried_again(trading: Trading, home: Path) -> None:
    trading.set_person("branch_manager", email="")
    trading.request()
    courier.run(trading.desk)
    assert only(trading).status is NoticeStatus.SKIPPED
    assert only(trading).last_error == "branch_manager has no email address on file."
    assert trading.desk.read(trading["admin"], notices.undelivered).without_address == 1
    trading.set_person("branch_manager", email="bm@example.com")
    trading.desk.run(trading["branch_manager"], notices.retry, only(trading).id)
    courier.run(trading.desk)
    assert len(letters(home)) == 1


def test_without_a_channel_nothing_is_tried_and_the_job_says_so(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    trading.request()
    result = jobs.run(trading.desk, "deliver-notices")
    assert (result.done, result.left) == ((), ("1 by Email: no such channel is set up here",))
    assert (only(trading).status, only(trading).attempts) == (NoticeStatus.QUEUED, 0)
    trading.clock.advance(days=4)
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    [left] = notice_delivery.deliver_due(trading.desk).left
    assert (left.status, left.error) == (NoticeStatus.OUTDATED, "It had waited for too long to be news.")


def test_a_dry_run_writes_and_sends_nothing(trading: Trading, home: Path) -> None:
    trading.request()
    result = jobs.run(trading.desk, "deliver-notices", dry_run=True)
    assert "that nobody has read for notices" in result.done[-1]
    assert trading.rows(t.notice) == [] and letters(home) == []


def test_a_courier_that_died_over_a_message_is_followed_by_another(trading: Trading) -> None:
    trading.request()
    collect(trading)
    claimed = trading.desk.run_unaudited(SYSTEM, notice_delivery._claim, list(NoticeChannel))
    assert claimed is not None and claimed.message is not None
    assert notice_delivery.deliver_due(trading.desk) == notice_delivery.Delivered()
    trading.clock.now += notice_delivery.LEASE
    [again] = notice_delivery.deliver_due(trading.desk).sent
    assert again.status is NoticeStatus.SENT
    # The first one comes to life once more: the notice is not its own any longer.
    trading.desk.run_unaudited(SYSTEM, notice_delivery._note, claimed, "too late")
    assert (only(trading).status, only(trading).attempts) == (NoticeStatus.SENT, 2)


def test_people_list_their_own_and_auditors_everybodys(trading: Trading) -> None:
    number = trading.request()
    trading.approve(number, "branch_manager")
    collect(trading)
    mine = trading.desk.read(trading["treasury"], notices.list_notices)
    assert [row.subject_number for row in mine.items] == [number]
    assert trading.desk.read(trading["staff"], notices.list_notices).items == ()
    with pytest.raises(NotAllowed):
        trading.desk.read(trading["staff"], lambda reading: notices.list_notices(reading, everyone=True))
    for more in ("500", "600"):
        trading.request(amount=more)
    collect(trading)
    first = trading.desk.read(trading["cfo"], lambda reading: notices.list_notices(reading, everyone=True, limit=2))
    rest = trading.desk.read(
        trading["cfo"], lambda reading: notices.list_notices(reading, everyone=True, limit=2, after=first.next)
    )
    assert len({row.id for row in (*first.items, *rest.items)}) == 3 and rest.next is None
    detail = trading.desk.read(trading["treasury"], notices.show, mine.items[0].id)
    assert number in detail.body


def test_a_test_message_goes_to_oneself_or_says_why_not(
    trading: Trading, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = notices.send_test(trading.desk, trading["cfo"])
    [cfo] = trading.rows(t.user, t.user.c.username == "cfo")
    assert sent == notices.SentTest(NoticeChannel.EMAIL, cfo.email)
    assert "that you asked for" in letters(home)[0]
    with pytest.raises(InvalidInput):
        notices.send_test(trading.desk, trading["cfo"], NoticeChannel.SMS)
    monkeypatch.delenv("PETTYCASH_OUTBOX")
    with pytest.raises(Refused) as refused:
        notices.send_test(trading.desk, trading["cfo"])
    assert refused.value.code == "delivery_failed"


def test_no_notice_holds_a_code(trading: Trading, home: Path) -> None:
    payment = trading.approved()
    code = story.code_for(trading.desk, payment)
    courier.run(trading.desk)
    assert not [row for row in trading.rows(t.notice) if code in row.title or code in row.body]
    execution.execute(trading.desk, story.executor_of(trading.desk, payment), payment, code=code)
    courier.run(trading.desk)
    assert not [letter for letter in letters(home) if code in letter]


# --- gateways and banks -----------------------------------------------------------------------------------------------


def test_a_gateway_that_contradicts_itself_is_told_to_the_executor_and_the_cfo(trading: Trading, home: Path) -> None:
    desk = trading.desk
    payment = trading.approved(method="mpesa", destination="+254700000001")
    officer = story.executor_of(desk, payment)

    def send(work: Any) -> UUID:
        facts = payment_facts.read(work, story.id_of_payment(desk, payment), lock=True)
        confirmed = Confirmed(officer.person_id, work.now, "email", "desk", "pytest")
        return orders.open_order(work, facts, GatewayName.MPESA, conversation_id="C-1", confirmed=confirmed, key="k")

    order = desk.run(officer, send)
    desk.run_unaudited(SYSTEM, orders.fail, order, "2001", "wrong initiator", final=True)
    desk.run(trading["cfo"], payments.cancel, payment, "not needed any more")
    collect(trading)
    assert told(trading, NoticeKind.CONTRADICTED) == []

    assert desk.run(SYSTEM, orders.succeed, order, "SBX1") is None
    courier.run(desk)

    assert told(trading, NoticeKind.CONTRADICTED) == [
        ("cfo", "contradicted", payment),
        (officer.username, "contradicted", payment),
    ]
    letter = next(letter for letter in letters(home) if "contradicts itself" in letter)
    assert "attempt 1 succeeded after it had failed, reference SBX1" in letter
    assert "In the books it is cancelled: ask M-Pesa which is true" in letter


def test_what_the_bank_did_with_a_file_is_told_once_to_who_wrote_it(trading: Trading, home: Path) -> None:
    desk, people = trading.desk, story.actors(trading.desk)
    banking.give_accounts(desk, people)
    banking.without_codes(desk)
    numbers = banking.transfers(desk, people, "1000", "2000", "3000", payee="Otieno")
    batch = bank_batches.write(desk, people["treasury"], numbers, format=BatchFormat.CSV).number
    courier.run(desk)
    before = len(letters(home))

    bank_settling.confirm(desk, people["treasury2"], batch, numbers[:1], "FT1")
    bank_settling.refuse(desk, people["treasury2"], batch, numbers[1:2], "Account closed")
    courier.run(desk)

    assert told(trading, NoticeKind.BANK_FILE) == [("treasury", "bank_file", batch)]
    # The refused line itself is told to who asked for the money, and not once more to who wrote the file.
    assert told(trading, NoticeKind.FAILED) == [("staff", "failed", numbers[1])]
    (letter,) = [letter for letter in letters(home)[before:] if batch in letter]
    assert "1 confirmed, 1 refused, 1 open" in letter
    assert f"- {numbers[1]}, KES 2,000.00 to Otieno: Account closed" in letter

    bank_settling.confirm(desk, people["treasury"], batch, None, "FT2")
    collect(trading)
    assert len(told(trading, NoticeKind.BANK_FILE)) == 1, "who told it is told of it"


# --- beside the work --------------------------------------------------------------------------------------------------


def test_an_open_desk_delivers_when_something_changes(trading: Trading, home: Path) -> None:
    beside = DeskCourier(trading.desk, calm=0.01)
    beside.start()
    try:
        number = trading.request()
        beside.wake()
        until = time.monotonic() + 10
        # A letter is there before its text is.
        while not any(number in letter for letter in letters(home)) and time.monotonic() < until:
            time.sleep(0.02)
        assert number in letters(home)[0]
    finally:
        beside.stop()


def test_two_couriers_at_once_tell_everybody_once(trading: Trading, home: Path) -> None:
    numbers = {trading.request(amount=str(500 + each)) for each in range(6)}
    start = threading.Barrier(4)

    def deliver() -> None:
        start.wait()
        courier.run(trading.desk)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    courier.run(trading.desk)
    assert {number for _, _, number in told(trading)} == numbers
    assert len(letters(home)) == 6
    assert {(row.status, row.attempts) for row in trading.rows(t.notice)} == {(NoticeStatus.SENT, 1)}
