"""Which payments are listed: the states one goes through, their order, and their columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.payment_text import state_of
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.services import payment_views
from pettycash_tui.services.paging import Page
from pettycash_tui.services.payment_views import PaymentFilter, PaymentView
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import Cell, Column

COLUMNS = (
    Column("number", "Number", width=10),
    Column("payee", "Payee", min_width=12),
    Column("amount", "Amount", width=16, align="right"),
    Column("state", "State", width=19),
    Column("executor", "Executor", width=12, optional=True),
    Column("method", "Method", width=13, optional=True),
    Column("voucher", "Voucher", width=18, optional=True),
)


class Choice(NamedTuple):
    """A state to show: its name, what it is narrowed to, and what is said when there is none."""

    name: str
    filter: PaymentFilter
    empty: str
    oldest_first: bool = True


STATES = (
    Choice("ready", PaymentFilter(status=PaymentStatus.PENDING, waiting=False), "Nothing is ready to be paid."),
    Choice("waiting for funds", PaymentFilter(status=PaymentStatus.PENDING, waiting=True), "Nothing waits for funds."),
    Choice("failed", PaymentFilter(status=PaymentStatus.FAILED), "Nothing has failed."),
    Choice("done", PaymentFilter(done=True), "Nothing is paid yet.", oldest_first=False),
    Choice("all", PaymentFilter(), "There are no payments.", oldest_first=False),
)


def source_of(context: DeskContext, choice: Choice, search: str, *, mine: bool) -> KeysetSource[PaymentView]:
    """The payments of a state, narrowed to a text and to one's own."""
    given = replace(choice.filter, search=search or None, mine=mine)
    return KeysetSource(
        context,
        COLUMNS,
        _list_oldest_first if choice.oldest_first else payment_views.list_payments,
        given,
        cells=lambda payment: _cells(context, payment),
        counter=None if search else payment_views.count_payments,
        backwards="newest_first" if choice.oldest_first else "oldest_first",
    )


def _cells(context: DeskContext, payment: PaymentView) -> tuple[Cell, ...]:
    state = state_of(payment)
    return (
        Cell(payment.number),
        Cell(payment.payee),
        Cell(context.money_with_currency(payment.amount)),
        Cell(state.text, state.role),
        _executor_cell(context, payment),
        Cell(payment.method.label),
        Cell(payment.voucher_number or ""),
    )


def _executor_cell(context: DeskContext, payment: PaymentView) -> Cell:
    if payment.executor is None:
        return Cell("nobody", "warn")
    return Cell(payment.executor.name, "strong" if payment.executor.id == context.actor.id else "muted")


def _list_oldest_first(
    reading: Reading, given: PaymentFilter, *, newest_first: bool = False, **page: Any
) -> Page[PaymentView]:
    """What waits to be paid: what has waited longest comes first."""
    return payment_views.list_payments(reading, given, oldest_first=not newest_first, **page)
