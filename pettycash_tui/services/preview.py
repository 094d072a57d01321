"""What would happen to a requisition that is being typed: its fund, tier and approvers, and what is refused so far.

The same code that writes and routes answers, so that the form cannot promise what a submission does not keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import EDITABLE, RequisitionStatus
from pettycash_tui.models.money import Money
from pettycash_tui.services import duplicates, locate, requisition_explain, thresholds
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.duplicates import Asked
from pettycash_tui.services.errors import InvalidInput, NotAllowed
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisition_steps import RouteStepView
from pettycash_tui.services.requisitions import RequisitionInput, checked_content
from pettycash_tui.services.thresholds import Threshold
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a requisition being typed.

    `available` is what the fund has after holds, `after` what is left of it after this. The tier serves amounts
    `above` one bound `up_to` another, or without end. `problems` are the refused fields, `reasons` why it could not be
    submitted, `warnings` what stops nothing, `alike` other requests that look like it.
    """

    fund: str | None = None
    available: Money | None = None
    after: Money | None = None
    amount: Money | None = None
    tier: int | None = None
    threshold: str | None = None
    above: Money | None = None
    up_to: Money | None = None
    status: RequisitionStatus | None = None
    steps: tuple[RouteStepView, ...] = ()
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


def preview(reading: Reading, given: RequisitionInput, ref: str | None = None) -> Preview:
    """What would come of `given`; with `ref`, of the changes to that requisition.

    What cannot be known before other fields are right is left out. Raises NotFound for `ref`.
    """
    base = locate.requisition(reading, ref) if ref is not None else None
    if base is not None and base.status not in EDITABLE:
        base = None
    problems: dict[str, str] = {}
    try:
        company_id, content = checked_content(reading, given, base)
    except InvalidInput as error:
        problems = dict(error.fields) or {"input": error.message}
        # The purpose is typed last; who approves does not depend on it.
        given = _without(given, problems)
        try:
            company_id, content = checked_content(reading, given, base)
        except InvalidInput:
            return Preview(problems=problems)
    return _followed(reading, company_id, content, problems, base.id if base is not None else None)


def _without(given: RequisitionInput, problems: dict[str, str]) -> RequisitionInput:
    """The input with words in the place of those refused, as far as routing does not depend on them."""
    words = {"purpose": "…", "payee": "…", "destination": "…", "urgency_reason": "…"}
    values = {name: getattr(given, name) for name in given.__slots__}
    values |= {name: word for name, word in words.items() if name in problems}
    return RequisitionInput(**values)


def _followed(
    reading: Reading, company_id: UUID, content: dict[str, Any], problems: dict[str, str], own_id: UUID | None
) -> Preview:
    f = t.treasury_fund.c
    fund = reading.execute(
        select(f.code, f.name, f.currency, f.current_balance, f.held_amount).where(f.id == content["fund_id"])
    ).one()
    available = Money(fund.current_balance - fund.held_amount, fund.currency)
    amount = Money(content["amount"], content["currency"])
    subject = _subject(reading.actor, company_id, content)
    explained = requisition_explain.explain_subject(reading, subject)
    policy = thresholds.load(reading, company_id)
    above, up_to = _bounds(policy, subject)
    warnings = []
    if available < amount:
        warnings.append(f"Fund {fund.code} has less available than this; the payment may wait for funds.")
    return Preview(
        fund=f"{fund.code} {fund.name}" if fund.name != fund.code else fund.code,
        available=available,
        after=available - amount,
        amount=amount,
        tier=explained.tier,
        threshold=explained.threshold,
        above=above,
        up_to=up_to,
        status=explained.status_when_submitted,
        steps=explained.steps,
        notes=explained.notes,
        reasons=tuple(reason.message for reason in explained.reasons),
        warnings=tuple(warnings),
        alike=() if "payee" in problems else _alike(reading, subject, content, own_id, policy),
        problems=problems,
    )


def _bounds(policy: Sequence[Threshold], subject: Subject) -> tuple[Money | None, Money | None]:
    found = thresholds.choose(policy, subject.origin, subject.amount)
    if found is None:
        return None, None
    most = thresholds.bounds(policy)[found.id]
    return Money(found.min_amount, subject.currency), Money(most, subject.currency) if most is not None else None


def _alike(
    reading: Reading, subject: Subject, content: dict[str, Any], own_id: UUID | None, policy: Sequence[Threshold]
) -> tuple[str, ...]:
    asked = Asked(
        company_id=subject.company_id,
        requester_id=subject.requester_id,
        payee=content["payee"],
        amount=Money(subject.amount, subject.currency),
        origin=subject.origin,
        moment=reading.now,
        own_id=own_id,
    )
    return duplicates.find(reading, asked, policy).sentences


def _subject(actor: Actor, company_id: UUID, content: dict[str, Any]) -> Subject:
    if actor.role is None:
        raise NotAllowed("Only a person writes requisitions.")
    return Subject(
        company_id=company_id,
        requester_id=actor.person_id,
        requester_role=actor.role,
        origin=content["origin_type"],
        amount=content["amount"],
        currency=content["currency"],
        region_id=content["region_id"],
        branch_id=content["branch_id"],
        department_id=content["department_id"],
        is_urgent=content["is_urgent"],
    )
