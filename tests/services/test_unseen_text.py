"""Text that is there and cannot be seen, or covers other text: refused where it is typed, shown where it is drawn."""

from __future__ import annotations

import pytest

from pettycash_tui.models.text import MOST_MARKS, REPLACEMENT, printable, unsafe_characters
from pettycash_tui.services import inputs
from pettycash_tui.services.errors import InvalidInput


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        inputs.clean_text("payee", text, max_length=400)
    return refused.value.fields["payee"]


@pytest.mark.parametrize(
    "unseen", ["\u200d", "\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\u0301", "\u2800 \u200c\u2800"]
)
def test_a_required_text_needs_something_that_is_seen(unseen: str) -> None:
    assert refusal(unseen)


def test_a_blank_pattern_is_told_as_such() -> None:
    assert refusal("\u2800\u2800") == "holds nothing that can be seen; write it in letters or digits"


@pytest.mark.parametrize("point", [0xE0100, 0xE01EF, 0xE0080, 0xE0FFF, 0x2065, 0xFE00, 0x034F, 0x3164, 0xFFA0, 0x17B4])
def test_what_is_drawn_as_nothing_is_refused_between_letters_and_shown(point: int) -> None:
    text = f"a{chr(point)}b"

    assert f"U+{point:04X}" in refusal(text)
    assert printable(text) == f"a{REPLACEMENT}b"


@pytest.mark.parametrize(
    "text", ["a\u200d", "\u200db", "a\u200d\u200db", "a \u200db", "a\u200c", "\ufe0fa", "a\ufe0f\ufe0f", "a \ufe0e"]
)
def test_a_joiner_that_joins_nothing_is_refused(text: str) -> None:
    assert "may not be stored" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "র\u200d\u09cdয",
        "👩\u200d👩\u200d👧",
        "👁\ufe0f\u200d🗨\ufe0f",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "Nguye\u0302\u0303n",
        "ש\u05b8\u05c1",
        "株式会社",
        "—",
        "⠓⠊⠀⠞",
    ],
)
def test_names_of_every_script_are_taken_as_they_are(text: str) -> None:
    assert inputs.clean_text("payee", text, max_length=40) == text
    assert printable(text) == text


def test_marks_are_stacked_so_high_and_no_higher() -> None:
    tower = "a" + "\u0301" * MOST_MARKS

    assert unsafe_characters(tower * 3) == []
    assert printable(tower * 3) == tower * 3
    assert refusal("ab" + "\u0301" * 150) == "holds characters that may not be stored: U+0301"
    assert "U+0302" in refusal(tower + "\u200d\u0302b")
    for before in range(20):
        drawn = printable("x" * before + tower + "\u0301" * 142 + "b")
        assert drawn == "x" * before + tower + REPLACEMENT * 142 + "b"
        assert printable(drawn) == drawn
