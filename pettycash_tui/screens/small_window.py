"""What is shown while the window is too small: everything below stays as it is."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from pettycash_tui.widgets.plain import PlainText

COLUMNS, LINES = 80, 24


def is_too_small(size: Size) -> bool:
    """Whether the screens would be drawn badly in a window of this size."""
    return bool(size) and (size.width < COLUMNS or size.height < LINES)


class SmallWindowScreen(Screen[None]):
    """One sentence, until the window is large enough again."""

    closes_the_desk = True
    may_stand_above_the_lock = True

    DEFAULT_CSS = """
    SmallWindowScreen { align: center middle; background: $background; }
    SmallWindowScreen PlainText { width: auto; max-width: 100%; height: auto; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        yield PlainText()

    def on_resize(self, event: events.Resize) -> None:
        """Follow the window."""
        self._follow(event.size)

    def on_screen_resume(self) -> None:
        """Follow a window that changed while something else was on top."""
        self._follow(self.app.size)

    def _follow(self, size: Size) -> None:
        if not self.is_current:
            return
        if not is_too_small(size):
            self.dismiss(None)
            return
        self.query_one(PlainText).show(
            f"Make the window at least {COLUMNS}x{LINES}.\nIt is {size.width}x{size.height}. Nothing is lost."
        )
