"""Which page of a list to read next, given what is loaded, what is in view, and which way somebody moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pettycash_tui.widgets.paging import MAX_WALK, PAGE_ROWS, Place, Seek, Window

End = Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class View:
    """The rows in view are `top` to before `top + lines`. `end` is the end of the list one has asked for."""

    top: int
    lines: int
    downwards: bool
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Read this page."""

    seek: Seek
    limit: int


@dataclass(frozen=True, slots=True)
class StopAt:
    """What is in view cannot be reached from here: show from this row instead, and go on."""

    top: int


def whole_pages(rows: int) -> int:
    """The rows of as many pages as hold that many rows."""
    return -(-max(1, rows) // PAGE_ROWS) * PAGE_ROWS


def next_read(pages: Window, view: View, *, dense: bool) -> Read | StopAt | None:
    """What the view needs now or will soon need; None when nothing is missing."""
    low, high = view.top, min(view.top + view.lines, pages.extent)
    if view.end is not None or low > pages.end or high < pages.base:
        return _reach(pages, view, low, high, dense)
    ahead = max(view.lines, PAGE_ROWS // 2)
    below = high + (ahead if view.downwards else 0) - pages.end
    if below > 0 and not pages.at_end:
        return _walk(pages, Place.AFTER, below)
    above = pages.base - low + (0 if view.downwards else ahead)
    if above > 0 and not pages.at_start:
        return _walk(pages, Place.BEFORE, above)
    return None


def _reach(pages: Window, view: View, low: int, high: int, dense: bool) -> Read | StopAt:
    """How to come to where nothing is loaded yet."""
    limit = whole_pages(2 * view.lines)
    if view.end == "first" or (view.end is None and low <= 0):
        return Read(Seek(Place.FIRST), limit)
    if view.end == "last" or high >= pages.extent:
        return Read(Seek(Place.LAST), limit)
    if dense:
        return Read(Seek(Place.AT, position=max(0, low - PAGE_ROWS // 2)), limit)
    if low > pages.end + MAX_WALK:
        return StopAt(pages.end)
    if high < pages.base - MAX_WALK:
        return StopAt(max(0, pages.base - view.lines))
    return _walk(pages, *((Place.AFTER, high - pages.end) if low > pages.end else (Place.BEFORE, pages.base - low)))


def _walk(pages: Window, place: Place, rows: int) -> Read:
    edge = pages.edge(last=place is Place.AFTER)
    return Read(Seek(place, edge.cursor), min(whole_pages(rows), MAX_WALK))
