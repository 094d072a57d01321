"""Lines of a fixed width, counted in terminal cells: what is printed looks on paper as it does in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from pettycash_tui.models.text import printable

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of a paper: its heading, its width in cells, and whether it holds figures."""

    title: str
    width: int
    is_figure: bool = False


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Text in so many cells: cut with an ellipsis. Figures are never cut: theirs are as wide as the widest."""
    shown = " ".join(printable(text).split())
    if right:
        return " " * (width - cell_len(shown)) + shown
    if cell_len(shown) <= width:
        return set_cell_size(shown, width)
    return set_cell_size(shown, width - 1).rstrip() + ELLIPSIS


def row(columns: Sequence[Cells], texts: Sequence[str]) -> str:
    """One line of a table, without trailing blanks."""
    parts = []
    for column, text in zip(columns, texts, strict=True):
        part = cell(text, column.width, right=column.is_figure)
        parts.append(part + " " * max(0, column.width - cell_len(part)))
    return " ".join(parts).rstrip()


def heading(columns: Sequence[Cells]) -> str:
    """The headings of a table."""
    return row(columns, [column.title for column in columns])
