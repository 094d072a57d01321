"""Lines that go on below their own text: under what a label says, or behind a mark, never under the label itself."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions

from pettycash_tui.models.text import printable
from pettycash_tui.widgets.cells import fit

BETWEEN = " · "
"""What stands between the parts of a line."""

_MOST = 2
"""What is left for the text where the label takes more than this part of the width: nothing worth an indent."""


class HangingText(Content):
    """Lines, each with the number of characters before its text (a label, a mark, an indent).

    It is content like any other; only where a line is wider than the widget is it broken differently.
    """

    def __init__(self, lines: Iterable[tuple[Content, int]] = ()) -> None:
        self._parts = tuple(lines)
        whole = Content("\n").join(line for line, _ in self._parts)
        super().__init__(whole.plain, list(whole.spans))
        self._broken: tuple[int, Content] | None = None

    def broken(self, width: int) -> Content:
        """The same with its lines broken for a width in cells."""
        if self._broken is None or self._broken[0] != width:
            broken = [piece for line, before in self._parts for piece in pieces(line, before, width)]
            self._broken = (width, Content("\n").join(broken))
        return self._broken[1]

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._shown(rules, width).get_height(rules, width)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self._shown(options.rules, width).render_strips(width, height, style, options)

    def _shown(self, rules: RulesMap, width: int) -> Content:
        wraps = width > 0 and rules.get("text_wrap", "wrap") != "nowrap"
        return self.broken(width) if wraps else Content(self.plain, list(self.spans))


def in_lines(text: str, width: int, most: int) -> str:
    """A text on so many lines at most, broken at its words; what is too long for them is cut with `…`."""
    rest = " ".join(printable(text).split())
    lines: list[str] = []
    while rest and len(lines) < most - 1:
        first = Content(rest).wrap(width)[0].plain.rstrip()
        lines.append(first)
        rest = rest.removeprefix(first).lstrip()
    return "\n".join([*lines, fit(rest, width).rstrip()] if rest else lines)


def pieces(line: Content, before: int, width: int) -> list[Content]:
    """One line, broken for a width in cells; `before`: the characters before its text."""
    if line.cell_length <= width:
        return [line]
    head, text = line[:before], line[before:]
    indent = head.cell_length
    if not indent or indent > width // _MOST:
        return line.wrap(width)
    first, *further = _filled(text, width - indent)
    return [head + first, *(piece.pad_left(indent) for piece in further)]


def _filled(text: Content, width: int) -> list[Content]:
    """The text in lines, broken between its parts where it has any: a date and its time stay together."""
    filled: list[Content] = []
    for part in text.split(BETWEEN):
        longer = filled[-1] + Content(BETWEEN) + part if filled else None
        if longer is not None and longer.cell_length <= width:
            filled[-1] = longer
        else:
            filled.append(part)
    return [piece for line in filled for piece in line.wrap(width)]
