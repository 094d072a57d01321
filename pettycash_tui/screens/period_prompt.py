"""Asks which period a list is to show."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding
from pettycash_tui.screens.period import Period, parse_period
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.widgets.plain import Field, PlainText, show_field_errors


class PeriodPrompt(ModalScreen[Period | None]):
    """A month, a day, or from one to the other; empty for everything, esc for what it was."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("form.submit")]
    DEFAULT_CSS = """
    PeriodPrompt { align: center middle; }
    PeriodPrompt > Vertical {
        width: 64; max-width: 100%; height: auto; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    PeriodPrompt .title { text-style: bold; color: $primary; margin-bottom: 1; }
    PeriodPrompt .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, period: Period) -> None:
        super().__init__()
        self._period = period

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText("Which period?", classes="title")
            yield Field("period", "Period", Input(self._period.text, placeholder="2026-03 or 2026-03-01..2026-03-15"))
            yield PlainText("empty shows everything · enter shows it · esc leaves", classes="foot")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Show it."""
        try:
            self.dismiss(parse_period(self.query_one(Input).value))
        except InvalidInput as error:
            show_field_errors(self, error)

    def action_back(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
