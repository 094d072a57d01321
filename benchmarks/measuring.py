"""Measuring two things in turns, so that a machine that is slower for a while is slower for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Two medians of the same unit, and what the first may be of the second."""

    what: str
    ours: float
    theirs: float
    unit: str
    bound: float
    at_most: bool

    @property
    def value(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        word = "ok" if self.holds else "MISSED"
        return (
            f"{self.what:<58} {self.ours:>10.2f} : {self.theirs:>10.2f} {self.unit:<5}"
            f" = {self.value:5.2f}  ({sign} {self.bound}) {word}"
        )


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The medians of two measurements taken one after the other, `rounds` times."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
