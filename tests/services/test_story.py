"""The whole story through the services, on both databases."""

from __future__ import annotations

import pytest
import story

from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.services import execution, funds, ledger_views, payment_views, requisition_views, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.ledger_views import EntryFilter


@pytest.fixture(autouse=True)
def outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def test_a_requisition_becomes_a_payment_and_a_ledger_line(desk: Desk) -> None:
    people = story.trading_company(desk)
    number = story.request(desk, people["staff"])
    assert desk.read(people["branch_manager"], requisition_views.count_queue) == 1
    acted = desk.run(people["branch_manager"], workflow.approve, number, "fine")
    assert acted.status is RequisitionStatus.PENDING_TREASURY_VALIDATION
    acted = desk.run(story.approver_of(desk, number), workflow.approve, number)
    assert acted.status is RequisitionStatus.APPROVED
    assert acted.payment == "PAY-000001"
    fund = desk.read(people["cfo"], funds.show, "NBI")
    assert (fund.current_balance.plain(), fund.held_amount.plain()) == ("100000.00", "4500.00")

    done = story.pay(desk, "PAY-000001")

    assert done.voucher_number == "PCV-NBI-2026-00001"
    assert done.balance_after.plain() == "95500.00"
    shown = desk.read(people["staff"], requisition_views.show, number)
    assert shown.status is RequisitionStatus.PAID
    assert [line.action.value for line in shown.trail] == ["submitted", "approved", "validated", "paid"]
    payment = desk.read(people["staff"], payment_views.show, "PAY-000001")
    assert payment.status is PaymentStatus.SUCCESS
    assert not payment.held
    book = desk.read(people["cfo"], ledger_views.open_ledger, "NBI")
    entries = desk.read(people["cfo"], ledger_views.list_entries, book, EntryFilter()).items
    assert [(e.sequence, e.entry_type.value, e.amount.plain(), e.balance_after.plain()) for e in entries] == [
        (1, "credit", "100000.00", "100000.00"),
        (2, "debit", "4500.00", "95500.00"),
    ]
    with pytest.raises(Refused) as refused:
        execution.execute(desk, story.executor_of(desk, "PAY-000001"), "PAY-000001", code="000000")
    assert refused.value.reasons[0].code == "already_executed"
