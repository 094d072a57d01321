"""`policy explain`: how the policy would route an amount from an origin, for nobody in particular or for a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import OriginType, Role
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.identity import actor_of
from pettycash_tui.services.inputs import clean_choice, parse_money
from pettycash_tui.services.places import Place, PlaceFinder
from pettycash_tui.services.requisition_explain import Explanation, explain_subject
from pettycash_tui.services.work import Reading


def explain_policy(
    reading: Reading,
    *,
    amount: str,
    origin: str,
    requester: str | None = None,
    branch: str | None = None,
    region: str | None = None,
    department: str | None = None,
    is_urgent: bool = False,
    company: str | None = None,
) -> Explanation:
    """The route of `amount` from `origin`: tier, steps with people, and why; the code that routes answers.

    Without a requester a member of staff who is nobody asks; without a branch or region the requester's is taken, or
    the company's first. Raises InvalidInput naming the field.
    """
    finder = PlaceFinder(reading, None, company)
    kind = clean_choice("origin", origin, OriginType)
    money = parse_money("amount", amount, finder.company.currency)
    person = _requester(reading, finder.company.id, requester) if requester else None
    asking = Reading(reading.connection, actor_of(person), reading.now) if person is not None else reading
    place = _place(asking, finder, kind, branch, region, person)
    if department:
        department_id = PlaceFinder(asking, finder.company.id, None).department(department, None)
    else:
        department_id = person.department_id if person is not None else None
    return explain_subject(
        reading,
        Subject(
            company_id=finder.company.id,
            requester_id=person.id if person is not None else new_id(),
            requester_role=person.role if person is not None else Role.STAFF,
            origin=kind,
            amount=money.minor,
            currency=money.currency,
            region_id=place.region_id,
            branch_id=place.branch_id,
            department_id=department_id,
            is_urgent=is_urgent,
        ),
    )


def _requester(reading: Reading, company_id: Any, username: str) -> Any:
    u = t.user.c
    row = reading.execute(
        select(t.user).where(u.username == username.strip().lower(), u.company_id == company_id)
    ).first()
    if row is None:
        raise InvalidInput.of(requester=f"{username[:40]!r} is not a person of this company")
    return row


def _place(
    asking: Reading, finder: PlaceFinder, kind: OriginType, branch: str | None, region: str | None, person: Any
) -> Place:
    finder = PlaceFinder(asking, finder.company.id, None)
    if kind is OriginType.BRANCH and not branch and (person is None or person.branch_id is None):
        branch = _first(asking, t.branch, finder.company.id)
    if kind is OriginType.FIELD and not region and (person is None or person.region_id is None):
        region = _first(asking, t.region, finder.company.id)
    return finder.place(kind, branch, region, None)


def _first(reading: Reading, table: Any, company_id: Any) -> str | None:
    return reading.execute(
        select(table.c.code).where(table.c.company_id == company_id, table.c.is_active).order_by(table.c.code).limit(1)
    ).scalar()
