"""A fund's level, whether its cash book adds up, what is narrowed, and one entry, as text."""

from __future__ import annotations

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.models.enums import EntryType
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.period import Period
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.ledger_filter import AmountRange, EntryFilter
from pettycash_tui.services.ledger_views import EntryView
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.plain import MUTED, plain

_STYLES = {"good": "$success", "warn": "$warning", "bad": "bold $error", "muted": MUTED}


def level_of(fund: FundView) -> StatusMark:
    """How the fund stands, as a mark and words."""
    if not fund.is_active:
        return StatusMark("−", "not in use", "muted")
    if fund.is_low:
        return StatusMark("!", "below its reorder level", "warn")
    return StatusMark("✔", "above its reorder level", "good")


def draw_fund(fund: FundView, place: int, of: int, context: DeskContext, integrity: StatusMark) -> Content:
    """The lines above the cash book."""
    sheet, level = Sheet(), level_of(fund)
    name = "" if fund.name == fund.code else f"  {fund.name}"
    others = f"  ({place} of {of})" if of > 1 else ""
    apart = "\n" if integrity.role == "bad" else "  "
    top = Content.assemble(
        plain(f"{fund.code}{name}", "bold"),
        plain(others, MUTED),
        plain(f"  {level.text}", _STYLES[level.role]),
        plain(f"{apart}{integrity.text}" if integrity.word else "", _STYLES[integrity.role]),
    )
    sheet.line(
        f"Balance {context.money_with_currency(fund.current_balance)} · held {context.money(fund.held_amount)}"
        f" · available {context.money(fund.available)}"
    )
    since = f" · last replenished {context.day(fund.last_replenished)}" if fund.last_replenished else ""
    sheet.line(
        f"Reorder {context.money(fund.reorder_level)} · target {context.money(fund.target_balance)}{since}", "muted"
    )
    return Content("\n").join([top, sheet.content])


def describe_filter(given: EntryFilter, period: Period, amount: AmountRange, context: DeskContext) -> str:
    """What the cash book is narrowed to, in words, and how to widen it; empty when all of it is shown."""
    parts = [given.entry_type.label.lower()] if given.entry_type else []
    parts += [period.words] if period.words else []
    parts += [_amounts(amount, context)] if amount.text else []
    parts += [f"“{given.search}”"] if given.search else []
    return f"Shown: {' · '.join(parts)}  ({key('app.back')} shows all)" if parts else ""


def _amounts(amount: AmountRange, context: DeskContext) -> str:
    least, most = amount.least, amount.most
    if least is not None and least == most:
        return context.money(least)
    if least is None or most is None:
        return f"from {context.money(least)}" if least else f"up to {context.money(most)}" if most else ""
    return f"{context.money(least)} to {context.money(most)}"


def draw_entry(entry: EntryView, context: DeskContext) -> Content:
    """One entry in full."""
    sheet = Sheet()
    sheet.field("Text", entry.description, "strong")
    label = entry.entry_type.label
    if entry.entry_type is EntryType.ADJUSTMENT:
        label += " (variance)"
    sheet.field(label, context.money_with_currency(entry.amount), "strong")
    sheet.field("Balance", f"{context.money_with_currency(entry.balance_after)} after it")
    sheet.field("Date", entry.value_date.isoformat())
    sheet.field("Voucher", entry.voucher_number or "")
    sheet.line()
    sheet.field("Comes from", entry.source_type.label)
    sheet.field("Payment", entry.payment or "")
    sheet.field("Requisition", entry.requisition or "")
    sheet.field("Replenished", entry.replenishment or "")
    sheet.field("Variance", entry.variance or "")
    sheet.field("Corrects", entry.corrects or "")
    sheet.field("Transfer", entry.transfer or "")
    if entry.contra_account is not None:
        sheet.field("Against", f"{entry.contra_account.code} {entry.contra_account.name}")
    sheet.field("Journal", entry.journal)
    by = entry.created_by.name if entry.created_by else "the system"
    sheet.field("Written", f"{context.moment(entry.created_at)} by {by}")
    return sheet.content
