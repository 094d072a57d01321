"""Holding, releasing and moving a fund's money: guarded UPDATEs, never read-then-write.

Available = current balance - held. Neither falls below zero: the guard is in the statement, and the database has the
CHECK behind it. Source: domain, section 3; TigerBeetle's two-phase transfers.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services.work import Work

_F = t.treasury_fund.c
_HOLD = (
    update(t.treasury_fund)
    .where(
        _F.id == bindparam("fund"),
        _F.is_active,
        _F.current_balance - _F.held_amount >= bindparam("sum"),
    )
    .values(held_amount=_F.held_amount + bindparam("sum"), updated_at=bindparam("now"))
)
_RELEASE = (
    update(t.treasury_fund)
    .where(_F.id == bindparam("fund"), _F.held_amount >= bindparam("sum"))
    .values(held_amount=_F.held_amount - bindparam("sum"), updated_at=bindparam("now"))
)


def place(work: Work, fund_id: UUID, amount: int) -> bool:
    """Hold `amount` (minor units) if so much is available. Returns whether it is held now."""
    return work.execute(_HOLD, {"fund": fund_id, "sum": amount, "now": work.now}).rowcount == 1


def release(work: Work, fund_id: UUID, amount: int) -> None:
    """Give a hold back."""
    if work.execute(_RELEASE, {"fund": fund_id, "sum": amount, "now": work.now}).rowcount != 1:
        raise AssertionError("a fund holds less than one of its payments says")


def lock_fund(work: Work, fund_id: UUID) -> Row[Any]:
    """The fund's row, locked until the transaction ends."""
    return work.execute(select(t.treasury_fund).where(_F.id == fund_id).with_for_update(key_share=True)).one()


def take_up_waiting(work: Work, fund_id: UUID) -> list[str]:
    """Hold for the payments that wait, oldest first, as far as the money goes. The fund is locked by the caller.

    A payment that another transaction has locked is left to it: it places its own hold. Waiting for it here, with the
    fund locked, would be a deadlock. Returns the numbers of the payments that hold now.
    """
    p = t.payment.c
    waiting = (
        select(p.id, p.number, p.amount, p.requisition_id)
        .where(
            p.fund_id == fund_id,
            p.is_held.is_(False),
            p.status.in_([PaymentStatus.PENDING, PaymentStatus.FAILED]),
            p.retry_count < p.max_retries,
        )
        .order_by(p.created_at, p.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    taken: list[str] = []
    for row in work.execute(waiting).all():
        if place(work, fund_id, row.amount):
            work.execute(update(t.payment).where(p.id == row.id).values(is_held=True, updated_at=work.now))
            taken.append(row.number)
    return taken
