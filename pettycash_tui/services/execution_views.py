"""Reading executions: the payments that left, with who paid, how, and confirmed by what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OtpChannel, PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.work import Reading

_EXECUTOR = t.user.alias("executor")
_P, _E = t.payment.c, t.payment_execution.c


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An execution."""

    id: UUID
    payment: str
    requisition: str
    fund: Ref
    amount: Money
    method: PaymentMethod
    payee: str
    executor: PersonRef | None
    gateway_reference: str
    gateway_status: str
    voucher_number: str | None
    otp_verified_at: datetime | None
    channel: OtpChannel | None
    source: str
    client: str
    executed_at: datetime


def _execution_rows() -> Select[Any]:
    return (
        select(
            t.payment_execution,
            _P.number.label("payment_number"),
            _P.amount,
            _P.currency,
            _P.payee,
            _P.voucher_number,
            t.requisition.c.number.label("requisition_number"),
            _P.fund_id,
            t.treasury_fund.c.code.label("fund_code"),
            t.treasury_fund.c.name.label("fund_name"),
            *person_columns(_EXECUTOR, "executor"),
        )
        .select_from(t.payment_execution)
        .join(t.payment, _P.id == _E.payment_id)
        .join(t.requisition, t.requisition.c.id == _P.requisition_id)
        .join(t.treasury_fund, t.treasury_fund.c.id == _P.fund_id)
        .join(_EXECUTOR, _EXECUTOR.c.id == _E.executor_id)
    )


def list_executions(
    reading: Reading, given: PaymentFilter, *, limit: int | None = None, after: str | None = None
) -> Page[ExecutionView]:
    """The executions that the actor may see, newest first."""
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    conditions = [visibility.payments(reading), visibility.of_company(_E.company_id, reading.actor)]
    if given.fund:
        conditions.append(_P.fund_id == locate.fund(reading, given.fund).id)
    if given.mine:
        conditions.append(_E.executor_id == reading.actor.id)
    conditions += between(_E.executed_at, given.from_date, given.to_date, reading)
    if given.search:
        columns = [_P.number, _P.payee, _E.gateway_reference, _P.voucher_number]
        conditions.append(or_(*[contains(column, given.search) for column in columns]))
    further = behind([_E.executed_at, _E.id], key, descending=True)
    if further is not None:
        conditions.append(further)
    found = reading.execute(
        _execution_rows().where(*conditions).order_by(_E.executed_at.desc(), _E.id.desc()).limit(size + 1)
    ).all()
    return page_of(found, size, _execution, lambda row: (row.executed_at, row.id))


def show_execution(reading: Reading, ref: str | UUID) -> ExecutionView:
    """The execution of a payment, by the payment's number or the execution's id. Raises NotFound."""
    found_id = locate.as_uuid(ref)
    conditions = [visibility.payments(reading)]
    if found_id is not None:
        conditions.append(or_(_E.id == found_id, _E.payment_id == found_id))
    else:
        conditions.append(_E.payment_id == locate.payment(reading, ref).id)
    row = reading.execute(_execution_rows().where(*conditions)).first()
    if row is None:
        raise NotFound(f"There is no execution of {str(ref)[:40]} that you may see.")
    return _execution(row)


def _execution(row: Any) -> ExecutionView:
    return ExecutionView(
        id=row.id,
        payment=row.payment_number,
        requisition=row.requisition_number,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        amount=Money(row.amount, row.currency),
        method=row.method,
        payee=row.payee,
        executor=person(row, "executor"),
        gateway_reference=row.gateway_reference,
        gateway_status=row.gateway_status,
        voucher_number=row.voucher_number,
        otp_verified_at=row.otp_verified_at,
        channel=row.channel,
        source=row.source,
        client=row.client,
        executed_at=row.executed_at,
    )
