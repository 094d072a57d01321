"""A fund's statement for a month as lines: for a terminal (78 columns), or for paper, with the vouchers (132)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from pettycash_tui.models.money import Money
from pettycash_tui.models.text import printable
from pettycash_tui.printing.layout import Cells, heading, row
from pettycash_tui.services.book_lines import BookLine
from pettycash_tui.services.statements import FundStatement

SCREEN, PAPER = 78, 132


class StatementPaper:
    """The lines of a statement: `head`, `columns` (repeated on each page of paper), `body`, `foot`."""

    def __init__(self, found: FundStatement, width: int = SCREEN) -> None:
        self.found = found
        self.width = width
        amounts = (found.opening_balance, found.closing_balance, found.paid_in, found.paid_out)
        balance = max(12, *(len(money.grouped()) for money in amounts), self._most_balance())
        movement = max(11, len(found.paid_in.grouped()), len(found.paid_out.grouped()))
        voucher = [Cells("Voucher", 20)] if width >= PAPER else []
        fixed = 10 + 1 + 7 + 1 + 2 * (movement + 1) + balance + 1 + sum(column.width + 1 for column in voucher)
        self._columns = (
            Cells("Date", 10),
            Cells("Entry", 7, is_figure=True),
            *voucher,
            Cells("What for", max(12, width - fixed)),
            Cells("Paid out", movement, is_figure=True),
            Cells("Paid in", movement, is_figure=True),
            Cells("Balance", balance, is_figure=True),
        )
        self._has_voucher = bool(voucher)

    @property
    def title(self) -> str:
        """What the paper is, for the head of each page."""
        return f"{self.found.company}: fund {self.found.fund}, {self.found.period}"

    @property
    def columns(self) -> str:
        """The headings of the movements."""
        return heading(self._columns)

    def head(self) -> Iterator[str]:
        """Whose statement it is, and the balance it begins with."""
        found = self.found
        at = found.made_at.astimezone(ZoneInfo(found.timezone))
        yield printable(found.company)
        yield printable(f"STATEMENT OF FUND {found.fund}, {found.name}")
        yield f"{found.first_day} to {found.last_day}, in {found.currency}. Made {at:%Y-%m-%d %H:%M}."
        yield "=" * self.width
        yield self._figure("Opening balance", found.opening_balance)

    def body(self, lines: Iterable[BookLine]) -> Iterator[str]:
        """A line for each movement."""
        for line in lines:
            amount = Money(abs(line.movement), self.found.currency).grouped()
            texts = [
                line.day.isoformat(),
                str(line.sequence),
                *([line.voucher or line.replenishment] if self._has_voucher else []),
                line.description,
                amount if line.movement < 0 else "",
                "" if line.movement < 0 else amount,
                Money(line.balance, self.found.currency).grouped(),
            ]
            yield row(self._columns, texts)

    def foot(self) -> Iterator[str]:
        """What it came to, on which accounts, and the balance it ends with."""
        found = self.found
        yield "-" * self.width
        entries = "1 movement" if found.entries == 1 else f"{found.entries:,} movements"
        yield self._figure(f"Paid out ({entries})", found.paid_out)
        yield self._figure("Paid in", found.paid_in)
        yield self._figure("Closing balance", found.closing_balance)
        if found.held is not None and found.available is not None:
            yield self._figure("Held for payments now", found.held)
            yield self._figure("Available now", found.available)
        if found.accounts:
            yield ""
            yield from self._accounts()

    def _accounts(self) -> Iterator[str]:
        sums = self.found.accounts
        wide = max(11, *(len(money.grouped()) for each in sums for money in (each.paid_out, each.paid_in)))
        columns = (
            Cells("Account", 10),
            Cells("Name", self.width - 10 - 9 - 2 * (wide + 1) - 2),
            Cells("Entries", 9, is_figure=True),
            Cells("Paid out", wide, is_figure=True),
            Cells("Paid in", wide, is_figure=True),
        )
        yield heading(columns)
        for each in sums:
            out, paid_in = (money.grouped() if money.minor else "" for money in (each.paid_out, each.paid_in))
            yield row(columns, (each.code, each.name, f"{each.entries:,}", out, paid_in))

    def _figure(self, label: str, money: Money) -> str:
        shown = money.grouped()
        return label + " " * max(1, self.width - len(label) - len(shown)) + shown

    def _most_balance(self) -> int:
        # No balance of the month is above what it began with and all that came in.
        return len((self.found.opening_balance + self.found.paid_in).grouped())


def statement_lines(paper: StatementPaper, pages: Iterable[Sequence[BookLine]]) -> Iterator[str]:
    """All lines of a statement, one after the other."""
    yield from paper.head()
    yield paper.columns
    for lines in pages:
        yield from paper.body(lines)
    yield from paper.foot()
