"""Payments that are confirmed for a day: by one code, executed once by the job, void when anything changes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import banking
import books
import pytest
import story
from trading import Trading

from pettycash_tui.gateways.protocol import (
    Accepted,
    CannotSend,
    GatewayFailed,
    GatewayUnanswered,
    Order,
    Outcome,
    Verdict,
)
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import GatewayName, PaymentStatus, Role, ScheduleStatus
from pettycash_tui.models.periods import AccountingPeriod
from pettycash_tui.services import (
    alerts,
    bank_batches,
    bulk,
    courier,
    execution,
    failing,
    gateway_settings,
    jobs,
    orders,
    payment_facts,
    payment_views,
    payments,
    posting,
    replenishments,
    schedule_plan,
    schedule_views,
    schedules,
    submission,
)
from pettycash_tui.services.alert_kinds import AlertKind
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.schedules import Scheduled

TODAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
ON_SQLITE = pytest.mark.parametrize("trading", ["sqlite"], indirect=True)
BANK = {"method": "bank_transfer", "destination": banking.ACCOUNT}


@pytest.fixture
def transfers(trading: Trading) -> list[str]:
    """Two transfers of treasury's: 1,500.00 and 2,500.00."""
    return banking.transfers(trading.desk, trading.people, "1500", "2500")


def send_code(trading: Trading, numbers: list[str], day: date = FRIDAY, officer: str = "treasury") -> str:
    trading.clock.advance(seconds=61)
    schedules.send_code(trading.desk, trading[officer], numbers, day)
    return story.last_code(trading.desk.home)


def schedule(trading: Trading, numbers: list[str], day: date = FRIDAY, **options: Any) -> Scheduled:
    references = {number: f"SO-{number}" for number in numbers}
    given = {"references": references, **options}
    if "code" not in given:
        given["code"] = send_code(trading, numbers, day)
    return schedules.schedule(trading.desk, trading["treasury"], numbers, day, **given)


def run(trading: Trading) -> tuple[int, int]:
    result = jobs.run(trading.desk, "execute-due")
    return len(result.done), len(result.left)


def refused(act: Any, *arguments: Any, **named: Any) -> list[str]:
    with pytest.raises(PettyCashError) as caught:
        act(*arguments, **named)
    return [reason.code for reason in caught.value.reasons] or [caught.value.code]


def test_one_code_confirms_a_list_and_its_day_and_the_job_executes_it_once(
    trading: Trading, transfers: list[str]
) -> None:
    done = schedule(trading, transfers)
    assert [each.payment for each in done.payments] == transfers
    assert (done.count, done.total.plain(), done.day) == (2, "4000.00", FRIDAY)
    found = books.check(trading.desk)
    assert {found.payment(number).scheduled_for for number in transfers} == {FRIDAY}
    assert run(trading) == (0, 0)

    trading.clock.advance(days=9)  # late: the day has passed, and so has the code's time
    assert run(trading) == (2, 0)
    assert run(trading) == (0, 0)

    found = books.check(trading.desk)
    (code,) = [row for row in found.codes if row.consumed_at is not None]
    for number in transfers:
        payment = found.payment(number)
        assert (payment.status, payment.scheduled_for) == (PaymentStatus.SUCCESS, None)
        (execution_,) = [row for row in found.executions if row.payment_id == payment.id]
        assert execution_.gateway_reference == f"SO-{number}"
        assert execution_.executor_id == execution_.otp_verified_by_id == trading["treasury"].id
        assert (execution_.otp_verified_at, execution_.channel) == (code.verified_at, code.channel)
        assert (execution_.source, execution_.client) == ("job", "execute-due")
    taken = found.actions("payment.due")
    assert [(event.subject, event.actor_id) for event in taken] == [(number, None) for number in transfers]


# --- confirming -------------------------------------------------------------------------------------------------------


def test_where_no_code_is_needed_none_is_asked_for(trading: Trading, transfers: list[str]) -> None:
    trading.set_company(otp_threshold=10**15)
    number = trading.approved(amount="700", **BANK)
    if story.executor_of(trading.desk, number).username != "treasury":
        trading.desk.run(trading["cfo"], payments.assign, number, "treasury")
    sent = schedules.send_code(trading.desk, trading["treasury"], [number], FRIDAY)
    assert (sent.sent, sent.payments, sent.total.plain()) == (None, (number,), "700.00")
    schedule(trading, [number], code=None)
    trading.clock.advance(days=5)
    assert run(trading) == (1, 0)
    (paid,) = books.check(trading.desk).executions
    assert (paid.otp_verified_at, paid.channel) == (None, None)


def test_the_code_is_of_this_list_and_this_day_and_used_once(trading: Trading, transfers: list[str]) -> None:
    code = send_code(trading, transfers)
    for numbers, day in ((transfers, FRIDAY + timedelta(days=1)), (transfers[:1], FRIDAY)):
        assert refused(schedule, trading, numbers, day, code=code) == ["no_code"]
    assert refused(schedule, trading, transfers, code=None) == ["code_not_verified"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert refused(schedule, trading, transfers, code=wrong) == ["code_wrong"]
    by_hand = {"references": {number: f"FT-{number}" for number in transfers}, "code": code}
    assert refused(bulk.pay_together, trading.desk, trading["treasury"], transfers, **by_hand) == ["no_code"]
    schedule(trading, [*reversed(transfers)], code=code)
    trading.desk.run(trading["treasury"], schedules.unschedule, transfers, "another day")
    assert refused(schedule, trading, transfers, code=code) == ["no_code"]
    books.check(trading.desk)


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=367), date.max])
@ON_SQLITE
def test_the_day_is_one_of_the_year_after_today(trading: Trading, day: date) -> None:
    (number,) = banking.transfers(trading.desk, trading.people, "100")
    with pytest.raises(InvalidInput, match="after today, 2026-03-02") as caught:
        schedules.send_code(trading.desk, trading["treasury"], [number], day)
    assert set(caught.value.fields) == {"date"}


@ON_SQLITE
def test_today_is_the_company_s_own_day(trading: Trading) -> None:
    (number,) = banking.transfers(trading.desk, trading.people, "100")
    tomorrow = TODAY + timedelta(days=1)
    schedule(trading, [number], tomorrow)
    trading.clock.now = trading.clock.now.replace(hour=20, minute=59)
    assert run(trading) == (0, 0)
    trading.clock.advance(minutes=1)  # midnight in Nairobi
    assert run(trading) == (1, 0)


@ON_SQLITE
def test_what_cannot_be_executed_without_a_person_is_not_scheduled(trading: Trading) -> None:
    (transfer,) = banking.transfers(trading.desk, trading.people, "100")
    cash = trading.approved(amount="200")
    trading.desk.run(trading["cfo"], payments.assign, cash, "treasury2")
    officer = trading["treasury"]
    numbers = [transfer, cash]
    network = gateway_settings.gateways(trading.desk)
    plan = trading.desk.read(officer, schedule_plan.reasons_against, numbers, FRIDAY, network, {})
    told = {line.payment: [reason.code for reason in line.reasons] for line in plan.lines}
    assert told == {transfer: ["reference_missing"], cash: ["not_executor", "cash_by_hand"]}
    assert [line.needs_reference for line in plan.lines] == [True, False]
    assert refused(schedule, trading, [transfer], references={}) == ["reference_missing"]
    assert refused(schedule, trading, [transfer], references={cash: "X", transfer: "Y"}) == ["invalid_input"]
    assert refused(schedules.send_code, trading.desk, officer, numbers, FRIDAY) == ["not_executor", "cash_by_hand"]
    for who, code in (("staff", "not_allowed"), ("cfo", "not_allowed")):
        assert refused(schedules.send_code, trading.desk, trading[who], [transfer], FRIDAY) == [code]
    for given in ([], [transfer, transfer]):
        assert refused(schedules.send_code, trading.desk, officer, given, FRIDAY) == ["invalid_input"]
    assert refused(schedules.send_code, trading.desk, officer, ["PAY-999999"], FRIDAY) == ["not_found"]


@ON_SQLITE
def test_a_reference_is_on_one_payment(trading: Trading) -> None:
    one, two, three = banking.transfers(trading.desk, trading.people, "100", "200", "300")
    assert refused(schedule, trading, [one, two], references={one: "SO-1", two: "SO-1"}) == ["reference_used"]
    schedule(trading, [one], references={one: "SO-1"})
    assert refused(schedule, trading, [two], references={two: "SO-1"}) == ["reference_used"]
    execution.execute(
        trading.desk, trading["treasury"], three, code=story.code_for(trading.desk, three), reference="FT-3"
    )
    assert refused(schedule, trading, [two], references={two: "FT-3"}) == ["reference_used"]


# --- while it stands --------------------------------------------------------------------------------------------------


def test_a_scheduled_payment_is_paid_in_no_other_way(trading: Trading, transfers: list[str]) -> None:
    banking.give_accounts(trading.desk, trading.people, "NBI")
    number, desk, officer = transfers[0], trading.desk, trading["treasury"]
    schedule(trading, [number])
    trading.clock.advance(minutes=2)
    ways: list[tuple[Any, ...]] = [
        (execution.execute, desk, officer, number),
        (bulk.send_code, desk, officer, [number]),
        (bank_batches.send_code, desk, officer, [number]),
        (schedules.send_code, desk, officer, [number], FRIDAY),
    ]
    for act, *arguments in ways:
        assert "scheduled" in refused(act, *arguments), act
    explained = desk.read(officer, payment_views.explain, number)
    assert "scheduled" in [reason.code for reason in explained.reasons]
    shown = schedule_views.show(desk, officer, number)
    assert shown is not None
    assert (shown.scheduled_for, shown.status, shown.hindered_by) == (FRIDAY, ScheduleStatus.STANDING, ())
    assert (shown.confirmed_by.username, shown.channel, shown.count) == ("treasury", "email", 1)
    found = desk.read(officer, payment_views.list_payments, payment_views.PaymentFilter(scheduled=True))
    assert [each.number for each in found.items] == [number]

    desk.run(officer, schedules.unschedule, [number], "it is urgent")
    trading.clock.advance(minutes=2)
    story.pay(desk, number, reference="FT-1")
    shown = schedule_views.show(desk, officer, number)
    assert shown is not None
    assert (shown.status, shown.reason, shown.ended_by.username) == (ScheduleStatus.VOID, "it is urgent", "treasury")
    trading.clock.advance(days=5)
    assert run(trading) == (0, 0)
    books.check(desk)


@ON_SQLITE
def test_who_may_take_a_day_away(trading: Trading) -> None:
    one, two = banking.transfers(trading.desk, trading.people, "100", "200")
    schedule(trading, [one, two])

    def unschedule(who: str, *numbers: str, reason: str = "no") -> Any:
        return trading.desk.run(trading[who], schedules.unschedule, numbers, reason)

    assert refused(unschedule, "treasury2", one) == ["not_executor"]
    assert refused(unschedule, "staff", one) == ["not_allowed"]
    assert refused(unschedule, "treasury", one, reason=" ") == ["invalid_input"]
    done = unschedule("cfo", two)
    assert [(each.payment, each.scheduled_for) for each in done.payments] == [(two, FRIDAY)]
    # All or none of them.
    assert refused(unschedule, "treasury", one, two) == ["not_scheduled"]
    assert books.check(trading.desk).payment(one).scheduled_for == FRIDAY


def _fail(trading: Trading, number: str) -> None:
    def fail(work: Any) -> None:
        failing.record(work, payment_facts.read(work, story.id_of_payment(trading.desk, number), lock=True), "closed")

    trading.desk.run(trading["treasury"], fail)


def test_what_changes_a_payment_takes_its_day_away(trading: Trading) -> None:
    desk, numbers = trading.desk, banking.transfers(trading.desk, trading.people, "100", "200", "300", "400")
    assigned, cancelled, withdrawn, failed = numbers
    schedule(trading, numbers)
    desk.run(trading["cfo"], payments.assign, assigned, "treasury2")
    desk.run(trading["cfo"], payments.cancel, cancelled, "not needed")
    desk.run(trading["staff"], submission.withdraw, withdrawn.replace("PAY", "REQ"))
    _fail(trading, failed)
    found = books.check(desk)
    assert {found.payment(number).scheduled_for for number in numbers} == {None}
    told = {event.subject: json.loads(event.body)["data"]["reason"] for event in found.actions("payment.unscheduled")}
    assert told[assigned] == "It was assigned to treasury2."
    assert told[cancelled] == "It was cancelled: not needed"
    assert told[failed] == "It failed: closed"
    assert set(told) == set(numbers)
    trading.clock.advance(days=5)
    assert run(trading) == (0, 0)


# --- on its day -------------------------------------------------------------------------------------------------------


def _alert(trading: Trading, who: str) -> list[tuple[str, str, str]]:
    found = trading.desk.read(trading[who], alerts.alerts)
    return [(each.subject, each.severity.value, each.sentence) for each in found if each.kind is AlertKind.DUE]


def test_what_cannot_be_executed_keeps_its_day_says_why_and_is_tried_again(trading: Trading) -> None:
    desk, officer = trading.desk, trading["treasury"]
    big, starved, small = banking.transfers(desk, trading.people, "90000", "20000", "100")
    schedule(trading, [starved], FRIDAY)
    schedule(trading, [small], FRIDAY + timedelta(days=1))
    trading.clock.advance(days=6)
    assert _alert(trading, "treasury")[0][0] == starved, "no run has tried"
    assert run(trading) == (1, 1)

    found = books.check(desk)
    assert found.payment(small).status is PaymentStatus.SUCCESS
    assert found.payment(starved).scheduled_for == FRIDAY
    shown = schedule_views.show(desk, officer, starved)
    assert shown is not None
    assert shown.problem.startswith("Fund NBI has KES 9,900.00 available")
    assert [reason.code for reason in shown.hindered_by] == ["not_enough"]
    ((subject, severity, sentence),) = _alert(trading, "treasury")
    assert (subject, severity) == (starved, "critical") and "2026-03-06" in sentence and "available" in sentence
    assert _alert(trading, "cfo")[0][1] == "warning"
    assert _alert(trading, "branch_manager")[0][0] == starved
    # The same reason is told once, whatever the figures are by then.
    story.pay(desk, big, reference="FT-1")
    trading.clock.advance(hours=1)
    assert run(trading) == (0, 1)
    courier.run(desk)
    assert len(books.check(desk).actions("payment.due_hindered")) == 1
    notices = [row for row in trading.rows(t.notice) if row.occasion.startswith("due:")]
    assert [(row.person_id, row.subject_number) for row in notices] == [(officer.id, starved)]
    assert "it was due on 2026-03-06 and could not be executed" in notices[0].body

    for act, *given in ((replenishments.approve,), (replenishments.complete, "FT-9")):
        desk.run(trading["cfo"], act, "RPL-000001", *given)
    assert run(trading) == (1, 0)
    assert _alert(trading, "treasury") == []
    books.check(desk)


def test_a_closed_month_and_an_officer_who_left_hinder_it(trading: Trading, transfers: list[str]) -> None:
    desk = trading.desk
    schedule(trading, transfers, TODAY + timedelta(days=1))
    trading.clock.advance(days=31)
    for change, code in (
        ({"role": Role.STAFF}, "not_treasury"),
        ({"role": Role.TREASURY, "is_active": False}, "not_treasury"),
        ({"is_active": True, "otp_locked_at": trading.clock.now}, "code_locked"),
    ):
        trading.set_person("treasury", **change)
        assert run(trading) == (0, 2)
        assert {row.problem_codes for row in trading.rows(t.payment_schedule)} == {code}
        if change.get("is_active") is False:
            courier.run(desk)
    told = {row.person_id for row in trading.rows(t.notice) if row.occasion.startswith("due:")}
    assert told == {trading["cfo"].id, trading["admin"].id}, "the officer is gone: who assigns another is told"
    trading.set_person("treasury", otp_locked_at=None)
    trading.change(lambda work: _close(trading, work))
    assert run(trading) == (0, 2)
    assert {row.problem_codes for row in trading.rows(t.payment_schedule)} == {"period_closed"}
    trading.clock.advance(days=29)  # the next month
    assert run(trading) == (2, 0)
    books.check(desk)


def _close(trading: Trading, work: Any) -> None:
    work.add(
        AccountingPeriod(
            id=new_id(),
            created_at=work.now,
            updated_at=work.now,
            company_id=trading.company_id,
            starts_on=date(2026, 4, 1),
            ends_on=date(2026, 4, 30),
            closed_by_id=trading["cfo"].id,
            closed_at=work.now,
            reason="all settled",
        )
    )


@ON_SQLITE
def test_a_fault_of_one_holds_nothing_else_up(
    trading: Trading, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = banking.transfers(trading.desk, trading.people, "100", "200")
    schedule(trading, [one, two])
    trading.clock.advance(days=5)
    post = posting.post

    def fail(work: Any, facts: Any, *rest: Any) -> Any:
        if facts.number == one:
            raise ZeroDivisionError
        return post(work, facts, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(posting, "post", fail)
        assert run(trading) == (1, 1)
    assert "ZeroDivisionError" in caplog.text
    assert schedule_views.show(trading.desk, trading["treasury"], one).problem == (
        "A fault of the program: ZeroDivisionError."
    )
    assert run(trading) == (1, 0)
    books.check(trading.desk)


@ON_SQLITE
def test_a_dry_run_tells_what_it_would_do_and_changes_nothing(trading: Trading) -> None:
    _, starved, small = banking.transfers(trading.desk, trading.people, "90000", "20000", "100")
    schedule(trading, [starved, small])
    trading.clock.advance(days=5)
    before = len(books.read(trading.desk).events)
    told = jobs.run(trading.desk, "execute-due", dry_run=True)
    assert [sentence.split(":")[0] for sentence in told.done] == [small]
    assert [sentence.split(":")[0] for sentence in told.left] == [starved]
    assert len(books.check(trading.desk).events) == before


# --- over a network ---------------------------------------------------------------------------------------------------


class Vendor:
    """M-Pesa without a network."""

    name = GatewayName.MPESA

    def __init__(self) -> None:
        self.sent: list[Order] = []
        self.trouble: Exception | None = None

    def check(self, order: Order) -> None:
        if not order.destination.startswith("+254"):
            raise CannotSend("destination", "must be a number of M-Pesa")

    def send(self, order: Order) -> Accepted:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(order)
        return Accepted("AG-1")

    def ask(self, order: Order) -> Outcome:
        return Outcome(Verdict.PENDING)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    made = Vendor()
    monkeypatch.setattr(gateway_settings, "is_any", lambda desk: True)
    monkeypatch.setattr(gateway_settings, "named", lambda desk, name: made if name is GatewayName.MPESA else None)
    return made


def _phone(trading: Trading, amount: str, destination: str = "+254700000001") -> str:
    number = trading.approved(amount=amount, method="mpesa", destination=destination)
    if story.executor_of(trading.desk, number).username != "treasury":
        trading.desk.run(trading["cfo"], payments.assign, number, "treasury")
    return number


def test_over_a_network_it_is_sent_once_and_booked_when_its_result_comes(trading: Trading, vendor: Vendor) -> None:
    desk, number = trading.desk, _phone(trading, "1500")
    assert refused(schedule, trading, [number], references={number: "X"}) == ["reference_not_needed"]
    schedule(trading, [number], references={})
    trading.clock.advance(days=5)
    assert run(trading) == (1, 0)
    assert run(trading) == (0, 0)
    found = books.check(desk)
    (order,) = found.orders_of(number)
    (code,) = [row for row in found.codes if row.consumed_at is not None]
    assert (order.otp_verified_at, order.channel, order.executor_id) == (
        code.verified_at,
        code.channel,
        trading["treasury"].id,
    )
    assert (len(vendor.sent), found.payment(number).status) == (1, PaymentStatus.EXECUTING)
    desk.run(SYSTEM, orders.succeed, order.id, "SBX1")
    assert books.check(desk).payment(number).status is PaymentStatus.SUCCESS


def test_without_an_answer_it_is_unknown_and_after_a_failure_it_is_the_officer_s_again(
    trading: Trading, vendor: Vendor
) -> None:
    desk, silent, failing_ = trading.desk, _phone(trading, "1500"), _phone(trading, "700")
    schedule(trading, [silent], references={})
    schedule(trading, [failing_], references={})
    trading.clock.advance(days=5)
    vendor.trouble = GatewayUnanswered("no answer")
    with_answers = [GatewayUnanswered("no answer"), GatewayFailed("too busy", code="26")]
    send = vendor.send

    def next_trouble(order: Order) -> Accepted:
        vendor.trouble = with_answers.pop(0)
        return send(order)

    vendor.send = next_trouble  # type: ignore[method-assign]
    assert run(trading) == (1, 1)
    found = books.check(desk)
    assert found.payment(silent).status is PaymentStatus.UNKNOWN
    row = found.payment(failing_)
    assert (row.status, row.scheduled_for, row.last_error) == (PaymentStatus.FAILED, None, "too busy")
    assert run(trading) == (0, 0)


def test_a_gateway_that_is_not_there_any_more_or_set_up_wrongly_hinders_only_its_own(
    trading: Trading, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, number = trading.desk, _phone(trading, "1500")
    assert refused(schedule, trading, [_phone(trading, "10", "0712")], references={}) == ["cannot_send"]
    schedule(trading, [number], references={})
    (transfer,) = banking.transfers(desk, trading.people, "100")
    schedule(trading, [transfer])
    trading.clock.advance(days=5)

    def wrong(desk: Any, name: Any) -> Any:
        if name is GatewayName.MPESA:
            raise Refused("The setting short_code of M-Pesa is wrong.", code="gateway_settings")
        return None

    monkeypatch.setattr(gateway_settings, "named", wrong)
    assert run(trading) == (1, 1)
    monkeypatch.setattr(gateway_settings, "named", lambda desk, name: None)
    assert run(trading) == (0, 1)
    codes = {row.problem_codes for row in trading.rows(t.payment_schedule)}
    assert codes == {"", "reference_missing"}
    assert vendor.sent == []
    books.check(desk)
