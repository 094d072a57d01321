"""A list with the row under the cursor beside it (in a wide window) or below it (in a narrow one)."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from textual import on
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.background import BUSY_AFTER
from pettycash_tui.widgets.detail_pane import DetailPane
from pettycash_tui.widgets.paging import Row, RowSource
from pettycash_tui.widgets.plain import plain
from pettycash_tui.widgets.virtual_table import VirtualTable

WIDE = 120
"""Columns from which on the detail stands beside the list, which then has 70 of them for what it must show."""


PASSING = 0.1
"""Seconds: rows that follow each other sooner are passed by, and only the one that the cursor rests on is read."""


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
    ListAndDetail.-wide DetailPane {
        width: 40%; min-width: 50; max-width: 80; height: 100%; border-top: none; border-left: solid $primary 40%;
    }
    ListAndDetail.-wide DetailPane:focus { border-left: solid $primary; }
    ListAndDetail:ansi DetailPane { border-top: solid ansi_default; }
    ListAndDetail:ansi.-wide DetailPane { border-top: none; border-left: solid ansi_default; }
    """

    empty_text: str = "Nothing here."

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._detail: Any = None
        self._detail_of: object = None
        self._patience: Timer | None = None
        self._stepped_at = float("-inf")
        self._rest: Timer | None = None

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
    def is_gone(self) -> bool:
        """Whether the row under the cursor has left the list (somebody else took it) and only stays to be seen.

        Asked before acting on `value`: `if self.is_gone: self.tell("… is no longer here.")`; `check_action` may use it.
        """
        row = self.table.cursor_row if self.is_mounted else None
        return row is not None and row.gone

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

    def books_changed(self) -> None:
        """Show what somebody else did: rows that were taken stay where they are, marked."""
        self.table.refresh_rows(keep_gone=True)
        if self.table.cursor_row is not None:
            self._read_detail(self.table.cursor_row)

    def row_as_text(self, row: Row) -> str:
        """All that the detail says of a row, once it was read."""
        if self._detail is None or self._detail_of != row.key:
            return super().row_as_text(row)
        return self.draw_detail(self._detail).plain

    # -- the detail ----------------------------------------------------------------------------------------------------

    @on(VirtualTable.RowHighlighted)
    def _row_changed(self, message: VirtualTable.RowHighlighted) -> None:
        is_passing = monotonic() - self._stepped_at < PASSING
        self._stepped_at = monotonic()
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if message.row is None:
            self.forget("detail")
            self._detail = self._detail_of = None
            self._show_detail("")
        elif is_passing:
            # A key held down over a slow line: a detail for every row would cost more than the rows themselves.
            self._rest = self.set_timer(PASSING, self._read_where_it_rests)
        else:
            self._read_detail(message.row)
        self.refresh_bindings()

    def _read_where_it_rests(self) -> None:
        if self._rest is not None and self.table.cursor_row is not None:
            self._rest = None
            self._read_detail(self.table.cursor_row)

    def _read_detail(self, row: Row) -> None:
        def read(detail: Any) -> None:
            same = self._detail_of == row.key
            changed = not same or self._detail != detail
            self._detail, self._detail_of = detail, row.key
            self._show_detail(self.draw_detail(detail), keep_place=same)
            if changed:
                self.refresh_bindings()

        def failed(error: PettyCashError) -> None:
            self._show_detail(f"Could not be read: {error.message}")

        if self._detail_of != row.key and self._patience is None:
            # The detail of the row before stays for a moment: what is read sooner is drawn once, not twice.
            self._patience = self.set_timer(BUSY_AFTER, self._say_loading)
        self.read("detail", self.read_detail, row.value, then=read, failed=failed)

    def _say_loading(self) -> None:
        if self._patience is not None:  # the detail may have come while this was on its way
            self._show_detail("loading…")

    def _show_detail(self, content: Content | str, *, keep_place: bool = False) -> None:
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        drawn = content if isinstance(content, Content) else plain(content)
        if not (keep_place and self.pane.shows(drawn)):
            self.pane.show(drawn, keep_place=keep_place)

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
