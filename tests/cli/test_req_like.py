"""`req new --like` writes another like an earlier one, and what looks asked for twice is told, never refused."""

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


def test_a_new_one_like_another_takes_what_is_not_given(company: Company) -> None:
    first = company.requested("4500", "--category", "travel", "--urgent", "--urgency-reason", "now")
    copy = company.done("staff", "req", "new", "--like", first, "--amount", "99")
    assert (copy["amount"], copy["payee"], copy["category"]["code"]) == ("99.00", "Total Energies", "travel")
    assert (copy["is_urgent"], copy["status"], copy["number"] != first) == (False, "draft", True)
    assert company.refused(4, "staff", "req", "new", "--like", "REQ-000999")["code"] == "not_found"


def test_the_same_again_is_told_by_new_submit_show_and_explain(company: Company) -> None:
    first = company.requested("4500")
    again = company.done("staff", "req", "new", "--like", first)
    said = f"{first} asks for the same: KES 4,500.00 for Total Energies"
    assert again["warnings"][0].startswith(said)
    submitted = company.done("staff", "req", "submit", again["number"])
    assert [warning.startswith(said) for warning in submitted["warnings"]] == [True]
    for verb in ("show", "explain"):
        found = company.done("branch_manager", "req", verb, again["number"])
        assert [warning.startswith(said) for warning in found["warnings"]] == [True], verb
    assert said in " ".join(company.plain("branch_manager", "req", "show", again["number"]).out.split())


def test_days_are_named_in_words(company: Company) -> None:
    number = company.requested("4500")
    assert [row["number"] for row in company.done("staff", "req", "list", "--from", "-400d")["items"]] == [number]
    assert company.refused(2, "staff", "req", "list", "--from", "someday")["fields"]["from"].startswith("must be a day")
