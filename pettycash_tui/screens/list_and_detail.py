"""A list with the row under the cursor beside it (in a wide window) or below it (in a narrow one)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import on
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.detail_pane import DetailPane
from pettycash_tui.widgets.paging import Row, RowSource
from pettycash_tui.widgets.virtual_table import VirtualTable

WIDE = 150
"""Columns from which on the detail stands beside the list; below, the list needs the whole width for its columns."""


class ListOfScreen(VirtualTable):
    """A list whose refreshing also reads again what the screen shows beside it."""

    def action_reload(self) -> None:
        """Read everything again."""
        screen = self.screen
        if isinstance(screen, DeskScreen):
            screen.reload()


class ListAndDetail(DeskScreen):
    """A screen with one list and the detail of the row under its cursor, which is read in the background."""

    AUTO_FOCUS = "VirtualTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    DEFAULT_CSS = """
    ListAndDetail #panes { height: 1fr; }
    ListAndDetail VirtualTable { height: 2fr; }
    ListAndDetail DetailPane { height: 3fr; border-top: solid $primary 40%; }
    ListAndDetail DetailPane:focus { border-top: solid $primary; }
    ListAndDetail.-wide #panes { layout: horizontal; }
    ListAndDetail.-wide VirtualTable { width: 1fr; height: 100%; }
    ListAndDetail.-wide DetailPane { width: 62; height: 100%; border-top: none; border-left: solid $primary 40%; }
    ListAndDetail.-wide DetailPane:focus { border-left: solid $primary; }
    ListAndDetail:ansi DetailPane { border-top: solid ansi_default; }
    ListAndDetail:ansi.-wide DetailPane { border-top: none; border-left: solid ansi_default; }
    """

    empty_text: str = "Nothing here."

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._detail: Any = None
        self._detail_of: object = None

    # -- what a screen says --------------------------------------------------------------------------------------------

    def source(self) -> RowSource:
        """The list as it is narrowed now."""
        raise NotImplementedError

    def read_detail(self, value: Any) -> Any:
        """The whole of a row. Blocks; called in a thread."""
        raise NotImplementedError

    def draw_detail(self, detail: Any) -> Content:
        """What the detail pane shows of it."""
        raise NotImplementedError

    # -- parts ---------------------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        with Container(id="panes"):
            yield ListOfScreen(self.source(), empty=self.empty_text)
            yield DetailPane()

    @property
    def table(self) -> VirtualTable:
        """The list."""
        return self.query_one(VirtualTable)

    @property
    def pane(self) -> DetailPane:
        """The detail."""
        return self.query_one(DetailPane)

    @property
    def value(self) -> Any:
        """The service's row under the cursor; None in an empty list, or while it is not loaded."""
        row = self.table.cursor_row if self.is_mounted else None
        return row.value if row is not None else None

    @property
    def detail(self) -> Any:
        """The whole of the row under the cursor; None until it was read."""
        row = self.table.cursor_row if self.is_mounted else None
        return self._detail if row is not None and row.key == self._detail_of else None

    def show_list(self) -> None:
        """Read the list anew: another filter."""
        self.table.set_source(self.source(), empty=self.empty_text)

    def filter_changed(self, text: str) -> None:
        self.show_list()

    def reload(self) -> None:
        super().reload()
        if self.table.cursor_row is not None:
            self._read_detail(self.table.cursor_row)

    # -- the detail ----------------------------------------------------------------------------------------------------

    @on(VirtualTable.RowHighlighted)
    def _row_changed(self, message: VirtualTable.RowHighlighted) -> None:
        if message.row is None:
            self.forget("detail")
            self._detail = self._detail_of = None
            self.pane.show("")
        else:
            self._read_detail(message.row)
        self.refresh_bindings()

    def _read_detail(self, row: Row) -> None:
        def read(detail: Any) -> None:
            same = self._detail_of == row.key
            self._detail, self._detail_of = detail, row.key
            self.pane.show(self.draw_detail(detail), keep_place=same)
            self.refresh_bindings()

        def failed(error: PettyCashError) -> None:
            self.pane.show(f"Could not be read: {error.message}")

        if self._detail_of != row.key:
            self.pane.show("loading…")
        self.read("detail", self.read_detail, row.value, then=read, failed=failed)

    @on(VirtualTable.RowSelected)
    def _open_row(self, message: VirtualTable.RowSelected) -> None:
        message.stop()
        self.open_row()

    def open_row(self) -> None:
        """Enter was pressed on a row: go to its detail."""
        self.pane.focus()

    def action_back(self) -> None:
        """Go from the detail to the list, close the filter, or go back."""
        if self.pane.has_focus:
            self.table.focus()
        else:
            super().action_back()
