"""How the panes of the desk share the height of a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Need(NamedTuple):
    """What a pane would take to show everything, and the least with which it says something."""

    wanted: int
    least: int


def shares(needs: Sequence[Need], room: int) -> list[int]:
    """The height of each pane in `room` lines.

    Each has its least first. What is left goes to all but the last, a line each in turn, as long as they want more;
    the last has what they leave.
    """
    heights = [min(need.wanted, need.least) for need in needs]
    spare = room - sum(heights)
    lacking = True
    while spare > 0 and lacking:
        lacking = False
        for place, need in enumerate(needs[:-1]):
            if spare > 0 and heights[place] < need.wanted:
                heights[place] += 1
                spare -= 1
                lacking = True
    if heights:
        heights[-1] += max(0, spare)
    return heights
