"""Text of any number of lines in a window, of which only those in view are drawn: a long list holds no key up."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from pettycash_tui.widgets.hanging import pieces

Lines = Sequence[tuple[Content, int]]
"""Lines, each with the number of characters before its text, under which it goes on where it is too long."""


class LongText(ScrollView, can_focus=False, inherit_bindings=False):
    """Lines made with `Sheet`; its height is that of its text, up to the room that it is given."""

    DEFAULT_CSS = """
    LongText { height: auto; scrollbar-size-vertical: 1; background: transparent; overflow: hidden; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Lines = ()
        self._shown: list[Content] = []
        self._room = 0

    @property
    def text(self) -> str:
        """What is shown."""
        return "\n".join(line.plain for line, _ in self._lines)

    @property
    def line_count(self) -> int:
        """How many lines it takes, broken for its width."""
        return len(self._shown)

    def show(self, lines: Lines) -> None:
        """Show something else; the place to which it was scrolled stays."""
        self._lines = tuple(lines)
        self._break()
        self.refresh(layout=True)

    def give_room(self, lines: int) -> None:
        """Be at most so many lines high."""
        self._room = lines
        self.styles.max_height = lines
        self._break()

    def show_line(self, place: int) -> None:
        """Bring a line of what was given into view."""
        lines, top = self.size.height, round(self.scroll_y)
        if lines and not top <= place < top + lines - 1:
            self.scroll_to(y=max(0, place - 1), animate=False)

    def page(self, by: int) -> None:
        """Scroll by so many pages."""
        self.scroll_relative(y=by * self.size.height, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Break the lines for the width that there is."""
        self._break()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._shown))

    def render_line(self, y: int) -> Strip:
        """One line of the text."""
        width, place = self.size.width, round(self.scroll_y) + y
        if place >= len(self._shown):
            return Strip.blank(width, self.rich_style)
        return Visual.to_strips(self, self._shown[place], width, 1, self.visual_style)[0]

    def _break(self) -> None:
        width = self.content_region.width
        self._shown = self._broken(width)
        # Textual would keep a scroll bar that was needed for a moment only, while a window was laid out anew.
        scrolls = 0 < self._room < len(self._shown)
        self.styles.overflow_y = "scroll" if scrolls else "hidden"
        if scrolls and width > 0:
            width -= self.styles.scrollbar_size_vertical
            self._shown = self._broken(width)
        self.virtual_size = Size(width, len(self._shown))

    def _broken(self, width: int) -> list[Content]:
        if width <= 0:
            return [line for line, _ in self._lines]
        return [piece for line, before in self._lines for piece in pieces(line, before, width)]
