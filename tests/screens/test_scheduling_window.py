"""Payments confirmed for a later day on the screen, and the day taken away again."""

from __future__ import annotations

from datetime import date

from desk_app import demo_company, notices, press, running, screen_text, type_text
from test_paying_together import MPESA, code_of, for_treasury, shown, wrong

from pettycash_tui.screens.payments import PaymentsScreen
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.services.desk import Desk

DAY = "2026-03-05"


async def test_marked_ones_are_confirmed_for_a_day_with_one_code_and_unscheduled_with_a_reason(
    sqlite_desk: Desk,
) -> None:
    first, second = for_treasury(sqlite_desk, "1000", "2000", **MPESA)
    (cash,) = for_treasury(sqlite_desk, "300")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "space", "d")
        text = screen_text(pilot)
        assert "Schedule 3 payments" in text and "Together KES 3,000.00 in 2 payments: 2 M-Pesa" in text
        assert f"{cash} is paid in cash, which somebody hands over" in " ".join(text.replace("│", " ").split())
        assert "The code is for the day too: type it, then enter sends the code." in text
        await type_text(pilot, "2026-03-02")
        await press(pilot, "enter")
        assert "Must be a day after today, 2026-03-02" in screen_text(pilot)
        await press(pilot, *["backspace"] * 10)
        await type_text(pilot, DAY)
        await press(pilot, "enter")
        assert f"Ref. {first}" in screen_text(pilot) and "5 tries left" in screen_text(pilot)
        await type_text(pilot, "QX1")
        await press(pilot, "enter")
        await type_text(pilot, "QX2")
        code = code_of(pilot)
        await press(pilot, "enter")
        await type_text(pilot, wrong(code))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "The code is wrong; 4 tries are left." in text and DAY in text and "reference QX2" in text
        await type_text(pilot, code)
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "2 payments scheduled" in text and f"✔ 2 payments confirmed for {DAY}, KES 3,000.00" in text
        assert shown(sqlite_desk, second).scheduled_for == date(2026, 3, 5)
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, PaymentsScreen) and [payment.number for payment in screen.marked] == [cash]
        text = screen_text(pilot)
        assert f"◔ on {DAY}" in text
        await press(pilot, "f", "f", "f", "f")
        assert "Payments: scheduled 2, KES 3,000.00" in screen_text(pilot)
        assert f"for {DAY}, executed by itself on that day; u takes it away" in " ".join(screen_text(pilot).split())
        await press(pilot, "p", "d")
        assert pilot.app.screen is screen, "neither is offered while it is scheduled"
        await press(pilot, "space", "space", "u")
        assert isinstance(pilot.app.screen, ReasonPrompt) and f"on {DAY}" in screen_text(pilot)
        await type_text(pilot, "Paid by card")
        await press(pilot, "enter")
        assert "2 payments not scheduled any more: ready to be paid." in notices(pilot)
        assert shown(sqlite_desk, first).scheduled_for is shown(sqlite_desk, second).scheduled_for is None


async def test_another_day_needs_another_code(sqlite_desk: Desk) -> None:
    (number,) = for_treasury(sqlite_desk, "1000", **MPESA)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "d")
        await type_text(pilot, DAY)
        await press(pilot, "enter")
        assert "5 tries left" in screen_text(pilot)
        await press(pilot, "shift+tab", "backspace")
        await type_text(pilot, "6")
        assert "The code is for the day too" in screen_text(pilot)
        await press(pilot, "ctrl+g")
        assert "Type the day on which they are to be executed." in screen_text(pilot)
        await press(pilot, "enter")
        assert "was made a moment ago" in screen_text(pilot) and shown(sqlite_desk, number).scheduled_for is None


async def test_who_does_not_pay_has_no_key_for_a_day(sqlite_desk: Desk) -> None:
    for_treasury(sqlite_desk, "1000", **MPESA)
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "cfo", go="payments") as pilot:
        await press(pilot, "d", "b", "space", "p")
        assert isinstance(pilot.app.screen, PaymentsScreen)
        assert not pilot.app.screen.check_action("schedule", ())
