"""Whether funds are what their cash books and payments make them: of all of them at once, or one for who asks.

A balance is the opening balance and every entry after it; each entry follows from the one before; a hold is the sum of
the payments that still wait. The database keeps all of it, so what is wrong here was done around its rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, true

from pettycash_tui.database import isolation
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntrySource, EntryType, PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import imprest, rule_check
from pettycash_tui.services.findings import Finding, Severity, has_errors
from pettycash_tui.services.imprest import ImprestIdentity
from pettycash_tui.services.work import Reading

_EXECUTED = (PaymentStatus.SUCCESS, PaymentStatus.RECONCILED)
_F, _L, _P = t.treasury_fund.c, t.ledger_entry.c, t.payment.c
_MOVED = case((_L.entry_type == EntryType.DEBIT, -_L.amount), else_=_L.amount)


@dataclass(frozen=True, slots=True)
class FundVerified:
    """A fund, its cash book and its holds at one moment.

    `balance` is what the fund says it has; `opening_balance` and `moved` are entry 1 and the sum of the entries after
    it. `held` is what the fund says it holds; `payments_held` and `open_payments` are the payments that hold it.
    """

    fund: str
    fund_id: UUID
    ok: bool
    entries: int
    opening_balance: Money
    moved: Money
    balance: Money
    open_payments: int
    payments_held: Money
    held: Money
    imprest: ImprestIdentity
    findings: tuple[Finding, ...]


def verify(reading: Reading, ref: str | UUID) -> FundVerified:
    """Check one fund whose ledger the actor may read. Raises NotFound, NotAllowed.

    A difference from the float has its causes and is no mistake of the books: it is in `imprest`.
    """
    isolation.of_one_moment(reading.connection)
    identity = imprest.identity(reading, ref)
    fund_id, currency = identity.fund_id, identity.cash.currency
    is_opening = (_L.sequence == 1) & (_L.source_type == EntrySource.OPENING)
    book: Any = reading.execute(
        select(
            func.count().label("entries"),
            func.coalesce(func.sum(case((is_opening, _MOVED), else_=0)), 0).label("opening"),
            func.coalesce(func.sum(case((is_opening, 0), else_=_MOVED)), 0).label("moved"),
        ).where(_L.fund_id == fund_id)
    ).one()
    holding: Any = reading.execute(
        select(func.count().label("payments"), func.coalesce(func.sum(_P.amount), 0).label("amount")).where(
            _P.fund_id == fund_id, _P.is_held.is_(True)
        )
    ).one()
    held = reading.execute(select(_F.held_amount).where(_F.id == fund_id)).scalar_one()
    found = (*funds(reading, fund_id), *entries(reading, fund_id), *payments(reading, fund_id))
    return FundVerified(
        fund=identity.fund,
        fund_id=fund_id,
        ok=not has_errors(found),
        entries=book.entries,
        opening_balance=Money(int(book.opening), currency),
        moved=Money(int(book.moved), currency),
        balance=identity.cash,
        open_payments=holding.payments,
        payments_held=Money(int(holding.amount), currency),
        held=Money(held, currency),
        imprest=identity,
        findings=found,
    )


def _of(column: Any, fund_id: UUID | None) -> ColumnElement[bool]:
    return true() if fund_id is None else column == fund_id


def _command(fund: str, fund_id: UUID | None) -> str:
    """Who looks at all funds goes to the one that is wrong, and from there to the books of before."""
    return f"pettycash fund verify {fund}" if fund_id is None else rule_check.RESTORING


def _wrong(code: str, message: str, command: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, command)


def funds(reading: Reading, fund_id: UUID | None = None) -> Iterator[Finding]:
    """Funds that do not stand where their ledger ends, or hold another amount than their payments."""
    mine = _L.fund_id == _F.id
    last = select(_L.balance_after).where(mine).order_by(_L.sequence.desc()).limit(1).scalar_subquery()
    total = select(func.coalesce(func.sum(_MOVED), 0)).where(mine).scalar_subquery()
    count = select(func.count()).where(mine).scalar_subquery()
    held = (
        select(func.coalesce(func.sum(_P.amount), 0)).where(_P.fund_id == _F.id, _P.is_held.is_(True)).scalar_subquery()
    )
    rows = reading.execute(
        select(
            t.company.c.code.label("company"),
            _F.code,
            _F.currency,
            _F.current_balance,
            _F.ledger_sequence,
            _F.held_amount,
            last.label("last"),
            total.label("total"),
            count.label("entries"),
            held.label("held"),
        )
        .join_from(t.treasury_fund, t.company, t.company.c.id == _F.company_id)
        .where(_of(_F.id, fund_id))
        .order_by(t.company.c.code, _F.code)
    )
    for row in rows.all():
        who = f"{row.company}: the fund {row.code}"
        command = _command(row.code, fund_id)

        def money(minor: Any, currency: str = row.currency) -> Money:
            return Money(int(minor or 0), currency)

        if row.current_balance != (row.last or 0):
            message = f"{who} has {money(row.current_balance)}, and its ledger ends at {money(row.last)}."
            yield _wrong("balance", message, command)
        if row.current_balance != row.total:
            message = f"{who} has {money(row.current_balance)}, and its entries add up to {money(row.total)}."
            yield _wrong("ledger_sum", message, command)
        if row.ledger_sequence != row.entries:
            message = f"{who} counts {row.ledger_sequence} entries, and {row.entries} are there."
            yield _wrong("ledger_gap", message, command)
        if row.held_amount != row.held:
            message = f"{who} holds {money(row.held_amount)}, and its payments hold {money(row.held)}."
            yield _wrong("hold", message, command)


def entries(reading: Reading, fund_id: UUID | None = None) -> Iterator[Finding]:
    """The first entry of each ledger that does not follow from the one before it: another sequence or balance."""
    before = func.lag(_L.balance_after).over(partition_by=_L.fund_id, order_by=_L.sequence)
    place = func.row_number().over(partition_by=_L.fund_id, order_by=_L.sequence)
    walked = select(
        _L.fund_id,
        _L.sequence,
        _L.balance_after,
        _MOVED.label("moved"),
        func.coalesce(before, 0).label("before"),
        place.label("place"),
    ).where(_of(_L.fund_id, fund_id))
    w = walked.subquery().c
    broken = (w.before + w.moved != w.balance_after) | (w.place != w.sequence)
    first = (
        select(w.fund_id, func.min(w.sequence).label("sequence"), func.count().label("many"))
        .where(broken)
        .group_by(w.fund_id)
        .subquery()
    )
    rows = reading.execute(
        select(_F.code, first.c.sequence, first.c.many).join(first, first.c.fund_id == _F.id).order_by(_F.code)
    )
    for row in rows.all():
        more = f" ({row.many} entries in all)" if row.many > 1 else ""
        message = f"In the ledger of {row.code}, entry {row.sequence} does not follow from the one before it{more}."
        yield _wrong("ledger_entry", message, _command(row.code, fund_id))


def payments(reading: Reading, fund_id: UUID | None = None) -> Iterator[Finding]:
    """Payments whose status, execution, ledger entry and hold do not go together."""
    x = t.payment_execution.c
    executed = select(x.id).where(x.payment_id == _P.id).exists()
    paid = select(_L.id).where(_L.payment_id == _P.id, _L.entry_type == EntryType.DEBIT).exists()
    is_paid = _P.status.in_(_EXECUTED)
    for code, condition, what in (
        ("payment_unwritten", is_paid & ~(executed & paid), "is paid, and its execution or ledger entry is not there"),
        ("payment_unpaid", ~is_paid & executed, "has an execution, and is not paid"),
        ("payment_held", is_paid & _P.is_held.is_(True), "is paid, and its amount is held still"),
    ):
        for number in (
            reading.execute(select(_P.number).where(condition, _of(_P.fund_id, fund_id)).order_by(_P.number))
            .scalars()
            .all()
        ):
            yield _wrong(code, f"{number} {what}.", f"pettycash pay show {number}")
