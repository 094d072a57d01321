"""What the fields of a requisition can be chosen from, and what they are when nobody chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OriginType
from pettycash_tui.services import companies
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading

MOST = 2_000
"""Choices of one field: a list to choose from by typing, not to read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: the code that a service understands, and the name that people know."""

    code: str
    name: str

    @property
    def label(self) -> str:
        """Name and code, where the code says more than the name."""
        return self.name if self.name.casefold() == self.code.casefold() else f"{self.name} ({self.code})"


@dataclass(frozen=True, slots=True)
class RequisitionChoices:
    """What a company's forms can be filled from, as far as it is active, and the defaults of a new form.

    `companies` has more than one entry only for an officer of several, who names the one that is meant; without it
    (`company` empty) there is nothing else to choose from yet.
    """

    companies: tuple[Choice, ...] = ()
    company: str = ""
    currency: str = ""
    branches: tuple[Choice, ...] = ()
    regions: tuple[Choice, ...] = ()
    departments: tuple[Choice, ...] = ()
    cost_centers: tuple[Choice, ...] = ()
    categories: tuple[Choice, ...] = ()
    funds: tuple[Choice, ...] = ()
    origin: OriginType = OriginType.HQ
    branch: str | None = None
    region: str | None = None
    department: str | None = None
    cost_center: str | None = None
    category: str | None = None


def requisition_choices(reading: Reading, company: str | None = None) -> RequisitionChoices:
    """The choices in the person's company, or in the one that is named. NotFound for one they may not see."""
    c, actor = t.company.c, reading.actor
    known = _choices(reading, t.company, of_company(c.id, actor))
    try:
        row = companies.which(reading, company)
    except InvalidInput:
        return RequisitionChoices(companies=known)
    origin = OriginType.HQ
    if actor.branch_id is not None:
        origin = OriginType.BRANCH
    elif actor.region_id is not None:
        origin = OriginType.FIELD
    f = t.treasury_fund.c
    return RequisitionChoices(
        companies=known,
        company=row.code,
        currency=row.currency,
        branches=_choices(reading, t.branch, t.branch.c.company_id == row.id),
        regions=_choices(reading, t.region, t.region.c.company_id == row.id),
        departments=_choices(reading, t.department, t.department.c.company_id == row.id),
        cost_centers=_choices(reading, t.cost_center, t.cost_center.c.company_id == row.id),
        categories=_choices(reading, t.category, t.category.c.company_id == row.id),
        funds=_choices(reading, t.treasury_fund, f.company_id == row.id),
        origin=origin,
        branch=_code(reading, t.branch, actor.branch_id),
        region=_code(reading, t.region, actor.region_id),
        department=_code(reading, t.department, actor.department_id),
        cost_center=_code(reading, t.cost_center, actor.cost_center_id),
        category=reading.execute(
            select(t.category.c.code).where(
                t.category.c.company_id == row.id, t.category.c.is_default, t.category.c.is_active
            )
        ).scalar(),
    )


def _choices(reading: Reading, table: Table, which: ColumnElement[bool]) -> tuple[Choice, ...]:
    c = table.c
    rows = reading.execute(select(c.code, c.name).where(which, c.is_active).order_by(c.name, c.code).limit(MOST))
    return tuple(Choice(row.code, row.name) for row in rows)


def _code(reading: Reading, table: Table, id: Any) -> str | None:
    if id is None:
        return None
    found: str | None = reading.execute(select(table.c.code).where(table.c.id == id, table.c.is_active)).scalar()
    return found
