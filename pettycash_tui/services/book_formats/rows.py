"""A cash book as rows for a spreadsheet: CSV and XLSX, both accounts and the cost center beside every movement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pettycash_tui.services.book_lines import Book, BookLine
from pettycash_tui.services.export_request import ExportColumn, ValueKind, Values

COLUMNS = (
    ExportColumn("fund", "Fund"),
    ExportColumn("sequence", "Entry", ValueKind.INTEGER),
    ExportColumn("journal", "Journal"),
    ExportColumn("value_date", "Date", ValueKind.DATE),
    ExportColumn("entry_type", "Type"),
    ExportColumn("source_type", "Comes from"),
    ExportColumn("payee", "Payee"),
    ExportColumn("description", "Description"),
    ExportColumn("account_debited", "Account debited"),
    ExportColumn("account_credited", "Account credited"),
    ExportColumn("cost_center", "Cost center"),
    ExportColumn("paid_out", "Paid out", ValueKind.MONEY),
    ExportColumn("paid_in", "Paid in", ValueKind.MONEY),
    ExportColumn("balance_after", "Balance", ValueKind.MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("voucher_number", "Voucher"),
    ExportColumn("payment", "Payment"),
    ExportColumn("requisition", "Requisition"),
    ExportColumn("replenishment", "Replenishment"),
    ExportColumn("created_at", "Written at", ValueKind.MOMENT),
)


class BookRows:
    """The lines as rows of a CSV or XLSX file."""

    def __init__(self, book: Book, file: Any) -> None:
        self._book = book
        self._file = file
        self._own = f"{book.account.code} {book.account.name}"

    @property
    def sheets(self) -> int:
        """How many sheets the workbook has so far."""
        return int(self._file.sheets)

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add rows."""
        self._file.write([self._row(line) for line in lines])

    def finish(self) -> None:
        """End the file."""
        self._file.finish()

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""
        self._file.abandon()

    def _row(self, line: BookLine) -> Values:
        book = self._book
        contra = f"{line.contra.code} {line.contra.name}"
        amount = book.money(abs(line.movement))
        is_out = line.movement < 0
        return (
            book.fund,
            line.sequence,
            line.journal,
            line.day,
            line.entry_type.label,
            line.source.label,
            line.payee,
            line.description,
            contra if is_out else self._own,
            self._own if is_out else contra,
            line.cost_center,
            amount if is_out else None,
            None if is_out else amount,
            book.money(line.balance),
            book.currency,
            line.voucher,
            line.payment,
            line.requisition,
            line.replenishment,
            line.created_at,
        )
