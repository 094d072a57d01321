"""How long the event loop is held: the processor time of each callback that runs on it, and nothing that waits."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from garbage import collected_as_in_the_program

from pettycash_tui.services.desk import Desk


class Held:
    """The longest turns of the loop, in milliseconds of its thread's own processor time, with what ran in them.

    Processor time, because the wall clock also counts what the machine did for other tests meanwhile. It does not count
    waiting for the database: what of that was done on the loop's thread is in `waited`, with where it was asked for.
    """

    def __init__(self) -> None:
        self.turns: list[tuple[float, str]] = []
        self.waited: list[str] = []

    @property
    def longest(self) -> tuple[float, str]:
        """The longest turn."""
        return max(self.turns)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Watch every callback of the loop inside. Called on the loop's thread."""
    held, run = Held(), asyncio.events.Handle._run

    def timed(handle: Any) -> None:
        begun = time.thread_time()
        run(handle)
        held.turns.append(((time.thread_time() - begun) * 1000, repr(handle)[:300]))

    loop = threading.get_ident()

    def noted(name: str) -> Any:
        real = getattr(Desk, name)

        def call(desk: Desk, *args: Any, **options: Any) -> Any:
            if threading.get_ident() == loop:
                held.waited.append(f"{name}: {''.join(traceback.format_stack(limit=6)[:-1])}")
            return real(desk, *args, **options)

        return call

    # What the tests before have left behind is not this program's: it would be looked through again and again.
    with collected_as_in_the_program(), monkeypatch.context() as patch:
        patch.setattr(asyncio.events.Handle, "_run", timed)
        for name in ("read", "run", "run_unaudited", "work", "reading"):
            patch.setattr(Desk, name, noted(name))
        yield held
