"""Payments over a network, for the machine that does anything: a gateway that fails, contradicts itself, is silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import books
import order_acts
import story
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import Row

from pettycash_tui.gateways.protocol import Outcome, Verdict
from pettycash_tui.models.enums import OPEN_ORDERS, OrderStatus, PaymentMethod
from pettycash_tui.services import execution, gateway_settings, otp, settling
from pettycash_tui.services.identity import SYSTEM

which = st.integers(0, 9)
behaviours = st.sampled_from(["accepted", "accepted", "unanswered", "failed", "refused"])
codes = st.sampled_from(["0", "0", "0", "1", "26", "2040", "17"])
verdicts = st.sampled_from([*Verdict])


@contextmanager
def served(vendor: order_acts.Vendor) -> Iterator[None]:
    """M-Pesa is paid by `vendor` for a while; before and after it is paid by hand."""
    before = gateway_settings.is_any, gateway_settings.named
    order_acts.serve(vendor)
    try:
        yield
    finally:
        gateway_settings.is_any, gateway_settings.named = before


class DoingOrders:
    """Rules for payments that are sent. The machine has the desk, the people and the books."""

    desk: Any
    clock: Any
    people: Any
    names: Any
    books: Any
    done: Any
    attempt: Any
    one: Any

    @precondition(lambda self: self.by_phone())
    @rule(index=which, behaviour=behaviours, key=st.sampled_from([None, None, "once"]))
    def send(self, index: int, behaviour: str, key: str | None) -> None:
        payment = self.one(self.by_phone(), index)
        officer = self.people[self.names.get(payment.executor_id, "treasury")]
        self.clock.advance(minutes=5)
        code = None
        if payment.otp_required and self.attempt(lambda: otp.send(self.desk, officer, payment.number)) is not None:
            code = story.last_code(self.desk.home)
        named = f"{key} {payment.number}" if key else None
        vendor = order_acts.Vendor(behaviour)
        with served(vendor):
            done = self.attempt(
                lambda: execution.execute(self.desk, officer, payment.number, code=code, idempotency_key=named)
            )
        assert done is None or behaviour in ("accepted", "unanswered") or done.repeated
        self.done["sent"] += done is not None
        if isinstance(done, execution.Awaited) and index % 2:
            self.tell_of(done.conversation_id, "0" if index % 3 else "26", 1)

    @precondition(lambda self: self.books.orders)
    @rule(index=which, code=codes, times=st.sampled_from([1, 1, 2]))
    def tell(self, index: int, code: str, times: int) -> None:
        self.tell_of(self.one(self.books.orders, index).conversation_id, code, times)

    def tell_of(self, conversation_id: str, code: str, times: int) -> None:
        """The listener gets a result, several times."""
        found = books.read(self.desk)
        order = next(order for order in found.orders if order.conversation_id == conversation_id)
        amount = next(p.amount for p in found.payments if p.id == order.payment_id)
        receipt = f"SBX{conversation_id.replace('-', '')[:20].upper()}"
        for _ in range(times):
            said = order_acts.tell(self.desk, conversation_id, amount, receipt, code)
            self.done[f"told {said}"] += 1

    @precondition(lambda self: self.on_the_way())
    @rule(index=which)
    def time_out(self, index: int) -> None:
        settling.handle_timeout(self.desk, {}, self.one(self.on_the_way(), index).conversation_id)

    @precondition(lambda self: self.on_the_way())
    @rule(verdict=verdicts, minutes=st.sampled_from([1, 3, 40, 90]))
    def ask(self, verdict: Verdict, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        vendor = order_acts.Vendor()
        with served(vendor):
            for order in self.desk.read(SYSTEM, settling.due):
                vendor.answer = Outcome(verdict, f"SBX{order.id.hex[:20].upper()}", "0", "told")
                self.attempt(lambda order=order: settling.settle(self.desk, order))
        self.done[f"asked {verdict}"] += 1

    def by_phone(self) -> list[Row[Any]]:
        """The payments by M-Pesa that may be sent."""
        return [p for p in self.books.payments if p.method is PaymentMethod.MPESA and p.status in ("pending", "failed")]

    def on_the_way(self) -> list[Row[Any]]:
        """The orders that are not settled."""
        return [order for order in self.books.orders if OrderStatus(order.status) in OPEN_ORDERS]
