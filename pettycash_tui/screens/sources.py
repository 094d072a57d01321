"""The lists of the services as sources for a virtual table.

A service lists in one order and, with its `backwards` option, in the other: the pages before a row are read from it
upwards and turned around.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar
from uuid import UUID

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services import paging
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Page, Place, Row, Seek

T = TypeVar("T")


def newest_first(row: Any) -> str:
    """The cursor of a row in a list ordered by when it was made."""
    return paging.encode(row.created_at, row.id)


class KeysetSource(Generic[T]):
    """A service's list, as a `RowSource`: `KeysetSource(context, COLUMNS, list_requisitions, filter, cells=…)`.

    `lister(reading, *given, limit=, after=)` reads a page; `backwards` names its option for the other order
    (`oldest_first`; the queue's is `backwards`). `cells` draws a row of it and runs in a thread. `cursor` is the
    sort key of a row. `counter(reading, *given)` says how many rows there are; `options` (a search) are the lister's.

    `gone(reading, items)` draws rows that have left the list while somebody looked at it ("approved by Amina" where the
    status stood): the items as they were listed last come in, `{item.id: cells}` goes out, in a thread. An id that is
    left out keeps the cells it had. Without `gone` all do. The table mutes and marks such rows in any case.
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
        gone: Callable[[Reading, Sequence[T]], Mapping[UUID, tuple[Cell, ...]]] | None = None,
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
        self._gone = gone

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

    def gone(self, rows: Sequence[Row]) -> Mapping[Hashable, Row]:
        """Rows that have left the list, drawn as what became of them, by key."""
        if self._gone is None or not rows:
            return {}
        drawn = self._context.read(self._gone, [row.value for row in rows])
        return {row.key: replace(row, cells=drawn[row.value.id]) for row in rows if row.value.id in drawn}

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
