"""Opening the desk (the TUI) from the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pettycash_tui.cli.garbage import look_for_none
from pettycash_tui.services.errors import InvalidInput

if TYPE_CHECKING:
    from pettycash_tui.cli.given import GlobalOptions


def open_desk(given: GlobalOptions) -> None:
    """Open the TUI with these options; returns when it is closed.

    Raises InvalidInput where there is no terminal or `--json` was asked for: a script that forgot its command should
    be told so instead of waiting in front of a screen.
    """
    if given.json:
        raise InvalidInput("--json needs a command, such as pettycash req list --json.", code="usage")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(
            "The desk needs a terminal; without one give a command, such as pettycash req list (see pettycash --help).",
            code="usage",
        )
    look_for_none()  # until the desk is open: `starting` looks again
    from pettycash_tui.app import run

    run(given)
