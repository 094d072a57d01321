"""What must agree between the rows of the books themselves: who is paid has an execution and a sealed entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.services import visibility
from pettycash_tui.services.audit import fund_stream
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.work import Reading

_P, _L, _E, _R = t.payment.c, t.ledger_entry.c, t.payment_execution.c, t.requisition.c
_SETTLED = [PaymentStatus.SUCCESS, PaymentStatus.RECONCILED]
_CLOSED = [RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN]
_PAID = [RequisitionStatus.PAID, RequisitionStatus.REVIEWED]


def disagreements(reading: Reading, since: datetime | None) -> Iterator[Problem]:
    """The first payment of each fund that does not agree with its execution, its entry or its requisition."""
    found = set()
    for statement, message in _QUESTIONS:
        asked = statement.where(visibility.of_company(_P.company_id, reading.actor))
        if since is not None:
            asked = asked.where(_P.updated_at >= since)
        for row in reading.execute(asked.order_by(_P.fund_id).limit(100)):
            if row.fund_id not in found:
                found.add(row.fund_id)
                yield Problem(fund_stream(row.fund_id), 0, ProblemKind.BUSINESS_ROW, f"{row.number} {message}")


def _asked(*conditions: Any) -> Select[Any]:
    return (
        select(_P.number, _P.fund_id)
        .select_from(t.payment)
        .join(t.requisition, _R.id == _P.requisition_id)
        .outerjoin(t.ledger_entry, _L.payment_id == _P.id)
        .outerjoin(t.payment_execution, _E.payment_id == _P.id)
        .where(*conditions)
    )


_QUESTIONS = (
    (
        _asked(_P.status.in_(_SETTLED), or_(_L.id.is_(None), _E.id.is_(None))),
        "is paid and has no ledger entry or no execution",
    ),
    (
        _asked(
            _P.status.in_(_SETTLED),
            or_(_L.amount != _P.amount, _L.fund_id != _P.fund_id, _E.executor_id != _P.executor_id),
        ),
        "has another amount, fund or officer than was booked",
    ),
    (
        _asked(_P.status.not_in(_SETTLED), or_(_L.id.is_not(None), _E.id.is_not(None))),
        "is not paid, but was booked",
    ),
    (
        _asked(
            or_(
                and_(_P.status.in_(_SETTLED), _R.status.not_in(_PAID)),
                and_(_P.status.not_in(_SETTLED), _R.status.in_(_PAID)),
                and_(_P.status != PaymentStatus.CANCELLED, _R.status.in_(_CLOSED)),
                _R.amount != _P.amount,
                _R.payee != _P.payee,
            )
        ),
        "does not agree with its requisition",
    ),
)
