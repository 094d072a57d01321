"""Companies, regions, branches, departments, cost centres and positions: what each has, and what may refer to it.

The acts are those of `listed`: `listed.add(work, BRANCH, {"code": "NBI", …})`. Source: domain, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import organisation as models
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.models.money import Money
from pettycash_tui.services.errors import InvalidInput, NotAllowed
from pettycash_tui.services.inputs import (
    clean_code,
    clean_currency,
    clean_flag,
    clean_locale,
    clean_number,
    clean_text,
    clean_timezone,
    parse_money,
)
from pettycash_tui.services.kinds import Context, Field, Kind, Referrer, reference
from pettycash_tui.services.refs import Ref, place
from pettycash_tui.services.work import Work

NAME_LENGTH = 120
ADDRESS_LENGTH = 400
HOURS_OF_A_YEAR = 8760


@dataclass(frozen=True, slots=True)
class CompanyDetail:
    """A company with its policies for codes, locks and service levels."""

    id: UUID
    code: str
    name: str
    currency: str
    timezone: str
    locale: str
    otp_threshold: Money
    sla_hours_tier1: int
    sla_hours_tier2: int
    sla_hours_tier3: int
    sla_hours_tier4: int
    otp_expiry_seconds: int
    otp_max_attempts: int
    otp_resend_seconds: int
    lock_after_failures: int
    idle_lock_minutes: int
    session_hours: int
    totp_required: bool
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class UnitDetail:
    """A region, department or cost centre."""

    id: UUID
    code: str
    name: str
    company: Ref | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BranchDetail:
    """A branch and the region it lies in."""

    id: UUID
    code: str
    name: str
    company: Ref | None
    region: Ref | None
    address: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PositionDetail:
    """A position: its title names it; level 1 is the highest."""

    id: UUID
    title: str
    level: int
    company: Ref | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


def name_field(name: str = "name") -> Field:
    """The field every kind has."""
    return Field(name, name, lambda _, typed: clean_text(name, typed, max_length=NAME_LENGTH), required=True)


def code_field() -> Field:
    """The short code by which a person names it."""
    return Field("code", "code", lambda _, typed: clean_code("code", typed), required=True)


def _number(name: str, least: int, most: int) -> Field:
    return Field(name, name, lambda _, typed: clean_number(name, typed, least=least, most=most))


def _otp_threshold(context: Context, typed: str) -> int:
    currency = context.base.currency if context.base is not None else None
    if context.given.get("currency") is not None:
        currency = clean_currency("currency", context.given["currency"])
    if currency is None:
        raise InvalidInput.of(currency="is missing")
    return parse_money("otp_threshold", typed, currency, allow_zero=True).minor


def _check_company(work: Work, base: Row[Any] | None, columns: dict[str, Any]) -> None:
    if base is None:
        if not (work.actor.is_superuser or work.actor.is_system):
            raise NotAllowed("Only a superuser may add a company. Ask one.")
        return
    if columns.get("currency", base.currency) == base.currency:
        return
    f = t.treasury_fund.c
    codes = list(work.execute(select(f.code).where(f.company_id == base.id).order_by(f.code).limit(5)).scalars())
    if codes:
        raise InvalidInput.of(
            currency=f"must stay {base.currency}, because the company has funds in it ({', '.join(codes)})"
        )
    if base.otp_threshold and "otp_threshold" not in columns:
        raise InvalidInput.of(otp_threshold=f"is missing; the one there is {Money(base.otp_threshold, base.currency)}")
    a = t.approval_threshold.c
    if work.execute(select(a.id).where(a.company_id == base.id, a.is_active, a.min_amount > 0).limit(1)).first():
        raise InvalidInput.of(
            currency=f"must stay {base.currency} while the approval policy is written in it; deactivate its rows first"
        )


def _company(row: Row[Any]) -> CompanyDetail:
    values = {name: getattr(row, name) for name in CompanyDetail.__dataclass_fields__}
    return CompanyDetail(**{**values, "otp_threshold": Money(row.otp_threshold, row.currency)})


def _unit(row: Row[Any]) -> UnitDetail:
    company = place(row, "company")
    return UnitDetail(row.id, row.code, row.name, company, row.is_active, row.created_at, row.updated_at)


def _branch(row: Row[Any]) -> BranchDetail:
    return BranchDetail(
        id=row.id,
        code=row.code,
        name=row.name,
        company=place(row, "company"),
        region=place(row, "region"),
        address=row.address,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _position(row: Row[Any]) -> PositionDetail:
    company = place(row, "company")
    return PositionDetail(row.id, row.title, row.level, company, row.is_active, row.created_at, row.updated_at)


def _people(column: str) -> Referrer:
    return Referrer(t.user, column, "people", shown="username")


def _funds(column: str) -> Referrer:
    return Referrer(t.treasury_fund, column, "funds")


COMPANY: Kind[CompanyDetail] = Kind(
    name="company",
    words="company",
    command="org company",
    table=t.company,
    model=models.Company,
    fields=(
        code_field(),
        name_field(),
        Field("currency", "currency", lambda _, typed: clean_currency("currency", typed), required=True),
        Field("timezone", "timezone", lambda _, typed: clean_timezone("timezone", typed)),
        Field("locale", "locale", lambda _, typed: clean_locale("locale", typed)),
        Field("otp_threshold", "otp_threshold", _otp_threshold),
        *(_number(f"sla_hours_tier{tier}", 1, HOURS_OF_A_YEAR) for tier in (1, 2, 3, 4)),
        _number("otp_expiry_seconds", 30, 3600),
        _number("otp_max_attempts", 1, 10),
        _number("otp_resend_seconds", 0, 3600),
        _number("lock_after_failures", 3, 100),
        _number("idle_lock_minutes", 1, 480),
        _number("session_hours", 1, 168),
        Field("totp_required", "totp_required", lambda _, typed: clean_flag("totp_required", typed)),
    ),
    detail=_company,
    unique=("code", "name"),
    referrers=(
        _funds("company_id"),
        Referrer(
            t.user, "company_id", "people besides admins", shown="username", only=lambda: t.user.c.role != Role.ADMIN
        ),
    ),
    check=_check_company,
)

REGION: Kind[UnitDetail] = Kind(
    name="region",
    words="region",
    command="org region",
    table=t.region,
    model=models.Region,
    fields=(code_field(), name_field()),
    detail=_unit,
    referrers=(Referrer(t.branch, "region_id", "branches"), _people("region_id"), _funds("region_id")),
)

BRANCH: Kind[BranchDetail] = Kind(
    name="branch",
    words="branch",
    command="org branch",
    table=t.branch,
    model=models.Branch,
    fields=(
        code_field(),
        name_field(),
        reference("region", t.region),
        Field(
            "address",
            "address",
            lambda _, typed: clean_text("address", typed, max_length=ADDRESS_LENGTH, required=False, multiline=True),
        ),
    ),
    detail=_branch,
    searched=("code", "name", "address"),
    related={"region": t.region},
    referrers=(_people("branch_id"), _funds("branch_id")),
)

DEPARTMENT: Kind[UnitDetail] = Kind(
    name="department",
    words="department",
    command="org department",
    table=t.department,
    model=models.Department,
    fields=(code_field(), name_field()),
    detail=_unit,
    referrers=(_people("department_id"),),
)

COST_CENTER: Kind[UnitDetail] = Kind(
    name="cost_center",
    words="cost centre",
    command="org cost-center",
    table=t.cost_center,
    model=models.CostCenter,
    fields=(code_field(), name_field()),
    detail=_unit,
    referrers=(_people("cost_center_id"), Referrer(t.category, "cost_center_id", "categories")),
)

POSITION: Kind[PositionDetail] = Kind(
    name="position",
    words="position",
    command="org position",
    table=t.position,
    model=models.Position,
    fields=(name_field("title"), _number("level", 1, 99)),
    detail=_position,
    handle="title",
    unique=("title",),
    searched=("title",),
    referrers=(_people("position_id"),),
)

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (COMPANY, REGION, BRANCH, DEPARTMENT, COST_CENTER, POSITION)}
"""Every kind of the organisation by its name, in the order in which one needs the other."""
