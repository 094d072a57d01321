"""The clock of the tests. Not in conftest.py, because tests of the command line have another file of that name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class SettableClock:
    """A clock that stands still until a test moves it."""

    now: datetime = field(default=MONDAY_MORNING)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **how_far: float) -> datetime:
        """Move on: `clock.advance(minutes=5)`."""
        self.now += timedelta(**how_far)
        return self.now
