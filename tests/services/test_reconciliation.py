"""Reconciling: by somebody who did not execute the payment, undone with a reason, and every act stays."""

from __future__ import annotations

from datetime import timedelta

import books
import pytest
import story
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, ReconciliationAct
from pettycash_tui.services import payment_views, reconciliation, reconciliation_views
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, PettyCashError, Refused
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.reconciliation_views import ReconciliationFilter, ReconciliationRow

DONE, UNDONE = ReconciliationAct


@pytest.fixture(autouse=True)
def no_codes(trading: Trading) -> None:
    trading.set_company(otp_threshold=10**15)


def paid(trading: Trading, amount: str = "4500", **fields: str) -> str:
    """A payment that was executed."""
    number = trading.approved(amount=amount, **fields)
    story.execution.execute(trading.desk, story.executor_of(trading.desk, number), number)
    return number


def other_officer(trading: Trading, payment: str) -> str:
    """The treasury officer who did not execute it."""
    return "treasury" if story.executor_of(trading.desk, payment).username == "treasury2" else "treasury2"


def codes(trading: Trading, who: str, number: str) -> dict[ReconciliationAct, list[str]]:
    explained = trading.desk.read(trading[who], reconciliation_views.explain, number)
    return {act: [reason.code for reason in reasons] for act, reasons in explained.against.items()}


def listed(trading: Trading, who: str = "cfo", **given: object) -> list[ReconciliationRow]:
    found = ReconciliationFilter(**given)  # type: ignore[arg-type]
    return list(trading.desk.read(trading[who], reconciliation_views.list_payments, found).items)


def test_a_payment_is_reconciled_undone_and_reconciled_again_and_every_act_stays(trading: Trading) -> None:
    number = paid(trading)
    done = trading.desk.run(trading["cfo"], reconciliation.reconcile, [number])
    assert [(state.number, state.status, state.fund, state.entry) for state in done] == [
        (number, PaymentStatus.RECONCILED, "NBI", 2)
    ]
    undone = trading.desk.run(trading["group_finance_manager"], reconciliation.undo, number, "wrong line")
    assert undone.status is PaymentStatus.SUCCESS
    trading.desk.run(trading["cfo"], reconciliation.reconcile, [number])
    found = books.check(trading.desk)
    assert found.payment(number).status is PaymentStatus.RECONCILED
    explained = trading.desk.read(trading["cfo"], reconciliation_views.explain, number)
    assert [(step.act, step.person.username if step.person else "", step.reason) for step in explained.steps] == [
        (DONE, "cfo", ""),
        (UNDONE, "group_finance_manager", "wrong line"),
        (DONE, "cfo", ""),
    ]
    # It never touches the entry.
    assert len(found.entries_of(found.fund("NBI").id)) == 2


def test_who_executed_it_neither_reconciles_nor_undoes(trading: Trading) -> None:
    number = paid(trading)
    executor, other = story.executor_of(trading.desk, number).username, other_officer(trading, number)
    with pytest.raises(Refused) as refused:
        trading.desk.run(trading[executor], reconciliation.reconcile, [number])
    assert refused.value.code == "own_payment"
    trading.desk.run(trading[other], reconciliation.reconcile, [number])
    with pytest.raises(Refused) as refused:
        trading.desk.run(trading[executor], reconciliation.undo, number, "mine")
    assert refused.value.code == "own_payment"
    assert codes(trading, executor, number) == {DONE: ["already_reconciled", "own_payment"], UNDONE: ["own_payment"]}
    assert codes(trading, other, number) == {DONE: ["already_reconciled"], UNDONE: []}


def test_several_are_reconciled_together_or_none_and_every_reason_is_told(trading: Trading) -> None:
    first, second, waiting = paid(trading), paid(trading), trading.approved()
    trading.desk.run(trading["cfo"], reconciliation.reconcile, [second])
    with pytest.raises(Refused) as refused:
        trading.desk.run(trading["cfo"], reconciliation.reconcile, [first, second, waiting])
    assert [reason.code for reason in refused.value.reasons] == ["already_reconciled", "not_executed"]
    assert books.check(trading.desk).payment(first).status is PaymentStatus.SUCCESS
    # Named twice is reconciled once.
    third = paid(trading)
    done = trading.desk.run(trading["cfo"], reconciliation.reconcile, [third, first, first])
    assert [state.number for state in done] == [first, third]
    books.check(trading.desk)


def test_an_undoing_needs_a_reason_and_something_to_undo(trading: Trading) -> None:
    number = paid(trading)
    with pytest.raises(Refused) as refused:
        trading.desk.run(trading["cfo"], reconciliation.undo, number, "why not")
    assert refused.value.code == "not_reconciled"
    trading.desk.run(trading["cfo"], reconciliation.reconcile, [number])
    for reason in ("", "  ", "\x1b[2J", "x" * 501):
        with pytest.raises(InvalidInput) as invalid:
            trading.desk.run(trading["cfo"], reconciliation.undo, number, reason)
        assert "reason" in invalid.value.fields
    with pytest.raises(InvalidInput):
        trading.desk.run(trading["cfo"], reconciliation.reconcile, [])
    with pytest.raises(NotFound):
        trading.desk.run(trading["cfo"], reconciliation.reconcile, ["PAY-000999"])


@pytest.mark.parametrize("who", ["staff", "branch_manager", "group_finance_manager", "treasury", "cfo", "ceo", "admin"])
def test_the_explanation_says_what_the_service_does(trading: Trading, who: str) -> None:
    for is_done in (False, True):
        for act in ReconciliationAct:
            number = paid(trading)
            if is_done:
                trading.desk.run(trading[other_officer(trading, number)], reconciliation.reconcile, [number])
            against = codes(trading, who, number)[act]
            try:
                if act is DONE:
                    trading.desk.run(trading[who], reconciliation.reconcile, [number])
                else:
                    trading.desk.run(trading[who], reconciliation.undo, number, "look again")
            except (Refused, NotAllowed) as error:
                assert against[0] == error.code
            else:
                assert against == []
    books.check(trading.desk)


def test_another_companys_payment_is_not_there(trading: Trading) -> None:
    number = paid(trading)
    story.trading_company(trading.desk, "BETA", prefix="b_")
    found = trading.row_of_company(t.treasury_fund, "NBI")
    payment = books.read(trading.desk).payment(number)
    assert payment.fund_id == found.id
    for ref in (payment.id, number):
        with pytest.raises(NotFound):
            trading.desk.run(trading["b_cfo"], reconciliation.reconcile, [ref])
    assert listed(trading, "b_cfo") == []


def test_what_is_to_be_reconciled_is_listed_oldest_first_with_entry_reference_and_voucher(trading: Trading) -> None:
    first = paid(trading, "1000")
    trading.clock.advance(days=1)
    second = paid(trading, "2000", origin="hq")
    trading.clock.advance(days=1)
    third = paid(trading, "3000", payee="Shell")
    rows = listed(trading)
    assert [(row.number, row.fund.code, row.entry, row.voucher_number) for row in rows] == [
        (first, "NBI", "NBI:2", "PCV-NBI-2026-00001"),
        (second, "HQ", "HQ:2", "PCV-HQ-2026-00001"),
        (third, "NBI", "NBI:3", "PCV-NBI-2026-00002"),
    ]
    assert all(row.gateway_reference and row.executor and row.reconciled_by is None for row in rows)
    pages = ReconciliationFilter()
    page = trading.desk.read(trading["cfo"], reconciliation_views.list_payments, pages, limit=2)
    rest = trading.desk.read(trading["cfo"], reconciliation_views.list_payments, pages, limit=2, after=page.next)
    assert [row.number for row in (*page.items, *rest.items)] == [first, second, third]
    day = trading.clock.now.date() - timedelta(days=1)
    assert [row.number for row in listed(trading, fund="NBI")] == [first, third]
    assert [row.number for row in listed(trading, from_date=day, to_date=day)] == [second]
    assert [row.number for row in listed(trading, search="shell")] == [third]
    assert [row.number for row in listed(trading, search=rows[1].gateway_reference)] == [second]

    trading.desk.run(trading["cfo"], reconciliation.reconcile, [third])
    assert [row.number for row in listed(trading)] == [first, second]
    (done,) = listed(trading, reconciled=True)
    assert (done.number, done.status, done.reconciled_by and done.reconciled_by.username) == (
        third,
        PaymentStatus.RECONCILED,
        "cfo",
    )
    assert done.reconciled_at == trading.clock.now
    counts = trading.desk.read(trading["cfo"], reconciliation_views.counts, ReconciliationFilter())
    assert [(count.fund.code, count.count, str(count.amount)) for count in counts] == [
        ("HQ", 1, "KES 2,000.00"),
        ("NBI", 1, "KES 1,000.00"),
    ]
    assert counts[1].oldest == rows[0].executed_at
    with_status = PaymentFilter(status=PaymentStatus.RECONCILED)
    page_of_payments = trading.desk.read(trading["cfo"], payment_views.list_payments, with_status)
    assert [row.number for row in page_of_payments.items] == [third]


def test_one_that_was_never_paid_has_no_line(trading: Trading) -> None:
    waiting = trading.approved()
    with pytest.raises(PettyCashError) as refused:
        trading.desk.read(trading["cfo"], reconciliation_views.show, waiting)
    assert refused.value.code == "not_executed"
