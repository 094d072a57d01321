"""Reading transfers between funds: the list, one, and what stands against deciding on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, and_, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EntryType, TransferStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import funds, locate, transfers, visibility
from pettycash_tui.services.errors import Reason
from pettycash_tui.services.explaining import ActsExplanation, without_right
from pettycash_tui.services.funds import FundView
from pettycash_tui.services.narrowing import between, contains
from pettycash_tui.services.paging import Page, page_by_age
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns
from pettycash_tui.services.transfers import TransferAct
from pettycash_tui.services.work import Reading

_PEOPLE = ("requested_by", "approved_by", "rejected_by")
_ALIAS = {name: t.user.alias(name) for name in _PEOPLE}
_M = t.fund_transfer.c
_FROM, _TO = t.treasury_fund.alias("from_fund"), t.treasury_fund.alias("to_fund")
_OUT, _IN = t.ledger_entry.alias("paid_out"), t.ledger_entry.alias("paid_in")


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer. `from_entry` and `to_entry` are its lines in the two cash books (`HQ:12`), once it is completed."""

    id: UUID
    number: str
    from_fund: Ref
    to_fund: Ref
    amount: Money
    currency: str
    reason: str
    status: TransferStatus
    requested_by: PersonRef | None
    requested_at: datetime
    approved_by: PersonRef | None
    completed_at: datetime | None
    rejected_by: PersonRef | None
    rejected_at: datetime | None
    rejection_reason: str
    journal: str | None
    from_entry: str | None
    to_entry: str | None


TransferExplanation = ActsExplanation[TransferAct]


@dataclass(frozen=True, slots=True)
class TransferCase:
    """A transfer with its two funds and what this person may do about it, of one moment.

    The balances after it are None when it is decided.
    """

    transfer: TransferView
    from_fund: FundView
    to_fund: FundView
    explanation: TransferExplanation
    from_balance_after: Money | None
    from_available_after: Money | None
    to_balance_after: Money | None


def _rows() -> Select[Any]:
    statement = (
        select(
            t.fund_transfer,
            _FROM.c.code.label("from_code"),
            _FROM.c.name.label("from_name"),
            _TO.c.code.label("to_code"),
            _TO.c.name.label("to_name"),
            _OUT.c.sequence.label("from_sequence"),
            _OUT.c.journal,
            _IN.c.sequence.label("to_sequence"),
            *[column for name in _PEOPLE for column in person_columns(_ALIAS[name], name)],
        )
        .select_from(t.fund_transfer)
        .join(_FROM, _FROM.c.id == _M.from_fund_id)
        .join(_TO, _TO.c.id == _M.to_fund_id)
        .outerjoin(_OUT, and_(_OUT.c.transfer_id == _M.id, _OUT.c.entry_type == EntryType.DEBIT))
        .outerjoin(_IN, and_(_IN.c.transfer_id == _M.id, _IN.c.entry_type == EntryType.CREDIT))
    )
    for name, alias in _ALIAS.items():
        statement = statement.outerjoin(alias, alias.c.id == _M[f"{name}_id"])
    return statement


_ROWS = _rows()
_TO_DECIDE = (
    _ROWS.where(_M.status == TransferStatus.PENDING, _M.requested_by_id != bindparam("me"))
    .order_by(_M.created_at, _M.id)
    .limit(bindparam("most", type_=Integer()))
)


def to_decide(reading: Reading, most: int) -> tuple[TransferView, ...]:
    """The transfers that wait for the actor's decision, the oldest first; none for who may not decide."""
    if not reading.actor.may(Right.APPROVE_TRANSFER):
        return ()
    statement = _TO_DECIDE.where(visibility.transfers(reading.actor))
    return tuple(_view(row) for row in reading.execute(statement, {"me": reading.actor.id, "most": most}))


def list_transfers(
    reading: Reading,
    *,
    status: TransferStatus | None = None,
    fund: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    search: str | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[TransferView]:
    """The transfers that the actor may see, newest first or the other way round.

    `fund`: those from it and those to it.
    """
    statement = _ROWS.where(visibility.transfers(reading.actor))
    if status is not None:
        statement = statement.where(_M.status == status)
    if fund:
        found_id = locate.fund(reading, fund).id
        statement = statement.where(or_(_M.from_fund_id == found_id, _M.to_fund_id == found_id))
    statement = statement.where(*between(_M.created_at, from_date, to_date, reading))
    if search and search.strip():
        statement = statement.where(or_(contains(_M.number, search), contains(_M.reason, search)))
    return page_by_age(reading, statement, t.fund_transfer, _view, oldest_first=oldest_first, limit=limit, after=after)


def show(reading: Reading, ref: str | UUID) -> TransferView:
    """One transfer. Raises NotFound."""
    found = locate.transfer(reading, ref)
    return _view(reading.execute(_ROWS.where(_M.id == found.id)).one())


def explain(reading: Reading, ref: str | UUID) -> TransferExplanation:
    """What this person may do about a transfer now, and every reason why not. Raises NotFound."""
    return _explained(reading, locate.transfer(reading, ref))


def case_of(reading: Reading, ref: str | UUID) -> TransferCase:
    """A transfer with its funds, for who decides on it. Raises NotFound."""
    row = locate.transfer(reading, ref)
    source, target = funds.show(reading, row.from_fund_id), funds.show(reading, row.to_fund_id)
    amount, is_open = Money(row.amount, row.currency), row.status is TransferStatus.PENDING
    return TransferCase(
        transfer=show(reading, row.id),
        from_fund=source,
        to_fund=target,
        explanation=_explained(reading, row),
        from_balance_after=source.current_balance - amount if is_open else None,
        from_available_after=source.available - amount if is_open else None,
        to_balance_after=target.current_balance + amount if is_open else None,
    )


def _explained(reading: Reading, row: Any) -> TransferExplanation:
    against = {act: tuple(_reasons(reading, row, act)) for act in TransferAct}
    source, target = locate.fund(reading, row.from_fund_id), locate.fund(reading, row.to_fund_id)
    against[TransferAct.APPROVE] += tuple(transfers.reasons_of_funds(row, source, target))
    return ActsExplanation(row.number, against)


def _reasons(reading: Reading, row: Any, act: TransferAct) -> Iterator[Reason]:
    yield from without_right(reading, transfers.RIGHTS[act])
    yield from transfers.reasons_against(row, reading.actor, act)


def _view(row: Any) -> TransferView:
    return TransferView(
        id=row.id,
        number=row.number,
        from_fund=Ref(row.from_fund_id, code=row.from_code, name=row.from_name),
        to_fund=Ref(row.to_fund_id, code=row.to_code, name=row.to_name),
        amount=Money(row.amount, row.currency),
        currency=row.currency,
        reason=row.reason,
        status=row.status,
        requested_by=person(row, "requested_by"),
        requested_at=row.requested_at,
        approved_by=person(row, "approved_by"),
        completed_at=row.completed_at,
        rejected_by=person(row, "rejected_by"),
        rejected_at=row.rejected_at,
        rejection_reason=row.rejection_reason,
        journal=row.journal,
        from_entry=f"{row.from_code}:{row.from_sequence}" if row.from_sequence is not None else None,
        to_entry=f"{row.to_code}:{row.to_sequence}" if row.to_sequence is not None else None,
    )
