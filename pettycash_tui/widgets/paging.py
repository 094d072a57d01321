"""How a table reads a list of any length: by keyset pages from a source, kept as one window of rows around the view.

A page is read after or before a row by that row's *cursor*, the values the list is ordered by, so that page 20,000
costs as much as page 1, and rows that come in meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from pettycash_tui.widgets.cells import Cell, Column

PAGE_ROWS = 50
"""Rows asked for at a time."""

MAX_ROWS = 40 * PAGE_ROWS
"""Rows kept in memory: the window forgets the far side when it grows beyond."""

MAX_WALK = 20 * PAGE_ROWS
"""How far from the loaded rows one read may reach, where the source has no dense positions."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list.

    `key` names the object (its id) and stays the same when the row changes. `cursor` is what the source needs to read
    on from here. `value` is the service's own frozen row, for the screen. `gone` is set by the table on a row that has
    left the list while somebody looked at it: it stays where it was, marked, and nothing can be done to it any more.
    """

    key: Hashable
    cells: tuple[Cell, ...]
    cursor: Any = None
    value: Any = None
    gone: bool = False


class Place(Enum):
    """Where a page is to begin."""

    FIRST = "first"
    LAST = "last"
    AFTER = "after"
    BEFORE = "before"
    AT = "at"


@dataclass(frozen=True, slots=True)
class Seek:
    """Which page is wanted. `cursor` goes with AFTER and BEFORE (both without that row itself), `position` with AT."""

    place: Place
    cursor: Any = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the list, whatever way they were read.

    `before` and `after` say whether the list has rows on that side (what a source learns by reading one row more than
    asked). `position` is the place of the first row in the list, counted from 0, where the source knows it.
    """

    rows: tuple[Row, ...]
    before: bool
    after: bool
    position: int | None = None


class RowSource(Protocol):
    """A list that a table can show. Every method may block: the table calls them in threads, possibly two at once.

    A source is one order and one filter; for another filter the screen makes another source. `dense` says that AT can
    be served directly (a fund's ledger: its sequence has no gap), which makes any jump one read.
    """

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, the same as long as the source lives."""

    @property
    def dense(self) -> bool:
        """Whether a page can be read at a position (`Place.AT`)."""

    def count(self) -> int | None:
        """How many rows there are, approximately where that is cheaper; None when unknown.

        Unknown, the list grows as one pages down: the scroll bar shows what is known so far.
        """

    def page(self, seek: Seek, limit: int) -> Page:
        """At most `limit` rows. LAST and BEFORE give the rows nearest to that end, in the order of the list."""


class Window:
    """The loaded rows: one run without gaps, and where it lies in the list.

    `base` is the index of its first row, exact where the source says so and else an estimate, set right when the run
    reaches an end of the list. Methods that move it return by how much all indices have shifted.

    Rows that are gone stay in the run, and have an index, until they are forgotten; `total` does not count them.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.base = 0
        self.total: int | None = None
        self.at_start = False
        self.at_end = False
        self._gone = 0

    @property
    def end(self) -> int:
        """The index after the last loaded row."""
        return self.base + len(self.rows)

    @property
    def extent(self) -> int:
        """How many rows the list has, as far as is known."""
        if self.at_end:
            return self.end
        least = self.end + (PAGE_ROWS if self.rows and self.total is None else bool(self.rows))
        return max((self.total or 0) + self._gone, least)

    def row(self, index: int) -> Row | None:
        """The row at that index, None while it is not loaded."""
        return self.rows[index - self.base] if self.base <= index < self.end else None

    def find(self, key: Hashable) -> int | None:
        """The index of the row with that key, None when it is not among the loaded."""
        found = [place for place, row in enumerate(self.rows) if row.key == key]
        # A row that was gone may come back elsewhere in the list before it is forgotten where it was.
        return self.base + min(found, key=lambda place: self.rows[place].gone) if found else None

    def edge(self, *, last: bool) -> Row:
        """The first or the last of the loaded rows from which the list is read on: one that is in it, if there is."""
        rows = self.rows[::-1] if last else self.rows
        return next((row for row in rows if not row.gone), rows[0])

    def replace(self, page: Page, base: int) -> None:
        """Forget all rows for these. `base` is the estimate where the page does not know its position."""
        self.rows, self._gone = list(page.rows), 0
        self.at_start, self.at_end = not page.before, not page.after
        if page.position is not None:
            self.base = page.position
        else:
            self.base = 0 if self.at_start else max(1, base)

    def put(self, rows: Sequence[Row], place: int, *, before: bool, after: bool) -> None:
        """Forget all rows for these, some of them gone, which begin where the row at `place` of the run stood."""
        if self.at_end:
            self.total = self.end - self._gone
        self.replace(Page(tuple(rows), before, after), self.base + place)
        self._gone = sum(row.gone for row in self.rows)

    def append(self, page: Page) -> int:
        """Add the page after the last row."""
        known = {row.key for row in self.rows[-PAGE_ROWS:] if not row.gone}
        self.rows += [row for row in page.rows if row.key not in known]
        self.at_end = not page.after
        shift = page.position + len(page.rows) - self.end if page.position is not None and page.rows else 0
        if self.at_end:
            self.total = self.end + shift - self._gone
        return self._shift(shift)

    def prepend(self, page: Page) -> int:
        """Add the page before the first row."""
        known = {row.key for row in self.rows[:PAGE_ROWS] if not row.gone}
        rows = [row for row in page.rows if row.key not in known]
        self.rows[:0] = rows
        self.base -= len(rows)
        self.at_start = not page.before
        if page.position is not None and page.rows:
            return self._shift(page.position - self.base)
        if self.at_start:
            return self._shift(-self.base)
        # The estimate was too low: make room above.
        return self._shift(PAGE_ROWS - self.base) if self.base <= 0 else 0

    def trim(self, low: int, high: int) -> None:
        """Forget the rows farthest from `low`…`high` when there are too many."""
        surplus = len(self.rows) - MAX_ROWS
        if surplus <= 0:
            return
        if low - self.base >= self.end - high:
            del self.rows[:surplus]
            self.base += surplus
            self.at_start = False
        else:
            if self.at_end:
                self.total = self.end - self._gone
            del self.rows[-surplus:]
            self.at_end = False
        self._gone = sum(row.gone for row in self.rows)

    def know_total(self, total: int | None) -> int:
        """Take the source's count. At the list's end it says where the window lies."""
        if total is None:
            return 0
        self.total = total
        if not self.at_end or self.at_start or total + self._gone < len(self.rows):
            return 0
        return self._shift(total + self._gone - self.end)

    def _shift(self, by: int) -> int:
        self.base += by
        return by
