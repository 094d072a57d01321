"""The imprest identity, claims, months and journals by command lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_answer import Run
from cli_company import Company, trading
from pypdf import PdfReader
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


def test_a_month_from_the_voucher_to_its_closing(company: Company, tmp_path: Path) -> None:
    company.done("cfo", "fund", "edit", "NBI", "--target-balance", "100000")
    company.done("cfo", "account", "edit", "5000", "--name", "Running costs")
    assert company.refused(3, "cfo", "account", "deactivate", "1000")["code"] == "needed"
    assert company.refused(5, "staff", "account", "add", "5999", "--name", "X", "--type", "expense")
    company.done("admin", "org", "cost-center", "add", "CARS", "--name", "Cars")
    category = company.done("admin", "category", "edit", "general", "--cost-center", "CARS")
    assert category["cost_center"]["code"] == "CARS"

    company.paid("4500")
    found = company.done("cfo", "fund", "identity", "NBI")
    assert (found["code"], found["holds"], found["cash"], found["vouchers"]) == ("NBI", True, "95500.00", "4500.00")
    assert company.done("cfo", "fund", "show", "NBI")["imprest"]["holds"] is True
    assert "adds up" in company.plain("cfo", "fund", "identity", "NBI").out
    (entry,) = company.done("cfo", "ledger", "journal", "NBI:2")["items"]
    assert [line["account"]["code"] for line in entry["lines"]] == ["5000", "PC-NBI"]
    assert entry["cost_center"]["code"] == "CARS"

    number = company.done("cfo", "fund", "replenish", "NBI")["number"]
    shown = company.done("cfo", "replenishment", "show", number)
    assert (shown["voucher_count"], shown["voucher_amount"], shown["is_partly_funded"]) == (1, "4500.00", False)
    assert company.done("cfo", "replenishment", "claim", number)["totals"][0]["account"]["name"] == "Running costs"
    assert "PCV-NBI-2026-00001" in company.plain("cfo", "replenishment", "claim", number).out
    target = tmp_path / "claim.pdf"
    written = company.done("cfo", "replenishment", "claim", number, "--format", "pdf", "--output", str(target))
    assert written["size"] == target.stat().st_size
    assert number in PdfReader(target).pages[0].extract_text()
    again = company.refused(3, "cfo", "replenishment", "claim", number, "--output", str(target))
    assert again["code"] == "file_exists"
    assert company.refused(2, "cfo", "replenishment", "claim", number, "--format", "doc")["fields"]["format"]

    listed = company.done("cfo", "period", "check", "2026-03")
    assert [item["kind"] for item in listed["items"]][:2] == ["unreconciled", "replenishments"]
    assert "yes" in company.refused(2, "cfo", "period", "close", "2026-03", "--reason", "done")["fields"]
    closed = company.done("cfo", "period", "close", "2026-03", "--reason", "done", "--yes")
    assert (closed["period"], closed["is_closed"]) == ("2026-03", True)
    assert company.refused(3, "cfo", "period", "close", "2026-03", "--reason", "x", "--yes")["code"] == "period_closed"
    assert company.refused(5, "treasury", "period", "reopen", "2026-03", "--reason", "x")
    assert company.done("cfo", "period", "reopen", "2026-03", "--reason", "late")["is_closed"] is False
    assert [item["period"] for item in company.done("cfo", "period", "list")["items"]] == ["2026-03"]
