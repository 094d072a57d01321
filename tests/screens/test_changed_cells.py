"""What is sent to the terminal is the difference, and the terminal shows the same as if everything had been sent."""

from __future__ import annotations

import random

import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from pettycash_tui.widgets.changed_cells import Look, Shown, look_of

WIDTH, HEIGHT = 30, 6
STYLES = [
    Style.parse("#ffffff on #000000"),
    Style.parse("bold #ffffff on #000000"),
    Style.parse("red on #000000"),
    Style.parse("reverse red on blue"),
    Style.parse("dim underline"),
    Style.parse("bold italic on #202020"),
    Style(),
]
WORDS = [
    "REQ-000139",
    "1,480.50",
    "   ",
    " ",
    "·",
    "現金出納",
    "Wanjikũ",
    "e\u0301tat",
    "現e\u0301",
    "▸✓",
    "─" * 9,
    "🙂",
]


def console() -> Console:
    return Console(force_terminal=True, color_system="truecolor", width=WIDTH, height=HEIGHT)


def a_line(chance: random.Random, width: int) -> Strip:
    segments = [Segment(chance.choice(WORDS), chance.choice(STYLES)) for _ in range(8)]
    # pyte scrolls when a combining character meets the last column of the last line; terminals do not.
    return Strip.join([Strip(segments).adjust_cell_length(width - 1), Strip([Segment("|", chance.choice(STYLES))])])


def whole(lines: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def seen(screen: pyte.Screen) -> list[list[object]]:
    """What a person sees: the colour of a blank's text and whether it is bold are not seen."""

    def cell(at: pyte.screens.Char) -> object:
        marks = (at.underscore, at.strikethrough, at.reverse)
        if at.data == " " and not any(marks):
            return " ", at.bg
        return at

    return [[cell(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


class Line:
    """Two terminals: one is sent the difference, the other everything."""

    def __init__(self) -> None:
        self.shown = Shown()
        self.thin, self.full = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)

    def draw(self, update: LayoutUpdate | ChopsUpdate) -> str:
        sent = self.shown.draw(update, (WIDTH, HEIGHT), console())
        pyte.Stream(self.thin).feed(sent)
        pyte.Stream(self.full).feed(update.render_segments(console()).replace("\n", ""))
        assert seen(self.thin) == seen(self.full)
        return sent


@pytest.mark.parametrize("seed", range(30))
def test_the_terminal_shows_the_same_as_if_everything_had_been_sent(seed: int) -> None:
    chance = random.Random(seed)
    lines = [a_line(chance, WIDTH) for _ in range(HEIGHT)]
    line = Line()
    line.draw(whole(lines))
    for _ in range(30):
        changed = chance.sample(range(HEIGHT), chance.randint(0, 3))
        for y in changed:
            lines[y] = a_line(chance, WIDTH)
        if chance.random() < 0.5 or not changed:
            line.draw(whole(lines))
        else:
            chops = [{0: lines[y]} if y in changed else {0: None} for y in range(HEIGHT)]
            spans = [(y, 0, WIDTH) for y in sorted(changed)]
            line.draw(ChopsUpdate(chops, spans, [[WIDTH]] * HEIGHT))


def test_parts_of_a_line_are_drawn_where_they_belong() -> None:
    line = Line()
    blank = Strip.blank(WIDTH, STYLES[0])
    line.draw(whole([blank] * HEIGHT))
    left, right = Strip([Segment("left side ", STYLES[1])]), Strip([Segment("0123456789abcdefghij", STYLES[2])])
    chops = [{0: left, 10: right} for _ in range(HEIGHT)]
    line.draw(ChopsUpdate(chops, [(1, 10, 30), (2, 0, 10), (3, 10, 15), (4, 5, 30)], [[10, WIDTH]] * HEIGHT))
    assert line.thin.display[1].rstrip() == " " * 10 + "0123456789abcdefghij"
    assert line.thin.display[2].rstrip() == "left side"
    assert line.thin.display[3].rstrip() == " " * 10 + "01234"


def test_what_is_there_already_sends_nothing() -> None:
    line = Line()
    lines = [a_line(random.Random(1), WIDTH) for _ in range(HEIGHT)]
    assert line.draw(whole(lines))
    assert line.draw(whole(lines)) == ""
    line.shown.forget()
    assert len(line.draw(whole(lines))) > WIDTH * HEIGHT


def test_one_letter_costs_a_few_bytes() -> None:
    line = Line()
    words = ["balance 1,480.50", "balance 1,490.50"]
    first, second = ([Strip([Segment(text.ljust(WIDTH), STYLES[0])])] * HEIGHT for text in words)
    line.draw(whole(first))
    sent = line.draw(whole([second[0], *first[1:]]))
    assert len(sent) < 50 and "9" in sent and "balance" not in sent


def test_after_another_size_everything_is_sent() -> None:
    shown = Shown()
    update = whole([a_line(random.Random(2), WIDTH) for _ in range(HEIGHT)])
    first = shown.draw(update, (WIDTH, HEIGHT), console())
    assert shown.draw(update, (WIDTH, HEIGHT), console()) == ""
    assert len(shown.draw(update, (WIDTH, HEIGHT + 1), console())) == len(first)


def test_without_colour_no_colour_is_sent() -> None:
    plain = Console(force_terminal=True, color_system=None, width=WIDTH, height=HEIGHT)
    sent = Shown().draw(whole([Strip([Segment("plain".ljust(WIDTH), STYLES[2])])] * HEIGHT), (WIDTH, HEIGHT), plain)
    assert "plain" in sent and "m" not in sent


@pytest.mark.parametrize(
    ("style", "look"),
    [
        ("bold #ff0000 on #010203", Look(frozenset({"1"}), "38;2;255;0;0", "48;2;1;2;3")),
        ("color(200) on color(17)", Look(frozenset(), "38;5;200", "48;5;17")),
        ("bright_red on bright_blue", Look(frozenset(), "91", "104")),
        ("underline2 default on default", Look(frozenset({"21"}), "39", "49")),
        ("none", Look()),
    ],
)
def test_a_style_is_read_as_the_terminal_reads_it(style: str, look: Look) -> None:
    assert look_of(Strip.render_ansi(Style.parse(style), ColorSystem.TRUECOLOR)) == look
