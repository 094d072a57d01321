"""What money is spent on. One category per company is the default, for requisitions that name none.

The acts are those of `listed`: `listed.add(work, CATEGORY, {"code": "travel", "account": "5100", …})`.
Source: domain, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from pettycash_tui.models import organisation as models
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import AccountType
from pettycash_tui.services import audit
from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.inputs import clean_flag, clean_word
from pettycash_tui.services.kinds import Context, Field, Kind, named, reference
from pettycash_tui.services.organisation import name_field
from pettycash_tui.services.refs import Ref, place
from pettycash_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class CategoryDetail:
    """A category, the contra account of its payments, and the cost centre of those that name none."""

    id: UUID
    code: str
    name: str
    account: Ref | None
    cost_center: Ref | None
    is_default: bool
    company: Ref | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


def _account(context: Context, typed: str) -> UUID:
    row = named(context, t.account, "account", typed, words="account")
    if row is None:
        raise InvalidInput.of(account="is missing")
    if row.type in (AccountType.EQUITY, AccountType.INCOME):
        raise InvalidInput.of(account=f"{row.code} is {row.type.value}; money is spent on an expense or asset account")
    return UUID(str(row.id))


def _is_default(context: Context, typed: str) -> bool:
    wanted = clean_flag("is_default", typed)
    if context.base is None or wanted is context.base.is_default:
        return wanted
    if not wanted:
        raise InvalidInput.of(is_default="cannot be taken away; make another category the default")
    if not context.base.is_active:
        raise InvalidInput.of(is_default="must be an active category; activate it first")
    return True


def _check(work: Work, base: Row[Any] | None, columns: dict[str, Any]) -> None:
    if not columns.get("is_default"):
        return
    c = t.category.c
    company_id = base.company_id if base is not None else columns["company_id"]
    others = update(t.category).where(c.company_id == company_id, c.is_default)
    if base is not None:
        others = others.where(c.id != base.id)
    gone = work.execute(others.values(is_default=False, updated_at=work.now).returning(c.id, c.code)).all()
    for row in gone:
        work.record(
            "category.edited",
            "category",
            row.id,
            row.code,
            stream=audit.company_stream(company_id),
            company_id=company_id,
            data={"is_default": {"from": True, "to": False}},
        )


def _needed(row: Row[Any]) -> Reason | None:
    if not row.is_default:
        return None
    return Reason("default", f"The category {row.code} is the company's default: make another the default first.")


def _detail(row: Row[Any]) -> CategoryDetail:
    return CategoryDetail(
        id=row.id,
        code=row.code,
        name=row.name,
        account=place(row, "account"),
        cost_center=place(row, "cost_center"),
        is_default=row.is_default,
        company=place(row, "company"),
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


CATEGORY: Kind[CategoryDetail] = Kind(
    name="category",
    words="category",
    command="category",
    table=t.category,
    model=models.Category,
    fields=(
        Field("code", "code", lambda _, typed: clean_word("code", typed), required=True),
        name_field(),
        Field("account", "account_id", _account, required=True),
        reference("cost_center", t.cost_center, words="cost center"),
        Field("is_default", "is_default", _is_default),
    ),
    detail=_detail,
    related={"account": t.account, "cost_center": t.cost_center},
    check=_check,
    needed=_needed,
)
