"""What a person asked for before, so that they need not type it again: payees, purposes, and whole requisitions.

A person is offered what they wrote themselves first, and behind it what else they may see of the last months.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.services import visibility
from pettycash_tui.services.duplicates import folded
from pettycash_tui.services.permissions import Scope
from pettycash_tui.services.work import Reading

OWN_ROWS = 2_000
OTHER_ROWS = 1_000
OTHER_DAYS = 90
EARLIER = 20
"""Own requisitions, others' requisitions and days that are looked through, and distinct ones that are offered."""


@dataclass(frozen=True, slots=True)
class KnownPayee:
    """A payee as they were paid last."""

    name: str
    method: PaymentMethod
    destination: str


@dataclass(frozen=True, slots=True)
class History:
    """Payees and purposes to complete from, each once, one's own and the newest first."""

    payees: tuple[KnownPayee, ...] = ()
    purposes: tuple[str, ...] = ()

    def payee(self, name: str) -> KnownPayee | None:
        """The payee of that name; capitals and spaces make no difference."""
        wanted = folded(name)
        return next((known for known in self.payees if folded(known.name) == wanted), None)


@dataclass(frozen=True, slots=True)
class Earlier:
    """One of the person's earlier requisitions, to write another like it."""

    id: UUID
    number: str
    amount: Money
    payee: str
    purpose: str
    day: date


_R, _C = t.requisition.c, t.company.c
_WORDS = (_R.payee, _R.method, _R.destination, _R.purpose)
_OWN = (
    select(*_WORDS)
    .where(_R.requested_by_id == bindparam("me"))
    .order_by(_R.created_at.desc(), _R.id.desc())
    .limit(OWN_ROWS)
)
_OWN_WHOLE = (
    select(_R.id, _R.number, _R.amount, _R.currency, _R.payee, _R.purpose, _R.created_at, _C.timezone)
    .join_from(t.requisition, t.company, _C.id == _R.company_id)
    .where(_R.requested_by_id == bindparam("me"))
    .order_by(_R.created_at.desc(), _R.id.desc())
    .limit(OWN_ROWS)
)


def known(reading: Reading) -> History:
    """What the person's own requisitions, and then those that they may see, hold to complete from."""
    rows = list(reading.execute(_OWN, {"me": reading.actor.person_id})) + _others(reading)
    payees: dict[str, KnownPayee] = {}
    purposes: dict[str, str] = {}
    for payee, method, destination, purpose in rows:
        payees.setdefault(folded(payee), KnownPayee(payee, method, destination))
        line = " ".join(purpose.split())
        purposes.setdefault(line.casefold(), line)
    return History(tuple(payees.values()), tuple(purposes.values()))


def _others(reading: Reading) -> list[Any]:
    if reading.actor.scope is Scope.OWN:
        return []
    statement = (
        select(*_WORDS)
        .where(
            visibility.requisitions(reading),
            _R.created_at >= reading.now - timedelta(days=OTHER_DAYS),
            _R.requested_by_id != reading.actor.person_id,
        )
        .order_by(_R.created_at.desc(), _R.id.desc())
        .limit(OTHER_ROWS)
    )
    return list(reading.execute(statement))


def earlier(reading: Reading) -> tuple[Earlier, ...]:
    """The person's last requisitions that differ in payee, amount or purpose, the newest first."""
    found: dict[tuple[str, int, str], Earlier] = {}
    for row in reading.execute(_OWN_WHOLE, {"me": reading.actor.person_id}):
        key = (folded(row.payee), row.amount, folded(row.purpose))
        if key in found:
            continue
        day = row.created_at.astimezone(ZoneInfo(row.timezone)).date()
        found[key] = Earlier(row.id, row.number, Money(row.amount, row.currency), row.payee, row.purpose, day)
        if len(found) == EARLIER:
            break
    return tuple(found.values())
