"""`pettycash overview` and `pettycash alert`: the desk without a screen."""

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
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    return trading(run, database_address, desk, clock, monkeypatch)


def test_the_desk_as_a_document_has_what_the_screen_shows(company: Company) -> None:
    number = company.requested()
    found = company.done("branch_manager", "overview")
    assert set(found) == {"as_of", "waiting", "funds", "alerts", "happenings"}
    (line,) = found["waiting"]["lines"]
    assert (line["number"], line["task"], line["amount"], line["currency"]) == (number, "approve", "4500.00", "KES")
    assert line["command"] == f"pettycash req approve {number}"
    (fund,) = found["funds"]
    assert (fund["code"], fund["available"], fund["is_low"], fund["days_left"]) == ("NBI", "100000.00", False, None)
    assert fund["daily"] == ["0.00"] * 30
    assert found["happenings"][0]["words"] == f"Staff Person submitted {number}"


def test_the_desk_as_text_fits_80_columns_and_says_what_is_what(company: Company) -> None:
    number, payment, executor = company.paid("60000")
    waiting = company.requested("1250.50", "--urgent", "--urgency-reason", "Stranded")
    text = company.plain("branch_manager", "overview").out
    assert all(len(line) <= 80 for line in text.splitlines())
    for part in (waiting, "confirm", "urgent", "KES 1,250.50", "low", "below, RPL-000001", "┊", "┃", "█"):
        assert part in text, part
    assert "Fund NBI is below its reorder level" in text
    assert f"paid {payment}" in text
    assert number in text
    officer = company.plain(executor, "overview").out
    assert all(len(line) <= 80 for line in officer.splitlines())


def test_somebody_without_anything_is_told_so(company: Company) -> None:
    text = company.plain("staff", "overview").out
    assert "Waits for you  nothing" in text
    assert "Alerts         none" in text
    assert "none that you may see" in text
    assert company.plain("staff", "--quiet", "overview").out == ""


def test_with_quiet_it_names_what_waits(company: Company) -> None:
    number = company.requested()
    assert company.plain("branch_manager", "--quiet", "overview").out == f"{number}\n"


def test_an_alert_is_listed_acknowledged_and_taken_back(company: Company, clock: SettableClock) -> None:
    number = company.requested()
    assert company.plain("branch_manager", "alert", "list").out == "No alerts.\n"
    clock.advance(hours=30)
    (alert,) = company.done("branch_manager", "alert", "list")["items"]
    assert (alert["subject"], alert["severity"], alert["is_acknowledged"]) == (number, "warning", False)
    (done,) = company.done("branch_manager", "alert", "acknowledge", alert["key"])["items"]
    assert done["is_acknowledged"] is True
    assert company.done("branch_manager", "alert", "list")["items"] == []
    assert "--all" in company.plain("branch_manager", "alert", "list").out
    assert "seen" in company.plain("branch_manager", "alert", "list", "--all").out
    told = company.plain("branch_manager", "alert", "acknowledge", "--undo", number).out
    assert told == f"New again: {number} waits for you, 6 h overdue.\n"
    assert len(company.done("branch_manager", "alert", "list")["items"]) == 1


def test_an_alert_that_is_not_there_or_not_new_is_said(company: Company, clock: SettableClock) -> None:
    number = company.requested()
    assert "alert list" in company.refused(4, "branch_manager", "alert", "acknowledge", number)["message"]
    clock.advance(hours=30)
    company.done("branch_manager", "alert", "acknowledge", number)
    assert company.refused(3, "branch_manager", "alert", "acknowledge", number)["code"] == "nothing_to_do"
