"""Alerts: what is not as it should be, for whom, how bad, since when; and that somebody has seen it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, Role
from pettycash_tui.services import alerts, audit_state, escalation, replenishments
from pettycash_tui.services.alerts import Alert, AlertKind, Severity
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.audit_verify import Verified
from pettycash_tui.services.errors import NotFound, Refused
from pettycash_tui.services.identity import SYSTEM


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def of(trading: Trading, who: str) -> tuple[Alert, ...]:
    return trading.desk.read(trading[who], alerts.alerts)


def only(trading: Trading, who: str) -> Alert:
    (found,) = of(trading, who)
    return found


def set_payment(trading: Trading, number: str, *statuses: PaymentStatus, **values: object) -> None:
    """Bring a payment to a status by the ways that the database allows."""
    for status in statuses:
        trading.change(
            lambda work, status=status: work.execute(
                update(t.payment).where(t.payment.c.number == number).values(status=status, **values)
            )
        )


# --- approvals --------------------------------------------------------------------------------------------------------


def test_an_approval_is_overdue_once_its_hours_are_over(trading: Trading) -> None:
    number = trading.request()
    since = trading.clock.now
    trading.clock.advance(hours=24)
    assert of(trading, "branch_manager") == ()
    trading.clock.advance(hours=2)
    alert = only(trading, "branch_manager")
    assert (alert.kind, alert.severity, alert.subject) == (AlertKind.OVERDUE, Severity.WARNING, number)
    assert alert.sentence == f"{number} waits for you, 2 h overdue"
    assert alert.since == since + timedelta(hours=24)
    assert (alert.place, alert.command) == ("approvals", f"pettycash req approve {number}")


def test_it_grows_worse_when_it_waits_twice_its_hours_or_is_urgent(trading: Trading) -> None:
    trading.request()
    trading.clock.advance(hours=49)
    assert only(trading, "branch_manager").severity is Severity.CRITICAL
    urgent = trading.request(is_urgent=True, urgency_reason="Stranded")
    trading.clock.advance(hours=25)
    worst = {alert.subject: alert.severity for alert in of(trading, "branch_manager")}
    assert worst[urgent] is Severity.CRITICAL


def test_others_are_told_what_concerns_them_and_by_whom_it_is_held_up(trading: Trading) -> None:
    trading.another("msa_manager", Role.BRANCH_MANAGER)
    number = trading.request()
    trading.clock.advance(hours=26)
    for who in ("staff", "department_head", "cfo", "admin", "treasury"):
        alert = only(trading, who)
        assert alert.severity is Severity.NOTICE
        assert alert.sentence == f"{number} waits for Branch Manager, 2 h overdue"
        assert alert.place == "requisitions"
    assert of(trading, "msa_manager") == ()


def test_a_higher_tier_has_more_time(trading: Trading) -> None:
    trading.request(amount="60000")
    trading.clock.advance(hours=30)
    assert of(trading, "branch_manager") == ()


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_that_waits_for_funds_is_told_and_so_is_the_fund(trading: Trading) -> None:
    trading.approved(amount="90000")
    number = trading.approved(amount="20000")
    alert = only(trading, "treasury")
    assert (alert.kind, alert.severity, alert.subject) == (AlertKind.WAITING, Severity.WARNING, number)
    assert alert.sentence == f"{number} to Total Energies waits for funds in NBI"
    assert only(trading, "staff").place == "requisitions", "its requester sees it among their requests"
    assert only(trading, "cfo").place == "payments"


def test_a_failed_payment_is_told_with_its_retries(trading: Trading) -> None:
    number = trading.approved()
    executor = story.executor_of(trading.desk, number).username
    set_payment(trading, number, PaymentStatus.FAILED, retry_count=1, last_error="The till was closed")
    alert = only(trading, executor)
    assert (alert.kind, alert.severity) == (AlertKind.FAILED, Severity.WARNING)
    assert alert.sentence == f"{number} failed, 2 retries left: The till was closed"
    assert alert.command == f"pettycash pay retry {number}"
    set_payment(trading, number, PaymentStatus.FAILED, retry_count=3)
    assert only(trading, executor).severity is Severity.CRITICAL
    assert only(trading, executor).command == f"pettycash pay show {number}"


def test_a_payment_without_an_answer_is_critical(trading: Trading) -> None:
    number = trading.approved()
    set_payment(trading, number, PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN)
    alert = only(trading, "cfo")
    assert (alert.kind, alert.severity, alert.subject) == (AlertKind.UNKNOWN, Severity.CRITICAL, number)


# --- funds ------------------------------------------------------------------------------------------------------------


def test_a_low_fund_is_told_to_who_may_read_its_book(trading: Trading) -> None:
    story.pay(trading.desk, trading.approved(amount="40000"))
    assert of(trading, "cfo") == ()
    fell = trading.clock.advance(hours=5)
    story.pay(trading.desk, trading.approved(amount="15000"))
    trading.clock.advance(hours=5)
    story.pay(trading.desk, trading.approved(amount="1000"))
    alert = only(trading, "branch_manager")
    assert (alert.kind, alert.subject, alert.place) == (AlertKind.LOW_FUND, "NBI", "ledger")
    assert alert.since == fell, "since it fell, not since the last payment"
    assert alert.severity is Severity.NOTICE, "money is asked for already"
    assert "RPL-000001 is pending" in alert.sentence
    assert of(trading, "staff") == ()


def test_a_low_fund_that_nobody_fills_up_is_worse_and_worst_when_a_payment_waits_for_it(trading: Trading) -> None:
    story.pay(trading.desk, trading.approved(amount="60000"))
    trading.desk.run(trading["cfo"], replenishments.reject, "RPL-000001", "Not now")
    alert = only(trading, "cfo")
    assert alert.severity is Severity.WARNING
    assert alert.command == "pettycash fund replenish NBI"
    trading.approved(amount="45000")
    assert {found.kind: found.severity for found in of(trading, "cfo")} == {
        AlertKind.LOW_FUND: Severity.CRITICAL,
        AlertKind.WAITING: Severity.WARNING,
    }


# --- acknowledging ----------------------------------------------------------------------------------------------------


def test_an_acknowledged_alert_moves_to_the_end_for_who_saw_it_only(trading: Trading) -> None:
    trading.request(amount="100")
    trading.clock.advance(hours=30)
    second = trading.request(amount="200")
    trading.clock.advance(hours=30)
    first = of(trading, "branch_manager")[0]
    assert first.subject != second
    (done,) = trading.desk.run(trading["branch_manager"], alerts.acknowledge, first.key)
    assert (done.subject, done.is_acknowledged) == (first.subject, True)
    assert [(alert.subject, alert.is_acknowledged) for alert in of(trading, "branch_manager")] == [
        (second, False),
        (first.subject, True),
    ]
    assert not any(alert.is_acknowledged for alert in of(trading, "cfo"))


def test_it_is_taken_back_and_acknowledged_again(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=30)
    manager = trading["branch_manager"]
    trading.desk.run(manager, alerts.acknowledge, number)
    trading.desk.run(manager, alerts.take_back, number.lower())
    assert not only(trading, "branch_manager").is_acknowledged
    trading.desk.run(manager, alerts.acknowledge, number)
    assert only(trading, "branch_manager").is_acknowledged
    assert len(trading.rows(t.alert_acknowledgement)) == 1
    events = trading.rows(t.audit_event, t.audit_event.c.action.like("alert.%"))
    assert sorted(event.action for event in events) == [
        "alert.acknowledged",
        "alert.acknowledged",
        "alert.taken_back",
    ]


def test_what_is_acknowledged_already_or_is_no_alert_of_ones_own_is_refused(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=30)
    trading.another("visitor", Role.STAFF)
    trading.desk.run(trading["cfo"], alerts.acknowledge, number)
    with pytest.raises(Refused, match="acknowledged already"):
        trading.desk.run(trading["cfo"], alerts.acknowledge, number)
    with pytest.raises(Refused, match="not acknowledged"):
        trading.desk.run(trading["admin"], alerts.take_back, number)
    for who, ref in (("visitor", number), ("cfo", "REQ-999999"), ("cfo", "")):
        with pytest.raises(NotFound):
            trading.desk.run(trading[who], alerts.acknowledge, ref)


def test_an_approval_that_is_overdue_with_the_next_person_is_another_alert(trading: Trading) -> None:
    number = trading.request()
    trading.clock.advance(hours=30)
    trading.desk.run(trading["cfo"], alerts.acknowledge, number)
    (step,) = trading.desk.read(SYSTEM, escalation.overdue)
    trading.desk.run(SYSTEM, escalation.escalate, step)
    assert of(trading, "cfo") == ()
    trading.clock.advance(hours=30)
    assert not only(trading, "cfo").is_acknowledged


def test_a_fund_that_falls_again_is_another_alert_and_one_that_only_stays_low_is_not(trading: Trading) -> None:
    story.pay(trading.desk, trading.approved(amount="60000"))
    trading.desk.run(trading["cfo"], alerts.acknowledge, "nbi")
    story.pay(trading.desk, trading.approved(amount="1000"))
    assert only(trading, "cfo").is_acknowledged
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, "RPL-000001")
    trading.desk.run(trading["treasury"], replenishments.complete, "RPL-000001", "BANK-1", "20000")
    assert of(trading, "cfo") == ()
    story.pay(trading.desk, trading.approved(amount="12000"))
    assert not only(trading, "cfo").is_acknowledged


def test_a_payment_that_fails_once_more_is_another_alert(trading: Trading) -> None:
    number = trading.approved()
    set_payment(trading, number, PaymentStatus.FAILED, retry_count=1)
    trading.desk.run(trading["cfo"], alerts.acknowledge, number)
    assert only(trading, "cfo").is_acknowledged
    set_payment(trading, number, PaymentStatus.FAILED, retry_count=2)
    assert not only(trading, "cfo").is_acknowledged


def test_an_officer_of_every_company_is_told_of_each(trading: Trading) -> None:
    others = story.trading_company(trading.desk, "BETA", prefix="b_")
    trading.another("group_cfo", Role.CFO, company_id=None)
    trading.request()
    story.request(trading.desk, others["staff"], "300")
    trading.clock.advance(hours=30)
    assert len(of(trading, "group_cfo")) == 2
    assert len(of(trading, "cfo")) == 1
    key = of(trading, "group_cfo")[0].key
    trading.desk.run(trading["group_cfo"], alerts.acknowledge, key)
    assert [alert.is_acknowledged for alert in of(trading, "group_cfo")] == [False, True]


# --- the audit chain --------------------------------------------------------------------------------------------------


def verified(trading: Trading, *problems: Problem) -> None:
    found = Verified(not problems, 9, problems, 1, None, None)
    trading.desk.run(SYSTEM, audit_state.record_verified, found)


def test_a_chain_that_was_found_wrong_is_an_alert_of_who_may_read_it_until_it_is_right(trading: Trading) -> None:
    assert of(trading, "fpa") == ()
    verified(trading, Problem("test", 3, ProblemKind.CHANGED, "its text is not what its hash was made of"))
    alert = only(trading, "fpa")
    assert (alert.kind, alert.severity) == (AlertKind.AUDIT_WRONG, Severity.CRITICAL)
    assert "1 thing in it or in the books" in alert.sentence
    assert (alert.place, alert.command) == ("audit", "pettycash audit verify --full")
    assert only(trading, "admin").key == alert.key
    assert of(trading, "staff") == of(trading, "treasury") == ()
    trading.desk.run(trading["fpa"], alerts.acknowledge, alert.key)
    assert only(trading, "fpa").is_acknowledged
    trading.clock.advance(hours=1)
    verified(trading)
    assert of(trading, "fpa") == ()


def test_a_checkpoint_of_more_than_a_day_ago_is_an_alert(trading: Trading) -> None:
    trading.desk.run(SYSTEM, audit_state.record_checkpoint, trading.clock.now, 1, 9, "0" * 64, ["directory"])
    trading.clock.advance(hours=24)
    assert of(trading, "fpa") == ()
    trading.clock.advance(hours=1)
    alert = only(trading, "fpa")
    assert (alert.kind, alert.severity) == (AlertKind.CHECKPOINT_OLD, Severity.WARNING)
    assert alert.command == "pettycash jobs run checkpoint"
    assert of(trading, "staff") == ()
    trading.desk.run(SYSTEM, audit_state.record_checkpoint, trading.clock.now, 1, 9, "0" * 64, ["directory"])
    assert of(trading, "fpa") == ()
