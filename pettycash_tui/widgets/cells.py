"""One line of a table: which columns have room, and text cut to the cells that a terminal gives it.

Width is counted in terminal cells: a wide character takes two, a combining one none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, get_character_cell_size, set_cell_size
from wcwidth import wcwidth

from pettycash_tui.models.text import REPLACEMENT, printable

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

    `role` is one of `theme.ROLES` ("good", "warn", …) or "". `align` overrides the column's. A text that its column is
    too narrow for takes the room of so many columns before it as `reach` allows, the nearest first.
    """

    text: str
    role: str = ""
    align: Align | None = None
    reach: int = 0


def fit(text: str, width: int, align: Align = "left") -> str:
    """`text` as exactly `width` cells: filtered, padded, or cut with `…`."""
    if width <= 0:
        return ""
    text = lined_up(printable(text[: width * _CHARACTERS_PER_CELL]))
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ELLIPSIS
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def lined_up(text: str) -> str:
    """`text` in characters that every terminal gives the same cells, so that the column behind it lines up.

    Terminals disagree on what joins several characters to one sign: a family is drawn as its members, a flag as its two
    letters, and signs lose their skin tone and variant. Names in combining scripts stay as they are.
    """
    return text if text.isascii() else "".join(map(_drawn, text))


@lru_cache(maxsize=4096)
def _drawn(character: str) -> str:
    point = ord(character)
    if point == 0x200D or 0xFE00 <= point <= 0xFE0F or 0x1F3FB <= point <= 0x1F3FF or 0xE0000 <= point <= 0xE0FFF:
        return ""
    if 0x1F1E6 <= point <= 0x1F1FF:
        return chr(point - 0x1F1E6 + ord("A"))
    return character if wcwidth(character) == get_character_cell_size(character) else REPLACEMENT


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


def reached(cells: Sequence[tuple[Cell, Column, int]]) -> list[tuple[Cell, Column, int]]:
    """Cells of a row with their widths, after those that reach have taken the room of cells before them."""
    drawn: list[tuple[Cell, Column, int]] = []
    for cell, column, size in cells:
        room, left = size, cell.reach
        while left and drawn and cell_len(printable(cell.text)) > room:
            room += GAP + drawn.pop()[2]
            left -= 1
        drawn.append((cell, column, room))
    return drawn
