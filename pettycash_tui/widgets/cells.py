"""One line of a table: which columns have room, and text cut to the cells that a terminal gives it.

Width is counted in terminal cells: a wide character takes two, a combining one none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from pettycash_tui.models.text import printable

ELLIPSIS = "…"
GAP = 2
"""Blank cells between two columns."""

# A stored text may pile thousands of combining characters on one cell: more than this many characters for each cell
# of the column are not even measured.
_CHARACTERS_PER_CELL = 8

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Either `width` fixes it in cells, or it takes a `share` of what is left, never less than `min_width`.
    `optional` columns are left out, the last first, where the window is too narrow for all.
    """

    key: str
    title: str
    width: int | None = None
    share: int = 1
    align: Align = "left"
    min_width: int = 6
    optional: bool = False

    @property
    def least(self) -> int:
        """The fewest cells it can be drawn in."""
        return self.min_width if self.width is None else self.width


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one column of one row: plain text, never markup.

    `role` is one of `theme.ROLES` ("good", "warn", …) or "". `align` overrides the column's.
    """

    text: str
    role: str = ""
    align: Align | None = None


def fit(text: str, width: int, align: Align = "left") -> str:
    """`text` as exactly `width` cells: filtered, padded, or cut with `…`."""
    if width <= 0:
        return ""
    text = printable(text[: width * _CHARACTERS_PER_CELL])
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ELLIPSIS
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def column_widths(columns: Sequence[Column], width: int) -> list[int]:
    """The width of each column in `width` cells; 0 for one that is left out."""
    chosen = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[index].least for index in chosen) + GAP * (len(chosen) - 1)

    for index in reversed(range(len(columns))):
        if columns[index].optional and needed() > width:
            chosen.remove(index)
    widths = [0] * len(columns)
    for index in chosen:
        widths[index] = columns[index].least
    flexible = [index for index in chosen if columns[index].width is None]
    spare = width - needed()
    shares = sum(columns[index].share for index in flexible)
    for index in flexible:
        if spare <= 0 or shares <= 0:
            break
        part = spare * columns[index].share // shares
        widths[index] += part
        spare -= part
        shares -= columns[index].share
    return widths
