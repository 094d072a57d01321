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
    on from here. `value` is the service's own frozen row, for the screen.
    """

    key: Hashable
    cells: tuple[Cell, ...]
    cursor: Any = None
    value: Any = None


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


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row to find again when the list is read anew: its key, where it was, and the cursors of its neighbours."""

    key: Hashable
    index: int
    previous: Any = None
    following: Any = None

    def place_in(self, page: Page) -> int | None:
        """Where the row stands in a page; None when it is not there."""
        return next((place for place, row in enumerate(page.rows) if row.key == self.key), None)


@dataclass(frozen=True, slots=True)
class Reread:
    """A list read again: a page, and where in it the anchor's row stands (or would, if it is gone)."""

    page: Page
    place: int


def read_again(source: RowSource, anchor: Anchor, limit: int) -> Reread:
    """The page that begins with the anchor's row, or with what stands in its place now. Blocks."""
    if anchor.previous is not None:
        page = source.page(Seek(Place.AFTER, anchor.previous), limit)
        if page.rows:
            return Reread(page, anchor.place_in(page) or 0)
        page = source.page(Seek(Place.LAST), limit)
        return Reread(page, len(page.rows))
    page = source.page(Seek(Place.FIRST), limit)
    place = anchor.place_in(page)
    if place is not None or anchor.following is None or not page.after:
        return Reread(page, place or 0)
    # It is gone, or more than a page of rows came in above it.
    above = source.page(Seek(Place.BEFORE, anchor.following), limit)
    place = anchor.place_in(above)
    if place is None:
        return Reread(page, 0)
    below = source.page(Seek(Place.AFTER, above.rows[-1].cursor), limit)
    return Reread(Page(above.rows + below.rows, above.before, below.after, above.position), place)


class Window:
    """The loaded rows: one run without gaps, and where it lies in the list.

    `base` is the index of its first row, exact where the source says so and else an estimate, set right when the run
    reaches an end of the list. Methods that move it return by how much all indices have shifted.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.base = 0
        self.total: int | None = None
        self.at_start = False
        self.at_end = False

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
        return max(self.total or 0, least)

    def row(self, index: int) -> Row | None:
        """The row at that index, None while it is not loaded."""
        return self.rows[index - self.base] if self.base <= index < self.end else None

    def find(self, key: Hashable) -> int | None:
        """The index of the row with that key, None when it is not among the loaded."""
        return next((self.base + place for place, row in enumerate(self.rows) if row.key == key), None)

    def anchor(self, index: int) -> Anchor | None:
        """The loaded row nearest to an index, to be found again."""
        if not self.rows:
            return None
        place = min(max(index - self.base, 0), len(self.rows) - 1)
        if place == 0 and not self.at_start and len(self.rows) > 1:
            place = 1  # the row before the first is not loaded, so that nothing leads back to the first
        previous = self.rows[place - 1].cursor if place else None
        following = self.rows[place + 1].cursor if place + 1 < len(self.rows) else None
        return Anchor(self.rows[place].key, self.base + place, previous, following)

    def replace(self, page: Page, base: int) -> None:
        """Forget all rows for these. `base` is the estimate where the page does not know its position."""
        self.rows = list(page.rows)
        self.at_start, self.at_end = not page.before, not page.after
        if page.position is not None:
            self.base = page.position
        else:
            self.base = 0 if self.at_start else max(1, base)

    def append(self, page: Page) -> int:
        """Add the page after the last row."""
        known = {row.key for row in self.rows[-PAGE_ROWS:]}
        self.rows += [row for row in page.rows if row.key not in known]
        self.at_end = not page.after
        shift = page.position + len(page.rows) - self.end if page.position is not None and page.rows else 0
        if self.at_end:
            self.total = self.end + shift
        return self._shift(shift)

    def prepend(self, page: Page) -> int:
        """Add the page before the first row."""
        known = {row.key for row in self.rows[:PAGE_ROWS]}
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
                self.total = self.end
            del self.rows[-surplus:]
            self.at_end = False

    def know_total(self, total: int | None) -> int:
        """Take the source's count. At the list's end it says where the window lies."""
        if total is None:
            return 0
        self.total = total
        if not self.at_end or self.at_start or total < len(self.rows):
            return 0
        return self._shift(total - self.end)

    def _shift(self, by: int) -> int:
        self.base += by
        return by
