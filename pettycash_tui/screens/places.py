"""Where one can go on the desk, and the screen that each place is."""

from __future__ import annotations

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import DeskScreen

FORM = "requisition_form"


def open_place(place: str, context: DeskContext) -> DeskScreen:
    """The screen of a place. Imported when it is first wanted: the first screen is there sooner."""
    if place == "approvals":
        from pettycash_tui.screens.approvals import ApprovalsScreen

        return ApprovalsScreen(context)
    if place == "payments":
        from pettycash_tui.screens.payments import PaymentsScreen

        return PaymentsScreen(context)
    if place == "ledger":
        from pettycash_tui.screens.ledger import LedgerScreen

        return LedgerScreen(context)
    if place == FORM:
        from pettycash_tui.screens.requisition_form import RequisitionFormScreen

        return RequisitionFormScreen(context)
    from pettycash_tui.screens.requisitions import RequisitionsScreen

    return RequisitionsScreen(context)
