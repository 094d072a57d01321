"""The branch, region, department, cost centre, category and fund that a requisition names or defaults to.

For a branch (field) origin the branch (region) defaults to the requester's, for every origin the department does; a
branch implies its region; head office has neither. Fund: the branch's, else the region's, else the company's.
Source: domain, section 2, input rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, and_, bindparam, or_, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import OriginType
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Place:
    """An origin with its branch and region."""

    origin: OriginType
    branch_id: UUID | None
    region_id: UUID | None


_F, _CAT = t.treasury_fund.c, t.category.c
_TABLES = {
    "branch": t.branch,
    "region": t.region,
    "department": t.department,
    "cost_center": t.cost_center,
    "category": t.category,
}
_COMMANDS = {
    "branch": "pettycash org branch add",
    "region": "pettycash org region add",
    "department": "pettycash org department add",
    "cost_center": "pettycash org cost-center add",
    "category": "pettycash category add",
}
# Built once: making these anew for each requisition took longer than running them.
_OF_COMPANY = {
    name: select(table).where(table.c.company_id == bindparam("company"), table.c.is_active)
    for name, table in _TABLES.items()
}
_BY_ID = {name: _OF_COMPANY[name].where(table.c.id == bindparam("named")) for name, table in _TABLES.items()}
_BY_CODE = {
    name: _OF_COMPANY[name].where(table.c.code.in_(bindparam("codes", expanding=True)))
    for name, table in _TABLES.items()
}
_DEFAULT_CATEGORY = select(_CAT.id).where(_CAT.company_id == bindparam("company"), _CAT.is_default, _CAT.is_active)
# `= NULL` is never true, so a place without a branch or region is served by no branch's or region's fund.
_SERVING = select(_F.id, _F.code, _F.currency, _F.is_active, _F.branch_id, _F.region_id).where(
    _F.company_id == bindparam("company"),
    _F.is_active,
    or_(
        _F.branch_id == bindparam("branch"),
        and_(_F.branch_id.is_(None), _F.region_id == bindparam("region")),
        and_(_F.branch_id.is_(None), _F.region_id.is_(None)),
    ),
)


class PlaceFinder:
    """Looks up what a requisition names, inside one company."""

    def __init__(self, reading: Reading, company_id: UUID | None, company_code: str | None) -> None:
        self.reading = reading
        self.company = self._company(company_id, company_code)

    def _company(self, company_id: UUID | None, code: str | None) -> Row[Any]:
        c, actor = t.company.c, self.reading.actor
        statement = select(c.id, c.code, c.currency, c.timezone).where(of_company(c.id, actor), c.is_active)
        if company_id is not None:
            statement = statement.where(c.id == company_id)
        elif code is not None:
            statement = statement.where(c.code == code.strip().upper())
        rows = self.reading.execute(statement.limit(2)).all()
        if len(rows) == 1:
            row: Row[Any] = rows[0]
            return row
        if rows:
            raise InvalidInput.of(company="must be named, because you act for several companies")
        raise InvalidInput.of(company=f"must be an active company's code, not {code!r}")

    def place(self, origin: OriginType, branch: str | None, region: str | None, base: Row[Any] | None) -> Place:
        """The place of a requisition. Raises InvalidInput naming `branch` or `region`."""
        actor = self.reading.actor
        if origin is OriginType.HQ:
            for name, typed in (("branch", branch), ("region", region)):
                if typed:
                    raise InvalidInput.of(**{name: "must be left out when the origin is hq"})
            return Place(origin, None, None)
        if origin is OriginType.BRANCH:
            default = base.branch_id if base is not None and base.branch_id else actor.branch_id
            row = self._row(t.branch, "branch", branch, default)
            if row is None:
                raise InvalidInput.of(
                    branch=f"is missing; a branch origin needs one; {self._known(t.branch, 'branch')}"
                )
            if region and (named := self._row(t.region, "region", region, None)) and named.id != row.region_id:
                raise InvalidInput.of(region=f"must be the region of branch {row.code}, or left out")
            return Place(origin, row.id, row.region_id)
        default = base.region_id if base is not None and base.region_id else actor.region_id
        row = self._row(t.region, "region", region, default)
        if row is None:
            raise InvalidInput.of(region=f"is missing; a field origin needs one; {self._known(t.region, 'region')}")
        if branch:
            raise InvalidInput.of(branch="must be left out when the origin is field")
        return Place(origin, None, row.id)

    def department(self, typed: str | None, base: Row[Any] | None) -> UUID | None:
        """The department: as typed, else as it was, else the requester's."""
        return self._optional(t.department, "department", typed, base, self.reading.actor.department_id)

    def cost_center(self, typed: str | None, base: Row[Any] | None) -> UUID | None:
        """The cost centre: as typed, else as it was, else the requester's."""
        return self._optional(t.cost_center, "cost_center", typed, base, self.reading.actor.cost_center_id)

    def category(self, typed: str | None, base: Row[Any] | None) -> UUID:
        """The category: as typed, else as it was, else the company's default."""
        if typed:
            row = self._row(t.category, "category", typed, None)
        elif base is not None:
            return UUID(str(base.category_id))
        else:
            row = self.reading.execute(_DEFAULT_CATEGORY, {"company": self.company.id}).first()
        if row is None:
            raise InvalidInput.of(category="is missing; the company has no default category")
        return UUID(str(row.id))

    def fund(self, typed: str | None, place: Place, base: Row[Any] | None, given: Any) -> Row[Any]:
        """The fund that pays: as typed, else as it was while the place stays, else the nearest to the place."""
        f = t.treasury_fund.c
        columns = select(f.id, f.code, f.currency, f.is_active).where(f.company_id == self.company.id)
        moved = any(value is not None for value in (given.origin, given.branch, given.region))
        if typed:
            found_id = as_uuid(typed)
            row = self.reading.execute(
                columns.where(f.id == found_id if found_id else f.code == typed.strip().upper())
            ).first()
            if row is None:
                raise InvalidInput.of(fund=f"{_quote(typed)} is not a fund of {self.company.code}; see `fund list`")
        elif base is not None and not moved:
            row = self.reading.execute(columns.where(f.id == base.fund_id)).one()
        else:
            row = self._nearest(place)
        if not row.is_active:
            raise InvalidInput.of(fund=f"{row.code} is not active; choose another, see `fund list`")
        return row

    def _nearest(self, place: Place) -> Row[Any]:
        rows = self.reading.execute(
            _SERVING, {"company": self.company.id, "branch": place.branch_id, "region": place.region_id}
        ).all()
        if not rows:
            raise InvalidInput.of(
                fund=f"is missing; {self.company.code} has no active fund for this origin; an admin opens one with "
                "`pettycash fund add`"
            )
        nearest: Row[Any] = min(rows, key=lambda row: 0 if row.branch_id else 1 if row.region_id else 2)
        return nearest

    def _optional(
        self, table: Table, name: str, typed: str | None, base: Row[Any] | None, default: UUID | None
    ) -> UUID | None:
        if typed == "":
            return None
        if typed is None:
            return getattr(base, f"{name}_id") if base is not None else default
        row = self._row(table, name, typed, None)
        return row.id if row else None

    def _row(self, table: Table, name: str, typed: str | None, default: UUID | None) -> Row[Any] | None:
        if not typed and default is None:
            return None
        found_id = as_uuid(typed) if typed else default
        if found_id:
            row = self.reading.execute(_BY_ID[name], {"company": self.company.id, "named": found_id}).first()
        else:
            code = str(typed).strip()
            # Category codes are words in lower case: `general`, `travel`.
            codes = [code, code.lower(), code.upper()] if name == "category" else [code.upper()]
            row = self.reading.execute(_BY_CODE[name], {"company": self.company.id, "codes": codes}).first()
        if row is None:
            raise InvalidInput.of(
                **{name: self._unknown(table, name, typed) if typed else self._closed(table, default)}
            )
        return row

    def _unknown(self, table: Table, name: str, typed: str) -> str:
        words = name.replace("_", " ")
        return f"{_quote(typed)} is not an active {words} of {self.company.code}; {self._known(table, name)}"

    def _closed(self, table: Table, default: UUID | None) -> str:
        code = self.reading.execute(select(table.c.code).where(table.c.id == default)).scalar()
        return f"is missing; {code} is no longer active; {self._known(table, table.name)}"

    def _known(self, table: Table, name: str) -> str:
        """What there is to choose from, or how there comes to be something."""
        known = self.reading.execute(
            select(table.c.code)
            .where(table.c.company_id == self.company.id, table.c.is_active)
            .order_by(table.c.code)
            .limit(8)
        ).scalars()
        codes = ", ".join(known)
        return f"known: {codes}" if codes else f"there is none in use; an admin adds one with `{_COMMANDS[name]}`"


class RememberingFinder(PlaceFinder):
    """The same for many new requisitions at once: what was looked up, or refused, is not looked up again."""

    def __init__(self, reading: Reading, company_id: UUID) -> None:
        super().__init__(reading, company_id, None)
        self._remembered: dict[tuple[Any, ...], Any] = {}

    def category(self, typed: str | None, base: Row[Any] | None) -> UUID:
        """As the first time."""
        found: UUID = self._once(("category", typed), super().category, typed, base)
        return found

    def fund(self, typed: str | None, place: Place, base: Row[Any] | None, given: Any) -> Row[Any]:
        """As the first time."""
        found: Row[Any] = self._once(("fund", typed, place), super().fund, typed, place, base, given)
        return found

    def _row(self, table: Table, name: str, typed: str | None, default: UUID | None) -> Row[Any] | None:
        found: Row[Any] | None = self._once((name, typed, default), super()._row, table, name, typed, default)
        return found

    def _once(self, key: tuple[Any, ...], look: Callable[..., Any], *given: Any) -> Any:
        if key not in self._remembered:
            try:
                self._remembered[key] = look(*given)
            except InvalidInput as error:
                self._remembered[key] = error
        found = self._remembered[key]
        if isinstance(found, InvalidInput):
            raise found
        return found


def _quote(typed: str) -> str:
    return repr(typed if len(typed) <= 40 else typed[:40] + "…")
