"""News: something for one person, with what its texts say, and the question whether they may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeKind, Role
from pettycash_tui.models.money import Money
from pettycash_tui.services import visibility
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import ALLOWANCES, Right
from pettycash_tui.services.work import Reading

FUND = "fund:"
"""How the streams begin that are read: those of the funds, where requests, payments and money are."""

Teller = Callable[[Reading, Any, dict[str, Any]], "Iterable[News]"]
"""Finds the news in an event: whom it concerns, given what the event's body holds."""

_R, _P, _F = t.requisition.c, t.payment.c, t.treasury_fund.c


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


def of_requisition(reading: Reading, row: Any, person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
    """News for a person about a requisition; `values` replace what its texts say otherwise."""
    requester = reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one()
    given = {
        "number": row.number,
        "amount": str(Money(row.amount, row.currency)),
        "payee": row.payee,
        "purpose": row.purpose,
        "who": name_of(requester),
        "urgent": "Urgent: " if row.is_urgent else "",
        "place": "approvals" if kind is NoticeKind.WAITS_FOR_YOU else "requisitions",
        "reason": "",
        "command": f"pettycash req show {row.number}",
        **values,
    }
    return News(person, kind, occasion, row.company_id, "requisition", row.number, given, sees_requisition(row.id))


def sees_requisition(found_id: UUID) -> Callable[[Actor, Reading], Any]:
    """The question whether somebody may see a requisition."""

    def seen(actor: Actor, reading: Reading) -> Any:
        as_them = Reading(reading.connection, actor, reading.now)
        return reading.execute(select(_R.id).where(_R.id == found_id, visibility.requisitions(as_them))).first()

    return seen


def of_payment(reading: Reading, row: Any, person: UUID, kind: NoticeKind, occasion: str, **values: str) -> News:
    """News for a person about a payment; `values` replace what its texts say otherwise."""
    asked = reading.execute(select(_R.number, _R.purpose, _R.is_urgent).where(_R.id == row.requisition_id)).one()
    requester = reading.execute(select(t.user).where(t.user.c.id == row.requested_by_id)).one()
    given = {
        "number": row.number,
        "requisition": asked.number,
        "amount": str(Money(row.amount, row.currency)),
        "payee": row.payee,
        "purpose": asked.purpose,
        "who": name_of(requester),
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


def holders(reading: Reading, company_id: UUID, right: Right) -> list[Any]:
    """The active people of a company, and the group-wide officers, whose role has a right."""
    roles = [role for role, allowance in ALLOWANCES.items() if right in allowance.rights]
    u = t.user.c
    here = or_(u.company_id == company_id, u.company_id.is_(None))
    return list(reading.execute(select(u.id).where(u.is_active, here, u.role.in_(roles)).order_by(u.id)))


def people_of(reading: Reading, company_id: UUID, role: Role) -> list[UUID]:
    """The active people of a company in a role."""
    u = t.user.c
    rows = reading.execute(select(u.id).where(u.is_active, u.company_id == company_id, u.role == role))
    return list(rows.scalars())


def sees_fund(fund_id: UUID) -> Callable[[Actor, Reading], Any]:
    """The question whether somebody reads the ledger of a fund."""

    def seen(actor: Actor, reading: Reading) -> Any:
        return reading.execute(select(_F.id).where(_F.id == fund_id, visibility.ledgers(actor))).first()

    return seen


def occasion_of(event: Any) -> str:
    """An event as an occasion: whoever it concerns is told of it once."""
    return f"{event.stream}:{event.sequence}"


def by_whom(event: Any) -> str:
    """Who did it, by name."""
    return str(event.by or "the system")


def name_of(row: Any) -> str:
    """A person (a row of the user table) by name."""
    return f"{row.first_name} {row.last_name}".strip() or str(row.username)
