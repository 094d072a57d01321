"""A mark says what is awaited, in every window that reads or writes while it is open, and nothing moves for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
import story
from desk_app import demo_company, press, running, screen_text, settled, type_text
from settable_clock import SettableClock
from slow_desk import SlowDesk
from textual.pilot import Pilot

from pettycash_tui.screens.ledger import LedgerScreen
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.background import WindowMark

Steps = Callable[[Pilot[None]], Awaitable[None]]


async def lock(pilot: Pilot[None]) -> None:
    context = pilot.app.context  # type: ignore[attr-defined]
    await pilot.app.push_screen(LockScreen(context, idle_minutes=15))
    await type_text(pilot, "not the password")


async def jump(pilot: Pilot[None]) -> None:
    await press(pilot, "J")
    await type_text(pilot, "1")


async def entry(pilot: Pilot[None]) -> None:
    await show_fund(pilot)
    await press(pilot, "end", "enter")


async def show_fund(pilot: Pilot[None]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, LedgerScreen)
    screen.show_object("NBI")
    await settled(pilot)


async def palette(pilot: Pilot[None]) -> None:
    await press(pilot, "ctrl+p")
    await type_text(pilot, "requisitio")


async def pay(pilot: Pilot[None]) -> None:
    await press(pilot, "p")
    code = screen_text(pilot).partition("the code is ")[2][:6]
    await type_text(pilot, code)


@dataclass(frozen=True)
class Window:
    place: str
    open: Steps
    key: str
    says: str


WINDOWS = {
    "pay": Window("payments", pay, "enter", "paying…"),
    "a new code": Window("payments", pay, "ctrl+r", "sending a code…"),
    "lock": Window("requisitions", lock, "enter", "looking at the password…"),
    "jump": Window("ledger", jump, "enter", "looking for it…"),
    "entry": Window("ledger", entry, "t", "reading…"),
    "palette": Window("requisitions", palette, "n", "searching…"),
}


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
async def test_a_window_says_what_it_waits_for_and_nothing_moves(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, clock: SettableClock, window: Window
) -> None:
    people = demo_company(sqlite_desk)
    paid = story.approved(sqlite_desk, people["staff"], "300")
    story.pay(sqlite_desk, paid)
    executor = story.executor_of(sqlite_desk, story.approved(sqlite_desk, people["staff"], "4500")).username
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, executor, go=window.place) as pilot:
        await window.open(pilot)
        clock.advance(seconds=61)
        mark, before = pilot.app.screen.query_one(WindowMark), edges(pilot)
        assert not mark.display
        with slow.slow():
            await pilot.press(window.key)
            for _ in range(500):
                if mark.display:
                    break
                await pilot.pause(0.01)
            await pilot.pause()
            line = screen_text(pilot).splitlines()[mark.region.y]
            assert line[mark.region.x : mark.region.right] == window.says, screen_text(pilot)
            assert line.split("│")[1].strip() == window.says, "it stands on a line that was empty"
            assert edges(pilot) == before
        await settled(pilot)
        assert not mark.display


def edges(pilot: Pilot[None]) -> list[int]:
    """The lines on which windows begin and end."""
    return [place for place, line in enumerate(screen_text(pilot).splitlines()) if set("╭╰") & set(line)]
