"""A long text in a window: its scroll bar is there as long as it is needed, whatever the window was before."""

from __future__ import annotations

from textual.app import App, ComposeResult

from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.widgets.long_text import LongText


class Window(App[None]):
    """A window of 30 columns with nothing else in it."""

    def compose(self) -> ComposeResult:
        yield LongText()


def lines_of(*texts: str) -> Sheet:
    sheet = Sheet()
    for text in texts:
        sheet.line(text)
    return sheet


async def test_the_scroll_bar_goes_when_there_is_room_and_takes_none_from_the_lines() -> None:
    async with Window().run_test(size=(30, 12)) as pilot:
        text = pilot.app.query_one(LongText)
        # Each fills the window; beside a scroll bar it is broken.
        text.show(lines_of(*["x" * 14 + " " + "y" * 15] * 4).lines)
        text.give_room(3)
        await pilot.pause()
        assert (text.show_vertical_scrollbar, text.line_count, text.size.height) == (True, 8, 3)
        text.give_room(6)
        await pilot.pause()
        assert (text.show_vertical_scrollbar, text.line_count, text.size.height) == (False, 4, 4)
        text.show(lines_of(*"abcdefg").lines)
        await pilot.pause()
        assert (text.show_vertical_scrollbar, text.line_count, text.size.height) == (True, 7, 6)
        text.page(1)
        await pilot.pause()
        assert text.scroll_y == 1
