"""What every act on a requisition leaves behind: a line of the trail, an audit event, and the result for who acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import RequisitionStatus, TrailAction
from pettycash_tui.models.requisitions import ApprovalTrail
from pettycash_tui.services import audit
from pettycash_tui.services.requisitions import content_hash
from pettycash_tui.services.work import Work

COMMENT_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act led to. `warnings` are sentences that do not stop anything."""

    id: UUID
    number: str
    status: RequisitionStatus
    action: TrailAction
    payment: str | None = None
    warnings: tuple[str, ...] = ()


def write_trail(work: Work, row: Row[Any] | Mapping[str, Any], action: TrailAction, **values: Any) -> str:
    """Write a line of the trail for a requisition as it is now. Returns the hash of its content."""
    content = row if isinstance(row, Mapping) else row._mapping
    digest = content_hash(row)
    work.add(
        ApprovalTrail(
            id=new_id(),
            created_at=work.now,
            timestamp=work.now,
            requisition_id=content["id"],
            revision=content["revision"],
            user_id=work.actor.id,
            role=work.actor.role,
            action=action,
            source=work.actor.source,
            content_hash=digest,
            **values,
        )
    )
    return digest


def record(work: Work, row: Row[Any], action: str, data: dict[str, Any]) -> None:
    """Note the audit event of an act, in the stream of the requisition's fund."""
    work.record(
        action,
        "requisition",
        row.id,
        row.number,
        stream=audit.fund_stream(row.fund_id),
        company_id=row.company_id,
        data=data,
    )
