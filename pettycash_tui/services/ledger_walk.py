"""Walking a narrowed cash book: no statement looks at more than some thousand entries, wherever the matches lie.

A text or an amount is in no index. A page of what matches one may lie a million entries away: it is looked for step by
step, so that whoever waits for it can be told how far it is, and can change their mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, bindparam

from pettycash_tui.models import tables as t
from pettycash_tui.services import ledger_totals, ledger_views
from pettycash_tui.services.ledger_filter import EntryFilter, conditions
from pettycash_tui.services.ledger_views import EntryView, LedgerFund
from pettycash_tui.services.work import Reading

STEP = 20_000
"""Sequences that one step looks at: some 20 ms."""

BEYOND_THE_END = 2**53
"""A sequence that no ledger reaches: backwards from here begins at the newest entry."""

_L = t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class Bounds:
    """The walk stays between these sequences, both included."""

    first: int = 1
    last: int = BEYOND_THE_END


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found, in ascending order, and from which sequence the next step goes on; None at the end."""

    entries: tuple[EntryView, ...]
    next: int | None


def step(
    reading: Reading,
    fund: LedgerFund,
    given: EntryFilter,
    *,
    sequence: int,
    limit: int,
    backwards: bool = False,
    bounds: Bounds | None = None,
    most: int = STEP,
) -> Step:
    """At most `limit` entries that match, among the next `most` from `sequence` on (or back from it)."""
    within = bounds or Bounds()
    last = min(within.last, ledger_totals.last_sequence(reading, fund))
    if not given.is_searched and not given.has_period:
        most = max(most, last)  # the index of types finds them wherever they are
    if backwards:
        high = min(sequence, last)
        low = max(within.first, high - most + 1)
    else:
        low = max(sequence, within.first)
        high = min(last, low + most - 1)
    if high < low:
        return Step((), None)
    values = {"fund": fund.id, "low": low, "high": high, "most": limit}
    rows = reading.execute(_statement(given, backwards), values).all()
    found = [ledger_views.view_of(row, fund) for row in rows]
    reached = found[-1].sequence if len(found) == limit else (low if backwards else high)
    if backwards:
        found.reverse()
        return Step(tuple(found), reached - 1 if reached > within.first else None)
    return Step(tuple(found), reached + 1 if reached < last else None)


def nearest(reading: Reading, fund: LedgerFund, given: EntryFilter, sequence: int) -> EntryView | None:
    """The first entry that matches at or after a sequence, else the last before it; None when nothing matches."""
    for backwards in (False, True):
        place: int | None = sequence - 1 if backwards else sequence
        while place is not None:
            found = step(reading, fund, given, sequence=place, limit=1, backwards=backwards)
            if found.entries:
                return found.entries[0]
            place = found.next
    return None


@lru_cache(maxsize=64)
def _statement(given: EntryFilter, backwards: bool) -> Select[Any]:
    statement = ledger_views.ROWS.where(
        _L.fund_id == bindparam("fund", type_=_L.fund_id.type),
        _L.sequence >= bindparam("low", type_=BigInteger()),
        _L.sequence <= bindparam("high", type_=BigInteger()),
        *conditions(given, in_sequence=True),
    )
    order = _L.sequence.desc() if backwards else _L.sequence
    return statement.order_by(order).limit(bindparam("most", type_=Integer()))
