"""Jobs for cron and systemd timers: idempotent, one instance at a time across hosts, with a dry run.

A lease row says which host runs a job and until when it may: a host that dies keeps a job from running for at most the
lease's time, or twice that where its clock was ahead. Running a job that has nothing to do is a success.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services import escalation
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, NotFound, Overtaken, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading, Work

LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a run did (or, on a dry run, would do): one sentence each. `ok` is False when it found something wrong."""

    name: str
    dry_run: bool
    done: tuple[str, ...]
    left: tuple[str, ...] = ()
    ok: bool = True


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and its last run."""

    name: str
    description: str
    last_run_at: datetime | None
    last_result: str


def _escalate_approvals(desk: Desk, dry_run: bool) -> JobResult:
    found = desk.read(SYSTEM, escalation.overdue)
    if dry_run:
        sentences = tuple(f"{step.requisition}: {step.hours} hours with {step.approver}" for step in found)
        return JobResult("escalate-approvals", True, sentences)
    done, left = [], []
    for step in found:
        try:
            moved = desk.run(SYSTEM, _escalate_one, step)
        except PettyCashError as error:
            left.append(f"{step.requisition}: {error.message}")
            continue
        if moved.to is None:
            left.append(f"{moved.requisition}: nobody eligible above {moved.from_username}")
        else:
            done.append(f"{moved.requisition}: from {moved.from_username} to {moved.to}")
    return JobResult("escalate-approvals", False, tuple(done), tuple(left))


def _escalate_one(work: Work, step: escalation.OverdueStep) -> escalation.Escalated:
    moved = escalation.escalate(work, step)
    if moved.to is None:
        raise _NothingDone(f"nobody eligible stands above {moved.from_username}, or it is decided meanwhile")
    return moved


def _settle_payments(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import settling

    found = desk.read(SYSTEM, settling.due)
    if dry_run:
        sentences = tuple(f"{order.payment}: {order.gateway.label} would be asked ({order.status})" for order in found)
        return JobResult("settle-payments", True, sentences)
    done, left = [], []
    for order in found:
        try:
            done.append(settling.settle(desk, order).sentence)
        except PettyCashError as error:
            left.append(error.message)
    return JobResult("settle-payments", False, tuple(done), tuple(left))


def _deliver_notices(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import courier, messages, notice_delivery

    name = "deliver-notices"
    if dry_run:
        waiting = desk.read(SYSTEM, notice_delivery.due, list(messages.notice_channels(desk)))
        unread = desk.read(SYSTEM, courier.count_unread)
        new = (f"{unread} events that nobody has read for notices",) if unread else ()
        return JobResult(name, True, (*(handed.sentence for handed in waiting), *new))
    delivered = courier.run(desk).delivered
    without = desk.read(SYSTEM, notice_delivery.without_channel, list(messages.notice_channels(desk)))
    left = [handed.sentence for handed in delivered.left]
    left += [f"{count} by {channel.label}: no such channel is set up here" for channel, count in without]
    return JobResult(name, False, tuple(handed.sentence for handed in delivered.sent), tuple(left))


def _send_digests(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import digests, notice_delivery

    made = digests.make_digests(desk, dry_run=dry_run)
    sentences = tuple(f"{digest.username}: {len(digest.lines)} lines for {digest.day}" for digest in made)
    left = () if dry_run else notice_delivery.deliver_due(desk).left
    return JobResult("send-digests", dry_run, sentences, tuple(handed.sentence for handed in left))


def _execute_due(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import due_payments, gateway_settings

    name = "execute-due"
    if not dry_run:
        ran = due_payments.execute_due(desk)
        return JobResult(name, False, ran.done, ran.left)
    network = gateway_settings.gateways(desk)
    done, left = [], []
    for found in desk.read(SYSTEM, due_payments.due):
        against = desk.read(SYSTEM, due_payments.hindrances, found, network)
        if against:
            left.append(f"{found.payment}: {' '.join(reason.message for reason in against)}")
        else:
            done.append(f"{found.payment}: {Money(found.amount, found.currency)} to {found.payee}")
    return JobResult(name, True, tuple(done), tuple(left))


def _checkpoint(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import checkpoints

    if dry_run:
        return JobResult("checkpoint", True, tuple(f"to the {where}" for where in checkpoints.places(desk)))
    made = checkpoints.make(desk, SYSTEM)
    done = tuple(f"{made.events} events to the {place.kind} {place.where}" for place in made.places if not place.error)
    left = tuple(f"the {place.kind} {place.where}: {place.error}" for place in made.places if place.error)
    return JobResult("checkpoint", False, done, left, ok=made.is_everywhere)


def _verify_audit(desk: Desk, dry_run: bool) -> JobResult:
    from pettycash_tui.services import audit_alarm, audit_check, audit_state

    name = "verify-audit"
    if dry_run:
        full = desk.read(SYSTEM, audit_state.is_full_due)
        return JobResult(name, True, ("all events" if full else f"the events of the last {audit_check.DAYS} days",))
    try:
        found = audit_check.check_daily(desk)
    except Exception as error:
        if isinstance(error, DatabaseUnavailable) and error.code in ("database_busy", "database_away"):
            raise
        # Whoever could end it in silence would be told of by nobody.
        found = audit_check.unended(error)
        untold = audit_alarm.tell(desk, SYSTEM, found)
        if isinstance(error, PettyCashError):
            raise
        left = [f"{found.problems[0].place}: {found.problems[0].message}", *untold]
        return JobResult(name, False, (), tuple(left), ok=False)
    left = [f"{each.place}: {each.kind}: {each.message}" for each in found.problems]
    left += audit_alarm.tell(desk, SYSTEM, found)
    done = (f"{found.events} events in {found.streams} streams verified",)
    return JobResult(name, False, done, tuple(left), ok=found.ok)


class _NothingDone(Refused):
    """Nothing was changed, so there is no event to write."""

    default_code = "nothing_done"


JOBS: dict[str, tuple[str, Callable[[Desk, bool], JobResult]]] = {
    "escalate-approvals": ("Give approvals beyond their service level to the next person up.", _escalate_approvals),
    "execute-due": ("Execute the payments that officers confirmed for today or earlier.", _execute_due),
    "settle-payments": ("Ask gateways about payments that were sent and had no answer.", _settle_payments),
    "deliver-notices": ("Tell people what happened, and try again what did not arrive.", _deliver_notices),
    "checkpoint": ("Seal the audit chain and write the seal out of the database.", _checkpoint),
    "verify-audit": ("Verify the audit chain of the last days, and tell the admins what is wrong.", _verify_audit),
    "send-digests": ("Send each morning's digest to those who want one.", _send_digests),
}


def run(desk: Desk, name: str, *, dry_run: bool = False) -> JobResult:
    """Run a job under its lease. Raises NotFound, or Overtaken while another host runs it."""
    found = JOBS.get(name)
    if found is None:
        raise NotFound(f"There is no job {name[:40]!r}; known: {', '.join(sorted(JOBS))}.")
    if dry_run:
        return found[1](desk, True)
    holder = f"{socket.gethostname()}:{os.getpid()}"
    desk.run_unaudited(SYSTEM, _take_lease, name, holder)
    result = JobResult(name, False, ())
    try:
        result = found[1](desk, False)
    finally:
        desk.run_unaudited(SYSTEM, _end_lease, name, holder, f"{len(result.done)} done, {len(result.left)} left")
    return result


def list_jobs(reading: Reading) -> tuple[JobView, ...]:
    """Every job with its last run."""
    rows = {row.name: row for row in reading.execute(select(t.job_lease))}
    return tuple(
        JobView(
            name,
            description,
            rows[name].last_run_at if name in rows else None,
            rows[name].last_result if name in rows else "",
        )
        for name, (description, _) in sorted(JOBS.items())
    )


def _take_lease(work: Work, name: str, holder: str) -> None:
    j = t.job_lease.c
    if work.execute(select(j.name).where(j.name == name)).first() is None:
        values = {"name": name, "holder": "", "expires_at": work.now, "last_result": ""}
        if work.is_postgres:
            from sqlalchemy.dialects.postgresql import insert as postgres_insert

            work.execute(postgres_insert(t.job_lease).values(values).on_conflict_do_nothing())
        else:
            work.execute(insert(t.job_lease).values(values))
    # A clock that was ahead leaves a lease that would block the job until that moment. Those of a host whose clock is
    # a little ahead of this one end after the lease's time too, and do count.
    is_free = or_(j.expires_at <= work.now, j.expires_at > work.now + 2 * LEASE, j.holder == "")
    taken = work.execute(
        update(t.job_lease).where(j.name == name, is_free).values(holder=holder, expires_at=work.now + LEASE)
    )
    if taken.rowcount != 1:
        row = work.execute(select(j.holder).where(j.name == name)).scalar()
        raise Overtaken(f"The job {name} is running already ({row}).", code="job_running")


def _end_lease(work: Work, name: str, holder: str, result: str) -> None:
    j = t.job_lease.c
    work.execute(
        update(t.job_lease)
        .where(j.name == name, j.holder == holder)
        .values(holder="", expires_at=work.now, last_run_at=work.now, last_result=result)
    )
