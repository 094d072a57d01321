"""Figures of one day after the other as a line of bars, one character each. It needs no colour.

Textual's own Sparkline says with colour what these say with height, and is no text that could be copied or printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"


def sparkline(figures: Sequence[Decimal], width: int | None = None) -> str:
    """A character for each figure, the highest bar for the largest; a dot where there was nothing.

    With `width`, only the last so many figures.
    """
    if width is not None:
        figures = figures[-width:] if width > 0 else ()
    most = max(figures, default=Decimal(0))
    return "".join(_bar(figure, most) for figure in figures)


def _bar(figure: Decimal, most: Decimal) -> str:
    if figure <= 0:
        return NOTHING
    return BARS[min(len(BARS) - 1, int(figure * len(BARS) / most))] if figure < most else BARS[-1]
