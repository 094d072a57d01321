"""The approval policy as routing reads it: which row serves an amount. Pure but for `load`.

A row serves amounts strictly above its `min_amount`, up to and including the next `min_amount` of the same origin and
priority, so that no amount falls between two tiers. Source: domain, section 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OriginType, Role, ThresholdOrigin
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Threshold:
    """An active row of the policy. Amounts are minor units of the company's currency."""

    id: UUID
    name: str
    tier: int
    origin_type: ThresholdOrigin
    min_amount: int
    roles: tuple[Role, ...]
    allow_urgent_fasttrack: bool
    requires_cfo: bool
    priority: int


def bounds(thresholds: Iterable[Threshold]) -> dict[UUID, int | None]:
    """The greatest amount that each row serves: the next `min_amount` of its origin and priority, None for no end."""
    rows = list(thresholds)
    steps: dict[tuple[ThresholdOrigin, int], list[int]] = {}
    for row in rows:
        steps.setdefault((row.origin_type, row.priority), []).append(row.min_amount)
    return {
        row.id: min((s for s in steps[row.origin_type, row.priority] if s > row.min_amount), default=None)
        for row in rows
    }


def order(threshold: Threshold) -> tuple[int, bool, int, str]:
    """The order in which rows are asked: lowest priority first, the exact origin before ANY, then tier and name."""
    return threshold.priority, threshold.origin_type is ThresholdOrigin.ANY, threshold.tier, threshold.name


def serving(thresholds: Sequence[Threshold], origin: OriginType, amount: int) -> list[Threshold]:
    """Every row whose range holds `amount` from `origin`, the one that is chosen first."""
    most = bounds(thresholds)
    found = [
        row
        for row in thresholds
        if row.origin_type.serves(origin)
        and row.min_amount < amount
        and ((limit := most[row.id]) is None or amount <= limit)
    ]
    return sorted(found, key=order)


def choose(thresholds: Sequence[Threshold], origin: OriginType, amount: int) -> Threshold | None:
    """The row that serves `amount` from `origin`; None when no row does."""
    found = serving(thresholds, origin, amount)
    return found[0] if found else None


def threshold_of(row: Row[Any]) -> Threshold:
    """The threshold of a table row."""
    return Threshold(
        id=row.id,
        name=row.name,
        tier=row.tier,
        origin_type=row.origin_type,
        min_amount=row.min_amount,
        roles=tuple(Role(role) for role in row.roles),
        allow_urgent_fasttrack=row.allow_urgent_fasttrack,
        requires_cfo=row.requires_cfo,
        priority=row.priority,
    )


_A = t.approval_threshold.c
_ACTIVE = (
    select(
        _A.id,
        _A.name,
        _A.tier,
        _A.origin_type,
        _A.min_amount,
        _A.roles,
        _A.allow_urgent_fasttrack,
        _A.requires_cfo,
        _A.priority,
    )
    .where(_A.company_id == bindparam("company"), _A.is_active)
    .order_by(_A.priority, _A.origin_type, _A.min_amount, _A.name)
)


def load(reading: Reading, company_id: UUID) -> tuple[Threshold, ...]:
    """The company's active rows, in one query."""
    return tuple(threshold_of(row) for row in reading.execute(_ACTIVE, {"company": company_id}))
