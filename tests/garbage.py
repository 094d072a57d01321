"""Garbage of tests: every screen test leaves an app behind, and searching for it was a fifth of all the tests' time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (20_000, 10, 10)
_PYTHONS_OWN = (700, 10, 10)


def collect_seldom() -> None:
    """Leave what is imported by now out of every search, and search when there is much to be found."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@contextmanager
def collected_as_in_the_program() -> Iterator[None]:
    """Inside, garbage is searched for as in a session of its own: for what is measured."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_PYTHONS_OWN)
    try:
        yield
    finally:
        gc.set_threshold(*_SELDOM)
