"""`pettycash pay schedule` and `pay unschedule`, what other commands tell of the day, and the job."""

from __future__ import annotations

import banking
import pytest
import story
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services import payments
from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


@pytest.fixture
def transfer(company: Company) -> tuple[str, str]:
    """A bank transfer and its executor."""
    people = story.actors(company.desk)
    (number,) = banking.transfers(company.desk, people, "1500")
    return number, "treasury"


def test_a_payment_is_scheduled_shown_executed_and_told(
    company: Company, transfer: tuple[str, str], clock: SettableClock
) -> None:
    number, officer = transfer
    order = f"{number}=SO-1"
    sent = company.done(officer, "pay", "schedule", number, "--on", "2026-03-06", "--send-code")
    assert (sent["day"], sent["count"], sent["total"]) == ("2026-03-06", 1, "1500.00")
    assert "demo_code" not in sent["sent"] or sent["sent"]["demo_code"]
    code = story.last_code(company.desk.home)
    given = ("pay", "schedule", number, "--on", "2026-03-06", "--otp", code)
    assert company.refused(3, officer, *given)["code"] == "reference_missing"
    done = company.done(officer, *given, "--reference", order)
    assert (done["day"], done["count"], done["payments"][0]["payment"]) == ("2026-03-06", 1, number)

    shown = company.done(officer, "pay", "show", number)
    assert (shown["scheduled_for"], shown["schedule"]["confirmed_by"]["username"]) == ("2026-03-06", officer)
    assert (shown["schedule"]["reference"], shown["schedule"]["hindered_by"]) == ("SO-1", [])
    told = company.plain(officer, "pay", "show", number).out
    assert "Scheduled for" in told and "2026-03-06" in told
    explained = company.done(officer, "pay", "explain", number)
    assert "scheduled" in [reason["code"] for reason in explained["reasons"]]
    assert explained["schedule"]["status"] == "standing"
    assert [each["number"] for each in company.done(officer, "pay", "list", "--scheduled")["items"]] == [number]

    clock.advance(days=5)
    ran = company.done("admin", "jobs", "run", "execute-due", "--dry-run")
    assert (len(ran["done"]), ran["left"]) == (1, [])
    ran = company.done("admin", "jobs", "run", "execute-due")
    assert ran["done"][0].startswith(f"{number}: KES 1,500.00 paid, voucher ")
    assert company.done("admin", "jobs", "run", "execute-due")["done"] == []
    shown = company.done(officer, "pay", "show", number)
    assert (shown["status"], shown["scheduled_for"], shown["schedule"]["status"]) == ("success", None, "taken_up")
    assert company.done(officer, "pay", "list", "--scheduled")["items"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_day_is_taken_away_again_with_a_reason(company: Company, transfer: tuple[str, str]) -> None:
    number, officer = transfer
    company.done(officer, "pay", "schedule", number, "--on", "2026-03-06", "--send-code")
    code = story.last_code(company.desk.home)
    company.done(officer, "pay", "schedule", number, "--on", "2026-03-06", "--otp", code, "--reference", f"{number}=A")
    assert company.refused(2, officer, "pay", "unschedule", number)["fields"].keys() == {"reason"}
    done = company.done(officer, "pay", "unschedule", number, "--reason", "the invoice is wrong")
    assert done["items"][0]["payment"] == number
    told = " ".join(company.plain(officer, "pay", "show", number).out.split())
    assert "not any more: the invoice is wrong" in told
    assert company.refused(3, officer, "pay", "unschedule", number, "--reason", "x")["code"] == "not_scheduled"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_typed_wrongly_is_named(company: Company, transfer: tuple[str, str]) -> None:
    number, officer = transfer
    for day, words in (("2026-03-02", "after today"), ("2028-01-01", "a year"), ("soon", "such as 2026-11-21")):
        error = company.refused(2, officer, "pay", "schedule", number, "--on", day, "--send-code")
        assert words in error["message"] and "date" in error["fields"], error
    company.desk.run(story.actors(company.desk)["cfo"], payments.assign, number, "treasury2")
    error = company.refused(3, officer, "pay", "schedule", number, "--on", "2026-03-06")
    assert "not_executor" in [reason["code"] for reason in error["reasons"]]
