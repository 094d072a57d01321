"""Sending an order that is written down: the network call, between two transactions, and what its answer means.

What had no answer is in doubt: it stays held, and nothing else is sent for the payment before its state is known.
Source: domain, section 3, a network gateway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.gateways.protocol import CannotSend, GatewayFailed, GatewayUnanswered, NetworkGateway, Order
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import GatewayName, OrderStatus, PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import orders, posting
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, NotFound, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.posting import Executed
from pettycash_tui.services.work import Reading

_O, _P = t.payment_order.c, t.payment.c


@dataclass(frozen=True, slots=True)
class Awaited:
    """A payment that was sent and whose result is awaited (executing), or that had no answer (unknown).

    `repeated`: the result of an earlier call with the same idempotency key.
    """

    payment_id: UUID
    payment: str
    requisition: str
    fund: str
    amount: Money
    status: PaymentStatus
    gateway: GatewayName
    attempt: int
    conversation_id: str
    gateway_conversation_id: str
    sent_at: datetime
    text: str
    repeated: bool = False


def opened(desk: Desk, actor: Actor, open_order: Callable[..., UUID], *arguments: Any) -> UUID:
    """Commit an order, as `open_order(work, conversation_id, *arguments)` writes it; its id.

    A connection that is lost while committing leaves no doubt: nothing was sent yet, so an order of this conversation
    that is there goes on from here.
    """
    conversation_id = str(new_id())
    try:
        return desk.run(actor, open_order, conversation_id, *arguments)
    except DatabaseUnavailable as error:
        if error.code != "database_away":
            raise
        found = desk.read(actor, _order_of, conversation_id)
        if found is None:
            raise
        return found


def send(desk: Desk, actor: Actor, gateway: NetworkGateway, order_id: UUID) -> Executed | Awaited:
    """Send an order that is committed, and write down what its gateway says. Called once for an order.

    Raises Refused (`gateway_failed`) when no money left; the payment is a failed one then.
    """
    row = desk.read(actor, order_row, order_id)
    try:
        accepted = gateway.send(order_of(row))
    except (GatewayFailed, CannotSend) as error:
        code, is_final = (error.code, error.final) if isinstance(error, GatewayFailed) else (error.field, True)
        desk.run_unaudited(actor, orders.fail, order_id, code or "gateway_failed", str(error), final=is_final)
        raise Refused.because(Reason("gateway_failed", f"The payment failed: {error}")) from error
    except GatewayUnanswered as error:
        desk.run_unaudited(actor, orders.mark_unknown, order_id, str(error))
    except Exception as error:
        # A fault of ours: it may have been sent before it happened.
        desk.run_unaudited(actor, orders.mark_unknown, order_id, f"fault: {type(error).__name__}")
        raise
    else:
        desk.run_unaudited(actor, orders.mark_sent, order_id, accepted.gateway_conversation_id)
    found = desk.read(actor, result_of, row.payment_id, row.idempotency_key)
    if found is None:
        raise Refused.because(Reason("gateway_failed", f"{row.number} failed: see `pettycash pay show {row.number}`."))
    return found


def _order_of(reading: Reading, conversation_id: str) -> UUID | None:
    return reading.execute(select(_O.id).where(_O.conversation_id == conversation_id)).scalar()


def order_of(row: Any) -> Order:
    """What the gateway needs of an order's row."""
    return Order(
        payment_number=row.number,
        payee=row.payee,
        destination=row.destination,
        amount=row.amount,
        currency=row.currency,
        method=row.method,
        conversation_id=row.conversation_id,
        gateway_conversation_id=row.gateway_conversation_id,
    )


def order_row(reading: Reading, order_id: UUID) -> Row[Any]:
    """An order with what its payment says. Raises NotFound."""
    row = reading.execute(ORDERS.where(_O.id == order_id)).first()
    if row is None:
        raise NotFound("There is no such order to a gateway.")
    return row


ORDERS = select(
    t.payment_order,
    _P.number,
    _P.payee,
    _P.destination,
    _P.amount,
    _P.currency,
    _P.method,
).join_from(t.payment_order, t.payment, _P.id == _O.payment_id)
"""Orders, each with what is to be paid."""


def result_of(reading: Reading, payment_id: UUID, key: str, *, repeated: bool = False) -> Executed | Awaited | None:
    """What became of the call with that idempotency key: executed, or awaited; None where it failed or never was."""
    statement = (
        select(
            t.payment_order,
            _P.number,
            _P.amount,
            _P.currency,
            _P.status.label("payment_status"),
            t.requisition.c.number.label("requisition"),
            t.treasury_fund.c.code.label("fund"),
        )
        .join_from(t.payment_order, t.payment, _P.id == _O.payment_id)
        .join(t.requisition, t.requisition.c.id == _P.requisition_id)
        .join(t.treasury_fund, t.treasury_fund.c.id == _P.fund_id)
        .where(_O.payment_id == payment_id, _O.idempotency_key == key)
        .order_by(_O.attempt.desc())
        .limit(1)
    )
    row = reading.execute(statement).first()
    if row is None or row.status is OrderStatus.SUCCEEDED:
        return posting.result_of(reading, payment_id, repeated=repeated)
    if row.status is OrderStatus.FAILED:
        return None
    return Awaited(
        payment_id=payment_id,
        payment=row.number,
        requisition=row.requisition,
        fund=row.fund,
        amount=Money(row.amount, row.currency),
        status=row.payment_status,
        gateway=row.gateway,
        attempt=row.attempt,
        conversation_id=row.conversation_id,
        gateway_conversation_id=row.gateway_conversation_id,
        sent_at=row.sent_at or row.created_at,
        text=row.result_text,
        repeated=repeated,
    )
