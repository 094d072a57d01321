"""How long the event loop is held: the processor time of each callback that runs on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from garbage import collected_as_in_the_program


class Held:
    """The longest turns of the loop, in milliseconds of its thread's own processor time, with what ran in them.

    Processor time, because the wall clock also counts what the machine did for other tests meanwhile.
    """

    def __init__(self) -> None:
        self.turns: list[tuple[float, str]] = []

    @property
    def longest(self) -> tuple[float, str]:
        """The longest turn."""
        return max(self.turns)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Watch every callback of the loop inside."""
    held, run = Held(), asyncio.events.Handle._run

    def timed(handle: Any) -> None:
        begun = time.thread_time()
        run(handle)
        held.turns.append(((time.thread_time() - begun) * 1000, repr(handle)[:300]))

    # What the tests before have left behind is not this program's: it would be looked through again and again.
    with collected_as_in_the_program(), monkeypatch.context() as patch:
        patch.setattr(asyncio.events.Handle, "_run", timed)
        yield held
