"""What text may reach a terminal or a table: no control characters, no escapes, no bidi overrides, no half characters.

One rule for input (refused by the services) and for output (shown as U+FFFD by the app and the command line).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

REPLACEMENT = "\ufffd"

MOST_MARKS = 8
"""Accents and vowel signs on one letter: no language stacks more, and more of them hide the lines above and below."""

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) but for the plane of tags and variation selectors: drawn
# as nothing, so that two texts that read alike would differ, and words could be hidden in one. Bidi embeddings,
# overrides and isolates (UAX #9) are among them: each makes a line read otherwise than it is stored.
_IGNORABLE = frozenset(
    [
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)),
    ]
)
_BREAKS = frozenset([0x2028, 0x2029])
_BLANK = "\u2800"  # the braille pattern without a dot

# -- what is drawn as nothing and yet has its place in names -----------------------------------------------------------

_JOINERS = "\u200c\u200d"
_TEXT_OR_EMOJI = "\ufe0e\ufe0f"
_MONGOLIAN_SELECTORS = "\u180b-\u180d\u180f"
_HAN_SELECTORS = "\ufe00-\ufe0d\U000e0100-\U000e01ef"
_TAGS = "\U000e0020-\U000e007f"
_TAG_LETTERS = "\U000e0030-\U000e0039\U000e0061-\U000e007a"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MONGOLIAN = "\u1820-\u18aa"
_ARABIC = "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u06ff\u0750-\u077f\u0870-\u08ff"
# Syriac, N'Ko, Mandaic, Hanifi Rohingya and Adlam: their letters are joined like Arabic ones.
_JOINED = (
    f"{_ARABIC}\u0710-\u074f\u07ca-\u07f5\u0840-\u086a{_MONGOLIAN}{_MONGOLIAN_SELECTORS}"
    "\U00010d00-\U00010d27\U0001e900-\U0001e94b"
)
# From Devanagari to Sinhala, and the scripts of the same descent from Myanmar to Java.
_INDIC = (
    "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf\u1b00-\u1bff\ua800-\ua82f\ua880-\ua8ff\ua980-\ua9ff"
    "\uaa60-\uaa7f\uaae0-\uaaff\uabc0-\uabff\U00011000-\U00011dff"
)
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_VIRAMA = 9
"""The combining class of the sign that takes a consonant's vowel away."""

_MAY_STAND = re.compile(f"[{_JOINERS}{_TEXT_OR_EMOJI}{_HAN_SELECTORS}{_MONGOLIAN_SELECTORS}{_TAGS}]")


@cache  # most texts have no such character, and most commands end before this is made
def _places() -> re.Pattern[str]:
    """Finds each of them, and the tags of one flag together; group 1 is what stands where it belongs.

    Joiners follow RFC 5892 (CONTEXTJ) but for what comes behind them, because a word may end in one. Tags are the few
    letters and digits of a region (UTS #51), so that no sentence can be hidden in a flag.
    """
    return re.compile(
        rf"((?<=[{_JOINED}])[{_JOINERS}]"
        rf"|(?<=[{_INDIC}])[{_JOINERS}](?=[{_INDIC}])"
        rf"|(?<=[\w)»])\u200c(?=[{_ARABIC}])"  # a Persian ending on a number or a foreign word
        rf"|(?<=[{_EMOJI}{_TEXT_OR_EMOJI}\U000e007f])\u200d(?=[{_EMOJI}])"
        rf"|(?<=[{_EMOJI}])[{_TEXT_OR_EMOJI}]"
        rf"|(?<=[#*0-9])[{_TEXT_OR_EMOJI}](?=\u20e3)"
        rf"|(?<=[{_HAN}])[{_HAN_SELECTORS}]"
        rf"|(?<=[{_MONGOLIAN}])[{_MONGOLIAN_SELECTORS}]"
        rf"|(?<=\U0001f3f4)[{_TAG_LETTERS}]{{3,7}}\U000e007f)"
        rf"|[{_TAGS}]+|{_MAY_STAND.pattern}"
    )


def _is_in_place(found: re.Match[str]) -> bool:
    if found[0] not in _JOINERS:
        return found[1] is not None
    text, at = found.string, found.start()
    if found[1] is None and (at == 0 or unicodedata.combining(text[at - 1]) != _VIRAMA):
        return False
    while at > 0 and unicodedata.category(text[at - 1])[0] == "M":
        at -= 1
    return at == 0 or text[at - 1] not in _JOINERS  # one for each letter, whatever signs are between


# -- single characters -------------------------------------------------------------------------------------------------


def _is_ignorable(character: str) -> bool:
    return ord(character) in _IGNORABLE or "\U000e0000" <= character <= "\U000e0fff"


def _is_unsafe(character: str) -> bool:
    """Whether it may stand nowhere."""
    point = ord(character)
    if point < 0x20 or 0x7F <= point <= 0x9F:
        return True
    if point < 0x250:
        return point == 0xAD
    if _is_ignorable(character):
        return _MAY_STAND.match(character) is None
    if point in _BREAKS:
        return True
    if (point & 0xFFFE) == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:  # no characters at all; a workbook with one is damaged
        return True
    return unicodedata.category(character) in ("Cs", "Cc", "Cf")


def _is_mark(character: str) -> bool:
    return character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me")


def is_visible(character: str) -> bool:
    """Whether one sees the character by itself: no blank, no mark without its letter, nothing that is not drawn."""
    if character.isspace() or character == _BLANK or _is_ignorable(character):
        return False
    return not (_is_unsafe(character) or _is_mark(character))


# -- texts -------------------------------------------------------------------------------------------------------------


def without_invisible(text: str) -> str:
    """`text` from its first character on that is seen by itself, as whoever skips the others would read it."""
    return text[next((at for at, character in enumerate(text) if is_visible(character)), len(text)) :]


def as_read(text: str) -> str:
    """`text` without what is drawn as nothing, and a blank for what is drawn as one: to compare what reads alike."""
    if text.isascii():
        return text
    return "".join(character for character in text if not _is_ignorable(character)).replace(_BLANK, " ")


def unsafe_characters(text: str, *, multiline: bool = False) -> list[str]:
    """The characters of `text` that may not be stored, each named as `U+001B`, in order, without repeats."""
    if text.isascii() and text.isprintable():
        return []
    allowed = "\n\t" if multiline else ""
    unsafe = [c for c in text if c not in allowed and _is_unsafe(c)]
    if _MAY_STAND.search(text):
        unsafe += [c for found in _places().finditer(text) if not _is_in_place(found) for c in found[0]]
    unsafe += [text[at] for at in _stacked(text)]
    return list(dict.fromkeys(f"U+{ord(c):04X}" for c in unsafe))


def printable(text: str, *, multiline: bool = False) -> str:
    """`text` as it may be drawn: what could steer a terminal, reorder a line or cover others is shown as U+FFFD.

    Joiners, and selectors of text or emoji, stay wherever they are: they steer nothing, and what is drawn may be a
    piece of a longer text.
    """
    if text.isascii() and text.isprintable():
        return text
    allowed = "\n\t" if multiline else ""
    shown = "".join(c if c in allowed or not _is_unsafe(c) else REPLACEMENT for c in text)
    if _MAY_STAND.search(shown):
        shown = _places().sub(_drawn, shown)
    stacked = _stacked(shown)
    if not stacked:
        return shown
    characters = list(shown)
    for at in stacked:
        characters[at] = REPLACEMENT
    return "".join(characters)


def _drawn(found: re.Match[str]) -> str:
    stays = found[0] in _JOINERS or found[0] in _TEXT_OR_EMOJI or _is_in_place(found)
    return found[0] if stays else REPLACEMENT * len(found[0])


def _stacked(text: str) -> list[int]:
    """Where a mark is that is one too many on its letter."""
    # Each mark is asked for only where enough of them could stand: an eighth of a long text is looked at, at most.
    places = range(MOST_MARKS, len(text), MOST_MARKS)
    if not any(_is_mark(text[at]) or text[at] in _JOINERS for at in places):
        return []
    found, marks = [], 0
    for at, character in enumerate(text):
        if _is_mark(character):
            marks += 1
            if marks > MOST_MARKS:
                found.append(at)
        elif character not in _JOINERS:
            marks = 0
    return found
