"""The claim of a replenishment: the vouchers it gives back, summed by account and cost centre.

A claim lists what the fund paid out, and was over or short, since the living claims before it. Claims have no gaps: an
open one is rejected or completed before the next, so the last entry of the living ones says what is not yet claimed.
Source: domain, section 3, Replenishment; the imprest system.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import audit, journals, locate, replenishment_views
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, Ref
from pettycash_tui.services.work import Reading, Work

_V = t.replenishment_voucher.c
_NO_CENTER = ""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """What the fund paid out by a voucher (or was over or short by: negative when over), and who bears it."""

    sequence: int
    date: date
    voucher_number: str | None
    payment: str | None
    description: str
    account: Ref
    cost_center: Ref | None
    amount: Money


@dataclass(frozen=True, slots=True)
class ClaimTotal:
    """What the lines of one account and cost centre come to."""

    account: Ref
    cost_center: Ref | None
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Claim:
    """A replenishment with all it covers, to be signed. `total` is the sum of its lines.

    `beyond` is what is asked besides: for payments that were held, or to reach the float; below zero when less.
    """

    id: UUID
    number: str
    status: ReplenishmentStatus
    state_label: str
    company: str
    timezone: str
    fund: Ref
    custodian: str
    requested_at: datetime
    requested_by: PersonRef | None
    approved_by: PersonRef | None
    approved_at: datetime | None
    completed_by: PersonRef | None
    completed_at: datetime | None
    reference: str | None
    lines: tuple[ClaimLine, ...]
    totals: tuple[ClaimTotal, ...]
    total: Money
    requested_amount: Money
    completed_amount: Money | None
    beyond: Money


@dataclass(frozen=True, slots=True)
class Covered:
    """How many vouchers a claim lists, and what they come to."""

    count: int
    amount: Money


def show(reading: Reading, ref: str | UUID) -> Claim:
    """The claim of a replenishment. Raises NotFound; NotAllowed to who may not read ledgers."""
    reading.actor.require(Right.READ_LEDGER)
    found = locate.replenishment(reading, ref)
    view = replenishment_views.show(reading, found.id)
    c, f, u = t.company.c, t.treasury_fund.c, t.user.c
    place = reading.execute(
        select(c.name, c.timezone, u.first_name, u.last_name, u.username)
        .join_from(t.treasury_fund, t.company, c.id == f.company_id)
        .outerjoin(t.user, u.id == f.custodian_id)
        .where(f.id == found.fund_id)
    ).one()
    lines = tuple(_lines(reading, found.id))
    total = Money(sum(line.amount.minor for line in lines), found.currency)
    return Claim(
        id=view.id,
        number=view.number,
        status=view.status,
        state_label=view.state_label,
        company=place.name,
        timezone=place.timezone,
        fund=view.fund,
        custodian=f"{place.first_name or ''} {place.last_name or ''}".strip() or place.username or "",
        requested_at=view.requested_at,
        requested_by=view.requested_by,
        approved_by=view.approved_by,
        approved_at=view.approved_at,
        completed_by=view.completed_by,
        completed_at=view.completed_at,
        reference=view.reference,
        lines=lines,
        totals=summed(lines),
        total=total,
        requested_amount=view.requested_amount,
        completed_amount=view.completed_amount,
        beyond=view.requested_amount - total,
    )


def record_written(work: Work, found: Claim, *, format: str, file: str, size: int, sha256: str) -> None:
    """Note that a claim was written to a file, as every export is noted."""
    row = locate.replenishment(work, found.id)
    work.record(
        "claim.written",
        "replenishment",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data={"format": format, "file": file, "size": size, "sha256": sha256, "vouchers": len(found.lines)},
    )


def summed(lines: Iterable[ClaimLine]) -> tuple[ClaimTotal, ...]:
    """The lines summed by account and cost centre, in the order of their codes."""
    sums: dict[tuple[str, str], ClaimTotal] = {}
    for line in lines:
        key = (line.account.code or "", line.cost_center.code or "" if line.cost_center else _NO_CENTER)
        so_far = sums.get(key)
        sums[key] = ClaimTotal(
            line.account,
            line.cost_center,
            so_far.count + 1 if so_far else 1,
            so_far.amount + line.amount if so_far else line.amount,
        )
    return tuple(sums[key] for key in sorted(sums))


def covered(reading: Reading, replenishment_id: UUID, currency: str) -> Covered:
    """What a claim lists. One that was rejected says what it listed."""
    row = reading.execute(
        select(func.count().label("counted"), func.coalesce(func.sum(_V.amount), literal(0)).label("summed")).where(
            _V.replenishment_id == replenishment_id
        )
    ).one()
    return Covered(row.counted, Money(int(row.summed), currency))


def _lines(reading: Reading, replenishment_id: UUID) -> Iterator[ClaimLine]:
    rows = reading.execute(
        journals.ROWS.join(t.replenishment_voucher, _V.entry_id == t.ledger_entry.c.id)
        .where(_V.replenishment_id == replenishment_id)
        .order_by(t.ledger_entry.c.sequence)
    )
    for row in rows:
        entry: Any = journals.entry_of(row)
        amount = Money(-entry.amount.minor, entry.amount.currency) if entry.raises_fund else entry.amount
        yield ClaimLine(
            sequence=entry.sequence,
            date=entry.date,
            voucher_number=entry.voucher_number,
            payment=entry.payment,
            description=entry.description,
            account=entry.contra_account,
            cost_center=entry.cost_center,
            amount=amount,
        )
