"""The months of a company's books as one goes through them: those with entries and the present one, closed or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import func, select

from pettycash_tui.models import tables as t
from pettycash_tui.services import companies, period_checks, periods
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import without_right
from pettycash_tui.services.paging import MAX_LIMIT
from pettycash_tui.services.period_checks import CheckList
from pettycash_tui.services.periods import PeriodView
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

_L, _F = t.ledger_entry.c, t.treasury_fund.c


class MonthState(StrEnum):
    """Whether entries may be dated in a month."""

    OPEN = "open"
    REOPENED = "reopened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month; `period` is `2026-03`, `closing` its row once it was closed. `is_running`: it has not ended."""

    period: str
    state: MonthState
    is_running: bool
    closing: PeriodView | None

    @property
    def id(self) -> str:
        """What tells it from the other months of its company."""
        return self.period


@dataclass(frozen=True, slots=True)
class MonthCase:
    """A month with what is not settled in it, and every reason against closing or reopening it."""

    month: MonthRow
    checks: CheckList
    against_closing: tuple[Reason, ...]
    against_reopening: tuple[Reason, ...]


def months(reading: Reading) -> tuple[MonthRow, ...]:
    """All months from the present one back to the first entry, of the actor's company. Raises NotAllowed."""
    reading.actor.require(Right.READ_LEDGER)
    company = companies.which(reading, None)
    first = reading.execute(
        select(func.min(_L.value_date))
        .join_from(t.treasury_fund, t.ledger_entry, _L.fund_id == _F.id)
        .where(_F.company_id == company.id)
    ).scalar()
    today = reading.today(company.timezone)
    known = {view.period: view for view in _closed_once(reading, company.code)}
    return tuple(_row(period, today, known.get(period)) for period in _back_from(today, min(first or today, today)))


def case(reading: Reading, period: str) -> MonthCase:
    """A month with its closing check-list. Raises InvalidInput for what is no month."""
    company = companies.which(reading, None)
    month = periods.month_of(period)
    found = next((view for view in _closed_once(reading, company.code) if view.period == str(month)), None)
    not_allowed = tuple(without_right(reading, Right.CLOSE_PERIOD))
    return MonthCase(
        month=_row(str(month), reading.today(company.timezone), found),
        checks=period_checks.checklist(reading, period),
        against_closing=(*not_allowed, *periods.reasons_against_closing(reading, company, month)),
        against_reopening=(*not_allowed, *periods.reasons_against_reopening(reading, company, month)),
    )


def _closed_once(reading: Reading, company: str) -> list[PeriodView]:
    found: list[PeriodView] = []
    after = None
    while True:
        page = periods.list_periods(reading, company=company, limit=MAX_LIMIT, after=after)
        found += page.items
        after = page.next
        if after is None:
            return found


def _row(period: str, today: date, closing: PeriodView | None) -> MonthRow:
    state = MonthState.OPEN
    if closing is not None:
        state = MonthState.CLOSED if closing.is_closed else MonthState.REOPENED
    return MonthRow(period, state, period == f"{today:%Y-%m}", closing)


def _back_from(last: date, first: date) -> list[str]:
    newest, oldest = last.year * 12 + last.month - 1, first.year * 12 + first.month - 1
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in range(newest, oldest - 1, -1)]
