"""How far work of many steps is, for a window that looks at it from time to time, and the way to stop it."""

from __future__ import annotations

LOOK_EVERY = 0.25
"""Seconds between two looks at how far it is."""

_BAR = 40


class LongWork:
    """Steps that a thread reports. One that is told to stop ends after the step under way; what is done stays done."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.is_stopping = False

    def stop(self) -> None:
        """End it after the step under way."""
        self.is_stopping = True

    def report(self, done: int, total: int | None = None) -> bool:
        """So many are done; whether to go on."""
        self.done = done
        self.total = self.total if total is None else total
        return not self.is_stopping

    @property
    def bar(self) -> str:
        """How far it is, in figures and as a bar."""
        return bar(self.done, self.total)


def bar(done: int, total: int) -> str:
    """A bar, and the figures: `██████░░░░  3 of 5`."""
    filled = _BAR * min(done, total) // total if total else 0
    return f"{'█' * filled}{'░' * (_BAR - filled)}  {done:,} of {total:,}"
