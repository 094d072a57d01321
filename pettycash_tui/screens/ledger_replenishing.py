"""Asking for money for the fund whose cash book is shown, or opening the request that was made already."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from pettycash_tui.models.money import Money
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.showing import open_replenishment
from pettycash_tui.services import replenishments
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.replenishments import ReplenishmentState
from pettycash_tui.services.work import Reading


class Replenishing(DeskScreen):
    """A screen of one fund that may ask for its replenishment."""

    @property
    def fund(self) -> FundView | None:
        """The fund that is shown."""
        raise NotImplementedError

    def action_replenish(self) -> None:
        """Ask for money for the fund, after showing how much; where somebody has asked, show that request."""
        fund = self.fund
        if fund is not None:
            self.ask("replenish", _how_it_stands, fund.id, then=partial(self._open_or_ask, fund))

    def _open_or_ask(self, fund: FundView, found: tuple[str | None, Money]) -> None:
        asked, amount = found
        if asked is None:
            self._confirm_replenishment(fund, amount)
        elif self.is_current:  # not over what was opened while the database was asked
            self.app.call_later(open_replenishment, self.app, asked)

    def _confirm_replenishment(self, fund: FundView, amount: Money) -> None:
        if amount.minor <= 0:
            self.tell(f"Fund {fund.code} is at its target, with what is on its way.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                # The amount that was confirmed, whatever has happened meanwhile.
                self.act(replenishments.request, fund.id, amount.plain(), then=self._asked)

        lines = [
            f"{self.context.money_with_currency(amount)} for fund {fund.code}, {fund.name}",
            f"It has {self.context.money(fund.available)} available; its target is "
            f"{self.context.money(fund.target_balance)}.",
            "Somebody else approves it before money moves.",
        ]
        self.app.push_screen(ConfirmPrompt(f"Replenish {fund.code}", lines, "Ask for it", undo=""), answered)

    def _asked(self, state: ReplenishmentState) -> None:
        self.tell(f"{state.number} asks for {self.context.money_with_currency(state.amount)} for fund {state.fund}.")
        self.reload()


def _how_it_stands(reading: Reading, fund_id: UUID) -> tuple[str | None, Money]:
    return replenishments.open_request(reading, fund_id), replenishments.usual_amount(reading, fund_id)
