"""Reading variances: the list, one, what stands against deciding on it, and how they go from month to month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, case, extract, func, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import VarianceStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import funds, locate, variances, visibility
from pettycash_tui.services.companies import timezone_of
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import ActsExplanation, without_right
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.inputs import clean_number
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.variances import VarianceAct
from pettycash_tui.services.work import Reading

TREND_MONTHS = 12

_PEOPLE = ("recorded_by", "approved_by", "rejected_by")
_ALIAS = {name: t.user.alias(name) for name in _PEOPLE}
_V, _P, _F, _E = t.variance.c, t.payment.c, t.treasury_fund.c, t.ledger_entry.c


@dataclass(frozen=True, slots=True)
class VarianceView:
    """A variance. `variance_amount` = adjusted - original; above zero, more was paid than booked.

    `entry` is the adjustment in the cash book (`NBI:42`), None while there is none.
    """

    id: UUID
    number: str
    payment: str
    voucher_number: str | None
    payee: str
    fund: Ref
    original_amount: Money
    adjusted_amount: Money
    variance_amount: Money
    currency: str
    reason: str
    status: VarianceStatus
    recorded_by: PersonRef | None
    recorded_at: datetime
    approved_by: PersonRef | None
    approved_at: datetime | None
    rejected_by: PersonRef | None
    rejected_at: datetime | None
    rejection_reason: str
    entry: str | None


VarianceExplanation = ActsExplanation[VarianceAct]


@dataclass(frozen=True, slots=True)
class VarianceCase:
    """A variance with its fund and what this person may do about it, of one moment.

    `balance_after` and `available_after`: once it is approved; None when it is decided.
    """

    variance: VarianceView
    fund: FundView
    explanation: VarianceExplanation
    balance_after: Money | None
    available_after: Money | None


@dataclass(frozen=True, slots=True)
class RecordingCase:
    """What somebody who is about to record a variance needs to know of the payment: what is booked, and why not."""

    number: str
    booked: Money
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class TrendRow:
    """The approved variances of a fund in a month (its first day), by the day of their entries.

    `paid_more` is what was paid beyond what was booked, `paid_less` what came back; both are positive.
    """

    month: date
    fund: Ref
    count: int
    paid_more: Money
    paid_less: Money

    @property
    def net(self) -> Money:
        """What the variances took out of the fund; below zero, what they brought."""
        return self.paid_more - self.paid_less


def _rows() -> Select[Any]:
    statement = (
        select(
            t.variance,
            _P.number.label("payment_number"),
            _P.voucher_number,
            _P.payee,
            _F.code.label("fund_code"),
            _F.name.label("fund_name"),
            _E.sequence.label("entry_sequence"),
            *[column for name in _PEOPLE for column in person_columns(_ALIAS[name], name)],
        )
        .select_from(t.variance)
        .join(t.payment, _P.id == _V.payment_id)
        .join(t.treasury_fund, _F.id == _V.fund_id)
        .outerjoin(t.ledger_entry, _E.variance_id == _V.id)
    )
    for name, alias in _ALIAS.items():
        statement = statement.outerjoin(alias, alias.c.id == _V[f"{name}_id"])
    return statement


_ROWS = _rows()
_TO_DECIDE = (
    _ROWS.where(_V.status == VarianceStatus.PENDING, _V.recorded_by_id != bindparam("me"))
    .order_by(_V.created_at, _V.id)
    .limit(bindparam("most", type_=Integer()))
)


def to_decide(reading: Reading, most: int) -> tuple[VarianceView, ...]:
    """The variances that wait for the actor's decision, the oldest first; none for who may not decide."""
    if not reading.actor.may(Right.APPROVE_VARIANCE):
        return ()
    statement = _TO_DECIDE.where(visibility.variances(reading))
    return tuple(_view(row) for row in reading.execute(statement, {"me": reading.actor.id, "most": most}))


def list_variances(
    reading: Reading,
    *,
    status: VarianceStatus | None = None,
    fund: str | None = None,
    payment: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[VarianceView]:
    """The variances that the actor may see, newest first or the other way round."""
    statement = _ROWS.where(visibility.variances(reading))
    if status is not None:
        statement = statement.where(_V.status == status)
    if fund:
        statement = statement.where(_V.fund_id == locate.fund(reading, fund).id)
    if payment:
        statement = statement.where(_V.payment_id == locate.payment_id(reading, payment))
    statement = statement.where(*between(_V.created_at, from_date, to_date, reading))
    if search and search.strip():
        columns = (_V.number, _V.reason, _P.number, _P.payee, _P.voucher_number)
        statement = statement.where(or_(*[contains(column, search) for column in columns]))
    return page_by_age(reading, statement, t.variance, _view, oldest_first=oldest_first, limit=limit, after=after)


def show(reading: Reading, ref: str | UUID) -> VarianceView:
    """One variance. Raises NotFound."""
    found = locate.variance(reading, ref)
    return _view(reading.execute(_ROWS.where(_V.id == found.id)).one())


def explain(reading: Reading, ref: str | UUID) -> VarianceExplanation:
    """What this person may do about a variance now, and every reason why not. Raises NotFound."""
    row = locate.variance(reading, ref)
    return _explained(reading, row)


def case_of(reading: Reading, ref: str | UUID) -> VarianceCase:
    """A variance with its fund, for who decides on it. Raises NotFound."""
    row = locate.variance(reading, ref)
    fund = funds.show(reading, row.fund_id)
    is_open = row.status is VarianceStatus.PENDING
    change = Money(row.variance_amount, row.currency)
    return VarianceCase(
        variance=show(reading, row.id),
        fund=fund,
        explanation=_explained(reading, row),
        balance_after=fund.current_balance - change if is_open else None,
        available_after=fund.available - change if is_open else None,
    )


def before_recording(reading: Reading, payment_ref: str | UUID) -> RecordingCase:
    """What is booked of a payment, and every reason against recording a variance of it now. Raises NotFound."""
    row = variances.booked(reading, locate.payment_id(reading, payment_ref))
    reasons = [*without_right(reading, variances.RECORDING), *variances.reasons_against_recording(row)]
    return RecordingCase(row.number, Money(row.booked, row.currency), tuple(reasons))


def trend(reading: Reading, *, fund: str | None = None, months: int = TREND_MONTHS) -> tuple[TrendRow, ...]:
    """The approved variances of each of the last months, this one included, by fund; oldest month first.

    Each fund that had one in this time has a row for every month.
    """
    months = clean_number("months", months, least=1, most=60)
    calendar = _months(reading.today(timezone_of(reading)), months)
    year, month = extract("year", _E.value_date), extract("month", _E.value_date)
    more = case((_V.variance_amount > 0, _V.variance_amount), else_=0)
    less = case((_V.variance_amount < 0, -_V.variance_amount), else_=0)
    statement = (
        select(
            year.label("year"),
            month.label("month"),
            _V.fund_id,
            _F.code,
            _F.name,
            _F.currency,
            func.count().label("number"),
            func.sum(more).label("paid_more"),
            func.sum(less).label("paid_less"),
        )
        .select_from(t.variance)
        .join(t.ledger_entry, _E.variance_id == _V.id)
        .join(t.treasury_fund, _F.id == _V.fund_id)
        .where(
            visibility.ledgers(reading.actor),
            visibility.of_company(_V.company_id, reading.actor),
            _V.status == VarianceStatus.APPROVED,
            _E.value_date >= calendar[0],
        )
        .group_by(year, month, _V.fund_id, _F.code, _F.name, _F.currency)
    )
    if fund:
        statement = statement.where(_V.fund_id == locate.fund(reading, fund).id)
    found = {(date(int(row.year), int(row.month), 1), row.fund_id): row for row in reading.execute(statement).all()}
    of_funds = {row.fund_id: row for row in found.values()}
    in_order = sorted(of_funds.values(), key=lambda row: (row.code, str(row.fund_id)))
    return tuple(_trend_row(day, row, found.get((day, row.fund_id))) for day in calendar for row in in_order)


def _trend_row(month: date, fund: Any, found: Any | None) -> TrendRow:
    return TrendRow(
        month=month,
        fund=Ref(fund.fund_id, code=fund.code, name=fund.name),
        count=int(found.number) if found is not None else 0,
        paid_more=Money(int(found.paid_more) if found is not None else 0, fund.currency),
        paid_less=Money(int(found.paid_less) if found is not None else 0, fund.currency),
    )


def _months(today: date, count: int) -> list[date]:
    last = today.year * 12 + today.month - 1
    return [date(place // 12, place % 12 + 1, 1) for place in range(last - count + 1, last + 1)]


def _explained(reading: Reading, row: Any) -> VarianceExplanation:
    against = {
        act: (*without_right(reading, variances.RIGHTS[act]), *variances.reasons_against(row, reading.actor, act))
        for act in VarianceAct
    }
    against[VarianceAct.APPROVE] += tuple(variances.reasons_of_fund(row, locate.fund(reading, row.fund_id)))
    return ActsExplanation(row.number, against)


def _view(row: Any) -> VarianceView:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return VarianceView(
        id=row.id,
        number=row.number,
        payment=row.payment_number,
        voucher_number=row.voucher_number,
        payee=row.payee,
        fund=Ref(row.fund_id, code=row.fund_code, name=row.fund_name),
        original_amount=money(row.original_amount),
        adjusted_amount=money(row.adjusted_amount),
        variance_amount=money(row.variance_amount),
        currency=row.currency,
        reason=row.reason,
        status=row.status,
        recorded_by=person(row, "recorded_by"),
        recorded_at=row.recorded_at,
        approved_by=person(row, "approved_by"),
        approved_at=row.approved_at,
        rejected_by=person(row, "rejected_by"),
        rejected_at=row.rejected_at,
        rejection_reason=row.rejection_reason,
        entry=f"{row.fund_code}:{row.entry_sequence}" if row.entry_sequence is not None else None,
    )
