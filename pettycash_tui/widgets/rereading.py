"""How a list is read again while somebody looks at it: from the view on, so that the cursor finds its row.

Read anew, rows that have left the list vanish. Read in place (somebody else acted), they stay where they were, marked
as gone, until the list is read anew.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from pettycash_tui.widgets.paging import MAX_WALK, Page, Place, Row, RowSource, Seek, Window


@runtime_checkable
class TellsGone(Protocol):
    """A source that knows what became of rows that have left its list."""

    def gone(self, rows: Sequence[Row]) -> Mapping[Hashable, Row]:
        """The rows as they are to be drawn now, by key; one that is left out stays as it was. Blocks."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row to find again when the list is read anew: its key, where it was, and the cursors of its neighbours.

    `above` counts the gone rows before it, which will not be there any more.
    """

    key: Hashable
    index: int
    previous: Any = None
    following: Any = None
    above: int = 0

    def place_in(self, page: Page) -> int | None:
        """Where the row stands in a page; None when it is not there."""
        return next((place for place, row in enumerate(page.rows) if row.key == self.key), None)


@dataclass(frozen=True, slots=True)
class Reread:
    """A list read again: a page, and where in it the anchor's row stands (or would, if it is gone)."""

    page: Page
    place: int


def anchor_at(pages: Window, index: int) -> Anchor | None:
    """The loaded row nearest to an index, to be found again."""
    rows = pages.rows
    if not rows:
        return None
    place = min(max(index - pages.base, 0), len(rows) - 1)
    if place == 0 and not pages.at_start and len(rows) > 1:
        place = 1  # the row before the first is not loaded, so that nothing leads back to the first
    previous = next((row.cursor for row in reversed(rows[:place]) if not row.gone), None)
    following = next((row.cursor for row in rows[place + 1 :] if not row.gone), None)
    if previous is None and place and not pages.at_start:
        previous = rows[place - 1].cursor
    above = sum(row.gone for row in rows[:place])
    return Anchor(rows[place].key, pages.base + place, previous, following, above)


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


# --- in place ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """The loaded rows in view and near it, which are read again in place.

    `place` is where they begin among the loaded. `previous` is the cursor of the row before them that is in the list;
    without one the list begins with them (`at_start`), or what comes before them was never loaded. `below` are the keys
    of what is loaded after them and in the list.
    """

    place: int
    rows: tuple[Row, ...]
    previous: Any
    at_start: bool
    below: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class InPlace:
    """A stretch and what follows it as they are now, gone rows of the stretch among them; whether there is more."""

    rows: tuple[Row, ...]
    before: bool
    after: bool


def stretch_at(pages: Window, low: int, high: int) -> Stretch | None:
    """The loaded rows at the indices `low` to before `high`; None when nothing is loaded."""
    rows = pages.rows
    if not rows:
        return None
    place = min(max(low - pages.base, 0), len(rows) - 1)
    while place and rows[place - 1].gone:
        place -= 1  # only a row that is in the list leads back to this place
    end = max(high - pages.base, place + 1)
    previous = rows[place - 1].cursor if place else None
    below = frozenset(row.key for row in rows[end:] if not row.gone)
    return Stretch(place, tuple(rows[place:end]), previous, pages.at_start, below)


def read_in_place(source: RowSource, stretch: Stretch, limit: int) -> InPlace | None:
    """Read a stretch again, rows that have left the list where they were. Blocks.

    `limit` is more than the rows of the stretch. None when so many rows came in that it was not found again.
    """
    page = source.page(_beginning(source, stretch), limit)
    rows, before, after = list(page.rows), page.before, page.after
    last = next((row for row in reversed(stretch.rows) if not row.gone), None)
    met: set[Hashable] = {last.key, *stretch.below} if last else set()
    if last and after and met.isdisjoint(row.key for row in rows):
        # As much came in or went away as one page holds: whether the end of the stretch was passed is seen from what
        # follows it now.
        met.update(row.key for row in source.page(Seek(Place.AFTER, last.cursor), 1).rows)
    while last and after and met.isdisjoint(row.key for row in rows):
        if len(rows) >= MAX_WALK or not page.rows:
            return None
        page = source.page(Seek(Place.AFTER, rows[-1].cursor), limit)
        rows += page.rows
        after = page.after
    return InPlace(_with_gone(source, stretch.rows, rows), before, after)


def _beginning(source: RowSource, stretch: Stretch) -> Seek:
    if stretch.previous is not None:
        return Seek(Place.AFTER, stretch.previous)
    if not stretch.at_start:
        first = next((row for row in stretch.rows if not row.gone), stretch.rows[0])
        above = source.page(Seek(Place.BEFORE, first.cursor), 1).rows
        if above:
            return Seek(Place.AFTER, above[-1].cursor)
    return Seek(Place.FIRST)


def _with_gone(source: RowSource, old: Sequence[Row], new: Sequence[Row]) -> tuple[Row, ...]:
    """The new rows, each followed by what stood after it and is gone."""
    listed = {row.key for row in new}
    back = listed | {row.key for row in old if not row.gone}
    just_gone = [row for row in old if row.key not in listed and not row.gone]
    told = source.gone(just_gone) if just_gone and isinstance(source, TellsGone) else {}
    followers: dict[Hashable, list[Row]] = {}
    first: list[Row] = []
    behind = first
    for row in old:
        if row.gone and row.key in back:
            continue  # it has come back, and takes the place that the list gives it
        if row.key in listed:
            behind = followers.setdefault(row.key, [])
        elif row.gone:
            behind.append(row)
        else:
            behind.append(replace(told.get(row.key, row), key=row.key, cursor=row.cursor, gone=True))
    merged = first[:]
    for row in new:
        merged.append(row)
        merged += followers.get(row.key, ())
    return tuple(merged)
