"""Conditions that narrow lists: days from and to, and a text found anywhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.sql import ColumnElement

from pettycash_tui.services.work import Reading


def between(
    column: ColumnElement[Any], first: date | None, last: date | None, reading: Reading
) -> list[ColumnElement[bool]]:
    """The condition that a moment lies on the days from `first` to `last`, both included."""
    utc = reading.now.tzinfo
    made = []
    if first is not None:
        made.append(column >= datetime(first.year, first.month, first.day, tzinfo=utc))
    if last is not None:
        made.append(column < datetime(last.year, last.month, last.day, tzinfo=utc) + timedelta(days=1))
    return made


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The condition that a column holds `text` anywhere, in any case; `%` and `_` mean themselves."""
    return column.icontains(text.strip(), autoescape=True)
