"""What looks asked for twice, or split to stay below a tier: told to whoever asks and decides, and never refused.

The same payee and amount within 30 days is told whoever asked for it, also to a clerk who may not open the other one:
its number, amount, payee, day, status and whose it is, and nothing of what it is for. A draft is its writer's alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OriginType, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.models.text import as_read
from pettycash_tui.services import locate, thresholds
from pettycash_tui.services.thresholds import Threshold
from pettycash_tui.services.work import Reading

DAYS = 30
"""How far apart two requests may be to be told together."""

WITHIN = timedelta(days=DAYS)

SHOWN = 3
"""Requests that one sentence names; a total is always of all."""

_GONE = [RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN]
_MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared with what was asked before. `own_id` is the requisition itself, when it is written already."""

    company_id: UUID
    requester_id: UUID
    payee: str
    amount: Money
    origin: OriginType
    moment: datetime
    own_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """Another requisition of the same payee and amount. `day` is the company's."""

    number: str
    amount: Money
    payee: str
    day: date
    status: RequisitionStatus
    requester: str

    @property
    def sentence(self) -> str:
        """What a person is told of it."""
        return (
            f"{self.number} asks for the same: {self.amount} for {self.payee}, {self.day}, by {self.requester}"
            f" ({self.status.label.lower()})."
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Requests of one person to one payee that together pass what each stays below, or all stop just short of it.

    `numbers` are the others, the newest first; `total` counts this one too; `bound` is the greatest amount of `tier`.
    """

    numbers: tuple[str, ...]
    payee: str
    total: Money
    bound: Money
    tier: int
    is_just_under: bool

    @property
    def sentence(self) -> str:
        """What a person is told of it."""
        more = len(self.numbers) - SHOWN
        others = ", ".join(self.numbers[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        if self.is_just_under:
            return (
                f"Like {others} for {self.payee} within {DAYS} days, this stays just under {self.bound},"
                f" the most of tier {self.tier}."
            )
        return (
            f"With {others} this makes {self.total} for {self.payee} within {DAYS} days: more than {self.bound},"
            f" the most of tier {self.tier}."
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What looks asked for twice, and what looks split."""

    twins: tuple[Twin, ...] = ()
    split: Split | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything as warnings."""
        return (*(twin.sentence for twin in self.twins), *((self.split.sentence,) if self.split else ()))


def find(reading: Reading, asked: Asked, policy: Sequence[Threshold] | None = None) -> Findings:
    """What was asked for within 30 days that looks like `asked`; `policy` when the caller has read it already."""
    rows = policy if policy is not None else thresholds.load(reading, asked.company_id)
    return Findings(_twins(reading, asked), _split(reading, asked, rows))


def of_requisition(reading: Reading, ref: str | UUID) -> Findings:
    """The same for a requisition that the actor may see. Raises NotFound."""
    row = locate.requisition(reading, ref)
    return find(
        reading,
        Asked(
            company_id=row.company_id,
            requester_id=row.requested_by_id,
            payee=row.payee,
            amount=Money(row.amount, row.currency),
            origin=row.origin_type,
            moment=row.submitted_at or row.created_at,
            own_id=row.id,
        ),
    )


def folded(text: str) -> str:
    """A payee's name as it is compared: capitals, spaces, width and what is not drawn make no difference."""
    return " ".join(unicodedata.normalize("NFKC", as_read(text)).casefold().split())


# -- the same again ----------------------------------------------------------------------------------------------------

_R, _U, _C = t.requisition.c, t.user.c, t.company.c
_NEAR = (
    _R.company_id == bindparam("company"),
    _R.currency == bindparam("currency"),
    _R.created_at >= bindparam("since"),
    _R.created_at <= bindparam("until"),
    _R.status.not_in(_GONE),
    _R.id != bindparam("own"),
)
_SAME_AMOUNT = (
    select(
        _R.number, _R.amount, _R.currency, _R.payee, _R.created_at, _R.status,
        _U.first_name, _U.last_name, _U.username, _C.timezone,
    )
    .join_from(t.requisition, t.user, _U.id == _R.requested_by_id)
    .join(t.company, _C.id == _R.company_id)
    .where(
        *_NEAR,
        _R.amount == bindparam("amount"),
        or_(_R.status != RequisitionStatus.DRAFT, _R.requested_by_id == bindparam("me")),
    )
    .order_by(_R.created_at.desc(), _R.id.desc())
    .limit(_MOST_ROWS)
)  # fmt: skip
_BY_REQUESTER = (
    select(_R.number, _R.amount, _R.payee, _R.origin_type)
    .where(*_NEAR, _R.requested_by_id == bindparam("requester"), _R.status != RequisitionStatus.DRAFT)
    .order_by(_R.created_at.desc(), _R.id.desc())
    .limit(_MOST_ROWS)
)


def _near(asked: Asked) -> dict[str, Any]:
    return {
        "company": asked.company_id,
        "currency": asked.amount.currency,
        "since": asked.moment - timedelta(days=DAYS),
        "until": asked.moment + timedelta(days=DAYS),
        # An id that no row has: the statement stays one.
        "own": asked.own_id or new_id(),
    }


def _twins(reading: Reading, asked: Asked) -> tuple[Twin, ...]:
    me = reading.actor.id or new_id()
    rows = reading.execute(_SAME_AMOUNT, {**_near(asked), "amount": asked.amount.minor, "me": me})
    wanted = folded(asked.payee)
    found = [row for row in rows if folded(row.payee) == wanted]
    return tuple(
        Twin(
            number=row.number,
            amount=Money(row.amount, row.currency),
            payee=row.payee,
            day=row.created_at.astimezone(ZoneInfo(row.timezone)).date(),
            status=row.status,
            requester=f"{row.first_name} {row.last_name}".strip() or row.username,
        )
        for row in found[:SHOWN]
    )


# -- split -------------------------------------------------------------------------------------------------------------


def _split(reading: Reading, asked: Asked, policy: Sequence[Threshold]) -> Split | None:
    own = thresholds.choose(policy, asked.origin, asked.amount.minor)
    if own is None:
        return None
    wanted = folded(asked.payee)
    rows = reading.execute(_BY_REQUESTER, {**_near(asked), "requester": asked.requester_id})
    others = [row for row in rows if folded(row.payee) == wanted]
    if not others:
        return None
    return _just_under(asked, own, others, policy) or _together(asked, others, policy)


def _just_under(asked: Asked, own: Threshold, others: Sequence[Any], policy: Sequence[Threshold]) -> Split | None:
    most = thresholds.bounds(policy)
    bound = most[own.id]
    if bound is None or not _is_just_under(asked.amount.minor, bound):
        return None

    def is_alike(row: Any) -> bool:
        serving = thresholds.choose(policy, row.origin_type, row.amount)
        end = most[serving.id] if serving is not None else None
        return end is not None and _is_just_under(row.amount, end)

    alike = [row for row in others if is_alike(row)]
    return _told(asked, alike, bound, own.tier, is_just_under=True) if alike else None


def _together(asked: Asked, others: Sequence[Any], policy: Sequence[Threshold]) -> Split | None:
    """The highest bound that all stay below and that their sum passes."""
    most = thresholds.bounds(policy)
    for row in sorted(policy, key=lambda row: most[row.id] or 0, reverse=True):
        bound = most[row.id]
        if bound is None or not row.origin_type.serves(asked.origin) or asked.amount.minor > bound:
            continue
        below = [other for other in others if other.amount <= bound]
        if below and asked.amount.minor + sum(other.amount for other in below) > bound:
            return _told(asked, below, bound, row.tier, is_just_under=False)
    return None


def _is_just_under(amount: int, bound: int) -> bool:
    """Whether an amount stays within a tenth under the greatest amount of its tier."""
    return bound * 9 <= amount * 10 and amount <= bound


def _told(asked: Asked, others: Sequence[Any], bound: int, tier: int, *, is_just_under: bool) -> Split:
    currency = asked.amount.currency
    return Split(
        numbers=tuple(row.number for row in others),
        payee=asked.payee,
        total=Money(asked.amount.minor + sum(row.amount for row in others), currency),
        bound=Money(bound, currency),
        tier=tier,
        is_just_under=is_just_under,
    )
