"""How many objects a list shows, and what they come to in each currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pettycash_tui.models.money import Money


@dataclass(frozen=True, slots=True)
class Total:
    """A count, and a sum for each currency that occurs."""

    count: int
    amounts: tuple[Money, ...]


def total_of(rows: Sequence[Any]) -> Total:
    """The total of rows with a `currency`, their number `counted` and their sum `summed` in minor units."""
    amounts = tuple(Money(int(row.summed), row.currency) for row in rows)
    return Total(sum(row.counted for row in rows), amounts)
