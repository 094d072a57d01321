"""A cash book for Beancount: every account opened, a transaction for each entry, balances asserted at both ends.

Source: the Beancount language syntax. A balance directive holds at the beginning of its day, so the closing one stands
on the day after the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import BinaryIO

from pettycash_tui.services.book_formats.accounts import names_of
from pettycash_tui.services.book_formats.writer import TextFile, one_line
from pettycash_tui.services.book_lines import Book, BookLine

OPENING = "Equity:Opening-Balances-Of-Export"
"""Where the balance at the beginning comes from, when the export begins after the first entry."""

_EPOCH = date(1970, 1, 1)


class BeancountFile(TextFile):
    """The book as a Beancount ledger."""

    def __init__(self, file: BinaryIO, book: Book) -> None:
        super().__init__(file, book)
        self._names = names_of(book)
        self._own = self._names[book.account]
        self._last: date | None = None
        first = book.from_day or book.first_day or _EPOCH
        # An account has to be open before the first directive that names it.
        opened = min(_EPOCH, first - timedelta(days=1) if first > date.min else first).isoformat()
        self.put(f'option "title" {_quoted(f"{book.company}: fund {book.fund}, {book.name}")}\n')
        self.put(f'option "operating_currency" "{book.currency}"\n\n')
        self.put(f"{opened} commodity {book.currency}\n")
        for name in sorted({*self._names.values()}):
            self.put(f"{opened} open {name} {book.currency}\n")
        if book.opening:
            self.put(f"{opened} open {OPENING} {book.currency}\n\n")
            self.put(f'{(first - timedelta(days=1)).isoformat()} * "Balance before the first day of this export"\n')
            self.put(f"  {self._own}  {self.amount(book.opening)} {book.currency}\n")
            self.put(f"  {OPENING}  {self.amount(-book.opening)} {book.currency}\n")
        self.put(f"\n{first.isoformat()} balance {self._own}  {self.amount(book.opening)} {book.currency}\n\n")

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add transactions."""
        currency = self.book.currency
        parts = []
        for line in lines:
            parts.append(
                f"{line.day.isoformat()} * {_quoted(line.payee)} {_quoted(line.description)} ^{_link(line.journal)}\n"
            )
            parts.append(f'  entry: {_quoted(f"{self.book.fund}:{line.sequence}")}\n  source: "{line.source.value}"\n')
            for key in ("voucher", "payment", "requisition", "replenishment"):
                value = getattr(line, key)
                if value:
                    parts.append(f"  {key}: {_quoted(value)}\n")
            if line.cost_center:
                parts.append(f"  cost-center: {_quoted(line.cost_center)}\n")
            parts.append(f"  {self._own}  {self.amount(line.movement)} {currency}\n")
            parts.append(f"  {self._names[line.contra]}  {self.amount(-line.movement)} {currency}\n\n")
            self._last = line.day
        self.put("".join(parts))

    def finish(self) -> None:
        """Assert the closing balance."""
        book = self.book
        end = book.to_day or self._last
        if end is not None and end < date.max:
            day = (end + timedelta(days=1)).isoformat()
            self.put(f"{day} balance {self._own}  {self.amount(book.closing)} {book.currency}\n")
        super().finish()


def _link(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_/.") else "-" for c in text)


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
