"""Reading payments and executions: lists, one, and why a person may or may not execute it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod, PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, payment_facts, visibility
from pettycash_tui.services.errors import NotFound, Reason
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.totals import Total, total_of
from pettycash_tui.services.work import Reading

_EXECUTOR = t.user.alias("executor")
_REQUESTER = t.user.alias("requester")
_P, _E = t.payment.c, t.payment_execution.c


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What a list is narrowed to.

    `waiting`: only those without a hold, or only those with one. `done`: only those whose money has left. `in_doubt`:
    only those that were sent and have no answer yet. `scheduled`: only those that are confirmed for a later day.
    """

    status: PaymentStatus | None = None
    fund: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    requisition: str | None = None
    mine: bool = False
    waiting: bool | None = None
    done: bool = False
    in_doubt: bool = False
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment with what a list, a prompt and a script need of it."""

    id: UUID
    number: str
    requisition: str
    fund: Ref
    amount: Money
    currency: str
    payee: str
    purpose: str
    method: PaymentMethod
    destination: str
    status: PaymentStatus
    held: bool
    executor: PersonRef | None
    requested_by: PersonRef | None
    otp_required: bool
    retry_count: int
    max_retries: int
    last_error: str
    scheduled_for: date | None
    gateway_reference: str | None
    voucher_number: str | None
    created_at: datetime
    executed_at: datetime | None
    fund_balance: Money
    fund_available: Money
    next_attempt_at: datetime | None = None

    @property
    def balance_after(self) -> Money:
        """The fund's balance once this is paid."""
        return self.fund_balance - self.amount

    @property
    def available_after(self) -> Money:
        """What is available once this is paid: unchanged where the amount is held already."""
        return self.fund_available if self.held else self.fund_available - self.amount


@dataclass(frozen=True, slots=True)
class PaymentExplanation:
    """Whether the actor may execute a payment now, and every reason against."""

    number: str
    allowed: bool
    reasons: tuple[Reason, ...]


def _rows() -> Select[Any]:
    f, r = t.treasury_fund.c, t.requisition.c
    return (
        select(
            t.payment,
            r.number.label("requisition_number"),
            r.purpose,
            f.code.label("fund_code"),
            f.name.label("fund_name"),
            f.current_balance,
            f.held_amount,
            _E.gateway_reference,
            *person_columns(_EXECUTOR, "executor"),
            *person_columns(_REQUESTER, "requested_by"),
        )
        .select_from(t.payment)
        .join(t.requisition, r.id == _P.requisition_id)
        .join(t.treasury_fund, f.id == _P.fund_id)
        .outerjoin(t.payment_execution, _E.payment_id == _P.id)
        .outerjoin(_EXECUTOR, _EXECUTOR.c.id == _P.executor_id)
        .join(_REQUESTER, _REQUESTER.c.id == _P.requested_by_id)
    )


_ONE = _rows().where(_P.id == bindparam("payment", type_=_P.id.type))


def list_payments(
    reading: Reading,
    given: PaymentFilter,
    *,
    limit: int | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> Page[PaymentView]:
    """The payments that the actor may see, newest first (or oldest, to page backwards)."""
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    conditions = _conditions(reading, given)
    further = behind([_P.created_at, _P.id], key, descending=not oldest_first)
    if further is not None:
        conditions.append(further)
    order = [_P.created_at, _P.id] if oldest_first else [_P.created_at.desc(), _P.id.desc()]
    found = reading.execute(_rows().where(*conditions).order_by(*order).limit(size + 1)).all()
    return page_of(found, size, _view, lambda row: (row.created_at, row.id))


def count_payments(reading: Reading, given: PaymentFilter) -> int:
    """How many payments a filter shows."""
    statement = (
        select(func.count())
        .select_from(t.payment)
        .join(t.requisition, t.requisition.c.id == _P.requisition_id)
        .where(*_conditions(reading, given))
    )
    return int(reading.execute(statement).scalar_one())


def weigh_payments(reading: Reading, given: PaymentFilter) -> Total:
    """How many payments a filter shows, and what they come to."""
    statement = (
        select(_P.currency, func.count().label("counted"), func.sum(_P.amount).label("summed"))
        .select_from(t.payment)
        .join(t.requisition, t.requisition.c.id == _P.requisition_id)
        .where(*_conditions(reading, given))
        .group_by(_P.currency)
        .order_by(_P.currency)
    )
    return total_of(reading.execute(statement).all())


def _conditions(reading: Reading, given: PaymentFilter) -> list[ColumnElement[bool]]:
    conditions = [visibility.payments(reading)]
    if given.mine:
        conditions.append(_P.executor_id == reading.actor.id)
    if given.status is not None:
        conditions.append(_P.status == given.status)
    if given.done:
        conditions.append(_P.status.in_([PaymentStatus.SUCCESS, PaymentStatus.RECONCILED]))
    if given.in_doubt:
        conditions.append(_P.status.in_([PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN]))
    if given.scheduled:
        conditions.append(_P.scheduled_for.is_not(None))
    if given.waiting is not None:
        conditions.append(_P.is_held.is_(not given.waiting))
    if given.fund:
        conditions.append(_P.fund_id == locate.fund(reading, given.fund).id)
    if given.requisition:
        conditions.append(_P.requisition_id == locate.requisition(reading, given.requisition).id)
    conditions += between(_P.created_at, given.from_date, given.to_date, reading)
    if given.search:
        text = given.search
        columns = [_P.number, _P.payee, _P.voucher_number, t.requisition.c.number]
        conditions.append(or_(*[contains(column, text) for column in columns]))
    return conditions


def show(reading: Reading, ref: str | UUID) -> PaymentView:
    """One payment. Raises NotFound."""
    found_id = ref if isinstance(ref, UUID) else locate.payment(reading, ref).id
    row = reading.execute(_ONE.where(visibility.payments(reading)), {"payment": found_id}).first()
    if row is None:
        raise NotFound(f"There is no payment {ref} that you may see.")
    return _view(row)


def explain(reading: Reading, ref: str | UUID, *, code_offered: bool = False) -> PaymentExplanation:
    """Every reason why the actor may not execute it now: the same function that execution asks.

    `code_offered`: as if the code was about to be typed.
    """
    found = locate.payment(reading, ref)
    facts = payment_facts.read(reading, found.id)
    against = payment_facts.reasons_against(facts, reading.actor.id, reading.now, code_offered=code_offered)
    reasons = [*reading.actor.without_app, *against]
    return PaymentExplanation(found.number, not reasons, tuple(reasons))


def _view(row: Any) -> PaymentView:
    return PaymentView(
        id=row.id,
        number=row.number,
        requisition=row.requisition_number,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        amount=Money(row.amount, row.currency),
        currency=row.currency,
        payee=row.payee,
        purpose=row.purpose,
        method=row.method,
        destination=row.destination,
        status=row.status,
        held=row.is_held,
        executor=person(row, "executor"),
        requested_by=person(row, "requested_by"),
        otp_required=row.otp_required,
        retry_count=row.retry_count,
        max_retries=row.max_retries,
        last_error=row.last_error,
        scheduled_for=row.scheduled_for,
        gateway_reference=row.gateway_reference,
        voucher_number=row.voucher_number,
        created_at=row.created_at,
        executed_at=row.executed_at,
        fund_balance=Money(row.current_balance, row.currency),
        fund_available=Money(row.current_balance - row.held_amount, row.currency),
        next_attempt_at=row.next_attempt_at,
    )
