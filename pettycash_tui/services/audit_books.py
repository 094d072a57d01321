"""What must agree between the rows of the books themselves: who is paid has an execution and a sealed entry.

And what no event tells of: rows that none of them made (`audit_origins`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Select, and_, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.services import audit_origins, visibility
from pettycash_tui.services.audit import company_stream, fund_stream
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.audit_unread import told
from pettycash_tui.services.work import Reading

_P, _L, _E, _R = t.payment.c, t.ledger_entry.c, t.payment_execution.c, t.requisition.c
_SETTLED = [PaymentStatus.SUCCESS, PaymentStatus.RECONCILED]
_CLOSED = [RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN]
_PAID = [RequisitionStatus.PAID, RequisitionStatus.REVIEWED]


def disagreements(reading: Reading, since: datetime | None) -> Iterator[Problem]:
    """The first of each stream: a payment unlike its execution, its entry or its requisition; a row out of nothing."""
    seen = set()
    of_payments: Iterator[tuple[str, audit_origins.Question]] = (
        ("payments", partial(_payments, reading, since, statement, message)) for statement, message in _QUESTIONS
    )
    for of, question in chain(of_payments, audit_origins.questions(reading, since)):
        found: list[Problem] = []
        with told(reading, company_stream(reading.actor.company_id), found.append, of=f"the {of}"):
            found.extend(question())
        for problem in found:
            if problem.stream not in seen:
                seen.add(problem.stream)
                yield problem


def _payments(reading: Reading, since: datetime | None, statement: Select[Any], message: str) -> Iterator[Problem]:
    asked = statement.where(visibility.of_company(_P.company_id, reading.actor))
    if since is not None:
        asked = asked.where(_P.updated_at >= since)
    for row in reading.execute(asked.order_by(_P.fund_id).limit(100)):
        yield Problem(fund_stream(row.fund_id), 0, ProblemKind.BUSINESS_ROW, f"{row.number} {message}")


_AS_ASKED = (
    "amount",
    "currency",
    "payee",
    "method",
    "destination",
    "fund_id",
    "company_id",
    "requested_by_id",
    "revision",
)
"""What a payment has of its requisition, which does not change after it."""


def _other(columns: Any, *names: str) -> list[Any]:
    return [columns[name] != _P[name] for name in names]


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
            or_(
                *_other(_L, "amount", "fund_id", "currency", "company_id"),
                *_other(_E, "executor_id", "method", "company_id"),
                # Without an officer nobody paid it.
                _P.executor_id.is_(None),
            ),
        ),
        "has another amount, fund, method or officer than was booked",
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
                *_other(_R, *_AS_ASKED),
            )
        ),
        "does not agree with its requisition",
    ),
)
