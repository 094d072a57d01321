"""What gateways and banks say as news: a payment they contradict themselves about, and what became of a bank file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, OrderStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import bank_history, visibility
from pettycash_tui.services.identity import Actor, actor_of
from pettycash_tui.services.news_parts import News, by_whom, holders, occasion_of, of_payment
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

MOST_LINES = 10
"""Refused lines that a notice names; the others are counted."""

_A, _B, _E, _F = t.audit_event.c, t.bank_batch.c, t.payment_execution.c, t.treasury_fund.c
_O, _P = t.payment_order.c, t.payment.c


# --- a gateway that says both -----------------------------------------------------------------------------------------


def _contradicted(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A gateway said one thing of a payment and then another: its executor and who may cancel it have to look."""
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None:
        return
    order = select(_O.executor_id, _O.gateway).where(_O.payment_id == row.id, _O.attempt == data.get("attempt"))
    sent = reading.execute(order).first()
    gateway = sent.gateway.label if sent is not None else "The gateway"
    booked = reading.execute(select(_E.gateway_reference).where(_E.payment_id == row.id)).scalar()
    reference = str(data.get("gateway_reference") or "")
    is_booked = bool(reference) and booked == reference
    ask = f"In the books it is {row.status.label.lower()}: ask {gateway} which is true before anything else is paid"
    texts = {
        "gateway": gateway,
        "what": f"attempt {data.get('attempt')} {data.get('what')}",
        "state": "It is booked under that reference now" if is_booked else ask,
        "command": f"pettycash pay show {row.number}",
    }
    told = {row.executor_id, sent.executor_id if sent is not None else None} - {None}
    told |= {person.id for person in holders(reading, row.company_id, Right.CANCEL_PAYMENT)}
    for person in sorted(told):
        yield of_payment(reading, row, person, NoticeKind.CONTRADICTED, occasion_of(event), **texts)


# --- bank files -------------------------------------------------------------------------------------------------------


def writer_of_failed_line(reading: Reading, payment_id: UUID) -> UUID | None:
    """Who wrote the bank file whose line a payment failed as; None where it failed otherwise."""
    last = (
        select(_O.status, _B.executor_id)
        .outerjoin_from(t.payment_order, t.bank_batch, _B.id == _O.batch_id)
        .where(_O.payment_id == payment_id)
        .order_by(_O.attempt.desc())
        .limit(1)
    )
    row = reading.execute(last).first()
    return row.executor_id if row is not None and row.status is OrderStatus.FAILED else None


def _settled(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """What the bank did with the lines of a file, for who wrote it: once for all that one officer told until now."""
    later = select(_A.id).where(
        _A.stream == event.stream,
        _A.sequence > event.sequence,
        _A.subject_id == event.subject_id,
        _A.action == bank_history.SETTLED,
        _A.actor_id == event.actor_id,
    )
    if reading.execute(later.limit(1)).first() is not None:
        return
    statement = (
        select(t.bank_batch, _F.code, _F.name)
        .join_from(t.bank_batch, t.treasury_fund, _F.id == _B.fund_id)
        .where(_B.id == event.subject_id)
    )
    batch = reading.execute(statement).first()
    if batch is None:
        return
    counts = _counts(reading, batch.id)
    paid, refused = counts.get(OrderStatus.SUCCEEDED, 0), counts.get(OrderStatus.FAILED, 0)
    left = batch.line_count - paid - refused
    named = _refused_lines(reading, batch)
    more = [f"- and {refused - len(named)} more"] if refused > len(named) > 0 else []
    texts = {
        "number": batch.number,
        "amount": str(Money(batch.control_sum, batch.currency)),
        "fund": f"{batch.code} {batch.name}",
        "count": "1 line" if batch.line_count == 1 else f"{batch.line_count} lines",
        "done": f"{paid} confirmed, {refused} refused, {left} open",
        "by": by_whom(event),
        "refused": named[0] if named else "",
        "lines": "\n".join([*(f"- {line}" for line in named), *more]) or "No line was refused.",
        "place": "treasury",
        "command": f"pettycash batch show {batch.number}",
    }
    occasion = occasion_of(event)
    sees = _sees_batch(batch.id)
    yield News(
        batch.executor_id, NoticeKind.BANK_FILE, occasion, batch.company_id, "bank_batch", batch.number, texts, sees
    )


def _counts(reading: Reading, batch_id: UUID) -> Mapping[OrderStatus, int]:
    statement = select(_O.status, func.count().label("lines")).where(_O.batch_id == batch_id).group_by(_O.status)
    return {row.status: row.lines for row in reading.execute(statement)}


def _refused_lines(reading: Reading, batch: Any) -> list[str]:
    """The first refused lines in words, those that the writer may see."""
    writer = actor_of(reading.execute(select(t.user).where(t.user.c.id == batch.executor_id)).one())
    as_them = Reading(reading.connection, writer, reading.now)
    rows = reading.execute(
        select(_P.number, _P.payee, _P.amount, _P.currency, _O.result_text)
        .join_from(t.payment_order, t.payment, _P.id == _O.payment_id)
        .where(_O.batch_id == batch.id, _O.status == OrderStatus.FAILED, visibility.payments(as_them))
        .order_by(_O.position)
        .limit(MOST_LINES)
    )
    return [f"{row.number}, {Money(row.amount, row.currency)} to {row.payee}: {row.result_text}" for row in rows]


def _sees_batch(batch_id: UUID) -> Any:
    def seen(actor: Actor, reading: Reading) -> Any:
        return reading.execute(select(_B.id).where(_B.id == batch_id, visibility.bank_batches(actor))).first()

    return seen


TOLD = {"payment.contradicted": _contradicted, bank_history.SETTLED: _settled}
"""Who tells of which event."""
