"""The voucher of a payment: what a paper one would say, with who asked, approved and paid, to print or to paste."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, PaymentMethod, PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import payment_case
from pettycash_tui.services.payment_case import Approval
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.work import Reading

_P, _R, _C, _E = t.payment.c, t.requisition.c, t.company.c, t.payment_execution.c
_REST = (
    select(
        _C.name.label("company"),
        _C.timezone,
        _R.submitted_at,
        _R.created_at,
        t.category.c.name.label("category"),
        t.account.c.code.label("account_code"),
        t.account.c.name.label("account_name"),
        t.cost_center.c.code.label("cost_center"),
        _E.channel,
        _E.otp_verified_at,
    )
    .join_from(t.payment, t.requisition, _R.id == _P.requisition_id)
    .join(t.company, _C.id == _P.company_id)
    .join(t.category, t.category.c.id == _R.category_id)
    .outerjoin(t.account, t.account.c.id == t.category.c.account_id)
    .outerjoin(t.cost_center, t.cost_center.c.id == _R.cost_center_id)
    .outerjoin(t.payment_execution, _E.payment_id == _P.id)
    .where(_P.id == bindparam("payment", type_=_P.id.type))
)


@dataclass(frozen=True, slots=True)
class Voucher:
    """A payment as its voucher says it; without `number` and `paid_at` it has not been paid."""

    company: str
    timezone: str
    number: str | None
    payment: str
    requisition: str
    status: PaymentStatus
    amount: Money
    payee: str
    method: PaymentMethod
    destination: str
    reference: str | None
    purpose: str
    category: str
    account: str
    cost_center: str | None
    fund: str
    requested_by: PersonRef | None
    requested_at: datetime
    approvals: tuple[Approval, ...]
    paid_by: PersonRef | None
    paid_at: datetime | None
    confirmed_by: OtpChannel | None


def show(reading: Reading, ref: str | UUID) -> Voucher:
    """The voucher of a payment that the actor may see. Raises NotFound."""
    case = payment_case.show(reading, ref)
    payment = case.payment
    row: Any = reading.execute(_REST, {"payment": payment.id}).one()
    return Voucher(
        company=row.company,
        timezone=row.timezone,
        number=payment.voucher_number,
        payment=payment.number,
        requisition=payment.requisition,
        status=payment.status,
        amount=payment.amount,
        payee=payment.payee,
        method=payment.method,
        destination=payment.destination,
        reference=payment.gateway_reference,
        purpose=payment.purpose,
        category=row.category,
        account=f"{row.account_code} {row.account_name}" if row.account_code else "",
        cost_center=row.cost_center,
        fund=f"{payment.fund.code} {payment.fund.name or ''}".strip(),
        requested_by=payment.requested_by,
        requested_at=row.submitted_at or row.created_at,
        approvals=case.approvals,
        paid_by=payment.executor if payment.executed_at is not None else None,
        paid_at=payment.executed_at,
        confirmed_by=row.channel if row.otp_verified_at is not None else None,
    )
