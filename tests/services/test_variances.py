"""Variances: recorded by one, approved by a CFO who is another, and the books say then what was really paid."""

from __future__ import annotations

from datetime import date

import books
import pytest
import story
from books import Books
from sqlalchemy import Row
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, Role, VarianceStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import (
    funds,
    ledger_origin,
    ledger_views,
    reconciliation,
    replenishments,
    variance_views,
    variances,
    waiting,
)
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.variances import VarianceAct, VarianceState
from pettycash_tui.services.work import Reading

APPROVE, REJECT = VarianceAct


@pytest.fixture(autouse=True)
def no_codes(trading: Trading) -> None:
    trading.set_company(otp_threshold=10**15)


def paid(trading: Trading, amount: str = "4500", **fields: str) -> str:
    """A payment that was executed."""
    number = trading.approved(amount=amount, **fields)
    story.execution.execute(trading.desk, story.executor_of(trading.desk, number), number)
    return number


def recorded(
    trading: Trading, payment: str, adjusted: str, who: str = "treasury", reason: str = "the receipt says so"
) -> str:
    return trading.desk.run(trading[who], variances.record, payment, adjusted, reason).number


def approved(trading: Trading, number: str, who: str = "cfo") -> VarianceState:
    return trading.desk.run(trading[who], variances.approve, number)


def codes(trading: Trading, who: str, number: str) -> dict[VarianceAct, list[str]]:
    explained = trading.desk.read(trading[who], variance_views.explain, number)
    return {act: [reason.code for reason in reasons] for act, reasons in explained.against.items()}


def last_entry(found: Books, fund: str) -> Row[object]:
    return found.entries_of(found.fund(fund).id)[-1]


def test_paying_more_than_booked_lowers_the_fund(trading: Trading) -> None:
    payment = paid(trading)
    number = recorded(trading, payment, "4,750.50")
    found = books.check(trading.desk)
    assert found.fund("NBI").current_balance == 95_500_00  # nothing has moved yet
    state = approved(trading, number)
    assert (state.status, str(state.amount), str(state.balance), str(state.available)) == (
        VarianceStatus.APPROVED,
        "KES 250.50",
        "KES 95,249.50",
        "KES 95,249.50",
    )
    found = books.check(trading.desk)
    entry = last_entry(found, "NBI")
    assert (entry.entry_type, entry.amount, entry.balance_after) == ("adjustment", -250_50, 95_249_50)
    shown = trading.desk.read(trading["cfo"], ledger_views.show_entry, number)
    assert (shown.variance, shown.corrects, shown.source_type, shown.payment) == (number, "NBI:2", "variance", None)
    assert shown.contra_account is not None
    assert shown.contra_account.code == "5000"
    assert shown.description == f"Correction of {payment}, PCV-NBI-2026-00001 ({number}): the receipt says so"
    view = trading.desk.read(trading["cfo"], variance_views.show, number)
    assert (view.entry, view.approved_by and view.approved_by.username) == ("NBI:3", "cfo")
    assert trading.desk.read(trading["cfo"], ledger_origin.payment_id, shown.id) == found.payment(payment).id


def test_paying_less_raises_it_and_takes_up_who_waits(trading: Trading) -> None:
    payment = paid(trading, "60000")
    first, second, small = (trading.approved(amount=amount) for amount in ("38000", "4500", "100"))
    held = {p.number: p.is_held for p in books.check(trading.desk).payments}
    assert (held[first], held[second], held[small]) == (True, False, True)
    state = approved(trading, recorded(trading, payment, "57000"))
    assert state.taken_up == (second,)
    assert (str(state.balance), str(state.available)) == ("KES 43,000.00", "KES 400.00")
    found = books.check(trading.desk)
    assert found.waiting_with_money() == []
    assert last_entry(found, "NBI").amount == 3_000_00


def test_what_came_back_whole_is_adjusted_to_nothing(trading: Trading) -> None:
    payment = paid(trading)
    approved(trading, recorded(trading, payment, "0"))
    assert books.check(trading.desk).fund("NBI").current_balance == 100_000_00
    with pytest.raises(InvalidInput):
        recorded(trading, payment, "0")
    approved(trading, recorded(trading, payment, "1"))
    assert books.check(trading.desk).fund("NBI").current_balance == 99_999_00


def test_a_second_variance_starts_from_what_the_first_came_to(trading: Trading) -> None:
    payment = paid(trading)
    first = recorded(trading, payment, "5000")
    with pytest.raises(Refused) as refused:
        recorded(trading, payment, "6000", who="treasury2")
    assert refused.value.code == "variance_open"
    assert first in refused.value.message
    approved(trading, first)
    assert trading.desk.read(trading["treasury"], variance_views.before_recording, payment).booked == Money(
        5_000_00, "KES"
    )
    with pytest.raises(InvalidInput) as invalid:
        recorded(trading, payment, "5000")
    assert "5,000.00" in invalid.value.fields["adjusted_amount"]
    second = recorded(trading, payment, "4800")
    assert str(approved(trading, second).amount) == "KES -200.00"
    rejected = recorded(trading, payment, "4000")
    trading.desk.run(trading["cfo"], variances.reject, rejected, "no receipt")
    third = trading.desk.read(trading["cfo"], variance_views.show, recorded(trading, payment, "4700"))
    assert (str(third.original_amount), str(third.variance_amount)) == ("KES 4,800.00", "KES -100.00")
    assert books.check(trading.desk).fund("NBI").current_balance == 95_200_00


def test_a_rejection_keeps_its_reason_and_moves_nothing(trading: Trading) -> None:
    payment = paid(trading)
    number = recorded(trading, payment, "5000")
    for reason in ("", " ", "\x07"):
        with pytest.raises(InvalidInput):
            trading.desk.run(trading["cfo"], variances.reject, number, reason)
    state = trading.desk.run(trading["cfo"], variances.reject, number, "no receipt")
    assert state.status is VarianceStatus.REJECTED
    view = trading.desk.read(trading["treasury"], variance_views.show, number)
    assert (view.rejection_reason, view.rejected_by and view.rejected_by.username, view.entry) == (
        "no receipt",
        "cfo",
        None,
    )
    assert view.reason == "the receipt says so"
    assert books.check(trading.desk).fund("NBI").current_balance == 95_500_00
    assert codes(trading, "cfo", number) == {APPROVE: ["decided"], REJECT: ["decided"]}


def test_only_a_cfo_who_did_not_record_it_approves(trading: Trading) -> None:
    number = recorded(trading, paid(trading), "5000", who="cfo")
    for who in ("treasury", "group_finance_manager", "admin", "ceo", "fpa", "staff"):
        with pytest.raises(NotAllowed):
            approved(trading, number, who)
    with pytest.raises(Refused) as refused:
        approved(trading, number)
    assert refused.value.code == "own_variance"
    assert codes(trading, "cfo", number) == {APPROVE: ["own_variance"], REJECT: []}
    trading.another("cfo2", Role.CFO)
    assert approved(trading, number, "cfo2").status is VarianceStatus.APPROVED
    with pytest.raises(Refused) as refused:
        approved(trading, number, "cfo2")
    assert refused.value.code == "decided"
    with pytest.raises(Refused):
        trading.desk.run(trading["cfo2"], variances.reject, number, "too late")
    books.check(trading.desk)


def test_neither_figure_falls_below_zero(trading: Trading) -> None:
    payment = paid(trading, "60000")  # leaves 40,000
    trading.approved(amount="30000")  # holds 30,000
    with pytest.raises(Refused) as refused:
        recorded(trading, payment, "100000.01")
    assert refused.value.code == "larger_than_fund"
    number = recorded(trading, payment, "70000.01")
    assert codes(trading, "cfo", number)[APPROVE] == ["not_enough"]
    with pytest.raises(Refused) as refused:
        approved(trading, number)
    assert refused.value.code == "not_enough"
    assert "KES 10,000.00 available (KES 40,000.00 less KES 30,000.00 held)" in refused.value.message
    assert books.check(trading.desk).fund("NBI").current_balance == 40_000_00
    trading.desk.run(trading["cfo"], variances.reject, number, "typing error")
    case = trading.desk.read(trading["cfo"], variance_views.case_of, recorded(trading, payment, "70000"))
    assert (str(case.balance_after), str(case.available_after)) == ("KES 30,000.00", "KES 0.00")
    state = approved(trading, case.variance.number)
    assert str(state.available) == "KES 0.00"
    books.check(trading.desk)


def test_a_fund_under_its_level_asks_for_more_and_one_out_of_use_takes_nothing(trading: Trading) -> None:
    payment = paid(trading, "49000")
    state = approved(trading, recorded(trading, payment, "51000"))
    assert state.replenishment == "RPL-000001"
    number = recorded(trading, payment, "50000")
    trading.desk.run(trading["cfo"], funds.deactivate, "NBI")
    assert codes(trading, "cfo", number)[APPROVE] == ["fund_inactive"]
    with pytest.raises(Refused) as refused:
        approved(trading, number)
    assert refused.value.code == "fund_inactive"
    books.check(trading.desk)


def test_what_was_not_paid_has_no_variance_and_a_reconciled_payment_may(trading: Trading) -> None:
    waiting_payment = trading.approved()
    with pytest.raises(Refused) as refused:
        recorded(trading, waiting_payment, "4000")
    assert refused.value.code == "not_paid"
    payment = paid(trading)
    trading.desk.run(trading["cfo"], reconciliation.reconcile, [payment])
    approved(trading, recorded(trading, payment, "4400"))
    assert books.check(trading.desk).payment(payment).status is PaymentStatus.RECONCILED


@pytest.mark.parametrize(
    "typed", ["", "-1", "4500", "4500.00", "4,500.001", "many", "1e3", "１２", "99999999999999999999"]
)
def test_an_amount_that_cannot_be_is_refused_by_name(trading: Trading, typed: str) -> None:
    payment = paid(trading)
    with pytest.raises(InvalidInput) as invalid:
        recorded(trading, payment, typed)
    assert "adjusted_amount" in invalid.value.fields
    assert books.check(trading.desk).variances == []


def test_bad_references_and_people_without_the_right(trading: Trading) -> None:
    payment = paid(trading)
    with pytest.raises(InvalidInput) as invalid:
        recorded(trading, payment, "5000", reason=" ")
    assert "reason" in invalid.value.fields
    for ref in ("PAY-000999", "VAR-1", "", "x" * 300):
        with pytest.raises(NotFound):
            recorded(trading, ref, "5000")
    for ref in ("VAR-000999", payment, "", "x" * 300):
        with pytest.raises(NotFound):
            approved(trading, ref)
    for who in ("staff", "branch_manager", "fpa", "ceo", "admin"):
        with pytest.raises(NotAllowed):
            recorded(trading, payment, "5000", who=who)
    story.trading_company(trading.desk, "BETA", prefix="b_")
    number = recorded(trading, payment, "5000")
    for act in (variances.approve, lambda work, ref: variances.reject(work, ref, "no")):
        for ref in (number, books.read(trading.desk).variances[0].id):
            with pytest.raises(NotFound):
                trading.desk.run(trading["b_cfo"], act, ref)
    assert trading.desk.read(trading["b_cfo"], variance_views.list_variances).items == ()
    # A clerk sees those of their own payments only.
    assert [v.number for v in trading.desk.read(trading["staff"], variance_views.list_variances).items] == [number]
    of_another = recorded(trading, _of_ceo(trading), "900")
    assert of_another not in [
        v.number for v in trading.desk.read(trading["staff"], variance_views.list_variances).items
    ]
    with pytest.raises(NotFound):
        trading.desk.read(trading["staff"], variance_views.show, of_another)


def _of_ceo(trading: Trading) -> str:
    number = trading.approved("ceo", "1000", origin="hq")
    story.execution.execute(trading.desk, story.executor_of(trading.desk, number), number)
    return number


@pytest.mark.parametrize("who", ["staff", "group_finance_manager", "treasury", "cfo", "ceo", "admin"])
def test_the_explanation_says_what_the_service_does(trading: Trading, who: str) -> None:
    services = {APPROVE: variances.approve, REJECT: lambda work, number: variances.reject(work, number, "no")}
    for recorder in ("treasury", "cfo"):
        for act, service in services.items():
            number = recorded(trading, paid(trading), "5000", who=recorder)
            against = codes(trading, who, number)[act]
            try:
                trading.desk.run(trading[who], service, number)
            except (Refused, NotAllowed) as error:
                assert against[0] == error.code
            else:
                assert against == []


def test_lists_are_narrowed_and_paged(trading: Trading) -> None:
    payments = [paid(trading, payee=payee) for payee in ("Total", "Shell", "Rubis")]
    numbers = [recorded(trading, payment, "5000") for payment in payments]
    approved(trading, numbers[0])

    def found(**given: object) -> list[str]:
        page = trading.desk.read(trading["cfo"], variance_views.list_variances, **given)  # type: ignore[arg-type]
        return [view.number for view in page.items]

    assert found() == numbers[::-1]
    assert found(status=VarianceStatus.APPROVED) == numbers[:1]
    assert found(search="shell") == [numbers[1]]
    assert found(payment=payments[2]) == [numbers[2]]
    assert found(fund="HQ") == []
    page = trading.desk.read(trading["cfo"], variance_views.list_variances, limit=2)
    rest = trading.desk.read(trading["cfo"], variance_views.list_variances, limit=2, after=page.next)
    assert [view.number for view in (*page.items, *rest.items)] == numbers[::-1]


def test_the_trend_counts_and_sums_up_each_month_and_fund(trading: Trading) -> None:
    for adjusted in ("5000", "4700", "4000"):
        approved(trading, recorded(trading, paid(trading), adjusted))
    approved(trading, recorded(trading, paid(trading, "1000", origin="hq"), "900"))
    recorded(trading, paid(trading), "1")  # not decided: not in it
    trading.clock.advance(days=62)  # from 2 March to 3 May
    approved(trading, recorded(trading, paid(trading), "4501"))
    rows = trading.desk.read(trading["cfo"], variance_views.trend)
    assert len(rows) == 24
    assert rows[0].month == date(2025, 6, 1)
    told = [
        (f"{row.month:%Y-%m}", row.fund.code, row.count, str(row.paid_more), str(row.paid_less), str(row.net))
        for row in rows
        if row.count
    ]
    assert told == [
        ("2026-03", "HQ", 1, "KES 0.00", "KES 100.00", "KES -100.00"),
        ("2026-03", "NBI", 3, "KES 700.00", "KES 500.00", "KES 200.00"),
        ("2026-05", "NBI", 1, "KES 1.00", "KES 0.00", "KES 1.00"),
    ]
    assert {row.fund.code for row in trading.desk.read(trading["cfo"], variance_views.trend, fund="HQ")} == {"HQ"}
    assert len(trading.desk.read(trading["cfo"], variance_views.trend, months=1)) == 1
    with pytest.raises(InvalidInput):
        trading.desk.read(trading["cfo"], variance_views.trend, months=0)
    assert trading.desk.read(trading["staff"], variance_views.trend) == ()


def test_what_is_recorded_waits_for_the_cfo_and_for_nobody_else(trading: Trading) -> None:
    number = recorded(trading, paid(trading), "5000")

    def waits(who: str) -> list[tuple[str, str, str]]:
        lines = trading.desk.read(trading[who], waiting.lines)
        return [(line.number, line.place, line.command) for line in lines if line.task is waiting.Task.ADJUST]

    assert waits("cfo") == [(number, "treasury", f"pettycash variance approve {number}")]
    assert waits("treasury") == waits("treasury2") == waits("ceo") == []
    own = recorded(trading, paid(trading), "5000", who="cfo")
    assert own not in [line[0] for line in waits("cfo")]
    approved(trading, number)
    assert waits("cfo") == []


def test_who_waits_longer_than_the_money_lasts_makes_the_fund_ask(trading: Trading) -> None:
    payment = paid(trading, "60000")
    asked = books.read(trading.desk).replenishments[0].number
    trading.desk.run(trading["cfo"], replenishments.reject, asked, "not now")
    trading.approved(amount="45000")  # waits, and the fund asks again
    again = books.read(trading.desk).replenishments[-1].number
    trading.desk.run(trading["cfo"], replenishments.reject, again, "not now")
    state = approved(trading, recorded(trading, payment, "59000"))
    assert state.taken_up == ()
    assert state.replenishment == "RPL-000003"

    def still_waits(reading: Reading) -> bool:
        return variance_views.to_decide(reading, 10) == ()

    assert trading.desk.read(trading["cfo"], still_waits)
    books.check(trading.desk)


def test_rows_of_the_table_name_their_fund(trading: Trading) -> None:
    recorded(trading, paid(trading), "5000")
    (row,) = trading.rows(t.variance)
    assert (row.original_amount, row.adjusted_amount, row.variance_amount) == (4_500_00, 5_000_00, 500_00)
    assert row.fund_id == trading.row(t.treasury_fund, "NBI").id
