"""Payments before money leaves: made by the last approval, holding their amount, with an executor assigned.

Source: domain, section 3. Execution is in `execution.py`, codes are in `otp.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, exists, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import (
    OPEN_PAYMENTS,
    PaymentStatus,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    TrailAction,
)
from pettycash_tui.models.requisitions import ApprovalTrail
from pettycash_tui.models.treasury import Payment
from pettycash_tui.services import audit, holds, locate, payment_facts, replenishments, schedule_ends
from pettycash_tui.services.errors import NotAllowed, Reason, Refused
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.numbering import NumberKind, next_number
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.requisitions import content_hash
from pettycash_tui.services.work import Reading, Work


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A payment after something was done to it."""

    id: UUID
    number: str
    status: PaymentStatus
    held: bool
    executor: str | None


def create(work: Work, requisition: Row[Any]) -> str:
    """Make the payment of a requisition that is approved now. Returns its number.

    Not enough available: it waits without a hold, and the fund asks for replenishment.
    """
    number = next_number(work, requisition.company_id, NumberKind.PAYMENT)
    executor = pick_executor(work, requisition)
    threshold = work.execute(
        select(t.company.c.otp_threshold).where(t.company.c.id == requisition.company_id)
    ).scalar_one()
    # The fund is locked late, and once: the hold is the last statement but the insert that says whether it was had.
    held = holds.place(work, requisition.fund_id, requisition.amount)
    if not held:
        # Locked, so that money coming in at this moment is either seen here or finds this payment waiting.
        holds.lock_fund(work, requisition.fund_id)
        held = holds.place(work, requisition.fund_id, requisition.amount)
    payment = Payment(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=requisition.company_id,
        number=number,
        requisition_id=requisition.id,
        revision=requisition.revision,
        requested_by_id=requisition.requested_by_id,
        fund_id=requisition.fund_id,
        payee=requisition.payee,
        amount=requisition.amount,
        currency=requisition.currency,
        method=requisition.method,
        destination=requisition.destination,
        is_held=held,
        executor_id=executor,
        otp_required=requisition.amount >= threshold,
    )
    work.add(payment)
    record(
        work,
        payment,
        "payment.created",
        {
            "requisition": requisition.number,
            "amount": payment.amount,
            "currency": payment.currency,
            "method": payment.method,
            "destination": payment.destination,
            "payee": payment.payee,
            "executor": executor,
            "held": held,
            "otp_required": payment.otp_required,
        },
    )
    if not held:
        replenishments.request_automatically(work, requisition.fund_id)
    return number


def pick_executor(reading: Reading, requisition: Any, *, only: UUID | None = None) -> UUID | None:
    """The treasury officer who pays: active, not the requester, not an approver, fewest open payments first.

    Validating is treasury's own step and may be the same officer's. None when nobody may; the CFO assigns then.
    With `only`: that officer, if eligible.
    """
    u = t.user.c
    statement = _eligible(requisition, select(u.id)).limit(1)
    if only is not None:
        statement = statement.where(u.id == only)
    found = reading.execute(statement).scalar()
    return UUID(str(found)) if found is not None else None


def eligible_executors(reading: Reading, ref: str | UUID) -> tuple[PersonRef, ...]:
    """The officers who may be assigned to a payment, the one with the fewest open payments first."""
    payment = locate.payment(reading, ref)
    requisition = reading.execute(select(t.requisition).where(t.requisition.c.id == payment.requisition_id)).one()
    statement = _eligible(requisition, select(t.user.c.id.label("officer_id"), *person_columns(t.user, "officer")))
    found = (person(row, "officer") for row in reading.execute(statement))
    return tuple(officer for officer in found if officer is not None)


def _eligible(requisition: Any, statement: Select[Any]) -> Select[Any]:
    u, s, p = t.user.c, t.approval_step.c, t.payment.c
    open_payments = (
        select(func.count())
        .select_from(t.payment)
        .where(p.executor_id == u.id, p.status.in_(list(OPEN_PAYMENTS)))
        .scalar_subquery()
    )
    approved = exists().where(
        s.requisition_id == requisition.id,
        s.revision == requisition.revision,
        s.kind == StepKind.APPROVE,
        or_(s.acted_by_id == u.id, and_(s.approver_id == u.id, s.status != StepStatus.SKIPPED)),
    )
    return (
        statement.select_from(t.user)
        .where(
            u.role == Role.TREASURY,
            u.is_active,
            or_(u.company_id == requisition.company_id, u.company_id.is_(None)),
            u.id != requisition.requested_by_id,
            ~approved,
        )
        .order_by(open_payments, u.number)
    )


def assign(work: Work, ref: str | UUID, username: str, reason: str = "") -> PaymentState:
    """Assign another executor: the CFO's right, or an admin's where no CFO is. Open codes become void."""
    work.actor.require(Right.ASSIGN_EXECUTOR)
    payment = _locked(work, ref)
    if work.actor.role is not Role.CFO and _has_cfo(work, payment.company_id):
        raise NotAllowed("The CFO assigns executors. An admin does so only where there is no CFO.")
    reason = clean_text("reason", reason, max_length=500, required=False)
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.FAILED):
        raise Refused.because(_not_open(payment))
    officer = work.execute(select(t.user).where(t.user.c.username == username.strip().lower())).first()
    requisition = work.execute(select(t.requisition).where(t.requisition.c.id == payment.requisition_id)).one()
    if officer is None or pick_executor(work, requisition, only=officer.id) is None:
        raise Refused.because(
            Reason(
                "not_eligible",
                f"{username!r} cannot pay {payment.number}: an executor is an active treasury officer of this company,"
                " neither the requester nor one of the approvers.",
            )
        )
    schedule_ends.void(work, payment, f"It was assigned to {officer.username}.")
    p = t.payment.c
    work.execute(update(t.payment).where(p.id == payment.id).values(executor_id=officer.id, updated_at=work.now))
    void_codes(work, payment.id)
    record(
        work,
        payment,
        "payment.assigned",
        {"from": payment.executor_id, "to": officer.id, "reason": reason},
    )
    return PaymentState(payment.id, payment.number, payment.status, payment.is_held, officer.username)


def retry(work: Work, ref: str | UUID) -> PaymentState:
    """Make a failed payment ready again, while it has retries left."""
    work.actor.require(Right.EXECUTE)
    payment = _locked(work, ref)
    if payment.status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN):
        raise Refused.because(payment_facts.in_doubt(payment))
    if payment.status is not PaymentStatus.FAILED:
        raise Refused.because(
            Reason("not_failed", f"{payment.number} is {payment.status.label.lower()}; only a failed one is retried.")
        )
    if payment.retry_count >= payment.max_retries:
        raise Refused.because(
            Reason("retries_used", f"{payment.number} has used its {payment.max_retries} retries. Cancel it.")
        )
    if payment.next_attempt_at is not None and payment.next_attempt_at > work.now:
        raise Refused.because(payment_facts.too_early(payment_facts.read(work, payment.id)))
    held = payment.is_held or holds.place(work, payment.fund_id, payment.amount)
    work.execute(
        update(t.payment)
        .where(t.payment.c.id == payment.id)
        .values(status=PaymentStatus.PENDING, is_held=held, next_attempt_at=None, updated_at=work.now)
    )
    record(work, payment, "payment.retried", {"retry_count": payment.retry_count, "held": held})
    return PaymentState(payment.id, payment.number, PaymentStatus.PENDING, held, None)


def cancel(work: Work, ref: str | UUID, reason: str) -> PaymentState:
    """Give up a payment that has not left: its hold is released and its requisition rejected, with the reason."""
    work.actor.require(Right.CANCEL_PAYMENT)
    reason = clean_text("reason", reason, max_length=500)
    payment = _locked(work, ref)
    requisition = work.execute(select(t.requisition).where(t.requisition.c.id == payment.requisition_id)).one()
    if requisition.requested_by_id == work.actor.id:
        raise Refused.because(Reason("own_requisition", "This is your own request: withdraw the requisition instead."))
    cancel_for(work, requisition.id, reason)
    work.execute(
        update(t.requisition)
        .where(t.requisition.c.id == requisition.id)
        .values(status=RequisitionStatus.REJECTED, next_approver_id=None, updated_at=work.now)
    )
    s = t.approval_step.c
    work.execute(
        update(t.approval_step)
        .where(s.requisition_id == requisition.id, s.status == StepStatus.WAITING)
        .values(status=StepStatus.SKIPPED, updated_at=work.now)
    )
    work.add(
        ApprovalTrail(
            id=new_id(),
            created_at=work.now,
            timestamp=work.now,
            requisition_id=requisition.id,
            revision=requisition.revision,
            user_id=work.actor.id,
            role=work.actor.role,
            action=TrailAction.REJECTED,
            comment=f"Payment cancelled: {reason}",
            source=work.actor.source,
            content_hash=content_hash(requisition),
        )
    )
    return PaymentState(payment.id, payment.number, PaymentStatus.CANCELLED, False, None)


def cancel_for(work: Work, requisition_id: UUID, reason: str) -> None:
    """Cancel the payment of a requisition that its caller has locked; release its hold for those who wait."""
    p = t.payment.c
    payment = work.execute(
        select(t.payment).where(p.requisition_id == requisition_id).with_for_update(key_share=True)
    ).one()
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.FAILED):
        raise Refused.because(_not_open(payment))
    void_codes(work, payment.id)
    schedule_ends.void(work, payment, f"It was cancelled: {reason}")
    if payment.is_held:
        holds.lock_waiting(work, payment.fund_id)
    work.execute(
        update(t.payment)
        .where(p.id == payment.id)
        .values(status=PaymentStatus.CANCELLED, is_held=False, last_error=reason[:500], updated_at=work.now)
    )
    taken: list[str] = []
    if payment.is_held:
        holds.release(work, payment.fund_id, payment.amount)
        taken = holds.take_up_waiting(work, payment.fund_id)
    data = {"requisition": requisition_id, "reason": reason, "released": payment.is_held, "taken_up": taken}
    record(work, payment, "payment.cancelled", data)


def void_codes(work: Work, payment_id: UUID, *, only: UUID | None = None) -> None:
    """Void a payment's open code; with `only`, if it is that one still."""
    o = t.otp_challenge.c
    statement = update(t.otp_challenge).where(
        o.payment_id == payment_id, o.voided_at.is_(None), o.consumed_at.is_(None)
    )
    if only is not None:
        statement = statement.where(o.id == only)
    work.execute(statement.values(voided_at=work.now, updated_at=work.now))


def record(work: Work, payment: Any, action: str, data: dict[str, Any]) -> None:
    """Note an audit event of a payment, in its fund's stream."""
    work.record(
        action,
        "payment",
        payment.id,
        payment.number,
        stream=audit.fund_stream(payment.fund_id),
        company_id=payment.company_id,
        data=data,
    )


def _locked(work: Work, ref: str | UUID) -> Row[Any]:
    """The payment, its requisition locked before it: the one order in which everybody locks."""
    found = locate.payment(work, ref)
    r = t.requisition.c
    work.execute(select(r.id).where(r.id == found.requisition_id).with_for_update(key_share=True)).one()
    return locate.payment(work, found.id, lock=True)


def _has_cfo(reading: Reading, company_id: UUID) -> bool:
    u = t.user.c
    statement = select(u.id).where(
        u.role == Role.CFO, u.is_active, or_(u.company_id == company_id, u.company_id.is_(None))
    )
    return reading.execute(statement.limit(1)).first() is not None


def _not_open(payment: Row[Any]) -> Reason:
    if payment.status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN):
        return payment_facts.in_doubt(payment)
    return Reason("not_open", f"{payment.number} is {payment.status.label.lower()}; this is not possible any more.")
