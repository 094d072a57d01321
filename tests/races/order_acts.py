"""Acts on payments that were sent, for processes of a race: what was told is given as the vendor would tell it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from building import actor
from sqlalchemy import select

from pettycash_tui.gateways.protocol import Accepted, GatewayFailed, GatewayUnanswered, Order, Outcome, Verdict
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import GatewayName
from pettycash_tui.services import execution, gateway_settings, jobs, orders, payments, settling
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import SYSTEM


class Vendor:
    """A gateway without a network: it answers as it is told to, and remembers what it was sent."""

    name = GatewayName.MPESA

    def __init__(self, behaviour: str = "accepted") -> None:
        self.behaviour = behaviour
        self.sent: list[Order] = []
        self.answer = Outcome(Verdict.PENDING)

    def check(self, order: Order) -> None:
        """Everything can be sent."""

    def send(self, order: Order) -> Accepted:
        """Take it, refuse it, or say nothing."""
        if self.behaviour == "failed":
            raise GatewayFailed("too busy", code="26")
        if self.behaviour == "refused":
            raise GatewayFailed("not registered", code="2040", final=True)
        self.sent.append(order)
        if self.behaviour == "unanswered":
            raise GatewayUnanswered("no answer")
        return Accepted(f"AG-{order.conversation_id}")

    def ask(self, order: Order) -> Outcome:
        """What became of it."""
        return self.answer


def serve(vendor: Vendor) -> None:
    """Let this process pay M-Pesa by it."""
    gateway_settings.is_any = lambda desk: True  # type: ignore[assignment]
    gateway_settings.named = lambda desk, name: vendor if name is GatewayName.MPESA else None  # type: ignore[assignment]


def order_of(desk: Desk, payment: str) -> Any:
    """The newest order of a payment."""
    o, p = t.payment_order.c, t.payment.c
    return desk.read(
        SYSTEM,
        lambda reading: reading.execute(
            select(t.payment_order)
            .join(t.payment, p.id == o.payment_id)
            .where(p.number == payment)
            .order_by(o.attempt.desc())
            .limit(1)
        ).first(),
    )


def result(key: str, amount: int, receipt: str, code: str = "0") -> dict[str, Any]:
    """What M-Pesa posts of an order."""
    parameters = [{"Key": "TransactionAmount", "Value": amount / 100}, {"Key": "TransactionReceipt", "Value": receipt}]
    found: dict[str, Any] = {"ResultCode": code, "ResultDesc": "told", "OriginatorConversationID": key}
    if code == "0":
        found["ResultParameters"] = {"ResultParameter": parameters}
    return {"Result": found}


def tell(desk: Desk, key: str, amount: int, receipt: str, code: str = "0") -> str:
    """The listener gets a result."""
    return settling.handle_result(desk, result(key, amount, receipt, code), key).what


def time_out(desk: Desk, key: str) -> str:
    """The listener gets a timeout."""
    return settling.handle_timeout(desk, {}, key).what


def settle(desk: Desk, receipt: str) -> int:
    """The job asks, and is told that everything is paid."""
    vendor = Vendor()
    vendor.answer = Outcome(Verdict.SUCCEEDED, receipt, "0", "Completed")
    serve(vendor)
    found = desk.read(SYSTEM, settling.due)
    return len([settling.settle(desk, order) for order in found])


def run_job(desk: Desk) -> int:
    """The whole job under its lease."""
    serve(Vendor())
    return len(jobs.run(desk, "settle-payments").done)


def send(desk: Desk, who: str, payment: str, code: str | None = None, key: str | None = None) -> str:
    """An officer pays over the network."""
    serve(Vendor())
    done = execution.execute(desk, actor(desk, who), payment, code=code, idempotency_key=key)
    assert isinstance(done, execution.Awaited)
    return done.conversation_id


def fail(desk: Desk, order: UUID) -> bool:
    """The order is told to have failed."""
    return desk.run_unaudited(SYSTEM, orders.fail, order, "26", "too busy")


def cancel(desk: Desk, who: str, payment: str) -> str:
    """The CFO cancels."""
    try:
        return desk.run(actor(desk, who), payments.cancel, payment, "not needed").status.value
    except Refused as error:
        return error.code
