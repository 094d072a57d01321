"""A window with text to read over the screen: why something is so, an entry in full, what came of several acts."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from pettycash_tui.actions import binding
from pettycash_tui.screens.list_and_detail import DetailPane
from pettycash_tui.widgets.plain import PlainText


class TextWindow(ModalScreen[None]):
    """A title and a text that scrolls; esc and enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), Binding("enter", "back", show=False)]
    DEFAULT_CSS = """
    TextWindow { align: center middle; }
    TextWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    TextWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    TextWindow DetailPane { height: auto; max-height: 18; padding: 0; background: $surface; }
    TextWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, content: Content | str) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            yield DetailPane()
            yield PlainText("↑ ↓ scroll · esc closes", classes="foot")

    def on_mount(self) -> None:
        self.query_one(DetailPane).show(self._content)
        self.query_one(DetailPane).focus()

    @property
    def text(self) -> str:
        """What is shown."""
        return self.query_one(DetailPane).text

    def action_back(self) -> None:
        """Close it."""
        self.dismiss(None)
