"""Whether who stands on the steps of requisitions, and what their trails hold, is what the events tell.

For a page of events at a time: each act has its line of the trail, by the same person at the same moment, and the
kind, the role and the approver of each step are those that routing, an escalation or an admin named last, and who
decided left it decided. Whether each decided or skipped step has such an act is asked in `audit_origins`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import StepStatus, TrailAction
from pettycash_tui.services.audit import canonical_value
from pettycash_tui.services.audit_chain import Stored, id_in, parsed
from pettycash_tui.services.work import Reading

_SUBMITTED = "requisition.submitted"
_ESCALATED = "requisition.escalated"
_NAMING = frozenset({_SUBMITTED, _ESCALATED, "requisition.reassigned"})
DECIDING = frozenset(
    f"requisition.{act.value}"
    for act in (TrailAction.APPROVED, TrailAction.VALIDATED, TrailAction.REVIEWED, TrailAction.URGENCY_CONFIRMED)
)
"""The acts that leave a step decided."""
_PAID = "payment.executed"
ACTIONS = frozenset({f"requisition.{act.value}" for act in TrailAction if act is not TrailAction.PAID} | {_PAID})
"""The acts that leave a line in a trail."""

_A, _S, _T, _P = t.audit_event.c, t.approval_step.c, t.approval_trail.c, t.payment.c
_AT_ONCE = 500
_OF_STEP = {"kind": "kind", "role": "role", "approver": "approver_id"}
_OF_DECISION = {
    "revision": "revision",
    "position": "position",
    "kind": "kind",
    "role": "role",
    "on_behalf_of": "on_behalf_of_id",
}
_OF_LINE = {
    "revision": "revision",
    "on_behalf_of": "on_behalf_of_id",
    "comment": "comment",
    "reason": "comment",
    "content_hash": "content_hash",
}
# Who gives a step to another has more in the line than the reason.
_TOLD_IN_LINE = ACTIONS - _NAMING - {_PAID} | {_SUBMITTED}
_STEPS = select(
    _S.requisition_id, _S.status, _S.acted_at, _S.acted_by_id, _S.approver_id, *(_S[c] for c in _OF_DECISION.values())
)


def differences(reading: Reading, events: Sequence[Stored], streams: Container[str]) -> Iterator[tuple[int, str]]:
    """The event, and what is not as it says; `events` are those of `ACTIONS`, `streams` those of the same company."""
    for place in range(0, len(events), _AT_ONCE):
        some = events[place : place + _AT_ONCE]
        yield from _without_line(reading, some)
        of_steps = [event for event in some if event[4] in _NAMING or event[4] in DECIDING]
        if of_steps:
            yield from _on_another_step(reading, of_steps, streams)


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
    statement = select(
        _T.requisition_id, _T.timestamp, _T.action, _T.user_id, *(_T[column] for column in _OF_LINE.values())
    ).where(_T.requisition_id.in_({requisition for _, requisition in wanted}))
    lines: dict[tuple[UUID, str, str, UUID | None], list[Row[Any]]] = {}
    for row in reading.execute(statement):
        key = (row.requisition_id, canonical_value(row.timestamp), row.action.value, row.user_id)
        lines.setdefault(key, []).append(row)
    for event, requisition in wanted:
        act = TrailAction.PAID.value if event[4] == _PAID else event[4].partition(".")[2]
        here = lines.get((requisition, event[6], act, id_in(event[5])))
        if here is None:
            yield event[0], f"{event[9]} has no line in its trail for the event {event[4]}"
        elif event[4] in _TOLD_IN_LINE:
            otherwise = [_otherwise(event, row, _OF_LINE) for row in here]
            if (wrong := otherwise[0]) is not None and None not in otherwise:
                yield event[0], f"{event[9]} has another {wrong} in its trail than the event {event[4]} says"


def _on_another_step(reading: Reading, events: Sequence[Stored], streams: Container[str]) -> Iterator[tuple[int, str]]:
    """Steps that are not of the kind, the role or the approver that were named, or not decided as was told."""
    subjects = {subject for event in events if (subject := id_in(event[10])) is not None}
    steps: dict[UUID, dict[int, dict[int, Row[Any]]]] = {}
    decided: dict[tuple[UUID, str, UUID | None], list[Row[Any]]] = {}
    for row in reading.execute(_STEPS.where(_S.requisition_id.in_(subjects))):
        steps.setdefault(row.requisition_id, {}).setdefault(row.revision, {})[row.position] = row
        if row.status is StepStatus.DONE:
            decided.setdefault((row.requisition_id, canonical_value(row.acted_at), row.acted_by_id), []).append(row)
    doubtful: dict[UUID, Stored] = {}
    for event in events:
        subject = id_in(event[10])
        if subject is None:
            continue
        if event[4] in DECIDING:
            # The same person decides on two revisions, at one moment by a clock that stands.
            found = [
                _otherwise(event, row, _OF_DECISION) for row in decided.get((subject, event[6], id_in(event[5])), ())
            ]
            if not found:
                yield event[0], f"{event[9]} has no step that was decided by the event {event[4]}"
            elif (wrong := found[0]) is not None and None not in found:
                yield event[0], f"{event[9]} has a step of another {wrong} than the event {event[4]} says"
        elif event[4] != _SUBMITTED or _unlike(_submitted(event[1]), steps.get(subject, {})):
            doubtful[subject] = event
    for subject, event in doubtful.items():
        wrong = _unlike(_told(reading, subject, streams), steps.get(subject, {}))
        if wrong is not None:
            yield event[0], f"{event[9]} has another {wrong} on a step than was named last"


_Named = dict[int, dict[int, dict[str, Any]]]
"""What was told of each step, by revision and position."""


def _told(reading: Reading, requisition: UUID, streams: Container[str]) -> _Named:
    """What was told last of the steps of each revision whose event tells it."""
    statement = select(_A.stream, _A.sequence, _A.action, _A.body).where(
        _A.subject_id == requisition, _A.action.in_(sorted(_NAMING))
    )
    rows = [row for row in reading.execute(statement) if row.stream in streams]
    # An edited requisition may have changed its fund, and with it its stream: what follows a submission is in its own.
    rows.sort(key=lambda row: (row.stream, int(row.sequence)))
    told: _Named = {}
    latest: dict[int, dict[str, Any]] = {}
    stream = ""
    for row in rows:
        if row.stream != stream:
            stream, latest = row.stream, {}
        if row.action == _SUBMITTED:
            submitted = _submitted(row.body)
            told.update(submitted)
            latest = next(iter(submitted.values()), {})
            continue
        data = _data(row.body)
        step = latest.get(data.get("position", 0))
        if step is not None:
            step["approver"] = data.get("to", "")
            if row.action == _ESCALATED and "role" in step:
                step.update({"role": data["role"]} if "role" in data else {})
                if "role" not in data:
                    del step["role"]
    return told


def _unlike(told: _Named, here: dict[int, dict[int, Row[Any]]]) -> str | None:
    """What the steps have otherwise than was told; None where all is so, or nothing was told."""
    for revision, named in told.items():
        steps = here.get(revision, {})
        if steps.keys() != named.keys():
            return "place"
        for position, said in named.items():
            for name, column in _OF_STEP.items():
                if name in said and said[name] != canonical_value(steps[position]._mapping[column]):
                    return name
    return None


def _otherwise(event: Stored, row: Row[Any], columns: Mapping[str, str]) -> str | None:
    """What a row has otherwise than an event tells; None where all that it tells is so."""
    data = _data(event[1])
    for name, column in columns.items():
        if name in data and data[name] != canonical_value(row._mapping[column]):
            return name
    return None


def _data(body: str) -> dict[str, Any]:
    found = parsed(body).get("data")
    return found if isinstance(found, dict) else {}


def _submitted(body: str) -> _Named:
    """What a submission tells of the steps of its revision; nothing where it does not tell."""
    data = _data(body)
    steps, revision = data.get("steps"), data.get("revision")
    if not isinstance(steps, list) or not isinstance(revision, int):
        return {}
    return {revision: {step["position"]: dict(step) for step in steps if isinstance(step, dict) and "approver" in step}}
