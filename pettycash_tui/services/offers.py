"""What the desk offers a person: which lists they can use, what waits for them, and how their company writes things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import funds, requisition_views
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

_DECIDE = frozenset({Right.APPROVE, Right.VALIDATE, Right.REVIEW})
_PAY = frozenset({Right.EXECUTE, Right.ASSIGN_EXECUTOR, Right.CANCEL_PAYMENT, Right.RECONCILE})
_TREASURY = frozenset({Right.READ_LEDGER, Right.RECONCILE, Right.EXECUTE, Right.CLOSE_PERIOD, Right.ADMINISTER})


@dataclass(frozen=True, slots=True)
class CompanyStyle:
    """A company's name, and how it writes money and time. `code` is empty for an officer of several companies."""

    code: str = ""
    name: str = ""
    currency: str = "KES"
    locale: str = "en"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Offered:
    """Which lists a person has a use for. `waiting` counts the requisitions on which they are to decide."""

    company: CompanyStyle
    approvals: bool
    payments: bool
    ledger: bool
    treasury: bool
    audit: bool
    waiting: int


def offered(reading: Reading) -> Offered:
    """What the acting person is offered.

    The lists follow the rights of the role, and what the person holds besides: a clerk who stands in for an approver
    has approvals, the custodian of a fund its ledger.
    """
    actor = reading.actor
    waiting = requisition_views.count_queue(reading)
    return Offered(
        company=_style(reading),
        approvals=bool(_DECIDE & actor.rights) or waiting > 0,
        payments=bool(_PAY & actor.rights),
        ledger=bool(funds.list_funds(reading, with_ledger=True, include_inactive=True, limit=1).items),
        treasury=bool(_TREASURY & actor.rights),
        audit=Right.READ_AUDIT in actor.rights,
        waiting=waiting,
    )


def _style(reading: Reading) -> CompanyStyle:
    c, company_id = t.company.c, reading.actor.company_id
    statement = select(c.code, c.name, c.currency, c.locale, c.timezone)
    if company_id is not None:
        return _written(reading.execute(statement.where(c.id == company_id)).one())
    rows = reading.execute(statement.where(c.is_active).order_by(c.code).limit(2)).all()
    if len(rows) == 1:
        return _written(rows[0])
    return CompanyStyle(name="All companies", currency=rows[0].currency) if rows else CompanyStyle()


def _written(row: Row[Any]) -> CompanyStyle:
    return CompanyStyle(row.code, row.name, row.currency, row.locale, row.timezone)
