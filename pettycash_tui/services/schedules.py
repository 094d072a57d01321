"""Confirming payments for a later day, by one code for the list, the total and the day; and taking the day away again.

Nobody types a code on the day itself: the job executes what is due (`due_payments`). Until then the payments can be
neither paid otherwise nor put on another list. Locks: requisitions and payments in the order of their ids, code, stream
head. Source: domain, section 3, scheduled_for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.money import Money
from pettycash_tui.models.schedules import PaymentSchedule
from pettycash_tui.services import bundles, gateway_settings, payment_facts, payment_lists, schedule_ends, schedule_plan
from pettycash_tui.services.bundles import BundleSent, Proof
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, Overtaken, Reason, Refused
from pettycash_tui.services.gateway_settings import Gateways
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.schedule_plan import SchedulePlan
from pettycash_tui.services.work import Work

_P = t.payment.c
CODE_MISSING = Reason(
    "code_not_verified", "One code confirms all of these: ask for it with --send-code, and give it with --otp."
)


@dataclass(frozen=True, slots=True)
class SentForDay:
    """A code on its way for payments and a day. `sent` is None where no code is needed."""

    day: date
    sent: BundleSent | None
    payments: tuple[str, ...]
    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class ScheduledPayment:
    """A payment that is confirmed for a day, or no longer."""

    id: UUID
    payment: str
    amount: Money
    scheduled_for: date


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What was confirmed for a day."""

    day: date
    payments: tuple[ScheduledPayment, ...]
    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """What has no day any more; `scheduled_for` of each tells which it had."""

    payments: tuple[ScheduledPayment, ...]
    reason: str


def send_code(desk: Desk, actor: Actor, refs: Sequence[str | UUID], day: date) -> SentForDay:
    """Send the actor the one code that confirms these payments for a day.

    Raises Refused with every reason against each of them, or when the last code is younger than the resend time.
    """
    actor.require(Right.EXECUTE)
    plan = desk.read(actor, schedule_plan.reasons_against, refs, day, gateway_settings.gateways(desk))
    _require(plan)
    sent = bundles.send_code(desk, actor, [line.id for line in plan.lines], day) if plan.needs_code else None
    return SentForDay(day, sent, tuple(line.payment for line in plan.lines), len(plan.lines), plan.total)


def schedule(
    desk: Desk,
    actor: Actor,
    refs: Sequence[str | UUID],
    day: date,
    *,
    code: str | None = None,
    references: Mapping[str, str] | None = None,
) -> Scheduled:
    """Confirm these payments for a day, all or none of them. `code` is the one that `send_code` sent.

    `references`: that of a transfer ordered by hand for that day, by the payment's number or id. Raises Refused with
    every reason, InvalidInput, Overtaken.
    """
    actor.require(Right.EXECUTE)
    network = gateway_settings.gateways(desk)
    typed = desk.read(actor, payment_lists.references, references or {})
    plan = desk.read(actor, schedule_plan.reasons_against, refs, day, network, typed)
    _require(plan)
    ids = [line.id for line in plan.lines]
    if not typed.keys() <= set(ids):
        raise InvalidInput.of(reference="must be that of a payment which is named here")
    bundle_id, proof = None, None
    if code is not None:
        bundle_id = desk.read(actor, bundles.find, ids, day)
        proof = bundles.prove(desk, actor, bundle_id, code)
    elif plan.needs_code:
        raise Refused.because(CODE_MISSING)
    return desk.run(actor, _schedule, ids, day, network, typed, bundle_id, proof)


def unschedule(work: Work, refs: Sequence[str | UUID], reason: str) -> Unscheduled:
    """Take their day away: then they can be paid again, or confirmed for another. All or none of them.

    The executor's, or the right of who cancels payments. Raises Refused, InvalidInput, NotAllowed.
    """
    if not (work.actor.may(Right.EXECUTE) or work.actor.may(Right.CANCEL_PAYMENT)):
        raise NotAllowed("Your role may not unschedule payments. Ask their executor or the CFO.")
    reason = clean_text("reason", reason, max_length=500)
    rows = payment_facts.read_many(work, payment_lists.named(work, refs), lock=True)
    reasons = [Reason("not_scheduled", f"{row.number} is not scheduled.") for row in rows if row.scheduled_for is None]
    if not work.actor.may(Right.CANCEL_PAYMENT):
        reasons += [
            Reason("not_executor", f"{row.number} is assigned to another officer.")
            for row in rows
            if row.executor_id != work.actor.id
        ]
    if reasons:
        raise Refused.because(*reasons)
    for row in rows:
        schedule_ends.void(work, row, reason)
    done = [
        ScheduledPayment(row.id, row.number, Money(row.amount, row.currency), row.scheduled_for)
        for row in sorted(rows, key=payment_lists.by_number)
    ]
    return Unscheduled(tuple(done), reason)


def _require(plan: SchedulePlan) -> None:
    reasons = [reason for line in plan.refused for reason in line.reasons]
    if reasons:
        raise Refused.because(*reasons, opening="Nothing is scheduled.")


def _schedule(
    work: Work,
    ids: Sequence[UUID],
    day: date,
    network: Gateways,
    references: Mapping[UUID, str],
    bundle_id: UUID | None,
    proof: Proof | None,
) -> Scheduled:
    plan = schedule_plan.reasons_against(work, ids, day, network, references, lock=True)
    reasons = [reason for line in plan.refused for reason in line.reasons]
    if reasons:
        # Nothing stood against them a moment ago: somebody else was faster.
        raise Overtaken(Refused.because(*reasons).message, code=reasons[0].code, reasons=reasons)
    rows = {row.id: row for row in payment_facts.read_many(work, ids)}
    channel = None
    if bundle_id is not None and proof is not None:
        channel = bundles.consume(work, bundle_id, proof, list(rows.values())).channel
    elif plan.needs_code:
        raise Refused.because(CODE_MISSING)
    else:
        # No code, but a list as for every other day: who confirmed what is read from there.
        bundle_id = bundles.write_down(work, [rows[id] for id in ids], day).id
    work.add_all(
        [
            PaymentSchedule(
                id=new_id(),
                created_at=work.now,
                updated_at=work.now,
                company_id=rows[line.id].company_id,
                payment_id=line.id,
                bundle_id=bundle_id,
                executor_id=work.actor.person_id,
                scheduled_for=day,
                reference=references.get(line.id, ""),
            )
            for line in plan.lines
        ]
    )
    work.execute(
        update(t.payment)
        .where(_P.id.in_(ids))
        .values(scheduled_for=day, schedule_bundle_id=bundle_id, updated_at=work.now)
    )
    for line in plan.lines:
        data = {
            "scheduled_for": day,
            "list": bundle_id,
            "amount": line.amount.minor,
            "currency": line.amount.currency,
            "method": line.method,
            "reference": references.get(line.id, ""),
            "code_channel": channel or "not_required",
        }
        schedule_ends.record(work, rows[line.id], "payment.scheduled", data)
    done = tuple(ScheduledPayment(line.id, line.payment, line.amount, day) for line in plan.lines)
    return Scheduled(day, done, len(done), plan.total)
