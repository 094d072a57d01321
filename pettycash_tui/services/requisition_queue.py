"""The approver's queue: the requisitions whose current step waits for the actor today, in the order they like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Select, bindparam, case, cast, extract, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import StepStatus
from pettycash_tui.services import paging, visibility
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.requisition_list import RequisitionRow, matches, row_of, selected_rows
from pettycash_tui.services.totals import Total, total_of
from pettycash_tui.services.work import Reading

_R, _S, _C, _D = t.requisition.c, t.approval_step.c, t.company.c, t.delegation.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3600
_SLA = (_C.sla_hours_tier1, _C.sla_hours_tier2, _C.sla_hours_tier3, _C.sla_hours_tier4)
# Whole seconds since 1970, which both databases can add hours to and compare.
_SINCE: ColumnElement[int] = cast(func.floor(extract("epoch", _S.became_current_at)), BigInteger)
_DUE: ColumnElement[int] = _SINCE + _HOUR * case(
    *[(_R.tier == tier, hours) for tier, hours in enumerate(_SLA[1:], start=2)], else_=_SLA[0]
)
# Who acts for whom is read first, so that the steps are looked up by their approvers and not one by one.
_DELEGATIONS = select(_D.approver_id, _D.delegate_id, _D.starts_on, _D.ends_on).where(
    _D.is_active, or_(_D.approver_id == bindparam("me"), _D.delegate_id == bindparam("me"))
)
_TIMEZONE = select(_C.timezone).where(_C.id == bindparam("company"))


class QueueOrder(StrEnum):
    """How a queue is sorted: the longest waiting first, the largest amount first, or the least time left first."""

    AGE = "age"
    AMOUNT = "amount"
    DUE = "due"

    @property
    def label(self) -> str:
        """The order in words, for titles."""
        return _LABELS[self]


_LABELS = {
    QueueOrder.AGE: "longest waiting first",
    QueueOrder.AMOUNT: "largest amount first",
    QueueOrder.DUE: "least time left first",
}


class _Key(NamedTuple):
    """What an order sorts by before the step's id: the column, the cursor's kind, a row's value."""

    column: ColumnElement[Any]
    kind: type
    value: Callable[[RequisitionRow], Any]
    descending: bool = False


_KEYS = {
    QueueOrder.AGE: _Key(_S.became_current_at, datetime, lambda row: row.waiting_since),
    # Amounts in different currencies are not converted: they are compared as they are written.
    QueueOrder.AMOUNT: _Key(_R.amount, int, lambda row: row.amount.minor, descending=True),
    QueueOrder.DUE: _Key(_DUE, int, lambda row: _seconds(row.due_at)),
}


def queue(
    reading: Reading,
    *,
    limit: int | None = None,
    after: str | None = None,
    search: str | None = None,
    order: QueueOrder = QueueOrder.AGE,
    backwards: bool = False,
) -> Page[RequisitionRow]:
    """The requisitions whose current step waits for the actor today; `backwards` reads from the end of the order."""
    size = clean_limit(limit)
    key = decode(after, _KEYS[order].kind, UUID)
    values: dict[str, Any] = {"now_for": _acts_for(reading), "me": reading.actor.id, "rows": size + 1}
    if key is not None:
        values |= {"after_key": key[0], "after_step": key[1]}
    statement = _page(order, backwards, key is not None)
    if search:
        statement = statement.where(matches(search))
    if reading.actor.company_id is not None:
        statement = statement.where(_OF_COMPANY)
        values["company"] = reading.actor.company_id
    found = reading.execute(statement, values).all()
    return page_of(found, size, _queue_row, lambda row: _sort_key(order, _queue_row(row)))


def cursor_of(order: QueueOrder) -> Callable[[RequisitionRow], str]:
    """The cursor behind a row of the queue in an order."""
    return lambda row: paging.encode(*_sort_key(order, row))


def count_queue(reading: Reading, *, search: str | None = None) -> int:
    """How many requisitions wait for the actor."""
    return weigh_queue(reading, search=search).count


def weigh_queue(reading: Reading, *, search: str | None = None) -> Total:
    """How many requisitions wait for the actor, and what they come to together."""
    statement = _TOTALS.where(visibility.of_company(_R.company_id, reading.actor))
    if search:
        statement = statement.where(matches(search))
    rows = reading.execute(statement, {"now_for": _acts_for(reading), "me": reading.actor.id}).all()
    return total_of(rows)


_WAITS = (
    _S.status == StepStatus.CURRENT,
    _S.approver_id.in_(bindparam("now_for", expanding=True)),
    _S.revision == _R.revision,
    _R.requested_by_id != bindparam("me"),
)
_OF_COMPANY = _R.company_id == bindparam("company")
_TOTALS = (
    select(_R.currency, func.count().label("counted"), func.sum(_R.amount).label("summed"))
    .select_from(t.approval_step)
    .join(t.requisition, _R.id == _S.requisition_id)
    .where(*_WAITS)
    .group_by(_R.currency)
    .order_by(_R.currency)
)


@lru_cache(maxsize=16)
def _page(order: QueueOrder, backwards: bool, goes_on: bool) -> Select[Any]:
    sort = _KEYS[order]
    columns = [sort.column, _S.id]
    descending = sort.descending != backwards
    statement = (
        selected_rows()
        .add_columns(_S.became_current_at, _S.id.label("step_id"), *_SLA)
        .join(t.approval_step, _S.requisition_id == _R.id)
        .join(t.company, _C.id == _R.company_id)
        .where(*_WAITS)
        .order_by(*[column.desc() if descending else column for column in columns])
        .limit(bindparam("rows"))
    )
    further = None
    if goes_on:
        after = [bindparam("after_key", type_=sort.column.type), bindparam("after_step", type_=_S.id.type)]
        further = behind(columns, after, descending=descending)
    return statement if further is None else statement.where(further)


def _acts_for(reading: Reading) -> Sequence[UUID]:
    """Whose steps the actor decides today: their own unless they are away, and those of people they stand in for."""
    me = reading.actor.id
    day = _today_for(reading)
    running = [row for row in reading.execute(_DELEGATIONS, {"me": me}).all() if row.starts_on <= day <= row.ends_on]
    is_away = any(row.approver_id == me for row in running)
    return [*([] if is_away else [me]), *(row.approver_id for row in running if row.delegate_id == me)]


def _today_for(reading: Reading) -> date:
    company = reading.actor.company_id
    if company is None:
        return reading.now.date()
    return reading.today(reading.execute(_TIMEZONE, {"company": company}).scalar_one())


def _sort_key(order: QueueOrder, row: RequisitionRow) -> tuple[Any, UUID]:
    if row.step_id is None:
        raise AssertionError("a row of a queue has its step")
    return _KEYS[order].value(row), row.step_id


def _seconds(moment: datetime | None) -> int:
    if moment is None:
        raise AssertionError("a row of a queue has its deadline")
    return (moment - _EPOCH) // timedelta(seconds=1)


def _queue_row(row: Any) -> RequisitionRow:
    hours = (row.sla_hours_tier1, row.sla_hours_tier2, row.sla_hours_tier3, row.sla_hours_tier4)[(row.tier or 1) - 1]
    return replace(
        row_of(row),
        waiting_since=row.became_current_at,
        due_at=row.became_current_at + timedelta(hours=hours),
        step_id=row.step_id,
    )
