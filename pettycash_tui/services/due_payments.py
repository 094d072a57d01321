"""Executing what officers confirmed for a day, once: the job that runs on the day, or late.

Each payment is a transaction of its own under its lock, which ends the confirmation: two runs at once, a run that dies,
and somebody who takes the day away at the same moment pay it once or not at all. What cannot be executed keeps its day
and says why; the next run tries again. Over a network the order is committed before it is sent, as everywhere
(`orders`, `sending`). Locks: requisition, payment, fund, stream head. Source: domain, section 3, scheduled_for.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from pettycash_tui.gateways.registry import GATEWAYS
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services import (
    fault,
    gateway_settings,
    orders,
    payment_facts,
    posting,
    schedule_ends,
    schedule_views,
    sending,
)
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, PettyCashError, Reason, Refused
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.identity import SYSTEM, Actor, actor_of
from pettycash_tui.services.posting import Confirmed, Executed
from pettycash_tui.services.sending import Awaited
from pettycash_tui.services.work import Reading, Work

CLIENT = "execute-due"
"""From where such a payment was executed, beside the source of every job."""

_S, _P, _O = t.payment_schedule.c, t.payment.c, t.otp_challenge.c
_log = logging.getLogger("pettycash_tui.due")


@dataclass(frozen=True, slots=True)
class DuePayment:
    """A payment whose day has come."""

    id: UUID
    payment_id: UUID
    payment: str
    payee: str
    amount: int
    currency: str
    executor_id: UUID
    scheduled_for: date


@dataclass(frozen=True, slots=True)
class DueRun:
    """What a run did, and what it left with its reason: one sentence each."""

    done: tuple[str, ...]
    left: tuple[str, ...]


class _Hindered(Refused):
    """Something stands in the way: it keeps its day."""


class _Gone(Refused):
    """Somebody else took it up or took its day away: there is nothing to do."""


def due(reading: Reading) -> tuple[DuePayment, ...]:
    """Everything whose day has come in its company, the oldest first."""
    rows = reading.execute(schedule_views.UNTIL_TODAY, {"today": (reading.now + schedule_views.EASTERNMOST).date()})
    return tuple(
        DuePayment(
            row.id,
            row.payment_id,
            row.number,
            row.payee,
            row.amount,
            row.currency,
            row.executor_id,
            row.scheduled_for,
        )
        for row in rows
        if row.scheduled_for <= reading.today(row.timezone)
    )


def hindrances(reading: Reading, found: DuePayment, network: Gateways) -> list[Reason]:
    """What would stand in the way of executing it now."""
    schedule = schedule_ends.standing(reading, found.payment_id)
    return [] if schedule is None else schedule_views.against(reading, found.payment_id, schedule, network)


def execute_due(desk: Desk) -> DueRun:
    """Execute everything that is due, the oldest first. One that cannot be executed holds nothing else up."""
    network = gateway_settings.gateways(desk)
    done, left = [], []
    for found in desk.read(SYSTEM, due):
        try:
            done.append(_told(execute_one(desk, found, network)))
        except _Gone:
            continue
        except DatabaseUnavailable as error:
            if error.code == "database_away":
                raise
            left.append(f"{found.payment}: {error.message}")
        except PettyCashError as error:
            left.append(f"{found.payment}: {error.message}")
        except Exception as error:
            # Of the sending: what nobody knows the end of is noted as such, and asked about.
            fault.log(_log, "a payment that is due could not be sent")
            left.append(f"{found.payment}: a fault of the program, {type(error).__name__}")
    return DueRun(tuple(done), tuple(left))


def execute_one(desk: Desk, found: DuePayment, network: Gateways) -> Executed | Awaited:
    """Execute one payment under its confirmation. Raises Refused with every reason, which is kept for who looks."""
    try:
        taken = desk.run(SYSTEM, _take_up, found, network)
    except (DatabaseUnavailable, _Gone):
        raise
    except PettyCashError as error:
        reasons = list(error.reasons) or [Reason(error.code, error.message)]
        desk.run_unaudited(SYSTEM, _note_problem, found, reasons)
        raise
    except Exception as error:
        fault.log(_log, "a payment that is due could not be executed")
        reason = Reason("fault", f"A fault of the program: {type(error).__name__}.")
        desk.run_unaudited(SYSTEM, _note_problem, found, [reason])
        raise Refused.because(reason) from error
    if isinstance(taken, Executed):
        return taken
    gateway, order_id = taken
    return sending.send(desk, SYSTEM, gateway, order_id)


def _take_up(work: Work, found: DuePayment, network: Gateways) -> Any:
    """End the confirmation and book the payment, or write its order down: all of it or none."""
    person = work.execute(select(t.user).where(t.user.c.id == found.executor_id)).one()
    executor = actor_of(person, source=SYSTEM.source, client=CLIENT)
    facts = payment_facts.read(work.as_actor(executor), found.payment_id, lock=True)
    schedule = _standing(work, found)
    reasons = schedule_views.against(work, found.payment_id, schedule, network, facts)
    if reasons:
        raise _Hindered.because(*reasons)
    confirmed = _confirmed(work, schedule, executor)
    schedule_ends.take_up(work, facts, schedule)
    gateway, key = network.by_method.get(facts.method), f"due:{found.id}"
    if gateway is None:
        receipt = GATEWAYS[facts.method].pay(payment_facts.order_of(facts), schedule.reference)
        return posting.post(work.as_actor(executor), facts, receipt, confirmed, key)
    order_id = orders.open_order(
        work.as_actor(executor), facts, gateway.name, conversation_id=str(new_id()), confirmed=confirmed, key=key
    )
    return gateway, order_id


def _standing(work: Work, found: DuePayment) -> Row[Any]:
    schedule = schedule_ends.standing(work, found.payment_id)
    if schedule is None or schedule.id != found.id:
        raise _Gone.because(Reason("not_scheduled", f"{found.payment} is not scheduled any more."))
    row: Row[Any] = schedule
    return row


def _confirmed(work: Work, schedule: Row[Any], executor: Actor) -> Confirmed:
    """Who confirmed it, by the code that was typed then, however long ago that is."""
    code = work.execute(
        select(_O.verified_at, _O.channel).where(
            _O.bundle_id == schedule.bundle_id,
            _O.executor_id == schedule.executor_id,
            _O.consumed_at.is_not(None),
        )
    ).first()
    return Confirmed(
        executor_id=executor.person_id,
        verified_at=code.verified_at if code else None,
        channel=code.channel if code else None,
        source=executor.source,
        client=executor.client,
    )


def _note_problem(work: Work, found: DuePayment, reasons: list[Reason]) -> None:
    """Keep why it was not executed; an event, and so a notice, only for other reasons than the run before had."""
    facts = payment_facts.read(work, found.payment_id, lock=True)
    schedule = schedule_ends.standing(work, found.payment_id)
    if schedule is None or schedule.id != found.id or facts.status not in (PaymentStatus.PENDING, PaymentStatus.FAILED):
        return
    text = " ".join(reason.message for reason in reasons)[:500]
    codes = " ".join(reason.code for reason in reasons)[:200]
    is_new = codes != schedule.problem_codes
    if not is_new and text == schedule.problem:
        return
    values = {"problem": text, "problem_codes": codes, "updated_at": work.now}
    if is_new:
        values["problem_at"] = work.now
    work.execute(update(t.payment_schedule).where(_S.id == found.id).values(values))
    if is_new:
        data = {"scheduled_for": found.scheduled_for, "error": text, "codes": codes.split(" ")}
        schedule_ends.record(work, facts, "payment.due_hindered", data)


def _told(done: Executed | Awaited) -> str:
    if isinstance(done, Executed):
        return f"{done.payment}: {done.amount} paid, voucher {done.voucher_number}"
    if done.status is PaymentStatus.UNKNOWN:
        return f"{done.payment}: sent, and nobody knows yet whether {done.amount} left"
    return f"{done.payment}: {done.amount} sent by {done.gateway.label}, its result is awaited"
