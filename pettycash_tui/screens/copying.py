"""Copying and exporting what a list shows: the row or the page as plain text, and all of it to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from pettycash_tui.models.text import printable
from pettycash_tui.widgets.paging import Row
from pettycash_tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    _Base = Screen[None]
else:
    _Base = object


class Copying(_Base):
    """What a screen with a list inherits to answer `y`, `Y` and `E`."""

    @property
    def copied_table(self) -> VirtualTable | None:
        """The list that is meant; None on a screen without one."""
        return next(iter(self.query(VirtualTable)), None)

    def row_as_text(self, row: Row) -> str:
        """A row as people paste it into a mail: its cells separated by tabs."""
        return "\t".join(printable(cell.text) for cell in row.cells)

    def action_copy_row(self) -> None:
        """Copy the row under the cursor."""
        table = self.copied_table
        if table is not None and table.cursor_row is not None:
            self.app.copy_to_clipboard(self.row_as_text(table.cursor_row))
            self.notify("The row is on the clipboard.", markup=False)

    def action_copy_page(self) -> None:
        """Copy the rows in view."""
        table = self.copied_table
        if table is not None and table.rows_in_view:
            self.app.copy_to_clipboard("\n".join(self.row_as_text(row) for row in table.rows_in_view))
            self.notify("The rows in view are on the clipboard.", markup=False)
