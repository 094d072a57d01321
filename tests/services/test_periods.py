"""Months are checked, closed and opened again; a closed one takes no entry."""

from __future__ import annotations

from datetime import timedelta

import books
import pytest
import story
from sqlalchemy import update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import funds, payment_views, period_checks, periods, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Refused
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.period_checks import CheckKind, CheckList


@pytest.fixture
def desk(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on the books of a company that trades; codes are written to the outbox."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    return trading.desk


def month(trading: Trading, back: int = 0) -> str:
    first = trading.clock().date().replace(day=1)
    for _ in range(abs(back)):
        first = (first - timedelta(days=1) if back > 0 else first + timedelta(days=32)).replace(day=1)
    return f"{first:%Y-%m}"


def close(trading: Trading, period: str, reason: str = "all settled") -> periods.PeriodView:
    return trading.desk.run(trading["cfo"], periods.close, period, reason)


def reopen(trading: Trading, period: str, reason: str = "a late invoice") -> periods.PeriodView:
    return trading.desk.run(trading["cfo"], periods.reopen, period, reason)


def refused(trading: Trading, service: object, *given: str) -> list[str]:
    with pytest.raises(Refused) as error:
        trading.desk.run(trading["cfo"], service, *given)  # type: ignore[arg-type]
    return [reason.code for reason in error.value.reasons]


def test_a_closed_month_takes_no_entry_until_it_is_opened_again(desk: Desk, trading: Trading) -> None:
    payment = trading.approved()
    asked = desk.run(trading["cfo"], replenishments.request, "MSA", "1000").number
    desk.run(trading["group_finance_manager"], replenishments.approve, asked)
    now = month(trading)
    closed = close(trading, now)
    assert (closed.period, closed.is_closed, closed.closed_by.username) == (now, True, "cfo")  # type: ignore[union-attr]

    with pytest.raises(Refused) as error:
        story.pay(desk, payment)
    assert "period_closed" in [reason.code for reason in error.value.reasons]
    explained = desk.read(story.executor_of(desk, payment), payment_views.explain, payment)
    assert "period_closed" in [reason.code for reason in explained.reasons]
    with pytest.raises(Refused) as error:
        desk.run(trading["treasury"], replenishments.complete, asked, "B-1")
    assert error.value.code == "period_closed" and "closed" in error.value.message
    with pytest.raises(Refused):
        desk.run(trading["cfo"], funds.add, FundInput(code="NEW", region="COA", opening_balance="10"))

    opened = reopen(trading, now)
    assert (opened.is_closed, opened.reopen_reason) == (False, "a late invoice")
    story.pay(desk, payment)
    desk.run(trading["treasury"], replenishments.complete, asked, "B-1")
    books.check(desk)


def test_a_payment_goes_out_in_the_month_after_a_closed_one(desk: Desk, trading: Trading) -> None:
    payment = trading.approved()
    close(trading, month(trading))
    trading.clock.now += timedelta(days=32)
    story.pay(desk, payment)
    books.check(desk)


def test_a_month_is_closed_once_and_in_its_order(desk: Desk, trading: Trading) -> None:
    first = month(trading)
    trading.clock.now += timedelta(days=40)
    second = month(trading)
    assert refused(trading, periods.close, month(trading, -1), "x") == ["period_not_begun", "earlier_open"]
    assert refused(trading, periods.close, second, "x") == ["earlier_open"]
    close(trading, first)
    assert refused(trading, periods.close, first, "x") == ["period_closed"]
    close(trading, second)
    assert refused(trading, periods.reopen, first, "x") == ["later_closed"]
    assert refused(trading, periods.reopen, "2020-01", "x") == ["period_open"]
    reopen(trading, second)
    assert refused(trading, periods.reopen, second, "x") == ["period_open"]
    close(trading, second, "again")
    listed = desk.read(trading["cfo"], periods.list_periods, limit=1)
    assert [view.period for view in listed.items] == [second]
    rest = desk.read(trading["cfo"], periods.list_periods, limit=1, after=listed.next)
    assert ([view.period for view in rest.items], rest.next) == ([first], None)
    with pytest.raises(NotFound):
        desk.read(trading["cfo"], periods.show, "2020-01")


@pytest.mark.parametrize(
    "typed", ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "0000-01", "２０２６-01", "2026-01-01"]
)
def test_what_is_no_month_is_refused_with_an_example(desk: Desk, trading: Trading, typed: str) -> None:
    with pytest.raises(InvalidInput) as error:
        desk.run(trading["cfo"], periods.close, typed, "why")
    assert "2026-11" in error.value.fields["period"]


def test_only_a_cfo_closes_and_with_a_reason(desk: Desk, trading: Trading) -> None:
    for who in ("treasury", "group_finance_manager", "admin", "ceo", "staff"):
        with pytest.raises(NotAllowed):
            desk.run(trading[who], periods.close, month(trading), "why")
        with pytest.raises(NotAllowed):
            desk.run(trading[who], periods.reopen, month(trading), "why")
    with pytest.raises(InvalidInput) as error:
        close(trading, month(trading), "  ")
    assert error.value.fields == {"reason": "is missing"}
    with pytest.raises(NotAllowed):
        desk.read(trading["staff"], period_checks.checklist, month(trading))


def checks(desk: Desk, trading: Trading) -> CheckList:
    return desk.read(trading["cfo"], period_checks.checklist, month(trading))


def test_the_check_list_names_what_is_not_settled(desk: Desk, trading: Trading) -> None:
    for fund, target in (("NBI", "100000"), ("MSA", "80000"), ("HQ", "300000")):
        desk.run(trading["cfo"], funds.edit, fund, FundInput(reorder_level="10", target_balance=target))
    assert checks(desk, trading).items == ()

    story.pay(desk, trading.approved(amount="500"))
    lost = trading.approved(amount="700")
    desk.run(trading["cfo"], replenishments.request, "MSA", "1000")
    desk.run(trading["cfo"], funds.edit, "HQ", FundInput(target_balance="290000"))
    with desk.engine.begin() as connection:
        connection.execute(update(t.payment).where(t.payment.c.number == lost).values(status="failed"))
    found = checks(desk, trading)
    assert [(item.kind, item.severity.value, item.count, item.amount.plain()) for item in found.items] == [
        (CheckKind.UNRECONCILED, "warns", 1, "500.00"),
        (CheckKind.FAILED, "warns", 1, "700.00"),
        (CheckKind.REPLENISHMENTS, "warns", 1, "1000.00"),
        (CheckKind.IMPREST, "warns", 1, "10000.00"),
    ]
    assert (found.blocks, found.warns, found.items[-1].fund) == (False, True, "HQ")
    assert all(item.command.startswith("pettycash ") and item.message.endswith(".") for item in found.items)

    with desk.engine.begin() as connection:
        connection.execute(update(t.payment).where(t.payment.c.number == lost).values(status="executing"))
    found = checks(desk, trading)
    assert found.blocks and found.items[0].kind is CheckKind.IN_DOUBT
    assert refused(trading, periods.close, month(trading), "x") == ["in_doubt_blocks"]
    trading.clock.now += timedelta(days=32)
    with desk.engine.begin() as connection:
        connection.execute(update(t.payment).where(t.payment.c.number == lost).values(status="unknown"))
    assert refused(trading, periods.close, month(trading, 1), "x") == ["in_doubt_blocks"]


def test_another_companys_months_are_its_own(desk: Desk, trading: Trading) -> None:
    other = story.trading_company(desk, "BETA", prefix="b_")
    payment = trading.approved()
    desk.run(other["cfo"], periods.close, month(trading), "settled")
    assert desk.read(trading["cfo"], periods.list_periods).items == ()
    story.pay(desk, payment)
    close(trading, month(trading))
