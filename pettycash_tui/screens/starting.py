"""From the options of the command line to an open desk, done beside the first screen.

The database layer costs most of a start, so that nothing here imports it before a thread does: what one sees first is
painted, and can be typed in, while it is still on its way.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.services.desk import Desk


class DeskOptions(Protocol):
    """What the command line says of the desk to open."""

    @property
    def database(self) -> str | None: ...
    @property
    def home(self) -> Path | None: ...
    @property
    def as_user(self) -> str | None: ...
    @property
    def color(self) -> bool: ...
    @property
    def mouse(self) -> bool: ...


class Opened(NamedTuple):
    """An open desk, and the person who acts with `--as`; without one somebody signs in. `warning` is told once."""

    desk: Desk
    context: DeskContext | None
    warning: str = ""


def open_desk(options: DeskOptions) -> Opened:
    """Open what the options name. Blocks, for the import too. Raises what opening a database raises."""
    try:
        return _open(options)
    finally:
        # What was imported stays: looking through it for garbage would hold the keys for a tenth of a second each time.
        gc.freeze()
        gc.enable()


def _open(options: DeskOptions) -> Opened:
    from pettycash_tui.screens.context import load_context
    from pettycash_tui.services import forced, opening

    desk = opening.open_desk(options.database, options.home)
    try:
        context = None
        if options.as_user is not None or forced.current() is not None:
            context = load_context(desk, opening.identify(desk, options.as_user))
        return Opened(desk, context, opening.warning_of(desk))
    except BaseException:
        desk.close()
        raise
