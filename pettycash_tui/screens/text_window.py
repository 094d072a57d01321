"""A window over the screen with a text to read: why something is as it is."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pettycash_tui.actions import binding
from pettycash_tui.widgets.plain import PlainText, plain


class TextWindow(ModalScreen[None]):
    """Shows lines until esc or enter; arrows and j, k scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        Binding("enter,q,space", "back", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]
    DEFAULT_CSS = """
    TextWindow { align: center middle; }
    TextWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 90%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    TextWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    TextWindow VerticalScroll { height: auto; max-height: 17; scrollbar-size-vertical: 1; }
    TextWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, text: Content | str) -> None:
        super().__init__()
        self._title = title
        self._text = plain(text) if isinstance(text, str) else text

    @property
    def text(self) -> str:
        """What is shown."""
        return self._text.plain

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(self._text, markup=False)
            yield PlainText("esc closes", classes="foot")

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_back(self) -> None:
        """Close the window."""
        self.dismiss(None)
