"""The lines under a cash book: how many entries are shown, and what they come to, under the columns they sum up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.content import Content
from textual.message import Message

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_columns import MONEY, CashBookColumns
from pettycash_tui.screens.ledger_source import LedgerSource
from pettycash_tui.services import ledger_totals
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.ledger_filter import EntryFilter
from pettycash_tui.services.ledger_totals import Totals
from pettycash_tui.services.ledger_views import LedgerFund
from pettycash_tui.widgets.background import Background
from pettycash_tui.widgets.cells import GAP, fit
from pettycash_tui.widgets.plain import MUTED, PlainText, plain

_GUTTER = 2


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: what it is, and what stands under paid out, paid in and balance."""

    label: str
    out: str = ""
    paid_in: str = ""
    balance: str = ""


class TotalsBar(Background, PlainText):
    """Counts what the cash book shows, beside the event loop, and shows it under the columns of its table.

    It counts slice by slice, so that another filter waits for no more than a slice; what was counted once is only
    added to when entries come in.
    """

    DEFAULT_CSS = """
    TotalsBar { height: 3; border-top: solid $primary 40%; }
    TotalsBar:ansi { border-top: solid ansi_default; }
    """

    class Counted(Message):
        """Everything shown is counted."""

        def __init__(self, given: EntryFilter, totals: Totals) -> None:
            super().__init__()
            self.given = given
            self.totals = totals

    def __init__(self, context: DeskContext) -> None:
        super().__init__()
        self._desk_context = context
        self._of: tuple[LedgerFund, EntryFilter] | None = None
        self._totals: Totals | None = None
        self._failure = ""
        self._is_overtaken = False

    @property
    def totals(self) -> Totals | None:
        """What was counted; None until the first slice is."""
        return self._totals

    def count(self, fund: LedgerFund, given: EntryFilter) -> None:
        """Count what is shown now. Of the same list, only what is new."""
        same = self._of is not None and (self._of[0].id, self._of[1]) == (fund.id, given) and not self._failure
        self._of = (fund, given)
        self._failure = ""
        known = self._totals if same else None
        if same and (known is None or not known.is_complete):
            self._is_overtaken = True  # it is being counted; what came meanwhile is added at the end
        elif known is not None:
            self._ask(ledger_totals.follow, fund, given, known)
        else:
            self._is_overtaken = False
            self._totals = None
            self.draw()
            self._ask(ledger_totals.start, fund, given)

    def _ask(self, query: Callable[..., Totals], *args: Any) -> None:
        read = partial(self._desk_context.read, query)
        self.read("totals", read, *args, then=self._take, failed=self._failed, waits="adding up…")

    def _take(self, found: Totals) -> None:
        assert self._of is not None
        if self._totals is None or found.is_complete or not self._totals.is_complete:
            self._totals = found
            self.draw()
        if not found.is_complete:
            self._ask(ledger_totals.go_on, *self._of, found)
            return
        self.post_message(self.Counted(self._of[1], found))
        if self._is_overtaken:
            self._is_overtaken = False
            self._ask(ledger_totals.follow, *self._of, found)

    def _failed(self, error: PettyCashError) -> None:
        self._failure = error.message
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self) -> None:
        """Draw the lines under the columns as they are now."""
        book = next(iter(self.screen.query(CashBook)), None)
        if book is None or self._of is None:
            return
        lines = self._lines()
        if isinstance(book.source, LedgerSource) and self._widen(book.source.layout, lines):
            book.refresh()
        text = Content("\n").join(_aligned(line, book) for line in lines)
        if text.plain != self.text:
            self.update(text)

    def _widen(self, layout: CashBookColumns, lines: list[_Line]) -> bool:
        """Make room for these amounts in the columns above them; whether there was none."""
        widened = False
        for line in lines:
            # A sum, or its sign, may begin in the gap before its column: it takes no cell from the texts above.
            for column, text in zip(MONEY, (line.out, line.paid_in, line.balance), strict=True):
                widened |= layout.widen(column, [text[1:]])
        return widened

    def _lines(self) -> list[_Line]:
        found, money = self._totals, self._desk_context.money
        if self._failure:
            return [_Line(f"not counted: {self._failure}")]
        if found is None or not found.is_complete:
            done = 100 * found.counted // max(1, found.until) if found else 0
            return [_Line(f"counting… {done} %" if done else "counting…")]
        given = self._of[1] if self._of else EntryFilter()
        entries = f"{found.entries:,} {'entry' if found.entries == 1 else 'entries'}"
        out, paid_in = money(found.paid_out), money(found.paid_in)
        if found.opening is not None and found.closing is not None:
            total = _Line(entries, out, paid_in, money(found.closing))
            return [total] if given.is_empty else [_Line("Brought forward", balance=money(found.opening)), total]
        return [_Line(f"{entries} shown", out, paid_in), _Line("Net", balance=self._signed(found.net))]

    def _signed(self, amount: Money) -> str:
        sign = "-" if amount.minor < 0 else "+" if amount.minor else ""
        return sign + self._desk_context.money(Money(abs(amount.minor), amount.currency))


def _aligned(line: _Line, book: CashBook) -> Content:
    """The line with its amounts under the table's columns; a sentence where there are none."""
    figures = {"out": line.out, "in": line.paid_in, "balance": line.balance}
    if not any(figures.values()):
        return plain(" " * _GUTTER + line.label, MUTED)
    columns = book.columns_drawn
    label_width = sum(size + GAP for column, size in columns if column.key not in figures) - GAP
    parts = [plain(" " * _GUTTER + fit(line.label, max(0, label_width)), MUTED)]
    for column, size in columns:
        if column.key in figures:
            parts.append(plain(fit(figures[column.key], size + GAP, "right"), "bold"))
    return Content.assemble(*parts)
