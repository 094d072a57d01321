"""What is not as it should be, computed from the books whenever somebody looks: nothing here is stored.

Only that somebody has seen an alert is kept, for each person and episode: an approval that is overdue with the next
approver, or a fund that falls below its level once more, is another alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OrderStatus, PaymentStatus, StepStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import audit, due_alerts, fund_levels, notices, proof_alerts, visibility, waiting
from pettycash_tui.services.alert_kinds import Alert, AlertKind, Severity, key_of
from pettycash_tui.services.errors import NotFound, Reason, Refused
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.waiting import WaitingLine
from pettycash_tui.services.work import Reading, Work

__all__ = [
    "MOST",
    "Acknowledged",
    "Alert",
    "AlertKind",
    "Severity",
    "acknowledge",
    "alerts",
    "take_back",
    "told",
]

MOST = 50
"""Alerts of one kind that are told: who has more needs a list, not alerts."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What was done about an alert: it is seen, or counts as new again."""

    key: str
    subject: str
    sentence: str
    is_acknowledged: bool


def alerts(reading: Reading) -> tuple[Alert, ...]:
    """The alerts that concern the actor: the worst and oldest first, those they have acknowledged at the end."""
    return told(reading, waiting.queue_lines(reading), fund_levels.fund_levels(reading))


def told(reading: Reading, queued: Sequence[WaitingLine], levels: Sequence[FundLevel]) -> tuple[Alert, ...]:
    """The same, with the decisions and the funds that were read before."""
    payments = list(_payments(reading))
    starved = {row.fund_id for row in payments if _kind_of(row) is AlertKind.WAITING}
    found = [
        *_overdue(reading, frozenset(line.step_id for line in queued)),
        *(_payment(reading, row) for row in payments),
        *(_contradicted(reading, row) for row in _contradictions(reading)),
        *due_alerts.alerts(reading, MOST),
        *_low_funds(reading, levels, starved),
        *_undelivered(reading),
        *proof_alerts.alerts(reading),
    ]
    seen = _seen(reading, [alert.key for alert in found])
    marked = [replace(alert, is_acknowledged=True) if alert.key in seen else alert for alert in found]
    ranks = {severity: place for place, severity in enumerate(Severity)}
    return tuple(sorted(marked, key=lambda alert: (alert.is_acknowledged, ranks[alert.severity], alert.since)))


# --- acknowledging ----------------------------------------------------------------------------------------------------


def acknowledge(work: Work, ref: str) -> tuple[Acknowledged, ...]:
    """Note that the actor has seen an alert, named by its key or by its subject's number (all that it has).

    Raises NotFound for none, Refused where all of them are acknowledged already.
    """
    return _note(work, ref, is_seen=True)


def take_back(work: Work, ref: str) -> tuple[Acknowledged, ...]:
    """Let an acknowledged alert count as new again."""
    return _note(work, ref, is_seen=False)


def _note(work: Work, ref: str, *, is_seen: bool) -> tuple[Acknowledged, ...]:
    typed = ref.strip()
    named = [alert for alert in alerts(work) if typed in (alert.key, alert.subject) or alert.subject == typed.upper()]
    if not named:
        raise NotFound(f"You have no alert about {typed[:80]!r}. See `pettycash alert list`.")
    changed = [alert for alert in named if alert.is_acknowledged is not is_seen]
    if not changed:
        already = "acknowledged already" if is_seen else "not acknowledged"
        raise Refused.because(Reason("nothing_to_do", f"The alert about {named[0].subject} is {already}."))
    for alert in changed:
        _put(work, alert.key, is_seen)
        work.record(
            "alert.acknowledged" if is_seen else "alert.taken_back",
            "alert",
            None,
            alert.subject,
            stream=audit.company_stream(work.actor.company_id),
            company_id=work.actor.company_id,
            data={"alert": alert.key, "sentence": alert.sentence},
        )
    return tuple(Acknowledged(alert.key, alert.subject, alert.sentence, is_seen) for alert in changed)


def _put(work: Work, key: str, is_seen: bool) -> None:
    values = {
        "id": new_id(),
        "created_at": work.now,
        "updated_at": work.now,
        "user_id": work.actor.person_id,
        "alert": key,
        "is_seen": is_seen,
    }
    # Two desks of one person may acknowledge at once: the row is made or changed in one statement.
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        statement: Any = postgres_insert(t.alert_acknowledgement).values(values)
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(t.alert_acknowledgement).values(values)
    changed = {"is_seen": is_seen, "updated_at": work.now}
    work.execute(statement.on_conflict_do_update(index_elements=["user_id", "alert"], set_=changed))


_K = t.alert_acknowledgement.c
_SEEN = select(_K.alert).where(
    _K.user_id == bindparam("me"), _K.is_seen, _K.alert.in_(bindparam("alerts", expanding=True))
)


def _seen(reading: Reading, keys: Sequence[str]) -> frozenset[str]:
    if not keys:
        return frozenset()
    return frozenset(reading.execute(_SEEN, {"me": reading.actor.id, "alerts": list(keys)}).scalars())


# --- approvals beyond their time --------------------------------------------------------------------------------------

_S, _R, _C = t.approval_step.c, t.requisition.c, t.company.c
_SLA = (_C.sla_hours_tier1, _C.sla_hours_tier2, _C.sla_hours_tier3, _C.sla_hours_tier4)
_LATE = or_(
    *[
        and_(_R.tier == tier, _S.became_current_at < bindparam(f"late_{tier}", type_=_S.became_current_at.type))
        for tier in (1, 2, 3, 4)
    ]
)
_COMPANIES = select(_C.id, *_SLA).where(_C.is_active)
_OVERDUE = (
    select(
        _S.id,
        _S.approver_id,
        _S.became_current_at,
        _R.number,
        _R.payee,
        _R.amount,
        _R.currency,
        _R.tier,
        _R.is_urgent,
        t.user.c.first_name,
        t.user.c.last_name,
        t.user.c.username,
    )
    .select_from(t.approval_step)
    .join(t.requisition, _R.id == _S.requisition_id)
    .join(t.user, t.user.c.id == _S.approver_id)
    .where(
        _S.status == StepStatus.CURRENT,
        _S.revision == _R.revision,
        _R.company_id == bindparam("company", type_=_R.company_id.type),
        _S.became_current_at < bindparam("latest", type_=_S.became_current_at.type),
        _LATE,
    )
    .order_by(_S.became_current_at)
    .limit(MOST)
)


def _overdue(reading: Reading, mine: frozenset[UUID | None]) -> Iterable[Alert]:
    """The steps beyond their company's time: the actor's own, and those on requisitions that they may see."""
    companies: Iterable[Any] = reading.execute(_COMPANIES.where(visibility.of_company(_C.id, reading.actor))).all()
    for company_id, *hours in companies:
        limits = [reading.now - timedelta(hours=given) for given in hours]
        values = {f"late_{tier}": limit for tier, limit in enumerate(limits, start=1)}
        statement = _OVERDUE.where(visibility.requisitions(reading))
        rows = reading.execute(statement, {**values, "company": company_id, "latest": max(limits)}).all()
        for row in rows:
            yield _late_step(reading, row, timedelta(hours=hours[(row.tier or 1) - 1]), mine)


def _late_step(reading: Reading, row: Any, allowed: timedelta, mine: frozenset[UUID | None]) -> Alert:
    is_mine = row.id in mine
    late = reading.now - row.became_current_at - allowed
    is_grave = row.is_urgent or late > allowed
    if is_mine:
        severity, who = (Severity.CRITICAL if is_grave else Severity.WARNING), "you"
    else:
        severity = Severity.WARNING if is_grave else Severity.NOTICE
        who = f"{row.first_name} {row.last_name}".strip() or row.username
    return Alert(
        key=key_of(AlertKind.OVERDUE, row.id, int(row.became_current_at.timestamp())),
        kind=AlertKind.OVERDUE,
        severity=severity,
        subject=row.number,
        sentence=f"{row.number} waits for {who}, {_span(late)} overdue",
        amount=Money(row.amount, row.currency),
        since=row.became_current_at + allowed,
        place="approvals" if is_mine else "requisitions",
        command=f"pettycash req {'approve' if is_mine else 'show'} {row.number}",
    )


def _span(length: timedelta) -> str:
    hours = max(1, length // timedelta(hours=1))
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


# --- payments ---------------------------------------------------------------------------------------------------------

_P, _F = t.payment.c, t.treasury_fund.c
_STUCK = (
    select(
        _P.id,
        _P.number,
        _P.status,
        _P.fund_id,
        _P.payee,
        _P.amount,
        _P.currency,
        _P.retry_count,
        _P.max_retries,
        _P.last_error,
        _P.executor_id,
        _P.created_at,
        _P.updated_at,
        _F.code,
    )
    .join_from(t.payment, t.treasury_fund, _F.id == _P.fund_id)
    .where(
        or_(
            _P.status.in_([PaymentStatus.FAILED, PaymentStatus.UNKNOWN]),
            and_(_P.status == PaymentStatus.PENDING, _P.is_held.is_(False)),
        )
    )
    .order_by(_P.created_at, _P.id)
    .limit(MOST)
)


def _payments(reading: Reading) -> Iterable[Any]:
    """The payments the actor may see that failed, had no answer, or wait for money."""
    return reading.execute(_STUCK.where(visibility.payments(reading))).all()


def _kind_of(row: Any) -> AlertKind:
    if row.status is PaymentStatus.UNKNOWN:
        return AlertKind.UNKNOWN
    return AlertKind.FAILED if row.status is PaymentStatus.FAILED else AlertKind.WAITING


def _payment(reading: Reading, row: Any) -> Alert:
    kind = _kind_of(row)
    is_spent = row.retry_count >= row.max_retries
    if kind is AlertKind.UNKNOWN:
        severity = Severity.CRITICAL
        sentence = f"{row.number} to {row.payee} has had no answer: find out whether the money left"
    elif kind is AlertKind.FAILED:
        severity = Severity.CRITICAL if is_spent else Severity.WARNING
        left = "no retry left" if is_spent else f"{row.max_retries - row.retry_count} retries left"
        sentence = f"{row.number} failed, {left}: {row.last_error or 'no reason given'}"
    else:
        severity = Severity.WARNING
        sentence = f"{row.number} to {row.payee} waits for funds in {row.code}"
    verb = "retry" if kind is AlertKind.FAILED and not is_spent and row.executor_id == reading.actor.id else "show"
    pays = reading.actor.may(Right.EXECUTE) or reading.actor.may(Right.CANCEL_PAYMENT)
    return Alert(
        key=key_of(kind, row.id, row.retry_count),
        kind=kind,
        severity=severity,
        subject=row.number,
        sentence=sentence,
        amount=Money(row.amount, row.currency),
        since=row.created_at if kind is AlertKind.WAITING else row.updated_at,
        place="payments" if pays else "requisitions",
        command=f"pettycash pay {verb} {row.number}",
    )


# --- gateways that said both --------------------------------------------------------------------------------------

_O, _E = t.payment_order.c, t.payment_execution.c
_CONTRADICTED = (
    select(
        _O.id,
        _O.gateway,
        _O.gateway_reference,
        _O.settled_at,
        _O.updated_at,
        _P.number,
        _P.status,
        _P.payee,
        _P.amount,
        _P.currency,
    )
    .select_from(t.payment_order)
    .join(t.payment, _P.id == _O.payment_id)
    .outerjoin(t.payment_execution, _E.payment_id == _P.id)
    .where(
        _O.status == OrderStatus.FAILED,
        _O.gateway_reference.is_not(None),
        # Booked under that reference, the books say what the gateway said last.
        or_(_E.gateway_reference.is_(None), _E.gateway_reference != _O.gateway_reference),
    )
    .order_by(_O.updated_at, _O.id)
    .limit(MOST)
)


def _contradictions(reading: Reading) -> Iterable[Any]:
    """The orders that failed and then succeeded, whose money is not in the books."""
    return reading.execute(_CONTRADICTED.where(visibility.payments(reading))).all()


def _contradicted(reading: Reading, row: Any) -> Alert:
    pays = reading.actor.may(Right.EXECUTE) or reading.actor.may(Right.CANCEL_PAYMENT)
    return Alert(
        key=key_of(AlertKind.CONTRADICTED, row.id, 0),
        kind=AlertKind.CONTRADICTED,
        severity=Severity.CRITICAL,
        subject=row.number,
        sentence=(
            f"{row.number} to {row.payee} is {row.status.label.lower()}, but {row.gateway.label} said of a failed"
            f" attempt that it was paid, reference {row.gateway_reference}: find out with the gateway"
        ),
        amount=Money(row.amount, row.currency),
        since=row.updated_at,
        place="payments" if pays else "requisitions",
        command=f"pettycash pay show {row.number}",
    )


# --- funds below their level ------------------------------------------------------------------------------------------

_L = t.ledger_entry.c
_OF_FUND = select(_L.sequence, _L.created_at).where(_L.fund_id == bindparam("fund")).limit(1)
_LAST_ENOUGH = _OF_FUND.where(_L.balance_after >= bindparam("level")).order_by(_L.sequence.desc())
_FOLLOWING = _OF_FUND.where(_L.sequence > bindparam("after")).order_by(_L.sequence)


def _low_funds(reading: Reading, levels: Sequence[FundLevel], starved: set[UUID]) -> Iterable[Alert]:
    may_ask = reading.actor.may(Right.REQUEST_REPLENISHMENT)
    for level in levels:
        if not level.is_low:
            continue
        # The cash book is read backwards, and no further than to where the fund had enough.
        enough = reading.execute(_LAST_ENOUGH, {"fund": level.id, "level": level.reorder_level.minor}).first()
        episode = enough.sequence if enough is not None else 0
        first = reading.execute(_FOLLOWING, {"fund": level.id, "after": episode}).first()
        since = first.created_at if first is not None else (enough.created_at if enough is not None else reading.now)
        is_asked = level.replenishment is not None
        severity = Severity.NOTICE if is_asked else Severity.WARNING
        remedy = f"{level.replenishment} is {_stage(level)}" if is_asked else "nobody has asked for money"
        yield Alert(
            key=key_of(AlertKind.LOW_FUND, level.id, episode),
            kind=AlertKind.LOW_FUND,
            severity=Severity.CRITICAL if level.id in starved else severity,
            subject=level.code,
            sentence=f"Fund {level.code} is below its reorder level; {remedy}",
            amount=level.available,
            since=since,
            place="ledger",
            command=f"pettycash fund {'replenish' if may_ask and not is_asked else 'show'} {level.code}",
        )


def _stage(level: FundLevel) -> str:
    return level.replenishment_status.label.lower() if level.replenishment_status is not None else "open"


# --- notices that did not arrive --------------------------------------------------------------------------------------

_NOBODY = UUID(int=0)


def _undelivered(reading: Reading) -> Iterable[Alert]:
    """What people should have been told and were not, for who can mend it."""
    if not reading.actor.may(Right.ADMINISTER):
        return
    found = notices.undelivered(reading)
    if found.since is None or found.latest is None:
        return
    is_lost = found.given_up + found.without_address > 0
    status = "given_up" if found.given_up else "skipped" if found.without_address else "failed"
    things = "1 notice" if found.total == 1 else f"{found.total} notices"
    yield Alert(
        key=key_of(AlertKind.UNDELIVERED, reading.actor.company_id or _NOBODY, int(found.latest.timestamp())),
        kind=AlertKind.UNDELIVERED,
        severity=Severity.WARNING if is_lost else Severity.NOTICE,
        subject="notices",
        sentence=f"{things} did not arrive{'' if is_lost else ' yet'}: {found.last_error}",
        amount=None,
        since=found.since,
        place="treasury",
        command=f"pettycash notice list --all --status {status}",
    )
