"""A fund's cash book as a list of any length: its sequence has no gap, so any jump in it is one read."""

from __future__ import annotations

from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services import ledger_views
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.ledger_views import EntryFilter, EntryView, LedgerFund
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Page, Place, Row, Seek

_BEYOND_THE_END = 2**53


class LedgerSource:
    """The entries of one fund in the order of its sequence, or those that match a filter."""

    def __init__(self, context: DeskContext, fund: FundView, given: EntryFilter) -> None:
        self._context = context
        self._fund = LedgerFund(fund.id, fund.code, fund.name, fund.currency, fund.entries)
        self._given = given
        self.columns = _columns(context, fund)
        self.dense = given.is_empty

    def count(self) -> int | None:
        """How many entries there are; unknown for a text, which the whole cash book would be read for."""
        if self._given.search:
            return None
        return self._context.read(ledger_views.count_entries, self._fund, self._given)

    def page(self, seek: Seek, limit: int) -> Page:
        """The entries at a place."""
        start, backwards = _start(seek)
        found = self._context.read(
            ledger_views.entries_from,
            self._fund,
            self._given,
            sequence=start,
            limit=limit + 1,  # the one too many only says that there are more
            backwards=backwards,
        )
        more = len(found) > limit
        entries = (found[-limit:] if backwards else found[:limit]) if more else found
        rows = tuple(self._row(entry) for entry in entries)
        position = entries[0].sequence - 1 if self.dense and entries else None
        if backwards:
            return Page(rows, before=more, after=seek.place is Place.BEFORE, position=position)
        before = seek.place is Place.AFTER or (seek.place is Place.AT and seek.position > 0)
        return Page(rows, before=before, after=more, position=position)

    def _row(self, entry: EntryView) -> Row:
        money = self._context.money
        out, paid_in = amounts_of(entry)
        return Row(
            key=entry.id,
            cells=(
                Cell(str(entry.sequence)),
                Cell(entry.value_date.isoformat()),
                Cell(entry.description),
                Cell(entry.voucher_number or ""),
                Cell(money(out) if out else ""),
                Cell(money(paid_in) if paid_in else "", "good"),
                Cell(money(entry.balance_after), "strong"),
            ),
            cursor=entry.sequence,
            value=entry,
        )


def amounts_of(entry: EntryView) -> tuple[Money | None, Money | None]:
    """What was paid out and what was paid in; an adjustment is the one or the other by its sign."""
    if entry.entry_type is EntryType.DEBIT:
        return entry.amount, None
    if entry.entry_type is EntryType.ADJUSTMENT and entry.amount.minor < 0:
        return Money(-entry.amount.minor, entry.amount.currency), None
    return None, entry.amount


def _start(seek: Seek) -> tuple[int, bool]:
    """From which sequence a page is read, and whether backwards."""
    if seek.place is Place.FIRST:
        return 1, False
    if seek.place is Place.AFTER:
        return seek.cursor + 1, False
    if seek.place is Place.AT:
        return seek.position + 1, False
    return (seek.cursor - 1 if seek.place is Place.BEFORE else _BEYOND_THE_END), True


def _columns(context: DeskContext, fund: FundView) -> tuple[Column, ...]:
    # An amount is never cut: its column has room for the fund's level now, and for its target.
    largest = max(fund.current_balance.minor, fund.target_balance.minor)
    wide = max(12, len(context.money(Money(largest, fund.currency))))
    return (
        Column("no", "No", width=max(4, len(str(fund.entries))), align="right"),
        Column("date", "Date", width=10),
        Column("text", "Text", min_width=12),
        Column("voucher", "Voucher", width=18, optional=True),
        Column("out", "Paid out", width=wide, align="right"),
        Column("in", "Paid in", width=wide, align="right"),
        Column("balance", "Balance", width=wide, align="right"),
    )
