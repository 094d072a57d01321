"""Delegations: while somebody is away, one other person acts for them. Source: domain, section 2, rule 5."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import Role, StepKind
from pettycash_tui.models.people import Delegation
from pettycash_tui.services import audit, people_views
from pettycash_tui.services.delegation_views import DelegationRow, delegation_row, delegation_statement
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound, Reason, Refused
from pettycash_tui.services.inputs import Problems, clean_text, parse_day
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.permissions import ALLOWANCES, Right, kind_of
from pettycash_tui.services.visibility import of_company
from pettycash_tui.services.work import Reading, Work

REASON_LENGTH = 400
_DECIDES = frozenset({Right.APPROVE, Right.VALIDATE, Right.REVIEW})


def add(
    work: Work,
    delegate: str | UUID,
    *,
    starts_on: str | date | None = None,
    ends_on: str | date,
    reason: str = "",
    approver: str | UUID | None = None,
) -> DelegationRow:
    """Let `delegate` act for `approver` (by default the actor) from today or `starts_on` to the end of `ends_on`.

    Raises NotAllowed unless it is one's own or an admin does it, InvalidInput for days or people that cannot be,
    Refused when it would overlap another delegation.
    """
    away = people_views.find(work, approver if approver is not None else work.actor.person_id)
    if away.id != work.actor.id and not work.actor.may(Right.ADMINISTER):
        raise NotAllowed("Only an approver themselves, or an admin, may name a delegate.")
    if not ALLOWANCES[away.role].rights & _DECIDES:
        raise InvalidInput.of(approver=f"{away.username} ({away.role.label}) decides nothing that could be delegated")
    problems = Problems()
    today = work.today(_timezone(work, away.company_id))
    first = problems.attempt(lambda: parse_day("starts_on", starts_on) if starts_on else today)
    last = problems.attempt(lambda: parse_day("ends_on", ends_on))
    if first is not None and last is not None and last < first:
        problems.add("ends_on", f"must not be before the first day, {first}")
    elif last is not None and last < today:
        problems.add("ends_on", f"must not be in the past; today is {today}")
    text = problems.attempt(lambda: clean_text("reason", reason, max_length=REASON_LENGTH, required=False))
    person = problems.attempt(lambda: _delegate(work, away, delegate))
    problems.raise_if_any()
    if first is None or last is None or person is None or text is None:
        raise AssertionError("checked above")
    # Both people's rows, in one order: of two delegations made at once, the second sees the first.
    u = t.user.c
    both = select(u.id).where(u.id.in_([away.id, person.id])).order_by(u.id).with_for_update(key_share=True)
    work.execute(both).all()
    reasons = _overlaps(work, away, person, first, last)
    if reasons:
        raise Refused.because(*reasons)
    row = Delegation(
        id=new_id(),
        approver_id=away.id,
        delegate_id=person.id,
        starts_on=first,
        ends_on=last,
        reason=text,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(row)
    data = {
        "approver_id": away.id,
        "delegate": person.username,
        "delegate_id": person.id,
        "starts_on": first,
        "ends_on": last,
        "reason": text,
    }
    _record(work, away, row.id, "added", data)
    return _shown(work, row.id)


def end(work: Work, ref: str | UUID) -> DelegationRow:
    """End a delegation now, named by its id or by the username of the approver who is back.

    Raises NotFound when there is none that runs or is to come, NotAllowed unless it is one's own or an admin does it.
    """
    found_id = as_uuid(ref)
    d = t.delegation.c
    statement = delegation_statement().where(d.is_active)
    if found_id is None:
        away = people_views.find(work, ref)
        today = work.today(_timezone(work, away.company_id))
        statement = statement.where(d.approver_id == away.id, d.ends_on >= today).order_by(d.starts_on)
    else:
        statement = statement.where(d.id == found_id)
    row = work.execute(statement.limit(1)).first()
    if row is None or not work.actor.sees_company(row.company_id):
        raise NotFound(f"There is no delegation {str(ref)[:60]!r} that runs. See `pettycash user delegate`.")
    if row.approver_id != work.actor.id and not work.actor.may(Right.ADMINISTER):
        raise NotAllowed("Only the approver themselves, or an admin, may end a delegation.")
    work.execute(update(t.delegation).where(d.id == row.id).values(is_active=False, updated_at=work.now))
    away = work.execute(select(t.user).where(t.user.c.id == row.approver_id)).one()
    _record(work, away, row.id, "ended", {"delegate": row.delegate_username})
    return _shown(work, row.id)


def listing(
    reading: Reading,
    *,
    user: str | UUID | None = None,
    include_past: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Page[DelegationRow]:
    """Delegations, newest first: those that run or are to come, or all. `user` is either of the two people."""
    limit = clean_limit(limit)
    d = t.delegation.c
    statement = delegation_statement()
    if reading.actor.company_id is not None:
        approver_company = select(t.user.c.id).where(of_company(t.user.c.company_id, reading.actor))
        statement = statement.where(d.approver_id.in_(approver_company))
    if user is not None:
        found = people_views.find(reading, user)
        statement = statement.where(or_(d.approver_id == found.id, d.delegate_id == found.id))
    if not include_past:
        statement = statement.where(d.is_active, d.ends_on >= reading.now.date())
    order = (d.starts_on, d.id)
    key = decode(after, str, UUID)
    if key is not None:
        key = (parse_day("after", key[0]), key[1])
    further = behind(order, key, descending=True)
    if further is not None:
        statement = statement.where(further)
    rows = reading.execute(statement.order_by(*(c.desc() for c in order)).limit(limit + 1)).all()
    return page_of(rows, limit, delegation_row, lambda row: (row.starts_on.isoformat(), row.id))


def _delegate(work: Work, away: Row[Any], ref: str | UUID) -> Row[Any]:
    try:
        person = people_views.find(work, ref)
    except NotFound:
        raise InvalidInput.of(delegate=f"must be an active person of the company, not {str(ref)[:60]!r}") from None
    if person.id == away.id:
        raise InvalidInput.of(delegate="must be somebody else than the approver")
    if not person.is_active:
        raise InvalidInput.of(delegate=f"must be active; {person.username} is not")
    if away.company_id is not None and person.company_id not in (None, away.company_id):
        raise InvalidInput.of(delegate=f"must be of the same company as {away.username}")
    if away.company_id is None and person.company_id is not None:
        raise InvalidInput.of(delegate=f"must be a group-wide officer, like {away.username}")
    if kind_of(away.role) is StepKind.APPROVE and person.role is Role.TREASURY:
        # Otherwise treasury would stand alone between a request and the cash (domain, section 2, rule 6).
        raise InvalidInput.of(delegate=f"must not be treasury, which never approves; {person.username} is")
    return person


def _overlaps(work: Work, away: Row[Any], person: Row[Any], first: date, last: date) -> list[Reason]:
    d = t.delegation.c
    rows = work.execute(
        delegation_statement()
        .where(d.is_active, d.starts_on <= last, d.ends_on >= first)
        .where(or_(d.approver_id.in_([away.id, person.id]), d.delegate_id == away.id))
        .order_by(d.starts_on)
    ).all()
    reasons = []
    for row in rows:
        days = f"from {row.starts_on} to {row.ends_on}"
        if row.approver_id == away.id:
            code, sentence = "overlaps", f"{away.username} has the delegate {row.delegate_username} {days} already."
        elif row.approver_id == person.id:
            code, sentence = "delegate_away", f"{person.username} is away {days} and cannot act for anybody."
        else:
            code = "acts_for_another"
            sentence = f"{away.username} acts for {row.approver_username} {days}; end that delegation first."
        reasons.append(Reason(code, sentence))
    return reasons


def _timezone(reading: Reading, company_id: UUID | None) -> str:
    c = t.company.c
    return str(reading.execute(select(c.timezone).where(c.id == company_id)).scalar() or "UTC")


def _shown(work: Work, delegation_id: UUID) -> DelegationRow:
    return delegation_row(work.execute(delegation_statement().where(t.delegation.c.id == delegation_id)).one())


def _record(work: Work, away: Row[Any], delegation_id: UUID, act: str, data: dict[str, Any]) -> None:
    work.record(
        f"delegation.{act}",
        "delegation",
        delegation_id,
        away.username,
        stream=audit.company_stream(away.company_id),
        company_id=away.company_id,
        data=data,
    )
