"""The imprest identity of a fund as text: what its float is made of, and what a difference comes from."""

from __future__ import annotations

from textual.content import Content

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.imprest import ImprestIdentity

_LABEL, _FIGURE = 30, 18


def draw_identity(found: ImprestIdentity, available: Money, context: DeskContext) -> Content:
    """Cash, vouchers, what is in transit and what was over or short, against the authorised float."""
    sheet = Sheet()
    vouchers = "1 voucher" if found.voucher_count == 1 else f"{found.voucher_count:,} vouchers"
    sheet.line(f"{'':<{_LABEL}}{found.cash.currency:>{_FIGURE}}", "muted")
    sheet.line(f"{_row('Cash in the fund', found.cash, context)}  available {context.money(available)}")
    sheet.line(f"{_row('+ Vouchers not given back', found.vouchers, context)}  {vouchers}")
    sheet.line(_row("+ In transit", found.in_transit, context))
    sheet.line(_row("± Over or short", found.over_short, context))
    sheet.line(_row("= Together", found.total, context), "strong")
    sheet.line(_row("Authorised float", found.authorised, context), "strong")
    sheet.line()
    if found.holds:
        sheet.line("✔ It holds: together they are the authorised float.", "good")
        return sheet.content
    gap = Money(abs(found.difference.minor), found.difference.currency)
    more = "more" if found.difference.minor > 0 else "less"
    sheet.line(f"✖ It does not hold: {context.money_with_currency(gap)} {more} than the authorised float.", "bad")
    if found.causes:
        sheet.heading("What makes the difference")
    for cause in found.causes:
        sign = "+" if cause.amount.minor > 0 else ""
        sheet.line(f"{sign + context.money(cause.amount):>{_FIGURE}}  {cause.message}")
    return sheet.content


def _row(label: str, amount: Money, context: DeskContext) -> str:
    return f"{label:<{_LABEL}}{context.money(amount):>{_FIGURE}}"
