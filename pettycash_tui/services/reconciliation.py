"""Marking payments reconciled, and undoing it: by somebody who did not execute them, each act a row that stays.

Writing the row moves the payment's status (trigger `ledger_reconciliation_moves_payment`). The executor is kept from
undoing as well: who may undo and wait decides when a payment is reconciled. Source: domain, section 3, Reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.books import LedgerReconciliation
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import PaymentStatus, ReconciliationAct
from pettycash_tui.services import locate, payments
from pettycash_tui.services.errors import InvalidInput, Reason, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 500
MOST = 500
"""Payments of one call."""

RIGHT = Right.RECONCILE


@dataclass(frozen=True, slots=True)
class ReconciliationState:
    """A payment after it was reconciled, or after that was undone. `entry` is its place in the cash book."""

    id: UUID
    number: str
    status: PaymentStatus
    fund: str
    entry: int


def reasons_against(row: Row[Any], actor: Actor, act: ReconciliationAct) -> list[Reason]:
    """Every reason why this person may not do that to a payment now, their role's right apart.

    `row` is one of `facts`.
    """
    reasons = []
    status = row.status.label.lower()
    if act is ReconciliationAct.RECONCILED:
        if row.status is PaymentStatus.RECONCILED:
            reasons.append(Reason("already_reconciled", f"{row.number} is reconciled already."))
        elif row.status is not PaymentStatus.SUCCESS:
            message = f"{row.number} is {status}: only a payment that was executed is reconciled."
            reasons.append(Reason("not_executed", message))
    elif row.status is not PaymentStatus.RECONCILED:
        reasons.append(Reason("not_reconciled", f"{row.number} is {status}; there is no reconciliation to undo."))
    if row.executed_by_id is not None and row.executed_by_id == actor.id:
        message = f"You executed {row.number} yourself: somebody else reconciles it, or undoes that."
        reasons.append(Reason("own_payment", message))
    return reasons


def reconcile(work: Work, refs: Sequence[str | UUID]) -> tuple[ReconciliationState, ...]:
    """Mark payments reconciled: all of them, or none. Raises Refused with the reasons of every one."""
    work.actor.require(RIGHT)
    if not refs:
        raise InvalidInput.of(payments="must name at least one payment")
    if len(refs) > MOST:
        raise InvalidInput.of(payments=f"must be at most {MOST} at a time")
    rows = facts(work, [locate.payment_id(work, ref) for ref in refs], lock=True)
    refuse(reason for row in rows for reason in reasons_against(row, work.actor, ReconciliationAct.RECONCILED))
    return tuple(_act(work, row, ReconciliationAct.RECONCILED, "") for row in rows)


def undo(work: Work, ref: str | UUID, reason: str) -> ReconciliationState:
    """Take a reconciliation back. The reason is required."""
    work.actor.require(RIGHT)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    (row,) = facts(work, [locate.payment_id(work, ref)], lock=True)
    refuse(reasons_against(row, work.actor, ReconciliationAct.UNDONE))
    return _act(work, row, ReconciliationAct.UNDONE, reason)


def facts(reading: Reading, ids: Sequence[UUID], *, lock: bool = False) -> Sequence[Row[Any]]:
    """Payments with their entry and who executed them, in the order of their ids; locked for change when asked.

    `entry_id`, `entry` and `executed_by_id` are None for one that is not executed.
    """
    p, e, x, f, r = (
        t.payment.c,
        t.ledger_entry.c,
        t.payment_execution.c,
        t.treasury_fund.c,
        t.ledger_reconciliation.c,
    )
    acts = select(func.coalesce(func.max(r.sequence), 0)).where(r.payment_id == p.id).scalar_subquery()
    if lock:
        # Before anything is read: what the other one wrote meanwhile is seen by the statement after it.
        reading.execute(select(p.id).where(p.id.in_(ids)).order_by(p.id).with_for_update(key_share=True)).all()
    return reading.execute(
        select(
            p.id,
            p.number,
            p.company_id,
            p.fund_id,
            p.status,
            p.amount,
            f.code.label("fund_code"),
            e.id.label("entry_id"),
            e.sequence.label("entry"),
            x.executor_id.label("executed_by_id"),
            acts.label("acts"),
        )
        .select_from(t.payment)
        .join(t.treasury_fund, f.id == p.fund_id)
        .outerjoin(t.ledger_entry, e.payment_id == p.id)
        .outerjoin(t.payment_execution, x.payment_id == p.id)
        .where(p.id.in_(ids))
        .order_by(p.id)
    ).all()


def refuse(reasons: Iterable[Reason]) -> None:
    """Raise Refused with these reasons, if there are any."""
    found = list(reasons)
    if found:
        raise Refused.because(*found)


def _act(work: Work, row: Row[Any], act: ReconciliationAct, reason: str) -> ReconciliationState:
    work.add(
        LedgerReconciliation(
            id=new_id(),
            created_at=work.now,
            company_id=row.company_id,
            payment_id=row.id,
            entry_id=row.entry_id,
            sequence=row.acts + 1,
            act=act,
            person_id=work.actor.person_id,
            reason=reason,
        )
    )
    is_done = act is ReconciliationAct.RECONCILED
    data = {"entry": row.entry_id, "sequence": row.entry, "amount": row.amount, "reason": reason}
    payments.record(work, row, "payment.reconciled" if is_done else "payment.unreconciled", data)
    status = PaymentStatus.RECONCILED if is_done else PaymentStatus.SUCCESS
    return ReconciliationState(row.id, row.number, status, row.fund_code, row.entry)
