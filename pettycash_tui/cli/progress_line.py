"""How far long work is, on one line of stderr, for who sits at a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options

if TYPE_CHECKING:
    from typer._click import Context

TELL_AFTER = 1.0
"""Seconds before the progress is told: what ends sooner needs no line."""

_TELL_EVERY = 0.25


def is_wanted(ctx: Context) -> bool:
    """Whether somebody looks on."""
    given = options(ctx)
    return sys.stderr.isatty() and not (given.json or given.quiet)


class ProgressLine:
    """The line, told from a second on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + TELL_AFTER
        self._width = 0

    def tell(self, progress: object) -> None:
        """Say how far it is, as its text, unless that was said a moment ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TELL_EVERY
        line = str(progress)
        output.write_prompt(f"\r{line.ljust(self._width)}")
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            output.write_prompt(f"\r{' ' * self._width}\r")
        self._width = 0
