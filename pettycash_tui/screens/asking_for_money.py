"""Asking for money for a fund, after showing how much; where somebody has asked already, that request is opened."""

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


def ask_for_money(screen: DeskScreen, fund: FundView) -> None:
    """Ask for what brings the fund back to its target, over a screen of the desk."""
    screen.ask("replenish", _how_it_stands, fund.id, then=partial(_open_or_ask, screen, fund))


def _open_or_ask(screen: DeskScreen, fund: FundView, found: tuple[str | None, Money]) -> None:
    asked, amount = found
    if asked is None:
        _confirm(screen, fund, amount)
    elif screen.is_current:  # not over what was opened while the database was asked
        screen.app.call_later(open_replenishment, screen.app, asked)


def _confirm(screen: DeskScreen, fund: FundView, amount: Money) -> None:
    context = screen.context
    if amount.minor <= 0:
        screen.tell(f"Fund {fund.code} is at its target, with what is on its way.")
        return

    def answered(yes: bool | None) -> None:
        if yes:
            # The amount that was confirmed, whatever has happened meanwhile.
            screen.act(replenishments.request, fund.id, amount.plain(), then=partial(_asked, screen))

    lines = [
        f"{context.money_with_currency(amount)} for fund {fund.code}, {fund.name}",
        f"It has {context.money(fund.available)} available; its target is {context.money(fund.target_balance)}.",
        "Somebody else approves it before money moves.",
    ]
    screen.app.push_screen(ConfirmPrompt(f"Replenish {fund.code}", lines, "Ask for it", undo=""), answered)


def _asked(screen: DeskScreen, state: ReplenishmentState) -> None:
    amount = screen.context.money_with_currency(state.amount)
    screen.tell(f"{state.number} asks for {amount} for fund {state.fund}.")
    screen.reload()


def _how_it_stands(reading: Reading, fund_id: UUID) -> tuple[str | None, Money]:
    return replenishments.open_request(reading, fund_id), replenishments.usual_amount(reading, fund_id)
