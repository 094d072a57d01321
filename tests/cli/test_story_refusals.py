"""What the main story's commands refuse, with which exit code, and what they show of what people typed."""

from __future__ import annotations

import pytest
import story
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services.desk import DEMO, Desk

OSC_52 = "\x1b]52;c;cm0gLXJm\x07"


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


@pytest.fixture
def embedded(run: Run, sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Company:
    """For what does not depend on the engine."""
    address = sqlite_desk.url.render_as_string(hide_password=False)
    return trading(run, address, sqlite_desk, clock, monkeypatch)


@pytest.mark.parametrize(
    "amount", ["0", "0.00", "-5", "1.234", "1e9", "abc", "", "nan", "1,00", "１２", "1" * 20, "9" * 5000]
)
def test_an_amount_that_is_none_is_named(embedded: Company, amount: str) -> None:
    error = embedded.refused(2, "staff", "req", "new", f"--amount={amount}", "--purpose", "Tea")

    assert list(error["fields"]) == ["amount"]
    assert embedded.done("staff", "req", "list")["items"] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--branch", "NOWHERE"),
        ("--region", "NOWHERE"),
        ("--department", "NOWHERE"),
        ("--cost-center", "NOWHERE"),
        ("--category", "nothing"),
        ("--origin", "moon"),
        ("--method", "barter"),
        ("--fund", "XNBI"),
        ("--payee", "x" * 201),
        ("--purpose", "x" * 1_000_000),
        ("--purpose", " \t"),
        ("--purpose", "red \x1b[31m text"),
        ("--purpose", OSC_52),
        ("--purpose", "abc\u202edef"),
        ("--purpose", "a\x00b"),
        ("--purpose", "broken \udcff bytes"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_a_requisition_may_not_hold_is_named(embedded: Company, option: str, value: str) -> None:
    words = ["--amount", "9", "--purpose", "Tea", f"{option}={value}"]

    answer = embedded("staff", "req", "new", *words)

    assert answer.code == 2
    assert list(answer.error["fields"]) == [option.lstrip("-").replace("-", "_")]
    assert len(answer.err) < 1000
    assert answer.err.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    "purpose", ["[/x]", "[@click=app.quit]out[/]", "[red]a", "$(id) `id` %s {0}", "=1+1", "𝕏 名前 é"]
)
def test_what_looks_like_markup_is_text(embedded: Company, purpose: str) -> None:
    made = embedded.done("staff", "req", "new", "--amount", "9", "--payee", purpose, "--purpose", purpose, "--submit")

    shown = embedded.plain("staff", "req", "show", made["number"])

    assert made["purpose"] == purpose
    assert shown.code == 0
    assert f"Purpose      {purpose}\n" in shown.out
    assert embedded.done("staff", "req", "list", "--search", purpose)["items"][0]["purpose"] == purpose


def test_another_companys_things_do_not_exist(company: Company) -> None:
    other = story.trading_company(company.desk, "OTHER", kind=DEMO, prefix="x")
    number, payment, _ = company.approved()
    assert other["staff"].username == "xstaff"

    for command in (
        ["req", "show", number],
        ["req", "explain", number],
        ["req", "approve", number],
        ["req", "reject", number, "--reason", "no"],
        ["pay", "show", payment],
        ["pay", "send-otp", payment],
        ["pay", "execute", payment, "--otp", "123456"],
        ["ledger", "show", company.done("cfo", "ledger", "show", "NBI:1")["id"]],
        ["fund", "ledger", company.done("cfo", "fund", "show", "NBI")["id"]],
    ):
        company.refused(4, "xtreasury", *command)
    assert company.done("xcfo", "req", "list")["items"] == []
    assert company.done("xcfo", "pay", "list")["items"] == []
    mine = company.done("cfo", "fund", "show", "MSA")["id"]
    words = ["--amount", "9", "--purpose", "Tea", "--fund", mine]
    assert "fund" in company.refused(2, "xstaff", "req", "new", *words)["fields"]


def test_numbers_that_are_none_are_not_found(embedded: Company) -> None:
    for command in (
        ["req", "show", "REQ-000999"],
        ["req", "show", "PAY-000001"],
        ["req", "approve", "x" * 5000],
        ["req", "show", "\x1b[2J"],
        ["pay", "show", "PAY-"],
        ["pay", "execute", "", "--otp", "123456"],
        ["pay", "list", "--requisition", "REQ-7"],
        ["execution", "show", "PAY-000001"],
        ["ledger", "show", "NBI:99"],
        ["fund", "show", "NOWHERE"],
        ["replenishment", "show", "RPL-1"],
        ["jobs", "run", "nothing"],
    ):
        answer = embedded("treasury", *command)
        assert answer.code == 4, answer
        assert answer.error["code"] == "not_found"
        assert answer.err.rstrip("\n").isprintable()
        assert len(answer.err) < 300


def test_who_may_not_is_told_so(company: Company) -> None:
    number, payment, executor = company.approved()
    own = company.done("branch_manager", "req", "new", "--amount", "9", "--purpose", "Tea", "--submit")["number"]

    assert company.refused(3, "staff", "req", "reject", number, "--reason", "no")["code"] == "own_requisition"
    assert company.refused(3, "branch_manager", "req", "approve", own)["code"] == "own_requisition"
    company.refused(5, "staff", "pay", "execute", payment)
    company.refused(5, "cfo", "pay", "execute", payment, "--otp", "123456")
    company.refused(5, executor, "pay", "cancel", payment, "--reason", "no")
    company.refused(5, "staff", "fund", "ledger", "NBI")
    company.refused(5, "staff", "fund", "replenish", "NBI")
    company.refused(5, "staff", "audit", "log")
    company.refused(5, "nobody", "req", "list")
    company.refused(5, "branch_manager", "req", "edit", number, "--amount", "9")
    explained = company.done("cfo", "pay", "explain", payment)
    assert explained["allowed"] is False
    assert {"not_treasury", "not_executor"} <= {reason["code"] for reason in explained["reasons"]}


def test_nothing_is_paid_that_is_not_approved(company: Company) -> None:
    draft = company.done("staff", "req", "new", "--amount", "9", "--purpose", "Tea")["number"]
    rejected = company.requested()
    company.done("branch_manager", "req", "reject", rejected, "--reason", "no")

    for number in (draft, rejected):
        assert company.done("cfo", "pay", "list", "--requisition", number)["items"] == []
    assert company.refused(3, "staff", "req", "submit", rejected)["code"] == "already_submitted"
    assert company.refused(3, "branch_manager", "req", "approve", rejected)["code"] == "nothing_to_decide"
    number, _, _ = company.paid()
    assert company.refused(3, "staff", "req", "withdraw", number)["code"] == "not_open"


def test_a_wrong_code_is_counted_and_the_fifth_voids_the_right_one(company: Company) -> None:
    _, payment, executor = company.approved()
    assert company.refused(3, executor, "pay", "execute", payment, "--otp", "123456")["code"] == "no_code"
    code = company.code(executor, payment)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert "otp" in company.refused(2, executor, "pay", "execute", payment, "--otp", "12 34")["fields"]
    assert company.refused(3, executor, "pay", "send-otp", payment)["code"] == "resend_too_soon"

    for _ in range(4):
        assert company.refused(3, executor, "pay", "execute", payment, "--otp", wrong)["code"] == "code_wrong"
    assert company.refused(3, executor, "pay", "verify-otp", payment, wrong)["code"] == "code_void"
    assert company.refused(3, executor, "pay", "execute", payment, "--otp", code)["code"] == "code_void"

    assert company.done("cfo", "pay", "show", payment)["retry_count"] == 0
    assert company.done("cfo", "fund", "show", "NBI")["current_balance"] == "100000.00"


def test_a_code_serves_one_payment_once_and_for_five_minutes(company: Company, clock: SettableClock) -> None:
    (_, first, executor), second = company.approved(), ""
    while not second:
        _, candidate, whose = company.approved()
        second = candidate if whose == executor else ""
    code = company.code(executor, first)
    clock.advance(minutes=5, seconds=1)
    assert company.refused(3, executor, "pay", "execute", first, "--otp", code)["code"] == "code_expired"
    code = company.code(executor, first)

    assert company.refused(3, executor, "pay", "execute", second, "--otp", code)["code"] == "no_code"
    company.done(executor, "pay", "execute", first, "--otp", code)
    assert company.refused(3, executor, "pay", "execute", second, "--otp", code)["code"] == "no_code"
    assert company.refused(3, executor, "pay", "execute", first, "--otp", code)["code"] == "already_executed"


def test_a_transfer_needs_the_reference_that_its_gateway_gave_and_only_once(company: Company) -> None:
    transfer = ["--method", "mpesa", "--destination", "+254700000001"]
    assert (
        "destination"
        in company.refused(2, "staff", "req", "new", "--amount", "9", "--purpose", "Tea", "--method", "mpesa")["fields"]
    )
    (_, first, one), (_, second, two) = company.approved("900", *transfer), company.approved("900", *transfer)
    code = company.code(one, first)

    assert "reference" in company.refused(2, one, "pay", "execute", first, "--otp", code)["fields"]
    pay = ["pay", "execute", first, "--otp", code, "--reference", "QK12AB34CD"]
    assert company.done(one, *pay)["gateway_reference"] == "QK12AB34CD"
    pay = ["pay", "execute", second, "--otp", company.code(two, second), "--reference", "QK12AB34CD"]
    assert "reference" in company.refused(3, two, *pay)["fields"]
    assert company.refused(3, one, "pay", "execute", first)["code"] == "already_executed"
