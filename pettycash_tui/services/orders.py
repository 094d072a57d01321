"""The state changes of an order to a gateway that is not local, each in the caller's transaction.

hold → send → post or release: an order is committed before it is sent, and settled when its gateway tells what became
of it, once, however often and however late that is told. Locks: requisition, payment, order, then the fund. Source:
domain, section 3, a network gateway; TigerBeetle's two-phase transfers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from pettycash_tui.gateways.protocol import Receipt
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OPEN_ORDERS, GatewayName, OrderStatus, PaymentStatus, RequisitionStatus
from pettycash_tui.models.treasury import PaymentOrder
from pettycash_tui.services import failing, holds, payment_facts, payments, posting, schedule_ends
from pettycash_tui.services.errors import NotFound, Reason, Refused
from pettycash_tui.services.identity import Actor, actor_of
from pettycash_tui.services.posting import Confirmed, Executed
from pettycash_tui.services.work import Reading, Work

FIRST_QUESTION_AFTER = timedelta(minutes=2)
"""A gateway that has told nothing by then is asked; an order that is still being sent then is in doubt."""

_O, _P = t.payment_order.c, t.payment.c


def open_order(
    work: Work,
    facts: Row[Any],
    gateway: GatewayName,
    *,
    conversation_id: str,
    confirmed: Confirmed,
    key: str,
    batch_id: UUID | None = None,
    position: int | None = None,
) -> UUID:
    """Write down that a payment is about to be sent; committed before it is. Returns the order's id.

    `facts` are read with their lock and nothing stands against them. `key` is the idempotency key of the call. Raises
    Refused (`not_enough`) where the payment holds nothing and its fund has not enough.
    """
    if not facts.is_held and not holds.place(work, facts.fund_id, facts.amount):
        raise Refused.because(Reason("not_enough", f"Fund {facts.fund_code} has not enough available."))
    work.execute(
        update(t.payment)
        .where(_P.id == facts.id)
        .values(
            status=PaymentStatus.EXECUTING,
            is_held=True,
            idempotency_key=key,
            next_attempt_at=None,
            updated_at=work.now,
        )
    )
    attempt = work.execute(select(func.coalesce(func.max(_O.attempt), 0)).where(_O.payment_id == facts.id)).scalar_one()
    order = PaymentOrder(
        id=new_id(),
        created_at=work.now,
        updated_at=work.now,
        company_id=facts.company_id,
        payment_id=facts.id,
        executor_id=confirmed.executor_id,
        attempt=attempt + 1,
        gateway=gateway,
        conversation_id=conversation_id,
        batch_id=batch_id,
        position=position,
        status=OrderStatus.SENDING,
        idempotency_key=key,
        otp_verified_at=confirmed.verified_at,
        channel=confirmed.channel,
        source=confirmed.source,
        client=confirmed.client,
        # A bank answers nobody: its lines are confirmed by a person.
        next_ask_at=None if gateway is GatewayName.BANK_FILE else work.now + FIRST_QUESTION_AFTER,
    )
    work.add(order)
    payments.record(
        work,
        facts,
        "payment.sent",
        {
            "requisition": facts.requisition_number,
            "amount": facts.amount,
            "currency": facts.currency,
            "method": facts.method,
            "destination": facts.destination,
            "payee": facts.payee,
            "gateway": gateway,
            "attempt": order.attempt,
            "conversation_id": conversation_id,
            "batch": batch_id,
            "code_channel": confirmed.channel or "not_required",
        },
    )
    return order.id


def mark_sent(work: Work, order_id: UUID, gateway_conversation_id: str = "") -> bool:
    """Note that the gateway took an order; its result is awaited. False when the result was faster."""
    order, facts = _locked(work, order_id)
    if order.status not in (OrderStatus.SENDING, OrderStatus.UNKNOWN):
        return False
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id)
        .values(
            status=OrderStatus.SENT,
            sent_at=order.sent_at or work.now,
            gateway_conversation_id=gateway_conversation_id[:120] or order.gateway_conversation_id,
            updated_at=work.now,
        )
    )
    payments.record(
        work,
        facts,
        "payment.accepted",
        {"gateway": order.gateway, "attempt": order.attempt, "gateway_conversation_id": gateway_conversation_id[:120]},
    )
    return True


def mark_unknown(work: Work, order_id: UUID, text: str) -> bool:
    """Note that nobody knows whether an order is carried out: nothing else is sent before its state is known.

    False when it is settled, or in doubt already.
    """
    order, facts = _locked(work, order_id)
    if order.status not in (OrderStatus.SENDING, OrderStatus.SENT):
        return False
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id)
        .values(status=OrderStatus.UNKNOWN, result_text=text[:500], updated_at=work.now)
    )
    if facts.status is PaymentStatus.EXECUTING:
        work.execute(
            update(t.payment)
            .where(_P.id == facts.id)
            .values(status=PaymentStatus.UNKNOWN, last_error=text[:500], updated_at=work.now)
        )
    data = {"gateway": order.gateway, "attempt": order.attempt, "error": text[:500]}
    payments.record(work, facts, "payment.unknown", data)
    return True


def succeed(work: Work, order_id: UUID, reference: str, status_text: str = "succeeded") -> Executed | None:
    """Book that the money of an order has left, as its executor did. `reference` is the gateway's own.

    None where there is nothing left to book: a result told twice. A success of an order that had failed is booked too
    while the payment can still be paid, because the money is gone; where it cannot, that is recorded, nothing is paid
    a second time, and `alerts` tells of it.
    """
    order, facts = _locked(work, order_id)
    if order.status is OrderStatus.SUCCEEDED:
        if order.gateway_reference != reference[:120]:
            _contradiction(work, facts, order, f"succeeded again under another reference, {reference[:120]}", reference)
        return None
    if order.status is OrderStatus.FAILED:
        return _succeed_after_all(work, order, facts, reference, status_text)
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id)
        .values(
            status=OrderStatus.SUCCEEDED,
            settled_at=work.now,
            gateway_reference=reference[:120],
            result_code="0",
            result_text=status_text[:500],
            next_ask_at=None,
            updated_at=work.now,
        )
    )
    return _book(work, order, facts, reference, status_text)


def fail(work: Work, order_id: UUID, code: str, text: str, *, final: bool = False) -> bool:
    """Book that no money of an order left: the payment failed, to be tried again later unless `final`.

    False where there is nothing left to do; a failure told after the success changes nothing and is recorded.
    """
    order, facts = _locked(work, order_id)
    if order.status is OrderStatus.FAILED:
        return False
    if order.status is OrderStatus.SUCCEEDED:
        _contradiction(work, facts, order, f"failed after it had succeeded: {text}", "")
        return False
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id)
        .values(
            status=OrderStatus.FAILED,
            settled_at=work.now,
            result_code=code[:40],
            result_text=text[:500],
            next_ask_at=None,
            updated_at=work.now,
        )
    )
    failing.record(work, facts, text, final=final, back_off=True, code=code[:40])
    return True


def open_of(reading: Reading, payment_id: UUID) -> Row[Any] | None:
    """The order that the gateway may still carry out for a payment."""
    statement = select(t.payment_order).where(_O.payment_id == payment_id, _O.status.in_(list(OPEN_ORDERS)))
    return reading.execute(statement).first()


def _locked(work: Work, order_id: UUID) -> tuple[Row[Any], Row[Any]]:
    """An order and its payment's facts, locked in the one order in which everybody locks. Raises NotFound."""
    payment_id = work.execute(select(_O.payment_id).where(_O.id == order_id)).scalar()
    if payment_id is None:
        raise NotFound("There is no such order to a gateway.")
    facts = payment_facts.read(work, payment_id, lock=True)
    return work.execute(select(t.payment_order).where(_O.id == order_id).with_for_update(key_share=True)).one(), facts


def _book(work: Work, order: Row[Any], facts: Row[Any], reference: str, status_text: str) -> Executed:
    confirmed = Confirmed(order.executor_id, order.otp_verified_at, order.channel, order.source, order.client)
    receipt = Receipt(reference[:120], status_text[:60])
    return posting.post(work.as_actor(_executor(work, order)), facts, receipt, confirmed, order.idempotency_key)


def _executor(work: Work, order: Row[Any]) -> Actor:
    """Who sent the order: the result is booked in that person's name, whoever brings it."""
    person = work.execute(select(t.user).where(t.user.c.id == order.executor_id)).one()
    return actor_of(person, source=order.source, client=order.client)


def _succeed_after_all(
    work: Work, order: Row[Any], facts: Row[Any], reference: str, status_text: str
) -> Executed | None:
    if order.gateway_reference is None:
        work.execute(
            update(t.payment_order)
            .where(_O.id == order.id)
            .values(gateway_reference=reference[:120], updated_at=work.now)
        )
        _contradiction(work, facts, order, f"succeeded after it had failed, reference {reference[:120]}", reference)
    elif order.gateway_reference != reference[:120]:
        _contradiction(work, facts, order, f"succeeded under another reference, {reference[:120]}", reference)
        return None
    can_be_booked = (
        facts.status in (PaymentStatus.FAILED, PaymentStatus.PENDING)
        and facts.requisition_status is RequisitionStatus.APPROVED
        and facts.executor_id == order.executor_id
        and facts.fund_active
    )
    if not can_be_booked:
        return None
    payments.void_codes(work, facts.id)
    schedule_ends.void(work, facts, f"{order.gateway.label} says of an earlier attempt that it was paid.")
    if not facts.is_held:
        if not holds.place(work, facts.fund_id, facts.amount):
            return None
        work.execute(update(t.payment).where(_P.id == facts.id).values(is_held=True, updated_at=work.now))
        facts = payment_facts.read(work, facts.id)
    return _book(work, order, facts, reference, status_text)


def _contradiction(work: Work, facts: Row[Any], order: Row[Any], what: str, reference: str) -> None:
    payments.record(
        work,
        facts,
        "payment.contradicted",
        {
            "gateway": order.gateway,
            "attempt": order.attempt,
            "what": what[:500],
            "gateway_reference": reference[:120],
            "payment_status": facts.status,
        },
    )
