"""Holding, releasing and moving a fund's money: guarded UPDATEs, never read-then-write.

Available = current balance - held. Neither falls below zero: the guard is in the statement, and the database has the
CHECK behind it. Source: domain, section 3; TigerBeetle's two-phase transfers.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, select, update

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


def lock_waiting(work: Work, fund_id: UUID) -> None:
    """Lock the payments that wait for the fund, before the fund: called by who is about to bring it money."""
    p = t.payment.c
    work.execute(select(p.id).where(_is_waiting(fund_id)).order_by(p.id).with_for_update(key_share=True)).all()


def take_up_waiting(work: Work, fund_id: UUID) -> list[str]:
    """Hold for the payments that wait, oldest first, as far as the money goes. The fund is locked by the caller.

    `lock_waiting` came before. A payment that began to wait since then, and that somebody has locked, ends this
    transaction as busy, to be tried again: waiting for it with the fund locked would be a deadlock, and leaving it out
    would leave it waiting while there is money. Returns the numbers of the payments that hold now.
    """
    p = t.payment.c
    waiting = (
        select(p.id, p.number, p.amount)
        .where(_is_waiting(fund_id))
        .order_by(p.created_at, p.id)
        .with_for_update(key_share=True, nowait=True)
    )
    taken: list[str] = []
    for row in work.execute(waiting).all():
        if place(work, fund_id, row.amount):
            work.execute(update(t.payment).where(p.id == row.id).values(is_held=True, updated_at=work.now))
            taken.append(row.number)
    return taken


def is_anybody_waiting(work: Work, fund_id: UUID) -> bool:
    """Whether a payment waits for the fund's money."""
    return work.execute(select(t.payment.c.id).where(_is_waiting(fund_id)).limit(1)).first() is not None


def _is_waiting(fund_id: UUID) -> ColumnElement[bool]:
    p = t.payment.c
    return and_(
        p.fund_id == fund_id,
        p.is_held.is_(False),
        p.status.in_([PaymentStatus.PENDING, PaymentStatus.FAILED]),
        p.retry_count < p.max_retries,
    )
