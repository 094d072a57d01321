"""What came under the cursor by itself: a key that was meant for the row before must not decide on it."""

from __future__ import annotations

import time

from textual import on

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.showing_rows import ShowsRow
from pettycash_tui.widgets.virtual_table import VirtualTable


class SeenRows(ShowsRow):
    """A list whose keys decide on the row under the cursor at once."""

    look_seconds = 0.4
    """How long a row that came under the cursor by itself must be there before a key decides on it."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._under_cursor: object = None
        self._slid_at = float("-inf")

    def has_slid(self, number: str) -> bool:
        """Whether the row has only just come under the cursor; that is told."""
        if time.monotonic() - self._slid_at >= self.look_seconds:
            return False
        self._slid_at = time.monotonic()  # a key that is held down decides nothing
        self.tell(f"{number} has only just come under the cursor. Look at it, then decide.", warning=True)
        return True

    @on(VirtualTable.RowHighlighted)
    def _notice_a_row_that_slid(self, message: VirtualTable.RowHighlighted) -> None:
        # The row that stood here is gone and another has taken its place. Whoever goes to a row looks at it.
        found = message.row.key if message.row is not None else None
        if message.by_hand:
            self._slid_at = float("-inf")
        elif self._under_cursor is not None and found != self._under_cursor:
            self._slid_at = time.monotonic()
        self._under_cursor = found
