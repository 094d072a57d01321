"""Going from one screen of the desk to an object on another: the desk's lines, the palette, a drill-down."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from textual.app import App


@runtime_checkable
class ShowsObject(Protocol):
    """A screen that can put its cursor on an object.

    `number` is a human number (`REQ-000012`, `PAY-000003`) or, on the cash book, the code of a fund. What cannot be
    found is left alone: it may have been dealt with meanwhile.
    """

    def show_object(self, number: str) -> None: ...


async def go_and_show(app: App[Any], place: str, number: str) -> None:
    """Go to a place of the desk, and let its screen show the object once it is there."""
    await app.run_action(f"go('{place}')")
    screen = app.screen
    if number and getattr(screen, "place", "") == place and isinstance(screen, ShowsObject):
        # After what the screen does when it is mounted or come back to.
        screen.call_later(screen.show_object, number)


async def open_replenishment(app: App[Any], number: str) -> None:
    """Open the window of a replenishment over the screen of the desk that is in view."""
    # Imported when it is first wanted, and beside the event loop: it takes a quarter of what the desk itself takes.
    window = await asyncio.to_thread(import_module, "pettycash_tui.screens.replenishment_window")
    window.open_over(app.screen, number)
