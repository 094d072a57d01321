"""The period of a list as people type it: a month, a day, or from one to the other."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import parse_day

EXPECTED = "must be a month (2026-03), a day, or two of them with .. between (2026-03-01..2026-03-15)"
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)


class Period(NamedTuple):
    """From the first day to the last, both included; None is open."""

    first: date | None = None
    last: date | None = None

    @property
    def text(self) -> str:
        """The period as it can be typed; empty when everything is shown."""
        if self.first is None and self.last is None:
            return ""
        return f"{self.first or ''}..{self.last or ''}"


def parse_period(typed: str) -> Period:
    """`2026-03`, `2026-03-14`, `2026-03-01..2026-03-15`, `2026-01..`, `..2026-02`; empty for everything.

    Raises InvalidInput for the field `period`.
    """
    text = typed.strip()
    if not text:
        return Period()
    start, separator, end = text.partition("..")
    first = _day(start, is_end=False)
    last = _day(end, is_end=True) if separator else _day(start, is_end=True)
    if (first is None and last is None) or (first and last and last < first):
        raise InvalidInput.of(period=EXPECTED)
    return Period(first, last)


def _day(text: str, *, is_end: bool) -> date | None:
    """The day that was typed, or the first or last of the month."""
    text = text.strip()
    if not text:
        return None
    month = _MONTH.fullmatch(text)
    try:
        if month is None:
            return parse_day("period", text)
        year, number = int(month[1]), int(month[2])
        return date(year, number, monthrange(year, number)[1] if is_end else 1)
    except (ValueError, InvalidInput):
        # calendar's own error for a thirteenth month is a ValueError.
        raise InvalidInput.of(period=EXPECTED) from None
