"""A pane of a desk: a heading and a few entries of one or more lines each, with a cursor that belongs to an entry.

For what is read at once and fits in memory. What an entry looks like at a width is said by the screen, as lines of
spans; they are drawn as data. Only the lines of the old and the new cursor are sent to the terminal when it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pettycash_tui.actions import binding
from pettycash_tui.theme import ROLES
from pettycash_tui.widgets.cells import fit

GUTTER = 2
"""Cells before each line: the sign of the cursor."""

_CURSOR_SIGN = "▸"
_RULE, _FOCUSED_RULE = "─", "━"


class Span(NamedTuple):
    """A piece of a line. `role` is one of `theme.ROLES` or empty."""

    text: str
    role: str = ""


Line = Sequence[Span]
Draw = Callable[[Any, int], Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a pane: `key` names it and stays the same when it changes, `value` is the service's own row.

    What is `still` is only read: the cursor passes over it.
    """

    key: Hashable
    value: Any
    still: bool = False


class PaneList(ScrollView, can_focus=True, inherit_bindings=False):
    """A heading over entries. At either end of them the cursor asks the screen to go on in the next pane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding(f"list.{name}")
        for name in (
            "down",
            "up",
            "page_down",
            "page_up",
            "first",
            "last",
            "right",
            "left",
            "open",
            "copy",
            "copy_page",
            "export",
        )
    ]
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pane--heading",
        "pane--title",
        "pane--line",
        "pane--cursor",
        *(f"pane--{r}" for r in ROLES),
    }
    DEFAULT_CSS = """
    PaneList {
        height: auto;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .pane--heading { color: $primary; }
        & > .pane--title { color: $primary; text-style: bold; }
        & > .pane--line { color: $foreground; }
        & > .pane--good { color: $success; }
        & > .pane--warn { color: $warning; }
        & > .pane--bad { color: $error; }
        & > .pane--info { color: $accent; }
        & > .pane--muted { color: $text-muted; }
        & > .pane--strong { text-style: bold; }
        & > .pane--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: bold;
        }
        &:ansi > .pane--muted { color: ansi_default; text-style: dim; }
        &:nocolor > .pane--cursor { text-style: bold reverse; }
    }
    """

    class FromPane(Message, namespace="pane_list"):
        """A message of a pane; `control` lets `@on(…, "#id")` name it."""

        def __init__(self, pane: PaneList) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> PaneList:
            """The pane."""
            return self.pane

    class Opened(FromPane, namespace="pane_list"):
        """Enter was pressed on an entry, or it was clicked twice."""

        def __init__(self, pane: PaneList, entry: Entry) -> None:
            super().__init__(pane)
            self.entry = entry

    class Moved(FromPane, namespace="pane_list"):
        """The cursor is on another entry, or on none."""

    class Left(FromPane, namespace="pane_list"):
        """The cursor was moved beyond the last entry (`step` 1) or the first (-1)."""

        def __init__(self, pane: PaneList, step: int) -> None:
            super().__init__(pane)
            self.step = step

    def __init__(
        self, title: str, draw: Draw, *, columns: Callable[[int], str] | None = None, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._title = title
        self._draw = draw
        self._columns = columns
        self._entries: tuple[Entry, ...] = ()
        self._lines: list[tuple[int, Line]] = []
        self._cursor: int | None = None
        self._width = 0

    # -- what it holds -------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """What stands over it."""
        return self._title

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is shown."""
        return self._entries

    @property
    def cursor_entry(self) -> Entry | None:
        """The entry under the cursor; None where there is none to be on."""
        return self._entries[self._cursor] if self._cursor is not None else None

    @property
    def wanted_height(self) -> int:
        """The lines that would show everything, the heading included."""
        return 1 + len(self._lines)

    def lines_at(self, width: int) -> int:
        """The lines that everything takes at another width, the heading included."""
        return 1 + sum(len(self._draw(entry.value, max(1, width - GUTTER))) for entry in self._entries)

    def show(self, entries: Sequence[Entry], *, title: str | None = None) -> None:
        """Show these instead. The cursor stays on its entry, or where it was when that is gone."""
        before = self.cursor_entry
        self._entries = tuple(entries)
        self._title = self._title if title is None else title
        self._cursor = self._find(before)
        self._lay_out()
        self.refresh()
        if before != self.cursor_entry:
            self.post_message(self.Moved(self))

    def go_to(self, key: Hashable) -> bool:
        """Put the cursor on the entry of this key; False when it is not there."""
        place = next((place for place, entry in enumerate(self._entries) if entry.key == key), None)
        if place is None or self._entries[place].still:
            return False
        self._move_to(place)
        return True

    def entry_text(self, entry: Entry) -> str:
        """An entry as plain text."""
        lines = self._draw(entry.value, max(1, self._width - GUTTER))
        return "\n".join("".join(span.text for span in line).rstrip() for line in lines)

    def _find(self, before: Entry | None) -> int | None:
        places = [place for place, entry in enumerate(self._entries) if not entry.still]
        if not places:
            return None
        same = next((p for p in places if before is not None and self._entries[p].key == before.key), None)
        return same if same is not None else min(places, key=lambda place: abs(place - (self._cursor or 0)))

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_row_down(self) -> None:
        """Go to the next entry, or on to the next pane."""
        self._step(1)

    def action_row_up(self) -> None:
        """Go to the entry before, or back to the pane before."""
        self._step(-1)

    def action_rows_down(self) -> None:
        """Go down by one page."""
        self._page(1)

    def action_rows_up(self) -> None:
        """Go up by one page."""
        self._page(-1)

    def action_row_first(self) -> None:
        """Go to the first entry."""
        self._end(0)

    def action_row_last(self) -> None:
        """Go to the last entry."""
        self._end(len(self._entries) - 1)

    def action_row_select(self) -> None:
        """Open the entry under the cursor."""
        entry = self.cursor_entry
        if entry is not None:
            self.post_message(self.Opened(self, entry))

    def enter_from(self, step: int) -> None:
        """Take the focus, the cursor on the first entry (`step` 1) or the last (-1)."""
        self._end(0 if step > 0 else len(self._entries) - 1)
        self.screen.set_focus(self)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the entry under the mouse; open it at the second click."""
        line = self.scroll_offset.y + event.get_content_offset_capture(self).y - 1
        if 0 <= line < len(self._lines):
            place = self._lines[line][0]
            if not self._entries[place].still:
                self._move_to(place)
                if event.chain == 2:
                    self.action_row_select()

    def _step(self, step: int) -> None:
        place = -1 if self._cursor is None else self._cursor + step
        while 0 <= place < len(self._entries) and self._entries[place].still:
            place += step
        if 0 <= place < len(self._entries) and self._cursor is not None:
            self._move_to(place)
        elif step > 0 and self._hidden_below:
            self.scroll_end(animate=False)
        else:
            self.post_message(self.Left(self, step))

    @property
    def _hidden_below(self) -> bool:
        return self.scroll_offset.y < self.max_scroll_y

    def _page(self, step: int) -> None:
        if self._cursor is None:
            return
        place, far = self._cursor, max(1, self.size.height - 1)
        top = self._top_of(place)
        while 0 <= place + step < len(self._entries) and abs(self._top_of(place + step) - top) <= far:
            place += step
        self._end(place, -step)

    def _end(self, place: int, step: int | None = None) -> None:
        step = (1 if place == 0 else -1) if step is None else step
        while 0 <= place < len(self._entries) and self._entries[place].still:
            place += step
        if 0 <= place < len(self._entries):
            self._move_to(place)

    def _move_to(self, place: int) -> None:
        if place != self._cursor:
            for changed in (self._cursor, place):
                if changed is not None:
                    self._refresh_entry(changed)
            self._cursor = place
            self.post_message(self.Moved(self))
        self._show_cursor()

    def _show_cursor(self) -> None:
        if self._cursor is None:
            return
        first, height = self._top_of(self._cursor), sum(1 for place, _ in self._lines if place == self._cursor)
        room, top = self.size.height - 1, self.scroll_offset.y
        # What cannot be entered before the first entry is seen again with it.
        first_free = next((place for place, entry in enumerate(self._entries) if not entry.still), 0)
        target = top
        if self._cursor == first_free:
            target = 0
        elif first < top:
            target = first
        elif first + height > top + room:
            target = first + height - room
        if target != top:
            self.scroll_to(y=target, animate=False)

    # -- drawing -------------------------------------------------------------------------------------------------------

    # Instead of Textual's own, which draw the whole widget anew: over a slow line that is felt at each change of pane.
    # No style of a pane follows the focus, so none is looked up again either.

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Leave the styles as they are."""

    def _on_focus(self, event: events.Focus) -> None:
        event.prevent_default()
        self._take_focus(events.DescendantFocus(self), has_focus=True)

    def _on_blur(self, event: events.Blur) -> None:
        event.prevent_default()
        self._take_focus(events.DescendantBlur(self), has_focus=False)

    def _take_focus(self, told: events.Event, *, has_focus: bool) -> None:
        self.has_focus = has_focus
        self.refresh(Region(0, 0, min(self._title_width, self.size.width), 1))
        if self._cursor is not None:
            self._refresh_entry(self._cursor)
        if self.parent is not None:
            self.parent.post_message(told)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new width."""
        self._lay_out()
        self._show_cursor()

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the heading, or a line of an entry."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._heading(width)
        index = self.scroll_offset.y + y - 1
        if index >= len(self._lines):
            return Strip.blank(width, self._style("line"))
        place, line = self._lines[index]
        is_cursor = self.has_focus and place == self._cursor
        base = self._style("cursor" if is_cursor else "line")
        is_first = index == 0 or self._lines[index - 1][0] != place
        sign = _CURSOR_SIGN if is_cursor and is_first else ""
        segments = [Segment(f"{sign:<{GUTTER}}", base)]
        for span in line:
            style = base if is_cursor or span.role not in ROLES else self._style(span.role)
            segments.append(Segment(fit(span.text, cell_len(span.text)), style))
        return Strip(segments).adjust_cell_length(width, Style(bgcolor=base.bgcolor, reverse=base.reverse))

    def _heading(self, width: int) -> Strip:
        rule, style = (_FOCUSED_RULE, "title") if self.has_focus else (_RULE, "heading")
        title = fit(f"{rule * 2} {self._title} {rule * 2}", min(width, self._title_width))
        rest = _RULE * (width - cell_len(title))
        if self._columns is not None:
            over = " " * GUTTER + self._columns(max(1, width - GUTTER))
            rest = _laid_over(rest, over[cell_len(title) :])
        return Strip([Segment(title, self._style(style)), Segment(rest, self._style("heading"))])

    @property
    def _title_width(self) -> int:
        """The cells of the heading that look different with the focus."""
        return cell_len(self._title) + 6

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"pane--{name}")

    def _lay_out(self) -> None:
        self._width = self.scrollable_content_region.width
        room = max(1, self._width - GUTTER)
        self._lines = [
            (place, line) for place, entry in enumerate(self._entries) for line in self._draw(entry.value, room)
        ]
        self.virtual_size = Size(self._width, self.wanted_height)

    def _top_of(self, place: int) -> int:
        return next((index for index, (owner, _) in enumerate(self._lines) if owner == place), 0)

    def _refresh_entry(self, place: int) -> None:
        for index, (owner, _) in enumerate(self._lines):
            if owner == place and 0 <= index - self.scroll_offset.y < self.size.height - 1:
                self.refresh(Region(0, index - self.scroll_offset.y + 1, self._width, 1))


def _laid_over(rule: str, over: str) -> str:
    """`rule` with the words of `over` in the same cells, a blank before and after each."""
    padded = f" {over} ".ljust(len(rule) + 2)
    return "".join(
        mark if padded[place : place + 3].isspace() else padded[place + 1] for place, mark in enumerate(rule)
    )
