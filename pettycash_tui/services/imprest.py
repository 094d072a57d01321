"""The imprest identity: cash, vouchers not yet given back, money in transit and what was over or short are the float.

Every part is a sum of the ledger and of claims. Because claims have no gaps, only the entries behind the last living
claim are added up: the cost is theirs, whatever the length of the ledger.
Source: domain, section 3; the imprest system.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, and_, case, cast, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntrySource, EntryType, ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.errors import NotAllowed
from pettycash_tui.services.work import Reading

_F, _L, _R, _V = t.treasury_fund.c, t.ledger_entry.c, t.replenishment.c, t.replenishment_voucher.c


class CauseKind(StrEnum):
    """Why a fund does not add up to its float."""

    OPENED_BELOW = "opened_below"
    OPENED_ABOVE = "opened_above"
    SHORT_FUNDED = "short_funded"
    OVER_FUNDED = "over_funded"
    ASKED_BEYOND = "asked_beyond"
    ASKED_LESS = "asked_less"
    TRANSFERRED_IN = "transferred_in"
    TRANSFERRED_OUT = "transferred_out"


_SENTENCES = {
    CauseKind.OPENED_BELOW: "It was opened below what its target is now.",
    CauseKind.OPENED_ABOVE: "It was opened above what its target is now.",
    CauseKind.SHORT_FUNDED: "Replenishments brought less than was asked for.",
    CauseKind.OVER_FUNDED: "Replenishments brought more than was asked for.",
    CauseKind.ASKED_BEYOND: "More was asked for than the vouchers claimed, for held payments or up to target.",
    CauseKind.ASKED_LESS: "Less was asked for than the vouchers claimed.",
    CauseKind.TRANSFERRED_IN: "Money came from other funds.",
    CauseKind.TRANSFERRED_OUT: "Money went to other funds.",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of the difference: above zero when it leaves the fund with more than its float."""

    kind: CauseKind
    amount: Money
    message: str


@dataclass(frozen=True, slots=True)
class ImprestIdentity:
    """The parts of a fund's float, of one moment.

    `cash` is the balance. `vouchers`: paid out and in no approved or completed claim. `in_transit`: approved and not
    completed. `over_short`: approved variances that no such claim gave back, above zero when cash was short. `total` is
    their sum, `difference` is total - authorised; the causes add up to it.
    """

    fund: str
    fund_id: UUID
    cash: Money
    vouchers: Money
    voucher_count: int
    in_transit: Money
    over_short: Money
    total: Money
    authorised: Money
    difference: Money
    holds: bool
    causes: tuple[Cause, ...]


def identity(reading: Reading, ref: str | UUID) -> ImprestIdentity:
    """The imprest identity of a fund whose ledger the actor may read. Raises NotFound, NotAllowed."""
    found = locate.fund(reading, ref)
    readable = reading.execute(select(_F.id).where(_F.id == found.id, visibility.ledgers(reading.actor))).first()
    if readable is None:
        raise NotAllowed(f"Your role may not read the ledger of fund {found.code}. Ask somebody whose role may.")
    return of_fund(reading, found)


def of_fund(reading: Reading, fund: Row[Any]) -> ImprestIdentity:
    """The identity of a fund's row, for who has checked already that its ledger may be read."""

    def money(minor: int) -> Money:
        return Money(minor, fund.currency)

    # One statement, so that all parts are of one moment, the balance among them.
    parts: Any = reading.execute(_parts(fund.id)).one()
    total = parts.cash + parts.paid + parts.claimed + parts.in_transit
    difference = total - parts.target
    causes = _causes(reading, fund, difference, parts.target) if difference else ()
    return ImprestIdentity(
        fund=fund.code,
        fund_id=fund.id,
        cash=money(parts.cash),
        vouchers=money(parts.paid + parts.claimed - parts.over_short),
        voucher_count=parts.paid_count + parts.claimed_count,
        in_transit=money(parts.in_transit),
        over_short=money(parts.over_short),
        total=money(total),
        authorised=money(parts.target),
        difference=money(difference),
        holds=difference == 0,
        causes=causes,
    )


def _parts(fund_id: UUID) -> Any:
    """`paid`: behind the living claims; `claimed`: in the claim that waits for approval. Both with variances."""
    signed = case((_L.entry_type == EntryType.DEBIT, _L.amount), else_=-_L.amount)
    is_variance = _L.source_type == EntrySource.VARIANCE
    reached = (
        select(func.coalesce(func.max(_V.sequence), 0))
        .where(_V.fund_id == fund_id, _V.is_released.is_(False))
        .scalar_subquery()
    )
    behind = (
        select(
            func.coalesce(func.sum(signed), 0).label("paid"),
            func.coalesce(func.sum(case((is_variance, 0), else_=1)), 0).label("counted"),
            func.coalesce(func.sum(case((is_variance, signed), else_=0)), 0).label("varied"),
        )
        .where(
            _L.fund_id == fund_id,
            _L.sequence > reached,
            _L.source_type.in_([EntrySource.PAYMENT, EntrySource.VARIANCE]),
        )
        .subquery("behind")
    )
    pending = (
        select(
            func.coalesce(func.sum(_V.amount), 0).label("paid"),
            func.coalesce(func.sum(case((is_variance, 0), else_=1)), 0).label("counted"),
            func.coalesce(func.sum(case((is_variance, _V.amount), else_=0)), 0).label("varied"),
        )
        .select_from(t.replenishment)
        .join(t.replenishment_voucher, _V.replenishment_id == _R.id)
        .join(t.ledger_entry, _L.id == _V.entry_id)
        .where(_R.fund_id == fund_id, _R.status == ReplenishmentStatus.PENDING)
        .subquery("pending")
    )
    coming = (
        select(func.coalesce(func.sum(_R.requested_amount), 0))
        .where(_R.fund_id == fund_id, _R.status == ReplenishmentStatus.APPROVED)
        .scalar_subquery()
    )
    return (
        select(
            _F.current_balance.label("cash"),
            _F.target_balance.label("target"),
            _whole(behind.c.paid).label("paid"),
            _whole(behind.c.counted).label("paid_count"),
            _whole(pending.c.paid).label("claimed"),
            _whole(pending.c.counted).label("claimed_count"),
            _whole(behind.c.varied + pending.c.varied).label("over_short"),
            _whole(coming).label("in_transit"),
        )
        .select_from(t.treasury_fund)
        .join(behind, _F.id == fund_id)
        .join(pending, _F.id == fund_id)
        .where(_F.id == fund_id)
    )


def _whole(column: Any) -> Any:
    # Postgres adds BIGINTs up to a NUMERIC.
    return cast(column, BigInteger)


def _causes(reading: Reading, fund: Row[Any], difference: int, target: int) -> tuple[Cause, ...]:
    """What makes the difference. What the claims' money and their vouchers differ by is what the rest leaves."""
    opening = select(_L.amount).where(_L.fund_id == fund.id, _L.sequence == 1, _L.source_type == EntrySource.OPENING)
    opened = int(reading.execute(opening).scalar() or 0) - target
    arrived = reading.execute(
        select(
            func.coalesce(func.sum(case((_R.completed_amount < _R.requested_amount, 1), else_=0) * _gap()), 0).label(
                "short"
            ),
            func.coalesce(func.sum(case((_R.completed_amount > _R.requested_amount, 1), else_=0) * _gap()), 0).label(
                "over"
            ),
        ).where(_R.fund_id == fund.id, _R.status == ReplenishmentStatus.COMPLETED)
    ).one()
    short, over = int(arrived.short), int(arrived.over)
    moved = reading.execute(
        select(func.sum(case((_L.entry_type == EntryType.DEBIT, -_L.amount), else_=_L.amount))).where(
            and_(_L.fund_id == fund.id, _L.source_type == EntrySource.TRANSFER)
        )
    ).scalar()
    transferred = int(moved or 0)
    asked = difference - opened - short - over - transferred
    parts = (
        (CauseKind.OPENED_BELOW if opened < 0 else CauseKind.OPENED_ABOVE, opened),
        (CauseKind.SHORT_FUNDED, short),
        (CauseKind.OVER_FUNDED, over),
        (CauseKind.ASKED_BEYOND if asked > 0 else CauseKind.ASKED_LESS, asked),
        (CauseKind.TRANSFERRED_IN if transferred > 0 else CauseKind.TRANSFERRED_OUT, transferred),
    )
    return tuple(Cause(kind, Money(minor, fund.currency), _SENTENCES[kind]) for kind, minor in parts if minor)


def _gap() -> Any:
    return _R.completed_amount - _R.requested_amount
