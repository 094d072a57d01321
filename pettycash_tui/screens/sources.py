"""The lists of the services as sources for a virtual table.

A service lists in one order and, with its `backwards` option, in the other: the pages before a row are read from it
upwards and turned around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services import paging
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Page, Place, Row, Seek

T = TypeVar("T")


def newest_first(row: Any) -> str:
    """The cursor of a row in a list ordered by when it was made."""
    return paging.encode(row.created_at, row.id)


def longest_waiting_first(row: Any) -> str:
    """The cursor of a row in an approver's queue."""
    return paging.encode(row.waiting_since, row.step_id)


class KeysetSource(Generic[T]):
    """A service's list, as a `RowSource`: `KeysetSource(context, COLUMNS, list_requisitions, filter, cells=…)`.

    `lister(reading, *given, limit=, after=)` reads a page; `backwards` names its option for the other order
    (`oldest_first`; the queue's is `newest_first`). `cells` draws a row of it and runs in a thread. `cursor` is the
    sort key of a row. `counter(reading, *given)` says how many rows there are; `options` (a search) are the lister's.
    """

    dense = False

    def __init__(
        self,
        context: DeskContext,
        columns: Sequence[Column],
        lister: Callable[..., paging.Page[T]],
        *given: Any,
        cells: Callable[[T], tuple[Cell, ...]],
        counter: Callable[..., int] | None = None,
        cursor: Callable[[T], str] = newest_first,
        backwards: str = "oldest_first",
        **options: Any,
    ) -> None:
        self.columns = tuple(columns)
        self._context = context
        self._lister = lister
        self._counter = counter
        self._given = given
        self._options = options
        self._cells = cells
        self._cursor = cursor
        self._backwards = backwards

    def count(self) -> int | None:
        """How many rows there are; None where the service cannot say."""
        if self._counter is None:
            return None
        return self._context.read(self._counter, *self._given)

    def page(self, seek: Seek, limit: int) -> Page:
        """The rows at a place, in the order of the list."""
        upwards = seek.place in (Place.LAST, Place.BEFORE)
        after = seek.cursor if seek.place in (Place.AFTER, Place.BEFORE) else None
        items, more = self._context.read(self._read, after, limit, upwards)
        rows = tuple(self._row(item) for item in (reversed(items) if upwards else items))
        if upwards:
            return Page(rows, before=more, after=seek.place is Place.BEFORE)
        return Page(rows, before=seek.place is Place.AFTER, after=more)

    def _read(self, reading: Reading, after: str | None, limit: int, upwards: bool) -> tuple[list[T], bool]:
        """`limit` items in one transaction, however many pages of the service that takes, and whether more follow."""
        options = {**self._options, self._backwards: True} if upwards else self._options
        items: list[T] = []
        while True:
            size = min(limit - len(items), paging.MAX_LIMIT)
            page = self._lister(reading, *self._given, limit=size, after=after, **options)
            items += page.items
            after = page.next
            if after is None or len(items) >= limit:
                return items, after is not None

    def _row(self, item: T) -> Row:
        value: Any = item
        return Row(key=value.id, cells=self._cells(item), cursor=self._cursor(item), value=item)
