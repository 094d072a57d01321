"""The check-list before a month is closed: what is not settled, what it comes to, and where it is settled.

Payments whose state nobody knows stand in the way of closing; everything else warns. Source: domain, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, func, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OPEN_REPLENISHMENTS, EntryType, PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import companies, imprest, periods
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading

if TYPE_CHECKING:
    from pettycash_tui.services.periods import Month

_P, _L, _F, _R = t.payment.c, t.ledger_entry.c, t.treasury_fund.c, t.replenishment.c


class Severity(StrEnum):
    """What an item means for closing."""

    BLOCKS = "blocks"
    WARNS = "warns"


class CheckKind(StrEnum):
    """What is not settled."""

    IN_DOUBT = "in_doubt"
    UNRECONCILED = "unreconciled"
    FAILED = "failed"
    VARIANCES = "variances"
    REPLENISHMENTS = "replenishments"
    IMPREST = "imprest"


@dataclass(frozen=True, slots=True)
class CheckItem:
    """Something that is not settled. `fund` is there where it concerns one fund; `command` settles or shows it."""

    kind: CheckKind
    severity: Severity
    count: int
    amount: Money
    message: str
    command: str
    fund: str | None = None


@dataclass(frozen=True, slots=True)
class CheckList:
    """All that is not settled for a month, what blocks first; empty when all is."""

    period: str
    is_closed: bool
    items: tuple[CheckItem, ...]

    @property
    def blocks(self) -> bool:
        """Whether something stands in the way of closing."""
        return any(item.severity is Severity.BLOCKS for item in self.items)

    @property
    def warns(self) -> bool:
        """Whether something should be looked at before."""
        return any(item.severity is Severity.WARNS for item in self.items)


def checklist(reading: Reading, typed: str, *, company: str | None = None) -> CheckList:
    """What is not settled for a month (`YYYY-MM`) of the actor's company, as of its last day. Raises InvalidInput."""
    reading.actor.require(Right.READ_LEDGER)
    month = periods.month_of(typed)
    owner = companies.which(reading, company)
    items = (*blocking(reading, owner, month), *_warnings(reading, owner, month))
    return CheckList(str(month), periods.is_closed(reading, owner.id, month.starts_on), items)


def blocking(reading: Reading, company: Row[Any], month: Month) -> tuple[CheckItem, ...]:
    """What stands in the way of closing: payments that were sent and have no known result."""
    made = _P.created_at < _end(company, month)
    count, amount = _sum(reading, company, _P.status.in_([PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN]), made)
    if not count:
        return ()
    message = (
        f"{_counted(count, 'payment was', 'payments were')} sent and not settled: the state has to be asked first."
    )
    item = CheckItem(CheckKind.IN_DOUBT, Severity.BLOCKS, count, amount, message, "pettycash jobs run settle-payments")
    return (item,)


def _warnings(reading: Reading, company: Row[Any], month: Month) -> Iterator[CheckItem]:
    count, amount = _unreconciled(reading, company, month)
    if count:
        message = f"{_counted(count, 'payment is', 'payments are')} not reconciled."
        yield _warning(CheckKind.UNRECONCILED, count, amount, message, "pettycash pay list --status success")
    count, amount = _sum(reading, company, _P.status == PaymentStatus.FAILED, _P.created_at < _end(company, month))
    if count:
        message = f"{_counted(count, 'payment', 'payments')} failed and neither paid nor cancelled."
        yield _warning(CheckKind.FAILED, count, amount, message, "pettycash pay list --status failed")
    yield from _variances(reading, company, month)
    row = reading.execute(
        select(func.count().label("counted"), func.sum(_R.requested_amount).label("summed")).where(
            _R.company_id == company.id,
            _R.status.in_(list(OPEN_REPLENISHMENTS)),
            _R.created_at < _end(company, month),
        )
    ).one()
    if row.counted:
        message = f"{_counted(row.counted, 'replenishment is', 'replenishments are')} open."
        yield _warning(
            CheckKind.REPLENISHMENTS, row.counted, _money(company, row.summed), message, "pettycash replenishment list"
        )
    yield from _funds(reading, company)


def _unreconciled(reading: Reading, company: Row[Any], month: Month) -> tuple[int, Money]:
    row = reading.execute(
        select(func.count().label("counted"), func.sum(_L.amount).label("summed"))
        .select_from(t.treasury_fund)
        .join(t.ledger_entry, (_L.fund_id == _F.id) & (_L.entry_type == EntryType.DEBIT))
        .join(t.payment, _P.id == _L.payment_id)
        .where(
            _F.company_id == company.id,
            _L.value_date.between(month.starts_on, month.ends_on),
            _P.status == PaymentStatus.SUCCESS,
        )
    ).one()
    return row.counted, _money(company, row.summed)


def _variances(reading: Reading, company: Row[Any], month: Month) -> Iterator[CheckItem]:
    table = t.metadata.tables.get("variance")
    if table is None:
        return
    v = table.c
    row = reading.execute(
        select(func.count().label("counted"), func.sum(v.variance_amount).label("summed")).where(
            v.company_id == company.id, v.status == "pending", v.created_at < _end(company, month)
        )
    ).one()
    if row.counted:
        message = f"{_counted(row.counted, 'variance waits', 'variances wait')} for a CFO's decision."
        yield _warning(
            CheckKind.VARIANCES,
            row.counted,
            _money(company, row.summed),
            message,
            "pettycash variance list --status pending",
        )


def _funds(reading: Reading, company: Row[Any]) -> Iterator[CheckItem]:
    found = select(t.treasury_fund).where(_F.company_id == company.id, _F.is_active).order_by(_F.code)
    for fund in reading.execute(found).all():
        identity = imprest.of_fund(reading, fund)
        if identity.holds:
            continue
        more = "more" if identity.difference.minor > 0 else "less"
        gap = Money(abs(identity.difference.minor), fund.currency)
        yield CheckItem(
            CheckKind.IMPREST,
            Severity.WARNS,
            1,
            identity.difference,
            f"Fund {fund.code} has {gap} {more} than its float of {identity.authorised}.",
            f"pettycash fund identity {fund.code}",
            fund.code,
        )


def _sum(reading: Reading, company: Row[Any], *conditions: ColumnElement[bool]) -> tuple[int, Money]:
    statement = select(func.count().label("counted"), func.sum(_P.amount).label("summed")).where(
        _P.company_id == company.id, *conditions
    )
    row = reading.execute(statement).one()
    return row.counted, _money(company, row.summed)


def _warning(kind: CheckKind, count: int, amount: Money, message: str, command: str) -> CheckItem:
    return CheckItem(kind, Severity.WARNS, count, amount, message, command)


def _money(company: Row[Any], summed: Any) -> Money:
    return Money(int(summed or 0), company.currency)


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _end(company: Row[Any], month: Month) -> datetime:
    """The moment at which the month ends where the company is."""
    following = month.ends_on + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(company.timezone))
