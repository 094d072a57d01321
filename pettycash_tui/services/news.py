"""What an audit event means to people: who should be told, of what kind, and in which words.

Read from the books as they are now: a step that somebody has decided meanwhile is no news.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    NoticeKind,
    PaymentStatus,
    ReplenishmentStatus,
    RequisitionStatus,
    Role,
    StepKind,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import steps, visibility
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import ALLOWANCES, Right
from pettycash_tui.services.work import Reading

FUND = "fund:"
"""How the streams begin that are read: those of the funds, where requests, payments and money are."""


@dataclass(frozen=True, slots=True)
class News:
    """Something for one person. `occasion` makes it the only one; `sees` is asked as that person before it is told."""

    person_id: UUID
    kind: NoticeKind
    occasion: str
    company_id: UUID
    subject_type: str
    subject_number: str
    values: dict[str, str]
    sees: Callable[[Actor, Reading], Any]


def news_of(reading: Reading, event: Any) -> Iterable[News]:
    """Whom an event concerns, its own actor left out: who acts sees what comes of it."""
    body = json.loads(event.body)
    data = body.get("data") or {}
    tell = _TOLD.get(event.action)
    found = list(tell(reading, event, data)) if tell is not None else []
    taken = data.get("taken_up")
    if isinstance(taken, list):
        # Payments that had waited for money, and have it now.
        for number in taken:
            found += _payment_waits(reading, _P.number == str(number), event.company_id)
    return [news for news in found if news.person_id != event.actor_id]


# --- requisitions -----------------------------------------------------------------------------------------------------

_R, _P, _L, _F = t.requisition.c, t.payment.c, t.replenishment.c, t.treasury_fund.c

_WHAT = {
    RequisitionStatus.PENDING_URGENCY_CONFIRMATION: ("a word on its urgency", "confirm-urgency"),
    RequisitionStatus.PENDING_TREASURY_VALIDATION: ("your validation", "approve"),
    RequisitionStatus.PAID: ("your review", "review"),
}


def _step(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    return _step_of(reading, event.subject_id)


def _step_of(reading: Reading, requisition_id: UUID) -> list[News]:
    row = reading.execute(select(t.requisition).where(_R.id == requisition_id)).first()
    if row is None:
        return []
    current = steps.current_step(reading, row, steps.steps_of(reading, row.id, row.revision))
    if current is None or current.problem or current.acts_id == row.requested_by_id:
        return []
    what, verb = _WHAT.get(row.status, ("your approval", "approve"))
    if current.kind is StepKind.VALIDATE:
        what = "your validation"
    if current.away_name:
        what += f", for {current.away_name}"
    became = int(current.row.became_current_at.timestamp())
    return [
        _of_requisition(
            reading,
            row,
            current.acts_id,
            NoticeKind.WAITS_FOR_YOU,
            f"step:{current.row.id}:{became}",
            what=what,
            command=f"pettycash req {verb} {row.number}",
        )
    ]


def _of_requisition(reading: Reading, row: Any, person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
    requester = reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one()
    given = {
        "number": row.number,
        "amount": str(Money(row.amount, row.currency)),
        "payee": row.payee,
        "purpose": row.purpose,
        "who": _name(requester),
        "urgent": "Urgent: " if row.is_urgent else "",
        "place": "approvals" if kind is NoticeKind.WAITS_FOR_YOU else "requisitions",
        "reason": "",
        "command": f"pettycash req show {row.number}",
        **values,
    }
    return News(person, kind, occasion, row.company_id, "requisition", row.number, given, _sees_requisition(row.id))


def _sees_requisition(found_id: UUID) -> Callable[[Actor, Reading], Any]:
    def seen(actor: Actor, reading: Reading) -> Any:
        as_them = Reading(reading.connection, actor, reading.now)
        return reading.execute(select(_R.id).where(_R.id == found_id, visibility.requisitions(as_them))).first()

    return seen


def _sent_back(kind: NoticeKind) -> Callable[[Reading, Any, dict[str, Any]], Iterable[News]]:
    def tell(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
        row = reading.execute(select(t.requisition).where(_R.id == event.subject_id)).first()
        if row is None:
            return
        is_open = kind is NoticeKind.CHANGES_ASKED
        command = f"pettycash req {'edit' if is_open else 'show'} {row.number}"
        reason = str(data.get("reason") or "")
        yield _of_requisition(
            reading, row, row.requested_by_id, kind, _occasion(event), reason=reason, command=command, by=_by(event)
        )

    return tell


# --- payments ---------------------------------------------------------------------------------------------------------


def _payment_waits(reading: Reading, which: ColumnElement[bool], company_id: UUID | None) -> list[News]:
    row = reading.execute(select(t.payment).where(which, _P.company_id == company_id)).first()
    if row is None or row.executor_id is None or row.scheduled_for is not None:
        return []
    in_doubt = row.status is PaymentStatus.UNKNOWN
    if not in_doubt and not (row.is_held and row.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)):
        return []
    what, verb = ("a word on whether its money left", "show") if in_doubt else ("your payment", "execute")
    occasion = f"pay:{row.id}:{row.executor_id}:{row.retry_count}:{row.status.value}"
    return [
        _of_payment(
            reading,
            row,
            row.executor_id,
            NoticeKind.WAITS_FOR_YOU,
            occasion,
            what=what,
            command=f"pettycash pay {verb} {row.number}",
        )
    ]


def _assigned(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    return _payment_waits(reading, _P.id == event.subject_id, event.company_id)


def _of_payment(reading: Reading, row: Any, person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
    asked = reading.execute(select(_R.number, _R.purpose, _R.is_urgent).where(_R.id == row.requisition_id)).one()
    requester = reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one()
    given = {
        "number": row.number,
        "requisition": asked.number,
        "amount": str(Money(row.amount, row.currency)),
        "payee": row.payee,
        "purpose": asked.purpose,
        "who": _name(requester),
        "urgent": "Urgent: " if asked.is_urgent else "",
        "place": "payments",
        "reason": row.last_error,
        "voucher": row.voucher_number or "",
        "command": f"pettycash pay show {row.number}",
        **values,
    }

    def seen(actor: Actor, reading: Reading) -> Any:
        as_them = Reading(reading.connection, actor, reading.now)
        return reading.execute(select(_P.id).where(_P.id == row.id, visibility.payments(as_them))).first()

    return News(person, kind, occasion, row.company_id, "payment", row.number, given, seen)


def _executed(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None:
        return
    own = {"place": "requisitions", "command": _show_request(reading, row)}
    yield _of_payment(reading, row, row.requested_by_id, NoticeKind.PAID, _occasion(event), **own)
    yield from _step_of(reading, row.requisition_id)


def _failed(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None or row.status is not PaymentStatus.FAILED:
        return
    is_spent = row.retry_count >= row.max_retries
    left = "no retry is left" if is_spent else f"{row.max_retries - row.retry_count} retries are left"
    occasion = _occasion(event)
    own = {"place": "requisitions", "command": _show_request(reading, row), "left": "treasury sees to it"}
    yield _of_payment(reading, row, row.requested_by_id, NoticeKind.FAILED, occasion, **own)
    theirs = {"left": left, "command": f"pettycash pay {'show' if is_spent else 'retry'} {row.number}"}
    told = {row.executor_id} if row.executor_id else set()
    if is_spent:
        told |= {person.id for person in _holders(reading, row.company_id, Right.CANCEL_PAYMENT)}
    for person in sorted(told - {row.requested_by_id}):
        yield _of_payment(reading, row, person, NoticeKind.FAILED, occasion, **theirs)


def _due_hindered(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A payment that was due and could not be executed: its executor, and who assigns another where that one left."""
    row = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if row is None or row.scheduled_for is None:
        return
    what = f"you: it was due on {row.scheduled_for} and could not be executed. {data.get('error', '')}"
    is_there = reading.execute(select(t.user.c.is_active).where(t.user.c.id == row.executor_id)).scalar()
    told = [row.executor_id] if is_there else [p.id for p in _holders(reading, row.company_id, Right.ASSIGN_EXECUTOR)]
    for person in told:
        occasion, command = f"due:{row.id}:{event.sequence}", f"pettycash pay explain {row.number}"
        if person != row.requested_by_id:
            yield _of_payment(
                reading, row, person, NoticeKind.WAITS_FOR_YOU, occasion, what=what.rstrip(". "), command=command
            )


def _unscheduled(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    """A payment that lost its day waits for its executor again."""
    for news in _payment_waits(reading, _P.id == event.subject_id, event.company_id):
        yield replace(news, occasion=f"pay:{event.subject_id}:{news.person_id}:{_occasion(event)}")


def _cancelled(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    payment = reading.execute(select(t.payment).where(_P.id == event.subject_id)).first()
    if payment is None:
        return
    row = reading.execute(select(t.requisition).where(_R.id == payment.requisition_id)).one()
    if row.status is RequisitionStatus.REJECTED:
        reason = str(data.get("reason") or "")
        yield _of_requisition(
            reading, row, row.requested_by_id, NoticeKind.REJECTED, _occasion(event), reason=reason, by=_by(event)
        )


def _show_request(reading: Reading, payment: Any) -> str:
    number = reading.execute(select(_R.number).where(_R.id == payment.requisition_id)).scalar_one()
    return f"pettycash req show {number}"


# --- funds ------------------------------------------------------------------------------------------------------------


def _replenishment(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    row = reading.execute(
        select(t.replenishment, _F.code, _F.name, _F.custodian_id)
        .join_from(t.replenishment, t.treasury_fund, _F.id == _L.fund_id)
        .where(_L.id == event.subject_id)
    ).first()
    if row is None:
        return
    who = _name(reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one())
    given = {
        "number": row.number,
        "amount": str(Money(row.completed_amount or row.requested_amount, row.currency)),
        "payee": f"{row.code} {row.name}",
        "fund": f"{row.code} {row.name}",
        "purpose": row.reason or "back to its target",
        "who": "the program, because the fund is low" if row.auto_triggered else who,
        "urgent": "",
        "place": "ledger",
        "reason": "",
        "command": f"pettycash fund show {row.code}",
    }
    sees = _sees_fund(row.fund_id)

    def told(person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
        texts = {**given, **values}
        return News(person, kind, occasion, row.company_id, "replenishment", row.number, texts, sees)

    if row.status is ReplenishmentStatus.COMPLETED and event.action in ("replenishment.completed", "ledger.posted"):
        concerned = {row.requested_by_id, *_people_of(reading, row.company_id, Role.TREASURY)}
        for person in sorted(concerned | ({row.custodian_id} if row.custodian_id else set())):
            yield told(person, NoticeKind.REPLENISHED, f"rpl:{row.id}")
        return
    is_new = row.status is ReplenishmentStatus.PENDING
    if not is_new and row.status is not ReplenishmentStatus.APPROVED:
        return
    right = Right.APPROVE_REPLENISHMENT if is_new else Right.COMPLETE_REPLENISHMENT
    what, verb = ("your approval", "approve") if is_new else ("its money to be recorded", "complete")
    for person in _holders(reading, row.company_id, right):
        if not (is_new and person.id == row.requested_by_id):
            command = f"pettycash replenishment {verb} {row.number}"
            occasion = f"rpl:{row.id}:{row.status.value}"
            yield told(person.id, NoticeKind.WAITS_FOR_YOU, occasion, what=what, command=command)


def _holders(reading: Reading, company_id: UUID, right: Right) -> list[Any]:
    """The active people of a company, and the group-wide officers, whose role has a right."""
    roles = [role for role, allowance in ALLOWANCES.items() if right in allowance.rights]
    u = t.user.c
    here = or_(u.company_id == company_id, u.company_id.is_(None))
    return list(reading.execute(select(u.id).where(u.is_active, here, u.role.in_(roles)).order_by(u.id)))


def _people_of(reading: Reading, company_id: UUID, role: Role) -> list[UUID]:
    u = t.user.c
    rows = reading.execute(select(u.id).where(u.is_active, u.company_id == company_id, u.role == role))
    return list(rows.scalars())


def _sees_fund(fund_id: UUID) -> Callable[[Actor, Reading], Any]:
    def seen(actor: Actor, reading: Reading) -> Any:
        return reading.execute(select(_F.id).where(_F.id == fund_id, visibility.ledgers(actor))).first()

    return seen


_E = t.ledger_entry.c
_LAST_ENOUGH = (
    select(_E.sequence)
    .where(_E.fund_id == bindparam("fund"), _E.balance_after >= bindparam("level"))
    .order_by(_E.sequence.desc())
    .limit(1)
)


def low_fund(reading: Reading, fund_id: UUID) -> Iterable[News]:
    """Who is told that a fund stands below its reorder level now; once for each time that it falls below."""
    fund = reading.execute(select(t.treasury_fund).where(_F.id == fund_id)).first()
    if fund is None or not fund.is_active or fund.current_balance >= fund.reorder_level:
        return
    enough = reading.execute(_LAST_ENOUGH, {"fund": fund.id, "level": fund.reorder_level}).scalar()
    request = reading.execute(
        select(_L.number).where(_L.fund_id == fund.id, _L.status.in_(["pending", "approved"]))
    ).scalar()
    label = f"{fund.code} {fund.name}"
    given = {
        "number": fund.code,
        "fund": label,
        "amount": str(Money(fund.current_balance - fund.held_amount, fund.currency)),
        "level": str(Money(fund.reorder_level, fund.currency)),
        "request": f"{request} asks for more" if request else "nobody has asked for more yet",
        "place": "ledger",
        "command": f"pettycash fund show {fund.code}" if request else f"pettycash fund replenish {fund.code}",
    }
    concerned = {row.id for row in _holders(reading, fund.company_id, Right.REQUEST_REPLENISHMENT)}
    for person in sorted(concerned | ({fund.custodian_id} if fund.custodian_id else set())):
        occasion = f"low:{fund.id}:{enough or 0}"
        yield News(
            person, NoticeKind.FUND_LOW, occasion, fund.company_id, "fund", fund.code, given, _sees_fund(fund.id)
        )


# --- what else waits for whoever has a right --------------------------------------------------------------------------

_FOR_RIGHT = {
    "variance.recorded": (Right.APPROVE_VARIANCE, "variance"),
    "transfer.requested": (Right.APPROVE_TRANSFER, "transfer"),
}


def _for_right(reading: Reading, event: Any, data: dict[str, Any]) -> Iterable[News]:
    right, noun = _FOR_RIGHT[event.action]
    fund_id = UUID(event.stream.removeprefix(FUND))
    fund = reading.execute(select(_F.code, _F.name, _F.currency).where(_F.id == fund_id)).first()
    if fund is None:
        return
    minor = data.get("amount")
    amount = str(Money(minor, fund.currency)) if isinstance(minor, int) and not isinstance(minor, bool) else noun
    values = {
        "number": event.subject,
        "amount": amount,
        "payee": f"{fund.code} {fund.name}",
        "purpose": str(data.get("reason") or noun),
        "who": _by(event),
        "urgent": "",
        "place": "ledger",
        "reason": "",
        "what": "your approval",
        "command": f"pettycash {noun} approve {event.subject}",
    }
    for person in _holders(reading, event.company_id, right):
        yield News(
            person.id,
            NoticeKind.WAITS_FOR_YOU,
            _occasion(event),
            event.company_id,
            noun,
            event.subject,
            values,
            _sees_fund(fund_id),
        )


def _occasion(event: Any) -> str:
    return f"{event.stream}:{event.sequence}"


def _by(event: Any) -> str:
    return str(event.by or "the system")


def _name(row: Any) -> str:
    return f"{row.first_name} {row.last_name}".strip() or str(row.username)


_TOLD: dict[str, Callable[[Reading, Any, dict[str, Any]], Iterable[News]]] = {
    **{
        f"requisition.{act}": _step
        for act in (
            "submitted",
            "approved",
            "validated",
            "urgency_confirmed",
            "urgency_declined",
            "reassigned",
            "escalated",
        )
    },
    "requisition.changes_requested": _sent_back(NoticeKind.CHANGES_ASKED),
    "requisition.rejected": _sent_back(NoticeKind.REJECTED),
    "payment.created": _assigned,
    "payment.assigned": _assigned,
    "payment.unknown": _assigned,
    "payment.executed": _executed,
    "payment.failed": _failed,
    "payment.cancelled": _cancelled,
    "payment.unscheduled": _unscheduled,
    "payment.due_hindered": _due_hindered,
    "replenishment.requested": _replenishment,
    "replenishment.approved": _replenishment,
    "replenishment.completed": _replenishment,
    **dict.fromkeys(_FOR_RIGHT, _for_right),
}

MOVES_MONEY = frozenset({"payment.executed", "ledger.posted", "fund.edited"})
"""The events after which a fund may be below its level."""
