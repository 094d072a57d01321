"""The palette: actions, screens, themes and objects; what is chosen is what was marked, however fast one types."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import story
from desk_app import demo_company, press, running, screen_text, settled, type_text, until
from textual.pilot import Pilot
from textual.widgets import OptionList

from pettycash_tui.actions import use_keymap
from pettycash_tui.screens.approvals import ApprovalsScreen
from pettycash_tui.screens.palette import Palette, open_palette
from pettycash_tui.screens.palette_objects import Target, target_of
from pettycash_tui.screens.requisitions import RequisitionsScreen
from pettycash_tui.services import finding
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable
from pettycash_tui.services.finding import Found, FoundKind


@dataclass
class Shown:
    """What the screens were asked to show, and which theme was worn."""

    numbers: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    found = Shown()
    monkeypatch.setattr(
        RequisitionsScreen, "show_object", lambda self, number: found.numbers.append(number), raising=False
    )
    yield found
    use_keymap({})


async def opened(pilot: Pilot[Any], shown: Shown) -> Palette:
    app: Any = pilot.app
    open_palette(app, app.context, wear=shown.themes.append)
    await settled(pilot)
    assert isinstance(app.screen, Palette)
    return app.screen


async def searched(pilot: Pilot[Any], palette: Palette, words: str) -> list[str]:
    await type_text(pilot, words)
    await until(pilot, lambda: not palette._is_waiting)
    return palette.lines


def on_top(pilot: Pilot[Any]) -> str:
    return type(pilot.app.screen).__name__


async def test_without_words_it_offers_what_can_be_done_here_then_screens_then_themes(
    sqlite_desk: Desk, shown: Shown
) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        palette = await opened(pilot, shown)
        kinds = [line.partition(":")[0] for line in palette.lines]
        assert kinds == sorted(kinds, key=["action", "screen", "theme"].index)
        assert any("New · Enter a new requisition." in line for line in palette.lines)
        assert not any("Approvals" in line or "Next row" in line for line in palette.lines), "not theirs, or no use"
        assert [line for line in palette.lines if line.startswith("theme")] == [
            "theme: dark",
            "theme: light",
            "theme: ansi",
            "theme: colour-blind",
        ]
        text = screen_text(pilot)
        assert "esc leaves" in text and all(len(line) <= 80 for line in text.splitlines())
        await press(pilot, "escape")
        assert on_top(pilot) == "RequisitionsScreen"


async def test_an_action_is_done_on_the_screen_below(sqlite_desk: Desk, shown: Shown) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await opened(pilot, shown)
        await type_text(pilot, "enter a new")
        await until(pilot, lambda: not pilot.app.screen._is_waiting)  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert on_top(pilot) == "RequisitionFormScreen"


async def test_a_screen_is_gone_to_and_a_theme_worn(sqlite_desk: Desk, shown: Shown) -> None:
    async with running(sqlite_desk, "branch_manager", go="requisitions") as pilot:
        await opened(pilot, shown)
        await type_text(pilot, "approvals")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ApprovalsScreen)
        await opened(pilot, shown)
        await type_text(pilot, "colour")
        await press(pilot, "enter")
        assert shown.themes == ["colour-blind"]


async def test_a_requisition_is_found_by_number_payee_and_amount_and_shown(desk: Desk, shown: Shown) -> None:
    people = demo_company(desk)
    number = story.request(desk, people["staff"], "4500", payee="[b]Zawadi[/b] Traders")
    async with running(desk, "staff", go="requisitions") as pilot:
        for words in (number.lower(), str(int(number[4:])), "zawadi", "4,500", "4.5k"):
            palette = await opened(pilot, shown)
            lines = await searched(pilot, palette, words)
            assert f"requisition: {number}  [b]Zawadi[/b] Traders" in lines[0], (words, lines)
            assert "[b]Zawadi[/b]" in screen_text(pilot) and "4,500.00" in screen_text(pilot)
            await press(pilot, "enter")
            assert on_top(pilot) == "RequisitionsScreen"
        assert shown.numbers == [number] * 5


async def test_nothing_is_found_that_one_may_not_see(desk: Desk, shown: Shown) -> None:
    people = demo_company(desk)
    number = story.request(desk, people["branch_manager"], "7777", payee="Hidden Supplies")
    async with running(desk, "staff", go="requisitions") as pilot:
        palette = await opened(pilot, shown)
        for words in (number, "hidden", "7777"):
            palette.query_one("SafeInput").value = ""  # type: ignore[attr-defined]
            assert await searched(pilot, palette, words) == []
            assert "Nothing found." in screen_text(pilot)
        await press(pilot, "enter")
        assert on_top(pilot) == "Palette"


async def test_enter_waits_for_the_database_when_nothing_else_answers(
    sqlite_desk: Desk, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    number = story.request(sqlite_desk, people["staff"], "4500")
    go_on, real = threading.Event(), finding.find

    def slow(*args: Any) -> Any:
        go_on.wait(5)
        return real(*args)

    monkeypatch.setattr(finding, "find", slow)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        palette = await opened(pilot, shown)
        for character in number.replace("-", "\x00"):
            await pilot.press("minus" if character == "\x00" else character)
        await pilot.press("enter")
        await pilot.pause()
        assert on_top(pilot) == "Palette" and "searching…" in screen_text(pilot)
        go_on.set()
        await until(pilot, lambda: pilot.app.screen is not palette)
        assert shown.numbers == [number]


async def test_a_database_that_is_away_is_told_and_actions_still_work(
    sqlite_desk: Desk, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise DatabaseUnavailable("The database cannot be reached [b]now[/b].")

    monkeypatch.setattr(finding, "find", away)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        palette = await opened(pilot, shown)
        await searched(pilot, palette, "req-12")
        assert "✖ The database cannot be reached [b]now[/b]." in screen_text(pilot)


async def test_the_mark_stays_on_its_line_when_objects_come(sqlite_desk: Desk, shown: Shown) -> None:
    people = demo_company(sqlite_desk)
    story.request(sqlite_desk, people["staff"], "4500", payee="New Hope")
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        palette = await opened(pilot, shown)
        await type_text(pilot, "new")
        await pilot.press("down")
        marked = palette._marked()
        await until(pilot, lambda: not palette._is_waiting)
        assert any("New Hope" in line for line in palette.lines)
        assert palette._marked() == marked
        options = palette.query_one(OptionList)
        await pilot.press("pagedown", "down")
        assert options.highlighted == options.option_count - 1
        await pilot.press("pageup", "up")
        assert options.highlighted == max(0, options.option_count - 12)


@pytest.mark.parametrize(
    ("found", "places", "target"),
    [
        (Found(FoundKind.REQUISITION, "REQ-1", ""), ["requisitions"], Target("requisitions", "REQ-1")),
        (
            Found(FoundKind.PAYMENT, "PAY-1", "", requisition="REQ-1", payment="PAY-1"),
            ["requisitions", "payments"],
            Target("payments", "PAY-1"),
        ),
        (
            Found(FoundKind.VOUCHER, "PCV-1", "", requisition="REQ-1", payment="PAY-1"),
            ["requisitions"],
            Target("requisitions", "REQ-1"),
        ),
        (Found(FoundKind.FUND, "NBI", ""), ["requisitions", "ledger"], Target("ledger", "NBI")),
        (Found(FoundKind.FUND, "NBI", ""), ["requisitions"], None),
        (Found(FoundKind.PERSON, "jane", ""), ["requisitions"], None),
        (Found(FoundKind.REPLENISHMENT, "RPL-1", ""), ["requisitions"], None),
        (Found(FoundKind.REPLENISHMENT, "RPL-1", ""), ["ledger"], Target("replenishment", "RPL-1")),
    ],
)
def test_an_object_is_shown_where_the_person_may_go(found: Found, places: list[str], target: Target | None) -> None:
    assert target_of(found, places) == target


def test_what_was_found_is_at_most_a_few_of_a_kind_and_each_once(desk: Desk) -> None:
    people = demo_company(desk)
    numbers = [story.request(desk, people["staff"], "1200", payee="Jua Kali") for _ in range(10)]
    found = desk.read(people["staff"], finding.find, "jua kali")
    assert [one.number for one in found] == list(reversed(numbers))[: finding.MOST]
    assert desk.read(people["staff"], finding.find, numbers[0].replace("-", " "))[0].number == numbers[0]
    for words in ("", "   ", "\x00", "%", "_", "j" * 5000, "' or 1=1", "9" * 60, "REQ-" + "9" * 30, "٤٥٠٠"):
        assert desk.read(people["staff"], finding.find, words) == (), words


def test_an_administrator_finds_people_and_funds_others_do_not(desk: Desk) -> None:
    people = demo_company(desk)
    username = people["staff"].username
    kinds = {one.kind for one in desk.read(people["admin"], finding.find, username)}
    assert FoundKind.PERSON in kinds
    assert FoundKind.PERSON not in {one.kind for one in desk.read(people["staff"], finding.find, username)}
    assert FoundKind.FUND not in {one.kind for one in desk.read(people["staff"], finding.find, "NBI")}
    assert FoundKind.FUND in {one.kind for one in desk.read(people["cfo"], finding.find, "NBI")}


def test_a_voucher_is_found_by_its_number(desk: Desk) -> None:
    people = demo_company(desk)
    payment = story.approved(desk, people["staff"], "900")
    voucher = story.pay(desk, payment).voucher_number
    assert voucher
    (first, *_) = desk.read(people["cfo"], finding.find, voucher.lower())
    assert (first.kind, first.number, first.payment) == (FoundKind.VOUCHER, voucher, payment)


@pytest.mark.parametrize("place", ["requisitions", "requisition_form"])
async def test_the_key_opens_it_from_a_list_and_from_a_form_and_nothing_typed_is_lost(
    sqlite_desk: Desk, place: str
) -> None:
    async with running(sqlite_desk, "staff", go=place) as pilot:
        below = pilot.app.screen
        await press(pilot, "ctrl+p")
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        await type_text(pilot, "help")
        assert palette.lines[0].startswith("action: Help")
        await press(pilot, "enter")
        assert on_top(pilot) == "HelpScreen"
        await press(pilot, "escape")
        assert pilot.app.screen is below


async def test_without_colour_the_marked_line_is_underlined_and_no_theme_is_offered(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "ctrl+p")
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        assert not any(line.startswith("theme") for line in palette.lines)
        assert len(palette.lines) > 3
        options = palette.query_one(OptionList)
        underlined = [
            any(segment.style is not None and segment.style.underline for segment in options.render_line(y))
            for y in range(3)
        ]
        assert underlined == [True, False, False]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_line_takes_one_row_and_is_reached_by_scrolling(sqlite_desk: Desk, size: tuple[int, int]) -> None:
    async with running(sqlite_desk, "treasury", go="payments", size=size) as pilot:
        await press(pilot, "ctrl+p")
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        options = palette.query_one(OptionList)
        assert options.virtual_size.height == len(palette.lines)
        for _ in range(len(palette.lines) // 10 + 1):
            await pilot.press("pagedown")
        await settled(pilot)
        assert "colour-blind" in screen_text(pilot)
