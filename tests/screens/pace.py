"""How fast this machine is just now, for what is measured in milliseconds of a processor."""

from __future__ import annotations

import time

_USUAL = 10.0
"""Milliseconds that the work takes on the machines that people work at: a current desktop or server processor."""

_MOST = 4.0


def slowness() -> float:
    """How many times slower than usual, from 1 to 4: two programs on the two halves of one core share its speed."""
    took = []
    for _ in range(3):
        begun = time.thread_time()
        _work()
        took.append((time.thread_time() - begun) * 1000)
    return min(max(min(took) / _USUAL, 1.0), _MOST)


def _work() -> None:
    found: dict[int, tuple[int, str]] = {}
    for number in range(60_000):
        found[number % 512] = (number, str(number % 97))
