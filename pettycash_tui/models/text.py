"""What text may reach a terminal or a table: no control characters, no escapes, no bidi overrides, no half characters.

One rule for input (refused by the services) and for output (shown as U+FFFD by the app and the command line).
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\ufffd"

MOST_MARKS = 8
"""Accents and vowel signs on one letter: no language stacks more, and more of them hide the lines above and below."""

# Bidi embeddings, overrides and isolates (Unicode UAX #9), the invisible marks, and line/paragraph separators:
# each can make a line read otherwise than it is stored.
_DIRECTIONAL = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029, 0xFEFF, 0x180E]
)
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties): drawn as nothing, so that two texts that read alike
# would differ, and words could be hidden in one. The planes of tags and variation selectors are asked for by number.
_IGNORABLE = frozenset(
    [
        *(0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)),
        *(*range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)),
    ]
)
_JOINERS = frozenset([0x200C, 0x200D])  # that names in Persian, Hindi and emoji need
_SELECTORS = frozenset([0xFE0E, 0xFE0F])  # whether a sign is drawn as text or as emoji
_BLANK = frozenset([0x2800])  # the braille pattern without a dot


def _is_unsafe(character: str) -> bool:
    point = ord(character)
    if point < 0x20 or 0x7F <= point <= 0x9F:
        return True
    if point < 0x250:
        return point == 0xAD
    if point in _JOINERS or point in _SELECTORS:
        return False
    if point in _IGNORABLE or point in _DIRECTIONAL or 0xE0000 <= point <= 0xE0FFF:
        return True
    if (point & 0xFFFE) == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:  # no characters at all; a workbook with one is damaged
        return True
    return unicodedata.category(character) in ("Cs", "Cc", "Cf")


def _is_mark(character: str) -> bool:
    return character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me")


def is_visible(character: str) -> bool:
    """Whether one sees the character by itself: no blank, no mark without its letter, nothing that is not drawn."""
    if character.isspace() or ord(character) in _BLANK or _is_unsafe(character) or _is_mark(character):
        return False
    return ord(character) not in _JOINERS and ord(character) not in _SELECTORS


def without_invisible(text: str) -> str:
    """`text` from its first character on that is seen by itself, as whoever skips the others would read it."""
    return text[next((at for at, character in enumerate(text) if is_visible(character)), len(text)) :]


def _out_of_place(text: str) -> list[str]:
    """The joiners and selectors that join nothing, and the marks that are too many on their letter."""
    found, before, marks = [], "", 0
    for at, character in enumerate(text):
        point = ord(character)
        if point in _JOINERS:
            after = text[at + 1 : at + 2]
            joins = before in ("letter", "mark", "selector") and after and (is_visible(after) or _is_mark(after))
            before = "joiner"
            if not joins:
                found.append(character)
        elif point in _SELECTORS:
            if before != "letter":
                found.append(character)
            before = "selector"
        elif _is_mark(character):
            before, marks = "mark", marks + 1
            if marks > MOST_MARKS:
                found.append(character)
        else:
            before, marks = ("letter" if is_visible(character) else ""), 0
    return found


def unsafe_characters(text: str, *, multiline: bool = False) -> list[str]:
    """The characters of `text` that may not be stored, each named as `U+001B`, in order, without repeats."""
    if text.isascii() and text.isprintable():
        return []
    allowed = "\n\t" if multiline else ""
    unsafe = [c for c in text if c not in allowed and _is_unsafe(c)]
    return list(dict.fromkeys(f"U+{ord(c):04X}" for c in (*unsafe, *_out_of_place(text))))


def printable(text: str, *, multiline: bool = False) -> str:
    """`text` as it may be drawn: what could steer a terminal, reorder a line or cover others is shown as U+FFFD.

    A joiner at its end stays: what is drawn may be a piece of a longer text.
    """
    if text.isascii() and text.isprintable():
        return text
    allowed = "\n\t" if multiline else ""
    shown = "".join(c if c in allowed or not _is_unsafe(c) else REPLACEMENT for c in text)
    return shown if len(shown) <= MOST_MARKS else _without_stacks(shown)


def _without_stacks(text: str) -> str:
    # Each mark is asked for only where enough of them could stand: an eighth of a long text is looked at, at most.
    places = range(MOST_MARKS, len(text), MOST_MARKS)
    if not any(_is_mark(text[at]) or ord(text[at]) in _JOINERS for at in places):
        return text
    drawn, marks = [], 0
    for character in text:
        if _is_mark(character):
            marks += 1
        elif ord(character) not in _JOINERS:
            marks = 0
        drawn.append(REPLACEMENT if marks > MOST_MARKS and _is_mark(character) else character)
    return "".join(drawn)
