"""What became of the orders that were sent: asked for, told by the gateway, or never told.

One way for all of it: a result that is posted to the listener, a question of the job, a question of an officer. An
order without an answer is asked about and stays held; it counts as failed only when its gateway says so. Source:
domain, section 3, a network gateway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.gateways import mpesa_results
from pettycash_tui.gateways.mpesa_results import NotAResult, Told
from pettycash_tui.gateways.protocol import GatewayFailed, GatewayUnanswered, Outcome, Verdict
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_ORDERS, GatewayName, OrderStatus, PaymentStatus
from pettycash_tui.services import audit, gateway_settings, locate, orders, sending
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed, Overtaken, Reason, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

MOST = 200
"""Orders that one run asks about."""
LONGEST_PAUSE = timedelta(hours=1)
SILENT_AFTER = timedelta(minutes=30)
"""An order that was taken and of which nothing was told by then is in doubt."""
FORGOTTEN_AFTER = timedelta(hours=1)
"""An order that its gateway does not know by then never arrived: it cannot be on its way any more."""
QUESTIONS_BEFORE_FORGOTTEN = 2

_O, _P = t.payment_order.c, t.payment.c


@dataclass(frozen=True, slots=True)
class Handled:
    """What was done with what a gateway told, in a word and a sentence. `payment`: none where it was not ours."""

    what: str
    sentence: str
    payment: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a payment that was sent, and how the payment stands just after it."""

    payment_id: UUID
    payment: str
    status: PaymentStatus
    sentence: str


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order whose gateway has told nothing for too long."""

    id: UUID
    payment: str
    gateway: GatewayName
    status: OrderStatus
    created_at: datetime
    sent_at: datetime | None
    ask_count: int


# --- the job ----------------------------------------------------------------------------------------------------------


def due(reading: Reading) -> tuple[DueOrder, ...]:
    """The orders to ask about now, the longest overdue first."""
    rows = reading.execute(
        sending.ORDERS.where(_O.status.in_(list(OPEN_ORDERS)), _O.next_ask_at <= reading.now)
        .order_by(_O.next_ask_at, _O.id)
        .limit(MOST)
    )
    return tuple(
        DueOrder(row.id, row.number, row.gateway, row.status, row.created_at, row.sent_at, row.ask_count)
        for row in rows
    )


def settle(desk: Desk, order: DueOrder) -> Handled:
    """Ask about one order, and settle it as far as the answer goes. Raises Refused when it cannot be asked now."""
    desk.run_unaudited(SYSTEM, _note_silence, order)
    return _ask(desk, SYSTEM, order.id)


def _note_silence(work: Work, order: DueOrder) -> None:
    if order.status is OrderStatus.SENDING:
        orders.mark_unknown(work, order.id, "it was being sent, and nobody wrote down what was answered")
    elif order.status is OrderStatus.SENT and (order.sent_at or order.created_at) + SILENT_AFTER <= work.now:
        orders.mark_unknown(work, order.id, "the gateway took it and has told nothing since")


# --- an officer -------------------------------------------------------------------------------------------------------


def ask(desk: Desk, actor: Actor, ref: str | UUID) -> Asked:
    """Ask the gateway of a payment that was sent what became of it. Raises Refused where nothing is in doubt."""
    if not (actor.may(Right.EXECUTE) or actor.may(Right.CANCEL_PAYMENT)):
        raise NotAllowed("Your role may not ask about payments. Ask a treasury officer.")
    order = desk.read(actor, _to_ask_about, ref)
    handled = _ask(desk, actor, order.id)
    payment = desk.read(actor, locate.payment, order.payment_id)
    return Asked(payment.id, payment.number, payment.status, handled.sentence)


def _to_ask_about(reading: Reading, ref: str | UUID) -> Row[Any]:
    payment = locate.payment(reading, ref)
    row = reading.execute(
        select(t.payment_order)
        .where(
            _O.payment_id == payment.id,
            _O.status.in_(list(OPEN_ORDERS)) | ((_O.status == OrderStatus.FAILED) & _O.gateway_reference.is_not(None)),
        )
        .order_by(_O.attempt.desc())
        .limit(1)
    ).first()
    if row is None:
        message = f"{payment.number} is {payment.status.label.lower()}: there is nothing to ask a gateway."
        raise Refused.because(Reason("not_in_doubt", message))
    if row.gateway is GatewayName.BANK_FILE:
        message = f"{payment.number} is in a bank file: its line is confirmed or refused by what the bank says."
        raise Refused.because(Reason("not_asked", message))
    return row


def _ask(desk: Desk, actor: Actor, order_id: UUID) -> Handled:
    row = desk.read(actor, sending.order_row, order_id)
    gateway = gateway_settings.named(desk, row.gateway)
    if gateway is None:
        message = f"{row.number} was sent by {row.gateway.label}, which is not set up on this computer."
        raise Refused.because(Reason("gateway_settings", message))
    # Counted before it is asked: a gateway that is down is not asked at every run.
    desk.run_unaudited(actor, _note_asked, order_id)
    try:
        outcome = gateway.ask(sending.order_of(row))
    except (GatewayFailed, GatewayUnanswered) as error:
        message = f"{row.number}: {row.gateway.label} could not be asked: {error}"
        raise Refused.because(Reason("gateway_failed", message)) from error
    if outcome.verdict is Verdict.PENDING:
        sentence = f"{row.number}: {row.gateway.label} was asked; its answer comes to `pettycash gateway listen`."
        return Handled("asked", sentence, row.number)
    return _apply(desk, actor, row, outcome)


def _note_asked(work: Work, order_id: UUID) -> None:
    row = work.execute(select(_O.ask_count).where(_O.id == order_id).with_for_update(key_share=True)).one()
    pause = min(orders.FIRST_QUESTION_AFTER * 2 ** min(row.ask_count, 10), LONGEST_PAUSE)
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id, _O.status.in_(list(OPEN_ORDERS)))
        .values(ask_count=_O.ask_count + 1, next_ask_at=work.now + pause, updated_at=work.now)
    )


# --- what a gateway tells ---------------------------------------------------------------------------------------------


def handle_result(desk: Desk, payload: object, about: str, *, is_answer: bool = False) -> Handled:
    """Settle an order by what M-Pesa posted: its result, or the answer to a question about it (`is_answer`).

    `about` is the conversation in the address it was posted to. What is not ours is recorded and changes nothing.
    """
    row = desk.read(SYSTEM, _order_of, about)
    if row is None:
        return _stranger(desk, about, payload, "there is no such order")
    try:
        told = mpesa_results.read_status(payload) if is_answer else mpesa_results.read_result(payload)
    except NotAResult as error:
        return _stranger(desk, about, payload, str(error))
    against = _against(row, told)
    if against:
        return _stranger(desk, about, payload, against)
    return _apply(desk, SYSTEM, row, told.outcome)


def handle_timeout(desk: Desk, payload: object, about: str) -> Handled:
    """M-Pesa tells that an order waited too long in its queue: whether it is carried out has to be asked."""
    row = desk.read(SYSTEM, _order_of, about)
    if row is None:
        return _stranger(desk, about, payload, "there is no such order")
    is_new = desk.run_unaudited(SYSTEM, _time_out, row.id)
    sentence = f"{row.number} waited too long in M-Pesa's queue; its state is asked."
    return Handled("unknown" if is_new else "nothing", sentence, row.number)


def _time_out(work: Work, order_id: UUID) -> bool:
    changed = orders.mark_unknown(work, order_id, "it waited too long in the gateway's queue")
    work.execute(
        update(t.payment_order)
        .where(_O.id == order_id, _O.status.in_(list(OPEN_ORDERS)))
        .values(next_ask_at=work.now, updated_at=work.now)
    )
    return changed


def _order_of(reading: Reading, conversation_id: str) -> Row[Any] | None:
    if not 0 < len(conversation_id) <= 60:
        return None
    return reading.execute(sending.ORDERS.where(_O.conversation_id == conversation_id)).first()


def _against(row: Row[Any], told: Told) -> str:
    """Why what was told cannot be about this order; empty when it can."""
    names = [told.conversation_id == row.conversation_id] if told.conversation_id else []
    if told.gateway_conversation_id and row.gateway_conversation_id:
        names.append(told.gateway_conversation_id == row.gateway_conversation_id)
    if names and not any(names):
        return "it names another order"
    if told.outcome.verdict is Verdict.SUCCEEDED and told.cents is not None and told.cents != row.amount:
        return "it tells of another amount"
    return ""


def _apply(desk: Desk, actor: Actor, row: Row[Any], outcome: Outcome) -> Handled:
    """Settle an order by an outcome, whoever brings it."""
    if outcome.verdict is Verdict.SUCCEEDED:
        return _succeeded(desk, actor, row, outcome)
    if outcome.verdict is Verdict.FAILED:
        done = desk.run_unaudited(
            actor,
            orders.fail,
            row.id,
            outcome.code,
            outcome.text or "the gateway gave no reason",
            final=outcome.is_final,
        )
        return Handled("failed" if done else "nothing", f"{row.number} failed: {outcome.text}", row.number)
    if outcome.verdict is Verdict.NOT_KNOWN and desk.read(actor, _is_forgotten, row.id):
        text = f"the gateway knows no such order: {outcome.text}"
        done = desk.run_unaudited(actor, orders.fail, row.id, "not_known", text)
        return Handled("failed" if done else "nothing", f"{row.number}: {text}", row.number)
    text = outcome.text or "nothing is known yet"
    is_new = desk.run_unaudited(actor, orders.mark_unknown, row.id, text) if outcome.code not in ("", "0") else False
    return Handled("unknown" if is_new else "nothing", f"{row.number} is not settled yet: {text}", row.number)


def _succeeded(desk: Desk, actor: Actor, row: Row[Any], outcome: Outcome) -> Handled:
    try:
        done = desk.run_unaudited(actor, orders.succeed, row.id, outcome.reference, outcome.text)
    except (Refused, Overtaken) as error:
        # The money is gone and cannot be booked, such as under a reference that another payment has: a person has to
        # look, and until then nothing is sent again.
        text = f"paid under {outcome.reference}, but it cannot be booked: {error.message}"
        desk.run_unaudited(actor, orders.mark_unknown, row.id, text)
        return Handled("left", f"{row.number} was {text}", row.number)
    if done is None:
        return Handled("nothing", f"{row.number} was settled before.", row.number)
    return Handled("paid", f"{row.number} is paid: voucher {done.voucher_number}.", row.number)


def _is_forgotten(reading: Reading, order_id: UUID) -> bool:
    row = reading.execute(select(_O.created_at, _O.ask_count).where(_O.id == order_id)).one()
    old: bool = row.created_at + FORGOTTEN_AFTER <= reading.now
    return old and row.ask_count >= QUESTIONS_BEFORE_FORGOTTEN


def _stranger(desk: Desk, about: str, payload: object, why: str) -> Handled:
    """Record what was posted and is not ours."""
    desk.run(SYSTEM, _record_stranger, about[:60], str(payload)[:500], why)
    return Handled("not_ours", why)


def _record_stranger(work: Work, about: str, payload: str, why: str) -> None:
    row = _order_of(work, about)
    company_id = row.company_id if row is not None else None
    data = {"about": about, "why": why, "payload": payload}
    stream = audit.company_stream(company_id)
    work.record("gateway.not_ours", "gateway", None, "M-Pesa", stream=stream, company_id=company_id, data=data)
