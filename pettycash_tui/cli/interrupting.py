"""Ctrl-C as a wish to stop where nothing is half-done; pressed again, it ends at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EXIT_STOPPED = 130
"""As of a program that Ctrl-C ended."""


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since the block began."""
    is_asked = False

    def note(*_: Any) -> None:
        nonlocal is_asked
        if is_asked:
            raise KeyboardInterrupt
        is_asked = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: is_asked
    finally:
        signal.signal(signal.SIGINT, before)
