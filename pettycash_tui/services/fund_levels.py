"""How the funds stand whose cash book a person may read: balance, holds, the levels, and how fast they spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_REPLENISHMENTS, ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import visibility
from pettycash_tui.services.burn import Spender, burns
from pettycash_tui.services.work import Reading

MOST = 200
"""Funds that are read: a desk shows them, it is no report."""

_F, _R, _C = t.treasury_fund.c, t.replenishment.c, t.company.c
_FUNDS = (
    select(
        _F.id,
        _F.code,
        _F.name,
        _F.currency,
        _F.current_balance,
        _F.held_amount,
        _F.reorder_level,
        _F.target_balance,
        _F.created_at,
        _C.timezone,
        _R.number,
        _R.status,
    )
    .select_from(t.treasury_fund)
    .join(t.company, _C.id == _F.company_id)
    .outerjoin(t.replenishment, and_(_R.fund_id == _F.id, _R.status.in_(list(OPEN_REPLENISHMENTS))))
    .where(_F.is_active)
    .order_by(_F.code, _F.id)
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class FundLevel:
    """A fund with its levels. `days_left` until the reorder level at the average burn, None where nothing is spent.

    `replenishment` is the open request to fill it up.
    """

    id: UUID
    code: str
    name: str
    currency: str
    current_balance: Money
    held_amount: Money
    available: Money
    reorder_level: Money
    target_balance: Money
    is_low: bool
    per_day: Money
    paid_out: Money
    daily: tuple[Decimal, ...]
    days_left: int | None
    replenishment: str | None
    replenishment_status: ReplenishmentStatus | None


def fund_levels(reading: Reading) -> tuple[FundLevel, ...]:
    """The active funds whose ledger the actor may read, by code; two statements, however many there are."""
    rows: Sequence[Any] = reading.execute(_FUNDS.where(visibility.ledgers(reading.actor))).all()
    spenders = []
    for found_id, _, _, currency, _, _, _, _, created_at, timezone, _, _ in rows:
        opened_on = created_at.astimezone(ZoneInfo(timezone)).date()
        spenders.append(Spender(found_id, currency, reading.today(timezone), opened_on))
    found = burns(reading, spenders)
    levels = []
    for fund_id, code, name, currency, balance, held, reorder, target, _, _, number, status in rows:
        burn = found[fund_id]
        available = Money(balance - held, currency)
        levels.append(
            FundLevel(
                id=fund_id,
                code=code,
                name=name,
                currency=currency,
                current_balance=Money(balance, currency),
                held_amount=Money(held, currency),
                available=available,
                reorder_level=Money(reorder, currency),
                target_balance=Money(target, currency),
                is_low=balance < reorder,
                per_day=burn.per_day,
                paid_out=burn.paid_out,
                daily=burn.daily,
                days_left=burn.days_until(available - Money(reorder, currency)),
                replenishment=number,
                replenishment_status=status,
            )
        )
    return tuple(levels)
