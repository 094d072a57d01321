"""What a person may do about a replenishment now, and what it does to its fund."""

from __future__ import annotations

import pytest
from trading import Trading

from pettycash_tui.models.money import Money
from pettycash_tui.services import funds, replenishment_views, replenishments
from pettycash_tui.services.errors import NotAllowed, NotFound, Refused
from pettycash_tui.services.replenishments import ReplenishmentAct

APPROVE, REJECT, COMPLETE = ReplenishmentAct


def codes(trading: Trading, who: str, number: str) -> dict[ReplenishmentAct, list[str]]:
    explained = trading.desk.read(trading[who], replenishment_views.explain, number)
    return {act: [reason.code for reason in reasons] for act, reasons in explained.against.items()}


def asked(trading: Trading, who: str = "cfo", amount: str = "1000") -> str:
    return trading.desk.run(trading[who], replenishments.request, "NBI", amount).number


def test_who_asked_does_not_approve_and_a_role_without_the_right_does_nothing(trading: Trading) -> None:
    number = asked(trading)
    assert codes(trading, "cfo", number) == {APPROVE: ["own_request"], REJECT: [], COMPLETE: ["wrong_status"]}
    assert codes(trading, "treasury", number) == {APPROVE: [], REJECT: [], COMPLETE: ["wrong_status"]}
    assert codes(trading, "branch_manager", number) == {
        APPROVE: ["not_allowed"],
        REJECT: ["not_allowed"],
        COMPLETE: ["not_allowed", "wrong_status"],
    }


def test_finance_approves_and_treasury_receives(trading: Trading) -> None:
    number = asked(trading)
    trading.desk.run(trading["group_finance_manager"], replenishments.approve, number)
    assert codes(trading, "group_finance_manager", number) == {
        APPROVE: ["wrong_status"],
        REJECT: [],
        COMPLETE: ["not_allowed"],
    }
    assert codes(trading, "treasury", number)[COMPLETE] == []
    trading.desk.run(trading["cfo"], funds.deactivate, "NBI")
    assert codes(trading, "treasury", number)[COMPLETE] == ["fund_inactive"]


@pytest.mark.parametrize("who", ["staff", "branch_manager", "group_finance_manager", "treasury", "cfo", "ceo", "admin"])
def test_the_explanation_says_what_the_service_does(trading: Trading, who: str) -> None:
    services = {
        APPROVE: replenishments.approve,
        REJECT: lambda work, number: replenishments.reject(work, number, "no"),
        COMPLETE: lambda work, number: replenishments.complete(work, number, f"B-{number}"),
    }
    for act, service in services.items():
        for is_approved in (False, True):
            number = asked(trading)
            if is_approved:
                trading.desk.run(trading["treasury2"], replenishments.approve, number)
            told = codes(trading, who, number)[act]
            try:
                trading.desk.run(trading[who], service, number)
            except (NotAllowed, Refused) as refused:
                assert told[0] == refused.code
            else:
                assert told == []
            if trading.desk.read(trading["treasury2"], replenishments.open_request, "NBI"):
                trading.desk.run(trading["treasury2"], replenishments.reject, number, "the next one")


def test_the_case_tells_the_fund_now_and_after_all_that_was_asked_for(trading: Trading) -> None:
    trading.approved(amount="4500")
    number = asked(trading, amount="20000")
    case = trading.desk.read(trading["treasury"], replenishment_views.case, number)
    assert (case.fund.current_balance, case.fund.available) == (Money(10_000_000, "KES"), Money(9_550_000, "KES"))
    assert (case.balance_after, case.available_after) == (Money(12_000_000, "KES"), Money(11_550_000, "KES"))
    assert case.explanation.step is APPROVE and case.explanation.allows(APPROVE)
    trading.desk.run(trading["treasury"], replenishments.reject, number, "Not this month")
    over = trading.desk.read(trading["treasury"], replenishment_views.case, number)
    assert (over.balance_after, over.available_after, over.explanation.step) == (None, None, None)
    with pytest.raises(NotFound):
        trading.desk.read(trading["treasury"], replenishment_views.case, "RPL-000099")


def test_a_fund_has_one_open_request(trading: Trading) -> None:
    def opened() -> str | None:
        return trading.desk.read(trading["treasury"], replenishments.open_request, "NBI")

    assert opened() is None
    number = asked(trading)
    assert opened() == number
    trading.desk.run(trading["treasury"], replenishments.approve, number)
    assert opened() == number, "until its money has come"
    trading.desk.run(trading["treasury"], replenishments.complete, number, "BANK-1")
    assert opened() is None
