"""NO_COLOR: what is drawn keeps bold, reverse and underline, and loses every colour (https://no-color.org)."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

MARKS = """
OptionList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
"""
"""CSS for what Textual marks by a colour alone, to be added to the app's. Its lists of options draw no reverse."""


class WithoutColour(LineFilter):
    """Takes the colours out of every line, not even naming the terminal's own."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text without colour."""
        return [
            Segment(text, None if style is None else _without_colour(style), control)
            for text, style, control in segments
        ]


@lru_cache(2048)
def _without_colour(style: Style) -> Style:
    return style.without_color
