"""How an entry of a fund's ledger is printed: as a line of a cash book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from pettycash_tui.services.ledger_views import EntryView


def paid_out(entry: EntryView) -> str:
    """The amount, when the entry lowers the balance."""
    return "" if _raises(entry) else _without_sign(entry)


def paid_in(entry: EntryView) -> str:
    """The amount, when the entry raises the balance."""
    return _without_sign(entry) if _raises(entry) else ""


def _raises(entry: EntryView) -> bool:
    if entry.entry_type.value == "adjustment":
        return entry.amount.minor > 0
    return entry.entry_type.value == "credit"


def _without_sign(entry: EntryView) -> str:
    return entry.amount.grouped().lstrip("-")


ROWS = [
    ColumnSpec("#", "sequence"),
    ColumnSpec("Date", "value_date", min_width=10),
    ColumnSpec("Description", "description", min_width=8),
    ColumnSpec("Payment", "payment", min_width=10),
    ColumnSpec("Paid out", paid_out, align="right"),
    ColumnSpec("Paid in", paid_in, align="right"),
    ColumnSpec("Balance", lambda entry: entry.balance_after.grouped(), align="right"),
]
