"""Transfers between funds: asked for by one, approved by another, and then both entries or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import books
import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import AccountPurpose, TransferStatus
from pettycash_tui.services import (
    funds,
    ledger,
    ledger_places,
    ledger_views,
    replenishments,
    transfer_views,
    transfers,
    waiting,
)
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.transfers import TransferAct, TransferState
from pettycash_tui.services.work import Work

APPROVE, REJECT = TransferAct


def asked(
    trading: Trading,
    amount: str = "1000",
    source: str = "HQ",
    target: str = "NBI",
    who: str = "treasury",
    why: str = "",
) -> str:
    return trading.desk.run(trading[who], transfers.request, source, target, amount, why).number


def approved(trading: Trading, number: str, who: str = "cfo") -> TransferState:
    return trading.desk.run(trading[who], transfers.approve, number)


def codes(trading: Trading, who: str, number: str) -> dict[TransferAct, list[str]]:
    explained = trading.desk.read(trading[who], transfer_views.explain, number)
    return {act: [reason.code for reason in reasons] for act, reasons in explained.against.items()}


def balances(trading: Trading) -> dict[str, int]:
    return {fund.code: fund.current_balance for fund in books.check(trading.desk).funds}


def test_the_money_moves_when_somebody_else_approves(trading: Trading) -> None:
    number = asked(trading, "25,000.50", why="market week")
    assert balances(trading) == {"HQ": 300_000_00, "NBI": 100_000_00, "MSA": 80_000_00}
    state = approved(trading, number)
    assert (state.status, state.journal, state.replenishments) == (TransferStatus.COMPLETED, "JNL-HQ-000002", ())
    assert balances(trading) == {"HQ": 274_999_50, "NBI": 125_000_50, "MSA": 80_000_00}
    view = trading.desk.read(trading["treasury"], transfer_views.show, number)
    assert (view.from_entry, view.to_entry, view.journal) == ("HQ:2", "NBI:2", "JNL-HQ-000002")
    entries = {fund: trading.desk.read(trading["cfo"], ledger_views.show_entry, f"{fund}:2") for fund in ("HQ", "NBI")}
    for entry in entries.values():
        assert (entry.transfer, entry.journal, entry.source_type) == (number, "JNL-HQ-000002", "transfer")
        assert entry.description == f"Transfer {number} HQ to NBI: market week"
        assert entry.contra_account is not None
        assert entry.contra_account.name == "Petty cash in transit between funds"
    # Named by its number, the one that was paid out; in a fund's own book, that fund's.
    assert trading.desk.read(trading["cfo"], ledger_views.show_entry, number).fund == "HQ"
    book = trading.desk.read(trading["cfo"], ledger_views.open_ledger, "NBI")
    spot = trading.desk.read(trading["cfo"], ledger_places.find, book, number)
    assert (spot.fund_code, spot.sequence) == ("NBI", 2)


def test_every_account_adds_up_and_what_was_in_transit_is_nothing(trading: Trading) -> None:
    for amount, source, target in (("100", "HQ", "NBI"), ("250", "NBI", "MSA"), ("40", "MSA", "HQ")):
        approved(trading, asked(trading, amount, source, target))
    found = books.check(trading.desk)
    sums: Counter[UUID] = Counter()
    for entry in found.entries:
        movement = -entry.amount if entry.entry_type == "debit" else entry.amount
        sums[entry.account_id] += movement
        sums[entry.contra_account_id] -= movement
    assert sum(sums.values()) == 0
    for fund in found.funds:
        assert sums[fund.account_id] == fund.current_balance
    (transit,) = trading.rows(t.account, t.account.c.purpose == AccountPurpose.TRANSFERS_IN_TRANSIT)
    assert (transit.code, sums[transit.id]) == ("TRANSIT", 0)


def test_two_funds_of_one_account_transfer_too(trading: Trading) -> None:
    for code in ("NBI", "MSA"):
        trading.desk.run(trading["cfo"], funds.deactivate, code)
    for code in ("NBI2", "MSA2"):
        given = FundInput(code=code, branch=code[:3], account="1100", opening_balance="5000")
        trading.desk.run(trading["cfo"], funds.add, given)
    approved(trading, asked(trading, "1000", "NBI2", "MSA2"))
    assert {code: balance for code, balance in balances(trading).items() if code.endswith("2")} == {
        "NBI2": 4_000_00,
        "MSA2": 6_000_00,
    }


def test_who_asked_does_not_approve_and_a_decision_is_made_once(trading: Trading) -> None:
    number = asked(trading, who="cfo")
    with pytest.raises(Refused) as refused:
        approved(trading, number)
    assert refused.value.code == "own_request"
    assert codes(trading, "cfo", number) == {APPROVE: ["own_request"], REJECT: []}
    assert codes(trading, "ceo", number) == {APPROVE: ["not_allowed"], REJECT: ["not_allowed"]}
    approved(trading, number, "group_finance_manager")
    for who in ("treasury", "cfo"):
        with pytest.raises(Refused) as refused:
            approved(trading, number, who)
        assert refused.value.reasons[0].code == "decided"
        with pytest.raises(Refused):
            trading.desk.run(trading[who], transfers.reject, number, "too late")
    assert balances(trading)["NBI"] == 101_000_00


def test_a_rejection_keeps_its_reason(trading: Trading) -> None:
    number = asked(trading)
    for reason in ("", " ", "\x1b"):
        with pytest.raises(InvalidInput):
            trading.desk.run(trading["cfo"], transfers.reject, number, reason)
    trading.desk.run(trading["cfo"], transfers.reject, number, "use the bank")
    view = trading.desk.read(trading["cfo"], transfer_views.show, number)
    assert (view.status, view.rejection_reason, view.from_entry, view.journal) == (
        TransferStatus.REJECTED,
        "use the bank",
        None,
        None,
    )
    with pytest.raises(Refused):
        approved(trading, number, "group_finance_manager")
    assert balances(trading)["HQ"] == 300_000_00


def test_what_is_held_does_not_leave(trading: Trading) -> None:
    trading.approved(amount="60000")  # NBI holds it
    number = asked(trading, "40000.01", "NBI", "MSA")
    assert codes(trading, "cfo", number)[APPROVE] == ["not_enough"]
    with pytest.raises(Refused) as refused:
        approved(trading, number)
    assert refused.value.code == "not_enough"
    assert "KES 40,000.00 available (KES 100,000.00 less KES 60,000.00 held)" in refused.value.message
    case = trading.desk.read(trading["cfo"], transfer_views.case_of, asked(trading, "40000", "NBI", "MSA"))
    assert (str(case.from_balance_after), str(case.from_available_after), str(case.to_balance_after)) == (
        "KES 60,000.00",
        "KES 0.00",
        "KES 120,000.00",
    )
    approved(trading, case.transfer.number)
    assert balances(trading) == {"HQ": 300_000_00, "NBI": 60_000_00, "MSA": 120_000_00}


def test_who_waited_for_the_money_takes_it_up_oldest_first(trading: Trading) -> None:
    trading.approved(amount="95000")
    first, second, third = (trading.approved(amount=amount) for amount in ("20000", "9000", "4000"))
    held = {p.number: p.is_held for p in books.check(trading.desk).payments}
    assert (held[first], held[second], held[third]) == (False, False, True)
    state = approved(trading, asked(trading, "20000"))
    # 1,000 + 20,000: the oldest takes 20,000, and 1,000 is not enough for the next.
    assert state.taken_up == (first,)
    found = books.check(trading.desk)
    assert found.waiting_with_money() == []
    assert found.fund("NBI").held_amount == 119_000_00


def test_the_fund_that_gave_asks_for_more_when_it_is_under_its_level(trading: Trading) -> None:
    state = approved(trading, asked(trading, "60000", "NBI", "MSA"))
    assert state.replenishments == ("RPL-000001",)
    (request,) = books.check(trading.desk).replenishments
    assert (request.fund_id, request.auto_triggered) == (trading.row(t.treasury_fund, "NBI").id, True)


def test_the_fund_that_got_it_asks_when_it_is_not_enough_for_who_waits(trading: Trading) -> None:
    trading.approved(amount="90000")
    trading.approved(amount="50000")
    (open_one,) = books.check(trading.desk).replenishments
    trading.desk.run(trading["cfo"], replenishments.reject, open_one.number, "a transfer comes")
    state = approved(trading, asked(trading, "100"))
    assert state.taken_up == ()
    assert state.replenishments == ("RPL-000002",)
    books.check(trading.desk)


@pytest.mark.parametrize("amount", ["", "0", "-5", "1.001", "lots", "１２", "99999999999999999999999"])
def test_an_amount_that_cannot_be_is_refused_by_name(trading: Trading, amount: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        asked(trading, amount)
    assert "amount" in invalid.value.fields
    with pytest.raises(InvalidInput):
        trading.desk.run(trading["treasury"], transfers.request, "HQ", "NBI", None)


def test_funds_that_cannot_be_are_refused(trading: Trading) -> None:
    with pytest.raises(InvalidInput) as invalid:
        asked(trading, source="NBI", target="nbi")
    assert "to_fund" in invalid.value.fields
    with pytest.raises(NotFound):
        asked(trading, target="NOWHERE")
    with pytest.raises(NotFound):
        asked(trading, source="")
    beta = story.trading_company(trading.desk, "BETA", prefix="b_")
    (foreign,) = trading.rows(t.treasury_fund, t.treasury_fund.c.code == "NBI", t.treasury_fund.c.id != _own(trading))
    for source, target in (("HQ", foreign.id), (foreign.id, "HQ")):
        with pytest.raises(NotFound):
            trading.desk.run(trading["treasury"], transfers.request, source, target, "10")
    # A group-wide officer sees both companies, and moves no money between them.
    trading.another("group_cfo", trading["cfo"].role, company_id=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as invalid:
        trading.desk.run(trading["group_cfo"], transfers.request, _own(trading), foreign.id, "10")
    assert "company" in invalid.value.fields["to_fund"]
    number = asked(trading)
    for service in (transfers.approve, lambda work, ref: transfers.reject(work, ref, "no")):
        with pytest.raises(NotFound):
            trading.desk.run(beta["cfo"], service, number)
    assert trading.desk.read(beta["cfo"], transfer_views.list_transfers).items == ()
    trading.desk.run(trading["cfo"], funds.deactivate, "MSA")
    with pytest.raises(Refused) as refused:
        asked(trading, target="MSA")
    assert refused.value.code == "fund_inactive"


def _own(trading: Trading) -> UUID:
    found: UUID = trading.row_of_company(t.treasury_fund, "NBI").id
    return found


def test_a_fund_taken_out_of_use_meanwhile_stops_it(trading: Trading) -> None:
    for code, source, target in (("MSA", "HQ", "MSA"), ("NBI", "NBI", "HQ")):
        number = asked(trading, "10", source, target)
        trading.desk.run(trading["cfo"], funds.deactivate, code)
        assert codes(trading, "cfo", number)[APPROVE] == ["fund_inactive"]
        with pytest.raises(Refused) as refused:
            approved(trading, number)
        assert refused.value.code == "fund_inactive"
        assert code in refused.value.message
    assert balances(trading) == {"HQ": 300_000_00, "NBI": 100_000_00, "MSA": 80_000_00}


def test_a_credit_that_fails_takes_the_debit_with_it(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = asked(trading)
    pay_in: Callable[..., object] = ledger.pay_in

    def broken(work: Work, *given: object) -> object:
        pay_in(work, *given)
        raise RuntimeError("the power went")

    monkeypatch.setattr(ledger, "pay_in", broken)
    with pytest.raises(RuntimeError):
        approved(trading, number)
    monkeypatch.undo()
    assert balances(trading) == {"HQ": 300_000_00, "NBI": 100_000_00, "MSA": 80_000_00}
    assert approved(trading, number).status is TransferStatus.COMPLETED
    books.check(trading.desk)


def test_people_without_the_right_do_nothing(trading: Trading) -> None:
    for who in ("staff", "branch_manager", "fpa", "ceo", "admin"):
        with pytest.raises(NotAllowed):
            asked(trading, who=who)
    number = asked(trading)
    for who in ("staff", "branch_manager", "fpa", "ceo", "admin"):
        with pytest.raises((NotAllowed, NotFound)):
            approved(trading, number, who)
    assert trading.desk.read(trading["staff"], transfer_views.list_transfers).items == ()
    # A branch manager reads the transfers of the branch's own fund.
    assert [m.number for m in trading.desk.read(trading["branch_manager"], transfer_views.list_transfers).items] == [
        number
    ]
    other = asked(trading, source="HQ", target="MSA")
    with pytest.raises(NotFound):
        trading.desk.read(trading["branch_manager"], transfer_views.show, other)


def test_lists_are_narrowed_and_paged_and_what_waits_is_told(trading: Trading) -> None:
    numbers = [asked(trading, why=why) for why in ("one", "two", "three")] + [asked(trading, source="MSA", target="HQ")]
    trading.desk.run(trading["cfo"], transfers.reject, numbers[1], "no")

    def found(**given: object) -> list[str]:
        page = trading.desk.read(trading["cfo"], transfer_views.list_transfers, **given)  # type: ignore[arg-type]
        return [view.number for view in page.items]

    assert found() == numbers[::-1]
    assert found(status=TransferStatus.REJECTED) == [numbers[1]]
    assert found(fund="MSA") == [numbers[3]]
    assert found(fund="NBI", search="THREE") == [numbers[2]]
    page = trading.desk.read(trading["cfo"], transfer_views.list_transfers, limit=3)
    rest = trading.desk.read(trading["cfo"], transfer_views.list_transfers, limit=3, after=page.next)
    assert [view.number for view in (*page.items, *rest.items)] == numbers[::-1]
    lines = {
        who: [
            line.command
            for line in trading.desk.read(trading[who], waiting.lines)
            if line.task is waiting.Task.TRANSFER
        ]
        for who in ("cfo", "treasury", "treasury2", "ceo")
    }
    open_ones = [f"pettycash transfer approve {number}" for number in (numbers[0], numbers[2], numbers[3])]
    assert lines == {"cfo": open_ones, "treasury": [], "treasury2": open_ones, "ceo": []}


def test_a_company_whose_code_is_taken_gets_another_account(trading: Trading) -> None:
    trading.change(
        lambda work: work.execute(update(t.account).where(t.account.c.code == "5900").values(code="TRANSIT"))
    )
    approved(trading, asked(trading))
    (transit,) = trading.rows(t.account, t.account.c.purpose == AccountPurpose.TRANSFERS_IN_TRANSIT)
    assert transit.code == "TRANSIT-2"
