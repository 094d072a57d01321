"""Putting the cursor of a list on one object, wherever in the list it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from textual import on

from pettycash_tui.screens.desk_screen import FilterBar
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.virtual_table import VirtualTable

T = TypeVar("T")


class ShowsRow(ListAndDetail):
    """A list that goes to a row: by moving the cursor where the row is loaded, else by narrowing to its number."""

    _wanted: tuple[Hashable, str] | None = None
    _is_seeking = False

    @property
    def is_unsettled(self) -> bool:
        """Whether the cursor is about to stand on another row: what a key does now was meant for that one."""
        return self._is_seeking or self._wanted is not None or self.table.is_exchanging

    def seek(self, query: Callable[..., T], *args: Any, then: Callable[[T], object]) -> None:
        """Read where an object is, to go there; until then the row under the cursor is not the one that is meant."""

        def found(value: T) -> None:
            self._is_seeking = False
            then(value)

        def failed(error: PettyCashError) -> None:
            self._is_seeking = False
            self.show_error(error)

        self._is_seeking = True
        self.ask("show", query, *args, then=found, failed=failed)

    def tell_unsettled(self) -> None:
        """Say why a key does nothing yet."""
        self.tell("The list is still being read. Look at what comes, then press the key again.", warning=True)

    def go_to_row(self, key: Hashable, number: str) -> None:
        """Put the cursor on a row of the list that is shown, as soon as the list is there."""
        if self.table.cursor_row is None:
            self._wanted = (key, number)
        elif not self.table.go_to_row(key):
            self.narrow_to(number)

    def narrow_to(self, number: str) -> None:
        """Show this one alone, with the filter open: what hides the others can be seen, and esc shows all."""
        bar = self.query_one(FilterBar)
        bar.add_class("-open")
        bar.value = number
        self._apply_filter()
        self.table.focus()

    @on(VirtualTable.RowHighlighted)
    def _list_is_there(self) -> None:
        if self._wanted is not None:
            (key, number), self._wanted = self._wanted, None
            if not self.table.go_to_row(key):
                self.narrow_to(number)
