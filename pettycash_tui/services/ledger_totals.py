"""The totals of what a cash book shows, counted slice by slice: a million entries are never one long statement.

Nothing in a ledger is ever changed, so what was counted stays right: later entries are added to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlalchemy import BigInteger, Select, bindparam, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services.ledger_filter import PAID_IN, PAID_OUT, EntryFilter, conditions
from pettycash_tui.services.ledger_views import LedgerFund
from pettycash_tui.services.work import Reading

SLICE = 50_000
"""Sequences looked at by one statement: some 30 ms, for a text 60 ms."""

_L = t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class Span:
    """Where the entries of a period lie: the first and last sequence, and how many of those between are in it.

    `is_open`: it reaches the newest entry, so that the next may belong to it too.
    """

    first: int
    last: int
    entries: int
    is_open: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether every entry between is in the period, so that a position in it is a sequence."""
        return self.entries == self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted up to and with the sequence `counted`; `until` is where the counting is to end.

    `opening` and `closing` are the balances before and after, known where everything from one entry to another is
    shown. `paid_out`, `paid_in` and the balances are of the fund's currency.
    """

    entries: int
    paid_out: Money
    paid_in: Money
    counted: int
    until: int
    opening: Money | None = None
    closing: Money | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all entries were looked at."""
        return self.counted >= self.until

    @property
    def net(self) -> Money:
        """What was paid in less what was paid out."""
        return self.paid_in - self.paid_out


def span_of(reading: Reading, fund: LedgerFund, given: EntryFilter) -> Span:
    """The sequences between which a filter's period lies, from the index of days; of the whole ledger without one."""
    last = last_sequence(reading, fund)
    if not given.has_period:
        return Span(1, last, last)
    days = EntryFilter(from_date=given.from_date, to_date=given.to_date)
    statement = select(func.min(_L.sequence), func.max(_L.sequence), func.count()).where(
        _L.fund_id == fund.id, *conditions(days)
    )
    first, end, entries = tuple(reading.execute(statement).one())
    if first is None:
        # Nothing lies in it: between the entry before the period and the one after.
        before = last_before(reading, fund, given.from_date) if given.from_date else 0
        return Span(before + 1, before, 0, is_open=before == last)
    return Span(first, end, entries, is_open=end >= last)


def begin(reading: Reading, fund: LedgerFund, given: EntryFilter) -> Totals:
    """Totals with nothing counted yet: what there is to count, and the opening and closing balance."""
    span = span_of(reading, fund, given)
    nothing = Money(0, fund.currency)
    whole = (given.is_empty or given.is_period_only) and span.is_whole
    return Totals(
        0,
        nothing,
        nothing,
        counted=span.first - 1,
        until=span.last,
        opening=balance_after(reading, fund, span.first - 1) if whole else None,
        closing=balance_after(reading, fund, span.last) if whole else None,
    )


def go_on(reading: Reading, fund: LedgerFund, given: EntryFilter, so_far: Totals, most: int = SLICE) -> Totals:
    """The same with at most so many sequences more looked at."""
    end = min(so_far.counted + most, so_far.until)
    row = reading.execute(_sums(given), {"fund": fund.id, "above": so_far.counted, "to": end}).one()
    entries, out, paid_in = (int(value or 0) for value in row)
    return Totals(
        so_far.entries + entries,
        so_far.paid_out + Money(out, fund.currency),
        so_far.paid_in + Money(paid_in, fund.currency),
        counted=end,
        until=so_far.until,
        opening=so_far.opening,
        closing=so_far.closing,
    )


def follow(reading: Reading, fund: LedgerFund, given: EntryFilter, known: Totals) -> Totals:
    """Complete totals, to be gone on with where entries have come since."""
    found = begin(reading, fund, given)
    if found.until < known.until:
        return found
    return Totals(
        known.entries,
        known.paid_out,
        known.paid_in,
        counted=known.counted,
        until=found.until,
        opening=found.opening,
        closing=found.closing,
    )


def count(reading: Reading, fund: LedgerFund, given: EntryFilter) -> Totals:
    """All of it at once, for a command that waits for the answer."""
    found = begin(reading, fund, given)
    while not found.is_complete:
        found = go_on(reading, fund, given, found)
    return found


def start(reading: Reading, fund: LedgerFund, given: EntryFilter) -> Totals:
    """The first slice, which is all there is to count in most ledgers."""
    return go_on(reading, fund, given, begin(reading, fund, given))


def last_sequence(reading: Reading, fund: LedgerFund) -> int:
    """The sequence of the newest entry; 0 in an empty ledger."""
    f = t.treasury_fund.c
    return int(reading.execute(select(f.ledger_sequence).where(f.id == fund.id)).scalar_one())


def balance_after(reading: Reading, fund: LedgerFund, sequence: int) -> Money:
    """The balance after an entry; nothing before the first."""
    statement = select(_L.balance_after).where(_L.fund_id == fund.id, _L.sequence == sequence)
    return Money(int(reading.execute(statement).scalar() or 0), fund.currency)


def last_before(reading: Reading, fund: LedgerFund, day: date) -> int:
    """The sequence of the last entry before a day; 0 when there is none."""
    statement = (
        select(_L.sequence)
        .where(_L.fund_id == fund.id, _L.value_date < day)
        .order_by(_L.value_date.desc(), _L.sequence.desc())
        .limit(1)
    )
    return int(reading.execute(statement).scalar() or 0)


@lru_cache(maxsize=32)
def _sums(given: EntryFilter) -> Select[int, int, int]:
    return select(func.count(), func.sum(PAID_OUT), func.sum(PAID_IN)).where(
        _L.fund_id == bindparam("fund", type_=_L.fund_id.type),
        _L.sequence > bindparam("above", type_=BigInteger()),
        _L.sequence <= bindparam("to", type_=BigInteger()),
        *conditions(given, in_sequence=True),
    )
