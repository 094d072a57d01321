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
from pace import slowness
from textual.screen import Screen

from pettycash_tui.services.desk import Desk

LONG = 50.0
"""Milliseconds above which a turn is weighed by the machine's pace."""


class Held:
    """The longest turns of the loop, in milliseconds of its thread's own processor time, with what ran in them.

    Processor time, because the wall clock also counts what the machine did for other tests meanwhile. It does not count
    waiting for the database: what of that was done on the loop's thread is in `waited`, with where it was asked for.

    A turn above `LONG` is taken at the usual speed of a machine, by the pace that this one had just then. Turns in
    which Textual laid a whole screen out are in `layouts`: it arranges and paints it without letting go of the loop.
    """

    def __init__(self) -> None:
        self.turns: list[tuple[float, str]] = []
        self.layouts: list[tuple[float, str]] = [(0.0, "")]
        self.waited: list[str] = []

    @property
    def longest(self) -> tuple[float, str]:
        """The longest turn."""
        return max(self.turns)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Watch every callback of the loop inside. Called on the loop's thread."""
    held, run = Held(), asyncio.events.Handle._run

    lay_out, laid_out = Screen._refresh_layout, [False]

    def noting_layout(screen: Any, *args: Any, **options: Any) -> Any:
        laid_out[0] = True
        return lay_out(screen, *args, **options)

    def timed(handle: Any) -> None:
        laid_out[0] = False
        begun = time.thread_time()
        run(handle)
        took = (time.thread_time() - begun) * 1000
        if took > LONG:
            took /= slowness()
        (held.layouts if laid_out[0] else held.turns).append((took, repr(handle)[:300]))

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
        patch.setattr(Screen, "_refresh_layout", noting_layout)
        for name in ("read", "run", "run_unaudited", "work", "reading"):
            patch.setattr(Desk, name, noted(name))
        yield held
