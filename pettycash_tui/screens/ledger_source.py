"""A fund's cash book as a list of any length: its sequence has no gap, so any jump in it is one read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.ledger_columns import MONEY, CashBookColumns
from pettycash_tui.services import ledger_checks, ledger_totals, ledger_views, ledger_walk
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.ledger_filter import EntryFilter
from pettycash_tui.services.ledger_totals import Span
from pettycash_tui.services.ledger_views import EntryView, LedgerFund
from pettycash_tui.services.ledger_walk import BEYOND_THE_END, Bounds
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Page, Place, Row, Seek

PATIENCE = 0.3
"""Seconds that a page is waited for once it holds a row: what was found is shown while the rest is looked for."""


class LedgerSource:
    """The entries of one fund in the order of its sequence, or those that match a filter.

    What only a period narrows is one run of the sequence and has positions too. What a text or an amount narrows is
    walked, step by step; `stop` ends a walk whose list is no longer shown.
    """

    def __init__(self, context: DeskContext, fund: FundView, given: EntryFilter) -> None:
        self._context = context
        self._fund = book_of(fund)
        self._given = given
        self._span: Span | None = None
        self._passed: dict[tuple[int, bool], int] = {}
        self._walks = 0
        money = context.money
        self.layout = CashBookColumns(fund.entries, (money(fund.current_balance), money(fund.target_balance)))
        self.broken: set[int] = set()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column; the table asks the layout for those of its width."""
        return self.layout.all()

    @property
    def dense(self) -> bool:
        """Whether positions are sequences: the whole ledger, or all entries of a period."""
        return self._given.is_empty or (self._span is not None and self._is_run(self._span))

    def stop(self) -> None:
        """Nobody waits for this list any more."""
        self._walks += 1

    def count(self) -> int | None:
        """How many entries there are; unknown where the whole cash book would be read for it."""
        if self._given.is_empty:
            return self._context.read(ledger_views.count_entries, self._fund, self._given)
        if self._given.has_period:
            span = self._read_span()
            return span.entries if self._given.is_period_only else None
        if self._given.is_searched:
            return None
        return self._context.read(ledger_views.count_entries, self._fund, self._given)

    def page(self, seek: Seek, limit: int) -> Page:
        """The entries at a place."""
        if self._given.has_period and self._span is None:
            self._read_span()
        return self._run(seek, limit) if self.dense else self._walk(seek, limit)

    # -- a run of the sequence -----------------------------------------------------------------------------------------

    def _run(self, seek: Seek, limit: int) -> Page:
        bounds, first = self._bounds(), self._bounds().first
        start, backwards = _start(seek, first)
        found, broken = self._context.read(
            _run_page, self._fund, self._given, bounds, sequence=start, limit=limit + 1, backwards=backwards
        )
        entries, more = _cut(found, limit, backwards)
        rows = self._rows(entries, broken)
        position = entries[0].sequence - first if entries else None
        if backwards:
            return Page(rows, before=more, after=seek.place is Place.BEFORE, position=position)
        return Page(rows, before=start > first, after=more, position=position)

    def _bounds(self) -> Bounds:
        span = self._span
        if span is None:
            return Bounds()
        return Bounds(span.first, BEYOND_THE_END if span.is_open else span.last)

    def _read_span(self) -> Span:
        self._span = span = self._context.read(ledger_totals.span_of, self._fund, self._given)
        return span

    def _is_run(self, span: Span) -> bool:
        return self._given.is_period_only and span.is_whole and span.entries > 0

    # -- a walk --------------------------------------------------------------------------------------------------------

    def _walk(self, seek: Seek, limit: int) -> Page:
        # The table asks for one page after the other: a walk that is still under way is no longer waited for.
        self._walks += 1
        mine = self._walks
        start, backwards = _start(seek, 1)
        if start == BEYOND_THE_END:
            # By its number: what was passed from here says nothing of entries that come later.
            start = self._context.read(ledger_totals.last_sequence, self._fund)
        place: int | None = self._passed.get((start, backwards), start)
        found: list[EntryView] = []
        broken: set[int] = set()
        until = time.monotonic() + PATIENCE
        while place is not None and len(found) <= limit and mine == self._walks:
            if found and time.monotonic() > until:
                break
            step, wrong = self._context.read(
                _step,
                self._fund,
                self._given,
                self._bounds(),
                sequence=place,
                limit=limit + 1 - len(found),
                backwards=backwards,
            )
            found = [*step.entries, *found] if backwards else [*found, *step.entries]
            broken |= wrong
            place = step.next
            if not found and place is not None:
                self._passed[start, backwards] = place
        entries, cut = _cut(found, limit, backwards)
        if entries and not cut and place is not None:
            # What lies between is not looked at again by the page that goes on from here.
            edge = entries[0].sequence - 1 if backwards else entries[-1].sequence + 1
            self._passed[edge, backwards] = place
        more = cut or (bool(entries) and place is not None)
        rows = self._rows(entries, broken)
        if backwards:
            return Page(rows, before=more, after=seek.place is Place.BEFORE)
        return Page(rows, before=seek.place is Place.AFTER, after=more)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _rows(self, entries: Sequence[EntryView], broken: Sequence[int] | set[int] | frozenset[int]) -> tuple[Row, ...]:
        rows = tuple(self._row(entry, entry.sequence in broken) for entry in entries)
        for place, column in enumerate(MONEY, start=-len(MONEY)):
            self.layout.widen(column, (row.cells[place].text for row in rows))
        self.layout.count_to(max((entry.sequence for entry in entries), default=1))
        self.broken.update(broken)
        return rows

    def _row(self, entry: EntryView, is_broken: bool) -> Row:
        money = self._context.money
        out, paid_in = amounts_of(entry)
        against, by, text = entry.contra_account, entry.created_by, text_of(entry)
        return Row(
            key=entry.id,
            cells=(
                Cell(str(entry.sequence)),
                Cell(entry.value_date.isoformat()),
                Cell(f"✖ does not add up: {text}", "bad") if is_broken else Cell(text),
                Cell(entry.voucher_number or ""),
                Cell(entry.payment or ""),
                Cell(entry.requisition or entry.replenishment or entry.variance or entry.transfer or ""),
                Cell(by.name if by else "the system"),
                Cell(f"{against.code} {against.name}" if against else ""),
                Cell(money(out) if out else ""),
                Cell(money(paid_in) if paid_in else "", "good"),
                Cell(money(entry.balance_after), "bad" if is_broken else "strong"),
            ),
            cursor=entry.sequence,
            value=entry,
        )


def book_of(fund: FundView) -> LedgerFund:
    """The ledger of a fund that the person was shown among those they may read."""
    return LedgerFund(fund.id, fund.code, fund.name, fund.currency, fund.entries)


def amounts_of(entry: EntryView) -> tuple[Money | None, Money | None]:
    """What was paid out and what was paid in; an adjustment is the one or the other by its sign."""
    if entry.entry_type is EntryType.DEBIT:
        return entry.amount, None
    if entry.entry_type is EntryType.ADJUSTMENT and entry.amount.minor < 0:
        return Money(-entry.amount.minor, entry.amount.currency), None
    return None, entry.amount


def text_of(entry: EntryView) -> str:
    """What an entry is for, its number first: the column of money says already that a fund was replenished."""
    number = entry.replenishment
    return entry.description.removeprefix("Replenishment ") if number else entry.description


def _run_page(
    reading: Reading,
    fund: LedgerFund,
    given: EntryFilter,
    bounds: Bounds,
    *,
    sequence: int,
    limit: int,
    backwards: bool,
) -> tuple[tuple[EntryView, ...], frozenset[int]]:
    if given.is_empty:
        found = ledger_views.entries_from(reading, fund, given, sequence=sequence, limit=limit, backwards=backwards)
    else:
        found = ledger_walk.step(
            reading, fund, given, sequence=sequence, limit=limit, backwards=backwards, bounds=bounds
        ).entries
    return found, ledger_checks.broken(reading, fund, found)


def _step(
    reading: Reading,
    fund: LedgerFund,
    given: EntryFilter,
    bounds: Bounds,
    *,
    sequence: int,
    limit: int,
    backwards: bool,
) -> tuple[ledger_walk.Step, frozenset[int]]:
    found = ledger_walk.step(reading, fund, given, sequence=sequence, limit=limit, backwards=backwards, bounds=bounds)
    return found, ledger_checks.broken(reading, fund, found.entries)


def _cut(found: Sequence[EntryView], limit: int, backwards: bool) -> tuple[Sequence[EntryView], bool]:
    """The entries of a page, and whether there is one more: the one too many only says so."""
    if len(found) <= limit:
        return found, False
    return (found[-limit:] if backwards else found[:limit]), True


def _start(seek: Seek, first: int) -> tuple[int, bool]:
    """From which sequence a page is read, and whether backwards. `first` is the sequence at position 0."""
    if seek.place is Place.FIRST:
        return first, False
    if seek.place is Place.AFTER:
        return seek.cursor + 1, False
    if seek.place is Place.AT:
        return seek.position + first, False
    return (seek.cursor - 1 if seek.place is Place.BEFORE else BEYOND_THE_END), True
