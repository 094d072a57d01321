"""Lists of requisitions: what a person may see, narrowed and paged, and one requisition as a line of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.numbering import NumberKind, canonical_number
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns, place
from pettycash_tui.services.work import Reading

_REQUESTER = t.user.alias("requester")
_NEXT = t.user.alias("next_approver")
_R = t.requisition.c


@dataclass(frozen=True, slots=True)
class RequisitionFilter:
    """What a list is narrowed to. Dates are days in UTC, both included."""

    status: RequisitionStatus | None = None
    fund: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    mine: bool = False


@dataclass(frozen=True, slots=True)
class RequisitionRow:
    """A line of a list."""

    id: UUID
    number: str
    status: RequisitionStatus
    tier: int | None
    amount: Money
    payee: str
    purpose: str
    is_urgent: bool
    revision: int
    requested_by: PersonRef
    next_approver: PersonRef | None
    fund: Ref
    branch: Ref | None
    created_at: datetime
    waiting_since: datetime | None = None
    due_at: datetime | None = None
    step_id: UUID | None = None


def selected_rows() -> Select[Any]:
    f, b = t.treasury_fund.c, t.branch.c
    return (
        select(
            _R.id,
            _R.number,
            _R.status,
            _R.tier,
            _R.amount,
            _R.currency,
            _R.payee,
            _R.purpose,
            _R.is_urgent,
            _R.revision,
            _R.created_at,
            _R.requested_by_id.label("requester_id"),
            _R.next_approver_id.label("next_id"),
            _R.fund_id,
            _R.branch_id,
            f.code.label("fund_code"),
            f.name.label("fund_name"),
            b.code.label("branch_code"),
            b.name.label("branch_name"),
            *person_columns(_REQUESTER, "requester"),
            *person_columns(_NEXT, "next"),
        )
        .select_from(t.requisition)
        .join(_REQUESTER, _REQUESTER.c.id == _R.requested_by_id)
        .join(t.treasury_fund, f.id == _R.fund_id)
        .outerjoin(t.branch, b.id == _R.branch_id)
        .outerjoin(_NEXT, _NEXT.c.id == _R.next_approver_id)
    )


def list_requisitions(
    reading: Reading,
    given: RequisitionFilter,
    *,
    limit: int | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> Page[RequisitionRow]:
    """The requisitions that the actor may see, newest first (or oldest, to page backwards)."""
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    conditions = _conditions(reading, given)
    further = behind([_R.created_at, _R.id], key, descending=not oldest_first)
    if further is not None:
        conditions.append(further)
    order = [_R.created_at, _R.id] if oldest_first else [_R.created_at.desc(), _R.id.desc()]
    found = reading.execute(selected_rows().where(*conditions).order_by(*order).limit(size + 1)).all()
    return page_of(found, size, row_of, lambda row: (row.created_at, row.id))


def count_requisitions(reading: Reading, given: RequisitionFilter) -> int:
    """How many requisitions a filter shows."""
    return int(
        reading.execute(
            select(func.count()).select_from(t.requisition).where(*_conditions(reading, given))
        ).scalar_one()
    )


def statuses_present(reading: Reading, given: RequisitionFilter) -> tuple[RequisitionStatus, ...]:
    """The statuses that a filter shows, in the order of a requisition's life."""
    found = set(reading.execute(select(_R.status).where(*_conditions(reading, given)).distinct()).scalars())
    return tuple(status for status in RequisitionStatus if status in found)


def _conditions(reading: Reading, given: RequisitionFilter) -> list[ColumnElement[bool]]:
    conditions = [visibility.requisitions(reading)]
    if given.mine:
        conditions.append(_R.requested_by_id == reading.actor.id)
    if given.status is not None:
        conditions.append(_R.status == given.status)
    if given.fund:
        conditions.append(_R.fund_id == locate.fund(reading, given.fund).id)
    conditions += between(_R.created_at, given.from_date, given.to_date, reading)
    if given.search:
        conditions.append(matches(given.search))
    return conditions


def matches(search: str) -> ColumnElement[bool]:
    """The condition that a requisition's number, payee or purpose holds the text."""
    number = canonical_number(search, NumberKind.REQUISITION)
    words = [contains(_R.payee, search), contains(_R.purpose, search), contains(_R.number, search)]
    if number is not None:
        words.append(_R.number == number)
    return or_(*words)


def row_of(row: Any) -> RequisitionRow:
    """A line of a list, of a row that `selected_rows` brought."""
    requester = person(row, "requester")
    fund = place(row, "fund")
    if requester is None or fund is None:
        raise AssertionError("a requisition has a requester and a fund")
    return RequisitionRow(
        id=row.id,
        number=row.number,
        status=row.status,
        tier=row.tier,
        amount=Money(row.amount, row.currency),
        payee=row.payee,
        purpose=row.purpose,
        is_urgent=row.is_urgent,
        revision=row.revision,
        requested_by=requester,
        next_approver=person(row, "next"),
        fund=fund,
        branch=place(row, "branch"),
        created_at=row.created_at,
    )
