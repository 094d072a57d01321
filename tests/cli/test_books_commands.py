"""Reconciling, variances and transfers by command lines, on both databases."""

from __future__ import annotations

import books
import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    made = trading(run, database_address, desk, clock, monkeypatch)
    with desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**15))
    return made


def paid(company: Company, amount: str = "4500") -> tuple[str, str]:
    """A payment that was executed, and who did it."""
    _, payment, executor = company.approved(amount)
    company.done(executor, "pay", "execute", payment)
    return payment, executor


def test_payments_are_listed_reconciled_and_undone(company: Company) -> None:
    first, executor = paid(company)
    second, _ = paid(company)
    todo = company.done("cfo", "pay", "to-reconcile", "--fund", "NBI", "--limit", "1")
    assert [row["number"] for row in todo["items"]] == [first]
    assert set(todo["items"][0]) >= {"number", "entry", "voucher_number", "gateway_reference", "amount", "currency"}
    rest = company.done("cfo", "pay", "to-reconcile", "--after", todo["next"])
    assert [row["number"] for row in rest["items"]] == [second]
    [count] = company.done("cfo", "pay", "to-reconcile", "--counts")["items"]
    assert (count["fund"]["code"], count["count"], count["amount"]) == ("NBI", 2, "9000.00")

    assert company.refused(3, executor, "pay", "reconcile", first)["code"] == "own_payment"
    assert company.done("cfo", "pay", "reconcile", first)["status"] == "reconciled"
    error = company.refused(3, "cfo", "pay", "reconcile", first, second)
    assert [reason["code"] for reason in error["reasons"]] == ["already_reconciled"]
    assert [row["number"] for row in company.done("cfo", "pay", "to-reconcile", "--reconciled")["items"]] == [first]
    assert company.refused(2, "cfo", "pay", "unreconcile", first)["fields"]["reason"]
    undone = company.done("cfo", "pay", "unreconcile", first, "--reason", "another line of the statement")
    assert undone["status"] == "success"
    both = company.done("cfo", "pay", "reconcile", first, second)
    assert [row["status"] for row in both["items"]] == ["reconciled", "reconciled"]
    found = company.done(executor, "pay", "reconciliation", first)
    assert [reason["code"] for reason in found["against"]["undone"]] == ["own_payment"]
    assert [(step["act"], step["person"]["username"]) for step in found["steps"]] == [
        ("reconciled", "cfo"),
        ("undone", "cfo"),
        ("reconciled", "cfo"),
    ]
    assert company.refused(4, "cfo", "pay", "reconcile", "PAY-999")
    assert company.refused(5, "staff", "pay", "reconcile", first)
    told = company.plain("treasury", "pay", "reconciliation", second)
    assert (told.code, "another line" in company.plain("cfo", "pay", "reconciliation", first).out) == (0, True)
    books.check(company.desk)


def test_a_variance_goes_its_way(company: Company) -> None:
    payment, _ = paid(company)
    recorded = company.done(
        "treasury", "variance", "record", payment, "--adjusted-amount", "4,750.50", "--reason", "the receipt"
    )
    number = recorded["number"]
    assert (recorded["status"], recorded["original_amount"], recorded["adjusted_amount"]) == (
        "pending",
        "4500.00",
        "4750.50",
    )
    assert (recorded["variance_amount"], recorded["currency"], recorded["payment"]) == ("250.50", "KES", payment)
    explained = company.done("treasury", "variance", "explain", number)
    assert [reason["code"] for reason in explained["against"]["approve"]] == ["not_allowed", "own_variance"]
    assert company.refused(5, "treasury2", "variance", "approve", number)["code"] == "not_allowed"
    [line] = [line for line in company.done("cfo", "overview")["waiting"]["lines"] if line["place"] == "treasury"]
    assert (line["number"], line["task"], line["command"]) == (number, "adjust", f"pettycash variance approve {number}")
    done = company.done("cfo", "variance", "approve", number)
    assert (done["status"], done["entry"], done["balance_after"], done["available_after"]) == (
        "approved",
        "NBI:3",
        "95249.50",
        "95249.50",
    )
    entry = company.done("cfo", "fund", "ledger", "NBI")["items"][-1]
    assert (entry["entry_type"], entry["amount"], entry["variance"], entry["corrects"]) == (
        "adjustment",
        "-250.50",
        number,
        "NBI:2",
    )
    assert company.done("cfo", "ledger", "show", number)["id"] == entry["id"]
    assert company.refused(3, "cfo", "variance", "approve", number)["code"] == "decided"
    assert company.refused(3, "cfo", "variance", "reject", number, "--reason", "late")["code"] == "decided"

    second = company.done("cfo", "variance", "record", payment, "--adjusted-amount", "1", "--reason", "a guess")
    assert company.refused(3, "cfo", "variance", "approve", second["number"])["code"] == "own_variance"
    assert company.refused(2, "cfo", "variance", "reject", second["number"])["fields"]["reason"]
    rejected = company.done("cfo", "variance", "reject", second["number"], "--reason", "no receipt")
    assert (rejected["status"], rejected["rejection_reason"], rejected["rejected_by"]["username"]) == (
        "rejected",
        "no receipt",
        "cfo",
    )
    items = company.done("cfo", "variance", "list", "--status", "rejected")["items"]
    assert [row["number"] for row in items] == [second["number"]]
    months = company.done("cfo", "variance", "trend")["items"]
    assert (len(months), months[-1]["month"], months[-1]["count"], months[-1]["paid_more"], months[-1]["net"]) == (
        12,
        "2026-03-01",
        1,
        "250.50",
        "250.50",
    )
    assert "250.50" in company.plain("cfo", "variance", "trend", "--months", "3").out
    assert "+250.50" in company.plain("cfo", "variance", "show", number).out
    assert [row["number"] for row in company.done("cfo", "find", number)["items"]] == [number]


def test_a_variance_that_cannot_be_is_refused(company: Company) -> None:
    _, waiting, _ = company.approved()
    record = ("variance", "record")
    given = ("--adjusted-amount", "4000", "--reason", "x")
    assert company.refused(3, "treasury", *record, waiting, *given)["code"] == "not_paid"
    payment, _ = paid(company)
    for amount in ("4500", "-1", "4,5,0.123", "lots"):
        error = company.refused(2, "treasury", *record, payment, "--adjusted-amount", amount, "--reason", "x")
        assert "adjusted_amount" in error["fields"]
    error = company.refused(3, "treasury", *record, payment, "--adjusted-amount", "999999", "--reason", "x")
    assert (error["code"], "in all" in error["message"]) == ("larger_than_fund", True)
    assert company.refused(2, "treasury", *record, payment, "--adjusted-amount", "1")["fields"]["reason"]
    assert company.refused(2, "treasury", *record, payment)
    assert company.refused(4, "treasury", *record, "PAY-999999", *given)
    assert company.refused(5, "staff", *record, payment, *given)
    assert company.refused(4, "cfo", "variance", "approve", "nonsense")
    assert company.refused(2, "cfo", "variance", "list", "--status", "nonsense")
    assert company.refused(2, "cfo", "variance", "trend", "--months", "0")
    assert books.check(company.desk).variances == []


def test_a_transfer_goes_its_way(company: Company) -> None:
    asked = company.done("treasury", "fund", "transfer", "HQ", "NBI", "--amount", "25k", "--reason", "market week")
    number = asked["number"]
    assert (asked["status"], asked["amount"], asked["currency"]) == ("pending", "25000.00", "KES")
    assert (asked["from_fund"]["code"], asked["to_fund"]["code"], asked["from_entry"]) == ("HQ", "NBI", None)
    assert company.refused(3, "treasury", "transfer", "approve", number)["code"] == "own_request"
    explained = company.done("treasury", "transfer", "explain", number)
    assert [reason["code"] for reason in explained["against"]["approve"]] == ["own_request"]
    done = company.done("treasury2", "transfer", "approve", number)
    assert (done["status"], done["from_entry"], done["to_entry"], done["taken_up"]) == (
        "completed",
        "HQ:2",
        "NBI:2",
        [],
    )
    assert company.done("cfo", "fund", "show", "NBI")["current_balance"] == "125000.00"
    entry = company.done("cfo", "ledger", "show", number)
    assert (entry["transfer"], entry["fund"], entry["journal"]) == (number, "HQ", done["journal"])
    assert company.refused(3, "cfo", "transfer", "approve", number)["code"] == "decided"
    other = company.done("cfo", "fund", "transfer", "NBI", "MSA", "--amount", "1")["number"]
    assert company.refused(2, "treasury", "transfer", "reject", other)["fields"]["reason"]
    rejected = company.done("treasury", "transfer", "reject", other, "--reason", "no need")
    assert (rejected["status"], rejected["rejection_reason"]) == ("rejected", "no need")
    items = company.done("cfo", "transfer", "list", "--fund", "HQ", "--status", "completed")["items"]
    assert [row["number"] for row in items] == [number]
    assert "market week" in company.plain("cfo", "transfer", "show", number).out
    assert company.plain("cfo", "--quiet", "transfer", "list").out.split() == [other, number]
    books.check(company.desk)


def test_a_transfer_that_cannot_be_is_refused(company: Company) -> None:
    move = ("fund", "transfer")
    assert "to_fund" in company.refused(2, "treasury", *move, "NBI", "NBI", "--amount", "5")["fields"]
    assert company.refused(4, "treasury", *move, "NBI", "NOWHERE", "--amount", "5")["code"] == "not_found"
    assert "amount" in company.refused(2, "treasury", *move, "NBI", "HQ")["fields"]
    assert "amount" in company.refused(2, "treasury", *move, "NBI", "HQ", "--amount", "-5")["fields"]
    assert company.refused(5, "staff", *move, "NBI", "HQ", "--amount", "5")["code"] == "not_allowed"
    number = company.done("treasury", *move, "NBI", "HQ", "--amount", "100000.01")["number"]
    error = company.refused(3, "cfo", "transfer", "approve", number)
    assert (error["code"], "KES 100,000.00 available" in error["message"]) == ("not_enough", True)
    assert company.refused(4, "cfo", "transfer", "approve", "TRF-9999")
    assert books.check(company.desk).fund("NBI").current_balance == 100_000_00


def test_what_is_available_stands_beside_every_balance(company: Company) -> None:
    company.approved("30000")
    _, payment, executor = company.approved("10000")
    told = company.plain(executor, "pay", "execute", payment)
    assert "then had KES 90,000.00; available now: KES 60,000.00" in told.out
    ledger = company.plain("cfo", "fund", "ledger", "NBI")
    assert "balance 90,000.00, held 30,000.00, available 60,000.00 KES" in ledger.err
    [found] = company.done("cfo", "find", "NBI fund")["items"]
    assert (found["amount"], found["detail"]) == ("90000.00", "available 60,000.00")
