"""Reading bank files: what each holds, how many of its lines are confirmed, refused and open, and what may be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, exists, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_ORDERS, BatchFormat, OrderStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import bank_history, bank_settling, locate, visibility
from pettycash_tui.services.bank_settling import BatchAct
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import ActsExplanation, without_right
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.work import Reading


class BatchState(StrEnum):
    """How far the bank's word on a file's lines has come."""

    OPEN = "open"
    PARTLY_SETTLED = "partly_settled"
    SETTLED = "settled"

    @property
    def label(self) -> str:
        """The name a person reads."""
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class BatchView:
    """A bank file. `confirmed`, `refused` and `open` count its lines; the amounts beside them are their sums."""

    id: UUID
    number: str
    fund: Ref
    format: BatchFormat
    status: BatchState
    executor: PersonRef | None
    message_id: str
    currency: str
    line_count: int
    control_sum: Money
    confirmed: int
    confirmed_amount: Money
    refused: int
    refused_amount: Money
    open: int
    open_amount: Money
    debit_account: str
    execution_date: date
    file_name: str
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A line: its payment, under which name the bank knows it, and what became of it, by whose word."""

    position: int
    payment: str
    payee: str
    destination: str
    amount: Money
    end_to_end_id: str
    status: OrderStatus
    reference: str | None
    reason: str
    settled_at: datetime | None
    settled_by: str | None


@dataclass(frozen=True, slots=True)
class BatchDetail:
    """A bank file with all its lines."""

    batch: BatchView
    lines: tuple[BatchLine, ...]


BatchExplanation = ActsExplanation[BatchAct]


_B, _O, _P, _F = t.bank_batch.c, t.payment_order.c, t.payment.c, t.treasury_fund.c
_EXECUTOR = t.user.alias("executor")
_COLUMNS = [column for column in t.bank_batch.columns if column.name != "content"]
_OPEN = _O.status.in_(list(OPEN_ORDERS))
_HAS_OPEN = exists().where(_O.batch_id == _B.id, _OPEN)
_HAS_SETTLED = exists().where(_O.batch_id == _B.id, ~_OPEN)
_IN_STATE = {
    BatchState.OPEN: ~_HAS_SETTLED,
    BatchState.PARTLY_SETTLED: _HAS_OPEN & _HAS_SETTLED,
    BatchState.SETTLED: ~_HAS_OPEN,
}


def _rows() -> Select[Any]:
    return (
        select(
            *_COLUMNS,
            _F.code.label("fund_code"),
            _F.name.label("fund_name"),
            *person_columns(_EXECUTOR, "executor"),
        )
        .select_from(t.bank_batch)
        .join(t.treasury_fund, _F.id == _B.fund_id)
        .join(_EXECUTOR, _EXECUTOR.c.id == _B.executor_id)
    )


def list_batches(
    reading: Reading,
    *,
    status: BatchState | None = None,
    format: BatchFormat | None = None,
    fund: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[BatchView]:
    """The bank files that the actor may see, newest first or the other way round.

    `search` looks in numbers, accounts, payees and payments.
    """
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    statement = _rows().where(visibility.bank_batches(reading.actor))
    if status is not None:
        statement = statement.where(_IN_STATE[status])
    if format is not None:
        statement = statement.where(_B.format == format)
    if fund:
        statement = statement.where(_B.fund_id == locate.fund(reading, fund).id)
    statement = statement.where(*between(_B.created_at, from_date, to_date, reading))
    if search:
        of_line = exists().where(
            _O.batch_id == _B.id,
            _P.id == _O.payment_id,
            or_(*[contains(column, search) for column in (_P.number, _P.payee, _O.gateway_reference)]),
        )
        statement = statement.where(
            or_(*[contains(column, search) for column in (_B.number, _B.message_id, _B.debit_account)], of_line)
        )
    order = [_B.created_at, _B.id]
    further = behind(order, key, descending=not oldest_first)
    if further is not None:
        statement = statement.where(further)
    ordered = order if oldest_first else [column.desc() for column in order]
    found = reading.execute(statement.order_by(*ordered).limit(size + 1)).all()
    counts = _counts(reading, [row.id for row in found])
    return page_of(found, size, lambda row: _view(row, counts.get(row.id, {})), lambda row: (row.created_at, row.id))


def show(reading: Reading, ref: str | UUID) -> BatchDetail:
    """One bank file with its lines. Raises NotFound."""
    batch = locate.bank_batch(reading, ref)
    row = reading.execute(_rows().where(_B.id == batch.id)).one()
    view = _view(row, _counts(reading, [batch.id]).get(batch.id, {}))
    told = bank_history.told(reading, batch.id)
    lines = bank_settling.lines_of(reading, batch.id)
    return BatchDetail(view, tuple(_line(line, batch.currency, told.get(line.number)) for line in lines))


def explain(reading: Reading, ref: str | UUID) -> BatchExplanation:
    """What this person may do with a bank file now, and every reason why not. Raises NotFound."""
    batch = locate.bank_batch(reading, ref)
    lines = bank_settling.lines_of(reading, batch.id)
    return ActsExplanation(batch.number, {act: tuple(_reasons(reading, batch, lines, act)) for act in BatchAct})


def _reasons(reading: Reading, batch: Any, lines: Sequence[Any], act: BatchAct) -> Iterator[Reason]:
    yield from without_right(reading, Right.EXECUTE)
    yield from bank_settling.reasons_against(reading, batch, lines, act)


_GROUP = case((_OPEN, "open"), (_O.status == OrderStatus.SUCCEEDED, "confirmed"), else_="refused")


def _counts(reading: Reading, batches: Sequence[UUID]) -> dict[UUID, dict[str, tuple[int, int]]]:
    """For each batch, how many lines are confirmed, refused and open, and their sums in minor units."""
    grouped = (
        select(_O.batch_id, _GROUP.label("group"), func.count().label("lines"), func.sum(_P.amount).label("total"))
        .join_from(t.payment_order, t.payment, _P.id == _O.payment_id)
        .where(_O.batch_id.in_(batches))
        .group_by(_O.batch_id, _GROUP)
    )
    found: dict[UUID, dict[str, tuple[int, int]]] = {}
    for row in reading.execute(grouped):
        found.setdefault(row.batch_id, {})[row.group] = (row.lines, int(row.total))
    return found


def _view(row: Any, counts: Mapping[str, tuple[int, int]]) -> BatchView:
    (confirmed, paid), (refused, unpaid), (still, waiting) = (
        counts.get(group, (0, 0)) for group in ("confirmed", "refused", "open")
    )
    status = BatchState.SETTLED if not still else BatchState.PARTLY_SETTLED if confirmed + refused else BatchState.OPEN
    return BatchView(
        id=row.id,
        number=row.number,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        format=row.format,
        status=status,
        executor=person(row, "executor"),
        message_id=row.message_id,
        currency=row.currency,
        line_count=row.line_count,
        control_sum=Money(row.control_sum, row.currency),
        confirmed=confirmed,
        confirmed_amount=Money(paid, row.currency),
        refused=refused,
        refused_amount=Money(unpaid, row.currency),
        open=still,
        open_amount=Money(waiting, row.currency),
        debit_account=row.debit_account,
        execution_date=row.execution_date,
        file_name=row.file_name,
        sha256=row.sha256,
        created_at=row.created_at,
    )


def _line(row: Any, currency: str, told: tuple[str, datetime] | None) -> BatchLine:
    return BatchLine(
        position=row.position,
        payment=row.number,
        payee=row.payee,
        destination=row.destination,
        amount=Money(row.amount, currency),
        end_to_end_id=row.conversation_id,
        status=row.status,
        reference=row.gateway_reference,
        reason=row.result_text if row.status is OrderStatus.FAILED else "",
        settled_at=row.settled_at,
        settled_by=told[0] if told else None,
    )
