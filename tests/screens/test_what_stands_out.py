"""What the eye is led to: the field one types in, the line that enter takes; and what only goes along is quieter."""

from __future__ import annotations

import pytest
from desk_app import demo_company, press, running, settled, type_text, until
from slow_desk import SlowDesk
from textual.app import App, ComposeResult
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.services.desk import Desk
from pettycash_tui.theme import COLOUR_BLIND, DARK, LIGHT, themes
from pettycash_tui.widgets.plain import MUTED, Field, PlainText

OWN_COLOURS = (DARK, LIGHT, COLOUR_BLIND)


class Page(App[None]):
    """Two fields, and a text that is muted beside one that is not."""

    def __init__(self, theme: str) -> None:
        super().__init__()
        for each in themes():
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield PlainText("loud", id="loud")
        yield PlainText("quiet", MUTED, id="quiet")
        yield Field("first", "First", Input())
        yield Field("second", "Second", Input())


def contrast_of(pilot: Pilot[None], name: str) -> float:
    """How far the colour of a text is from what it stands on."""
    (segment, *_) = pilot.app.query_one(f"#{name}").render_line(0)
    assert segment.style is not None and segment.style.color is not None and segment.style.bgcolor is not None
    front, ground = (Color.from_rich_color(each) for each in (segment.style.color, segment.style.bgcolor))
    return abs(front.brightness - ground.brightness)


def bold_labels(pilot: Pilot[None]) -> list[str]:
    labels = pilot.app.screen.query(".field-label").results(PlainText)
    return [label.text for label in labels if label.styles.text_style.bold]


@pytest.mark.parametrize("theme", OWN_COLOURS)
async def test_muted_text_is_quieter_than_the_text_beside_it(theme: str) -> None:
    async with Page(theme).run_test() as pilot:
        await pilot.pause()
        assert contrast_of(pilot, "quiet") < contrast_of(pilot, "loud") * 0.8


async def test_the_label_of_the_field_one_is_in_stands_out_and_no_other() -> None:
    async with Page(DARK).run_test() as pilot:
        await pilot.pause()
        assert bold_labels(pilot) == ["First"]
        await pilot.press("tab")
        await pilot.pause()
        assert bold_labels(pilot) == ["Second"]


async def test_the_line_that_enter_takes_is_as_plain_as_the_row_under_a_cursor() -> None:
    app = Page(DARK)
    async with app.run_test() as pilot:
        app.push_screen(ChoicePrompt("Which?", [("this", 1), ("that", 2)]))
        await pilot.pause()
        lines = app.screen.query_one(OptionList)
        assert lines.get_component_styles("option-list--option-highlighted").background == Color.parse(
            app.theme_variables["block-cursor-background"]
        )


async def test_what_was_said_of_an_empty_field_is_not_said_of_what_was_typed_since(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_company(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        form = pilot.app.screen
        assert isinstance(form, RequisitionFormScreen)
        purpose = form.fields.field("purpose")
        await type_text(pilot, "500")
        await press(pilot, "tab", "tab")
        await type_text(pilot, "T")
        await press(pilot, "backspace")
        await until(pilot, lambda: "purpose" in form._live._found.problems)
        with slow.slow():
            for key in "Tea":
                await pilot.press(key)
            while (form._live._asked_of or {}).get("purpose") != "Tea":
                await pilot.pause(0.01)
            await pilot.press("tab")
            await pilot.pause()
            assert purpose.error == ""
        await settled(pilot)
        assert purpose.error == ""
