"""The treasury's screen: which lists it has for whom, going through them, narrowing, and finding one by its number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import story
from desk_app import context_of, demo_company, notices, press, running, screen_text, settled, type_text, until
from slow_desk import SlowDesk, begun

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.replenishment_window import ReplenishmentWindow
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.treasury import TreasuryScreen
from pettycash_tui.screens.treasury_views.catalogue import VIEWS, views_for
from pettycash_tui.services import payment_views, replenishment_views, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.cells import GAP


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def asked(desk: Desk, fund: str = "NBI", amount: str = "20000") -> str:
    return desk.run(demo_company(desk)["cfo"], replenishments.request, fund, amount, "").number


async def test_those_who_read_ledgers_have_it_and_a_clerk_has_not(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "6")
        assert not isinstance(pilot.app.screen, TreasuryScreen)
    async with running(sqlite_desk, "treasury") as pilot:
        await press(pilot, "6")
        assert isinstance(pilot.app.screen, TreasuryScreen)


def test_the_screen_is_offered_to_all_for_whom_there_is_a_list(sqlite_desk: Desk) -> None:
    for name, actor in demo_company(sqlite_desk).items():
        assert context_of(sqlite_desk, name).offered.treasury is bool(views_for(actor)), name


async def test_replenishments_are_listed_and_enter_opens_one(sqlite_desk: Desk) -> None:
    first, second = asked(sqlite_desk), asked(sqlite_desk, "MSA", "15000")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_and_show(pilot.app, "treasury", first)
        await settled(pilot)
        text = screen_text(pilot)
        assert first in text and second in text and "◔ pending" in text
        assert pilot.app.screen.value.number == first  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)
        await press(pilot, "a")
        await press(pilot, "escape")
        assert "● approved" in screen_text(pilot)


async def test_the_key_asks_for_money_for_a_fund_that_one_chooses(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_and_show(pilot.app, "treasury", "replenishments")
        await settled(pilot)
        assert "No fund was ever replenished." in screen_text(pilot)
        await press(pilot, "R")
        assert "NBI      NBI fund: KES 100,000.00 available" in screen_text(pilot)
        await type_text(pilot, "nbi")
        await press(pilot, "enter")
        assert "KES 100,000.00 for fund NBI" in screen_text(pilot)
        await press(pilot, "y")
        assert "RPL-000001 asks for KES 100,000.00 for fund NBI." in notices(pilot)
        assert "RPL-000001" in screen_text(pilot)


async def test_a_row_that_somebody_else_took_is_marked_and_says_by_whom(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_and_show(pilot.app, "treasury", "replenishments")
        await settled(pilot)
        await press(pilot, "s")
        assert number in screen_text(pilot)
        sqlite_desk.run(demo_company(sqlite_desk)["group_finance_manager"], replenishments.approve, number)
        pilot.app.screen.books_changed()  # type: ignore[attr-defined]
        await until(pilot, lambda: "− approved by Group Finance" in screen_text(pilot))
        await press(pilot, "enter")
        assert f"{number} is not here any more: approved by Group Finance Manager." in notices(pilot)
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], replenishment_views.show, number)
        assert found.approved_by is not None


async def test_a_list_is_narrowed_and_the_filter_is_forgotten_with_it(sqlite_desk: Desk) -> None:
    first, second = asked(sqlite_desk), asked(sqlite_desk, "MSA", "15000")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_and_show(pilot.app, "treasury", "replenishments")
        await settled(pilot)
        await press(pilot, "slash")
        await type_text(pilot, second)
        await press(pilot, "enter")
        await until(pilot, lambda: first not in screen_text(pilot))
        await press(pilot, "escape")
        await until(pilot, lambda: first in screen_text(pilot))


def test_what_must_be_seen_of_every_list_has_room_beside_a_detail(sqlite_desk: Desk) -> None:
    screen: Any = SimpleNamespace(context=context_of(sqlite_desk, "cfo"))
    for view in VIEWS:
        shown = [column for column in view(screen).source("").columns if not column.optional]
        assert sum(column.least for column in shown) + GAP * (len(shown) - 1) <= 67, view.name


async def test_every_list_is_gone_through_and_says_what_it_is_when_empty(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        said = []
        for _ in VIEWS:
            text = screen_text(pilot)
            said.append(text.splitlines()[0].partition(":")[2].split("·")[0].split("  ")[0].strip())
            assert "Could not" not in text
            await press(pilot, "f")
        assert said == [
            "To reconcile 0",
            "Variances to approve",
            "Replenishments, all",
            "Transfers to approve",
            "Bank files, all",
            "Periods",
            "Notices not delivered",
        ]
        assert "Everything that was paid is reconciled. s shows others." in screen_text(pilot)
        await press(pilot, "F")
        assert "Every notice has arrived." in screen_text(pilot)


async def test_while_another_list_is_being_read_no_key_acts_on_a_row_of_the_one_before(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500")
    story.pay(sqlite_desk, number)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        with slow.slow():
            await pilot.press("s")
            await begun(pilot, slow)
            await pilot.press("c")
            await pilot.pause()
        await settled(pilot)
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], payment_views.show, number)
        assert found.status is PaymentStatus.SUCCESS
        assert "The list is still being read. Look at what comes, then press the key again." in notices(pilot)
