"""The keys never wait for the program: no turn of the event loop is held above 50 ms, whatever one does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import building
import story
from desk_app import context_of, demo_company, press, running, settled, type_text, until
from large_ledger import fill
from loop_watch import watched
from pytest import MonkeyPatch
from sqlalchemy import URL
from textual.widgets import Input

from pettycash_tui.services import requisition_views
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.requisition_list import RequisitionFilter

LONGEST, LONGEST_LAYOUT = 50.0, 100.0
"""Milliseconds on a machine of usual speed; Textual lays a whole screen out and paints it in one turn of its own."""
ROWS = 1_000_000
ROUNDS = 3
"""A turn that is long for what the program does is long every time; one that the machine made long is not."""


async def check(monkeypatch: MonkeyPatch, play: Callable[[], Awaitable[None]]) -> None:
    """Play it until no turn was too long, at most three times."""
    worst: list[tuple[float, str]] = []
    for _ in range(ROUNDS):
        with watched(monkeypatch) as held:
            await play()
        assert len(held.turns) > 100
        assert held.waited == [], f"the loop itself waited for the database: {held.waited[0]}"
        turn, layout = max(held.turns), max(held.layouts)
        if turn[0] <= LONGEST and layout[0] <= LONGEST_LAYOUT:
            return
        worst += [turn, layout]
    raise AssertionError(f"in each of {ROUNDS} rounds a turn took more than {LONGEST} ms: {worst}")


async def test_a_read_on_the_loop_itself_is_noticed_however_little_it_computes(
    sqlite_desk: Desk, monkeypatch: MonkeyPatch
) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        context = context_of(sqlite_desk, "staff")
        with watched(monkeypatch) as held:
            await asyncio.to_thread(context.read, requisition_views.statuses_present, RequisitionFilter())
            assert held.waited == []
            pilot.app.call_later(context.read, requisition_views.statuses_present, RequisitionFilter())
            await settled(pilot)
    assert len(held.waited) == 1 and held.waited[0].startswith("read: ")


async def test_paging_through_a_million_entries(sqlite_desk: Desk, sqlite_url: URL, monkeypatch: MonkeyPatch) -> None:
    demo_company(sqlite_desk)
    fill(sqlite_url, building.id_of(sqlite_desk, "treasury_fund", "NBI"), ROWS)
    async with running(sqlite_desk, "cfo") as pilot:

        async def play() -> None:
            await press(pilot, "5", *["pageup"] * 10, "home", *["pagedown"] * 10, *["down"] * 20, "end")
            await press(pilot, "slash")
            await type_text(pilot, "van 99")
            await settled(pilot)
            await press(pilot, "escape", "t", "t", "t", "t", "1")

        await check(monkeypatch, play)


async def test_writing_and_submitting_a_requisition(sqlite_desk: Desk, monkeypatch: MonkeyPatch) -> None:
    async with running(sqlite_desk, "staff") as pilot:

        async def play() -> None:
            await press(pilot, "n")
            await type_text(pilot, "1250.50")
            await press(pilot, "enter")
            await type_text(pilot, "Naivas Supermarket")
            await press(pilot, "enter")
            await type_text(pilot, "Milk, tea and sugar for the visitors of Friday")
            await press(pilot, "ctrl+g")
            await until(pilot, lambda: not isinstance(pilot.app.focused, Input))

        await check(monkeypatch, play)


async def test_going_through_a_queue_and_filtering_it(sqlite_desk: Desk, monkeypatch: MonkeyPatch) -> None:
    staff = demo_company(sqlite_desk)["staff"]
    for number in range(60):
        story.request(sqlite_desk, staff, amount=str(100 + number), payee=f"Payee {number}")
    async with running(sqlite_desk, "branch_manager") as pilot:

        async def play() -> None:
            await press(pilot, "3", *["j"] * 30, "space", "space", "s", "slash")
            await type_text(pilot, "Payee 5")
            await press(pilot, "enter", "escape", "1", "2", "3", "ctrl+p")
            await type_text(pilot, "payee 12")
            await press(pilot, "escape", "question_mark", "escape", "1")

        await check(monkeypatch, play)
