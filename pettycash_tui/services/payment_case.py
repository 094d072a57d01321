"""What an officer reads before paying: the payment, every reason against it, who approved it, what its fund lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import STEP_DECISIONS, PaymentStatus, TrailAction
from pettycash_tui.models.money import Money
from pettycash_tui.services import payment_facts, payment_views
from pettycash_tui.services.payment_views import PaymentExplanation, PaymentView
from pettycash_tui.services.refs import PersonRef, person, person_columns
from pettycash_tui.services.work import Reading

_P, _R, _A = t.payment.c, t.requisition.c, t.approval_trail.c
_BY = t.user.alias("by")
_APPROVALS = (
    select(_A.action, _A.timestamp, _A.user_id.label("by_id"), *person_columns(_BY, "by"))
    .join_from(t.payment, t.approval_trail, (_A.requisition_id == _P.requisition_id) & (_A.revision == _P.revision))
    .join(_BY, _BY.c.id == _A.user_id)
    .where(_P.id == bindparam("payment"), _A.action.in_([*STEP_DECISIONS]))
    .order_by(_A.timestamp, _A.id)
)
_BEFORE = select(func.count().label("counted"), func.coalesce(func.sum(_P.amount), 0).label("summed")).where(
    _P.fund_id == bindparam("fund"),
    _P.status == PaymentStatus.PENDING,
    _P.is_held.is_(False),
    _P.created_at <= bindparam("made"),
    or_(_P.created_at < bindparam("made"), _P.id < bindparam("payment", type_=_P.id.type)),
)


@dataclass(frozen=True, slots=True)
class Approval:
    """Who decided in favour, and when."""

    action: TrailAction
    by: PersonRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Shortage:
    """What a fund lacks for a payment that waits, and what waits in it since before."""

    missing: Money
    before: int
    before_amount: Money


@dataclass(frozen=True, slots=True)
class PaymentCase:
    """A payment and whether this person may pay it now, of one moment. `shortage`: only of one that waits."""

    payment: PaymentView
    explanation: PaymentExplanation
    approvals: tuple[Approval, ...]
    shortage: Shortage | None


def show(reading: Reading, ref: str | UUID) -> PaymentCase:
    """The case of a payment, as if its code was about to be typed. Raises NotFound."""
    payment = payment_views.show(reading, ref)
    facts = payment_facts.read(reading, payment.id)
    against = payment_facts.reasons_against(facts, reading.actor.id, reading.now, code_offered=True)
    reasons = [*reading.actor.without_app, *against]
    rows = reading.execute(_APPROVALS, {"payment": payment.id})
    return PaymentCase(
        payment=payment,
        explanation=PaymentExplanation(payment.number, not reasons, tuple(reasons)),
        approvals=tuple(Approval(row.action, person(row, "by"), row.timestamp) for row in rows),
        shortage=_shortage(reading, payment),
    )


def _shortage(reading: Reading, payment: PaymentView) -> Shortage | None:
    if payment.held or payment.status is not PaymentStatus.PENDING:
        return None
    row: Any = reading.execute(
        _BEFORE, {"fund": payment.fund.id, "made": payment.created_at, "payment": payment.id}
    ).one()
    missing = max(0, payment.amount.minor - payment.fund_available.minor)
    currency = payment.currency
    return Shortage(Money(missing, currency), row.counted, Money(int(row.summed), currency))
