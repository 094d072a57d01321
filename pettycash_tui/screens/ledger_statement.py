"""A fund's statement of a month: chosen, shown as it is printed, and exported whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import ClassVar

from textual.binding import BindingType

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.export_kinds import statement_kinds
from pettycash_tui.screens.export_prompt import ExportPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import statements
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.work import Reading

MONTHS = 36
"""How many months back one can choose; older ones are asked of the command."""

MOST_SHOWN = 1000
"""Movements that the window shows: it is for looking, a file has them all."""


class StatementWindow(TextWindow):
    """Shows a statement, and exports it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("statement")]

    def __init__(self, owner: DeskScreen, fund: str, month: str, text: str) -> None:
        super().__init__(f"Statement of {fund}, {month}", text, wrap=False, wide=True)
        self._owner = owner
        self._fund = fund
        self._month = month

    def keys_named(self) -> list[str]:
        """The keys of a text, and the one that exports."""
        return [f"{key('statement.export')} exports", *super().keys_named()]

    def action_export(self) -> None:
        """Ask what kind of file; or show the export that is under way."""
        kinds = statement_kinds(self._fund, self._month)
        self.app.push_screen(ExportPrompt(self._owner, f"Statement of {self._fund}, {self._month}", kinds))


class Stating(DeskScreen):
    """A screen of one fund that shows its statements."""

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        raise NotImplementedError

    def action_statement(self) -> None:
        """Choose a month, and show the fund's statement of it."""
        fund = self.fund
        if fund is None:
            return

        def chosen(month: str | None) -> None:
            if month is not None:
                self.ask("statement", _drawn, fund.code, month, then=lambda text: show(month, text))

        def show(month: str, text: str) -> None:
            self.app.push_screen(StatementWindow(self, fund.code, month, text))

        lines = [(month, month) for month in _months(self.context.day())]
        self.app.push_screen(ChoicePrompt(f"Statement of {fund.code} for which month?", lines), chosen)


def _months(today: date) -> Iterator[str]:
    day = today
    for _ in range(MONTHS):
        yield f"{day:%Y-%m}"
        day = day.replace(day=1) - timedelta(days=1)


def _drawn(reading: Reading, fund: str, month: str) -> str:
    from pettycash_tui.printing.statement import StatementPaper

    found, book = statements.open_statement(reading, fund, month)
    paper = StatementPaper(found)
    lines = (line for page in statements.movements(reading, book) for line in page)
    drawn = [*paper.head(), paper.columns, *paper.body(islice(lines, MOST_SHOWN))]
    if found.entries > MOST_SHOWN:
        drawn.append(f"… {found.entries - MOST_SHOWN:,} movements more: export the statement to have them all.")
    return "\n".join([*drawn, *paper.foot()])
