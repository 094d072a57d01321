"""A cash book in the order of days, as balanced lines: the fund's account on one side, the contra account on the other.

Every entry is a pair of accounts by construction, so nothing has to add up afterwards. Exports, statements and claims
read the books here: in the order of days, in pages, in constant memory. Source: domain, section 3, LedgerEntry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, Integer, Select, bindparam, case, func, select, tuple_

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import AccountType, EntrySource, EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services import journals, ledger_views
from pettycash_tui.services.ledger_filter import PAID_IN, PAID_OUT
from pettycash_tui.services.work import Reading

PAGE = 2000
"""Entries that are read at once."""

_L, _P, _Q = t.ledger_entry.c, t.payment.c, t.requisition.c
_CONTRA = t.account.alias("contra").c
_COST = t.cost_center.alias("cost").c
_MOVEMENT = case((_L.entry_type == EntryType.DEBIT, -_L.amount), else_=_L.amount)


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account as it is posted to."""

    code: str
    name: str
    type: AccountType


@dataclass(frozen=True, slots=True)
class BookLine:
    """A balanced pair: `movement` (minor units, below zero for what was paid out) goes to the fund's account and the
    same with the other sign to `contra`. `balance` is the fund's after it, in the order of days.
    """

    sequence: int
    journal: str
    day: date
    created_at: datetime
    entry_type: EntryType
    source: EntrySource
    movement: int
    balance: int
    contra: AccountName
    cost_center: str
    description: str
    payee: str
    payment: str
    voucher: str
    requisition: str
    replenishment: str


@dataclass(frozen=True, slots=True)
class Book:
    """A fund's cash book from one day to another (both included; None: from the first entry, to the last).

    Amounts are minor units of `currency`; `contras` are the accounts that its entries name besides the fund's own.
    """

    fund_id: UUID
    company_id: UUID
    fund: str
    name: str
    company: str
    company_code: str
    timezone: str
    currency: str
    account: AccountName
    contras: tuple[AccountName, ...]
    from_day: date | None
    to_day: date | None
    first_day: date | None
    last_day: date | None
    entries: int
    opening: int
    paid_in: int
    paid_out: int
    held: int
    available: int

    @property
    def closing(self) -> int:
        """The balance at the end of the last day."""
        return self.opening + self.paid_in - self.paid_out

    def money(self, minor: int) -> Money:
        """Minor units as money of the fund."""
        return Money(minor, self.currency)


def open_book(reading: Reading, fund: str | UUID, from_day: date | None = None, to_day: date | None = None) -> Book:
    """The head of a fund's cash book for some days. Raises NotFound, NotAllowed."""
    found = ledger_views.open_ledger(reading, fund)
    f, c, a = t.treasury_fund.c, t.company.c, t.account.c
    head: Any = reading.execute(
        select(
            f.company_id,
            c.name.label("company"),
            c.code.label("company_code"),
            c.timezone,
            f.current_balance,
            f.held_amount,
            a.code,
            a.name,
            a.type,
        )
        .select_from(t.treasury_fund)
        .join(t.company, c.id == f.company_id)
        .join(t.account, a.id == f.account_id)
        .where(f.id == found.id)
    ).one()
    within = [_L.fund_id == found.id]
    before = [_L.fund_id == found.id, _L.value_date < from_day] if from_day is not None else None
    if from_day is not None:
        within.append(_L.value_date >= from_day)
    if to_day is not None:
        within.append(_L.value_date <= to_day)
    sums: Any = reading.execute(
        select(
            func.count().label("entries"),
            func.min(_L.value_date).label("first_day"),
            func.max(_L.value_date).label("last_day"),
            func.coalesce(func.sum(PAID_IN), 0).label("paid_in"),
            func.coalesce(func.sum(PAID_OUT), 0).label("paid_out"),
        ).where(*within)
    ).one()
    opening = 0
    if before is not None:
        opening = int(reading.execute(select(func.coalesce(func.sum(_MOVEMENT), 0)).where(*before)).scalar_one())
    used = select(_L.contra_account_id).where(*within).distinct()
    contras = reading.execute(select(a.code, a.name, a.type).where(a.id.in_(used)).order_by(a.code)).all()
    return Book(
        fund_id=found.id,
        company_id=head.company_id,
        fund=found.code,
        name=found.name,
        company=head.company,
        company_code=head.company_code,
        timezone=head.timezone,
        currency=found.currency,
        account=AccountName(head.code, head.name, head.type),
        contras=tuple(AccountName(row.code, row.name, row.type) for row in contras),
        from_day=from_day,
        to_day=to_day,
        first_day=sums.first_day,
        last_day=sums.last_day,
        entries=sums.entries,
        opening=opening,
        paid_in=int(sums.paid_in),
        paid_out=int(sums.paid_out),
        held=head.held_amount,
        available=head.current_balance - head.held_amount,
    )


def pages(reading: Reading, book: Book) -> Iterator[Sequence[BookLine]]:
    """The lines of a book in the order of days, some at a time."""
    balance = book.opening
    day, sequence = book.from_day or date.min, 0
    last = book.to_day or date.max
    statement = _statement()
    while True:
        values = {"fund": book.fund_id, "day": day, "sequence": sequence, "last": last, "most": PAGE}
        rows = reading.execute(statement, values).all()
        lines = []
        for row in rows:
            balance += row.movement
            lines.append(_line(row, balance))
        if lines:
            yield lines
        if len(rows) < PAGE:
            return
        day, sequence = lines[-1].day, lines[-1].sequence


@lru_cache(maxsize=1)
def _statement() -> Select[Any]:
    # The entries of the page come first, by themselves: joined at once, Postgres reads the rest of the book for every
    # page where most entries are of one day.
    day, sequence = bindparam("day", type_=Date()), bindparam("sequence", type_=BigInteger())
    entry = (
        select(
            _L.sequence,
            _L.journal,
            _L.value_date,
            _L.created_at,
            _L.entry_type,
            _L.source_type,
            _MOVEMENT.label("movement"),
            _L.description,
            _L.contra_account_id,
            _L.payment_id,
            _L.replenishment_id,
        )
        .where(
            _L.fund_id == bindparam("fund", type_=_L.fund_id.type),
            tuple_(_L.value_date, _L.sequence) > tuple_(day, sequence),
            _L.value_date <= bindparam("last", type_=Date()),
        )
        .order_by(_L.value_date, _L.sequence)
        .limit(bindparam("most", type_=Integer()))
        .subquery("entry")
    )
    e = entry.c
    return (
        select(
            e.sequence,
            e.journal,
            e.value_date,
            e.created_at,
            e.entry_type,
            e.source_type,
            e.movement,
            _CONTRA.code.label("contra_code"),
            _CONTRA.name.label("contra_name"),
            _CONTRA.type.label("contra_type"),
            _COST.code.label("cost_center"),
            e.description,
            _P.payee,
            _P.number.label("payment"),
            _P.voucher_number.label("voucher"),
            _Q.number.label("requisition"),
            t.replenishment.c.number.label("replenishment"),
        )
        .select_from(entry)
        .join(_CONTRA.id.table, _CONTRA.id == e.contra_account_id)
        .outerjoin(t.payment, _P.id == e.payment_id)
        .outerjoin(t.requisition, _Q.id == _P.requisition_id)
        .outerjoin(t.category, t.category.c.id == _Q.category_id)
        .outerjoin(t.user, t.user.c.id == _Q.requested_by_id)
        .outerjoin(_COST.id.table, _COST.id == journals.COST_CENTER)
        .outerjoin(t.replenishment, t.replenishment.c.id == e.replenishment_id)
        .order_by(e.value_date, e.sequence)
    )


@lru_cache(maxsize=512)
def _account(code: str, name: str, kind: AccountType) -> AccountName:
    return AccountName(code, name, kind)


def _line(row: Any, balance: int) -> BookLine:
    # By position, in the order of the columns: a book has a million of them.
    (
        sequence, journal, day, created_at, entry_type, source, movement, code, name, kind, cost_center, description,
        payee, payment, voucher, requisition, replenishment,
    ) = row  # fmt: skip
    return BookLine(
        sequence,
        journal,
        day,
        created_at,
        entry_type,
        source,
        movement,
        balance,
        _account(code, name, kind),
        cost_center or "",
        description,
        payee or "",
        payment or "",
        voucher or "",
        requisition or "",
        replenishment or "",
    )
