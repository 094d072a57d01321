"""`pettycash pay bulk`: the list's code, what was paid, what was not and why."""

from __future__ import annotations

import pytest
import story
from cli_answer import Run
from cli_company import Company, trading
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    return trading(run, database_address, desk, clock, monkeypatch)


def test_a_list_is_paid_by_one_code_and_the_rest_is_told(company: Company) -> None:
    made = [company.approved("1000") for _ in range(3)]
    by_officer: dict[str, list[str]] = {}
    for _, payment, officer in made:
        by_officer.setdefault(officer, []).append(payment)
    officer, numbers = max(by_officer.items(), key=lambda item: len(item[1]))
    others = [payment for _, payment, who in made if who != officer]
    sent = company.done(officer, "pay", "bulk", *numbers, *others, "--send-code")
    assert (sent["count"], sent["total"]) == (len(numbers), f"{1000 * len(numbers)}.00")
    assert [each["payment"] for each in sent["refused"]] == others
    code = story.last_code(company.desk.home)
    done = company.done(officer, "pay", "bulk", *numbers, *others, "--otp", code)
    assert [each["payment"] for each in done["paid"]] == sorted(numbers)
    assert (done["count"], done["currency"]) == (len(numbers), "KES")
    assert [reason["code"] for each in done["refused"] for reason in each["reasons"]] == ["not_executor"] * len(others)
    error = company.refused(3, officer, "pay", "bulk", *numbers)
    assert {reason["code"] for reason in error["reasons"]} == {"already_executed"}


def test_what_is_typed_wrongly_is_named(company: Company) -> None:
    _, payment, officer = company.approved("1000")
    for given, words in (
        (("--reference", "FT1"), "such as PAY-000012=FT26123"),
        (("--reference", f"{payment}=A", "--reference", f"{payment}=B"), "twice"),
        ((payment,), "named once"),
    ):
        answer = company.plain(officer, "pay", "bulk", payment, *given)
        assert answer.code == 2 and words in " ".join(answer.err.split())
    assert company.plain(officer, "pay", "bulk", payment).code == 3
