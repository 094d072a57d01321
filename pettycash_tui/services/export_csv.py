"""Writing rows as CSV (RFC 4180): a line of headings, CR LF, quotes where they are needed, numbers as numbers.

A spreadsheet runs a cell that begins like a formula. Text from people that does gets an apostrophe before it, as OWASP
advises against CSV injection; numbers and dates are the program's own and stay as they are.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from io import TextIOWrapper
from typing import BinaryIO
from zoneinfo import ZoneInfo

from pettycash_tui.models.money import Money
from pettycash_tui.models.text import printable, without_invisible
from pettycash_tui.services.export_request import ExportColumn, Value, Values

_STARTS = frozenset("=+-@\u2212")
_SEPARATES = frozenset(";\t\n")
_PARTS = re.compile(r"([;\t\n])")


def begins_a_formula(text: str) -> bool:
    """Whether a spreadsheet could take the text for a formula: `=`, `+`, `-`, `@`, also full-width, or a blank one."""
    if not text or (text[0].isascii() and text[0].isalnum()):
        return False
    if text[0] in "\t\r\n":
        return True
    first = without_invisible(text)[:1]
    return first in _STARTS or unicodedata.normalize("NFKC", first) in _STARTS


def guarded(text: str) -> str:
    """Text as a cell that no spreadsheet runs."""
    shown = printable(text, multiline=True)
    if not _SEPARATES.isdisjoint(shown):
        # A spreadsheet that separates by semicolons makes cells of the parts, quotes or not.
        parts = _PARTS.split(shown)
        shown = parts[0] + "".join(
            separator + (f"'{part}" if begins_a_formula(part) else part)
            for separator, part in zip(parts[1::2], parts[2::2], strict=True)
        )
    return f"'{shown}" if begins_a_formula(shown) or begins_a_formula(text) else shown


class CsvFile:
    """Rows as they come, in constant memory. `with_mark`: begin with the UTF-8 mark, by which Excel knows UTF-8."""

    sheets = 1

    def __init__(self, file: BinaryIO, columns: Sequence[ExportColumn], zone: ZoneInfo, *, with_mark: bool) -> None:
        self._zone = zone
        self._text = TextIOWrapper(file, encoding="utf-8-sig" if with_mark else "utf-8", newline="")
        self._lines = csv.writer(self._text, lineterminator="\r\n")
        self._lines.writerow([guarded(column.title) for column in columns])

    def write(self, rows: Sequence[Values]) -> None:
        """Add rows."""
        cell = self._cell
        self._lines.writerows([cell(value) for value in row] for row in rows)

    def finish(self) -> None:
        """Write what is left; the file itself stays open."""
        self._text.detach()

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""
        with suppress(OSError, ValueError):
            self._text.detach()

    def _cell(self, value: Value) -> str | int:
        return "" if value is None else _WRITTEN[type(value)](value, self._zone)


def _moment(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).isoformat(timespec="seconds")


_WRITTEN: dict[type, Callable[..., str | int]] = {
    str: lambda value, _: guarded(value),
    int: lambda value, _: value,
    Money: lambda value, _: value.plain(),
    date: lambda value, _: value.isoformat(),
    datetime: _moment,
}
