"""The audit chain: one event for every change, written in its transaction, chained in its stream.

One stream per fund (its requisitions, payments, ledger) and one per company for administration and sign-in. The
canonical text that is stored is what is hashed; it holds integers and strings only, so that no two programs can render
it differently. Source: domain, section 4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services.identity import Actor

GENESIS = "0" * 64
"""The hash before a stream's first event."""

GROUP_STREAM = "group"
"""The stream of what belongs to no company."""

SECRETS_STREAM = "secrets"
"""The stream of which server key is in force, by its fingerprint."""


def fund_stream(fund_id: UUID) -> str:
    """The stream of a fund's requisitions, payments and ledger."""
    return f"fund:{fund_id}"


def company_stream(company_id: UUID | None) -> str:
    """The stream of a company's administration and sign-in."""
    return GROUP_STREAM if company_id is None else f"company:{company_id}"


def proof_stream(company_id: UUID | None) -> str:
    """Where it is recorded that the stream of a company's administration is broken, and so takes no event."""
    return f"proof:{company_stream(company_id)}"


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that waits for the end of its unit of work, when its stream's head is locked."""

    stream: str
    company_id: UUID | None
    actor: Actor
    action: str
    subject_type: str
    subject_id: UUID | None
    subject: str
    data: Mapping[str, Any]
    at: datetime


def canonical_value(value: Any) -> Any:
    """`value` in integers, strings, lists and objects only. Raises TypeError for a float."""
    if value is None or isinstance(value, str | bool):
        return {None: "", True: "true", False: "false"}.get(value, value) if not isinstance(value, str) else str(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): canonical_value(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [canonical_value(item) for item in value]
    raise TypeError(f"an audit event holds integers and strings only, not {type(value).__name__}")


def canonical_text(value: Mapping[str, Any]) -> str:
    """The one rendering of an object: sorted keys, no spaces, UTF-8."""
    return json.dumps(canonical_value(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def event_hash(previous_hash: str, body: str) -> str:
    """SHA-256 over the previous hash and the stored body."""
    return sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


_HEADS = (
    select(t.stream_head.c.stream, t.stream_head.c.length, t.stream_head.c.head_hash)
    .where(t.stream_head.c.stream.in_(bindparam("streams", expanding=True)))
    .order_by(t.stream_head.c.stream)
    .with_for_update(key_share=True)
)
_NEW_EVENT = insert(t.audit_event)


def write(connection: Connection, events: Sequence[PendingEvent]) -> None:
    """Chain the events to their streams. The last act of a transaction: the heads stay locked until it ends."""
    streams = sorted({event.stream for event in events})
    heads = {row.stream: (row.length, row.head_hash) for row in connection.execute(_HEADS, {"streams": streams})}
    for stream in streams:
        if stream not in heads:
            heads[stream] = _new_stream(connection, stream)
    rows = []
    for event in events:
        length, previous = heads[event.stream]
        sequence = length + 1
        body = canonical_text(
            {
                "action": event.action,
                "actor": event.actor.id,
                "actor_name": event.actor.username,
                "at": event.at,
                "company": event.company_id,
                "data": event.data,
                "sequence": sequence,
                "source": event.actor.source,
                "stream": event.stream,
                "subject": event.subject,
                "subject_id": event.subject_id,
                "subject_type": event.subject_type,
            }
        )
        digest = event_hash(previous, body)
        heads[event.stream] = (sequence, digest)
        rows.append(
            {
                "id": new_id(),
                "created_at": event.at,
                "stream": event.stream,
                "sequence": sequence,
                "company_id": event.company_id,
                "actor_id": event.actor.id,
                "action": event.action,
                "subject_type": event.subject_type,
                "subject_id": event.subject_id,
                "subject": event.subject,
                "body": body,
                "previous_hash": previous,
                "event_hash": digest,
                "source": event.actor.source,
            }
        )
    # One after the other: each event's trigger checks that the head stands at the event before it.
    connection.execute(_NEW_EVENT, rows)


def _new_stream(connection: Connection, stream: str) -> tuple[int, str]:
    if connection.dialect.name == "sqlite":
        connection.execute(insert(t.stream_head).values(stream=stream, length=0, head_hash=GENESIS))
        return 0, GENESIS
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    # Two first events at once: the loser of the insert waits for the winner and reads its head.
    connection.execute(
        postgres_insert(t.stream_head).values(stream=stream, length=0, head_hash=GENESIS).on_conflict_do_nothing()
    )
    row = connection.execute(_HEADS, {"streams": [stream]}).one()
    return row.length, row.head_hash
