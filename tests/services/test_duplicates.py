"""What looks asked for twice or split is told to everybody whom it concerns, with no more than they may know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services import duplicates, requisition_views, requisitions, submission
from pettycash_tui.services.duplicates import Findings
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.requisitions import RequisitionInput


def found(trading: Trading, who: str, number: str) -> Findings:
    return trading.desk.read(trading[who], duplicates.of_requisition, number)


def test_the_same_payee_and_amount_within_30_days_is_a_twin_whoever_asks(trading: Trading) -> None:
    first = trading.request("staff", "4500", payee="Total Energies", purpose="Secret fuel")
    trading.clock.advance(days=29)
    second = trading.request("branch_manager", "4500", payee="  total   ENERGIES ")
    (twin,) = found(trading, "branch_manager", second).twins
    assert (twin.number, twin.amount, twin.payee) == (first, Money(450_000, "KES"), "Total Energies")
    assert (str(twin.day), twin.requester) == ("2026-03-02", "Staff Person")
    assert "Secret fuel" not in twin.sentence
    assert [twin.number for twin in found(trading, "staff", first).twins] == [second], "the first one sees the second"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jo\u200dhn", "John"),
        ("Jo\ufe0fhn", "John"),
        ("Jo\u200b\u2060\u00ad\u202c\U000e0041hn\u3164", "John"),
        ("Jose\u200d\u0301", "José"),
        ("John\u2800Doe\u2800", "John Doe"),
        ("葛\U000e0100城", "葛城"),
        ("خانه\u200cمن", "خانهمن"),
        ("അനില\u0d4d\u200d", "അനില\u0d4d"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_names_that_read_alike_are_compared_as_one(one: str, other: str) -> None:
    assert duplicates.folded(one) == duplicates.folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("John", "Joan"), ("خانه من", "خانهمن"), ("അനില", "അനില\u0d4d"), ("José", "Jose")]
)
def test_names_that_read_otherwise_are_not(one: str, other: str) -> None:
    assert duplicates.folded(one) != duplicates.folded(other)


def test_a_payee_that_was_stored_with_what_is_not_drawn_is_a_twin(trading: Trading) -> None:
    given = RequisitionInput(amount="4500", payee="John Doe", purpose="Fuel")
    draft = trading.desk.run(trading["staff"], requisitions.create, given).number
    stored = update(t.requisition).where(t.requisition.c.number == draft).values(payee="Jo\u200dhn\u180b Doe")
    trading.change(lambda work: work.execute(stored))

    mine = trading.request("staff", "4500", payee="John Doe")

    assert [twin.number for twin in found(trading, "staff", mine).twins] == [draft]


def test_a_clerk_learns_of_anothers_request_only_what_is_told(trading: Trading) -> None:
    other = trading.request("treasury", "4500", payee="Total Energies", purpose="Secret fuel", origin="hq")
    mine = trading.request("staff", "4500", payee="Total Energies")
    (sentence,) = found(trading, "staff", mine).sentences
    assert sentence == (
        f"{other} asks for the same: KES 4,500.00 for Total Energies, 2026-03-02, by Treasury Person"
        " (pending department approval)."
    ).replace("pending department approval", trading.show(other).status.label.lower())
    with pytest.raises(NotFound):
        trading.desk.read(trading["staff"], requisition_views.show, other)
    with pytest.raises(NotFound):
        found(trading, "staff", other)


def test_another_amount_payee_or_month_is_no_twin(trading: Trading) -> None:
    trading.request("staff", "4500", payee="Total Energies")
    assert found(trading, "staff", trading.request("staff", "4500.01", payee="Total Energies")).twins == ()
    assert found(trading, "staff", trading.request("staff", "4500", payee="Total Energy")).twins == ()
    trading.clock.advance(days=31)
    assert found(trading, "staff", trading.request("staff", "4500", payee="Total Energies")).twins == ()


def test_what_was_withdrawn_and_anothers_draft_are_no_twins(trading: Trading) -> None:
    gone = trading.request("staff", "4500", payee="Total Energies")
    trading.act("staff", submission.withdraw, gone, "")
    given = RequisitionInput(amount="4500", payee="Total Energies", purpose="Fuel")
    draft = trading.desk.run(trading["branch_manager"], requisitions.create, given).number
    mine = trading.request("staff", "4500", payee="Total Energies")
    assert found(trading, "staff", mine).twins == ()
    assert [twin.number for twin in found(trading, "branch_manager", draft).twins] == [mine]


def test_several_just_under_a_bound_to_one_payee_are_told(trading: Trading) -> None:
    first = trading.request("staff", "9600", payee="Jabali Garage")
    assert found(trading, "staff", first).split is None
    second = trading.request("staff", "9000", payee="jabali garage")
    split = found(trading, "branch_manager", second).split
    assert split is not None
    assert (split.numbers, split.is_just_under, split.tier) == ((first,), True, 1)
    assert split.sentence == (
        f"Like {first} for jabali garage within 30 days, this stays just under KES 10,000.00, the most of tier 1."
    )


def test_a_sum_that_passes_what_each_stays_below_is_told(trading: Trading) -> None:
    first = trading.request("staff", "4000", payee="Jabali Garage")
    second = trading.request("staff", "4000", payee="Jabali Garage")
    assert found(trading, "staff", second).split is None
    third = trading.request("staff", "2000.01", payee="Jabali Garage")
    split = found(trading, "staff", third).split
    assert split is not None
    assert split.sentence == (
        f"With {second}, {first} this makes KES 10,000.01 for Jabali Garage within 30 days: more than KES 10,000.00,"
        " the most of tier 1."
    )


def test_the_sum_is_of_one_requester_and_one_payee(trading: Trading) -> None:
    trading.request("branch_manager", "9500", payee="Jabali Garage")
    trading.request("staff", "9500", payee="Nyota Stationers")
    assert found(trading, "staff", trading.request("staff", "9500.50", payee="Jabali Garage")).split is None


def test_many_requests_are_named_shortly(trading: Trading) -> None:
    numbers = [trading.request("staff", f"{9000 + place}", payee="Jabali Garage") for place in range(5)]
    said = found(trading, "staff", numbers[-1]).sentences[-1]
    assert said.startswith(f"Like {numbers[3]}, {numbers[2]}, {numbers[1]} and 1 more for Jabali Garage")


def test_explain_tells_it_to_the_approver(trading: Trading) -> None:
    first = trading.request("staff", "4500", payee="Total Energies")
    second = trading.request("staff", "4500", payee="Total Energies")
    warnings = trading.explain("branch_manager", second).warnings
    assert len(warnings) == 1 and warnings[0].startswith(f"{first} asks for the same")


def test_another_company_is_never_told_of(trading: Trading) -> None:
    import story

    others = story.trading_company(trading.desk, "NILE", prefix="nile_")
    story.request(trading.desk, others["staff"], "4500", payee="Total Energies")
    mine = trading.request("staff", "4500", payee="Total Energies")
    assert found(trading, "staff", mine) == Findings()


@pytest.mark.parametrize("days", [30, -30])
def test_the_thirtieth_day_counts_either_way(trading: Trading, days: int) -> None:
    first = trading.request("staff", "4500", payee="Total Energies")
    trading.clock.advance(seconds=int(timedelta(days=30).total_seconds()))
    second = trading.request("staff", "4500", payee="Total Energies")
    number, other = (second, first) if days > 0 else (first, second)
    assert [twin.number for twin in found(trading, "staff", number).twins] == [other]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("statement", "index"),
    [(duplicates._SAME_AMOUNT, "ix_requisition_amount"), (duplicates._BY_REQUESTER, "ix_requisition_mine")],
    ids=["the same again", "split"],
)
def test_both_searches_are_served_by_an_index(trading: Trading, statement: Any, index: str) -> None:
    given = {
        "company": trading.company_id, "currency": "KES", "since": trading.clock.now, "until": trading.clock.now,
        "own": trading.company_id, "amount": 1, "me": trading.company_id, "requester": trading.company_id,
    }  # fmt: skip
    named = statement.compile().params.keys() & given.keys()
    plan = trading.desk.read(
        trading["staff"],
        lambda reading: [
            row[3]
            for row in reading.connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN "
                + str(
                    statement.params({name: given[name] for name in named}).compile(
                        trading.desk.engine, compile_kwargs={"literal_binds": True}
                    )
                )
            )
        ],
    )
    assert index in " ".join(plan)
    assert not any(line.startswith("SCAN") for line in plan)
