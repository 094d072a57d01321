"""One requisition, whole: its steps with their people, its trail and its attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import (
    OriginType,
    PaymentMethod,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    TrailAction,
)
from pettycash_tui.models.money import Money
from pettycash_tui.services import locate, visibility
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.refs import PersonRef, Ref, person, person_columns, place
from pettycash_tui.services.work import Reading

_R = t.requisition.c
_REQUESTER = t.user.alias("requester")
_NEXT = t.user.alias("next_approver")
_APPROVER = t.user.alias("approver")
_ABSENT = t.user.alias("on_behalf_of")
_ACTED = t.user.alias("acted_by")
_HAS_ATTACHMENTS = exists().where(t.attachment.c.requisition_id == _R.id)


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
    """One requisition, whole. `imported_voucher`: the number of the voucher that it was imported from."""

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
    imported_voucher: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    steps: tuple[StepView, ...]
    trail: tuple[TrailView, ...]
    attachments: tuple[AttachmentView, ...]


def _whole() -> Select[Any]:
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
        t.imported_voucher.c.voucher_number.label("imported_voucher"),
        _HAS_ATTACHMENTS.label("has_attachments"),
        t.requisition,
    ).select_from(t.requisition)
    for name, table in places.items():
        statement = statement.outerjoin(table, table.c.id == _R[f"{name}_id"])
    return (
        statement.join(_REQUESTER, _REQUESTER.c.id == _R.requested_by_id)
        .outerjoin(_NEXT, _NEXT.c.id == _R.next_approver_id)
        .outerjoin(t.approval_threshold, t.approval_threshold.c.id == _R.threshold_id)
        .outerjoin(t.payment, t.payment.c.requisition_id == _R.id)
        .outerjoin(t.imported_voucher, t.imported_voucher.c.requisition_id == _R.id)
        .where(_R.id == bindparam("requisition", type_=_R.id.type))
    )


# Built once: an approver reads one for every row that they stop at.
_WHOLE = _whole()


def show(reading: Reading, ref: str | UUID) -> RequisitionDetail:
    """One requisition with its steps, trail and attachments. Raises NotFound."""
    found_id = ref if isinstance(ref, UUID) else locate.requisition(reading, ref).id
    statement = _WHOLE.where(visibility.requisitions(reading))
    row: Any = reading.execute(statement, {"requisition": found_id}).first()
    if row is None:
        raise NotFound(f"There is no requisition {ref} that you may see.")
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
        imported_voucher=row.imported_voucher,
        created_at=row.created_at,
        updated_at=row.updated_at,
        submitted_at=row.submitted_at,
        steps=_steps(reading, row.id, row.revision),
        trail=_trail(reading, row.id),
        attachments=_attachments(reading, row.id) if row.has_attachments else (),
    )


_S, _A = t.approval_step.c, t.approval_trail.c
_STEPS = (
    select(
        t.approval_step,
        *person_columns(_APPROVER, "approver"),
        *person_columns(_ABSENT, "on_behalf_of"),
        *person_columns(_ACTED, "acted_by"),
    )
    .select_from(t.approval_step)
    .join(_APPROVER, _APPROVER.c.id == _S.approver_id)
    .outerjoin(_ABSENT, _ABSENT.c.id == _S.on_behalf_of_id)
    .outerjoin(_ACTED, _ACTED.c.id == _S.acted_by_id)
    .where(_S.requisition_id == bindparam("requisition"), _S.revision == bindparam("revision"))
    .order_by(_S.position)
)
_TRAIL = (
    select(t.approval_trail, *person_columns(_ACTED, "user"), *person_columns(_ABSENT, "on_behalf_of"))
    .select_from(t.approval_trail)
    .outerjoin(_ACTED, _ACTED.c.id == _A.user_id)
    .outerjoin(_ABSENT, _ABSENT.c.id == _A.on_behalf_of_id)
    .where(_A.requisition_id == bindparam("requisition"))
    .order_by(_A.timestamp, _A.id)
)


def _steps(reading: Reading, requisition_id: UUID, revision: int) -> tuple[StepView, ...]:
    rows = reading.execute(_STEPS, {"requisition": requisition_id, "revision": revision})
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
    rows = reading.execute(_TRAIL, {"requisition": requisition_id})
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
