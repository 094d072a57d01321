"""Requisitions, the approval policy, steps, the trail and attachments. Source: domain, section 2."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow, ListedRow, Row, partial_index
from pettycash_tui.models.columns import big, blob, choice, moment, not_negative, one_of, positive, ref, text
from pettycash_tui.models.enums import (
    STEP_DECISIONS,
    OriginType,
    PaymentMethod,
    RequisitionStatus,
    Role,
    StepKind,
    StepStatus,
    ThresholdOrigin,
    TrailAction,
)

_STEP_DECISIONS = ", ".join(f"'{action.value}'" for action in sorted(STEP_DECISIONS))


def _no_roles() -> list[str]:
    # pydantic reads the signature of `list` anew for every row.
    return []


class ApprovalThreshold(ListedRow, table=True):
    """A row of the approval policy: it serves amounts strictly above `min_amount` (minor units)."""

    __tablename__ = "approval_threshold"
    __table_args__ = (
        one_of("origin_type", ThresholdOrigin),
        CheckConstraint("tier BETWEEN 1 AND 4", name="tier_known"),
        not_negative("min_amount"),
        UniqueConstraint("company_id", "name"),
        Index("ix_approval_threshold_choice", "company_id", "is_active", "priority"),
    )

    company_id: UUID = ref("company.id")
    name: str = text(120)
    tier: int = big()
    origin_type: ThresholdOrigin = choice(ThresholdOrigin)
    min_amount: int = big()
    roles: list[str] = Field(sa_type=JSON, nullable=False)
    allow_urgent_fasttrack: bool = Field(default=False, nullable=False)
    requires_cfo: bool = Field(default=False, nullable=False)
    priority: int = big(100)


class Requisition(ChangingRow, table=True):
    """A request for money. Its content is frozen while it is not a draft or sent back for changes."""

    __tablename__ = "requisition"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        positive("amount"),
        CheckConstraint("revision >= 1", name="revision_counts"),
        CheckConstraint("tier IS NULL OR tier BETWEEN 1 AND 4", name="tier_known"),
        one_of("origin_type", OriginType),
        one_of("method", PaymentMethod),
        one_of("status", RequisitionStatus),
        CheckConstraint("is_urgent = false OR urgency_reason <> ''", name="urgency_has_reason"),
        CheckConstraint(
            "(origin_type = 'branch' AND branch_id IS NOT NULL) OR (origin_type = 'field' AND region_id IS NOT NULL)"
            " OR (origin_type = 'hq' AND branch_id IS NULL AND region_id IS NULL)",
            name="origin_has_place",
        ),
        Index("ix_requisition_mine", "requested_by_id", "created_at", "id"),
        Index("ix_requisition_mine_status", "requested_by_id", "status", "created_at", "id"),
        Index("ix_requisition_scope", "company_id", "status", "created_at", "id"),
        Index("ix_requisition_created", "company_id", "created_at", "id"),
        Index("ix_requisition_branch", "branch_id", "created_at"),
        Index("ix_requisition_region", "region_id", "created_at"),
        Index("ix_requisition_department", "department_id", "created_at"),
        Index("ix_requisition_next_approver", "next_approver_id", "status"),
        Index("ix_requisition_fund", "fund_id"),
        Index("ix_requisition_payee", "company_id", "payee", "created_at"),
        Index("ix_requisition_amount", "company_id", "amount", "created_at", "id"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    requested_by_id: UUID = ref("user.id")
    origin_type: OriginType = choice(OriginType)
    region_id: UUID | None = ref("region.id", nullable=True)
    branch_id: UUID | None = ref("branch.id", nullable=True)
    department_id: UUID | None = ref("department.id", nullable=True)
    cost_center_id: UUID | None = ref("cost_center.id", nullable=True)
    fund_id: UUID = ref("treasury_fund.id")
    category_id: UUID = ref("category.id")
    payee: str = text(200)
    method: PaymentMethod = choice(PaymentMethod)
    destination: str = text(200, default="")
    amount: int = big()
    currency: str = text(3)
    purpose: str = text(2000)
    is_urgent: bool = Field(default=False, nullable=False)
    urgency_reason: str = text(500, default="")
    threshold_id: UUID | None = ref("approval_threshold.id", nullable=True)
    tier: int | None = big(nullable=True)
    status: RequisitionStatus = choice(RequisitionStatus, default=RequisitionStatus.DRAFT)
    revision: int = big(1)
    next_approver_id: UUID | None = ref("user.id", nullable=True)
    submitted_at: datetime | None = moment(nullable=True)

    CONTENT: ClassVar[tuple[str, ...]] = (
        "origin_type",
        "region_id",
        "branch_id",
        "department_id",
        "cost_center_id",
        "fund_id",
        "category_id",
        "payee",
        "method",
        "destination",
        "amount",
        "currency",
        "purpose",
        "is_urgent",
        "urgency_reason",
    )


class ApprovalStep(ChangingRow, table=True):
    """One step of one revision. `on_behalf_of_id` is the approver whom a delegate replaced."""

    __tablename__ = "approval_step"
    __table_args__ = (
        UniqueConstraint("requisition_id", "revision", "position"),
        one_of("kind", StepKind),
        one_of("role", Role),
        one_of("status", StepStatus),
        CheckConstraint("position >= 1", name="position_counts"),
        CheckConstraint("status <> 'done' OR acted_by_id IS NOT NULL", name="done_by_somebody"),
        # Nobody stands on two steps of one revision, and nobody acts on two.
        Index(
            "ux_approval_step_approver",
            "requisition_id",
            "revision",
            "approver_id",
            unique=True,
        ),
        partial_index(
            "ux_approval_step_acted_by",
            "requisition_id",
            "revision",
            "acted_by_id",
            unique=True,
            where="acted_by_id IS NOT NULL",
        ),
        partial_index(
            "ux_approval_step_current",
            "requisition_id",
            unique=True,
            where="status = 'current'",
        ),
        Index("ix_approval_step_queue", "approver_id", "status", "became_current_at"),
        Index("ix_approval_step_assigned", "approver_id", "created_at"),
        Index("ix_approval_step_overdue", "status", "became_current_at"),
    )

    requisition_id: UUID = ref("requisition.id")
    revision: int = big()
    position: int = big()
    kind: StepKind = choice(StepKind)
    role: Role = choice(Role)
    approver_id: UUID = ref("user.id")
    on_behalf_of_id: UUID | None = ref("user.id", nullable=True)
    status: StepStatus = choice(StepStatus, default=StepStatus.WAITING)
    auto_escalated: bool = Field(default=False, nullable=False)
    escalation_reason: str = text(500, default="")
    skipped_roles: list[str] = Field(default_factory=_no_roles, sa_type=JSON, nullable=False)
    became_current_at: datetime | None = moment(nullable=True)
    acted_by_id: UUID | None = ref("user.id", nullable=True)
    acted_at: datetime | None = moment(nullable=True)


class ApprovalTrail(Row, table=True):
    """Who did what to a requisition. Append-only. Without a user: the escalation job."""

    __tablename__ = "approval_trail"
    __table_args__ = (
        one_of("action", TrailAction),
        CheckConstraint("on_behalf_of_id IS NULL OR on_behalf_of_id <> user_id", name="not_for_oneself"),
        CheckConstraint("user_id IS NOT NULL OR action = 'escalated'", name="somebody_acted"),
        Index("ix_approval_trail_requisition", "requisition_id", "timestamp"),
        Index("ix_approval_trail_user", "user_id", "timestamp"),
        # The second half of "nobody twice in one revision": it holds for the trail as well as for the steps.
        partial_index(
            "ux_approval_trail_one_act",
            "requisition_id",
            "revision",
            "user_id",
            unique=True,
            where=f"action IN ({_STEP_DECISIONS})",
        ),
    )

    requisition_id: UUID = ref("requisition.id")
    revision: int = big()
    user_id: UUID | None = ref("user.id", nullable=True)
    role: Role | None = choice(Role, nullable=True)
    action: TrailAction = choice(TrailAction)
    comment: str = text(2000, default="")
    timestamp: datetime = moment()
    source: str = text(120, default="")
    auto_escalated: bool = Field(default=False, nullable=False)
    escalation_reason: str = text(500, default="")
    skipped_roles: list[str] = Field(default_factory=_no_roles, sa_type=JSON, nullable=False)
    override: bool = Field(default=False, nullable=False)
    on_behalf_of_id: UUID | None = ref("user.id", nullable=True)
    content_hash: str = text(64)


class Attachment(Row, table=True):
    """A file that supports a requisition, stored whole, with its SHA-256 and size in bytes."""

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("requisition_id", "sha256"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    requisition_id: UUID = ref("requisition.id")
    file_name: str = text(200)
    sha256: str = text(64)
    size: int = big()
    content: bytes = blob()
    uploaded_by_id: UUID = ref("user.id")
