"""Cash, vouchers, money in transit and what was over or short are the float; and what makes a difference."""

from __future__ import annotations

import books
import pytest
import story
from sqlalchemy import event
from trading import Trading

from pettycash_tui.services import funds, imprest, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.imprest import CauseKind, ImprestIdentity


@pytest.fixture
def desk(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on the books of a company whose fund NBI holds its float of 100,000."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    trading.desk.run(trading["cfo"], funds.edit, "NBI", FundInput(target_balance="100000"))
    return trading.desk


def seen(desk: Desk, trading: Trading, fund: str = "NBI") -> ImprestIdentity:
    found = desk.read(trading["cfo"], imprest.identity, fund)
    parts = found.cash + found.vouchers + found.in_transit + found.over_short
    assert parts == found.total
    assert found.total - found.authorised == found.difference
    assert found.holds is (found.difference.minor == 0)
    assert sum(cause.amount.minor for cause in found.causes) == found.difference.minor
    return found


def causes(found: ImprestIdentity) -> dict[CauseKind, str]:
    return {cause.kind: cause.amount.plain() for cause in found.causes}


def pay(desk: Desk, trading: Trading, amount: str) -> None:
    story.pay(desk, trading.approved(amount=amount))


def test_the_identity_holds_from_the_voucher_to_the_money_that_arrives(desk: Desk, trading: Trading) -> None:
    assert seen(desk, trading).holds
    pay(desk, trading, "30000")
    found = seen(desk, trading)
    assert (found.holds, found.cash.plain(), found.vouchers.plain(), found.voucher_count) == (
        True,
        "70000.00",
        "30000.00",
        1,
    )

    number = desk.run(trading["cfo"], replenishments.request, "NBI").number
    pay(desk, trading, "1000")
    found = seen(desk, trading)
    assert (found.holds, found.vouchers.plain(), found.in_transit.plain()) == (True, "31000.00", "0.00")

    desk.run(trading["group_finance_manager"], replenishments.approve, number)
    found = seen(desk, trading)
    assert (found.holds, found.vouchers.plain(), found.in_transit.plain()) == (True, "1000.00", "30000.00")

    desk.run(trading["treasury"], replenishments.complete, number, "B-1")
    found = seen(desk, trading)
    assert (found.holds, found.cash.plain(), found.vouchers.plain()) == (True, "99000.00", "1000.00")
    books.check(desk)


def test_a_difference_is_named_with_what_made_it(desk: Desk, trading: Trading) -> None:
    assert causes(seen(desk, trading, "MSA")) == {CauseKind.OPENED_BELOW: "-120000.00"}
    assert causes(seen(desk, trading, "HQ")) == {CauseKind.OPENED_ABOVE: "100000.00"}
    desk.run(trading["cfo"], funds.edit, "NBI", FundInput(target_balance="90000"))
    assert causes(seen(desk, trading)) == {CauseKind.OPENED_ABOVE: "10000.00"}
    desk.run(trading["cfo"], funds.edit, "NBI", FundInput(target_balance="100000"))

    pay(desk, trading, "30000")
    number = desk.run(trading["cfo"], replenishments.request, "NBI", "40000").number
    assert seen(desk, trading).holds
    desk.run(trading["group_finance_manager"], replenishments.approve, number)
    assert causes(seen(desk, trading)) == {CauseKind.ASKED_BEYOND: "10000.00"}
    desk.run(trading["treasury"], replenishments.complete, number, "B-1", "25000")
    assert causes(seen(desk, trading)) == {CauseKind.ASKED_BEYOND: "10000.00", CauseKind.SHORT_FUNDED: "-15000.00"}

    number = desk.run(trading["cfo"], replenishments.request, "NBI", "1000").number
    desk.run(trading["group_finance_manager"], replenishments.approve, number)
    desk.run(trading["treasury"], replenishments.complete, number, "B-2", "6000")
    found = seen(desk, trading)
    assert causes(found) == {
        CauseKind.ASKED_BEYOND: "11000.00",
        CauseKind.SHORT_FUNDED: "-15000.00",
        CauseKind.OVER_FUNDED: "5000.00",
    }
    books.check(desk)


def test_a_rejected_request_changes_nothing(desk: Desk, trading: Trading) -> None:
    pay(desk, trading, "30000")
    number = desk.run(trading["cfo"], replenishments.request, "NBI", "99000").number
    desk.run(trading["group_finance_manager"], replenishments.approve, number)
    assert not seen(desk, trading).holds
    desk.run(trading["cfo"], replenishments.reject, number, "too much")
    assert seen(desk, trading).holds


def test_the_statements_are_few_whatever_the_books_hold(desk: Desk, trading: Trading) -> None:
    pay(desk, trading, "60000")
    statements: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    seen(desk, trading)
    holding = len(statements)
    statements.clear()
    seen(desk, trading, "MSA")
    assert holding <= 6 and len(statements) <= holding + 3


def test_who_may_not_read_the_ledger_sees_no_identity(desk: Desk, trading: Trading) -> None:
    with pytest.raises(NotAllowed):
        desk.read(trading["staff"], imprest.identity, "NBI")
