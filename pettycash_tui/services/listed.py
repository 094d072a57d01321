"""Add, edit, list, show, deactivate, activate: one mechanism for every `Kind` of thing a company keeps lists of.

Regions, branches, departments, cost centres, positions, companies, accounts and categories differ only in their
`Kind`. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import audit, companies
from pettycash_tui.services.errors import InvalidInput, NotFound, Reason, Refused
from pettycash_tui.services.inputs import Problems
from pettycash_tui.services.kinds import Context, Given, Kind, Referrer, cleaned, same_text
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading, Work

D = TypeVar("D")


# --- reading ----------------------------------------------------------------------------------------------------------


def statement_of(kind: Kind[D]) -> Select[Any]:
    """The rows of a kind with what their details name."""
    source: Any = kind.table
    extra: list[ColumnElement[Any]] = []
    related = dict(kind.related) if kind.name == "company" else {"company": t.company, **kind.related}
    for name, table in related.items():
        joined = table.alias(f"of_{name}")
        source = source.outerjoin(joined, joined.c.id == kind.table.c[f"{name}_id"])
        extra += [joined.c.code.label(f"{name}_code"), joined.c.name.label(f"{name}_name")]
        if name == "company":
            extra.append(joined.c.currency.label("company_currency"))
    return select(kind.table, *extra).select_from(source)


def find(
    reading: Reading, kind: Kind[D], ref: str | UUID, *, company: str | UUID | None = None, lock: bool = False
) -> Row[Any]:
    """The row that was named by code (a position by title) or id. NotFound also for another company's."""
    found_id = as_uuid(ref)
    typed = str(ref).strip()
    named = kind.table.c.id == found_id if found_id else same_text(kind.key, typed)
    statement = statement_of(kind).where(named, of_company(kind.owner, reading.actor))
    if company is not None:
        statement = statement.where(kind.owner == companies.which(reading, company).id)
    if lock:
        statement = statement.with_for_update(of=kind.table)
    rows = reading.execute(statement.limit(2)).all()
    shown = f"{kind.words} {typed[:40]!r}"
    if not rows:
        raise NotFound(f"There is no {shown} that you may see. See `pettycash {kind.command} list`.")
    if len(rows) > 1:
        raise InvalidInput.of(company=f"must be named: several companies have the {shown}")
    row: Row[Any] = rows[0]
    return row


def show(reading: Reading, kind: Kind[D], ref: str | UUID, *, company: str | UUID | None = None) -> D:
    """One of a kind."""
    return kind.detail(find(reading, kind, ref, company=company))


def listing(
    reading: Reading,
    kind: Kind[D],
    *,
    company: str | UUID | None = None,
    search: str | None = None,
    active: bool | None = True,
    limit: int | None = None,
    after: str | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Page[D]:
    """A page of a kind in the order of its codes. `active` None lists the deactivated ones too."""
    limit = clean_limit(limit)
    statement = statement_of(kind).where(of_company(kind.owner, reading.actor), *where)
    if company is not None:
        statement = statement.where(kind.owner == companies.which(reading, company).id)
    if active is not None:
        statement = statement.where(kind.table.c.is_active == active)
    if search and search.strip():
        typed = search.strip()
        statement = statement.where(
            or_(*(kind.table.c[name].icontains(typed, autoescape=True) for name in kind.searched))
        )
    order = (kind.key, kind.table.c.id)
    further = behind(order, decode(after, str, UUID))
    if further is not None:
        statement = statement.where(further)
    rows = reading.execute(statement.order_by(*order).limit(limit + 1)).all()
    return page_of(rows, limit, kind.detail, lambda row: (getattr(row, kind.handle), row.id))


# --- changing ---------------------------------------------------------------------------------------------------------


def add(work: Work, kind: Kind[D], given: Given, *, company: str | UUID | None = None) -> D:
    """Add one of a kind to a company. Raises InvalidInput with every refused field."""
    work.actor.require(kind.right)
    owner = companies.which(work, company) if kind.name != "company" else None
    if owner is not None and not owner.is_active:
        raise InvalidInput.of(company=f"{owner.code} is not active")
    columns = cleaned(Context(work, owner, None, given), kind.fields)
    if owner is not None:
        columns["company_id"] = owner.id
    kind.check(work, None, columns)
    _refuse_taken(work, kind, None, columns)
    row_id = new_id()
    made = kind.model(**columns, id=row_id, created_at=work.now, updated_at=work.now)
    work.add(made)
    row = find(_unbounded(work), kind, row_id)
    # What nobody named as well: a default that is changed later is seen only where the event tells it.
    defaults = {field.column: getattr(made, field.column) for field in kind.fields}
    _record(work, kind, row, "added", {**defaults, **columns})
    return kind.detail(row)


def edit(work: Work, kind: Kind[D], ref: str | UUID, given: Given, *, company: str | UUID | None = None) -> D:
    """Change fields of one of a kind; what is None stays."""
    work.actor.require(kind.right)
    if all(value is None for value in given.values()):
        raise InvalidInput(f"Nothing to change: give at least one field of the {kind.words}.", code="nothing_to_change")
    base = find(work, kind, ref, company=company, lock=True)
    owner = companies.which(work, base.id if kind.name == "company" else base.company_id)
    columns = cleaned(Context(work, owner, base, given), kind.fields)
    kind.check(work, base, columns)
    _refuse_taken(work, kind, base, columns)
    changed = {name: value for name, value in columns.items() if getattr(base, name) != value}
    work.execute(update(kind.table).where(kind.table.c.id == base.id).values(**columns, updated_at=work.now))
    data = {name: {"from": getattr(base, name), "to": value} for name, value in changed.items()}
    row = find(work, kind, base.id)
    _record(work, kind, row, "edited", data)
    return kind.detail(row)


def deactivate(work: Work, kind: Kind[D], ref: str | UUID, *, company: str | UUID | None = None) -> D:
    """Take one of a kind out of use. Raises Refused, naming them, while active rows refer to it."""
    work.actor.require(kind.right)
    row = find(work, kind, ref, company=company, lock=True)
    shown = getattr(row, kind.handle)
    if not row.is_active:
        raise Refused.because(Reason("inactive_already", f"The {kind.words} {shown} is inactive already."))
    needed = kind.needed(row)
    reasons = [needed] if needed else []
    reasons += [reason for referrer in kind.referrers if (reason := _still_used(work, kind, row, referrer))]
    if reasons:
        raise Refused.because(*reasons)
    return _set_active(work, kind, row, active=False)


def activate(work: Work, kind: Kind[D], ref: str | UUID, *, company: str | UUID | None = None) -> D:
    """Take one of a kind into use again."""
    work.actor.require(kind.right)
    row = find(work, kind, ref, company=company, lock=True)
    if row.is_active:
        shown = getattr(row, kind.handle)
        raise Refused.because(Reason("active_already", f"The {kind.words} {shown} is active already."))
    return _set_active(work, kind, row, active=True)


def _set_active(work: Work, kind: Kind[D], row: Row[Any], *, active: bool) -> D:
    work.execute(update(kind.table).where(kind.table.c.id == row.id).values(is_active=active, updated_at=work.now))
    _record(work, kind, row, "activated" if active else "deactivated", {})
    return kind.detail(find(work, kind, row.id))


def _still_used(work: Work, kind: Kind[D], row: Row[Any], referrer: Referrer) -> Reason | None:
    c = referrer.table.c
    condition = (c[referrer.column] == row.id, c.is_active, referrer.only())
    count = work.execute(select(func.count()).select_from(referrer.table).where(*condition)).scalar_one()
    if not count:
        return None
    shown = work.execute(select(c[referrer.shown]).where(*condition).order_by(c[referrer.shown]).limit(5)).scalars()
    names = ", ".join(shown) + (" …" if count > 5 else "")
    handle = getattr(row, kind.handle)
    return Reason(
        f"used_by_{referrer.table.name}",
        f"The {kind.words} {handle} has {count} active {referrer.words} ({names}): move or deactivate them first.",
    )


def _refuse_taken(work: Work, kind: Kind[D], base: Row[Any] | None, columns: Mapping[str, Any]) -> None:
    problems = Problems()
    for name in kind.unique:
        if name not in columns:
            continue
        statement = select(kind.table.c.id).where(same_text(kind.table.c[name], str(columns[name])))
        if kind.name != "company":
            statement = statement.where(kind.table.c.company_id == (base.company_id if base else columns["company_id"]))
        if base is not None:
            statement = statement.where(kind.table.c.id != base.id)
        if work.execute(statement).first():
            problems.add(name, f"{columns[name]!r} is taken already; choose another")
    problems.raise_if_any()


def _unbounded(work: Work) -> Reading:
    # A superuser who makes another company may not read it afterwards, but is shown what was made.
    return Reading(work.connection, replace(work.actor, company_id=None), work.now)


def _record(work: Work, kind: Kind[D], row: Row[Any], act: str, data: Mapping[str, Any]) -> None:
    company_id = row.id if kind.name == "company" else row.company_id
    work.record(
        f"{kind.name}.{act}",
        kind.name,
        row.id,
        str(getattr(row, kind.handle)),
        stream=audit.company_stream(company_id),
        company_id=company_id,
        data=data,
    )
