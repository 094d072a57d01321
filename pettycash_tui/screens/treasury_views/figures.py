"""Amounts and funds as the details of the treasury's lists show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.refs import PersonRef, Ref

_WIDTH = 16


def signed(context: DeskContext, amount: Money) -> str:
    """An amount with its sign, in a list: `+300.00`, `-120.50`."""
    return f"{'+' if amount.minor > 0 else ''}{context.listed(amount)}"


def difference_in_words(context: DeskContext, fund: Ref, difference: Money) -> str:
    """What a variance would do to the fund."""
    amount = context.money_with_currency(Money(abs(difference.minor), difference.currency))
    if difference.minor > 0:
        return f"▲ {amount} more than booked: {fund.code} goes down"
    return f"▼ {amount} less than booked: {fund.code} goes up" if difference.minor else "= as it is booked"


def who(person: PersonRef | None, at: datetime | None, context: DeskContext) -> str:
    """Who did something and when; empty where it was not done."""
    if at is None:
        return ""
    return f"{person.name if person else 'the system'}, {context.moment(at)}"


def draw_levels(
    sheet: Sheet, context: DeskContext, fund: FundView, balance_after: Money | None, available_after: Money | None
) -> None:
    """What a fund has now, and what it would have; what is available stands beside every balance."""
    sheet.field(f"Fund {fund.code}", f"{'balance':>{_WIDTH}}{'available':>{_WIDTH}}", "muted")
    sheet.field("  now", _pair(context, fund.current_balance, fund.available))
    if balance_after is not None and available_after is not None:
        sheet.field("  after it", _pair(context, balance_after, available_after), "strong")


def draw_against(sheet: Sheet, allowed: str, reasons: Iterable[str]) -> None:
    """Every reason against something, or that it may be done."""
    sentences = list(reasons)
    if not sentences:
        sheet.line(f"✔ {allowed}", "good")
    sheet.reasons(sentences, "muted")


def _pair(context: DeskContext, balance: Money, available: Money) -> str:
    return f"{context.money(balance):>{_WIDTH}}{context.money(available):>{_WIDTH}}"
