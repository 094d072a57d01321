"""Reading requisitions: lists, the approver's queue, one with its timeline and trail, and why it is as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    EDITABLE,
    OriginType,
    PaymentMethod,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    TrailAction,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, routing, steps, visibility, workflow
from pettycash_tui.services.directory import Subject, running_delegation
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.numbering import NumberKind, canonical_number
from pettycash_tui.services.paging import Page, behind, clean_limit, decode, page_of
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns, place
from pettycash_tui.services.work import Reading

_REQUESTER = t.user.alias("requester")
_NEXT = t.user.alias("next_approver")
_R = t.requisition.c


@dataclass(frozen=True, slots=True)
class RequisitionFilter:
    """What a list is narrowed to. Dates are days in UTC, both included."""

    status: RequisitionStatus | None = None
    fund: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    search: str | None = None
    mine: bool = False


@dataclass(frozen=True, slots=True)
class RequisitionRow:
    """A line of a list."""

    id: UUID
    number: str
    status: RequisitionStatus
    tier: int | None
    amount: Money
    payee: str
    purpose: str
    is_urgent: bool
    revision: int
    requested_by: PersonRef
    next_approver: PersonRef | None
    fund: Ref
    branch: Ref | None
    created_at: datetime
    waiting_since: datetime | None = None
    due_at: datetime | None = None
    step_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the current revision."""

    id: UUID
    position: int
    kind: StepKind
    role: Role
    approver: PersonRef
    on_behalf_of: PersonRef | None
    status: StepStatus
    auto_escalated: bool
    escalation_reason: str
    skipped_roles: tuple[str, ...]
    became_current_at: datetime | None
    acted_by: PersonRef | None
    acted_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrailView:
    """A line of the trail."""

    revision: int
    action: TrailAction
    user: PersonRef | None
    role: Role | None
    comment: str
    timestamp: datetime
    source: str
    auto_escalated: bool
    escalation_reason: str
    skipped_roles: tuple[str, ...]
    override: bool
    on_behalf_of: PersonRef | None
    content_hash: str


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An attachment without its content. `size` in bytes."""

    id: UUID
    file_name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class RequisitionDetail:
    """One requisition, whole."""

    id: UUID
    number: str
    status: RequisitionStatus
    tier: int | None
    threshold: str | None
    amount: Money
    currency: str
    revision: int
    requested_by: PersonRef
    next_approver: PersonRef | None
    origin_type: OriginType
    company: Ref
    region: Ref | None
    branch: Ref | None
    department: Ref | None
    cost_center: Ref | None
    fund: Ref
    category: Ref
    payee: str
    method: PaymentMethod
    destination: str
    purpose: str
    is_urgent: bool
    urgency_reason: str
    payment: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    steps: tuple[StepView, ...]
    trail: tuple[TrailView, ...]
    attachments: tuple[AttachmentView, ...]


@dataclass(frozen=True, slots=True)
class RouteStepView:
    """A step as it would be routed."""

    position: int
    kind: StepKind
    role: Role
    approver: PersonRef
    on_behalf_of: PersonRef | None
    auto_escalated: bool
    escalation_reason: str
    skipped_roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a requisition is routed as it is, and whether the actor may act on it now, with every reason against."""

    number: str
    status: RequisitionStatus | None
    allowed: bool
    reasons: tuple[Reason, ...]
    tier: int | None
    threshold: str | None
    status_when_submitted: RequisitionStatus | None
    steps: tuple[RouteStepView, ...]
    notes: tuple[str, ...]


# --- lists ------------------------------------------------------------------------------------------------------------


def _rows() -> Select[Any]:
    f, b = t.treasury_fund.c, t.branch.c
    return (
        select(
            _R.id,
            _R.number,
            _R.status,
            _R.tier,
            _R.amount,
            _R.currency,
            _R.payee,
            _R.purpose,
            _R.is_urgent,
            _R.revision,
            _R.created_at,
            _R.requested_by_id.label("requester_id"),
            _R.next_approver_id.label("next_id"),
            _R.fund_id,
            _R.branch_id,
            f.code.label("fund_code"),
            f.name.label("fund_name"),
            b.code.label("branch_code"),
            b.name.label("branch_name"),
            *person_columns(_REQUESTER, "requester"),
            *person_columns(_NEXT, "next"),
        )
        .select_from(t.requisition)
        .join(_REQUESTER, _REQUESTER.c.id == _R.requested_by_id)
        .join(t.treasury_fund, f.id == _R.fund_id)
        .outerjoin(t.branch, b.id == _R.branch_id)
        .outerjoin(_NEXT, _NEXT.c.id == _R.next_approver_id)
    )


def list_requisitions(
    reading: Reading,
    given: RequisitionFilter,
    *,
    limit: int | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> Page[RequisitionRow]:
    """The requisitions that the actor may see, newest first (or oldest, to page backwards)."""
    size = clean_limit(limit)
    key = decode(after, datetime, UUID)
    conditions = _conditions(reading, given)
    further = behind([_R.created_at, _R.id], key, descending=not oldest_first)
    if further is not None:
        conditions.append(further)
    order = [_R.created_at, _R.id] if oldest_first else [_R.created_at.desc(), _R.id.desc()]
    found = reading.execute(_rows().where(*conditions).order_by(*order).limit(size + 1)).all()
    return page_of(found, size, _row, lambda row: (row.created_at, row.id))


def count_requisitions(reading: Reading, given: RequisitionFilter) -> int:
    """How many requisitions a filter shows."""
    return int(
        reading.execute(
            select(func.count()).select_from(t.requisition).where(*_conditions(reading, given))
        ).scalar_one()
    )


def statuses_present(reading: Reading, given: RequisitionFilter) -> tuple[RequisitionStatus, ...]:
    """The statuses that a filter shows, in the order of a requisition's life."""
    found = set(reading.execute(select(_R.status).where(*_conditions(reading, given)).distinct()).scalars())
    return tuple(status for status in RequisitionStatus if status in found)


def _conditions(reading: Reading, given: RequisitionFilter) -> list[ColumnElement[bool]]:
    conditions = [visibility.requisitions(reading)]
    if given.mine:
        conditions.append(_R.requested_by_id == reading.actor.id)
    if given.status is not None:
        conditions.append(_R.status == given.status)
    if given.fund:
        conditions.append(_R.fund_id == locate.fund(reading, given.fund).id)
    conditions += between(_R.created_at, given.from_date, given.to_date, reading)
    if given.search:
        conditions.append(_matches(given.search))
    return conditions


def between(
    column: ColumnElement[Any], first: date | None, last: date | None, reading: Reading
) -> list[ColumnElement[bool]]:
    """The condition that a moment lies on the days from `first` to `last`, both included."""
    utc = reading.now.tzinfo
    made = []
    if first is not None:
        made.append(column >= datetime(first.year, first.month, first.day, tzinfo=utc))
    if last is not None:
        made.append(column < datetime(last.year, last.month, last.day, tzinfo=utc) + timedelta(days=1))
    return made


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The condition that a column holds `text` anywhere, in any case; `%` and `_` mean themselves."""
    return column.icontains(text.strip(), autoescape=True)


def _matches(search: str) -> ColumnElement[bool]:
    number = canonical_number(search, NumberKind.REQUISITION)
    words = [contains(_R.payee, search), contains(_R.purpose, search), contains(_R.number, search)]
    if number is not None:
        words.append(_R.number == number)
    return or_(*words)


def queue(
    reading: Reading,
    *,
    limit: int | None = None,
    after: str | None = None,
    search: str | None = None,
    newest_first: bool = False,
) -> Page[RequisitionRow]:
    """The requisitions whose current step waits for the actor today, the longest waiting first (or the newest)."""
    size = clean_limit(limit)
    s, c = t.approval_step.c, t.company.c
    key = decode(after, datetime, UUID)
    sla = [c.sla_hours_tier1, c.sla_hours_tier2, c.sla_hours_tier3, c.sla_hours_tier4]
    statement = (
        _rows()
        .add_columns(s.became_current_at, s.id.label("step_id"), *sla)
        .join(t.approval_step, s.requisition_id == _R.id)
        .join(t.company, c.id == _R.company_id)
        .where(*_waits_for_actor(reading))
    )
    if search:
        statement = statement.where(_matches(search))
    further = behind([s.became_current_at, s.id], key, descending=newest_first)
    if further is not None:
        statement = statement.where(further)
    order = [s.became_current_at.desc(), s.id.desc()] if newest_first else [s.became_current_at, s.id]
    found = reading.execute(statement.order_by(*order).limit(size + 1)).all()
    return page_of(found, size, _queue_row, lambda row: (row.became_current_at, row.step_id))


def count_queue(reading: Reading) -> int:
    """How many requisitions wait for the actor."""
    s = t.approval_step.c
    statement = (
        select(func.count())
        .select_from(t.approval_step)
        .join(t.requisition, _R.id == s.requisition_id)
        .where(*_waits_for_actor(reading))
    )
    return int(reading.execute(statement).scalar_one())


def _waits_for_actor(reading: Reading) -> list[ColumnElement[bool]]:
    s, d, me = t.approval_step.c, t.delegation.c, reading.actor.id
    day = _today_for(reading)
    running = running_delegation(day)
    away = select(d.approver_id).where(running)
    for_whom = select(d.approver_id).where(d.delegate_id == me, running)
    return [
        s.status == StepStatus.CURRENT,
        s.revision == _R.revision,
        or_(and_(s.approver_id == me, s.approver_id.not_in(away)), s.approver_id.in_(for_whom)),
        _R.requested_by_id != me,
        visibility.of_company(_R.company_id, reading.actor),
    ]


def _today_for(reading: Reading) -> date:
    company = reading.actor.company_id
    if company is None:
        return reading.now.date()
    timezone = reading.execute(select(t.company.c.timezone).where(t.company.c.id == company)).scalar_one()
    return reading.today(timezone)


def _row(row: Any) -> RequisitionRow:
    requester = person(row, "requester")
    fund = place(row, "fund")
    if requester is None or fund is None:
        raise AssertionError("a requisition has a requester and a fund")
    return RequisitionRow(
        id=row.id,
        number=row.number,
        status=row.status,
        tier=row.tier,
        amount=Money(row.amount, row.currency),
        payee=row.payee,
        purpose=row.purpose,
        is_urgent=row.is_urgent,
        revision=row.revision,
        requested_by=requester,
        next_approver=person(row, "next"),
        fund=fund,
        branch=place(row, "branch"),
        created_at=row.created_at,
    )


def _queue_row(row: Any) -> RequisitionRow:
    base = _row(row)
    hours = (row.sla_hours_tier1, row.sla_hours_tier2, row.sla_hours_tier3, row.sla_hours_tier4)[(row.tier or 1) - 1]
    values = {name: getattr(base, name) for name in base.__slots__}
    values |= {
        "waiting_since": row.became_current_at,
        "due_at": row.became_current_at + timedelta(hours=hours),
        "step_id": row.step_id,
    }
    return RequisitionRow(**values)


# --- one --------------------------------------------------------------------------------------------------------------


def show(reading: Reading, ref: str | UUID) -> RequisitionDetail:
    """One requisition with its steps, trail and attachments. Raises NotFound."""
    found = locate.requisition(reading, ref)
    places = {
        "region": t.region,
        "branch": t.branch,
        "department": t.department,
        "cost_center": t.cost_center,
        "fund": t.treasury_fund,
        "category": t.category,
        "company": t.company,
    }
    statement = select(
        *[table.c.code.label(f"{name}_code") for name, table in places.items()],
        *[table.c.name.label(f"{name}_name") for name, table in places.items()],
        *person_columns(_REQUESTER, "requested_by"),
        *person_columns(_NEXT, "next_approver"),
        t.approval_threshold.c.name.label("threshold_name"),
        t.payment.c.number.label("payment_number"),
        t.requisition,
    ).select_from(t.requisition)
    for name, table in places.items():
        statement = statement.outerjoin(table, table.c.id == _R[f"{name}_id"])
    statement = (
        statement.join(_REQUESTER, _REQUESTER.c.id == _R.requested_by_id)
        .outerjoin(_NEXT, _NEXT.c.id == _R.next_approver_id)
        .outerjoin(t.approval_threshold, t.approval_threshold.c.id == _R.threshold_id)
        .outerjoin(t.payment, t.payment.c.requisition_id == _R.id)
        .where(_R.id == found.id)
    )
    row: Any = reading.execute(statement).one()
    requester, company, fund, category = (
        person(row, "requested_by"),
        place(row, "company"),
        place(row, "fund"),
        place(row, "category"),
    )
    if requester is None or company is None or fund is None or category is None:
        raise AssertionError("a requisition has a requester, company, fund and category")
    return RequisitionDetail(
        id=row.id,
        number=row.number,
        status=row.status,
        tier=row.tier,
        threshold=row.threshold_name,
        amount=Money(row.amount, row.currency),
        currency=row.currency,
        revision=row.revision,
        requested_by=requester,
        next_approver=person(row, "next_approver"),
        origin_type=row.origin_type,
        company=company,
        region=place(row, "region"),
        branch=place(row, "branch"),
        department=place(row, "department"),
        cost_center=place(row, "cost_center"),
        fund=fund,
        category=category,
        payee=row.payee,
        method=row.method,
        destination=row.destination,
        purpose=row.purpose,
        is_urgent=row.is_urgent,
        urgency_reason=row.urgency_reason,
        payment=row.payment_number,
        created_at=row.created_at,
        updated_at=row.updated_at,
        submitted_at=row.submitted_at,
        steps=_steps(reading, row.id, row.revision),
        trail=_trail(reading, row.id),
        attachments=_attachments(reading, row.id),
    )


_APPROVER = t.user.alias("approver")
_ABSENT = t.user.alias("on_behalf_of")
_ACTED = t.user.alias("acted_by")


def _steps(reading: Reading, requisition_id: UUID, revision: int) -> tuple[StepView, ...]:
    s = t.approval_step.c
    rows = reading.execute(
        select(
            t.approval_step,
            *person_columns(_APPROVER, "approver"),
            *person_columns(_ABSENT, "on_behalf_of"),
            *person_columns(_ACTED, "acted_by"),
        )
        .select_from(t.approval_step)
        .join(_APPROVER, _APPROVER.c.id == s.approver_id)
        .outerjoin(_ABSENT, _ABSENT.c.id == s.on_behalf_of_id)
        .outerjoin(_ACTED, _ACTED.c.id == s.acted_by_id)
        .where(s.requisition_id == requisition_id, s.revision == revision)
        .order_by(s.position)
    )
    return tuple(
        StepView(
            id=row.id,
            position=row.position,
            kind=row.kind,
            role=row.role,
            approver=_known(person(row, "approver")),
            on_behalf_of=person(row, "on_behalf_of"),
            status=row.status,
            auto_escalated=row.auto_escalated,
            escalation_reason=row.escalation_reason,
            skipped_roles=tuple(row.skipped_roles),
            became_current_at=row.became_current_at,
            acted_by=person(row, "acted_by"),
            acted_at=row.acted_at,
        )
        for row in rows
    )


def _trail(reading: Reading, requisition_id: UUID) -> tuple[TrailView, ...]:
    a = t.approval_trail.c
    rows = reading.execute(
        select(t.approval_trail, *person_columns(_ACTED, "user"), *person_columns(_ABSENT, "on_behalf_of"))
        .select_from(t.approval_trail)
        .outerjoin(_ACTED, _ACTED.c.id == a.user_id)
        .outerjoin(_ABSENT, _ABSENT.c.id == a.on_behalf_of_id)
        .where(a.requisition_id == requisition_id)
        .order_by(a.timestamp, a.id)
    )
    return tuple(
        TrailView(
            revision=row.revision,
            action=row.action,
            user=person(row, "user"),
            role=row.role,
            comment=row.comment,
            timestamp=row.timestamp,
            source=row.source,
            auto_escalated=row.auto_escalated,
            escalation_reason=row.escalation_reason,
            skipped_roles=tuple(row.skipped_roles),
            override=row.override,
            on_behalf_of=person(row, "on_behalf_of"),
            content_hash=row.content_hash,
        )
        for row in rows
    )


def _attachments(reading: Reading, requisition_id: UUID) -> tuple[AttachmentView, ...]:
    a = t.attachment.c
    rows = reading.execute(
        select(a.id, a.file_name, a.sha256, a.size).where(a.requisition_id == requisition_id).order_by(a.created_at)
    )
    return tuple(AttachmentView(row.id, row.file_name, row.sha256, row.size) for row in rows)


def _known(found: PersonRef | None) -> PersonRef:
    if found is None:
        raise AssertionError("a step has an approver")
    return found


# --- why --------------------------------------------------------------------------------------------------------------


def explain(reading: Reading, ref: str | UUID) -> Explanation:
    """Why it is routed so, and why the actor may or may not act: the same code that routes and that checks acts."""
    row = locate.requisition(reading, ref)
    threshold = None
    if row.status in EDITABLE:
        reasons: list[Reason] = []
        if row.requested_by_id != reading.actor.id:
            reasons.append(Reason("not_requester", f"Only its requester may submit {row.number}."))
        try:
            route = workflow.route_for(reading, row)
        except Refused as error:
            reasons += error.reasons or [Reason(error.code, error.message)]
            return Explanation(row.number, row.status, False, tuple(reasons), None, None, None, (), ())
        return _explained(row.number, row.status, route, reasons)
    all_steps = steps.steps_of(reading, row.id, row.revision)
    current = steps.current_step(reading, row, all_steps)
    against = steps.reasons_against(reading, row, all_steps, current)
    detail = show(reading, row.id)
    threshold = detail.threshold
    views = tuple(
        RouteStepView(
            s.position,
            s.kind,
            s.role,
            s.approver,
            s.on_behalf_of,
            s.auto_escalated,
            s.escalation_reason,
            s.skipped_roles,
        )
        for s in detail.steps
    )
    notes = [f"Tier {row.tier} ({threshold})."] if row.tier else []
    notes += [
        f"{s.approver.name} ({s.role.label}) stands in: {s.escalation_reason}."
        for s in detail.steps
        if s.escalation_reason
    ]
    return Explanation(
        row.number, row.status, not against, tuple(against), row.tier, threshold, None, views, tuple(notes)
    )


def _explained(
    number: str, status: RequisitionStatus | None, route: routing.Route, reasons: list[Reason]
) -> Explanation:
    return Explanation(
        number=number,
        status=status,
        allowed=not reasons,
        reasons=tuple(reasons),
        tier=route.threshold.tier,
        threshold=route.threshold.name,
        status_when_submitted=route.status,
        steps=tuple(_route_step(step) for step in route.steps),
        notes=route.notes,
    )


def _route_step(step: routing.RoutedStep) -> RouteStepView:
    who, absent = step.pick.person, step.pick.on_behalf_of
    return RouteStepView(
        position=step.position,
        kind=step.kind,
        role=step.role,
        approver=PersonRef(who.id, who.username, who.name),
        on_behalf_of=PersonRef(absent.id, absent.username, absent.name) if absent else None,
        auto_escalated=step.auto_escalated,
        escalation_reason=step.escalation_reason,
        skipped_roles=tuple(role.value for role in step.skipped_roles),
    )


def explain_subject(reading: Reading, subject: Subject) -> Explanation:
    """The route that such a requisition would take (a form being typed, `policy explain`).

    Refusals come as reasons, not as errors.
    """
    try:
        route = workflow.route_of(reading, subject)
    except Refused as error:
        found = tuple(error.reasons) or (Reason(error.code, error.message),)
        return Explanation("", None, False, found, None, None, None, (), ())
    return _explained("", None, route, [])
