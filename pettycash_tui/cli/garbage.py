"""When a command looks for garbage: not while it is being loaded, which is a third of its start."""

from __future__ import annotations

import gc


def look_for_none() -> None:
    """What is imported from now on stays, so there is nothing to be found."""
    gc.disable()


def look_again() -> None:
    """All is loaded, and work begins: what is there by now is left out of every search."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
