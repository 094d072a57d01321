"""Which lists the treasury has, in the order in which one goes through them."""

from __future__ import annotations

from typing import Any

from pettycash_tui.screens.treasury_views.bank_files import BankFilesView
from pettycash_tui.screens.treasury_views.notices import NoticesView
from pettycash_tui.screens.treasury_views.periods import PeriodsView
from pettycash_tui.screens.treasury_views.reconciling import ReconcilingView
from pettycash_tui.screens.treasury_views.replenishments import ReplenishmentsView
from pettycash_tui.screens.treasury_views.transfers import TransfersView
from pettycash_tui.screens.treasury_views.variances import VariancesView
from pettycash_tui.screens.treasury_views.view import TreasuryView
from pettycash_tui.services.identity import Actor

VIEWS: tuple[type[TreasuryView[Any, Any]], ...] = (
    ReconcilingView,
    VariancesView,
    ReplenishmentsView,
    TransfersView,
    BankFilesView,
    PeriodsView,
    NoticesView,
)


def views_for(actor: Actor) -> tuple[type[TreasuryView[Any, Any]], ...]:
    """Those that a person has a use for."""
    return tuple(view for view in VIEWS if view.is_offered_to(actor))
