"""Closing a window when something has ended in the background, whatever one has opened above it meanwhile."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

_LOOK_EVERY = 0.1


def close(screen: Screen[Any], result: Any = None) -> None:
    """Close a window with a result now, or as soon as one comes back to it.

    Textual's own `dismiss` closes whatever is on top: a help that was opened meanwhile, or the lock.
    """
    if not screen.is_attached:
        return
    if screen.is_active:
        screen.dismiss(result)
        return

    def look() -> None:
        if not screen.is_attached:
            timer.stop()
        elif screen.is_active:
            timer.stop()
            screen.dismiss(result)

    timer = screen.set_interval(_LOOK_EVERY, look)
