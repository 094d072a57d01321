"""Looks: contrast and colour vision, the terminal's colours, what terminals cannot draw, and columns that line up."""

from __future__ import annotations

import itertools
import subprocess
import sys
import unicodedata
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.color import Color
from wcwidth import wcswidth

from pettycash_tui import terminal
from pettycash_tui.models.enums import PaymentStatus, ReplenishmentStatus, RequisitionStatus, StepStatus
from pettycash_tui.theme import (
    ANSI,
    COLOUR_BLIND,
    DARK,
    LIGHT,
    THEME_NAMES,
    first_theme,
    known_statuses,
    status_mark,
    themes,
)
from pettycash_tui.widgets.cells import fit, lined_up
from pettycash_tui.widgets.plain import PlainText
from pettycash_tui.widgets.status_bar import SignedIn, StatusBar

OWN_COLOURS = [theme for theme in themes() if theme.name != ANSI]
ROLES = ("success", "warning", "error", "accent")

# How people without one kind of cone see: Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Triple = tuple[float, float, float]


def linear(colour: str) -> Triple:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in Color.parse(colour).normalized
    )
    return red, green, blue


def seen(colour: str, vision: str) -> Triple:
    """The colour in CIE Lab, as somebody with this vision sees it."""
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True)))) for row in VISIONS[vision]
    )

    def root(value: float) -> float:
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047)
    y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(first: str, second: str, vision: str) -> float:
    pairs = zip(seen(first, vision), seen(second, vision), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def contrast(first: str, second: str) -> float:
    """The contrast of WCAG 2."""
    light, dark = sorted(
        (0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(linear, (first, second))),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_every_text_has_a_contrast_of_4_5_on_everything_it_stands_on(theme: object) -> None:
    for ground in ("background", "surface", "panel"):
        for role in (*ROLES, "foreground", "primary"):
            assert contrast(getattr(theme, role), getattr(theme, ground)) >= 4.5, (role, ground)
    variables = theme.variables  # type: ignore[attr-defined]
    for part in ("", "-blurred"):
        pair = variables[f"block-cursor{part}-foreground"], variables[f"block-cursor{part}-background"]
        assert contrast(*pair) >= 4.5, part


@pytest.mark.parametrize("vision", VISIONS)
def test_the_colour_blind_theme_keeps_its_roles_apart_for_every_vision(vision: str) -> None:
    theme = next(theme for theme in themes() if theme.name == COLOUR_BLIND)
    for first, second in itertools.combinations(ROLES, 2):
        assert apart(getattr(theme, first), getattr(theme, second), vision) >= 25, (first, second)  # type: ignore[arg-type]
    levels = sorted(seen(getattr(theme, role), vision)[0] for role in ("success", "warning", "error"))
    assert all(higher - lower >= 5 for lower, higher in itertools.pairwise(levels)), "they differ in lightness too"


def test_good_and_bad_are_apart_in_every_theme_for_every_vision() -> None:
    for theme in OWN_COLOURS:
        for vision in VISIONS:
            assert apart(theme.success, theme.error, vision) >= 25, (theme.name, vision)  # type: ignore[arg-type]


@pytest.mark.parametrize("states", [RequisitionStatus, PaymentStatus, ReplenishmentStatus, StepStatus])
def test_every_state_has_a_mark_and_a_word_of_its_own(states: type[StrEnum]) -> None:
    assert {state.value for state in states} <= known_statuses()
    shown = [status_mark(state.value) for state in states]
    assert all(len(mark.mark) == 1 and mark.word.strip() for mark in shown)
    assert len({mark.word for mark in shown}) == len(shown)


def test_marks_tell_good_from_bad_without_any_colour() -> None:
    marks: dict[str, set[str]] = {}
    for status in known_statuses():
        marks.setdefault(status_mark(status).role, set()).add(status_mark(status).mark)
    for first, second in itertools.combinations(("good", "warn", "bad"), 2):
        assert not marks[first] & marks[second], (first, second)


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, DARK),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, DARK),
        ({"TERM": "tmux-256color"}, DARK),
        ({"TERM": "linux"}, ANSI),
        ({"TERM": "xterm"}, ANSI),
        ({"TERM": "xterm-16color"}, ANSI),
        ({"TERM": "screen"}, ANSI),
        ({"TERM": "linux", "PETTYCASH_THEME": "colour-blind"}, COLOUR_BLIND),
        ({"TERM": "xterm-256color", "PETTYCASH_THEME": "light"}, LIGHT),
        ({"TERM": "xterm-256color", "PETTYCASH_THEME": "pink"}, DARK),
    ],
)
def test_a_terminal_of_sixteen_colours_gets_its_own(environment: dict[str, str], theme: str) -> None:
    assert first_theme(environment) == theme


def test_the_theme_chosen_before_is_worn_again_and_the_variable_comes_first() -> None:
    many = {"TERM": "xterm-256color"}
    assert first_theme(many, "light") == LIGHT
    assert first_theme({**many, "PETTYCASH_THEME": "ansi"}, "light") == ANSI
    assert {theme.name for theme in themes()} == set(THEME_NAMES.values())


# -- what cannot draw --------------------------------------------------------------------------------------------------


def told(encoding: str = "utf-8", is_terminal: bool = True, **environment: str) -> str:
    return terminal.why_no_screen(environment, is_terminal=is_terminal, encoding=encoding)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LANG": "en_US.UTF-8"},
        {"LANG": "de_DE.utf8"},
        {"LANG": "C.UTF-8"},
        {"LC_ALL": "C.UTF-8", "LANG": "C"},
        {"LC_CTYPE": "UTF-8"},
        {"LC_CTYPE": "en_GB.UTF-8", "LANG": "C"},
        {"LANG": "sr_RS.UTF-8@latin"},
        {"LC_CTYPE": "C.UTF-8"},
    ],
)
def test_a_terminal_of_utf_8_is_taken(environment: dict[str, str]) -> None:
    assert told(TERM="xterm-256color", **environment) == ""


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "(LANG=C)"),
        ({"LANG": "POSIX"}, "Set LANG=C.UTF-8"),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "Set LC_ALL=C.UTF-8"),
        ({"LANG": "en_US.ISO-8859-1"}, "(LANG=en_US.ISO-8859-1)"),
        ({"LANG": "en_US"}, "(LANG=en_US)"),
        ({"LC_CTYPE": "de_DE@euro", "LANG": "C.UTF-8"}, "Set LC_CTYPE=C.UTF-8"),
    ],
)
def test_a_terminal_without_utf_8_is_told_what_to_set(environment: dict[str, str], sentence: str) -> None:
    assert sentence in told(TERM="xterm", **environment)


def test_what_is_no_terminal_or_cannot_draw_is_told() -> None:
    assert told(is_terminal=False, TERM="xterm").startswith("The desk needs a terminal")
    assert told().startswith("TERM is not set") and told(TERM="").startswith("TERM is not set")
    assert "(TERM=dumb)" in told(TERM="dumb") and "(TERM=unknown)" in told(TERM="unknown")
    for encoding in ("latin-1", "ascii", "", "no such", "\x00"):
        assert "not set to UTF-8" in told(encoding, TERM="xterm", LANG="C.UTF-8")


def test_the_terminal_is_looked_at_before_anything_heavy_is_loaded() -> None:
    code = (
        "import sys; from pettycash_tui.terminal import why_no_screen;"
        "print({'textual', 'rich', 'sqlalchemy'} & {name.partition('.')[0] for name in sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


# -- wide characters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Kobe Tools 神戸工具", "Kobe Tools 神戸工具"),
        ("José Álvarez", "José Álvarez"),
        ("Jose\u0301", "Jose\u0301"),
        ("Wanjikũ Mũthoni", "Wanjikũ Mũthoni"),
        ("نسرین می\u200cخواهم", "نسرین می\u200cخواهم"),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("🇰🇪 Kenya", "KE Kenya"),
        ("👍🏽 done", "👍 done"),
        ("❤️", "❤"),
        ("葛\U000e0100城", "葛城"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Alba", "🏴 Alba"),
    ],
)
def test_names_are_drawn_in_signs_that_every_terminal_gives_the_same_cells(name: str, drawn: str) -> None:
    assert lined_up(name) == drawn
    assert wcswidth(drawn) == cell_len(drawn)
    for width in (1, 2, 3, 5, 12, 40):
        for align in ("left", "right"):
            assert cell_len(fit(name, width, align)) == wcswidth(fit(name, width, align)) == width  # type: ignore[arg-type]


# Terminals differ on the vowel signs of Indic scripts (category Mc), and a name cannot be written without them.
texts = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda c: unicodedata.category(c) != "Mc"), max_size=30)


@given(texts, st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_a_cell_is_always_exactly_as_wide_as_its_column(text: str, width: int, align: str) -> None:
    cell = fit(text, width, align)  # type: ignore[arg-type]
    assert cell_len(cell) == wcswidth(cell) == width


@given(st.text(max_size=300), st.integers(1, 40))
def test_whatever_is_stored_the_column_behind_it_stays_in_its_place(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


def test_a_name_of_200_characters_and_a_tower_of_accents_fit_their_cells() -> None:
    assert fit("x" * 200, 10) == "x" * 9 + "…"
    assert wcswidth(fit("神" * 200, 10)) == 10
    assert wcswidth(fit("e" + "\u0301" * 10_000, 10)) == 10


# -- the line at the top -----------------------------------------------------------------------------------------------


class Bar(App[None]):
    def compose(self) -> ComposeResult:
        yield StatusBar("Payments", SignedIn("Acme", "Jane", "treasury", demo=True))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_status_bar_says_when_the_database_is_away(size: tuple[int, int]) -> None:
    async with Bar().run_test(size=size) as pilot:
        bar = pilot.app.query_one(StatusBar)
        connection = bar.query_one(".connection", PlainText)
        assert not connection.display
        bar.show(connection="database away")
        await pilot.pause()
        assert connection.display and connection.text == "✖ database away"
        assert connection.region.right <= size[0] and connection.size.width >= len("✖ database away")
        bar.show(title="Ledger")
        await pilot.pause()
        assert connection.display, "another title says nothing about the database"
        bar.show(connection="")
        await pilot.pause()
        assert not connection.display
