"""The desk at a glance: what waits for whom, how the funds stand and spend, and what just happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import banking
import pytest
import story
from sqlalchemy import URL, event, text, update
from trading import Trading

from pettycash_tui.database import schema
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus, Role
from pettycash_tui.models.money import Money
from pettycash_tui.services import alerts, overview, replenishments, requisitions, workflow
from pettycash_tui.services.burn import Burn
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.overview import Overview
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.waiting import SHOWN, Task


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def seen_by(trading: Trading, who: str) -> Overview:
    return trading.desk.read(trading[who], overview.overview)


def tasks(trading: Trading, who: str) -> list[tuple[Task, str]]:
    return [(line.task, line.number) for line in seen_by(trading, who).waiting.lines]


def fund(trading: Trading, code: str, who: str = "cfo") -> FundLevel:
    return next(level for level in seen_by(trading, who).funds if level.code == code)


def draft(trading: Trading, who: str = "staff", purpose: str = "Pens") -> str:
    given = RequisitionInput(amount="700", purpose=purpose, payee="Shop")
    return trading.desk.run(trading[who], requisitions.create, given).number


# --- what waits -------------------------------------------------------------------------------------------------------


def test_a_new_company_has_nothing_waiting_for_anybody(trading: Trading) -> None:
    for who in ("staff", "branch_manager", "treasury", "cfo", "admin"):
        found = seen_by(trading, who)
        assert (found.waiting.lines, found.waiting.total, found.waiting.under_way) == ((), 0, ())
        assert found.alerts == ()


def test_a_request_waits_for_one_person_after_the_other(trading: Trading) -> None:
    number = trading.request(amount="60000")
    assert tasks(trading, "branch_manager") == [(Task.APPROVE, number)]
    assert tasks(trading, "regional_manager") == []
    trading.approve(number, "branch_manager", "regional_manager")
    officer = story.approver_of(trading.desk, number).username
    assert tasks(trading, officer) == [(Task.VALIDATE, number)]
    payment = trading.approve(number, officer).payment
    assert payment is not None
    executor = story.executor_of(trading.desk, payment).username
    assert tasks(trading, executor) == [(Task.PAY, payment)]
    story.pay(trading.desk, payment)
    assert tasks(trading, executor) == [], "the refill that their payment asked for is for somebody else to approve"
    assert (Task.REVIEW, number) in tasks(trading, "fpa")


def test_each_line_says_where_on_the_desk_and_by_which_command(trading: Trading) -> None:
    number = trading.request()
    (line,) = seen_by(trading, "branch_manager").waiting.lines
    assert (line.place, line.opens, line.command) == ("approvals", number, f"pettycash req approve {number}")
    assert (line.payee, line.amount) == ("Total Energies", Money(450000, "KES"))
    assert line.since == trading.clock.now


def test_the_urgent_come_before_the_overdue_and_these_before_the_rest(trading: Trading) -> None:
    late = trading.request(amount="100")
    trading.clock.advance(hours=25)
    fresh = trading.request(amount="200")
    urgent = trading.request(amount="300", is_urgent=True, urgency_reason="Stranded")
    found = seen_by(trading, "branch_manager").waiting.lines
    assert [line.number for line in found] == [urgent, late, fresh]
    assert [line.task for line in found] == [Task.CONFIRM, Task.APPROVE, Task.APPROVE]
    assert [(line.is_urgent, line.is_overdue) for line in found] == [(True, False), (False, True), (False, False)]


def test_what_was_sent_back_comes_before_the_drafts_which_come_last(trading: Trading) -> None:
    first = draft(trading)
    sent_back = trading.request()
    trading.act("branch_manager", workflow.request_changes, sent_back, "which van?")
    assert tasks(trading, "staff") == [(Task.CHANGE, sent_back), (Task.FINISH, first)]
    assert tasks(trading, "department_head") == []


def test_what_goes_beyond_the_lines_is_counted_by_place(trading: Trading) -> None:
    for index in range(SHOWN + 3):
        trading.request(amount=str(100 + index))
    draft(trading, "branch_manager")
    found = seen_by(trading, "branch_manager").waiting
    assert len(found.lines) == SHOWN
    assert [(more.place, more.count) for more in found.more] == [("approvals", 3), ("requisitions", 1)]
    assert found.total == SHOWN + 4


def test_who_stands_in_has_the_decisions_of_who_is_away(trading: Trading) -> None:
    number = trading.request()
    trading.away("branch_manager", "department_head")
    assert tasks(trading, "department_head") == [(Task.APPROVE, number)]
    assert tasks(trading, "branch_manager") == []


def test_a_payment_that_waits_for_money_or_for_its_day_is_not_to_be_paid(trading: Trading) -> None:
    big = trading.approved(amount="90000")
    starved = trading.approved(amount="20000")
    officers = {story.executor_of(trading.desk, number).username for number in (big, starved)}
    told = [number for who in officers for _, number in tasks(trading, who)]
    assert big in told
    assert starved not in told
    (number,) = banking.transfers(trading.desk, trading.people, "100", officer="treasury")
    assert (Task.PAY, number) in tasks(trading, "treasury")
    banking.schedule(trading.desk, trading["treasury"], [number], trading.clock.now.date() + timedelta(days=3))
    assert (Task.PAY, number) not in tasks(trading, "treasury")
    trading.clock.advance(days=4)
    assert (Task.PAY, number) not in tasks(trading, "treasury"), "on its day it is the job's"


def test_a_payment_without_an_answer_is_to_be_found_out(trading: Trading) -> None:
    number = trading.approved()
    for status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN):
        trading.change(lambda work, status=status: work.execute(update(t.payment).values(status=status)))
    assert tasks(trading, story.executor_of(trading.desk, number).username) == [(Task.FIND_OUT, number)]


def test_a_refill_waits_for_those_who_may_approve_and_then_receive_it(trading: Trading) -> None:
    trading.desk.run(trading["cfo"], replenishments.request, "NBI", "1000")
    assert tasks(trading, "cfo") == [], "nobody approves their own request"
    assert tasks(trading, "group_finance_manager") == [(Task.REPLENISH, "RPL-000001")]
    assert tasks(trading, "staff") == []
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, "RPL-000001")
    assert tasks(trading, "treasury") == [(Task.RECEIVE, "RPL-000001")]
    assert tasks(trading, "group_finance_manager") == [], "finance approves, treasury receives"
    (line,) = seen_by(trading, "treasury").waiting.lines
    assert (line.place, line.opens) == ("ledger", "NBI")


def test_one_sees_where_ones_own_requests_stand(trading: Trading) -> None:
    trading.request()
    trading.request()
    trading.approved()
    found = seen_by(trading, "staff").waiting.under_way
    assert [(each.status, each.count) for each in found] == [
        (RequisitionStatus.PENDING_BRANCH_APPROVAL, 2),
        (RequisitionStatus.APPROVED, 1),
    ]
    assert seen_by(trading, "branch_manager").waiting.under_way == ()


# --- funds ------------------------------------------------------------------------------------------------------------


def test_everybody_sees_the_funds_whose_cash_book_they_may_read(trading: Trading) -> None:
    codes = {who: [level.code for level in seen_by(trading, who).funds] for who in trading.people}
    assert codes["staff"] == codes["department_head"] == []
    assert codes["branch_manager"] == ["NBI"]
    assert codes["treasury"] == codes["cfo"] == codes["admin"] == ["HQ", "MSA", "NBI"]


def test_a_fund_shows_what_it_has_holds_and_may_spend(trading: Trading) -> None:
    trading.approved(amount="45000")
    level = fund(trading, "NBI")
    assert [str(money) for money in (level.current_balance, level.held_amount, level.available)] == [
        "KES 100,000.00",
        "KES 45,000.00",
        "KES 55,000.00",
    ]
    assert not level.is_low
    assert level.days_left is None
    assert level.replenishment is None


def test_the_burn_is_of_calendar_days_of_the_company_and_tells_when_to_reorder(trading: Trading) -> None:
    trading.clock.advance(days=40)
    trading.set_company(otp_threshold=10**15)
    # 22:30 in UTC is the next day already in Nairobi.
    trading.clock.now = trading.clock.now.replace(hour=22, minute=30)
    story.pay(trading.desk, trading.approved(amount="6000"))
    trading.clock.advance(days=2)
    story.pay(trading.desk, trading.approved(amount="3000"))
    level = fund(trading, "NBI")
    assert level.daily[-3:] == (Decimal("6000.00"), Decimal("0.00"), Decimal("3000.00"))
    assert len(level.daily) == 30
    assert level.paid_out == Money(900000, "KES")
    assert level.per_day == Money(30000, "KES")
    # 91,000 available, 50,000 the reorder level, 300 a day.
    assert level.days_left == 136
    trading.clock.advance(days=28)
    assert fund(trading, "NBI").daily[0] == Decimal("0.00")
    assert fund(trading, "NBI").paid_out == Money(300000, "KES"), "the first payment is older than thirty days"


def test_a_young_fund_is_averaged_over_the_days_it_has_existed(trading: Trading) -> None:
    trading.clock.advance(days=2)
    story.pay(trading.desk, trading.approved(amount="9000"))
    assert fund(trading, "NBI").per_day == Money(300000, "KES")


def test_a_fund_below_its_level_says_so_and_who_was_asked(trading: Trading) -> None:
    story.pay(trading.desk, trading.approved(amount="60000"))
    level = fund(trading, "NBI")
    assert (level.is_low, level.days_left) == (True, 0)
    assert level.replenishment == "RPL-000001"


def test_nothing_spent_lasts_for_ever_and_nothing_spare_for_no_day() -> None:
    none = Burn((Decimal(0),), Money(0, "KES"), 30)
    some = Burn((Decimal(1),), Money(3001, "KES"), 30)
    assert none.days_until(Money(100, "KES")) is None
    assert some.days_until(Money(-100, "KES")) == 0
    assert some.days_until(Money(99, "KES")) == 0
    assert some.days_until(Money(101, "KES")) == 1


def test_the_sums_of_days_come_from_the_index_alone(trading: Trading) -> None:
    statements: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "sum(ledger_entry.amount)" in statement and "GROUP BY" in statement:
            statements.append((statement, parameters))

    event.listen(trading.desk._reader, "before_cursor_execute", note)
    seen_by(trading, "cfo")
    assert len(statements) == 1, "one statement for all funds"
    if trading.desk.engine.dialect.name == "sqlite":
        with trading.desk.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[0][0]}", statements[0][1]).all()
        assert "COVERING INDEX ix_ledger_entry_day" in str(plan)


# --- what just happened -----------------------------------------------------------------------------------------------


def words(trading: Trading, who: str) -> list[str]:
    return [event.words for event in seen_by(trading, who).happenings]


def test_what_happened_is_told_newest_first_in_words(trading: Trading) -> None:
    number = trading.request()
    trading.approve(number, "branch_manager")
    assert words(trading, "staff") == [f"Branch Manager approved {number}", f"Staff Person submitted {number}"]
    (newest, _) = seen_by(trading, "staff").happenings
    assert (newest.payee, newest.amount, newest.place, newest.opens) == (
        "Total Energies",
        Money(450000, "KES"),
        "requisitions",
        number,
    )
    assert newest.at == trading.clock.now


def test_nobody_is_told_what_they_may_not_see(trading: Trading) -> None:
    trading.another("msa_manager", Role.BRANCH_MANAGER)
    trading.another("colleague", Role.STAFF, like="staff")
    number = trading.request()
    for who in ("colleague", "msa_manager"):
        assert not any(number in line for line in words(trading, who)), who
    for who in ("branch_manager", "treasury", "cfo"):
        assert any(number in line for line in words(trading, who)), who
    trading.desk.run(trading["cfo"], replenishments.request, "HQ", "1000")
    assert not any("RPL-000001" in line for line in words(trading, "branch_manager"))
    assert any("RPL-000001" in line for line in words(trading, "treasury"))


def test_another_company_is_not_there(trading: Trading) -> None:
    others = story.trading_company(trading.desk, "BETA", prefix="b_")
    number = story.request(trading.desk, others["staff"], "1234")
    for who in ("cfo", "admin", "treasury"):
        found = seen_by(trading, who)
        assert not any("1,234" in str(event.amount) for event in found.happenings)
        assert {level.id for level in found.funds}.isdisjoint(
            {level.id for level in trading.desk.read(others["cfo"], overview.overview).funds}
        )
    assert trading.desk.read(others["branch_manager"], overview.overview).waiting.lines[0].number == number


def test_drafts_codes_and_sign_ins_are_nobodys_news(trading: Trading) -> None:
    number = draft(trading)
    story.pay(trading.desk, trading.approved())
    for who in ("staff", "cfo", "admin", "treasury"):
        told = words(trading, who)
        assert not any(number in line for line in told)
        assert not any("otp" in line or "signin" in line or "posted" in line for line in told)
        assert any("paid PAY-000001" in line for line in told)


def test_a_clerk_is_told_of_old_requests_however_much_goes_on_elsewhere(trading: Trading) -> None:
    number = trading.request()
    other = trading.another("colleague", Role.STAFF, like="staff")
    for index in range(130):
        written = story.request(trading.desk, other, str(100 + index))
        assert written != number
    assert words(trading, "staff") == [f"Staff Person submitted {number}"]


# --- together ---------------------------------------------------------------------------------------------------------


def test_the_whole_desk_is_read_in_one_transaction(trading: Trading) -> None:
    begun: list[object] = []
    event.listen(trading.desk._reader, "begin", begun.append)
    found = seen_by(trading, "cfo")
    assert len(begun) == 1
    assert found.as_of == trading.clock.now


def test_somebody_of_no_place_and_no_right_has_an_empty_desk(trading: Trading) -> None:
    trading.another("visitor", Role.STAFF)
    trading.request()
    found = seen_by(trading, "visitor")
    assert (found.waiting.total, found.funds, found.alerts, found.happenings) == (0, (), (), ())


def test_the_desk_is_the_same_for_a_group_wide_officer_of_several_companies(trading: Trading) -> None:
    story.trading_company(trading.desk, "BETA", prefix="b_")
    trading.another("group_cfo", Role.CFO, company_id=None)
    assert [level.code for level in seen_by(trading, "group_cfo").funds] == ["HQ", "HQ", "MSA", "MSA", "NBI", "NBI"]


_TABLE = re.compile(r'CREATE TABLE "?(\w+)"? \((.*?)\n\)', re.S)


def take_back_to_the_first_schema(desk: Desk) -> None:
    """Drop every table, index and (on Postgres) column that the first migration did not make."""
    folder = Path(schema.__file__).with_name("migrations") / "versions"
    first = (folder / f"r0001_first_schema.{desk.engine.dialect.name}.sql").read_text()
    made = set(re.findall(r'CREATE (?:TABLE|INDEX|UNIQUE INDEX) "?(\w+)', first))
    columns = {name: set(re.findall(r"^\s+(\w+) ", body, re.M)) for name, body in _TABLE.findall(first)}
    with desk.engine.begin() as connection:
        # SQLite's tables are rebuilt from the columns that they had.
        for table in t.metadata.sorted_tables if connection.dialect.name == "postgresql" else ():
            for column in {column.name for column in table.columns} - columns.get(table.name, set()):
                if table.name in made:
                    connection.execute(text(f'ALTER TABLE "{table.name}" DROP COLUMN {column} CASCADE'))
        for table in reversed(t.metadata.sorted_tables):
            if table.name not in made:
                connection.execute(text(f"DROP TABLE {table.name}"))
                continue
            for index in table.indexes:
                if index.name not in made:
                    connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))


def test_an_upgrade_from_the_first_schema_keeps_what_is_there(trading: Trading) -> None:
    number = trading.request()
    take_back_to_the_first_schema(trading.desk)
    trading.desk.upgrade()
    trading.desk.require_current()
    assert tasks(trading, "branch_manager") == [(Task.APPROVE, number)]
    assert trading.rows(t.alert_acknowledgement) == []


@pytest.mark.only_on("postgres")
def test_a_role_that_was_granted_before_the_upgrade_need_not_be_granted_anew(
    trading: Trading, open_desk: Callable[[URL], Desk]
) -> None:
    role = f"pettycash_{uuid4().hex[:8]}"
    trading.desk.grant(role)
    with trading.desk.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{role}'")
    take_back_to_the_first_schema(trading.desk)
    trading.desk.upgrade()
    number = trading.request()
    trading.clock.advance(hours=30)
    theirs = open_desk(trading.desk.url.set(username=role, password=role))
    try:
        for act in (alerts.acknowledge, alerts.take_back):
            theirs.run(trading["branch_manager"], act, number)
        assert len(theirs.read(trading["branch_manager"], overview.overview).alerts) == 1
    finally:
        theirs.close()
        with trading.desk.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
