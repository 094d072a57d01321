"""`pettycash fund ledger` on the command line: narrowed by amounts, with totals, and entries by what they come from."""

from __future__ import annotations

from datetime import date

import cash_book
import pytest
from cash_book import Line
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk

LINES = [
    Line(-450_000, date(2026, 3, 3), "Fuel, Total"),
    Line(-60_000, date(2026, 3, 3), "Taxi"),
    Line(100_000, date(2026, 4, 20), "From the bank"),
]


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    made = trading(run, database_address, desk, clock, monkeypatch)
    cash_book.write(desk, "NBI", LINES)
    return made


def test_amounts_narrow_a_ledger_with_the_other_options(company: Company) -> None:
    def found(*options: str) -> list[int]:
        document = company.done("cfo", "fund", "ledger", "NBI", *options)
        assert set(document) == {"items", "next"}
        return [row["sequence"] for row in document["items"]]

    assert found("--min-amount", "1k") == [1, 2, 4]
    assert found("--max-amount", "1,000") == [3, 4]
    assert found("--min-amount", "600", "--max-amount", "4500") == [2, 3, 4]
    assert found("--min-amount", "600", "--type", "debit", "--search", "taxi", "--to", "2026-03-31") == [3]
    assert found("--max-amount", "1") == []


def test_totals_are_of_all_that_match_and_come_only_when_they_are_asked_for(company: Company) -> None:
    document = company.done("cfo", "fund", "ledger", "NBI", "--totals", "--limit", "1", "--from", "2026-03-03")
    assert len(document["items"]) == 1 and document["next"]
    assert document["totals"] == {
        "entries": 3,
        "paid_out": "5100.00",
        "paid_in": "1000.00",
        "net": "-4100.00",
        "opening_balance": "100000.00",
        "closing_balance": "95900.00",
        "currency": "KES",
    }
    narrowed = company.done("cfo", "fund", "ledger", "NBI", "--totals", "--type", "debit")["totals"]
    assert (narrowed["entries"], narrowed["opening_balance"], narrowed["closing_balance"]) == (2, None, None)
    told = company.plain("cfo", "fund", "ledger", "NBI", "--totals").out
    assert "4 entries: paid out 5,100.00, paid in 101,000.00, net 95,900.00 KES." in told
    assert "Balance before 0.00, after 95,900.00." in told


def test_an_amount_that_is_none_is_named(company: Company) -> None:
    error = company.refused(2, "cfo", "fund", "ledger", "NBI", "--min-amount", "lots")
    assert "min_amount" in error["fields"]
    assert "max_amount" in company.refused(2, "cfo", "fund", "ledger", "NBI", "--max-amount", "1.234")["fields"]


def test_an_entry_is_shown_by_the_number_of_what_it_comes_from(company: Company) -> None:
    number, payment, _ = company.paid()
    entry = company.done("cfo", "ledger", "show", "NBI:5")
    for name in (number, payment, entry["voucher_number"], entry["journal"]):
        assert company.done("cfo", "ledger", "show", name) == entry
    assert company.refused(4, "cfo", "ledger", "show", "PAY-000099")["code"] == "not_found"
