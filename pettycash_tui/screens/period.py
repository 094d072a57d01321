"""The period of a list as people type it: a month, a day, from one to the other, or a word such as `last month`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import parse_day

EXPECTED = (
    "must be a month (2026-03), a day, two of them with .. between (2026-03-01..2026-03-15), or words such as"
    " today, this week, last month, this year"
)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


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

    @property
    def words(self) -> str:
        """The period as it is read: a single day, a whole month or year, or from one day to the other."""
        first, last = self.first, self.last
        if first is None or last is None:
            return f"from {first}" if first else f"until {last}" if last else ""
        if first == last:
            return first.isoformat()
        if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
            return str(first.year)
        if first.day == 1 and last == _month(first.year, first.month).last:
            return first.isoformat()[:7]
        return self.text


def parse_period(typed: str, today: date | None = None) -> Period:
    """`2026-03`, `2026-03-14`, `2026-03-01..2026-03-15`, `2026-01..`, `..2026-02`, `2026`; empty for everything.

    With the company's calendar day `today` also words: those of `parse_day` (today, fri, -3d), and this and last week,
    month and year. A week begins on Monday. Raises InvalidInput for the field `period`.
    """
    text = typed.strip()
    if not text:
        return Period()
    start, separator, end = text.partition("..")
    first = _part(start, today)
    last = _part(end, today) if separator else first
    found = Period(first.first if first else None, last.last if last else None)
    if (first is None and last is None) or (found.first and found.last and found.last < found.first):
        raise InvalidInput.of(period=EXPECTED)
    return found


def _part(typed: str, today: date | None) -> Period | None:
    """The days that one part names; None for an empty part."""
    text = " ".join(typed.lower().split())
    if not text:
        return None
    named = _in_words(text, today) if today is not None else None
    if named is not None:
        return named
    month = _MONTH.fullmatch(text)
    try:
        if month is not None:
            return _month(int(month[1]), int(month[2]))
        if _YEAR.fullmatch(text):
            return Period(date(int(text), 1, 1), date(int(text), 12, 31))
        day = parse_day("period", text, today)
    except (ValueError, InvalidInput):
        # calendar's own error for a thirteenth month is a ValueError.
        raise InvalidInput.of(period=EXPECTED) from None
    return Period(day, day)


def _in_words(text: str, today: date) -> Period | None:
    monday = today - timedelta(days=today.weekday())
    before = date(today.year, today.month, 1) - timedelta(days=1)
    words = {
        "this week": Period(monday, monday + timedelta(days=6)),
        "last week": Period(monday - timedelta(days=7), monday - timedelta(days=1)),
        "this month": _month(today.year, today.month),
        "last month": _month(before.year, before.month),
        "this year": Period(date(today.year, 1, 1), date(today.year, 12, 31)),
        "last year": Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
    return words.get(text)


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
