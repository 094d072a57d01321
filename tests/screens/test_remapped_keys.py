"""Keys of prompts and windows given to others by config: they work, the old ones do not, and every text names them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import building
import pytest
from desk_app import context_of, press, running, screen_text, settled, until
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from pettycash_tui.actions import use_keymap
from pettycash_tui.screens.approving_together import ApprovingWindow, Run
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.export_prompt import ExportPrompt
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.screens.palette import Palette
from pettycash_tui.screens.period import Period
from pettycash_tui.screens.period_prompt import PeriodPrompt
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.completion import CompletingInput
from pettycash_tui.widgets.footer import MOST_KEYS, KeyFooter
from pettycash_tui.widgets.plain import PlainText

NOTHING = object()


class Asking(App[None]):
    """An app with one prompt over it, which keeps the answer."""

    def __init__(self, prompt: Screen[Any]) -> None:
        super().__init__()
        self.prompt = prompt
        self.answer: object = NOTHING

    def on_mount(self) -> None:
        self.push_screen(self.prompt, self.take)

    def take(self, answer: object) -> None:
        self.answer = answer

    def action_help(self) -> None:
        self.push_screen(HelpScreen.about(self.screen))


@asynccontextmanager
async def asked(prompt: Screen[Any], keymap: dict[str, str]) -> AsyncIterator[Pilot[None]]:
    app = Asking(prompt)
    app.set_keymap(keymap)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield pilot


def answer_of(pilot: Pilot[None]) -> object:
    assert isinstance(pilot.app, Asking)
    return pilot.app.answer


def table_of(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app.screen, HelpScreen)
    return pilot.app.screen.query_one("#help-table", PlainText).text


async def test_another_key_for_yes_is_named_on_the_button_and_in_the_help_and_answers() -> None:
    keymap = {"prompt.yes": "o"}
    use_keymap(keymap)
    async with asked(ConfirmPrompt("Pay?", ["KES 1.00"], "Pay"), keymap) as pilot:
        assert "Pay (o)" in screen_text(pilot) and "(y)" not in screen_text(pilot)
        await pilot.press("f1")
        help_line = next(line for line in table_of(pilot).splitlines() if "Say yes" in line)
        assert help_line.split()[0] == "o"
        await pilot.press("escape", "y")
        assert answer_of(pilot) is NOTHING, "the old key does nothing"
        await pilot.press("o")
        assert answer_of(pilot) is True


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["y"], True), (["n"], False), (["escape"], False), (["enter"], False), (["right", "enter"], True),
        (["down", "up", "enter"], False), (["tab", "enter"], True), (["right", "left", "enter"], False),
    ],
)  # fmt: skip
async def test_yes_and_no_have_the_keys_they_always_had(keys: list[str], answer: bool) -> None:
    async with asked(ConfirmPrompt("Pay?", ["KES 1.00"], "Pay"), {}) as pilot:
        await pilot.press(*keys)
        assert answer_of(pilot) is answer


async def test_another_key_that_takes_a_line_is_named_by_the_prompt_and_takes_it() -> None:
    keymap = {"form.enter": "f9"}
    use_keymap(keymap)
    async with asked(ReasonPrompt("Reject?", ["KES 1.00"], confirm_label="Reject"), keymap) as pilot:
        assert "Reject (F9)" in screen_text(pilot)
        await pilot.press("n", "o", "enter")
        assert answer_of(pilot) is NOTHING
        await pilot.press("f9")
        assert answer_of(pilot) == "no"
    async with asked(PeriodPrompt(Period()), keymap) as pilot:
        assert "F9 shows it" in screen_text(pilot)
        await pilot.press("f9")
        assert answer_of(pilot) == Period()


async def test_another_key_moves_in_a_choice_that_is_typed_into() -> None:
    keymap = {"choice.down": "ctrl+n", "form.enter": "f9"}
    use_keymap(keymap)
    async with asked(ChoicePrompt("Which?", [("one", 1), ("two", 2)]), keymap) as pilot:
        assert "F9 chooses" in screen_text(pilot)
        await pilot.press("down", "ctrl+n", "f9")
        assert answer_of(pilot) == 2


async def test_a_window_is_closed_and_moved_with_other_keys() -> None:
    keymap = {"window.close": "c", "window.right": "f", "window.copy": "q"}
    use_keymap(keymap)
    async with asked(TextWindow("Row", "start " + "x" * 200, wrap=False), keymap) as pilot:
        assert "← f show long lines · q copies · esc closes" in screen_text(pilot)
        await pilot.press("f", "f")
        assert "start" not in screen_text(pilot)
        await pilot.press("q", "enter", "space")
        assert answer_of(pilot) is NOTHING
        await pilot.press("c")
        assert answer_of(pilot) is None


async def test_other_keys_choose_among_what_was_typed_before() -> None:
    keymap = {"choice.down": "ctrl+n", "form.enter": "f9", "app.back": "f10"}
    use_keymap(keymap)
    line = CompletingInput()
    line.offer(["Amina", "Brian"])

    class Form(App[None]):
        def compose(self) -> ComposeResult:
            yield line

    app = Form()
    app.set_keymap(keymap)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down")
        assert not line.is_open, "the old key does nothing"
        await pilot.press("ctrl+n", "ctrl+n", "enter")
        assert line.is_open
        await pilot.press("f9")
        assert line.value == "Brian" and not line.is_open
        line.value = ""
        await pilot.press("ctrl+n", "escape")
        assert line.is_open
        await pilot.press("f10")
        assert not line.is_open


async def test_an_export_names_and_takes_other_keys(sqlite_desk: Desk) -> None:
    keymap = {"export.go_on": "x", "export.down": "d", "export.right": "f"}
    use_keymap(keymap)
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        pilot.app.set_keymap(keymap)
        await press(pilot, "E")
        prompt = pilot.app.screen
        assert isinstance(prompt, ExportPrompt)
        assert "x exports · ↑ d ← f choose · esc leaves" in screen_text(pilot)
        await press(pilot, "d", "f", "enter")
        assert "(•) XLSX" in prompt.text
        await press(pilot, "x")
        await until(pilot, lambda: "rows," in prompt.text or "row," in prompt.text)


async def test_the_help_scrolls_with_other_keys() -> None:
    keymap = {"choice.page_down": "f9"}
    use_keymap(keymap)
    async with asked(TextWindow("Row", "text"), keymap) as pilot:
        await pilot.press("f1")
        assert "↑ ↓ pgup F9 scroll" in screen_text(pilot)
        await pilot.press("f9")
        assert pilot.app.screen.query_one("#help-keys").scroll_y > 1


async def test_a_locked_desk_names_and_takes_another_key_to_sign_out(sqlite_desk: Desk) -> None:
    keymap = {"lock.sign_out": "f12"}
    use_keymap(keymap)
    async with running(sqlite_desk, "staff") as pilot:
        pilot.app.set_keymap(keymap)
        pilot.app.push_screen(LockScreen(context_of(sqlite_desk, "staff"), idle_minutes=15))
        await settled(pilot)
        assert "enter unlocks · F12 signs out; drafts are kept" in screen_text(pilot)
        await press(pilot, "ctrl+o", "f4")
        assert isinstance(pilot.app.screen, LockScreen)
        await press(pilot, "f12")
        assert isinstance(pilot.app.screen, SignInScreen)


async def test_help_on_a_locked_desk_shows_nothing_of_what_is_below_and_leads_back_to_the_lock(
    sqlite_desk: Desk,
) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        pilot.app.push_screen(LockScreen(context_of(sqlite_desk, "staff"), idle_minutes=15))
        await settled(pilot)
        await press(pilot, "f1")
        assert "Sign out instead of unlocking" in table_of(pilot)
        assert "REQ-" not in screen_text(pilot)
        await press(pilot, "1", "f2", "ctrl+p")
        assert isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, LockScreen)
        await press(pilot, "escape", "ctrl+p")
        assert isinstance(pilot.app.screen, LockScreen)


async def test_f1_helps_in_the_palette_and_while_several_are_approved(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "ctrl+p", "f1")
        assert "Go to the next line of what one can choose." in table_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, Palette)
        await press(pilot, "escape")
        window = ApprovingWindow(Run(rows=()), context_of(sqlite_desk, "staff"))
        window.show_progress = lambda: None  # type: ignore[method-assign]
        pilot.app.push_screen(window)
        await settled(pilot)
        await press(pilot, "f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "escape")
        assert pilot.app.screen is window


async def test_another_key_empties_the_sign_in_and_is_named_in_its_help(sqlite_desk: Desk) -> None:
    keymap = {"app.back": "f10", "form.enter": "f9"}
    use_keymap(keymap)
    async with running(sqlite_desk, None) as pilot:
        pilot.app.set_keymap(keymap)
        await settled(pilot)
        assert "Sign in (F9)" in screen_text(pilot)
        await press(pilot, "f1")
        assert "F9 signs in" in pilot.app.screen.query_one("#help-text", PlainText).text
        assert "F10 empties the fields" in pilot.app.screen.query_one("#help-text", PlainText).text
        await press(pilot, "f10", "s", "escape")
        name = pilot.app.screen.query(Input).first()
        assert name.value == "s", "the old key does nothing"
        await press(pilot, "f10")
        assert name.value == ""


@pytest.mark.parametrize("username", building.PEOPLE)
async def test_no_footer_has_more_than_six_keys_at_80_columns(sqlite_desk: Desk, username: str) -> None:
    async with running(sqlite_desk, username) as pilot:
        for place in (*pilot.app.places, "requisition_form"):  # type: ignore[attr-defined]
            await pilot.app.action_go(place)  # type: ignore[attr-defined]
            await settled(pilot)
            assert pilot.app.screen.place == place  # type: ignore[attr-defined]
            footer = pilot.app.screen.query_one(KeyFooter)
            assert 2 <= len(footer.hints) <= MOST_KEYS == 6, (place, footer.hints)
            assert footer.hints[-1].label == "Help"
            shown = screen_text(pilot).splitlines()[-1].split()
            assert all(hint.shown in shown for hint in footer.hints), (place, shown)
