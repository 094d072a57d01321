"""The table of a cash book: it opens at the newest entry, goes to any entry at once, and follows what comes in."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any, ClassVar

from textual import events

from pettycash_tui.screens.ledger_source import LedgerSource
from pettycash_tui.screens.list_and_detail import ListOfScreen
from pettycash_tui.widgets.cells import Column
from pettycash_tui.widgets.lookahead import End, whole_pages
from pettycash_tui.widgets.paged_view import PagedView
from pettycash_tui.widgets.paging import PAGE_ROWS, Page, Place, RowSource, Seek


class CashBook(ListOfScreen):
    """A table that opens where the newest entries are."""

    opens_at: ClassVar[End] = "last"

    class PageShown(PagedView.FromTable, namespace="cash_book"):
        """Entries were read, or are shown in another width; `broken` are those seen so far that do not add up."""

        def __init__(self, table: CashBook, broken: frozenset[int]) -> None:
            super().__init__(table)
            self.broken = broken

    _is_going = False

    @property
    def columns_drawn(self) -> list[tuple[Column, int]]:
        """The columns that have room now, and how wide they are drawn, behind a gutter of two cells."""
        width = self.scrollable_content_region.width
        return [(column, size) for _, column, size in self._drawn_columns(width)]

    def set_source(self, source: RowSource, *, empty: str | None = None, keep_marks: bool = False) -> None:
        """Show another fund, or another filter; a walk for the one before ends."""
        self._stop_walk()
        self._is_going = False
        super().set_source(source, empty=empty, keep_marks=keep_marks)

    def refresh_rows(self, keep_cursor: bool = True, keep_gone: bool = False) -> None:
        """Read the entries again; those that one is on the way to are being read anyway."""
        if not (self._is_going and self._reading):
            super().refresh_rows(keep_cursor, keep_gone)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view: a line above or below the book comes and goes with what is narrowed."""
        if self._cursor >= self._top + self._lines:
            self._show_from(self._cursor - self._lines + 1)
        self._tell_shown()

    def on_unmount(self) -> None:
        self._stop_walk()

    def go_to(self, key: Hashable, sequence: int) -> None:
        """Put the cursor on the entry with that key and sequence, on the line of the screen where it stands now."""
        self._end_wanted = None
        self._is_going = True
        limit = whole_pages(2 * self._lines)
        # Of a run of the sequence the entries above are read along: what is in view comes in one read.
        above = self._lines if self._source.dense else 0
        seek = Seek(Place.AFTER, max(0, sequence - 1 - above))
        self._request(self._source.page, seek, limit + above, then=partial(self._come_to, key))

    def _come_to(self, key: Hashable, page: Page) -> int:
        self._is_going = False
        if not page.rows:
            return 0
        place = next((place for place, row in enumerate(page.rows) if row.key == key), 0)
        line = min(max(self._cursor - self._top, 0), self._lines - 1)
        self._pages.replace(page, PAGE_ROWS)
        self._cursor, self._cursor_row = self._pages.base + place, page.rows[place]
        self._resize_list()
        self._show_from(self._cursor - line)
        return 0

    def _keep_view(self, *given: Any) -> None:
        """Take rows that were read again; where the newest entry was in view, newer ones come into view."""
        follows = self._pages.at_end and self._pages.end <= self._top + self._lines
        super()._keep_view(*given)
        if follows and self._pages.at_end:
            self._show_from(min(self._pages.extent - self._lines, self._cursor))

    def _arrived(self, *answer: Any) -> None:
        super()._arrived(*answer)
        self._tell_shown()

    def _tell_shown(self) -> None:
        if isinstance(self._source, LedgerSource):
            self.post_message(self.PageShown(self, frozenset(self._source.broken)))

    def _redraw(self) -> None:
        self._lay_out(self.scrollable_content_region.width)
        super()._redraw()

    def _drawn_columns(self, width: int) -> list[tuple[int, Column, int]]:
        self._lay_out(width)
        return super()._drawn_columns(width)

    def _lay_out(self, width: int) -> None:
        """Take the columns as wide as the entries read so far need them."""
        if isinstance(self._source, LedgerSource):
            self._columns = self._source.layout.of_width(width)

    def _stop_walk(self) -> None:
        if isinstance(self._source, LedgerSource):
            self._source.stop()
