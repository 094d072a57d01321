"""A window over the screen with a text to read, and to take along: why something is as it is, a row as plain text."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer, Vertical
from textual.content import Content
from textual.screen import ModalScreen

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.screens.clipboard import send_to_clipboard
from pettycash_tui.widgets.plain import PlainText, plain

_SURROUNDINGS = 8
"""Lines of a window that are not text: its border, title, what was said, keys, and a margin."""


class TextWindow(ModalScreen[None]):
    """Shows lines until esc or enter; the keys of lists scroll.

    `to_copy`: the text is sent to the clipboard at once, and the window has no sides, so that what is marked with the
    mouse is the text alone; `wide`: likewise, for what is as wide as a page. Without `wrap` long lines go on to the
    right, as in a table.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        *bindings_for("window"),
        *(binding(f"list.{name}") for name in ("down", "up", "page_down", "page_up", "first", "last")),
    ]
    DEFAULT_CSS = """
    TextWindow { align: center middle; }
    TextWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    TextWindow.-wide > Vertical, TextWindow.-to-copy > Vertical {
        width: 100%; padding: 0; border: none; border-top: solid $primary; border-bottom: solid $primary;
    }
    TextWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    TextWindow ScrollableContainer { height: auto; scrollbar-size: 1 1; }
    TextWindow .text { width: 100%; height: auto; }
    TextWindow.-no-wrap .text { width: auto; text-wrap: nowrap; }
    TextWindow .below { height: auto; margin-top: 1; color: $text-muted; }
    TextWindow .told { display: none; }
    TextWindow .told.-shown { display: block; }
    """

    def __init__(
        self, title: str, text: Content | str, *, to_copy: bool = False, wrap: bool = True, wide: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._text = plain(text) if isinstance(text, str) else text
        self._to_copy = to_copy
        self.set_class(to_copy, "-to-copy")
        self.set_class(wide, "-wide")
        self.set_class(not wrap, "-no-wrap")

    @property
    def text(self) -> str:
        """What is shown."""
        return self._text.plain

    @property
    def told(self) -> str:
        """What was said about copying."""
        return self.query_one(".told", PlainText).text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            with ScrollableContainer(can_focus=False):
                text = PlainText(classes="text")
                text.update(self._text)
                yield text
            with Vertical(classes="below"):
                yield PlainText(classes="told")
                yield PlainText(classes="foot")

    def on_mount(self) -> None:
        self._make_room()
        if self._to_copy:
            self.action_copy()
        self.call_after_refresh(self._name_keys)

    def on_resize(self, event: events.Resize) -> None:
        self._make_room()
        self.call_after_refresh(self._name_keys)

    def _make_room(self) -> None:
        self._scroller.styles.max_height = max(1, self.app.size.height - _SURROUNDINGS)

    def keys_named(self) -> list[str]:
        """The keys that the last line tells."""
        keys = [f"{key('list.down')} {key('list.page_down')} show more"] if self._scroller.max_scroll_y else []
        keys += [f"{key('window.left')} {key('window.right')} show long lines"] if self._scroller.max_scroll_x else []
        return [*keys, f"{key('window.copy')} copies{' again' if self._to_copy else ''}", f"{key('app.back')} closes"]

    def _name_keys(self) -> None:
        self.query_one(".foot", PlainText).show(" · ".join(self.keys_named()))

    @property
    def _scroller(self) -> ScrollableContainer:
        return self.query_one(ScrollableContainer)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Send the text to the clipboard."""
        told = self.query_one(".told", PlainText)
        told.show(send_to_clipboard(self.app, self.text))
        told.add_class("-shown")

    def action_row_down(self) -> None:
        """Show the next line."""
        self._scroller.scroll_relative(y=1, animate=False)

    def action_row_up(self) -> None:
        """Show the line before."""
        self._scroller.scroll_relative(y=-1, animate=False)

    def action_rows_down(self) -> None:
        """Show the next page."""
        self._scroller.scroll_relative(y=self._scroller.size.height, animate=False)

    def action_rows_up(self) -> None:
        """Show the page before."""
        self._scroller.scroll_relative(y=-self._scroller.size.height, animate=False)

    def action_row_first(self) -> None:
        """Show the beginning."""
        self._scroller.scroll_home(animate=False)

    def action_row_last(self) -> None:
        """Show the end."""
        self._scroller.scroll_end(animate=False)

    def action_sideways(self, by: int) -> None:
        """Show more of long lines."""
        self._scroller.scroll_relative(x=by, animate=False)

    def action_back(self) -> None:
        """Close the window."""
        self.dismiss(None)
