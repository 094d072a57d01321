"""Everything that decides whether a payment may be executed, read in one statement, and every reason against it.

The commands, the screens and the execution itself ask the same function. Source: domain, section 3, can_execute.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Row, bindparam, case, exists, func, select

from pettycash_tui.gateways.protocol import Order
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import audit
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.work import Reading

_R, _P, _F, _C, _O, _U = (
    t.requisition.c,
    t.payment.c,
    t.treasury_fund.c,
    t.company.c,
    t.otp_challenge.c,
    t.user.c,
)
IN_FLIGHT = (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN)
"""Sent over a network; what became of it is not known here yet."""
_HAS_REVIEW = exists().where(
    t.approval_step.c.requisition_id == _R.id,
    t.approval_step.c.revision == _R.revision,
    t.approval_step.c.kind == StepKind.REVIEW,
    t.approval_step.c.status == StepStatus.WAITING,
)
_SAID_BOTH = exists().where(
    t.payment_order.c.payment_id == _P.id,
    t.payment_order.c.status == OrderStatus.FAILED,
    t.payment_order.c.gateway_reference.is_not(None),
)
_PERIOD = t.accounting_period.c
_IS_LATEST_CLOSED = (
    _PERIOD.company_id == _P.company_id,
    _PERIOD.is_closed,
    # A day's slack either way serves every time zone; a month that has not begun is never closed.
    _PERIOD.starts_on <= bindparam("tomorrow", type_=Date()),
    _PERIOD.ends_on >= bindparam("yesterday", type_=Date()),
)
# What another session has verified is not verified for this one.
_OF_SESSION = _O.session_id.is_not_distinct_from(bindparam("session", type_=_O.session_id.type))
_ANY = (
    select(
        _P.id,
        _P.number,
        _P.company_id,
        _P.requisition_id,
        _P.revision,
        _P.requested_by_id,
        _P.fund_id,
        _P.payee,
        _P.amount,
        _P.currency,
        _P.method,
        _P.destination,
        _P.status,
        _P.is_held,
        _P.executor_id,
        _P.otp_required,
        _P.retry_count,
        _P.max_retries,
        _P.idempotency_key,
        _P.next_attempt_at,
        _P.voucher_number,
        _P.scheduled_for,
        _P.schedule_bundle_id,
        _R.number.label("requisition_number"),
        _R.status.label("requisition_status"),
        _R.purpose,
        _F.code.label("fund_code"),
        _F.is_active.label("fund_active"),
        _F.current_balance,
        _F.held_amount,
        _C.timezone,
        _C.otp_expiry_seconds,
        _C.otp_max_attempts,
        _C.otp_resend_seconds,
        _C.lock_after_failures,
        t.category.c.account_id.label("contra_account_id"),
        _O.id.label("code_id"),
        _O.executor_id.label("code_executor_id"),
        _O.payment_hash.label("code_payment_hash"),
        _O.channel.label("code_channel"),
        _O.expires_at.label("code_expires_at"),
        case((_OF_SESSION, _O.verified_at)).label("code_verified_at"),
        _O.attempts.label("code_attempts"),
        _U.role.label("actor_role"),
        _U.is_active.label("actor_active"),
        _U.otp_locked_at,
        _U.otp_failures,
        _U.otp_channel,
        _U.email.label("actor_email"),
        _U.phone_number.label("actor_phone"),
        _U.totp_secret,
        _U.totp_confirmed_at,
        _HAS_REVIEW.label("has_review"),
        _SAID_BOTH.label("said_both"),
        select(func.max(_PERIOD.starts_on)).where(*_IS_LATEST_CLOSED).scalar_subquery().label("closed_from"),
        select(func.max(_PERIOD.ends_on)).where(*_IS_LATEST_CLOSED).scalar_subquery().label("closed_to"),
    )
    .select_from(t.requisition)
    .join(t.payment, _P.requisition_id == _R.id)
    .join(t.treasury_fund, _F.id == _P.fund_id)
    .join(t.company, _C.id == _P.company_id)
    .join(t.category, t.category.c.id == _R.category_id)
    .outerjoin(t.otp_challenge, (_O.payment_id == _P.id) & _O.voided_at.is_(None) & _O.consumed_at.is_(None))
    .outerjoin(t.user, _U.id == bindparam("reader", type_=_U.id.type))
)
_FACTS = _ANY.where(_P.id == bindparam("payment", type_=_P.id.type))
_MANY = _ANY.where(_P.id.in_(bindparam("payments", expanding=True))).order_by(_P.id)
_FOR_UPDATE: dict[str, Any] = {"key_share": True, "of": [t.requisition, t.payment]}
_LOCKED, _MANY_LOCKED = _FACTS.with_for_update(**_FOR_UPDATE), _MANY.with_for_update(**_FOR_UPDATE)


def read(reading: Reading, payment_id: UUID, *, lock: bool = False) -> Row[Any]:
    """The facts of a payment for the actor. Locked: the requisition first, then the payment."""
    return reading.execute(_LOCKED if lock else _FACTS, {**_asking(reading), "payment": payment_id}).one()


def read_many(reading: Reading, payment_ids: Sequence[UUID], *, lock: bool = False) -> list[Row[Any]]:
    """The facts of several payments in one statement, in the order of their ids, in which they are also locked."""
    if not payment_ids:
        return []
    values = {**_asking(reading), "payments": list(payment_ids)}
    return list(reading.execute(_MANY_LOCKED if lock else _MANY, values).all())


def _asking(reading: Reading) -> dict[str, Any]:
    today = reading.now.date()
    return {
        "reader": reading.actor.id,
        "session": reading.actor.session_id,
        "tomorrow": today + timedelta(days=1),
        "yesterday": today - timedelta(days=1),
    }


def payment_hash(facts: Any) -> str:
    """The canonical hash of (payment, amount, currency, destination) that a code is bound to."""
    return sha256(
        audit.canonical_text(
            {
                "payment": facts.id,
                "amount": facts.amount,
                "currency": facts.currency,
                "destination": facts.destination,
            }
        ).encode()
    ).hexdigest()


def order_of(facts: Any) -> Order:
    """A payment as its gateway is told of it."""
    return Order(facts.number, facts.payee, facts.destination, facts.amount, facts.currency, facts.method)


def is_executed(facts: Any) -> bool:
    """Whether the money has left."""
    return facts.status in (PaymentStatus.SUCCESS, PaymentStatus.RECONCILED)


def reasons_against(
    facts: Any, actor_id: UUID | None, now: datetime, *, code_offered: bool = False, by_schedule: bool = False
) -> list[Reason]:
    """Every reason why the actor may not execute the payment now, not only the first.

    `by_schedule`: as the job asks on the payment's day, which the actor has confirmed.
    """
    reasons = [*_of_state(facts, now), *_of_person(facts, actor_id)]
    if facts.scheduled_for is not None and not by_schedule:
        reasons.append(scheduled(facts))
    if facts.otp_required and not code_offered and not is_executed(facts) and facts.status not in IN_FLIGHT:
        reasons += _of_code(facts, now)
    return reasons + _of_money(facts) + _of_period(facts, now)


_MAY_PASS = frozenset({"too_early", "not_enough", "period_closed"})
"""Reasons of the moment: on a later day they may be gone."""


def reasons_against_day(facts: Any, actor_id: UUID | None, now: datetime, day: date) -> list[Reason]:
    """Every reason why the actor may not confirm the payment for a later day, be it scheduled already or not."""
    found = reasons_against(facts, actor_id, now, code_offered=True)
    reasons = [reason for reason in found if reason.code not in _MAY_PASS]
    if facts.closed_from is not None and facts.closed_from <= day <= facts.closed_to:
        reasons.append(_closed(facts))
    return reasons


def scheduled(payment: Any) -> Reason:
    """Why nothing else may be done with a payment that is confirmed for a day, and what to do."""
    message = (
        f"{payment.number} is scheduled for {payment.scheduled_for}: `pettycash pay unschedule {payment.number}` first."
    )
    return Reason("scheduled", message)


def _of_state(facts: Any, now: datetime) -> list[Reason]:
    if is_executed(facts):
        return [Reason("already_executed", f"{facts.number} is executed already, voucher {facts.voucher_number}.")]
    reasons = []
    if facts.status is PaymentStatus.CANCELLED:
        reasons.append(Reason("cancelled", f"{facts.number} is cancelled."))
    if facts.status in IN_FLIGHT:
        reasons.append(in_doubt(facts))
    elif facts.said_both:
        message = (
            f"The gateway said of {facts.number} that it failed, and then that it was paid: find out with the gateway"
            f" whether the money left. Nothing is sent again for it."
        )
        reasons.append(Reason("contradicted", message))
    if facts.requisition_status is not RequisitionStatus.APPROVED:
        reasons.append(Reason("not_approved", f"{facts.requisition_number} is not fully approved."))
    if facts.retry_count >= facts.max_retries:
        reasons.append(Reason("retries_used", f"{facts.number} has used its {facts.max_retries} retries."))
    if facts.next_attempt_at is not None and facts.next_attempt_at > now:
        reasons.append(too_early(facts))
    return reasons


def in_doubt(payment: Any) -> Reason:
    """Why nothing may be done to a payment that was sent and is not settled, and what to do."""
    what = "nobody knows whether the money left" if payment.status is PaymentStatus.UNKNOWN else "its result is awaited"
    if payment.method is PaymentMethod.BANK_TRANSFER:
        todo = "its line of the bank file is confirmed or refused first."
    else:
        todo = f"`pettycash pay ask {payment.number}` asks what became of it."
    message = f"{payment.number} was sent and {what}: {todo}"
    return Reason("in_doubt", message)


def too_early(payment: Any) -> Reason:
    """Why a payment that failed is not tried again yet."""
    moment = payment.next_attempt_at.astimezone(ZoneInfo(payment.timezone)).strftime("%Y-%m-%d %H:%M:%S")
    return Reason("too_early", f"{payment.number} failed a short while ago; it can be tried again from {moment}.")


def _of_person(facts: Any, actor_id: UUID | None) -> list[Reason]:
    reasons = []
    if facts.requested_by_id == actor_id:
        message = f"{facts.requisition_number} is your own request: nobody pays their own."
        reasons.append(Reason("own_requisition", message))
    if facts.actor_role is not Role.TREASURY or not facts.actor_active:
        reasons.append(Reason("not_treasury", "Only an active treasury officer executes payments."))
    if facts.executor_id is None:
        reasons.append(Reason("no_executor", f"{facts.number} has no executor: the CFO assigns one."))
    elif facts.executor_id != actor_id:
        reasons.append(Reason("not_executor", f"{facts.number} is assigned to another officer."))
    if facts.otp_locked_at is not None:
        message = "You are locked after too many wrong codes: an admin unlocks you."
        reasons.append(Reason("code_locked", message))
    return reasons


def _of_code(facts: Any, now: datetime) -> list[Reason]:
    if facts.code_verified_at is None:
        message = f"The one-time code for {facts.number} is not verified: `pettycash pay send-otp {facts.number}`."
        return [Reason("code_not_verified", message)]
    if facts.code_expires_at <= now:
        return [Reason("code_expired", f"The one-time code for {facts.number} has expired: ask for another.")]
    return []


def _of_money(facts: Any) -> list[Reason]:
    reasons = []
    if not facts.fund_active:
        reasons.append(Reason("fund_inactive", f"Fund {facts.fund_code} is not active."))
    is_open = not is_executed(facts) and facts.status is not PaymentStatus.CANCELLED
    available = facts.current_balance - facts.held_amount
    if is_open and not facts.is_held and available < facts.amount:
        reasons.append(
            Reason(
                "not_enough",
                f"Fund {facts.fund_code} has {Money(available, facts.currency)} available;"
                f" {facts.number} needs {Money(facts.amount, facts.currency)}.",
            )
        )
    return reasons


def _of_period(facts: Any, now: datetime) -> list[Reason]:
    if facts.closed_from is None or is_executed(facts) or facts.status is PaymentStatus.CANCELLED:
        return []
    if not facts.closed_from <= now.astimezone(ZoneInfo(facts.timezone)).date() <= facts.closed_to:
        return []
    return [_closed(facts)]


def _closed(facts: Any) -> Reason:
    message = f"{facts.closed_from:%Y-%m} is closed: the CFO opens it again, or the payment waits for the next month."
    return Reason("period_closed", message)
