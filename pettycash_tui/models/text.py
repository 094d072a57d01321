"""What text may reach a terminal or a table: no control characters, no escapes, no bidi overrides, no half characters.

One rule for input (refused by the services) and for output (shown as U+FFFD by the app and the command line).
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\ufffd"

# Bidi embeddings, overrides and isolates (Unicode UAX #9), the invisible marks, and line/paragraph separators:
# each can make a line read otherwise than it is stored.
_DIRECTIONAL = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029, 0xFEFF, 0x180E]
)
_ALLOWED_FORMAT = frozenset([0x200C, 0x200D])  # joiners that names in Persian, Hindi and emoji need


def _is_unsafe(character: str) -> bool:
    point = ord(character)
    if point < 0x20 or 0x7F <= point <= 0x9F:
        return True
    if point < 0x250:
        return point == 0xAD
    if point in _DIRECTIONAL or 0xE0000 <= point <= 0xE007F:
        return True
    if (point & 0xFFFE) == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:  # no characters at all; a workbook with one is damaged
        return True
    category = unicodedata.category(character)
    return category in ("Cs", "Cc") or (category == "Cf" and point not in _ALLOWED_FORMAT)


def unsafe_characters(text: str, *, multiline: bool = False) -> list[str]:
    """The characters of `text` that may not be stored, each named as `U+001B`, in order, without repeats."""
    if text.isascii() and text.isprintable():
        return []
    allowed = "\n\t" if multiline else ""
    return list(dict.fromkeys(f"U+{ord(c):04X}" for c in text if c not in allowed and _is_unsafe(c)))


def printable(text: str, *, multiline: bool = False) -> str:
    """`text` as it may be drawn: what could steer a terminal or reorder a line is shown as U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    allowed = "\n\t" if multiline else ""
    return "".join(c if c in allowed or not _is_unsafe(c) else REPLACEMENT for c in text)
