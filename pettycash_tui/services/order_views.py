"""Reading the orders of a payment to gateways: every attempt, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import GatewayName, OrderStatus
from pettycash_tui.services import locate
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

_BY = t.user.alias("by")
_O = t.payment_order.c


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order to a gateway. `result_text` says why it failed, or why nobody knows."""

    attempt: int
    gateway: GatewayName
    status: OrderStatus
    conversation_id: str
    gateway_conversation_id: str
    executor: PersonRef | None
    created_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    gateway_reference: str | None
    result_code: str
    result_text: str
    ask_count: int
    next_ask_at: datetime | None


def of_payment(reading: Reading, ref: str | UUID) -> tuple[OrderView, ...]:
    """The orders of a payment that the actor may see, the first attempt first. Raises NotFound."""
    payment_id = locate.payment_id(reading, ref)
    rows = reading.execute(
        select(t.payment_order, *person_columns(_BY, "executor"))
        .join_from(t.payment_order, _BY, _BY.c.id == _O.executor_id)
        .where(_O.payment_id == payment_id)
        .order_by(_O.attempt)
    )
    return tuple(_view(row) for row in rows)


def _view(row: Any) -> OrderView:
    return OrderView(
        attempt=row.attempt,
        gateway=row.gateway,
        status=row.status,
        conversation_id=row.conversation_id,
        gateway_conversation_id=row.gateway_conversation_id,
        executor=person(row, "executor"),
        created_at=row.created_at,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        gateway_reference=row.gateway_reference,
        result_code=row.result_code,
        result_text=row.result_text,
        ask_count=row.ask_count,
        next_ask_at=row.next_ask_at,
    )
