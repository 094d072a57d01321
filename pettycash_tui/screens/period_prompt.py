"""Asks which period a list is to show."""

from __future__ import annotations

from datetime import date

from pettycash_tui.screens.line_prompt import LinePrompt
from pettycash_tui.screens.period import Period, parse_period


class PeriodPrompt(LinePrompt[Period]):
    """A month, a day, or from one to the other, in figures or words; empty for everything, esc for what it was."""

    title_text = "Which period?"
    field = "period"
    label = "Period"
    example = "2026-03, 2026-03-01..2026-03-15, this month"
    foot = (
        "today · yesterday · this week · last week · this month\n"
        "last month · this year · last year · 2026-03-14 · 2026-03-01..\n"
        "empty shows everything"
    )
    entered = "shows it"

    def __init__(self, period: Period, today: date | None = None) -> None:
        super().__init__(period.text)
        self._today = today

    def understood(self, typed: str) -> Period:
        """The period that was typed."""
        return parse_period(typed, self._today)
