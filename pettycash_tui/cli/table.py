"""Tables and detail views as plain text: aligned by terminal cells, clipped to a width, without boxes.

Knows nothing of terminals and colours; `output` decides where the lines go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal

from pettycash_tui.models.text import printable

GAP = "  "
ELLIPSIS = "…"
# Below this a cell says nothing any more.
NARROWEST = 4

Getter = str | Callable[[Any], Any]

_zone: ContextVar[tzinfo | None] = ContextVar("zone", default=None)


def show_times_in(timezone: str) -> None:
    """Show moments in this time zone from now on: the company's, whoever reads them from wherever."""
    from zoneinfo import ZoneInfo

    _zone.set(ZoneInfo(timezone))


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: its heading, and where its value comes from.

    `getter` is a path of attributes (`"fund.code"`) or a function of the item. Without `align`, money and numbers stand
    on the right. Columns are clipped, the widest first, down to `min_width`; by default the first column (the number a
    person would type next) and numbers are never clipped, since half an amount is a wrong amount.
    """

    title: str
    getter: Getter
    align: Literal["left", "right"] | None = None
    min_width: int | None = None
    max_width: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and the items they show."""

    columns: Sequence[ColumnSpec]
    items: Sequence[Any]


def value_of(item: Any, getter: Getter) -> Any:
    """The value a getter names; None anywhere along a path gives None."""
    if callable(getter):
        return getter(item)
    value = item
    for name in getter.split("."):
        if value is None:
            return None
        value = value.get(name) if isinstance(value, dict) else getattr(value, name)
    return value


def shown(value: Any) -> str:
    """A value as a person reads it: `KES 1,250.50`, `2026-11-21 14:05`, `yes`, a reference by its handle."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return str(getattr(value, "value", value))
    if isinstance(value, tuple | list):
        return ", ".join(shown(item) for item in value)
    from datetime import datetime
    from enum import Enum

    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        zone = _zone.get()
        return (value.astimezone(zone) if zone is not None else value).strftime("%Y-%m-%d %H:%M")
    if type(value).__name__ in ("Ref", "PersonRef"):
        handles = (getattr(value, name, None) for name in ("number", "code", "username", "name"))
        return str(next((handle for handle in handles if handle), ""))
    return str(value)


def cells(text: str) -> int:
    """How many terminal cells `text` takes; wide characters take two."""
    if text.isascii():
        return len(text)
    from wcwidth import width

    return width(text, control_codes="ignore")


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells, ending in … where something was cut off."""
    if cells(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1].rstrip() + ELLIPSIS
    from wcwidth import clip

    return clip(text, 0, width - 1, propagate_sgr=False, control_codes="ignore").rstrip() + ELLIPSIS


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells; its own line breaks are kept."""
    lines: list[str] = []
    for line in printable(text, multiline=True).splitlines() or [""]:
        lines.extend(_wrapped_line(line, max(width, NARROWEST)) or [""])
    return lines


def _wrapped_line(line: str, width: int) -> list[str]:
    if line.isascii():
        from textwrap import wrap

        return wrap(line, width, break_on_hyphens=False)
    from wcwidth import wrap as wrap_cells

    return wrap_cells(line, width, propagate_sgr=False, break_on_hyphens=False)


def table_lines(table: Table, width: int, *, heading: Callable[[str], str] = str) -> list[str]:
    """The heading (as `heading` styles it) and one line per item, none wider than `width`.

    Where not even clipping makes the columns fit, each item is given as lines of its own instead.
    """
    columns = table.columns
    values = [[value_of(item, column.getter) for column in columns] for item in table.items]
    right = [_stands_right(column, [row[at] for row in values]) for at, column in enumerate(columns)]
    rows = [[printable(" ".join(shown(value).split())) for value in row] for row in values]
    widths = _widths(columns, rows, right, width)
    if widths is None:
        return _stacked(columns, rows, width)
    first, *others = [
        GAP.join(_cell(text, widths[at], right[at]) for at, text in enumerate(line)).rstrip()
        for line in [[column.title for column in columns], *rows]
    ]
    return [heading(first), *others]


def pair_lines(pairs: Sequence[tuple[str, Any]], width: int) -> list[str]:
    """Labels and their values, the values aligned and wrapped."""
    if not pairs:
        return []
    labels = [printable(label) for label, _ in pairs]
    indent = max(cells(label) for label in labels) + len(GAP)
    lines = []
    for label, (_, value) in zip(labels, pairs, strict=True):
        first, *others = wrapped(shown(value) or "–", width - indent)
        lines.append(f"{label}{' ' * (indent - cells(label))}{first}".rstrip())
        lines.extend(f"{' ' * indent}{line}".rstrip() for line in others)
    return lines


def _stands_right(column: ColumnSpec, values: Sequence[Any]) -> bool:
    if column.align is not None:
        return column.align == "right"
    from decimal import Decimal

    from pettycash_tui.models.money import Money

    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, Money | Decimal | int) and not isinstance(value, bool) for value in present
    )


def _cell(text: str, width: int, right: bool) -> str:
    text = clipped(text, width)
    padding = " " * (width - cells(text))
    return padding + text if right else text + padding


def _widths(
    columns: Sequence[ColumnSpec], rows: Sequence[Sequence[str]], right: Sequence[bool], width: int
) -> list[int] | None:
    """How wide each column becomes, or None when they cannot fit."""
    natural, least = [], []
    for at, column in enumerate(columns):
        content = max((cells(row[at]) for row in rows), default=0)
        wanted = max(content, cells(column.title), column.min_width or 0)
        if column.max_width is not None:
            wanted = min(wanted, max(column.max_width, NARROWEST))
        natural.append(wanted)
        whole = wanted if right[at] or at == 0 else NARROWEST
        least.append(min(wanted, column.min_width if column.min_width is not None else whole))
    room = width - len(GAP) * (len(columns) - 1)
    while sum(natural) > room:
        slack = [at for at in range(len(columns)) if natural[at] > least[at]]
        if not slack:
            return None
        natural[max(slack, key=lambda at: natural[at])] -= 1
    return natural


def _stacked(columns: Sequence[ColumnSpec], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        lines.extend(pair_lines([(column.title, text) for column, text in zip(columns, row, strict=True)], width))
    return lines
