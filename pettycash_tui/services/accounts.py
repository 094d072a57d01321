"""The chart of accounts. Some accounts have a purpose that treasury itself posts against: one of each per company.

The acts are those of `listed`: `listed.add(work, ACCOUNT, {"code": "5100", …})`. Source: domain, sections 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from pettycash_tui.models import organisation as models
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import AccountPurpose, AccountType
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.inputs import clean_choice
from pettycash_tui.services.kinds import Context, Field, Kind, Referrer
from pettycash_tui.services.organisation import code_field, name_field
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import Ref, place
from pettycash_tui.services.work import Work

TYPES_OF: dict[AccountPurpose, frozenset[AccountType]] = {
    AccountPurpose.REPLENISHMENT_SOURCE: frozenset({AccountType.ASSET, AccountType.LIABILITY}),
    AccountPurpose.OPENING_BALANCES: frozenset({AccountType.EQUITY}),
    AccountPurpose.CASH_OVER_SHORT: frozenset({AccountType.EXPENSE, AccountType.INCOME}),
    AccountPurpose.TRANSFERS_IN_TRANSIT: frozenset({AccountType.ASSET, AccountType.LIABILITY}),
}
"""The types that an account with a purpose may have."""


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """An account of the chart."""

    id: UUID
    code: str
    name: str
    type: AccountType
    purpose: AccountPurpose | None
    company: Ref | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


def _purpose(_: Context, typed: str) -> AccountPurpose | None:
    return clean_choice("purpose", typed, AccountPurpose) if typed.strip() else None


def _check(work: Work, base: Row[Any] | None, columns: dict[str, Any]) -> None:
    kind: AccountType = columns["type"] if base is None else columns.get("type", base.type)
    purpose: AccountPurpose | None = columns.get("purpose", base.purpose if base is not None else None)
    if purpose is not None and kind not in TYPES_OF[purpose]:
        allowed = " or ".join(sorted(TYPES_OF[purpose]))
        raise InvalidInput.of(type=f"must be {allowed} for the purpose {purpose.value}")
    if base is None:
        _refuse_second(work, columns["company_id"], None, purpose)
        return
    if purpose is not base.purpose:
        if base.purpose is not None:
            raise InvalidInput.of(purpose=f"must stay {base.purpose.value}: treasury posts against this account")
        _refuse_second(work, base.company_id, base.id, purpose)
    if kind is not base.type and _is_used(work, base.id):
        raise InvalidInput.of(type=f"must stay {base.type.value}, because the account has been posted to")


def _refuse_second(work: Work, company_id: UUID, own_id: UUID | None, purpose: AccountPurpose | None) -> None:
    if purpose is None:
        return
    a = t.account.c
    statement = select(a.code).where(a.company_id == company_id, a.purpose == purpose)
    if own_id is not None:
        statement = statement.where(a.id != own_id)
    other = work.execute(statement).scalar()
    if other is not None:
        raise InvalidInput.of(purpose=f"{purpose.value} is account {other}'s already")


def _is_used(work: Work, account_id: UUID) -> bool:
    e, f = t.ledger_entry.c, t.treasury_fund.c
    posted = select(e.id).where(or_(e.account_id == account_id, e.contra_account_id == account_id)).limit(1)
    held = select(f.id).where(f.account_id == account_id).limit(1)
    return work.execute(posted).first() is not None or work.execute(held).first() is not None


def _needed(row: Row[Any]) -> Reason | None:
    if row.purpose is None:
        return None
    purpose = row.purpose.label.lower()
    return Reason("needed", f"Treasury posts against the account {row.code} ({purpose}): it cannot be deactivated.")


def _detail(row: Row[Any]) -> AccountDetail:
    return AccountDetail(
        id=row.id,
        code=row.code,
        name=row.name,
        type=row.type,
        purpose=row.purpose,
        company=place(row, "company"),
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


ACCOUNT: Kind[AccountDetail] = Kind(
    name="account",
    words="account",
    command="account",
    table=t.account,
    model=models.Account,
    fields=(
        code_field(),
        name_field(),
        Field("type", "type", lambda _, typed: clean_choice("type", typed, AccountType), required=True),
        Field("purpose", "purpose", _purpose),
    ),
    detail=_detail,
    referrers=(
        Referrer(t.category, "account_id", "categories"),
        Referrer(t.treasury_fund, "account_id", "funds"),
    ),
    check=_check,
    needed=_needed,
    right=Right.MANAGE_FUNDS,
)
