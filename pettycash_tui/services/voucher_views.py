"""Reading the vouchers that were imported, with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

_V, _R, _F, _P = t.imported_voucher.c, t.requisition.c, t.treasury_fund.c, t.payment.c
_REQUESTER = t.user.alias("requested_by")
_ROWS = (
    select(
        t.imported_voucher,
        _R.number,
        _R.status,
        _R.amount,
        _R.currency,
        _R.payee,
        _R.requested_by_id,
        _F.code.label("fund_code"),
        _P.number.label("payment_number"),
        *person_columns(_REQUESTER, "requested_by"),
    )
    .join_from(t.imported_voucher, t.requisition, _R.id == _V.requisition_id)
    .join(t.treasury_fund, _F.id == _R.fund_id)
    .join(_REQUESTER, _REQUESTER.c.id == _R.requested_by_id)
    .outerjoin(t.payment, _P.requisition_id == _R.id)
)


@dataclass(frozen=True, slots=True)
class ImportedVoucherView:
    """An imported voucher: the file's SHA-256 and the line it stood on, and its requisition as it is now."""

    id: UUID
    voucher_number: str
    requisition: str
    status: RequisitionStatus
    amount: Money
    currency: str
    payee: str
    fund: str
    payment: str | None
    requested_by: PersonRef | None
    created_at: datetime
    file_sha256: str
    line: int


def list_imported(
    reading: Reading,
    *,
    status: RequisitionStatus | None = None,
    fund: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> Page[ImportedVoucherView]:
    """The imported vouchers whose requisitions the actor may see, newest first."""
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    statement = _ROWS.where(visibility.of_company(_V.company_id, reading.actor), visibility.requisitions(reading))
    if status is not None:
        statement = statement.where(_R.status == status)
    if fund:
        statement = statement.where(_R.fund_id == locate.fund(reading, fund).id)
    statement = statement.where(*between(_V.created_at, from_date, to_date, reading))
    if search and search.strip():
        found_in = (_V.voucher_number, _V.file_sha256, _R.number, _R.payee)
        statement = statement.where(or_(*[contains(column, search) for column in found_in]))
    order = [_V.created_at, _V.id]
    further = behind(order, key, descending=True)
    if further is not None:
        statement = statement.where(further)
    found = reading.execute(statement.order_by(*[column.desc() for column in order]).limit(size + 1)).all()
    return page_of(found, size, _view, lambda row: (row.created_at, row.id))


def _view(row: Any) -> ImportedVoucherView:
    return ImportedVoucherView(
        id=row.id,
        voucher_number=row.voucher_number,
        requisition=row.number,
        status=row.status,
        amount=Money(row.amount, row.currency),
        currency=row.currency,
        payee=row.payee,
        fund=row.fund_code,
        payment=row.payment_number,
        requested_by=person(row, "requested_by"),
        created_at=row.created_at,
        file_sha256=row.file_sha256,
        line=row.line,
    )
