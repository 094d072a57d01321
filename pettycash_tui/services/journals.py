"""Each ledger entry as a balanced pair: an account debited, an account credited, and the cost centre that bears it.

What raises the fund debits its asset account; what lowers it credits that account. The cost centre is the
requisition's, else its category's, else the requester's own; entries without a requisition have none.
Source: domain, section 3, LedgerEntry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntrySource, EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services import ledger_views, visibility
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.refs import Ref
from pettycash_tui.services.work import Reading

PAGE = 1000
"""Entries that are read at a time: memory stays bounded however long a ledger is."""

_L, _P, _R, _C, _F = t.ledger_entry.c, t.payment.c, t.requisition.c, t.category.c, t.treasury_fund.c
_OWN, _CONTRA = t.account.alias("own_account"), t.account.alias("contra_account")
_CENTER = t.cost_center
COST_CENTER = func.coalesce(_R.cost_center_id, _C.cost_center_id, t.user.c.cost_center_id)
"""The cost centre of an entry's requisition, with its category and its requester joined."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of an entry: exactly one of `debit` and `credit` is there."""

    account: Ref
    debit: Money | None
    credit: Money | None
    cost_center: Ref | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A ledger entry as double entry: `amount`, above zero, debits one account and credits the other."""

    id: UUID
    journal: str
    date: date
    fund: str
    sequence: int
    entry_type: EntryType
    source: EntrySource
    debit_account: Ref
    credit_account: Ref
    amount: Money
    balance_after: Money
    raises_fund: bool
    cost_center: Ref | None
    description: str
    payment: str | None
    requisition: str | None
    voucher_number: str | None
    replenishment: str | None

    @property
    def contra_account(self) -> Ref:
        """The account that is not the fund's own."""
        return self.credit_account if self.raises_fund else self.debit_account

    @property
    def lines(self) -> tuple[JournalLine, JournalLine]:
        """Both sides, the debit first."""
        return (
            JournalLine(self.debit_account, self.amount, None, self.cost_center),
            JournalLine(self.credit_account, None, self.amount, self.cost_center),
        )


def journal(
    reading: Reading,
    fund: str | UUID,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    after: int = 0,
) -> Iterator[JournalEntry]:
    """The entries of a fund whose ledger the actor may read, in order, from behind the sequence `after`.

    They are read page by page, within the transaction of `reading`. Raises NotFound at once.
    """
    book = ledger_views.open_ledger(reading, fund)
    statement = ROWS.where(_L.fund_id == book.id)
    if from_date is not None:
        statement = statement.where(_L.value_date >= from_date)
    if to_date is not None:
        statement = statement.where(_L.value_date <= to_date)
    return _pages(reading, statement, after)


def show(reading: Reading, ref: str | UUID) -> tuple[JournalEntry, ...]:
    """What somebody named as a journal: one entry, or the several that share its journal. Raises NotFound."""
    named = ledger_views.show_entry(reading, ref)
    company = select(_L.company_id).where(_L.id == named.id).scalar_subquery()
    rows = reading.execute(
        ROWS.where(_L.company_id == company, _L.journal == named.journal, visibility.ledgers(reading.actor)).order_by(
            _F.code, _L.sequence
        )
    ).all()
    if not rows:
        raise NotFound(f"There is no journal {str(ref)[:40]} that you may see.")
    return tuple(entry_of(row) for row in rows)


def _pages(reading: Reading, statement: Select[Any], after: int) -> Iterator[JournalEntry]:
    ordered = statement.order_by(_L.sequence).limit(PAGE)
    while True:
        rows = reading.execute(ordered.where(_L.sequence > after)).all()
        yield from map(entry_of, rows)
        if len(rows) < PAGE:
            return
        after = rows[-1].sequence


ROWS = (
    select(
        _L.id,
        _L.journal,
        _L.value_date,
        _L.sequence,
        _L.entry_type,
        _L.source_type,
        _L.amount,
        _L.currency,
        _L.balance_after,
        _L.description,
        _F.code.label("fund_code"),
        _OWN.c.id.label("own_id"),
        _OWN.c.code.label("own_code"),
        _OWN.c.name.label("own_name"),
        _CONTRA.c.id.label("contra_id"),
        _CONTRA.c.code.label("contra_code"),
        _CONTRA.c.name.label("contra_name"),
        _CENTER.c.id.label("center_id"),
        _CENTER.c.code.label("center_code"),
        _CENTER.c.name.label("center_name"),
        _P.number.label("payment_number"),
        _P.voucher_number,
        _P.payee,
        _R.number.label("requisition_number"),
        t.replenishment.c.number.label("replenishment_number"),
    )
    .select_from(t.ledger_entry)
    .join(t.treasury_fund, _F.id == _L.fund_id)
    .join(_OWN, _OWN.c.id == _L.account_id)
    .join(_CONTRA, _CONTRA.c.id == _L.contra_account_id)
    .outerjoin(t.payment, _P.id == _L.payment_id)
    .outerjoin(t.requisition, _R.id == _P.requisition_id)
    .outerjoin(t.category, _C.id == _R.category_id)
    .outerjoin(t.user, t.user.c.id == _R.requested_by_id)
    .outerjoin(
        _CENTER,
        _CENTER.c.id == COST_CENTER,
    )
    .outerjoin(t.replenishment, t.replenishment.c.id == _L.replenishment_id)
)
"""The entries with both accounts and their cost centre; narrowed by whoever reads them with `entry_of`."""


def entry_of(row: Any) -> JournalEntry:
    """A row of `ROWS` as a journal."""
    signed = -row.amount if row.entry_type is EntryType.DEBIT else row.amount
    own = _ref(row.own_id, row.own_code, row.own_name)
    contra = _ref(row.contra_id, row.contra_code, row.contra_name)
    return JournalEntry(
        id=row.id,
        journal=row.journal,
        date=row.value_date,
        fund=row.fund_code,
        sequence=row.sequence,
        entry_type=row.entry_type,
        source=row.source_type,
        debit_account=own if signed > 0 else contra,
        credit_account=contra if signed > 0 else own,
        amount=Money(abs(signed), row.currency),
        balance_after=Money(row.balance_after, row.currency),
        raises_fund=signed > 0,
        cost_center=_ref(row.center_id, row.center_code, row.center_name) if row.center_id is not None else None,
        description=row.description,
        payment=row.payment_number,
        requisition=row.requisition_number,
        voucher_number=row.voucher_number,
        replenishment=row.replenishment_number,
    )


@lru_cache(maxsize=1024)
def _ref(row_id: UUID, code: str, name: str) -> Ref:
    return Ref(row_id, code=code, name=name)
