"""The window of a replenishment: opened from the desk, the palette and the ledger; approving, rejecting, receiving."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from slow_desk import SlowDesk, begun
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.home import DeskHomeScreen
from pettycash_tui.screens.ledger import LedgerScreen
from pettycash_tui.screens.replenishment_prompts import ReceivePrompt, RejectPrompt
from pettycash_tui.screens.replenishment_window import ReplenishmentWindow
from pettycash_tui.services import replenishment_views, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable
from pettycash_tui.services.replenishment_views import ReplenishmentView


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def asked(desk: Desk, who: str = "cfo", amount: str = "20000", *, reason: str = "", approved: bool = False) -> str:
    people = demo_company(desk)
    number = desk.run(people[who], replenishments.request, "NBI", amount, reason).number
    if approved:
        desk.run(people["group_finance_manager"], replenishments.approve, number)
    return number


def shown(desk: Desk, number: str) -> ReplenishmentView:
    return desk.read(demo_company(desk)["cfo"], replenishment_views.show, number)


def window_of(pilot: Pilot[None]) -> ReplenishmentWindow:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ReplenishmentWindow))


def foot(pilot: Pilot[None]) -> str:
    return next(line for line in screen_text(pilot).splitlines() if "closes" in line or "leaves" in line)


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_the_key_on_the_desk_opens_it_with_all_that_one_decides_by(sqlite_desk: Desk) -> None:
    story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500")
    number = asked(sqlite_desk, reason="[b]School[/b] fees week")
    async with running(sqlite_desk, "group_finance_manager", go="desk") as pilot:
        assert f"a  refill    {number}" in screen_text(pilot)
        await press(pilot, "a")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)
        text = screen_text(pilot)
        assert f"Replenishment {number}" in text
        assert "◔ pending  KES 20,000.00 for fund NBI, NBI fund" in text
        assert "Cfo Person, 2026-" in text and "[b]School[/b] fees week" in text, "what people type is data"
        lines = [" ".join(line.strip("│ ▕").split()) for line in text.splitlines()]
        assert any("now 100,000.00 95,500.00" in line for line in lines)
        assert any("after it 120,000.00 115,500.00" in line for line in lines)
        assert any("Target 200,000.00" in line for line in lines)
        assert any("Reorder at 50,000.00" in line for line in lines)
        assert "a approves · x rejects · y copies · esc closes" in foot(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DeskHomeScreen)


async def test_one_that_the_fund_asked_for_says_so(sqlite_desk: Desk) -> None:
    story.pay(sqlite_desk, story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "60000"))
    async with running(sqlite_desk, "cfo", go="desk") as pilot:
        await press(pilot, "a")
        text = screen_text(pilot)
        assert "the fund itself, 2026-" in text and "automatically, after an act of Treasury" in text


async def test_the_palette_opens_it_wherever_one_is_for_those_who_read_the_ledger(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    async with running(sqlite_desk, "fpa", go="requisitions") as pilot:
        below = pilot.app.screen
        await press(pilot, "ctrl+p")
        await type_text(pilot, number.lower())
        await until(pilot, lambda: not pilot.app.screen._is_waiting)  # type: ignore[attr-defined]
        assert f"replenishment: {number}" in pilot.app.screen.lines[0]  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)
        assert "Your role (FP&A) may not approve replenishments." in " ".join(screen_text(pilot).split())
        assert foot(pilot).strip("│ ▕").strip() == "y copies · esc closes"
        await press(pilot, "escape")
        assert pilot.app.screen is below
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "ctrl+p")
        await type_text(pilot, number)
        await until(pilot, lambda: not pilot.app.screen._is_waiting)  # type: ignore[attr-defined]
        assert "Nothing found." in screen_text(pilot)


async def test_the_cash_book_opens_the_request_that_is_open(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk, approved=True)
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        assert isinstance(pilot.app.screen, LedgerScreen)
        pilot.app.screen.show_object("NBI")
        await settled(pilot)
        await press(pilot, "R")
        assert f"Replenishment {number}" in screen_text(pilot)
        assert "● approved" in screen_text(pilot) and "Group Finance Manager, 2026-" in screen_text(pilot)


async def test_it_is_copied_as_text_and_has_its_help(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "y")
        assert pilot.app.clipboard.startswith(f"Replenishment {number}\n◔ pending  KES 20,000.00 for fund NBI")
        assert "120,000.00" in pilot.app.clipboard
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert "Approve that the fund is filled up." in screen_text(pilot)
        await press(pilot, "escape", "enter")
        assert isinstance(pilot.app.screen, DeskHomeScreen)


async def test_what_is_not_there_is_said(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        pilot.app.push_screen(ReplenishmentWindow(pilot.app.screen, "RPL-000009"))  # type: ignore[arg-type]
        await settled(pilot)
        assert "✖ There is no replenishment RPL-000009" in screen_text(pilot)
        await press(pilot, "a", "x", "r")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)


# --- approving --------------------------------------------------------------------------------------------------------


async def test_one_key_approves_it_and_then_it_waits_for_its_money(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "a")
        approved = shown(sqlite_desk, number)
        assert approved.status is ReplenishmentStatus.APPROVED
        assert approved.approved_by is not None and approved.approved_by.username == "treasury"
        assert f"{number} is approved: KES 20,000.00 for fund NBI." in notices(pilot)
        text = screen_text(pilot)
        assert "● approved" in text and "Treasury Person, 2026-" in text and "meanwhile" not in text
        assert "x rejects · r receives the money" in foot(pilot)
        await press(pilot, "a")
        assert shown(sqlite_desk, number).approved_at == approved.approved_at


async def test_who_asked_is_not_offered_to_approve_it_and_reads_why(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk, "treasury")
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        pilot.app.screen.show_object("NBI")  # type: ignore[attr-defined]
        await settled(pilot)
        await press(pilot, "R", "a")
        assert f"{number} is your own request: somebody else approves it." in screen_text(pilot)
        assert "approves ·" not in foot(pilot)
        assert shown(sqlite_desk, number).status is ReplenishmentStatus.PENDING


async def test_on_a_slow_database_the_window_is_left_at_once_and_the_result_is_told(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = asked(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a")
        with slow.slow():
            await pilot.press("a")
            await begun(pilot, slow)
            await pilot.press("a")
            await pilot.pause()
            assert f"{number} is being decided already." in notices(pilot)
            await pilot.press("escape")
            await pilot.pause()
            assert isinstance(pilot.app.screen, DeskHomeScreen)
            assert f"{number} is still being recorded; you will be told." in notices(pilot)
        await settled(pilot)
        assert notices(pilot)[-1] == f"{number} is approved: KES 20,000.00 for fund NBI."
        assert f"a  receive   {number}" in screen_text(pilot)


# --- rejecting --------------------------------------------------------------------------------------------------------


async def test_rejecting_asks_for_a_reason_and_repeats_what_it_is_about(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "x")
        assert isinstance(pilot.app.screen, RejectPrompt)
        text = screen_text(pilot)
        assert f"Reject {number}" in text and "KES 20,000.00 for fund NBI, NBI fund" in text
        assert "This cannot be undone." in text
        await press(pilot, "enter")
        assert "✖ Reason is missing." in screen_text(pilot)
        await type_text(pilot, "Not this month")
        await press(pilot, "enter")
        rejected = shown(sqlite_desk, number)
        assert (rejected.status, rejected.reason) == (ReplenishmentStatus.REJECTED, "Not this month")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)
        text = screen_text(pilot)
        assert "✖ rejected" in text and "Not this month" in text and "Treasury Person, 2026-" in text
        assert "after it" not in text, "no money comes any more"
        assert foot(pilot).strip("│ ▕").strip() == "y copies · esc closes"


async def test_a_reason_is_kept_when_the_database_is_slow_or_away(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = asked(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "x")
        await type_text(pilot, "Not this month")
        with slow.slow():
            await pilot.press("enter")
            await begun(pilot, slow)
            await pilot.pause()
            assert "it is being recorded · esc leaves" in foot(pilot)
            assert pilot.app.screen.query_one(Input).value == "Not this month"
            monkeypatch.setattr(
                replenishments, "_locked_for", lambda *_: _raise(DatabaseUnavailable("The database is away."))
            )
        await settled(pilot)
        assert isinstance(pilot.app.screen, RejectPrompt)
        assert "✖ The database is away." in screen_text(pilot)
        assert pilot.app.screen.query_one(Input).value == "Not this month"
        monkeypatch.undo()
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).reason == "Not this month"


def _raise(error: Exception) -> None:
    raise error


# --- receiving --------------------------------------------------------------------------------------------------------


async def test_the_whole_amount_is_received_with_its_reference(sqlite_desk: Desk) -> None:
    staff = demo_company(sqlite_desk)["staff"]
    waits = story.approved(sqlite_desk, staff, "150000")
    number = next(
        row.number
        for row in sqlite_desk.read(demo_company(sqlite_desk)["cfo"], replenishment_views.list_replenishments).items
    )
    sqlite_desk.run(demo_company(sqlite_desk)["cfo"], replenishments.approve, number)
    async with running(sqlite_desk, "treasury2", go="desk") as pilot:
        letter = next(line for line in screen_text(pilot).splitlines() if number in line and "receive" in line)
        await press(pilot, letter.strip("▸ ")[0], "r")
        assert isinstance(pilot.app.screen, ReceivePrompt)
        text = screen_text(pilot)
        assert f"Receive {number}" in text and "KES 100,000.00 for fund NBI, NBI fund" in text
        reference, amount = pilot.app.screen.query(Input)
        assert (reference.has_focus, amount.value) == (True, "100,000.00")
        await press(pilot, "enter")
        assert "✖ Reference is missing." in screen_text(pilot)
        await type_text(pilot, "BANK-7781")
        await press(pilot, "enter")
        received = shown(sqlite_desk, number)
        assert (received.status, received.reference) == (ReplenishmentStatus.COMPLETED, "BANK-7781")
        assert received.completed_amount == Money(10_000_000, "KES")
        assert any(f"hold it now: {waits}" in notice and "partly" not in notice for notice in notices(pilot))
        text = screen_text(pilot)
        assert "✔ completed" in text and "BANK-7781" in text and "200,000.00" in text


async def test_a_part_of_it_is_said_to_be_partly_funded_before_and_after(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk, approved=True)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "r")
        await type_text(pilot, "BANK-1")
        await press(pilot, "tab", "ctrl+u")
        pilot.app.screen.query(Input).last().value = ""
        await type_text(pilot, "one")
        assert "partly" not in screen_text(pilot)
        await press(pilot, "enter")
        assert "✖ Must be an amount in ordinary digits" in screen_text(pilot)
        assert pilot.app.screen.query(Input).last().has_focus
        pilot.app.screen.query(Input).last().value = ""
        await type_text(pilot, "12.5k")
        assert "▲ partly funded: KES 7,500.00 less than asked" in screen_text(pilot)
        await press(pilot, "enter")
        assert shown(sqlite_desk, number).completed_amount == Money(1_250_000, "KES")
        said = f"{number} is received: KES 12,500.00 for fund NBI (partly funded: KES 7,500.00 less than asked)."
        assert said in notices(pilot)
        assert "KES 12,500.00, partly funded: KES 7,500.00 less" in screen_text(pilot)


async def test_a_reference_that_was_used_stands_beside_its_field(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    first = asked(sqlite_desk, approved=True)
    sqlite_desk.run(people["treasury"], replenishments.complete, first, "BANK-1")
    second = asked(sqlite_desk, approved=True)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "r")
        await type_text(pilot, "BANK-1")
        await press(pilot, "enter")
        assert "✖ Must be new" in screen_text(pilot)
        assert pilot.app.screen.query(Input).first().value == "BANK-1"
        await type_text(pilot, "0")
        await press(pilot, "enter")
        assert shown(sqlite_desk, second).reference == "BANK-10"


# --- what happens elsewhere meanwhile ---------------------------------------------------------------------------------


async def test_an_open_window_says_what_somebody_else_decided(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk)
    people = demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a")
        window_of(pilot).books_changed()
        await settled(pilot)
        assert "meanwhile" not in screen_text(pilot), "nothing that concerns it has changed"
        sqlite_desk.run(people["group_finance_manager"], replenishments.reject, number, "Too early")
        window_of(pilot).books_changed()
        await settled(pilot)
        text = screen_text(pilot)
        assert "! Group Finance Manager has rejected it meanwhile." in text and "Too early" in text
        assert foot(pilot).strip("│ ▕").strip() == "y copies · esc closes"


async def test_an_open_prompt_says_it_too_and_keeps_what_was_typed(sqlite_desk: Desk) -> None:
    number = asked(sqlite_desk, approved=True)
    people = demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a", "r")
        await type_text(pilot, "BANK-1")
        sqlite_desk.run(people["treasury2"], replenishments.complete, number, "BANK-2")
        window_of(pilot).books_changed()
        await settled(pilot)
        text = screen_text(pilot)
        assert "! Treasury2 Person has received it meanwhile." in text and "BANK-1" in text
        assert "nothing was recorded from here · esc leaves" in foot(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplenishmentWindow)
        assert "✔ completed" in screen_text(pilot) and "BANK-2" in screen_text(pilot)


async def test_what_was_decided_unseen_is_refused_and_then_shown(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReplenishmentWindow, "books_changed", lambda window: None)
    number = asked(sqlite_desk)
    people = demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="desk") as pilot:
        await press(pilot, "a")
        sqlite_desk.run(people["group_finance_manager"], replenishments.approve, number)
        await press(pilot, "a")
        assert f"{number} is approved; it must be pending for this." in notices(pilot)
        assert "! Group Finance Manager has approved it meanwhile." in screen_text(pilot)
        approved = shown(sqlite_desk, number)
        assert approved.approved_by is not None and approved.approved_by.username == "group_finance_manager"
