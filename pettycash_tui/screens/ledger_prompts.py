"""What the cash book asks for in one line: an amount or a range of amounts, and where to go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pettycash_tui.screens.line_prompt import LinePrompt
from pettycash_tui.services import ledger_places
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.ledger_filter import AmountRange, parse_amount_range
from pettycash_tui.services.ledger_places import Spot, Target
from pettycash_tui.widgets.background import Background


class AmountPrompt(LinePrompt[AmountRange]):
    """An amount, or from one to another; empty for every amount."""

    title_text = "Which amounts?"
    field = "amount"
    label = "Amount"
    example = "500..2000"
    foot = "500 · 500..2000 · 1.2k.. · ..50 · >1000 · <=50, paid out or in\nempty shows every amount"
    entered = "shows it"

    def __init__(self, amount: AmountRange, currency: str) -> None:
        super().__init__(amount.text)
        self._currency = currency

    def understood(self, typed: str) -> AmountRange:
        """The range that was typed."""
        return parse_amount_range("amount", typed, self._currency)


class JumpPrompt(Background, LinePrompt[Target]):
    """An entry's number, a day, or the number of what an entry comes from; it stays open when there is none."""

    title_text = "Go where?"
    field = "place"
    label = "Entry or day"
    example = "4711, 2026-03-14, PCV-NBI-2026-00012"
    foot = (
        "the number of an entry · a day, today, yesterday · the number of\n"
        "a voucher, payment, requisition or replenishment"
    )

    def __init__(self, find: Callable[[Target], Spot], today: date) -> None:
        super().__init__()
        self._find = find
        self._today = today

    def understood(self, typed: str) -> Target:
        """What was typed: a number, a day, or the number of a document."""
        return ledger_places.parse_target(typed, self._today)

    def take(self, value: Target) -> None:
        """Look for it, and go there."""
        self.read("find", self._find, value, then=self.dismiss, failed=self._not_found, waits="looking for it…")

    def _not_found(self, error: PettyCashError) -> None:
        self.refuse(error if error.fields else InvalidInput.of(place=error.message))
