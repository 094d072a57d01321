"""Whether the files of requisitions are those that the events tell of, byte by byte, and none is missing.

One file at a time is in memory, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import canonical_value
from pettycash_tui.services.audit_chain import Stored, data_of, id_in
from pettycash_tui.services.work import Reading

ATTACHED = "requisition.attached"
_F = t.attachment.c
_TOLD = ("file_name", "size")
_AT_ONCE = 500


def differences(reading: Reading, events: Sequence[Stored]) -> Iterator[tuple[int, str]]:
    """The event, and what is not as it says; `events` are those of `ATTACHED`."""
    for place in range(0, len(events), _AT_ONCE):
        yield from _of_some(reading, events[place : place + _AT_ONCE])


def _of_some(reading: Reading, events: Sequence[Stored]) -> Iterator[tuple[int, str]]:
    subjects = {subject for event in events if (subject := id_in(event[10])) is not None}
    statement = select(
        _F.id, _F.requisition_id, _F.sha256, _F.created_at, _F.uploaded_by_id, *(_F[name] for name in _TOLD)
    ).where(_F.requisition_id.in_(subjects))
    here: dict[tuple[UUID | None, str], Row[tuple[object, ...]]] = {
        (row.requisition_id, row.sha256): row for row in reading.execute(statement)
    }
    for event in events:
        data = data_of(event)
        digest = data.get("sha256")
        if digest is None:
            continue
        row = here.get((id_in(event[10]), digest))
        if row is None:
            yield event[0], f"{event[9]} has not the file any more that was attached to it"
            continue
        columns = row._mapping
        if (canonical_value(columns["created_at"]), columns["uploaded_by_id"]) != (event[6], id_in(event[5])):
            yield event[0], f"{event[9]} has a file of somebody else or another moment than was attached"
        elif any(name in data and data[name] != columns[name] for name in _TOLD):
            yield event[0], f"{event[9]} has a file of another name or size than was attached"
        elif _digest(reading, columns["id"]) != digest:
            yield event[0], f"{event[9]} has another file than was attached"


def _digest(reading: Reading, attachment: UUID) -> str:
    content = reading.execute(select(_F.content).where(_F.id == attachment)).scalar()
    return sha256(content or b"").hexdigest()
