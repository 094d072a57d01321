"""The moving part of a virtual table: the cursor, what is in view, and which page to read next. It draws nothing.

One page is read at a time, however fast somebody moves: a slow database is asked for what is in view when it answers,
not for everything that flew past.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from enum import Enum, auto
from functools import partial
from typing import ClassVar, TypeVar

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.timer import Timer

from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import BUSY_AFTER, Background
from pettycash_tui.widgets.lookahead import End, Read, StopAt, View, next_read, whole_pages
from pettycash_tui.widgets.paging import MAX_WALK, Page, Place, Row, RowSource, Seek, Window
from pettycash_tui.widgets.rereading import (
    Anchor,
    InPlace,
    Reread,
    Stretch,
    anchor_at,
    read_again,
    read_in_place,
    stretch_at,
)

T = TypeVar("T")


class Rereading(Enum):
    """How the list is to be read again once the read under way is over."""

    ANEW = auto()
    IN_PLACE = auto()


class PagedView(Background, ScrollView, inherit_bindings=False):
    """A scroll view over a `RowSource`, with a cursor that belongs to a row. One line is kept for the header."""

    opens_at: ClassVar[End] = "first"  # which end of the list is shown when it is opened

    class FromTable(Message, namespace="virtual_table"):
        """A message of a table; `control` lets `@on(…, "#id")` name it."""

        def __init__(self, table: PagedView) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> PagedView:
            """The table."""
            return self.table

    class RowHighlighted(FromTable, namespace="virtual_table"):
        """The cursor came to a row, or its row was read again and has changed; None when the list is empty.

        `by_hand`: somebody moved the cursor there; else the list has changed under it.
        """

        def __init__(self, table: PagedView, row: Row | None, *, by_hand: bool) -> None:
            super().__init__(table)
            self.row = row
            self.by_hand = by_hand

    class LoadFailed(FromTable, namespace="virtual_table"):
        """A page could not be read; the table shows it, and `r` tries again."""

        def __init__(self, table: PagedView, error: PettyCashError) -> None:
            super().__init__(table)
            self.error = error

    def __init__(self, source: RowSource, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = source
        self._pages = Window()
        self._cursor = 0
        self._cursor_row: Row | None = None
        self._told: object = self
        self._end_wanted: End | None = None
        self._downwards = True
        self._opened = False
        self._reading = False
        self._wanted: Rereading | None = None
        self._failure: PettyCashError | None = None
        self._patience: Timer | None = None
        self._is_slow = False
        self._is_placing = False
        self._is_exchanging = False

    @property
    def is_exchanging(self) -> bool:
        """Whether another list is to be shown, and the rows are still those of the one before."""
        return self._is_exchanging

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor; None in an empty list, or while that row is not loaded."""
        return self._cursor_row

    @property
    def cursor_index(self) -> int:
        """Where the cursor stands in the list, from 0; an estimate far from both ends of a list that is not dense."""
        return self._cursor

    @property
    def row_count(self) -> int:
        """How many rows the list has, as far as is known."""
        return self._pages.extent

    @property
    def source(self) -> RowSource:
        """The list that is shown."""
        return self._source

    @property
    def rows_in_view(self) -> tuple[Row, ...]:
        """The loaded rows that are drawn now, from the top."""
        rows = (self._pages.row(index) for index in range(self._top, self._top + self._lines))
        return tuple(row for row in rows if row is not None)

    @property
    def failure(self) -> PettyCashError | None:
        """Why the last page could not be read; None when it could."""
        return self._failure

    def set_source(self, source: RowSource) -> None:
        """Show another list (another filter). The rows shown stay until its first page is there."""
        self._source = source
        self._is_exchanging = True
        self._read_first()

    def refresh_rows(self, keep_cursor: bool = True, keep_gone: bool = False) -> None:
        """Read the list again. The cursor stays on its row, wherever that now is, unless it is to go to the first.

        With `keep_gone` (somebody else acted) nothing in view is taken away: a row that has left the list stays where
        it was, `gone`, in the words of the source's `gone(rows)` where it has one, until the list is read without.
        A list by position (dense) has no gone rows. While a page is being read, the list is read again after it.
        """
        if self._reading and keep_cursor and (keep_gone or self._pages.rows):
            self._wanted = (self._wanted or Rereading.IN_PLACE) if keep_gone else Rereading.ANEW
        elif not self._pages.rows or not keep_cursor:
            self._read_first()
        elif keep_gone and not self._source.dense:
            self._read_in_place()
        else:
            self._read_anew()

    def _read_anew(self) -> None:
        anchor = anchor_at(self._pages, self._top)
        if anchor is not None:
            limit = whole_pages(2 * self._lines)
            self._request(read_again, self._source, anchor, limit, then=partial(self._anew, anchor))
            self._read_count()

    def _read_in_place(self) -> None:
        # A page above the view and one below it are read too: one may go on moving meanwhile.
        stretch = stretch_at(self._pages, self._top - self._lines, self._top + 2 * self._lines)
        if stretch is not None:
            limit = whole_pages(len(stretch.rows) + self._lines)
            self._request(read_in_place, self._source, stretch, limit, then=partial(self._in_place, stretch))

    def on_mount(self) -> None:
        self._read_first()

    def on_resize(self, event: events.Resize) -> None:
        self._settle()

    def _read_first(self) -> None:
        self._wanted = None
        self._end_wanted = self.opens_at
        self._read_page(Read(Seek(Place(self.opens_at)), whole_pages(2 * self._lines)))
        self._read_count()

    def _read_count(self) -> None:
        # A failure is told by the page, which is read at the same time.
        def counted(total: int | None) -> None:
            self._settle(self._pages.know_total(total))

        self.read("count", self._source.count, then=counted, failed=lambda error: None)

    def _request(self, function: Callable[..., T], *args: object, then: Callable[[T], int]) -> None:
        self._failure = None
        self._reading = True
        if self._patience is None:
            self._patience = self.set_timer(BUSY_AFTER, self._grow_impatient)
        self.read("rows", function, *args, then=partial(self._arrived, then), failed=self._failed)

    def _grow_impatient(self) -> None:
        self._is_slow = self._reading
        self._redraw()

    def _end_request(self) -> None:
        self._reading = self._is_slow = False
        if self._patience is not None:
            self._patience.stop()
            self._patience = None

    def _failed(self, error: PettyCashError) -> None:
        self._end_request()
        self._wanted = None
        self._failure = error
        self._redraw()
        self.post_message(self.LoadFailed(self, error))

    def _arrived(self, take: Callable[[T], int], answer: T) -> None:
        self._end_request()
        self._opened = True
        self._is_exchanging = False
        self._settle(take(answer))
        if self._pages.at_start and self._pages.at_end:
            self.all_rows_are(self._pages.rows)
        wanted = self._wanted
        if wanted is not None and not self._reading:
            self._wanted = None
            self.refresh_rows(keep_gone=wanted is Rereading.IN_PLACE)

    def _take(self, place: Place, page: Page) -> int:
        """Put a page into the window; by how much the indices have shifted."""
        pages, shift = self._pages, 0
        if place is Place.AFTER:
            shift = pages.append(page)
        elif place is Place.BEFORE:
            shift = pages.prepend(page)
        elif place is Place.AT and not page.rows:
            self._read_page(Read(Seek(Place.LAST), whole_pages(2 * self._lines)))  # the list has become shorter
            return 0
        else:
            pages.replace(page, 0 if place is Place.FIRST else pages.extent - len(page.rows))
        top = self._top + shift
        pages.trim(top, top + self._lines)
        return shift

    def _anew(self, anchor: Anchor, reread: Reread) -> int:
        """Take a list that was read again: nothing moves under the eyes except what has changed."""
        index = self._pages.find(anchor.key)
        index = anchor.index if index is None else index
        self._keep_view(
            index, partial(self._pages.replace, reread.page, index - anchor.above - reread.place), anchor.key
        )
        return 0

    def _in_place(self, stretch: Stretch, found: InPlace | None) -> int:
        """Take a stretch that was read again in place."""
        if found is None:
            self._wanted = Rereading.ANEW
            return 0
        pages, top = self._pages, self._top
        begin, end = pages.base + stretch.place, pages.base + stretch.place + len(stretch.rows)
        if (top < begin and stretch.place) or (top + self._lines > end and end < pages.end):
            # One has moved on to rows of which nothing is known yet; what is shown stays until they are read as well.
            self._wanted = self._wanted or Rereading.IN_PLACE
            return 0
        index = min(max(top, begin), end - 1)
        key = stretch.rows[index - begin].key
        self._keep_view(
            index, partial(pages.put, found.rows, stretch.place, before=found.before, after=found.after), key
        )
        self.rows_gone(found.rows)
        self._read_count()
        return 0

    def rows_gone(self, rows: Sequence[Row]) -> None:
        """These are the rows near the view now; those that are gone can no longer be chosen."""

    def all_rows_are(self, rows: Sequence[Row]) -> None:
        """These are all there are now; no other one can be chosen any more."""

    def _keep_view(self, index: int, take: Callable[[], None], key: Hashable) -> None:
        """Take other rows: the row with that key, which stood at `index`, and the cursor's stay on their lines."""
        top, line = self._top, self._cursor - self._top
        take()
        anchored = self._pages.find(key)
        shift = 0 if anchored is None else anchored - index
        found = self._pages.find(self._cursor_row.key) if self._cursor_row is not None else None
        self._cursor = self._cursor + shift if found is None else found
        top += shift
        if found is not None and 0 <= line < self._lines:
            top = found - line
        if self._top == 0 and self._cursor < self._lines:
            top = 0  # at the top of the list one wants to see what comes in
        self._resize_list()
        self._show_from(top)

    @property
    def _top(self) -> int:
        return round(self.scroll_y)

    @property
    def _lines(self) -> int:
        """How many rows are in view."""
        return max(1, self.scrollable_content_region.height - 1)

    def _redraw(self) -> None:
        """Draw again what looks different now; the class that draws knows which lines."""
        self.refresh()

    def _resize_list(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self._pages.extent + 1)

    def _show_from(self, top: int) -> None:
        self._is_placing = True
        self.scroll_to(y=max(0, top), animate=False, force=True)
        self._is_placing = False

    def _settle(self, shift: int = 0) -> None:
        """Bring cursor, view and list in line after any change of the window."""
        top = self._top + shift
        last = max(0, self._pages.extent - 1)
        self._cursor += shift
        if self._end_wanted is not None and not self._reading:
            self._cursor = top = 0 if self._end_wanted == "first" else last
            self._cursor_row = None
            if self._has(self._end_wanted):
                self._end_wanted = None
        self._cursor = min(max(self._cursor, 0), last)
        self._resize_list()
        if top != self._top:
            self._show_from(top)
        self._come_to_row()
        self._redraw()
        self._read_what_is_missing()

    def _come_to_row(self) -> None:
        row = self._pages.row(self._cursor)
        if row is not None and self._cursor_row is not None and row.key != self._cursor_row.key:
            # An estimated index was set right: the row counts, not the number.
            moved = self._pages.find(self._cursor_row.key)
            if moved is not None:
                self._cursor, row = moved, self._pages.row(moved)
        if row is None and self._pages.extent and self._cursor_row is not None:
            return
        self._cursor_row = row
        self._tell()

    def _tell(self, *, by_hand: bool = False) -> None:
        row = self._cursor_row
        if self._opened and (row is not None or not self._pages.extent) and row != self._told:
            self._told = row
            self.post_message(self.RowHighlighted(self, row, by_hand=by_hand))

    def _has(self, end: End | None) -> bool:
        return (end == "first" and self._pages.at_start) or (end == "last" and self._pages.at_end)

    def move_to(self, index: int, end: End | None = None) -> None:
        """Put the cursor on the row at `index` (or the nearest there is), in view."""
        pages = self._pages
        if end is None and not self._source.dense:
            index = min(max(index, pages.base - MAX_WALK), pages.end + MAX_WALK - 1)
        index = min(max(index, 0), max(0, pages.extent - 1))
        self._end_wanted = None if self._has(end) else end
        self._downwards = index >= self._cursor
        self._cursor = index
        self._cursor_row = pages.row(index)
        self._tell(by_hand=True)
        if index < self._top:
            self._show_from(index)
        elif index >= self._top + self._lines:
            self._show_from(index - self._lines + 1)
        self._redraw()
        self._read_what_is_missing()

    def go_to_row(self, key: Hashable) -> bool:
        """Put the cursor on the row with that key; False where it is not among the loaded rows."""
        index = self._pages.find(key)
        if index is not None:
            self.move_to(index)
        return index is not None

    def watch_show_vertical_scrollbar(self, is_shown: bool) -> None:
        """Put a bar that appears only now where the list stands: Textual moves only one that is shown."""
        if is_shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._is_placing and round(old_value) != round(new_value):
            self._downwards = new_value > old_value
            self._read_what_is_missing()

    def _read_what_is_missing(self) -> None:
        """Read the next page that the view needs, or soon will in the direction one moves."""
        if self._reading or self._failure is not None or not self._pages.rows:
            return
        view = View(self._top, self._lines, self._downwards, self._end_wanted)
        step = next_read(self._pages, view, dense=self._source.dense)
        if isinstance(step, StopAt):
            self._show_from(step.top)
            self._read_what_is_missing()
        elif step is not None:
            self._read_page(step)

    def _read_page(self, read: Read) -> None:
        self._request(self._source.page, read.seek, read.limit, then=partial(self._take, read.seek.place))
