"""Asking for money for the fund whose cash book is shown, or opening the request that was made already."""

from __future__ import annotations

from pettycash_tui.screens.asking_for_money import ask_for_money
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.services.funds import FundView


class Replenishing(DeskScreen):
    """A screen of one fund that may ask for its replenishment."""

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        raise NotImplementedError

    def action_replenish(self) -> None:
        """Ask for money for the fund, after showing how much; where somebody has asked, show that request."""
        if self.fund is not None:
            ask_for_money(self, self.fund)
