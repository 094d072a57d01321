"""Whether a cash book adds up: its fund has the balance of its last entry, and every entry follows from the one before.

The database keeps these rules itself (triggers); whoever can write its file can break them, and then it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services.ledger_totals import Totals
from pettycash_tui.services.ledger_views import EntryView, LedgerFund
from pettycash_tui.services.work import Reading

_L = t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class Tip:
    """A fund beside its last entry: two figures and two numbers that must be the same."""

    fund_balance: Money
    fund_sequence: int
    last_balance: Money
    last_sequence: int

    @property
    def adds_up(self) -> bool:
        """Whether the fund stands where its ledger ends."""
        return self.fund_balance == self.last_balance and self.fund_sequence == self.last_sequence


def tip(reading: Reading, fund: LedgerFund) -> Tip:
    """The fund and the end of its ledger; two rows are read, however long it is."""
    f = t.treasury_fund.c
    last = select(_L.sequence).where(_L.fund_id == fund.id).order_by(_L.sequence.desc()).limit(1).scalar_subquery()
    end = select(_L.balance_after).where(_L.fund_id == fund.id, _L.sequence == last).scalar_subquery()
    # One statement, hence one moment: a payment between two would look like a fault.
    statement: Select[Any] = select(f.current_balance, f.ledger_sequence, end, last).where(f.id == fund.id)
    fund_balance, fund_sequence, last_balance, last_sequence = tuple(reading.execute(statement).one())
    currency = fund.currency
    return Tip(Money(fund_balance, currency), fund_sequence, Money(last_balance or 0, currency), last_sequence or 0)


def whole_adds_up(totals: Totals) -> bool:
    """Whether everything that was ever paid in and out makes the balance, and no number is missing."""
    return totals.entries == totals.until and totals.closing is not None and totals.net == totals.closing


def broken(reading: Reading, fund: LedgerFund, entries: Sequence[EntryView]) -> frozenset[int]:
    """The sequences of those entries whose balance does not follow from the entry before."""
    balances = {entry.sequence: entry.balance_after.minor for entry in entries}
    balances[0] = 0
    before = [entry.sequence - 1 for entry in entries if entry.sequence - 1 not in balances]
    if before:
        found = select(_L.sequence, _L.balance_after).where(_L.fund_id == fund.id, _L.sequence.in_(before))
        balances.update((row.sequence, row.balance_after) for row in reading.execute(found))
    return frozenset(
        entry.sequence
        for entry in entries
        if entry.sequence - 1 not in balances
        or balances[entry.sequence - 1] + movement_of(entry) != entry.balance_after.minor
    )


def movement_of(entry: EntryView) -> int:
    """By how many minor units an entry moves the balance."""
    return -entry.amount.minor if entry.entry_type is EntryType.DEBIT else entry.amount.minor
