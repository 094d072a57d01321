"""The approval policy of a company: its rows listed, set, deactivated, imported, and checked for gaps.

What a row may say is in `policy_rules`; which row serves an amount is `thresholds.choose`. Source: domain,
section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role, ThresholdOrigin
from pettycash_tui.models.money import Money
from pettycash_tui.models.requisitions import ApprovalThreshold
from pettycash_tui.services import audit, companies, coverage
from pettycash_tui.services.errors import NotFound, Reason, Refused
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.paging import Page, clean_limit, decode, encode
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.policy_rules import NAME_LENGTH, PolicyInput, read
from pettycash_tui.services.refs import Ref
from pettycash_tui.services.thresholds import Threshold, bounds, load, threshold_of
from pettycash_tui.services.work import Reading, Work


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A row of the policy. It serves amounts above `min_amount` up to and including `max_amount` (None: no end)."""

    id: UUID
    name: str
    tier: int
    origin_type: ThresholdOrigin
    min_amount: Money
    max_amount: Money | None
    roles: tuple[Role, ...]
    allow_urgent_fasttrack: bool
    requires_cfo: bool
    priority: int
    is_active: bool
    company: Ref
    currency: str
    created_at: datetime
    updated_at: datetime


def listing(
    reading: Reading,
    *,
    company: str | UUID | None = None,
    origin: ThresholdOrigin | None = None,
    search: str | None = None,
    active: bool | None = True,
    limit: int | None = None,
    after: str | None = None,
) -> Page[PolicyRow]:
    """A page of a company's policy: by priority, origin and amount. `active` None lists the deactivated ones too."""
    limit = clean_limit(limit)
    owner = companies.which(reading, company)
    rows = [
        row
        for row in _rows(reading, owner)
        if (active is None or row.is_active is active)
        and (origin is None or row.origin_type in (origin, ThresholdOrigin.ANY))
        and (search or "").strip().lower() in row.name.lower()
    ]
    # A policy is a few dozen rows and `max_amount` needs all of them, so the page is cut here and not in SQL.
    key = decode(after, int, str, int, str)
    behind = [row for row in rows if key is None or _sort_key(row) > key]
    cursor = encode(*_sort_key(behind[limit - 1])) if len(behind) > limit else None
    return Page(tuple(behind[:limit]), cursor)


def show(reading: Reading, ref: str | UUID, *, company: str | UUID | None = None) -> PolicyRow:
    """One row by its name or id."""
    owner = companies.which(reading, company)
    found = _find(reading, owner, ref)
    return next(row for row in _rows(reading, owner) if row.id == found.id)


def set_row(work: Work, name: str, given: PolicyInput, *, company: str | UUID | None = None) -> PolicyRow:
    """Create the row of that name, or change it; a deactivated one becomes active again.

    Raises InvalidInput with every refused field.
    """
    work.actor.require(Right.ADMINISTER)
    owner = companies.which(work, company)
    name = clean_text("name", name, max_length=NAME_LENGTH)
    base = _named(work, owner, name)
    threshold = read(name, given, owner.currency, threshold_of(base) if base is not None else None)
    write(work, owner, threshold, base)
    return show(work, threshold.id, company=owner.id)


def deactivate(work: Work, ref: str | UUID, *, company: str | UUID | None = None) -> PolicyRow:
    """Take a row out of the policy. Requisitions that were routed by it keep their steps."""
    work.actor.require(Right.ADMINISTER)
    owner = companies.which(work, company)
    row = _find(work, owner, ref)
    if not row.is_active:
        raise Refused.because(Reason("inactive_already", f"The policy row {row.name!r} is inactive already."))
    switch_off(work, owner, row)
    return show(work, row.id, company=owner.id)


def check(reading: Reading, company: str | UUID | None = None) -> list[Finding]:
    """Prove that the policy covers every origin from 0 up, and that somebody is there for each of its roles."""
    owner = companies.which(reading, company)
    active = load(reading, owner.id)
    return [*coverage.prove(active, owner.currency), *_roles_without_people(reading, owner.id, active)]


# --- shared with the import -------------------------------------------------------------------------------------------


def write(work: Work, owner: Row[Any], threshold: Threshold, base: Row[Any] | None) -> bool:
    """Insert or update a row of the policy; False when it was so already."""
    columns: dict[str, Any] = {
        "name": threshold.name,
        "tier": threshold.tier,
        "origin_type": threshold.origin_type,
        "min_amount": threshold.min_amount,
        "roles": [role.value for role in threshold.roles],
        "allow_urgent_fasttrack": threshold.allow_urgent_fasttrack,
        "requires_cfo": threshold.requires_cfo,
        "priority": threshold.priority,
    }
    if base is None:
        made: dict[str, Any] = {"id": threshold.id, "company_id": owner.id, "created_at": work.now, **columns}
        work.add(ApprovalThreshold(**made, updated_at=work.now))
        _record(work, owner, threshold.id, threshold.name, "added", columns)
        return True
    before = {**{name: getattr(base, name) for name in columns}, "is_active": base.is_active}
    after = {**columns, "is_active": True}
    a = t.approval_threshold.c
    work.execute(update(t.approval_threshold).where(a.id == base.id).values(**after, updated_at=work.now))
    changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    _record(work, owner, base.id, threshold.name, "edited", changed)
    return bool(changed)


def switch_off(work: Work, owner: Row[Any], row: Row[Any]) -> None:
    """Deactivate a row."""
    a = t.approval_threshold.c
    work.execute(update(t.approval_threshold).where(a.id == row.id).values(is_active=False, updated_at=work.now))
    _record(work, owner, row.id, row.name, "deactivated", {})


def stored(reading: Reading, company_id: UUID) -> dict[str, Row[Any]]:
    """Every row of a company by its name, deactivated ones too."""
    a = t.approval_threshold.c
    return {row.name: row for row in reading.execute(select(t.approval_threshold).where(a.company_id == company_id))}


def _rows(reading: Reading, owner: Row[Any]) -> list[PolicyRow]:
    rows = list(stored(reading, owner.id).values())
    most = bounds(threshold_of(row) for row in rows if row.is_active)
    company = Ref(owner.id, code=owner.code, name=owner.name)
    found = [_policy_row(row, company, owner.currency, most.get(row.id)) for row in rows]
    return sorted(found, key=_sort_key)


def _policy_row(row: Row[Any], company: Ref, currency: str, most: int | None) -> PolicyRow:
    return PolicyRow(
        id=row.id,
        name=row.name,
        tier=row.tier,
        origin_type=row.origin_type,
        min_amount=Money(row.min_amount, currency),
        max_amount=Money(most, currency) if most is not None else None,
        roles=tuple(Role(role) for role in row.roles),
        allow_urgent_fasttrack=row.allow_urgent_fasttrack,
        requires_cfo=row.requires_cfo,
        priority=row.priority,
        is_active=row.is_active,
        company=company,
        currency=currency,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _sort_key(row: PolicyRow) -> tuple[int, str, int, str]:
    return row.priority, row.origin_type.value, row.min_amount.minor, row.name


def _named(reading: Reading, owner: Row[Any], name: str) -> Row[Any] | None:
    a = t.approval_threshold.c
    exact_first = (a.name != name, a.name)
    same = or_(a.name == name, func.lower(a.name) == name.lower())
    statement = select(t.approval_threshold).where(a.company_id == owner.id, same).order_by(*exact_first)
    return reading.execute(statement.limit(1)).first()


def _find(reading: Reading, owner: Row[Any], ref: str | UUID) -> Row[Any]:
    found_id = as_uuid(ref)
    a = t.approval_threshold.c
    row = (
        reading.execute(select(t.approval_threshold).where(a.company_id == owner.id, a.id == found_id)).first()
        if found_id
        else _named(reading, owner, str(ref).strip())
    )
    if row is None:
        raise NotFound(f"There is no policy row {str(ref)[:60]!r} in {owner.code}. See `pettycash policy list`.")
    return row


def _roles_without_people(reading: Reading, company_id: UUID, active: Sequence[Threshold]) -> list[Finding]:
    u = t.user.c
    people = select(u.role).where(u.is_active, or_(u.company_id == company_id, u.company_id.is_(None))).distinct()
    there = set(reading.execute(people).scalars())
    needed = {role: row for row in reversed(active) for role in row.roles}
    if any(row.requires_cfo for row in active):
        needed.setdefault(Role.CFO, next(row for row in active if row.requires_cfo))
    return [
        Finding(
            "role_without_people",
            Severity.WARNING,
            f"The policy names {role.value} (in {row.name!r}), and nobody active has that role: others stand in.",
            f"pettycash user add USERNAME --role '{role.value}'",
        )
        for role, row in sorted(needed.items(), key=lambda item: list(Role).index(item[0]))
        if role not in there
    ]


def _record(work: Work, owner: Row[Any], row_id: UUID, name: str, act: str, data: Mapping[str, Any]) -> None:
    work.record(
        f"policy.{act}",
        "approval_threshold",
        row_id,
        name,
        stream=audit.company_stream(owner.id),
        company_id=owner.id,
        data=data,
    )
