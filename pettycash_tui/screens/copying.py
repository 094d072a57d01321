"""Copying and exporting what a list shows: the row or the page as plain text, and all of it to a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from pettycash_tui.models.text import printable
from pettycash_tui.screens.export_kinds import ExportKind, list_kinds
from pettycash_tui.screens.export_prompt import ExportPrompt, stop_exports_of
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.widgets.cells import GAP, Column
from pettycash_tui.widgets.paging import Row
from pettycash_tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.screen import Screen

    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.services.errors import PettyCashError
    from pettycash_tui.widgets.background import Background

    class _Base(Background, Screen[None]):
        """What a screen of the desk has, which is built on this."""

        context: DeskContext
        help_title: str

        def tell(self, message: str, *, warning: bool = False) -> None: ...
        def show_error(self, error: PettyCashError) -> None: ...
else:
    _Base = object


class Copying(_Base):
    """What a screen with a list inherits to answer `y`, `Y` and `E`."""

    @property
    def copied_table(self) -> VirtualTable | None:
        """The list that is meant; None on a screen without one."""
        return next(iter(self.query(VirtualTable)), None)

    def row_title(self, row: Row) -> str:
        """What a row is called: by default its first cell, its number."""
        return printable(row.cells[0].text) if row.cells else ""

    def row_as_text(self, row: Row) -> str:
        """A row as people paste it into a mail, a line for each cell; a screen that knows more of it says more."""
        table = self.copied_table
        return labelled(table.source.columns, row) if table is not None else ""

    def export_request(self) -> ExportRequest | None:
        """All that the list shows, as it is narrowed now, for an export; None where there is none."""
        return None

    def export_kinds(self) -> Sequence[ExportKind]:
        """What else than the list an export may be here, such as the book for another program."""
        return ()

    def action_copy_row(self) -> None:
        """Show the row under the cursor as text, and copy it."""
        table = self.copied_table
        row = table.cursor_row if table is not None else None
        if row is None:
            self.tell("There is no row to copy.")
        else:
            self.app.push_screen(TextWindow(self.row_title(row), self.row_as_text(row), to_copy=True))

    def action_copy_page(self) -> None:
        """Show the rows in view as text, and copy them."""
        table = self.copied_table
        rows = table.rows_in_view if table is not None else ()
        if table is None or not rows:
            self.tell("There are no rows to copy.")
            return
        title = f"{self.help_title}: {len(rows)} row{'' if len(rows) == 1 else 's'} in view"
        self.app.push_screen(TextWindow(title, aligned(table.source.columns, rows), to_copy=True, wrap=False))

    def action_export(self) -> None:
        """Ask what to export and how; or show the export that is under way."""
        request, table = self.export_request(), self.copied_table
        if request is None:
            self.tell("This list cannot be exported.")
            return
        marked = [row.value.id for row in table.marked_rows] if table is not None else []
        kinds = [*list_kinds(request, self.context), *self.export_kinds()]
        self.app.push_screen(ExportPrompt(self, request.title, kinds, request=request, marked=marked))

    def on_unmount(self) -> None:
        """A list that is closed (somebody signs out) ends its export: nobody would be told of it."""
        stop_exports_of(self)


def labelled(columns: Sequence[Column], row: Row) -> str:
    """The cells of a row, each on a line behind its column's title; empty ones are left out."""
    said = [(column.title, printable(cell.text)) for column, cell in zip(columns, row.cells, strict=False) if cell.text]
    width = max((cell_len(title) for title, _ in said), default=0)
    return "\n".join(f"{title}{' ' * (width - cell_len(title) + GAP)}{text}" for title, text in said)


def aligned(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Rows as a table, nothing of them cut; columns that say nothing are left out."""
    texts = [[printable(cell.text) for cell in row.cells] for row in rows]
    lines = [""] * (len(rows) + 1)
    for place, column in enumerate(columns):
        cells = [line[place] if place < len(line) else "" for line in texts]
        if not any(cells):
            continue
        cells = [column.title, *cells]
        width = max(map(cell_len, cells))
        for at, cell in enumerate(cells):
            space = " " * (width - cell_len(cell))
            lines[at] += (space + cell if column.align == "right" else cell + space) + " " * GAP
    return "\n".join(line.rstrip() for line in lines)
