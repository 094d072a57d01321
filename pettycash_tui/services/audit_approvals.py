"""Whether who stands on the steps of requisitions, and what their trails hold, is what the events tell.

For a page of events at a time: each act has its line of the trail, by the same person at the same moment, and the
approver of each step is the one that routing, an escalation or an admin named last.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import TrailAction
from pettycash_tui.services.audit import canonical_value
from pettycash_tui.services.audit_chain import Stored, id_in, parsed
from pettycash_tui.services.work import Reading

_SUBMITTED = "requisition.submitted"
_GIVEN = ("requisition.escalated", "requisition.reassigned")
_NAMING = frozenset({_SUBMITTED, *_GIVEN})
_PAID = "payment.executed"
ACTIONS = frozenset({f"requisition.{act.value}" for act in TrailAction if act is not TrailAction.PAID} | {_PAID})
"""The acts that leave a line in a trail."""

_A, _S, _T, _P = t.audit_event.c, t.approval_step.c, t.approval_trail.c, t.payment.c
_AT_ONCE = 500


def differences(reading: Reading, events: Sequence[Stored], streams: Container[str]) -> Iterator[tuple[int, str]]:
    """The event, and what is not as it says; `events` are those of `ACTIONS`, `streams` those of the same company."""
    for place in range(0, len(events), _AT_ONCE):
        some = events[place : place + _AT_ONCE]
        yield from _without_line(reading, some)
        naming = [event for event in some if event[4] in _NAMING]
        if naming:
            yield from _on_another_step(reading, naming, streams)


def _without_line(reading: Reading, events: Sequence[Stored]) -> Iterator[tuple[int, str]]:
    paid = [found for event in events if event[4] == _PAID and (found := id_in(event[10])) is not None]
    of_payment: dict[UUID, UUID] = {}
    if paid:
        statement = select(_P.id, _P.requisition_id).where(_P.id.in_(paid))
        of_payment = {row.id: row.requisition_id for row in reading.execute(statement)}
    wanted: list[tuple[Stored, UUID]] = []
    for event in events:
        subject = id_in(event[10])
        requisition = of_payment.get(subject) if event[4] == _PAID and subject is not None else subject
        if requisition is not None:
            wanted.append((event, requisition))
    statement = select(_T.requisition_id, _T.timestamp, _T.action, _T.user_id).where(
        _T.requisition_id.in_({requisition for _, requisition in wanted})
    )
    lines = {
        (row.requisition_id, canonical_value(row.timestamp), row.action.value, row.user_id)
        for row in reading.execute(statement)
    }
    for event, requisition in wanted:
        act = TrailAction.PAID.value if event[4] == _PAID else event[4].partition(".")[2]
        if (requisition, event[6], act, id_in(event[5])) not in lines:
            yield event[0], f"{event[9]} has no line in its trail for the event {event[4]}"


def _on_another_step(reading: Reading, events: Sequence[Stored], streams: Container[str]) -> Iterator[tuple[int, str]]:
    latest = {subject: event for event in events if (subject := id_in(event[10])) is not None}
    here: dict[tuple[UUID, int], dict[int, str]] = {}
    statement = select(_S.requisition_id, _S.revision, _S.position, _S.approver_id).where(
        _S.requisition_id.in_(list(latest))
    )
    for row in reading.execute(statement):
        here.setdefault((row.requisition_id, row.revision), {})[row.position] = str(row.approver_id)
    doubtful = [
        subject
        for subject, event in latest.items()
        if event[4] != _SUBMITTED or _named(event[1]) != here.get((subject, _revision(event[1])))
    ]
    for subject in doubtful:
        told = _told(reading, subject, streams)
        if told is not None and here.get((subject, told[0])) != told[1]:
            event = latest[subject]
            yield event[0], f"{event[9]} has another approver on a step than was named last"


def _told(reading: Reading, requisition: UUID, streams: Container[str]) -> tuple[int, dict[int, str]] | None:
    """The last revision that was submitted, and who stands on each of its steps; None where no event tells it."""
    statement = select(_A.stream, _A.sequence, _A.action, _A.body).where(
        _A.subject_id == requisition, _A.action.in_(sorted(_NAMING))
    )
    rows = [row for row in reading.execute(statement) if row.stream in streams]
    submitted = [(_revision(row.body), row.sequence, row) for row in rows if row.action == _SUBMITTED]
    if not submitted:
        return None
    # An edited requisition may have changed its fund, and with it its stream: its revision is counted in all of them.
    revision, sequence, last = max(submitted, key=lambda each: each[:2])
    named = _named(last.body)
    if named is None:
        return None
    given = [row for row in rows if row.stream == last.stream and row.sequence > sequence]
    for row in sorted(given, key=lambda row: int(row.sequence)):
        data = _data(row.body)
        named[data.get("position", 0)] = str(data.get("to", ""))
    return revision, named


def _data(body: str) -> dict[str, Any]:
    found = parsed(body).get("data")
    return found if isinstance(found, dict) else {}


def _revision(body: str) -> int:
    found = _data(body).get("revision")
    return found if isinstance(found, int) else 0


def _named(body: str) -> dict[int, str] | None:
    """Who stands on which step; None where the event does not tell."""
    steps = _data(body).get("steps")
    if not isinstance(steps, list):
        return None
    return {step["position"]: step["approver"] for step in steps if isinstance(step, dict) and "approver" in step}
