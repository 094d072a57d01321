"""A fund's statement for a month: opening balance, every movement, closing balance, and the sums of each account.

The movements are read as they are written, so that a month of a million entries needs no more memory than one of ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services import book_lines, periods
from pettycash_tui.services.book_lines import Book, BookLine
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.ledger_filter import PAID_IN, PAID_OUT
from pettycash_tui.services.work import Reading

_L = t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class AccountSum:
    """What a month's movements came to on one contra account."""

    code: str
    name: str
    entries: int
    paid_out: Money
    paid_in: Money


@dataclass(frozen=True, slots=True)
class FundStatement:
    """The head of a statement. `held` and `available` are those of now, and only of the month that still runs."""

    fund: str
    name: str
    company: str
    period: str
    first_day: date
    last_day: date
    currency: str
    opening_balance: Money
    paid_out: Money
    paid_in: Money
    closing_balance: Money
    entries: int
    held: Money | None
    available: Money | None
    accounts: tuple[AccountSum, ...]
    made_at: datetime
    timezone: str


def open_statement(reading: Reading, fund: str | UUID, period: str) -> tuple[FundStatement, Book]:
    """The head of a fund's statement, and the book whose lines `movements` reads.

    Raises InvalidInput for what is no month or has not begun, NotFound, NotAllowed.
    """
    month = periods.month_of(period)
    first = month.starts_on
    book = book_lines.open_book(reading, fund, first, month.ends_on)
    return statement_of(reading, book), book


def statement_of(reading: Reading, book: Book) -> FundStatement:
    """The head of the statement of a month's book. Raises InvalidInput where the month has not begun."""
    assert book.from_day is not None and book.to_day is not None
    today = reading.today(book.timezone)
    if book.from_day > today:
        raise InvalidInput.of(period=f"must have begun: it is {today.isoformat()}")
    runs = today <= book.to_day
    return FundStatement(
        fund=book.fund,
        name=book.name,
        company=book.company,
        period=f"{book.from_day:%Y-%m}",
        first_day=book.from_day,
        last_day=book.to_day,
        currency=book.currency,
        opening_balance=book.money(book.opening),
        paid_out=book.money(book.paid_out),
        paid_in=book.money(book.paid_in),
        closing_balance=book.money(book.closing),
        entries=book.entries,
        held=book.money(book.held) if runs else None,
        available=book.money(book.available) if runs else None,
        accounts=_accounts(reading, book),
        made_at=reading.now,
        timezone=book.timezone,
    )


def movements(reading: Reading, book: Book) -> Iterator[Sequence[BookLine]]:
    """The month's lines in the order of days, some at a time."""
    return book_lines.pages(reading, book)


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of a statement, for programs."""

    sequence: int
    value_date: date
    description: str
    voucher_number: str | None
    payment: str | None
    replenishment: str | None
    amount: Money
    balance_after: Money
    contra_account: str
    cost_center: str | None


@dataclass(frozen=True, slots=True)
class WholeStatement:
    """A statement with all its movements. An amount below zero was paid out."""

    statement: FundStatement
    movements: tuple[Movement, ...]


def whole(reading: Reading, fund: str | UUID, period: str) -> WholeStatement:
    """The statement and every movement of it, all in memory: for a document. Raises what `open_statement` raises."""
    found, book = open_statement(reading, fund, period)
    lines = (line for page in movements(reading, book) for line in page)
    return WholeStatement(found, tuple(_movement(book, line) for line in lines))


def _movement(book: Book, line: BookLine) -> Movement:
    return Movement(
        sequence=line.sequence,
        value_date=line.day,
        description=line.description,
        voucher_number=line.voucher or None,
        payment=line.payment or None,
        replenishment=line.replenishment or None,
        amount=book.money(line.movement),
        balance_after=book.money(line.balance),
        contra_account=line.contra.code,
        cost_center=line.cost_center or None,
    )


def _accounts(reading: Reading, book: Book) -> tuple[AccountSum, ...]:
    a = t.account.c
    rows: Any = reading.execute(
        select(
            a.code,
            a.name,
            func.count().label("entries"),
            func.sum(PAID_OUT).label("paid_out"),
            func.sum(PAID_IN).label("paid_in"),
        )
        .join_from(t.ledger_entry, t.account, a.id == _L.contra_account_id)
        .where(_L.fund_id == book.fund_id, _L.value_date >= book.from_day, _L.value_date <= book.to_day)
        .group_by(a.code, a.name)
        .order_by(a.code)
    )
    return tuple(
        AccountSum(
            row.code, row.name, row.entries, book.money(int(row.paid_out or 0)), book.money(int(row.paid_in or 0))
        )
        for row in rows
    )
