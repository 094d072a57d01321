"""The columns of a cash book: money is never cut, and wider windows show where an entry comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pettycash_tui.widgets.cells import Column

# The text has at least so many cells before another column is shown: in a window of that width, from that width on.
_TEXT_WIDTHS = ((150, 40), (100, 24), (0, 12))
# Most petty cash fits; what does not widens its column when it comes.
_AMOUNT_WIDTH = len("999,999.99")

MONEY = ("out", "in", "balance")
"""The columns of money, the last of every row."""


class CashBookColumns:
    """The columns as wide as the widest amount seen so far. Pages widen them in threads, the table reads them."""

    def __init__(self, entries: int, balances: Iterable[str]) -> None:
        self._money = {"out": _AMOUNT_WIDTH, "in": _AMOUNT_WIDTH, "balance": max(_AMOUNT_WIDTH, *map(len, balances))}
        self._number = max(4, len(str(entries)))
        self._made: dict[int, tuple[Column, ...]] = {}

    def widen(self, column: str, amounts: Iterable[str]) -> bool:
        """Make room in a column of money for these amounts, as they are written; whether there was none."""
        widest = max(map(len, amounts), default=0)
        if widest <= self._money[column]:
            return False
        self._money = {**self._money, column: widest}
        self._made = {}
        return True

    def count_to(self, entries: int) -> None:
        """Make room for entry numbers up to this."""
        number = max(self._number, len(str(entries)))
        if number != self._number:
            self._number = number
            self._made = {}

    def all(self) -> tuple[Column, ...]:
        """Every column, for an export."""
        return self.of_width(0)

    def of_width(self, width: int) -> tuple[Column, ...]:
        """The columns for a table of that width; which of the optional ones have room, the table finds out."""
        text = next(least for wide, least in _TEXT_WIDTHS if width >= wide)
        made = self._made.get(text)
        if made is None:
            made = self._made[text] = tuple(
                replace(column, min_width=text) if column.key == "text" else column for column in self._columns()
            )
        return made

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("no", "No", width=self._number, align="right", optional=True),
            Column("date", "Date", width=10),
            Column("text", "Text"),
            Column("voucher", "Voucher", width=18, optional=True),
            Column("payment", "Payment", width=10, optional=True),
            Column("requisition", "Requisition", width=11, optional=True),
            Column("by", "Written by", width=18, optional=True),
            Column("against", "Against", width=24, optional=True),
            Column("out", "Paid out", width=self._money["out"], align="right"),
            Column("in", "Paid in", width=self._money["in"], align="right"),
            Column("balance", "Balance", width=self._money["balance"], align="right"),
        )
