"""Reading delegations: who acts for whom, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """While it runs (both days included), only the delegate acts for the approver."""

    id: UUID
    approver: PersonRef | None
    delegate: PersonRef | None
    starts_on: date
    ends_on: date
    reason: str
    is_active: bool
    created_at: datetime


_APPROVER = t.user.alias("approver")
_DELEGATE = t.user.alias("delegate")


def delegation_statement() -> Any:
    """Delegations with the names of both people."""
    d = t.delegation.c
    source = t.delegation.join(_APPROVER, _APPROVER.c.id == d.approver_id).join(
        _DELEGATE, _DELEGATE.c.id == d.delegate_id
    )
    columns = person_columns(_APPROVER, "approver") + person_columns(_DELEGATE, "delegate")
    return select(t.delegation, *columns, _APPROVER.c.company_id.label("company_id")).select_from(source)


def delegation_row(row: Row[Any]) -> DelegationRow:
    """The result for a row of `delegation_statement`."""
    return DelegationRow(
        id=row.id,
        approver=person(row, "approver"),
        delegate=person(row, "delegate"),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        reason=row.reason,
        is_active=row.is_active,
        created_at=row.created_at,
    )


def delegations_of(reading: Reading, user_id: UUID) -> tuple[DelegationRow, ...]:
    """The delegations from or to a person that run or are to come. A day's slack serves every time zone."""
    d = t.delegation.c
    rows = reading.execute(
        delegation_statement()
        .where(d.is_active, or_(d.approver_id == user_id, d.delegate_id == user_id))
        .where(d.ends_on >= reading.now.date())
        .order_by(d.starts_on, d.id)
    )
    return tuple(delegation_row(row) for row in rows)
