"""A fund's level as a bar of characters: what is available, what is held, and where reorder level and target lie.

It needs no colour, and is plain text that a command can print as well.
"""

from __future__ import annotations

AVAILABLE, HELD, EMPTY = "█", "▒", "·"
REORDER, TARGET = "┊", "┃"

LEGEND = f"{AVAILABLE} available  {HELD} held  {REORDER} reorder level  {TARGET} target"


def gauge(width: int, *, available: int, held: int, reorder: int, target: int) -> str:
    """The bar in exactly `width` cells. Amounts are of one unit; the whole bar is the target, or more if there is more.

    A mark takes the place of the cell where its level is reached, so that a level that is not reached stands alone in
    the empty part.
    """
    if width <= 0:
        return ""
    whole = max(target, available + held, 1)
    filled = _cells(available, whole, width)
    used = max(filled, _cells(available + held, whole, width))
    if held > 0 and used == filled:
        # Something is held: it is seen, however little it is.
        filled, used = (filled - 1, used) if filled > 1 else (filled, min(width, used + 1))
    bar = list(AVAILABLE * filled + HELD * (used - filled) + EMPTY * (width - used))
    for level, mark in ((target, TARGET), (reorder, REORDER)):
        if level > 0:
            bar[min(width - 1, level * width // whole)] = mark
    return "".join(bar)


def _cells(amount: int, whole: int, width: int) -> int:
    """How many cells an amount fills: at least one for anything, all of them only for the whole."""
    if amount <= 0:
        return 0
    return min(width, max(1, amount * width // whole))
