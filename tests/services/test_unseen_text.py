"""Text that is there and cannot be seen, or covers other text: refused where it is typed, shown where it is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


PLACED = {
    "Persian": "می\u200cخواهم",
    "Persian, before a space": "خانه\u200c من",
    "Persian, after a mark": "خانهٔ\u200cما",
    "Persian, after a number": "۲۰\u200cساله",
    "Persian, after a foreign word": "PDF\u200cها",
    "Sorani, at the end": "ه\u200c",
    "Hijri": "ه\u200d",
    "Syriac": "ܒ\u200dܒ",
    "Devanagari": "क\u094d\u200dष",
    "Bengali ya-phala": "র\u200d\u09cdয",
    "Bengali khanda ta": "ত\u09cd\u200d",
    "Malayalam chillu": "അനില\u0d4d\u200d",
    "Malayalam chillu, before a space": "അനില\u0d4d\u200d കുമാര\u0d4d\u200d",
    "Kannada": "ರಾಜ\u0ccd\u200cಕುಮಾರ\u0ccd\u200c",
    "Sinhala": "ශ\u0dca\u200dරී",
    "Mongolian": "ᠠ\u180bᠡ\u180cᠢ\u180dᠣ\u180f",
    "Mongolian, joined": "ᠠ\u180b\u200d",
    "Han": "葛\U000e0100城さん、渡邉\U000e01ef",
    "Han, standardized": "神\ufe00𠀋\ufe01",
    "family": "👩\u200d👩\u200d👧",
    "skin": "👩🏽\u200d🚀",
    "selector and joiner": "👁\ufe0f\u200d🗨\ufe0f",
    "heart": "❤\ufe0f ❤\ufe0e ®\ufe0f ‼\ufe0f",
    "pirates": "🏴\u200d☠\ufe0f",
    "keycap": "1\ufe0f\u20e3 #\ufe0f\u20e3",
    "flag": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland",
}
MISPLACED = {
    "joiner in Latin": "Jo\u200dhn",
    "non-joiner in Latin": "Jo\u200chn",
    "joiner before Latin": "\u200dJohn",
    "joiner after a space": "a \u200db",
    "joiner after a foreign word": "PDF\u200dها",
    "two joiners": "ه\u200c\u200cه",
    "two on one letter": "ه\u200c\u064e\u200cه",
    "two on one consonant": "র\u200d\u09cd\u200dয",
    "joiner in Cyrillic": "Ив\u200dан",
    "joiner in Han": "株\u200d式",
    "joiner at an Indic letter's end": "അനി\u200d",
    "joiner behind one emoji": "👩\u200d",
    "joiner of emoji and letter": "👩\u200da",
    "non-joiner of emoji": "👩\u200c👩",
    "emoji selector in Latin": "Jo\ufe0fhn",
    "text selector in Latin": "Jo\ufe0ehn",
    "emoji selector first": "\ufe0fa",
    "two emoji selectors": "❤\ufe0f\ufe0e",
    "digit without a keycap": "1\ufe0f2",
    "letter in a keycap": "a\ufe0f\u20e3",
}
"""Drawn as they are stored: they steer nothing."""
MISPLACED_AND_SHOWN = {
    "Han selector in Latin": "Jo\U000e0100hn",
    "Han selector in kana": "か\U000e0100",
    "two Han selectors": "葛\U000e0100\U000e0101",
    "two kinds of Han selector": "葛\ufe00\U000e0100",
    "Mongolian selector in Latin": "Jo\u180bhn",
    "Mongolian vowel separator": "ᠠ\u180eᠠ",
    "two Mongolian selectors": "ᠠ\u180b\u180c",
    "tags in Latin": "ab\U000e0067\U000e0062\U000e0065\U000e007f",
    "tags of another flag": "🏁\U000e0067\U000e0062\U000e0065\U000e007f",
    "tags without an end": "🏴\U000e0067\U000e0062\U000e0065",
    "only the end of tags": "🏴\U000e007f",
    "a sentence in tags": "🏴" + "\U000e0061" * 8 + "\U000e007f",
    "tags that are no region": "🏴\U000e0067\U000e0020\U000e0065\U000e007f",
    "tags twice": "🏴" + "\U000e0067\U000e0062\U000e0065\U000e007f" * 2,
}


@pytest.mark.parametrize("text", [*PLACED.values(), "Nguye\u0302\u0303n", "ש\u05b8\u05c1", "株式会社", "—", "⠓⠊⠀⠞"])
def test_names_of_every_script_are_taken_as_they_are(text: str) -> None:
    assert inputs.clean_text("payee", text, max_length=40) == text
    assert printable(text) == text


@pytest.mark.parametrize("text", [*MISPLACED.values(), *MISPLACED_AND_SHOWN.values()])
def test_what_is_not_drawn_is_refused_where_no_script_needs_it(text: str) -> None:
    assert "may not be stored" in refusal(text)


@pytest.mark.parametrize("text", MISPLACED.values())
def test_a_joiner_is_drawn_wherever_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", MISPLACED_AND_SHOWN.values())
def test_what_else_is_not_drawn_is_shown_out_of_its_place(text: str) -> None:
    drawn = printable(text)

    assert REPLACEMENT in drawn and len(drawn) == len(text)
    assert unsafe_characters(drawn) == []


_NEIGHBOURS = [*"aعതম্ᠠ葛🏴👩❤1 ", *(chr(p) for p in (0x200C, 0x200D, 0xFE0E, 0xFE0F, 0xFE00, 0xE0100, 0x180B, 0xE0067))]
_NEIGHBOURS += ["\U000e0067\U000e0062\U000e0065\U000e007f", "\u20e3", "\u064e", "\u0301" * 8, "\u094d"]


@given(st.lists(st.sampled_from(_NEIGHBOURS), max_size=12).map("".join))
def test_what_is_taken_is_drawn_as_it_is(text: str) -> None:
    drawn = printable(text)

    assert printable(drawn) == drawn
    assert unsafe_characters(text) or drawn == text


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
