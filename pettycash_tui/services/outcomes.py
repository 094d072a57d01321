"""What became of requisitions and payments that somebody still has before their eyes: who did what to them last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus, TrailAction
from pettycash_tui.services import visibility
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

_R, _A, _P, _E = t.requisition.c, t.approval_trail.c, t.payment.c, t.payment_execution.c
_ACTED = t.user.alias("acted_by")
_EXECUTOR = t.user.alias("executor")
_PAYER = t.user.alias("payer")
_NEWEST = t.approval_trail.alias("newest")
_LAST_LINE = (
    select(_NEWEST.c.id)
    .where(_NEWEST.c.requisition_id == _R.id)
    .order_by(_NEWEST.c.timestamp.desc(), _NEWEST.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_DECIDED = (
    select(_R.id, _R.status, _A.action, _A.timestamp, _A.user_id, *person_columns(_ACTED, "user"))
    .join_from(t.requisition, t.approval_trail, _A.id == _LAST_LINE)
    .outerjoin(_ACTED, _ACTED.c.id == _A.user_id)
    .where(_R.id.in_(bindparam("ids", expanding=True)))
)
_PAID = (
    select(
        _P.id,
        _P.status,
        _P.is_held,
        _P.executor_id,
        _E.executor_id.label("payer_id"),
        *person_columns(_EXECUTOR, "executor"),
        *person_columns(_PAYER, "payer"),
    )
    .outerjoin_from(t.payment, t.payment_execution, _E.payment_id == _P.id)
    .outerjoin(_EXECUTOR, _EXECUTOR.c.id == _P.executor_id)
    .outerjoin(_PAYER, _PAYER.c.id == _E.executor_id)
    .where(_P.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Decided:
    """The last thing done to a requisition; by nobody where a job did it."""

    status: RequisitionStatus
    action: TrailAction
    by: PersonRef | None
    at: datetime

    @property
    def words(self) -> str:
        """What happened, in few words: `approved by Amina Otieno`."""
        return f"{self.action.label.lower()} by {self.by.name if self.by else 'the escalation job'}"


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a payment stands now: its state, its executor, and who paid it."""

    status: PaymentStatus
    held: bool
    executor: PersonRef | None
    paid_by: PersonRef | None


def of_requisitions(reading: Reading, ids: Sequence[UUID]) -> Mapping[UUID, Decided]:
    """What was done last to requisitions that the actor may see, by id."""
    rows = reading.execute(_DECIDED.where(visibility.requisitions(reading)), {"ids": list(ids)})
    return {row.id: Decided(row.status, row.action, person(row, "user"), row.timestamp) for row in rows}


def of_payments(reading: Reading, ids: Sequence[UUID]) -> Mapping[UUID, Moved]:
    """Where payments that the actor may see stand now, by id."""
    rows = reading.execute(_PAID.where(visibility.payments(reading)), {"ids": list(ids)})
    return {row.id: Moved(row.status, row.is_held, person(row, "executor"), person(row, "payer")) for row in rows}
