"""A database that answers when a test lets it: what waits for it must leave the keys alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from pettycash_tui.services.desk import Desk


class SlowDesk:
    """While it is slow, every read and every unit of work of the desk waits."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self._open.set()
        self.waiting = 0
        for name in ("read", "run", "run_unaudited"):
            monkeypatch.setattr(desk, name, self._waiting(getattr(desk, name)))

    def _waiting(self, function: Any) -> Any:
        def wait(*args: Any, **options: Any) -> Any:
            if not self._open.is_set():
                self.waiting += 1
                assert self._open.wait(20), "the test forgot to let the database answer"
            return function(*args, **options)

        return wait

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Nothing is answered inside."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()


async def begun(pilot: Pilot[None], slow: SlowDesk) -> None:
    """Wait until something waits for the database."""
    for _ in range(500):
        if slow.waiting:
            return
        await pilot.pause(0.01)
    raise AssertionError("nothing waits for the database")
