"""Where one can go on the desk, and the screen that each place is."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.screens.desk_screen import DeskScreen

DESK = "desk"
FORM = "requisition_form"

_SCREENS = {
    DESK: ("home", "DeskHomeScreen"),
    "requisitions": ("requisitions", "RequisitionsScreen"),
    "approvals": ("approvals", "ApprovalsScreen"),
    "payments": ("payments", "PaymentsScreen"),
    "ledger": ("ledger", "LedgerScreen"),
    "treasury": ("treasury", "TreasuryScreen"),
    "audit": ("audit", "AuditScreen"),
    FORM: ("requisition_form", "RequisitionFormScreen"),
}


def is_loaded(place: str) -> bool:
    """Whether the screen of a place has been imported; each is when it is first wanted."""
    return _module(place) in sys.modules


def load(place: str) -> None:
    """Import the screen of a place. Takes a tenth of a second: not for the event loop."""
    import_module(_module(place))


def open_place(place: str, context: DeskContext) -> DeskScreen:
    """The screen of a place."""
    screen: type[DeskScreen] = getattr(import_module(_module(place)), _SCREENS[place][1])
    return screen(context)


def _module(place: str) -> str:
    return f"pettycash_tui.screens.{_SCREENS[place][0]}"
