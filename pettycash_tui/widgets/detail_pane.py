"""Text to read beside a list or in a window, scrolled with the keys of lists."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from pettycash_tui.actions import binding
from pettycash_tui.widgets.plain import PlainText


class DetailPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """A text that scrolls. What is shown is content made with `plain`, or a string, which is data."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding(f"list.{name}") for name in ("down", "up", "page_down", "page_up", "first", "last", "right", "left")
    ]
    DEFAULT_CSS = """
    DetailPane { padding: 0 1; scrollbar-size-vertical: 1; background: $background; }
    DetailPane PlainText { height: auto; }
    """

    def compose(self) -> ComposeResult:
        yield PlainText(id="detail-text")

    @property
    def text(self) -> str:
        """What is shown."""
        return self.query_one("#detail-text", PlainText).text

    def shows(self, content: Content) -> bool:
        """Whether exactly this is shown."""
        shown = self.query_one("#detail-text", PlainText).content
        return isinstance(shown, Content) and content.is_same(shown)

    def show(self, content: Content | str, *, keep_place: bool = False) -> None:
        """Show something else, from its beginning unless it is the same row read again."""
        self.query_one("#detail-text", PlainText).update(content)
        if not keep_place:
            self.scroll_home(animate=False)

    def action_row_down(self) -> None:
        """Scroll down by one line."""
        self.scroll_down(animate=False)

    def action_row_up(self) -> None:
        """Scroll up by one line."""
        self.scroll_up(animate=False)

    def action_rows_down(self) -> None:
        """Scroll down by one page."""
        self.scroll_page_down(animate=False)

    def action_rows_up(self) -> None:
        """Scroll up by one page."""
        self.scroll_page_up(animate=False)

    def action_row_first(self) -> None:
        """Go to the beginning."""
        self.scroll_home(animate=False)

    def action_row_last(self) -> None:
        """Go to the end."""
        self.scroll_end(animate=False)
