"""What every act on a requisition leaves behind: a line of the trail, an audit event, and the result for who acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import RequisitionStatus, TrailAction
from pettycash_tui.models.requisitions import ApprovalTrail
from pettycash_tui.services import audit
from pettycash_tui.services.errors import Overtaken
from pettycash_tui.services.requisitions import content_hash
from pettycash_tui.services.work import Reading, Work

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
    columns = trail_columns(work, row, action, **values)
    work.add(ApprovalTrail(**columns))
    return str(columns["content_hash"])


def trail_columns(work: Work, row: Row[Any] | Mapping[str, Any], action: TrailAction, **values: Any) -> dict[str, Any]:
    """The columns of a line of the trail for a requisition as it is now."""
    content = row if isinstance(row, Mapping) else row._mapping
    return {
        "id": new_id(),
        "created_at": work.now,
        "timestamp": work.now,
        "requisition_id": content["id"],
        "revision": content["revision"],
        "user_id": work.actor.id,
        "role": work.actor.role,
        "action": action,
        "source": work.actor.source,
        "content_hash": content_hash(row),
        **values,
    }


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


def overtaken(reading: Reading, row: Row[Any]) -> Overtaken:
    """Who was faster with a requisition, and how it stands now."""
    a, u = t.approval_trail.c, t.user.c
    last = reading.execute(
        select(a.action, u.username, u.first_name, u.last_name)
        .join_from(t.approval_trail, t.user, u.id == a.user_id, isouter=True)
        .where(a.requisition_id == row.id)
        .order_by(a.timestamp.desc(), a.id.desc())
        .limit(1)
    ).first()
    now = f"it is now {row.status.label.lower()}"
    if last is None:
        return Overtaken(f"{row.number} has changed meanwhile; {now}.")
    who = f"{last.first_name or ''} {last.last_name or ''}".strip() or last.username or "the escalation job"
    return Overtaken(f"{who} was faster ({last.action.label.lower()}): {row.number}, {now}.")
