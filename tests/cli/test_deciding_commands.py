"""The queue in its orders, who may take a step over, and a voucher, by command lines on both databases."""

from __future__ import annotations

import pytest
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


def asked(company: Company, amount: str) -> str:
    return str(company.done("staff", "req", "new", "--amount", amount, "--purpose", "Fuel", "--submit")["number"])


def test_the_queue_is_sorted_as_asked_for(company: Company, clock: SettableClock) -> None:
    numbers = []
    for amount in ("60000", "300", "9000"):
        numbers.append(asked(company, amount))
        clock.advance(hours=1)

    def listed(*options: str) -> list[str]:
        return [row["number"] for row in company.done("branch_manager", "req", "queue", *options)["items"]]

    assert listed() == listed("--sort", "age") == numbers
    assert listed("--sort", "amount") == [numbers[0], numbers[2], numbers[1]]
    assert listed("--sort", "due") == [numbers[1], numbers[2], numbers[0]]
    first = company.done("branch_manager", "req", "queue", "--sort", "amount", "--limit", "1")
    assert listed("--sort", "amount", "--after", first["next"]) == [numbers[2], numbers[1]]
    company.refused(2, "branch_manager", "req", "queue", "--sort", "colour")


def test_reassigning_without_a_name_lists_who_may_take_it(company: Company) -> None:
    number = asked(company, "300")
    found = company.done("admin", "req", "reassign", number)["items"]
    names = [one["person"]["username"] for one in found]
    assert "regional_manager" in names and "branch_manager" not in names and "staff" not in names
    assert set(found[0]) == {"person", "role", "open_steps", "step_id"}
    company.refused(5, "branch_manager", "req", "reassign", number)


def test_a_voucher_is_printed_before_and_after_it_is_paid(company: Company) -> None:
    number = asked(company, "300")
    company.done("branch_manager", "req", "approve", number)
    approver = company.done("cfo", "req", "show", number)["next_approver"]["username"]
    payment = company.done(approver, "req", "approve", number)["payment"]
    assert company.done("cfo", "pay", "voucher", payment)["number"] is None
    executor = company.done("cfo", "pay", "show", payment)["executor"]["username"]
    company.done(executor, "pay", "execute", payment, "--otp", company.code(executor, payment))
    found = company.done("cfo", "pay", "voucher", payment)
    assert (found["number"], found["amount"], found["currency"]) == ("PCV-NBI-2026-00001", "300.00", "KES")
    assert [line["action"] for line in found["approvals"]] == ["approved", "validated"]
