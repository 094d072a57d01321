"""What just happened, as far as a person may see it: the newest audit events about what is in their view, in words.

The newest events of the company are read first and then narrowed to what the reader may see, so that the cost does
not grow with the books. Who sees only part of the company is told besides what became of their own last requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.money import Money
from pettycash_tui.services import visibility
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.permissions import Right, Scope
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

SHOWN = 20
"""Events that are told."""

_LOOKED_AT = 120
_OWN_REQUESTS = 20

# The drafts of others, codes and sign-ins are nobody's news.
_WORDS = {
    "requisition.submitted": "submitted",
    "requisition.approved": "approved",
    "requisition.validated": "validated",
    "requisition.reviewed": "reviewed",
    "requisition.rejected": "rejected",
    "requisition.changes_requested": "asked for changes to",
    "requisition.withdrawn": "withdrew",
    "requisition.urgency_confirmed": "confirmed the urgency of",
    "requisition.urgency_declined": "declined the urgency of",
    "requisition.reassigned": "reassigned",
    "requisition.escalated": "escalated",
    "payment.executed": "paid",
    "payment.failed": "could not pay",
    "payment.retried": "took up again",
    "payment.scheduled": "scheduled",
    "payment.unscheduled": "unscheduled",
    "payment.due_hindered": "could not yet pay, as scheduled,",
    "payment.assigned": "assigned",
    "payment.cancelled": "cancelled",
    "payment.reconciled": "reconciled",
    "payment.unreconciled": "undid the reconciliation of",
    "replenishment.requested": "asked for",
    "replenishment.approved": "approved",
    "replenishment.completed": "recorded the money of",
    "replenishment.rejected": "rejected",
    "variance.recorded": "recorded",
    "variance.approved": "approved",
    "variance.rejected": "rejected",
    "transfer.requested": "asked for",
    "transfer.completed": "approved",
    "transfer.rejected": "rejected",
    "fund.added": "opened fund",
    "fund.edited": "changed fund",
    "fund.activated": "activated fund",
    "fund.deactivated": "deactivated fund",
}
_ADMINISTRATION = ("user.%", "policy.%", "company.%", "branch.%", "department.%", "delegation.%")

_A = t.audit_event.c
_ACTOR = t.user.alias("actor")


@dataclass(frozen=True, slots=True)
class Happening:
    """An event: who did what to which object, when. `words` is the sentence without the moment."""

    id: UUID
    at: datetime
    by: PersonRef | None
    action: str
    words: str
    subject: str
    payee: str
    amount: Money | None
    place: str
    opens: str


class _About(NamedTuple):
    """What a requisition or a payment is about."""

    payee: str
    amount: Money
    number: str


_EVENTS = (
    select(
        _A.id,
        _A.created_at,
        _A.stream,
        _A.actor_id,
        _A.action,
        _A.subject_type,
        _A.subject_id,
        _A.subject,
        *person_columns(_ACTOR, "actor"),
    )
    .select_from(t.audit_event)
    .outerjoin(_ACTOR, _ACTOR.c.id == _A.actor_id)
    .order_by(_A.created_at.desc(), _A.id.desc())
    .limit(bindparam("most", type_=Integer()))
)
_TOLD = _A.action.in_(sorted(_WORDS))
_TOLD_TO_ADMINS = or_(_TOLD, *[_A.action.like(pattern) for pattern in _ADMINISTRATION])


def happenings(reading: Reading, levels: Iterable[FundLevel], *, most: int = SHOWN) -> tuple[Happening, ...]:
    """The newest events that the actor may see, newest first. `levels`: the funds whose cash book they may read."""
    told = _TOLD_TO_ADMINS if reading.actor.may(Right.ADMINISTER) else _TOLD
    recent = _EVENTS.where(visibility.of_company(_A.company_id, reading.actor), told)
    rows = list(reading.execute(recent, {"most": _LOOKED_AT}))
    if reading.actor.scope is not Scope.COMPANY:
        known = {row.id for row in rows}
        rows += [row for row in _on_own_requests(reading) if row.id not in known]
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    about = _requisitions(reading, rows) | _payments(reading, rows)
    funds = {f"fund:{level.id}": level.code for level in levels}
    found = (_told(row, about, funds, reading) for row in rows)
    return tuple([happening for happening in found if happening is not None][:most])


_R, _P = t.requisition.c, t.payment.c
_OWN = select(_R.id).where(_R.requested_by_id == bindparam("me")).order_by(_R.created_at.desc(), _R.id.desc())
_OWN_PAYMENTS = select(_P.id).where(_P.requisition_id.in_(bindparam("requests", expanding=True)))
_ABOUT = _EVENTS.where(_A.subject_id.in_(bindparam("subjects", expanding=True)), _TOLD)


def _on_own_requests(reading: Reading) -> list[Any]:
    requests = list(reading.execute(_OWN.limit(_OWN_REQUESTS), {"me": reading.actor.id}).scalars())
    if not requests:
        return []
    payments = reading.execute(_OWN_PAYMENTS, {"requests": requests}).scalars()
    return list(reading.execute(_ABOUT, {"subjects": [*requests, *payments], "most": _LOOKED_AT}))


_WHAT = select(_R.id, _R.payee, _R.amount, _R.currency, _R.number).where(_R.id.in_(bindparam("ids", expanding=True)))
_PAID = (
    select(_P.id, _P.payee, _P.amount, _P.currency, _R.number)
    .join_from(t.payment, t.requisition, _R.id == _P.requisition_id)
    .where(_P.id.in_(bindparam("ids", expanding=True)))
)


def _requisitions(reading: Reading, rows: Iterable[Any]) -> dict[UUID, _About]:
    ids = {row.subject_id for row in rows if row.subject_type == "requisition"}
    return _read(reading, _WHAT.where(visibility.requisitions(reading)), ids) if ids else {}


def _payments(reading: Reading, rows: Iterable[Any]) -> dict[UUID, _About]:
    ids = {row.subject_id for row in rows if row.subject_type == "payment"}
    return _read(reading, _PAID.where(visibility.payments(reading)), ids) if ids else {}


def _read(reading: Reading, statement: Any, ids: Iterable[UUID]) -> dict[UUID, _About]:
    rows: Iterable[Any] = reading.execute(statement, {"ids": sorted(ids)})
    return {id: _About(payee, Money(amount, currency), number) for id, payee, amount, currency, number in rows}


def _told(row: Any, about: Mapping[UUID, _About], funds: Mapping[str, str], reading: Reading) -> Happening | None:
    """The event in words; None for one about something that the actor may not see."""
    kind, found = row.subject_type, about.get(row.subject_id)
    if kind in ("requisition", "payment"):
        if found is None:
            return None
    elif kind in ("replenishment", "variance", "transfer", "fund"):
        if row.stream not in funds:
            return None
    elif not reading.actor.may(Right.ADMINISTER):
        return None
    by = person(row, "actor")
    place, opens = _where(row, found, funds, reading)
    return Happening(
        id=row.id,
        at=row.created_at,
        by=by,
        action=row.action,
        words=f"{by.name if by else 'The system'} {_verb(row)} {row.subject}",
        subject=row.subject,
        payee=found.payee if found else "",
        amount=found.amount if found else None,
        place=place,
        opens=opens,
    )


def _verb(row: Any) -> str:
    known = _WORDS.get(row.action)
    if known is not None:
        return known
    noun, _, act = row.action.partition(".")
    return f"{act.replace('_', ' ')} the {noun.replace('_', ' ')}"


def _where(row: Any, found: _About | None, funds: Mapping[str, str], reading: Reading) -> tuple[str, str]:
    if row.subject_type == "payment" and reading.actor.may(Right.EXECUTE):
        return "payments", row.subject
    if found is not None:
        return "requisitions", found.number
    return ("ledger", funds[row.stream]) if row.stream in funds else ("", "")
