"""Claims and closed months when two people act at the same moment, in processes of their own."""

from __future__ import annotations

import acts
import books
import closing_acts
import pytest
import story
from crew import Crew, Outcome
from sqlalchemy import select, text, update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import periods
from pettycash_tui.services.desk import Desk

ROUNDS = 4


@pytest.fixture
def desk(trading: Trading) -> Desk:
    """A desk on the books of a company that asks for no codes."""
    with trading.desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    return trading.desk


def told(outcome: Outcome, *codes: str) -> bool:
    assert outcome.won or (outcome.error in ("Refused", "Overtaken") and outcome.code in codes), outcome
    return outcome.won


def month(desk: Desk) -> str:
    return f"{desk.clock():%Y-%m}"


def entries_after_closing(desk: Desk) -> int:
    """How many entries were written into a month after it was closed."""
    p, e = t.accounting_period.c, t.ledger_entry.c
    statement = select(e.id).where(
        e.company_id == p.company_id, p.is_closed, e.value_date >= p.starts_on, e.value_date <= p.ends_on
    )
    with desk.engine.connect() as connection:
        return len(connection.execute(statement).all())


def test_closing_and_paying_at_once_never_leaves_an_entry_behind_the_closing(
    crew: Crew, desk: Desk, trading: Trading
) -> None:
    before = 3  # the opening balances
    for _ in range(ROUNDS):
        payments = [trading.approved(amount="100") for _ in range(3)]
        paying = [(acts.execute, story.executor_of(desk, one).username, one, None) for one in payments]

        closed, *paid = crew.race(desk, [(closing_acts.close, "cfo", month(desk)), *paying])

        assert closed.won, closed
        before += sum(told(one, "period_closed") for one in paid)
        assert entries_after_closing(desk) == before
        desk.run(trading["cfo"], periods.reopen, month(desk), "go on")
        for outcome, one in zip(paid, payments, strict=True):
            if not outcome.won:
                acts.execute(desk, story.executor_of(desk, one).username, one, None)
                before += 1
    books.check(desk)


def test_a_month_is_closed_by_one_of_two(crew: Crew, desk: Desk, trading: Trading) -> None:
    for _ in range(ROUNDS):
        outcomes = crew.race(desk, [(closing_acts.close, "cfo", month(desk))] * 2)
        assert sum(told(one, "period_closed") for one in outcomes) == 1
        outcomes = crew.race(desk, [(closing_acts.reopen, "cfo", month(desk))] * 2)
        assert sum(told(one, "period_open") for one in outcomes) == 1
    assert len(books.check(desk).periods) == 1


def test_two_who_ask_at_once_make_one_claim(crew: Crew, desk: Desk, trading: Trading) -> None:
    for _ in range(ROUNDS):
        one = trading.approved(amount="100")
        acts.execute(desk, story.executor_of(desk, one).username, one, None)

        outcomes = crew.race(
            desk, [(acts.request_money, who, "NBI") for who in ("cfo", "treasury", "group_finance_manager")]
        )

        (won,) = [outcome for outcome in outcomes if told(outcome, "replenishment_open")]
        desk_books = books.check(desk)
        assert len([line for line in desk_books.claimed if not line.is_released]) >= 1
        closing_acts.reject(desk, "cfo", won.value)
    books.check(desk)


def test_asking_while_a_payment_leaves_the_fund_low_claims_each_voucher_once(
    crew: Crew, desk: Desk, trading: Trading
) -> None:
    one = trading.approved(amount="60000")
    officer = story.executor_of(desk, one).username
    paid, asked = crew.race(desk, [(acts.execute, officer, one, None), (acts.request_money, "cfo", "NBI")])
    assert paid.won, paid
    told(asked, "replenishment_open")
    found = books.check(desk)
    assert len([row for row in found.replenishments if row.status == "pending"]) == 1


@pytest.mark.only_on("postgres")
def test_an_entry_in_flight_is_waited_for_by_the_closing(desk: Desk, trading: Trading) -> None:
    """A transaction that has written its entry and not committed: the closing waits, and then sees it."""
    with desk.engine.connect() as flying:
        company = flying.execute(select(t.company.c.id)).scalar_one()
        flying.execute(
            text("SELECT pg_advisory_xact_lock_shared(hashtextextended('period:' || CAST(:c AS TEXT), 0))"),
            {"c": str(company)},
        )
        with desk.engine.begin() as other:
            free = other.execute(
                text("SELECT pg_try_advisory_xact_lock(hashtextextended('period:' || CAST(:c AS TEXT), 0))"),
                {"c": str(company)},
            ).scalar_one()
        assert free is False
        flying.rollback()
    assert desk.run(trading["cfo"], periods.close, month(desk), "settled").is_closed
