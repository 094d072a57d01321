"""Help where one stands, in windows and forms too, all keys to search; a remapped key is shown everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_app import press, running, screen_text, settled, type_text
from textual.widgets import Input

from pettycash_tui.actions import use_keymap
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.plain import PlainText


@pytest.fixture(autouse=True)
def registry_keys() -> Iterator[None]:
    yield
    use_keymap({})


def table_of(screen: object) -> str:
    assert isinstance(screen, HelpScreen)
    return screen.query_one("#help-table", PlainText).text


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith(" ")]


async def test_help_begins_with_this_screen_and_goes_on_with_every_other_one(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "question_mark")
        found = headings(table_of(pilot.app.screen))
        assert found[:3] == ["On this screen", "In lists", "Everywhere"]
        assert {"On Requisitions", "On the fund ledger", "When paying", "In forms", "In windows"} <= set(found)
        assert "On Payments" not in found, "that is this screen"
        await type_text(pilot, "fund ledger jump")
        assert headings(table_of(pilot.app.screen)) == ["On the fund ledger"]


async def test_help_leaves_out_screens_that_one_is_not_offered(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "f1")
        found = headings(table_of(pilot.app.screen))
        assert not {"On Payments", "On Approvals", "When paying"} & set(found)
        assert "On the form of a requisition" in found


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_help_is_readable_and_scrolls_in_every_window(sqlite_desk: Desk, size: tuple[int, int]) -> None:
    async with running(sqlite_desk, "treasury", go="payments", size=size) as pilot:
        await press(pilot, "question_mark")
        keys = pilot.app.screen.query_one("#help-keys")
        for line in table_of(pilot.app.screen).splitlines():
            assert len(line) <= keys.scrollable_content_region.width, "no line is broken by the window"
        assert "On this screen" in screen_text(pilot)
        await press(pilot, "pagedown", "down")
        assert keys.scroll_y > 1
        await press(pilot, "pageup", "up")
        assert keys.scroll_y == 0


async def test_f1_helps_while_one_types_in_a_form_and_what_was_typed_stays(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        typed = pilot.app.focused
        assert isinstance(typed, Input)
        await type_text(pilot, "12")
        await press(pilot, "f1")
        assert "In forms" in headings(table_of(pilot.app.screen))
        await press(pilot, "escape")
        assert pilot.app.focused is typed and typed.value == "12"


@pytest.mark.parametrize("window", ["text", "confirm", "reason", "choice"])
async def test_f1_helps_in_every_window(sqlite_desk: Desk, window: str) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        screens = {
            "text": TextWindow("Why", "Because."),
            "confirm": ConfirmPrompt("Pay?", ["KES 1.00"], "Pay"),
            "reason": ReasonPrompt("Reject?", ["KES 1.00"]),
            "choice": ChoicePrompt("Which?", [("one", 1)]),
        }
        pilot.app.push_screen(screens[window])
        await settled(pilot)
        await press(pilot, "f1")
        assert "esc" in table_of(pilot.app.screen)
        await press(pilot, "f1", "escape")
        assert pilot.app.screen is screens[window]


async def test_a_remapped_key_works_and_is_named_in_footer_help_and_prompts(sqlite_desk: Desk) -> None:
    keymap = {"requisition.new": "N", "app.back": "f10", "list.filter": "ctrl+f"}
    use_keymap(keymap)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        pilot.app.set_keymap(keymap)
        await settled(pilot)
        shown = {hint.label: hint.shown for hint in pilot.app.screen.query_one(KeyFooter).hints}
        assert (shown["New"], shown["Filter"]) == ("N", "^f")
        await press(pilot, "question_mark")
        assert "N" in next(line for line in table_of(pilot.app.screen).splitlines() if "new requisition." in line)
        assert "F10 closes" in screen_text(pilot)
        await press(pilot, "f10", "ctrl+f")
        assert "F10 shows all" in screen_text(pilot)
        await press(pilot, "f10", "n")
        assert type(pilot.app.screen).__name__ == "RequisitionsScreen", "the old key does nothing"
        await press(pilot, "N")
        assert type(pilot.app.screen).__name__ == "RequisitionFormScreen"
