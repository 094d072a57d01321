"""The main story by command lines, on both databases: asked, approved, confirmed by a code, paid, filled up again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.services import demo, requisition_views, workflow
from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


def test_a_requisition_becomes_a_payment_and_a_line_of_the_ledger(company: Company) -> None:
    asked = company.done("staff", "req", "new", "--amount", "4,500", "--purpose", "Fuel", "--submit")
    number = asked["number"]
    assert (asked["status"], asked["tier"], asked["amount"], asked["currency"]) == (
        "pending_branch_approval",
        1,
        "4500.00",
        "KES",
    )
    assert (asked["revision"], asked["payment"], asked["next_approver"]["username"]) == (1, None, "branch_manager")
    assert [(step["position"], step["kind"], step["role"], step["status"]) for step in asked["steps"]] == [
        (1, "approve", "branch_manager", "current"),
        (2, "validate", "treasury", "waiting"),
    ]
    assert [row["number"] for row in company.done("branch_manager", "req", "queue")["items"]] == [number]
    assert company.done("branch_manager", "req", "explain", number)["allowed"] is True
    approved = company.done("branch_manager", "req", "approve", number, "--comment", "fine")
    assert approved["status"] == "pending_treasury_validation"
    assert company.done("branch_manager", "req", "queue")["items"] == []
    validated = company.done(approved["next_approver"]["username"], "req", "approve", number)
    assert validated["status"] == "approved"
    assert [(line["action"], line["comment"]) for line in validated["trail"]] == [
        ("submitted", ""),
        ("approved", "fine"),
        ("validated", ""),
    ]
    [payment] = company.done("cfo", "pay", "list", "--requisition", number)["items"]
    assert payment["number"] == validated["payment"] == "PAY-000001"
    assert (payment["status"], payment["held"], payment["amount"]) == ("pending", True, "4500.00")
    executor = payment["executor"]["username"]
    assert company.done("cfo", "fund", "show", "NBI")["held_amount"] == "4500.00"

    code = company.code(executor, "PAY-000001")
    paid = company.done(executor, "pay", "execute", "PAY-000001", "--otp", code)

    [mail] = company.outbox()
    assert mail["To"] == f"{payment['executor']['name']} <{executor}@acme.example>"
    assert (paid["status"], paid["held"], paid["voucher_number"]) == ("success", False, "PCV-NBI-2026-00001")
    assert (paid["gateway_reference"], paid["repeated"], paid["retry_count"]) == ("CASH-PAY-000001", False, 0)
    fund = company.done("cfo", "fund", "show", "NBI")
    assert (fund["current_balance"], fund["held_amount"], fund["available"]) == ("95500.00", "0.00", "95500.00")
    opening, entry = company.done("cfo", "fund", "ledger", "NBI")["items"]
    assert (opening["sequence"], opening["entry_type"], opening["balance_after"]) == (1, "credit", "100000.00")
    assert (entry["sequence"], entry["entry_type"], entry["amount"]) == (2, "debit", "4500.00")
    assert (entry["balance_after"], entry["payment"]) == ("95500.00", "PAY-000001")
    assert entry["contra_account"]["code"] == "5000"
    assert entry["created_at"].endswith("+00:00")
    assert company.done("cfo", "ledger", "show", "NBI:2") == entry
    assert company.done("cfo", "execution", "show", "PAY-000001")["channel"] == "email"
    assert company.done("staff", "req", "show", number)["status"] == "paid"


def test_paying_twice_pays_once(company: Company) -> None:
    _, payment, executor = company.approved()
    code = company.code(executor, payment)
    first = company.done(executor, "pay", "execute", payment, "--otp", code, "--idempotency-key", "till-7")

    assert company.refused(3, executor, "pay", "execute", payment, "--otp", code)["code"] == "already_executed"
    assert company.refused(3, executor, "pay", "execute", payment)["code"] == "already_executed"
    again = company.done(executor, "pay", "execute", payment, "--otp", code, "--idempotency-key", "till-7")

    assert again["repeated"]
    assert {**again, "repeated": False} == first
    assert len(company.done("cfo", "fund", "ledger", "NBI", "--type", "debit")["items"]) == 1


def test_a_code_verified_before_is_enough(company: Company) -> None:
    _, payment, executor = company.approved()
    assert company.refused(3, executor, "pay", "execute", payment)["code"] == "code_not_verified"
    sent = company.done(executor, "pay", "send-otp", payment)
    assert set(sent) == {*("payment", "channel", "sent_to", "expires_at", "resend_after", "attempts_left", "demo_code")}

    assert company.done(executor, "pay", "verify-otp", payment, sent["demo_code"])["verified"] is True

    assert company.done(executor, "pay", "explain", payment) == {
        "number": payment,
        "allowed": True,
        "reasons": [],
        "orders": [],
        "schedule": None,
    }
    assert company.done(executor, "pay", "execute", payment)["status"] == "success"


def test_a_fund_is_filled_up_again(company: Company) -> None:
    company.paid()
    asked = company.done("treasury", "fund", "replenish", "NBI", "--reason", "month end")
    assert (asked["status"], asked["requested_amount"]) == ("pending", "104500.00")
    number = asked["number"]

    assert company.refused(3, "treasury", "replenishment", "approve", number)["code"] == "own_request"
    explained = company.done("treasury", "replenishment", "explain", number)
    assert (explained["number"], explained["step"]) == (number, "approve")
    assert {act: [reason["code"] for reason in reasons] for act, reasons in explained["against"].items()} == {
        "approve": ["own_request"],
        "reject": [],
        "complete": ["wrong_status"],
    }
    company.done("treasury2", "replenishment", "approve", number)
    assert "reference" in company.refused(2, "treasury", "replenishment", "complete", number)["fields"]
    done = company.done("treasury", "replenishment", "complete", number, "--reference", "BANK-1")

    assert (done["status"], done["completed_amount"], done["taken_up"]) == ("completed", "104500.00", [])
    assert company.done("cfo", "fund", "show", "NBI")["current_balance"] == "200000.00"
    assert [row["number"] for row in company.done("cfo", "replenishment", "list", "--fund", "NBI")["items"]] == [number]
    assert company.done("cfo", "replenishment", "show", number)["reference"] == "BANK-1"


def test_a_payment_waits_for_money_and_takes_it_up_when_it_arrives(company: Company) -> None:
    company.done("cfo", "fund", "edit", "MSA", "--target-balance", "100000")
    number, payment, _ = company.approved("90000", "--fund", "MSA")
    assert [row["number"] for row in company.done("cfo", "pay", "list", "--waiting")["items"]] == [payment]
    assert company.done("cfo", "pay", "list", "--held")["items"] == []
    [asked] = company.done("cfo", "replenishment", "list", "--status", "pending")["items"]
    assert asked["auto_triggered"] is True
    [event] = company.done("cfo", "audit", "log", "--action", "replenishment.requested")["items"]
    assert event["subject"] == asked["number"]

    approver = "cfo" if asked["requested_by"]["username"] != "cfo" else "group_finance_manager"
    company.done(approver, "replenishment", "approve", asked["number"])
    done = company.done("cfo", "replenishment", "complete", asked["number"], "--reference", "B-2", "--amount", "30k")

    assert (done["completed_amount"], done["taken_up"]) == ("30000.00", [payment])
    assert company.done("cfo", "pay", "list", "--requisition", number, "--held")["items"][0]["held"] is True


def test_what_is_asked_for_in_vain_stays_as_a_draft_that_the_error_names(company: Company) -> None:
    with company.desk.engine.begin() as connection:
        connection.execute(update(t.approval_threshold).values(is_active=False))

    error = company.refused(3, "staff", "req", "new", "--amount", "9", "--purpose", "Tea", "--submit")

    assert error["fields"]["draft"] == "REQ-000001"
    assert "pettycash req submit REQ-000001" in error["message"]
    assert company.done("staff", "req", "show", "REQ-000001")["status"] == "draft"
    explained = company.done("staff", "req", "explain", "REQ-000001")
    assert explained["allowed"] is False
    assert explained["reasons"][0].keys() == {"code", "message"}


def test_changes_are_asked_for_made_and_submitted_as_a_new_revision(company: Company, tmp_path: Path) -> None:
    number = company.requested()
    assert "reason" in company.refused(2, "branch_manager", "req", "request-changes", number)["fields"]
    company.done("branch_manager", "req", "request-changes", number, "--reason", "Which van?")
    assert company.refused(2, "staff", "req", "edit", number)["code"] == "usage"
    edited = company.done("staff", "req", "edit", number, "--purpose", "Fuel for KBX 1", "--amount", "4.6k")
    assert (edited["purpose"], edited["amount"], edited["payee"]) == ("Fuel for KBX 1", "4600.00", "Total Energies")
    quote = tmp_path / "quote.txt"
    quote.write_text("4,600")
    [attached] = company.done("staff", "req", "attach", number, str(quote))["attachments"]
    assert (attached["file_name"], attached["size"]) == ("quote.txt", 5)
    assert "file" in company.refused(2, "staff", "req", "attach", number, str(tmp_path))["fields"]

    assert company.done("staff", "req", "submit", number)["revision"] == 2
    company.done("staff", "req", "withdraw", number, "--reason", "No longer needed")
    assert company.done("staff", "req", "list", "--mine", "--status", "withdrawn")["items"][0]["number"] == number


def test_urgency_is_confirmed_or_declined(company: Company) -> None:
    urgent = ["--urgent", "--urgency-reason", "The van stands still"]
    assert (
        "urgency_reason"
        in company.refused(2, "staff", "req", "new", "--amount", "9", "--purpose", "Fuel", "--urgent")["fields"]
    )
    first, second = company.requested("20000", *urgent), company.requested("20000", *urgent)
    assert company.refused(3, "branch_manager", "req", "approve", first)["code"] == "urgency_open"

    confirmed = company.done("branch_manager", "req", "confirm-urgency", first)
    declined = company.done("branch_manager", "req", "decline-urgency", second, "--comment", "It can wait")

    assert confirmed["status"] == "pending_treasury_validation"
    assert [step["status"] for step in confirmed["steps"]] == ["done", "skipped", "current"]
    assert declined["status"] == "pending_branch_approval"
    assert [step["status"] for step in declined["steps"]] == ["current", "waiting", "waiting"]


def test_a_large_payment_is_reviewed_after_it_left(company: Company) -> None:
    number = company.requested("60000")
    assert company.refused(3, "branch_manager", "req", "review", number)["code"] == "not_a_review"
    company.done("staff", "req", "withdraw", number)
    number, _, _ = company.paid("60000")

    reviewed = company.done("fpa", "req", "review", number, "--comment", "seen")

    assert (reviewed["status"], reviewed["trail"][-1]["action"]) == ("reviewed", "reviewed")


def test_an_admin_gives_a_step_to_somebody_else(company: Company) -> None:
    number = company.requested()
    reassign = ["req", "reassign", number, "--to", "regional_manager"]
    company.refused(5, "branch_manager", *reassign, "--reason", "I am away")

    given = company.done("admin", *reassign, "--reason", "The manager is ill")

    assert given["next_approver"]["username"] == "regional_manager"
    assert (given["trail"][-1]["action"], given["trail"][-1]["override"]) == ("reassigned", True)
    assert company.refused(3, "branch_manager", "req", "approve", number)["code"] == "not_your_step"
    company.done("regional_manager", "req", "approve", number)


def test_a_payment_is_assigned_and_given_up(company: Company) -> None:
    number, payment, executor = company.approved()
    other = "treasury2" if executor == "treasury" else "treasury"
    assert company.done("cfo", "pay", "assign", payment, "--to", other)["executor"]["username"] == other
    assert company.refused(3, executor, "pay", "send-otp", payment)["code"] == "not_executor"
    assert company.refused(3, other, "pay", "retry", payment)["code"] == "not_failed"
    assert "reason" in company.refused(2, "cfo", "pay", "cancel", payment)["fields"]

    cancelled = company.done("cfo", "pay", "cancel", payment, "--reason", "The order fell through")

    assert (cancelled["status"], cancelled["held"]) == ("cancelled", False)
    assert company.done("staff", "req", "show", number)["status"] == "rejected"
    assert company.refused(3, other, "pay", "execute", payment)["code"] == "cancelled"


def test_who_was_slower_is_told_who_was_faster(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    number = company.requested()
    seen: Callable[..., Any] = requisition_views.show

    def somebody_acts_after_the_look(reading: Any, ref: Any) -> Any:
        found = seen(reading, ref)
        monkeypatch.setattr(requisition_views, "show", seen)
        company.desk.run(reading.actor, workflow.reject, number, "not today")
        return found

    monkeypatch.setattr(requisition_views, "show", somebody_acts_after_the_look)
    error = company.refused(6, "branch_manager", "req", "approve", number)

    assert error["code"] == "overtaken"
    assert "Branch Manager was faster (rejected)" in error["message"]


def test_the_story_runs_in_the_demo_company_among_its_history(run: Run, database_address: str, desk: Desk) -> None:
    demo.build(desk)
    company = Company(run, database_address, desk)
    before = company.done("cfo", "fund", "show", "NBI")
    found = company.done("clerk.nbi", "req", "new", "--amount", "4500", "--purpose", "Fuel", "--submit")
    number = found["number"]
    assert number in [row["number"] for row in company.done("manager.nbi", "req", "queue")["items"]]
    found = company.done("manager.nbi", "req", "approve", number)
    found = company.done(found["next_approver"]["username"], "req", "approve", number)
    [payment] = company.done("cfo", "pay", "list", "--requisition", number)["items"]
    executor = payment["executor"]["username"]
    code = company.code(executor, payment["number"])

    paid = company.done(executor, "pay", "execute", payment["number"], "--otp", code)

    after = company.done("cfo", "fund", "show", "NBI")
    assert Decimal(before["available"]) - Decimal(after["available"]) == Decimal("4500.00")
    [newest] = company.done("cfo", "fund", "ledger", "NBI", "--newest", "--limit", "1")["items"]
    assert (newest["payment"], newest["voucher_number"]) == (payment["number"], paid["voucher_number"])
    assert newest["balance_after"] == paid["balance_after"] == after["current_balance"]
