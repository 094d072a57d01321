"""Closing and reopening the months of a company's books.

Months are closed in their order: one can be closed when every earlier month with entries is, and reopened when no later
one is closed. A month that has not begun cannot be closed. In a closed month the database takes no entry; a correction
is dated in an open one. Source: domain, section 3, Period close.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, text, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import audit, companies, visibility
from pettycash_tui.services.errors import InvalidInput, NotFound, Reason, Refused
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.paging import Page, clean_limit, decode, page_of
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns, place
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 500
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_P, _L = t.accounting_period.c, t.ledger_entry.c
_CLOSER, _REOPENER = t.user.alias("closer"), t.user.alias("reopener")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('period:' || CAST(:company AS TEXT), 0))")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month."""

    starts_on: date
    ends_on: date

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A month that was closed at least once, and how it stands now."""

    id: UUID
    period: str
    starts_on: date
    ends_on: date
    is_closed: bool
    closed_by: PersonRef | None
    closed_at: datetime
    reason: str
    reopened_by: PersonRef | None
    reopened_at: datetime | None
    reopen_reason: str
    company: Ref | None


def month_of(typed: str) -> Month:
    """The month that `YYYY-MM` names. Raises InvalidInput."""
    match = _MONTH.fullmatch(typed.strip())
    if match is None or match[1] == "0000":
        raise InvalidInput.of(period=f"must be a month such as 2026-11, not {typed.strip()[:20]!r}")
    return _month(date(int(match[1]), int(match[2]), 1))


def close(work: Work, typed: str, reason: str, *, company: str | None = None) -> PeriodView:
    """Close a month: its books take no entry any more. Raises Refused with every reason against it."""
    work.actor.require(Right.CLOSE_PERIOD)
    month = month_of(typed)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    owner = companies.which(work, company)
    _lock(work, owner.id)
    against = reasons_against_closing(work, owner, month)
    if against:
        raise Refused.because(*against)
    closed = {
        "is_closed": True,
        "closed_by_id": work.actor.person_id,
        "closed_at": work.now,
        "reason": reason,
        "updated_at": work.now,
    }
    found = _row(work, owner.id, month)
    if found is None:
        period_id = new_id()
        work.execute(
            insert(t.accounting_period).values(
                id=period_id,
                created_at=work.now,
                company_id=owner.id,
                starts_on=month.starts_on,
                ends_on=month.ends_on,
                reopen_reason="",
                **closed,
            )
        )
    else:
        period_id = found.id
        work.execute(update(t.accounting_period).where(_P.id == period_id).values(**closed))
    _record(work, owner, period_id, month, "period.closed", reason)
    return _view(work.execute(_rows().where(_P.id == period_id)).one())


def reopen(work: Work, typed: str, reason: str, *, company: str | None = None) -> PeriodView:
    """Open a closed month again. Raises Refused with every reason against it, NotFound for one never closed."""
    work.actor.require(Right.CLOSE_PERIOD)
    month = month_of(typed)
    reason = clean_text("reason", reason, max_length=REASON_LENGTH)
    owner = companies.which(work, company)
    _lock(work, owner.id)
    against = reasons_against_reopening(work, owner, month)
    if against:
        raise Refused.because(*against)
    found = _row(work, owner.id, month)
    if found is None:
        raise AssertionError("a month that was never closed is no closed one")
    work.execute(
        update(t.accounting_period)
        .where(_P.id == found.id)
        .values(
            is_closed=False,
            reopened_by_id=work.actor.person_id,
            reopened_at=work.now,
            reopen_reason=reason,
            updated_at=work.now,
        )
    )
    _record(work, owner, found.id, month, "period.reopened", reason)
    return _view(work.execute(_rows().where(_P.id == found.id)).one())


def reasons_against_closing(reading: Reading, company: Row[Any], month: Month) -> list[Reason]:
    """Every reason why a month cannot be closed now, the role's right apart."""
    from pettycash_tui.services import period_checks

    found = _row(reading, company.id, month)
    if found is not None and found.is_closed:
        who = reading.execute(select(t.user.c.username).where(t.user.c.id == found.closed_by_id)).scalar_one()
        return [Reason("period_closed", f"{month} is closed already, since {found.closed_at:%Y-%m-%d} by {who}.")]
    reasons = []
    today = reading.today(company.timezone)
    if month.starts_on > today:
        reasons.append(Reason("period_not_begun", f"{month} has not begun: it is {today} now."))
    earlier = _earlier_open(reading, company.id, month)
    if earlier is not None:
        reasons.append(
            Reason(
                "earlier_open", f"{earlier} has entries and is not closed: `pettycash period close {earlier}` first."
            )
        )
    return reasons + [
        Reason(f"{item.kind}_blocks", item.message) for item in period_checks.blocking(reading, company, month)
    ]


def reasons_against_reopening(reading: Reading, company: Row[Any], month: Month) -> list[Reason]:
    """Every reason why a month cannot be opened again now, the role's right apart."""
    found = _row(reading, company.id, month)
    if found is None or not found.is_closed:
        return [Reason("period_open", f"{month} is not closed.")]
    later = reading.execute(
        select(func.min(_P.starts_on)).where(_P.company_id == company.id, _P.is_closed, _P.starts_on > month.starts_on)
    ).scalar()
    if later is not None:
        return [
            Reason("later_closed", f"{later:%Y-%m} is closed and follows it: `pettycash period reopen {later:%Y-%m}`.")
        ]
    return []


def is_closed(reading: Reading, company_id: UUID, day: date) -> bool:
    """Whether a day lies in a closed month of the company."""
    statement = select(_P.id).where(_P.company_id == company_id, _P.is_closed, _P.starts_on <= day, _P.ends_on >= day)
    return reading.execute(statement).first() is not None


def list_periods(
    reading: Reading, *, company: str | None = None, limit: int | None = None, after: str | None = None
) -> Page[PeriodView]:
    """The months that were closed at least once, the newest first."""
    reading.actor.require(Right.READ_LEDGER)
    size = clean_limit(limit)
    statement = _rows().where(visibility.of_company(_P.company_id, reading.actor))
    if company is not None:
        statement = statement.where(_P.company_id == companies.which(reading, company).id)
    key = decode(after, str, UUID)
    if key is not None:
        first = date.fromisoformat(key[0])
        statement = statement.where((_P.starts_on < first) | ((_P.starts_on == first) & (_P.id < key[1])))
    found = reading.execute(statement.order_by(_P.starts_on.desc(), _P.id.desc()).limit(size + 1)).all()
    return page_of(found, size, _view, lambda row: (row.starts_on.isoformat(), row.id))


def show(reading: Reading, typed: str, *, company: str | None = None) -> PeriodView:
    """One month. Raises NotFound for one that was never closed."""
    reading.actor.require(Right.READ_LEDGER)
    month = month_of(typed)
    owner = companies.which(reading, company)
    row = reading.execute(_rows().where(_P.company_id == owner.id, _P.starts_on == month.starts_on)).first()
    if row is None:
        raise NotFound(f"{month} was never closed.")
    return _view(row)


def _lock(work: Work, company_id: UUID) -> None:
    # Every entry's trigger takes the same lock shared: what is in flight comes before the closing or is refused.
    if work.is_postgres:
        work.execute(_LOCK, {"company": str(company_id)})


def _earlier_open(reading: Reading, company_id: UUID, month: Month) -> str | None:
    """The first earlier month that has entries and is not closed."""
    closed = (
        select(_P.id)
        .where(_P.company_id == company_id, _P.is_closed, _P.starts_on <= _L.value_date, _P.ends_on >= _L.value_date)
        .exists()
    )
    # Fund by fund and from the day, so that the index of days ends the search at the first.
    f = t.treasury_fund.c
    days = [
        reading.execute(
            select(_L.value_date)
            .where(_L.fund_id == fund, _L.value_date < month.starts_on, ~closed)
            .order_by(_L.value_date)
            .limit(1)
        ).scalar()
        for fund in reading.execute(select(f.id).where(f.company_id == company_id)).scalars().all()
    ]
    first = min((day for day in days if day is not None), default=None)
    return f"{first:%Y-%m}" if first is not None else None


def _month(first: date) -> Month:
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1) if first.year < 9999 else date.max
    return Month(first, following - timedelta(days=1))


def _row(reading: Reading, company_id: UUID, month: Month) -> Row[Any] | None:
    return reading.execute(
        select(t.accounting_period).where(_P.company_id == company_id, _P.starts_on == month.starts_on)
    ).first()


def _rows() -> Select[Any]:
    return (
        select(
            t.accounting_period,
            t.company.c.code.label("company_code"),
            t.company.c.name.label("company_name"),
            *person_columns(_CLOSER, "closed_by"),
            *person_columns(_REOPENER, "reopened_by"),
        )
        .select_from(t.accounting_period)
        .join(t.company, t.company.c.id == _P.company_id)
        .outerjoin(_CLOSER, _CLOSER.c.id == _P.closed_by_id)
        .outerjoin(_REOPENER, _REOPENER.c.id == _P.reopened_by_id)
    )


def _view(row: Any) -> PeriodView:
    return PeriodView(
        id=row.id,
        period=f"{row.starts_on:%Y-%m}",
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        is_closed=row.is_closed,
        closed_by=person(row, "closed_by"),
        closed_at=row.closed_at,
        reason=row.reason,
        reopened_by=person(row, "reopened_by"),
        reopened_at=row.reopened_at,
        reopen_reason=row.reopen_reason,
        company=place(row, "company"),
    )


def _record(work: Work, company: Row[Any], period_id: UUID, month: Month, action: str, reason: str) -> None:
    work.record(
        action,
        "period",
        period_id,
        str(month),
        stream=audit.company_stream(company.id),
        company_id=company.id,
        data={"period": str(month), "reason": reason},
    )
