"""Reading what is to be reconciled: the payments that were executed, the oldest first, and how much it is by fund."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod, PaymentStatus, ReconciliationAct, VarianceStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, reconciliation, visibility
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import without_right
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.work import Reading

_P, _E, _F, _X, _N = (
    t.payment.c,
    t.ledger_entry.c,
    t.treasury_fund.c,
    t.payment_execution.c,
    t.ledger_reconciliation.c,
)
_EXECUTOR, _RECONCILER = t.user.alias("executor"), t.user.alias("reconciler")


@dataclass(frozen=True, slots=True)
class ReconciliationFilter:
    """What a list is narrowed to. Days are those on which the money left; `reconciled`: those that are done."""

    fund: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    reconciled: bool = False


@dataclass(frozen=True, slots=True)
class ReconciliationRow:
    """An executed payment with its line of the cash book.

    `entry` is `NBI:42`. `open_variance`: the number of its variance that is not decided. `reconciled_by` and
    `reconciled_at` are of the newest act, None while it is not reconciled.
    """

    id: UUID
    number: str
    status: PaymentStatus
    fund: Ref
    payee: str
    amount: Money
    currency: str
    method: PaymentMethod
    entry: str
    entry_id: UUID
    voucher_number: str
    gateway_reference: str
    executor: PersonRef | None
    executed_at: datetime
    open_variance: str | None
    reconciled_by: PersonRef | None
    reconciled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReconciliationCount:
    """How much of a fund is to be reconciled (or is done), and since when the oldest of it waits."""

    fund: Ref
    count: int
    amount: Money
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class ReconciliationStep:
    """That somebody reconciled a payment or undid it."""

    act: ReconciliationAct
    person: PersonRef | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReconciliationExplanation:
    """Every reason against reconciling a payment now, and against undoing it; it may be done where there is none."""

    number: str
    status: PaymentStatus
    against: Mapping[ReconciliationAct, tuple[Reason, ...]]
    steps: tuple[ReconciliationStep, ...]

    def allows(self, act: ReconciliationAct) -> bool:
        """Whether this person may do it now."""
        return not self.against[act]


def _rows() -> Select[Any]:
    newest = select(func.max(_N.sequence)).where(_N.payment_id == _P.id).correlate(t.payment).scalar_subquery()
    v = t.variance.c
    return (
        select(
            _P.id,
            _P.number,
            _P.status,
            _P.fund_id,
            _F.code.label("fund_code"),
            _F.name.label("fund_name"),
            _P.payee,
            _P.amount,
            _P.currency,
            _P.method,
            _E.id.label("entry_id"),
            _E.sequence,
            _P.voucher_number,
            _X.gateway_reference,
            _X.executor_id,
            _X.executed_at,
            v.number.label("open_variance"),
            _N.person_id.label("reconciler_id"),
            _N.created_at.label("reconciled_at"),
            *person_columns(_EXECUTOR, "executor"),
            *person_columns(_RECONCILER, "reconciler"),
        )
        .select_from(t.payment)
        .join(t.treasury_fund, _F.id == _P.fund_id)
        .join(t.ledger_entry, _E.payment_id == _P.id)
        .join(t.payment_execution, _X.payment_id == _P.id)
        .outerjoin(t.variance, and_(v.payment_id == _P.id, v.status == VarianceStatus.PENDING))
        .outerjoin(t.ledger_reconciliation, and_(_N.payment_id == _P.id, _N.sequence == newest))
        .outerjoin(_EXECUTOR, _EXECUTOR.c.id == _X.executor_id)
        .outerjoin(_RECONCILER, _RECONCILER.c.id == _N.person_id)
    )


_ROWS = _rows()


def list_payments(
    reading: Reading,
    given: ReconciliationFilter,
    *,
    newest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[ReconciliationRow]:
    """The executed payments that wait to be reconciled (or are), in the order in which the money left or the other."""
    size = clean_limit(limit)
    statement = _ROWS.where(*_conditions(reading, given))
    order = [_P.executed_at, _P.id]
    further = behind(order, decode(after, datetime, UUID), descending=newest_first)
    if further is not None:
        statement = statement.where(further)
    ordered = [column.desc() for column in order] if newest_first else order
    found = reading.execute(statement.order_by(*ordered).limit(size + 1)).all()
    return page_of(found, size, _row, lambda row: (row.executed_at, row.id))


def show(reading: Reading, ref: str | UUID) -> ReconciliationRow:
    """One executed payment as a line of the list. Raises NotFound, Refused where no money has left."""
    found = locate.payment_id(reading, ref)
    row = reading.execute(_ROWS.where(_P.id == found)).first()
    if row is None:
        (facts,) = reconciliation.facts(reading, [found])
        reconciliation.refuse(reconciliation.reasons_against(facts, reading.actor, ReconciliationAct.RECONCILED))
        raise AssertionError("what is not executed has no entry")
    return _row(row)


def counts(reading: Reading, given: ReconciliationFilter) -> tuple[ReconciliationCount, ...]:
    """How many payments, and what they come to, by fund; funds without any are left out."""
    statement = (
        select(
            _P.fund_id,
            _F.code.label("fund_code"),
            _F.name.label("fund_name"),
            _F.currency,
            func.count().label("count"),
            func.sum(_P.amount).label("amount"),
            func.min(_P.executed_at).label("oldest"),
        )
        .select_from(t.payment)
        .join(t.treasury_fund, _F.id == _P.fund_id)
        .join(t.payment_execution, _X.payment_id == _P.id)
        .where(*_conditions(reading, given))
        .group_by(_P.fund_id, _F.code, _F.name, _F.currency)
        .order_by(_F.code, _P.fund_id)
    )
    return tuple(
        ReconciliationCount(
            Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
            int(row._mapping["count"]),
            Money(int(row.amount), row.currency),
            row.oldest,
        )
        for row in reading.execute(statement)
    )


def explain(reading: Reading, ref: str | UUID) -> ReconciliationExplanation:
    """What this person may do about a payment's reconciliation now, why not, and what was done. Raises NotFound."""
    (row,) = reconciliation.facts(reading, [locate.payment_id(reading, ref)])
    against = {act: tuple(_reasons(reading, row, act)) for act in ReconciliationAct}
    return ReconciliationExplanation(row.number, row.status, against, _steps(reading, row.id))


def _steps(reading: Reading, payment_id: UUID) -> tuple[ReconciliationStep, ...]:
    statement = (
        select(_N.act, _N.person_id, _N.reason, _N.created_at, *person_columns(_RECONCILER, "person"))
        .join_from(t.ledger_reconciliation, _RECONCILER, _RECONCILER.c.id == _N.person_id, isouter=True)
        .where(_N.payment_id == payment_id)
        .order_by(_N.sequence)
    )
    return tuple(
        ReconciliationStep(row.act, person(row, "person"), row.reason, row.created_at)
        for row in reading.execute(statement)
    )


def _reasons(reading: Reading, row: Any, act: ReconciliationAct) -> Iterator[Reason]:
    yield from without_right(reading, reconciliation.RIGHT)
    yield from reconciliation.reasons_against(row, reading.actor, act)


def _conditions(reading: Reading, given: ReconciliationFilter) -> list[ColumnElement[bool]]:
    status = PaymentStatus.RECONCILED if given.reconciled else PaymentStatus.SUCCESS
    conditions: list[ColumnElement[bool]] = [_P.status == status, visibility.payments(reading)]
    if given.fund:
        conditions.append(_P.fund_id == locate.fund(reading, given.fund).id)
    conditions += between(_P.executed_at, given.from_date, given.to_date, reading)
    if given.search and given.search.strip():
        columns = (_P.number, _P.payee, _P.voucher_number, _X.gateway_reference)
        conditions.append(or_(*[contains(column, given.search) for column in columns]))
    return conditions


def _row(row: Any) -> ReconciliationRow:
    is_done = row.status is PaymentStatus.RECONCILED
    return ReconciliationRow(
        id=row.id,
        number=row.number,
        status=row.status,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        payee=row.payee,
        amount=Money(row.amount, row.currency),
        currency=row.currency,
        method=row.method,
        entry=f"{row.fund_code}:{row.sequence}",
        entry_id=row.entry_id,
        voucher_number=row.voucher_number,
        gateway_reference=row.gateway_reference,
        executor=person(row, "executor"),
        executed_at=row.executed_at,
        open_variance=row.open_variance,
        reconciled_by=person(row, "reconciler") if is_done else None,
        reconciled_at=row.reconciled_at if is_done else None,
    )
