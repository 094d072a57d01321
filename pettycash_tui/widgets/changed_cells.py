"""Only the cells that look different are sent to the terminal.

Textual draws a whole widget again when it scrolls, and the whole screen after any change of layout: at 80x24 that was
9 to 12 KB for one step of the cursor with a detail below the list, and a start took 33 KB. This keeps what the terminal
shows and sends the difference: 0.5 to 1.7 KB, and 11 KB. An app inherits `ThinLine` first among its bases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.cells import get_character_cell_size
from rich.console import Console, RenderableType
from rich.style import Style
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

_BRIDGE = 3
"""Cells that have not changed are sent again rather than stepped over when they are no more than this."""

_MOST_STYLES = 4096

_NOWHERE = -1

_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
"""What is seen on a blank as well: underlined, reversed, struck out, underlined twice, overlined."""


_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""What ends an attribute. The colours that stay need not be sent again, as they must after a 0."""


class Look(NamedTuple):
    """How a cell is drawn: attributes, the colour of the text, that behind it, each as the terminal's own numbers."""

    attributes: frozenset[str] = frozenset()
    front: str = ""
    back: str = ""

    def on_blank(self) -> Look:
        """What of it is seen on a blank."""
        if self.attributes & _ON_BLANKS:
            return self
        return Look(back=self.back)


Cell = tuple[str, Look]
"""What stands in one cell. Text that is not one cell for each character stands whole in its first; others are empty."""

Piece = tuple[int, Strip]
"""A part of a line from a column on."""

_PLAIN = Look()
_UNKNOWN: Cell = ("\0", _PLAIN)


class Shown:
    """The cells of a terminal as they were drawn last."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._lines: list[list[Cell]] = []
        self._drawn: list[list[Piece]] = []
        self._looks: dict[Style | None, tuple[Look, Look]] = {None: (_PLAIN, _PLAIN)}

    def forget(self) -> None:
        """What the terminal shows is not known any more: the next drawing is sent whole."""
        self._lines = [[_UNKNOWN] * self._size[0] for _ in range(self._size[1])]
        self._drawn = [[] for _ in range(self._size[1])]

    def draw(self, update: LayoutUpdate | ChopsUpdate, size: tuple[int, int], console: Console) -> str:
        """What to send so that the terminal shows this too; empty when it does already."""
        if size != self._size:
            self._size = size
            self.forget()
        pen = _Pen()
        for y, pieces in _lines(update):
            if y >= size[1] or pieces == self._drawn[y]:
                continue  # nobody has drawn on this line since
            line = self._lines[y][:]
            for x, strip in pieces:
                cells = self._cells(strip, console)[: max(0, size[0] - x)]
                line[x : x + len(cells)] = cells
            _send_line(pen, y, self._lines[y], line)
            self._lines[y], self._drawn[y] = line, pieces
        return pen.finish()

    def _cells(self, strip: Strip, console: Console) -> list[Cell]:
        cells: list[Cell] = []
        for segment in strip:
            look, blank = self._look(segment.style, console)
            text, width = segment.text, segment.cell_length
            if text.isascii() or all(get_character_cell_size(character) == 1 for character in text):
                cells += [(character, blank if character == " " else look) for character in text]
            elif width:
                cells.append((text, look))
                cells += [("", look)] * (width - 1)
        return cells

    def _look(self, style: Style | None, console: Console) -> tuple[Look, Look]:
        """How a style is drawn, and what of it is seen on a blank."""
        looks = self._looks.get(style)
        if looks is None:
            if len(self._looks) > _MOST_STYLES:
                self._looks = {None: (_PLAIN, _PLAIN)}
            assert style is not None
            system = console._color_system
            look = look_of(Strip.render_ansi(style, system)) if system else _PLAIN
            looks = self._looks[style] = (look, look.on_blank())
        return looks


def look_of(numbers: str) -> Look:
    """The look that `ESC [ numbers m` gives: `1;38;2;255;0;0` is bold and red."""
    attributes: set[str] = set()
    colours = {"3": "", "4": ""}
    given = iter(numbers.split(";") if numbers else ())
    for number in given:
        if number in ("38", "48"):
            kind = next(given, "5")
            rest = [next(given, "0") for _ in range(3 if kind == "2" else 1)]
            colours[number[0]] = ";".join((number, kind, *rest))
        elif len(number) > 1 and number[:-1] in ("3", "9"):
            colours["3"] = number
        elif len(number) > 1 and number[:-1] in ("4", "10"):
            colours["4"] = number
        else:
            attributes.add(number)
    return Look(frozenset(attributes), colours["3"], colours["4"])


class _Pen:
    """Writes cells: the cursor is moved and the style changed only where they must."""

    def __init__(self) -> None:
        self._sent: list[str] = []
        self._at: tuple[int, int] | None = None
        self._look = _PLAIN

    def write(self, x: int, y: int, cells: list[Cell]) -> None:
        """Write cells from a place on."""
        self._go(x, y)
        for place, (text, look) in enumerate(cells, x):
            if len(text) == 1:
                self._go(place, y)
                self._at = (place + 1, y)
            elif text:
                # How many cells this takes is what the terminal thinks: after it the cursor is put where it belongs.
                self._at = (_NOWHERE, y)
            if look is not self._look and look != self._look:
                self._change(look, is_blank=text == " ")
            self._sent.append(text)

    def _go(self, x: int, y: int) -> None:
        if self._at == (x, y):
            return
        is_on_line = self._at is not None and self._at[1] == y
        self._sent.append(f"\x1b[{x + 1}G" if is_on_line else f"\x1b[{y + 1};{x + 1}H")
        self._at = (x, y)

    def _change(self, look: Look, *, is_blank: bool) -> None:
        before = self._look
        if is_blank and look == before.on_blank():
            return  # on a blank the colour of the text and bold are not seen
        self._sent.append(f"\x1b[{';'.join(_numbers(before, look))}m")
        self._look = look

    def finish(self) -> str:
        """All that is to be sent; what others write after it is drawn plainly."""
        return "".join(self._sent) + ("\x1b[0m" if self._look != _PLAIN else "")


def _numbers(before: Look, look: Look) -> list[str]:
    """The shortest way from one look to another."""
    ended = before.attributes - look.attributes
    numbers = sorted({_OFF.get(number, "0") for number in ended})
    if (before.front and not look.front) or (before.back and not look.back) or "0" in numbers:
        numbers, before = ["0"], _PLAIN
    # Bold and dim are ended together.
    kept = before.attributes - {"1", "2"} if "22" in numbers else before.attributes
    numbers += sorted(look.attributes - kept)
    numbers += [look.front] if look.front != before.front else []
    numbers += [look.back] if look.back != before.back else []
    return numbers


def _send_line(pen: _Pen, y: int, old: list[Cell], new: list[Cell]) -> None:
    if old == new:
        return
    x, end = 0, len(new)
    while x < end:
        if old[x] == new[x]:
            x += 1
            continue
        start = x
        while start and not new[start][0]:
            start -= 1
        x = _end_of_change(old, new, x)
        pen.write(start, y, new[start:x])


def _end_of_change(old: list[Cell], new: list[Cell], x: int) -> int:
    """The cell after a run of changes; a few cells of the same style that have not changed do not end it."""
    end = len(new)
    last = x + 1
    while x < end:
        if old[x] != new[x] or not new[x][0]:
            last = x + 1
        elif x - last >= _BRIDGE or (new[x][1] != new[last - 1][1] and new[x][0] != " "):
            break
        x += 1
    return last


def _lines(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, list[Piece]]]:
    """What an update draws on each line."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x, pieces = update.region.x, []
            for strip in strips:
                pieces.append((x, strip))
                x += strip.cell_length
            yield y, pieces
        return
    for y, x1, x2 in update.spans:
        pieces = []
        for end, (x, drawn) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if drawn is not None and x <= x2 and end > x1:
                pieces.append((x, drawn if x1 <= x < x2 and end <= x2 else drawn.crop(0, min(end, x2) - x)))
        yield y, pieces


class _Ready(CompositorUpdate):
    """A drawing that is already in the terminal's words."""

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence

    def render_segments(self, console: Console) -> str:
        return self._sequence


class ThinLine(App[None]):
    """An app that sends a terminal only what has changed on it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._shown = Shown()

    def on_mount(self) -> None:
        """Begin anew after the program was suspended: meanwhile the terminal showed something else."""
        self.app_resume_signal.subscribe(self, lambda app: self._shown.forget())

    def on_resize(self, event: events.Resize) -> None:
        """Begin anew: a terminal moves its lines about when its size changes, even there and back."""
        self._shown.forget()

    def repaint(self) -> None:
        """Send everything again, for a terminal on which something else has written."""
        self._shown.forget()
        self.screen.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        is_sent = self._running and not self._closed and not self._batch_count and self._driver is not None
        if not is_sent or self.is_headless or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        sequence = self._shown.draw(renderable, (self.size.width, self.size.height), self.console)
        if sequence or self.screen.outer_size.clamp_offset(self.cursor_position) != self._previous_cursor_position:
            super()._display(screen, _Ready(sequence))  # type: ignore[arg-type]  # as Textual's own updates are
        else:
            self.post_display_hook()
