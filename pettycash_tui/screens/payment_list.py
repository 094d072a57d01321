"""Which payments are listed: the states one goes through, their order, their columns, and what became of those gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.payment_text import state_of
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.services import outcomes, payment_views
from pettycash_tui.services.outcomes import Moved
from pettycash_tui.services.paging import Page
from pettycash_tui.services.payment_views import PaymentFilter, PaymentView
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column

STATE = 3
_PAYEE = 1
"""Where the state stands among the columns."""


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
    Choice("no answer yet", PaymentFilter(in_doubt=True), "Nothing was sent without an answer."),
    Choice("scheduled", PaymentFilter(scheduled=True), "Nothing is confirmed for a later day."),
    Choice("done", PaymentFilter(done=True), "Nothing is paid yet.", oldest_first=False),
    Choice("all", PaymentFilter(), "There are no payments.", oldest_first=False),
)
_ALL = len(STATES) - 1
_PLACE_OF = {
    PaymentStatus.FAILED: 2,
    PaymentStatus.EXECUTING: 3,
    PaymentStatus.UNKNOWN: 3,
    PaymentStatus.SUCCESS: 5,
    PaymentStatus.RECONCILED: 5,
}


def columns_of(context: DeskContext) -> tuple[Column, ...]:
    """The columns of the list."""
    return (
        Column("number", "Number", width=10),
        Column("payee", "Payee", min_width=12),
        context.amount_column,
        Column("state", "State", width=19),
        Column("executor", "Executor", width=12, optional=True),
        Column("method", "Method", width=13, optional=True),
        Column("voucher", "Voucher", width=18, optional=True),
    )


def place_of(payment: PaymentView) -> int:
    """Among which state a payment is listed; the last, which is all, for one that is cancelled."""
    if payment.status is PaymentStatus.PENDING:
        return 0 if payment.held else 1
    return _PLACE_OF.get(payment.status, _ALL)


def narrowed(choice: Choice, search: str, *, mine: bool) -> PaymentFilter:
    """A state narrowed to a text and to one's own."""
    return replace(choice.filter, search=search or None, mine=mine)


def source_of(context: DeskContext, choice: Choice, search: str, *, mine: bool) -> KeysetSource[PaymentView]:
    """The payments of a state, narrowed to a text and to one's own."""
    return KeysetSource(
        context,
        columns_of(context),
        _list_oldest_first if choice.oldest_first else payment_views.list_payments,
        narrowed(choice, search, mine=mine),
        cells=partial(cells_of, context),
        counter=None if search else payment_views.count_payments,
        backwards="newest_first" if choice.oldest_first else "oldest_first",
        gone=partial(_gone, context),
    )


def cells_of(context: DeskContext, payment: PaymentView) -> tuple[Cell, ...]:
    """A payment as a row."""
    state = state_of(payment)
    day = payment.scheduled_for if state == status_mark("scheduled") else None
    return (
        Cell(payment.number),
        Cell(payment.payee),
        Cell(context.listed(payment.amount)),
        Cell(f"{state.mark} on {day.isoformat()}" if day is not None else state.text, state.role),
        _executor_cell(context, payment),
        Cell(payment.method.label),
        Cell(payment.voucher_number or ""),
    )


def became(payment: PaymentView, moved: Moved) -> str:
    """What became of a payment that has left the list: `paid by Amina`, `assigned to Baraka`, `ready now`."""
    if moved.paid_by is not None:
        return f"paid by {moved.paid_by.name}"
    if moved.status is not payment.status:
        return {PaymentStatus.PENDING: "ready again"}.get(moved.status, moved.status.label.lower())
    before, now = payment.executor, moved.executor
    if now is not None and (before is None or before.id != now.id):
        return f"assigned to {now.name}"
    return "ready now" if moved.held else "waits for funds"


def _executor_cell(context: DeskContext, payment: PaymentView) -> Cell:
    if payment.executor is None:
        return Cell("nobody", "warn")
    if payment.executor.id == context.actor.id:
        return Cell("you", "strong")
    return Cell(payment.executor.name, "muted")


def _gone(context: DeskContext, reading: Reading, payments: Sequence[PaymentView]) -> Mapping[UUID, tuple[Cell, ...]]:
    """Rows that are paid, cancelled or assigned elsewhere meanwhile, with that where their state stood."""
    found = outcomes.of_payments(reading, [payment.id for payment in payments])
    drawn = {}
    for payment in payments:
        cells = list(cells_of(context, payment))
        words = became(payment, found[payment.id]) if payment.id in found else "not yours any more"
        cells[STATE] = Cell(f"− {words}", "muted", reach=STATE - _PAYEE)
        drawn[payment.id] = tuple(cells)
    return drawn


def _list_oldest_first(
    reading: Reading, given: PaymentFilter, *, newest_first: bool = False, **page: Any
) -> Page[PaymentView]:
    """What waits to be paid: what has waited longest comes first."""
    return payment_views.list_payments(reading, given, oldest_first=not newest_first, **page)
