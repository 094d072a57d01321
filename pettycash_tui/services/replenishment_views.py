"""Reading replenishments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_REPLENISHMENTS, ReplenishmentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import funds, locate, replenishments, visibility
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import without_right
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.replenishments import ReplenishmentAct
from pettycash_tui.services.work import Reading

_PEOPLE = ("requested_by", "approved_by", "completed_by", "rejected_by")
_ALIAS = {name: t.user.alias(name) for name in _PEOPLE}
_R = t.replenishment.c


@dataclass(frozen=True, slots=True)
class ReplenishmentView:
    """A replenishment. `short_by`: how much less arrived than was asked for, when it is partly funded."""

    id: UUID
    number: str
    fund: Ref
    status: ReplenishmentStatus
    balance_snapshot: Money
    requested_amount: Money
    completed_amount: Money | None
    is_partly_funded: bool
    short_by: Money | None
    reference: str | None
    auto_triggered: bool
    reason: str
    requested_by: PersonRef | None
    requested_at: datetime
    approved_by: PersonRef | None
    approved_at: datetime | None
    completed_by: PersonRef | None
    completed_at: datetime | None
    rejected_by: PersonRef | None
    rejected_at: datetime | None
    created_at: datetime

    @property
    def state(self) -> str:
        """Its status, or `partly_funded` where less arrived than was asked for: the word that every place shows."""
        return "partly_funded" if self.is_partly_funded else self.status.value

    @property
    def state_label(self) -> str:
        """The same for people to read."""
        return "Partly funded" if self.is_partly_funded else self.status.label


@dataclass(frozen=True, slots=True)
class ReplenishmentExplanation:
    """Every reason against each thing that this person could do to a request now; it may be done where there is none.

    `step` is what the request waits for: its approval, or the money. None when it has come to its end.
    """

    number: str
    step: ReplenishmentAct | None
    against: Mapping[ReplenishmentAct, tuple[Reason, ...]]

    def allows(self, act: ReplenishmentAct) -> bool:
        """Whether this person may do it now."""
        return not self.against[act]


@dataclass(frozen=True, slots=True)
class ReplenishmentCase:
    """A request with its fund and what this person may do about it, of one moment.

    `balance_after` and `available_after`: once all that is asked for has come; None when nothing more comes.
    """

    replenishment: ReplenishmentView
    fund: FundView
    explanation: ReplenishmentExplanation
    balance_after: Money | None
    available_after: Money | None


def _rows() -> Select[Any]:
    statement = (
        select(
            t.replenishment,
            t.treasury_fund.c.code.label("fund_code"),
            t.treasury_fund.c.name.label("fund_name"),
            *[column for name in _PEOPLE for column in person_columns(_ALIAS[name], name)],
        )
        .select_from(t.replenishment)
        .join(t.treasury_fund, t.treasury_fund.c.id == _R.fund_id)
    )
    for name, alias in _ALIAS.items():
        statement = statement.outerjoin(alias, alias.c.id == _R[f"{name}_id"])
    return statement


def list_replenishments(
    reading: Reading,
    *,
    status: ReplenishmentStatus | None = None,
    fund: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[ReplenishmentView]:
    """The replenishments of the actor's company, newest first or the other way round."""
    statement = _rows().where(visibility.of_company(_R.company_id, reading.actor))
    if status is not None:
        statement = statement.where(_R.status == status)
    if fund:
        statement = statement.where(_R.fund_id == locate.fund(reading, fund).id)
    statement = statement.where(*between(_R.created_at, from_date, to_date, reading))
    if search:
        statement = statement.where(or_(*[contains(column, search) for column in (_R.number, _R.reference, _R.reason)]))
    return page_by_age(reading, statement, t.replenishment, _view, oldest_first=oldest_first, limit=limit, after=after)


def show(reading: Reading, ref: str | UUID) -> ReplenishmentView:
    """One replenishment. Raises NotFound."""
    found = locate.replenishment(reading, ref)
    return _view(reading.execute(_rows().where(_R.id == found.id)).one())


_STEPS = {
    ReplenishmentStatus.PENDING: ReplenishmentAct.APPROVE,
    ReplenishmentStatus.APPROVED: ReplenishmentAct.COMPLETE,
}


def explain(reading: Reading, ref: str | UUID) -> ReplenishmentExplanation:
    """What this person may do about a request now, and every reason why not. Raises NotFound."""
    row = locate.replenishment(reading, ref)
    return _explained(reading, row, fund_is_active=locate.fund(reading, row.fund_id).is_active)


def case(reading: Reading, ref: str | UUID) -> ReplenishmentCase:
    """A request with its fund, for who decides on it or receives its money. Raises NotFound."""
    row = locate.replenishment(reading, ref)
    view = _view(reading.execute(_rows().where(_R.id == row.id)).one())
    fund = funds.show(reading, row.fund_id)
    coming = view.requested_amount if view.status in OPEN_REPLENISHMENTS else None
    return ReplenishmentCase(
        replenishment=view,
        fund=fund,
        explanation=_explained(reading, row, fund_is_active=fund.is_active),
        balance_after=fund.current_balance + coming if coming is not None else None,
        available_after=fund.available + coming if coming is not None else None,
    )


def _explained(reading: Reading, row: Any, *, fund_is_active: bool) -> ReplenishmentExplanation:
    against = {act: tuple(_reasons(reading, row, act)) for act in ReplenishmentAct}
    if not fund_is_active:
        against[ReplenishmentAct.COMPLETE] += (replenishments.fund_inactive(row.number),)
    return ReplenishmentExplanation(row.number, _STEPS.get(row.status), against)


def _reasons(reading: Reading, row: Any, act: ReplenishmentAct) -> Iterator[Reason]:
    yield from without_right(reading, replenishments.RIGHTS[act])
    yield from replenishments.reasons_against(row, reading.actor, act)


def _view(row: Any) -> ReplenishmentView:
    short = row.requested_amount - row.completed_amount if row.completed_amount is not None else 0
    return ReplenishmentView(
        id=row.id,
        number=row.number,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        status=row.status,
        balance_snapshot=Money(row.balance_snapshot, row.currency),
        requested_amount=Money(row.requested_amount, row.currency),
        completed_amount=Money(row.completed_amount, row.currency) if row.completed_amount is not None else None,
        is_partly_funded=short > 0,
        short_by=Money(short, row.currency) if short > 0 else None,
        reference=row.reference,
        auto_triggered=row.auto_triggered,
        reason=row.reason,
        requested_by=person(row, "requested_by"),
        requested_at=row.requested_at,
        approved_by=person(row, "approved_by"),
        approved_at=row.approved_at,
        completed_by=person(row, "completed_by"),
        completed_at=row.completed_at,
        rejected_by=person(row, "rejected_by"),
        rejected_at=row.rejected_at,
        created_at=row.created_at,
    )
