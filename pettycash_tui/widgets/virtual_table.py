"""A table over a list of any length: it opens on a million rows as fast as on a thousand.

It draws only the lines in view and reads only the pages around them (`paging.py`), in threads. Rows that are not there
yet are drawn as `···`; the keys never wait for them. Cells are plain data: nothing in them is parsed as markup.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip

from pettycash_tui.actions import LIST, bindings_for, key
from pettycash_tui.theme import ROLES
from pettycash_tui.widgets.cells import GAP, Cell, Column, column_widths, fit, reached
from pettycash_tui.widgets.paged_view import PagedView
from pettycash_tui.widgets.paging import Row, RowSource

_CURSOR_SIGN = "▸"
_MARK_SIGN = "✓"
_GONE_SIGN = "−"
_GUTTER = len(_CURSOR_SIGN + _MARK_SIGN)
_NOT_LOADED = "···"
_LOADING = "loading…"


class VirtualTable(PagedView, can_focus=True, inherit_bindings=False):
    """A list to move in, mark rows in, and open a row of.

    The cursor belongs to a row, not to a line: when the rows are read again (`refresh_rows`) it stays on its row, on
    the same line of the screen where that can be. `/` calls the screen's `action_filter`.

    A source that cannot serve positions (`dense` False) is walked page by page: the keys and the scroll bar move at
    most `MAX_WALK` rows beyond what is loaded, and Home and End always go there directly. Where the source does not
    know its `count`, the list grows as one pages down.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(LIST)]
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--row",
        "table--cursor",
        "table--muted",
        "table--error",
        *(f"table--{role}" for role in ROLES),
    }
    DEFAULT_CSS = """
    VirtualTable {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .table--header { color: $primary; text-style: bold; }
        & > .table--row { color: $foreground; }
        & > .table--good { color: $success; }
        & > .table--warn { color: $warning; }
        & > .table--bad { color: $error; }
        & > .table--info { color: $accent; }
        & > .table--muted { color: $text-muted; }
        & > .table--strong { text-style: bold; }
        & > .table--error { color: $error; text-style: bold; }
        & > .table--cursor {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
            text-style: bold;
        }
        &:focus > .table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: bold;
        }
        &:ansi > .table--muted { color: ansi_default; text-style: dim; }
        &:nocolor:focus > .table--cursor { text-style: bold reverse; }
    }
    """

    class RowSelected(PagedView.FromTable, namespace="virtual_table"):
        """Enter was pressed on a row, or it was clicked twice."""

        def __init__(self, table: VirtualTable, row: Row) -> None:
            super().__init__(table)
            self.row = row

    class MarksChanged(PagedView.FromTable, namespace="virtual_table"):
        """Other rows are marked than before."""

    def __init__(
        self, source: RowSource, *, empty: str = "Nothing here.", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(source, id=id, classes=classes)
        self._columns = tuple(source.columns)
        self._empty_message = empty
        self._marks: dict[Hashable, Row] = {}
        self._drawn: dict[int, object] = {}

    # -- marks ---------------------------------------------------------------------------------------------------------

    @property
    def marked(self) -> frozenset[Hashable]:
        """The keys of the marked rows."""
        return frozenset(self._marks)

    @property
    def marked_rows(self) -> tuple[Row, ...]:
        """The marked rows as they were when marked, in the order of marking."""
        return tuple(self._marks.values())

    def clear_marks(self) -> None:
        """Unmark all rows."""
        self.unmark(tuple(self._marks))

    def unmark(self, keys: Iterable[Hashable]) -> None:
        """Unmark these rows, wherever in the list they are."""
        before = len(self._marks)
        for marked in keys:
            self._marks.pop(marked, None)
        if len(self._marks) != before:
            self.post_message(self.MarksChanged(self))
            self._redraw()

    def rows_gone(self, rows: Sequence[Row]) -> None:
        """What is gone is not marked."""
        self.unmark(row.key for row in rows if row.gone)

    def all_rows_are(self, rows: Sequence[Row]) -> None:
        """What is in the list no more is not marked, also where nobody saw it go."""
        listed = {row.key for row in rows if not row.gone}
        self.unmark([key for key in self._marks if key not in listed])

    def set_source(self, source: RowSource, *, empty: str | None = None, keep_marks: bool = False) -> None:
        """Show another list (another filter); what was marked in the old one is unmarked, as it may be out of sight.

        With `keep_marks` (the same rows in another order) it stays marked.
        """
        if not keep_marks:
            self.clear_marks()
        self._columns = tuple(source.columns)
        self._empty_message = self._empty_message if empty is None else empty
        super().set_source(source)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_row_down(self) -> None:
        """Go to the next row."""
        self.move_to(self.cursor_index + 1)

    def action_row_up(self) -> None:
        """Go to the row before."""
        self.move_to(self.cursor_index - 1)

    def action_rows_down(self) -> None:
        """Go down by one page of the screen."""
        self.move_to(self.cursor_index + self._lines)

    def action_rows_up(self) -> None:
        """Go up by one page of the screen."""
        self.move_to(self.cursor_index - self._lines)

    def action_row_first(self) -> None:
        """Go to the first row."""
        self.move_to(0, "first")

    def action_row_last(self) -> None:
        """Go to the last row."""
        self.move_to(self.row_count - 1, "last")

    def action_row_select(self) -> None:
        """Open the row under the cursor; nothing while it is not loaded."""
        if self.cursor_row is not None:
            self.post_message(self.RowSelected(self, self.cursor_row))

    def action_row_mark(self) -> None:
        """Mark the row or unmark it, and go on to the next."""
        row = self.cursor_row
        if row is None:
            return
        if self._marks.pop(row.key, None) is None and not row.gone:
            self._marks[row.key] = row
        self.post_message(self.MarksChanged(self))
        self.action_row_down()
        self._redraw()

    def action_reload(self) -> None:
        """Read the rows again."""
        self.refresh_rows()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row under the mouse; open it at the second click."""
        index = self._top + event.get_content_offset_capture(self).y - 1
        if self._top <= index < self.row_count:
            self.move_to(index)
            if event.chain == 2:
                self.action_row_select()

    # -- drawing -------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the header, a row, or a message."""
        self._drawn[y] = self._look(y)
        width = self.scrollable_content_region.width
        if y == 0:
            return self._draw_header(width)
        if message := self._message_on(y):
            text, style = message
            return self._strip([Segment(" " * _GUTTER + fit(text, width - _GUTTER), self._style(style))], width)
        index = self._top + y - 1
        if index >= self.row_count:
            return self._strip([], width)
        return self._draw_row(index, width)

    def _redraw(self) -> None:
        # Over a slow line a table is worth its bytes: only lines that would look different are drawn again.
        for y in range(self.size.height):
            if self._drawn.get(y) != self._look(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _look(self, y: int) -> object:
        """What a line shows, to be compared with what it showed."""
        if y == 0:
            return self._columns, self._is_slow
        if message := self._message_on(y):
            return message
        index = self._top + y - 1
        row = self._pages.row(index)
        if row is None:
            return index < self.row_count, index == self.cursor_index
        return row.cells, row.gone, row.key in self._marks, index == self.cursor_index, self._columns

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"table--{name}")

    def _strip(self, segments: list[Segment], width: int, look: str = "row") -> Strip:
        """A whole line. Parts of one style are one piece: each piece costs a terminal some 30 bytes of colours."""
        background = Style(bgcolor=self._style(look).bgcolor)
        return Strip(segments).adjust_cell_length(width, background).simplify()

    def _message_on(self, y: int) -> tuple[str, str] | None:
        if self.failure is not None and y == min(self._lines, self.row_count + 1):
            return f"could not load: {self.failure.message} {key('list.refresh')} tries again", "error"
        if y > 1 or self.row_count or self.failure is not None:
            return None
        return (self._empty_message if self._opened else _LOADING), "muted"

    def _draw_header(self, width: int) -> Strip:
        style = self._style("header")
        titles = [fit(column.title, size, column.align) for _, column, size in self._drawn_columns(width)]
        segments = [Segment(" " * _GUTTER + (" " * GAP).join(titles), style)]
        if self._is_slow:
            room = max(0, width - len(_LOADING) - 1)
            return Strip.join(
                [Strip(segments).adjust_cell_length(room, style), Strip([Segment(" " + _LOADING, style)])]
            )
        return self._strip(segments, width, "header")

    def _draw_row(self, index: int, width: int) -> Strip:
        row = self._pages.row(index)
        is_cursor = index == self.cursor_index
        look = "cursor" if is_cursor else "muted" if row is None or row.gone else "row"
        base = self._style(look)
        segments = [Segment((_CURSOR_SIGN if is_cursor else " ") + self._sign(row), base)]
        if row is None:
            segments.append(Segment(_NOT_LOADED, base))
            return self._strip(segments, width, look)
        for cell, column, size in reached(self._cells_of(row, width)):
            style = base if look != "row" or cell.role not in ROLES else self._style(cell.role)
            segments.append(Segment(fit(cell.text, size, cell.align or column.align) + " " * GAP, style))
        return self._strip(segments, width, look)

    def _cells_of(self, row: Row, width: int) -> list[tuple[Cell, Column, int]]:
        """The cells that have room, with their column and width."""
        return [
            (row.cells[place] if place < len(row.cells) else Cell(""), column, size)
            for place, column, size in self._drawn_columns(width)
        ]

    def _sign(self, row: Row | None) -> str:
        if row is None:
            return " "
        return _GONE_SIGN if row.gone else _MARK_SIGN if row.key in self._marks else " "

    def _drawn_columns(self, width: int) -> list[tuple[int, Column, int]]:
        """The columns that have room: their place among all, and their width."""
        sizes = column_widths(self._columns, width - _GUTTER)
        return [(place, self._columns[place], size) for place, size in enumerate(sizes) if size]
