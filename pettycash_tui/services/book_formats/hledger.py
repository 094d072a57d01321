"""A cash book for hledger: accounts and the commodity declared, each transaction with the balance it leads to.

Source: the hledger manual, journal format; `hledger check --strict` demands the declarations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import BinaryIO

from pettycash_tui.models.enums import AccountType
from pettycash_tui.models.money import currency_decimals
from pettycash_tui.services.book_formats.accounts import names_of
from pettycash_tui.services.book_formats.writer import TextFile, one_line
from pettycash_tui.services.book_lines import Book, BookLine

OPENING = "Equity:Opening-Balances-Of-Export"
"""Where the balance at the beginning comes from, when the export begins after the first entry."""

_BRACKETS = str.maketrans("()", "[]")
_TYPES = {
    AccountType.ASSET: "A",
    AccountType.LIABILITY: "L",
    AccountType.EQUITY: "E",
    AccountType.INCOME: "R",
    AccountType.EXPENSE: "X",
}


class HledgerFile(TextFile):
    """The book as an hledger journal."""

    def __init__(self, file: BinaryIO, book: Book) -> None:
        super().__init__(file, book)
        self._names = names_of(book)
        self._own = self._names[book.account]
        decimals = currency_decimals(book.currency)
        self.put(f"; {one_line(book.company)}: fund {one_line(book.fund)}, {one_line(book.name)}\n\ndecimal-mark .\n")
        self.put(f"commodity 1000.{'0' * decimals} {book.currency}\n\n")
        for account, name in sorted(self._names.items(), key=lambda item: item[1]):
            self.put(f"account {name}  ; type:{_TYPES[account.type]}, name:{_tag(account.name)}\n")
        if book.opening:
            first = (book.from_day or book.first_day or date(1970, 1, 1)) - timedelta(days=1)
            self.put(f"account {OPENING}  ; type:E\n\n{first.isoformat()} * Balance before the first day\n")
            self.put(f"    {self._own}    {self._assertion(book.opening, book.opening)}\n")
            self.put(f"    {OPENING}    {self.amount(-book.opening)} {book.currency}\n")
        self.put("\n")

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add transactions."""
        parts = []
        for line in lines:
            code = f"({_code(line.voucher or f'{self.book.fund}:{line.sequence}')}) "
            payee = f"{_described(line.payee)} | " if line.payee else ""
            entry = _tag(f"{self.book.fund}:{line.sequence}")
            tags = [f"entry:{entry}", f"journal:{_tag(line.journal)}", f"source:{line.source.value}"]
            for key in ("payment", "requisition", "replenishment", "cost_center"):
                value = getattr(line, key)
                if value:
                    tags.append(f"{key.replace('_', '-')}:{_tag(value)}")
            parts.append(f"{line.day.isoformat()} * {code}{payee}{_described(line.description)}  ; {', '.join(tags)}\n")
            parts.append(f"    {self._own}    {self._assertion(line.movement, line.balance)}\n")
            parts.append(f"    {self._names[line.contra]}    {self.amount(-line.movement)} {self.book.currency}\n\n")
        self.put("".join(parts))

    def _assertion(self, movement: int, balance: int) -> str:
        currency = self.book.currency
        return f"{self.amount(movement)} {currency} = {self.amount(balance)} {currency}"


def _described(text: str) -> str:
    """Text within a description: `;` would begin a comment, and `|` parts the payee from the note."""
    return one_line(text).replace(";", ",").replace("|", "/")


def _code(text: str) -> str:
    """Text between the round brackets of a code, which the first `)` would end."""
    return _described(text).translate(_BRACKETS)


def _tag(text: str) -> str:
    """Text as the value of a tag, which a comma would end."""
    return re.sub(r"[,;]", " ", one_line(text))
