"""How it stands with the proofs of the books: when the chain was last verified, and when it was last sealed.

Both are audit events, of the company or of the group, so that they are kept and chained like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import Row, bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.audit_chain import parsed
from pettycash_tui.services.work import Reading, Work

if TYPE_CHECKING:
    from pettycash_tui.services.audit_verify import Verified

VERIFIED = "audit.verified"
SEALED = "audit.sealed"
EXPORTED = "audit.exported"
_MOST = 20
"""Problems that an event names."""

_A = t.audit_event.c
# Found by their subject, which has an index, however long the streams are.
_LAST = (
    select(_A.body, _A.created_at)
    .where(_A.subject_id.in_(bindparam("subjects", expanding=True)), _A.action == bindparam("action"))
    .order_by(_A.created_at.desc(), _A.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Integrity:
    """The last verification and the last checkpoint. `ok` is None before the first verification."""

    verified_at: datetime | None
    ok: bool | None
    events: int
    problems: int
    checkpoint_at: datetime | None


def integrity(reading: Reading) -> Integrity:
    """How it stands for the actor's company (what was done for all companies counts as well)."""
    verified, sealed = _last(reading, VERIFIED), _last(reading, SEALED)
    found = parsed(verified.body).get("data") if verified is not None else None
    data = found if isinstance(found, dict) else {}
    return Integrity(
        verified_at=verified.created_at if verified is not None else None,
        ok=data.get("ok") == "true" if verified is not None else None,
        events=int(data.get("events", 0)),
        problems=int(data.get("problems", 0)),
        checkpoint_at=sealed.created_at if sealed is not None else None,
    )


def record_verified(work: Work, found: Verified) -> None:
    """Note that the chain was verified, with what was found."""
    first = [
        {"stream": each.stream, "sequence": each.sequence, "kind": each.kind, "message": each.message}
        for each in found.problems[:_MOST]
    ]
    data = {
        "ok": found.ok,
        "events": found.events,
        "streams": found.streams,
        "problems": len(found.problems),
        "first": first,
        "since": found.since,
        "until": found.until,
    }
    _record(work, VERIFIED, data)


def record_checkpoint(
    work: Work, made_at: datetime, streams: int, events: int, sha256: str, places: Sequence[str]
) -> None:
    """Note that a checkpoint was made, and at which kinds of places it is."""
    data = {"made_at": made_at, "streams": streams, "events": events, "sha256": sha256, "places": list(places)}
    _record(work, SEALED, data)


def record_export(work: Work, file: str, place: str, events: int, size: int, sha256: str) -> None:
    """Note that the events were exported."""
    _record(work, EXPORTED, {"file": file, "place": place, "events": events, "size": size, "sha256": sha256})


def _last(reading: Reading, action: str) -> Row[Any] | None:
    # What was done for all companies counts for each.
    subjects = {_subject(None), _subject(reading.actor.company_id)}
    return reading.execute(_LAST, {"action": action, "subjects": list(subjects)}).first()


def _subject(company_id: UUID | None) -> UUID:
    return uuid5(NAMESPACE_OID, f"audit of {company_stream(company_id)}")


def _record(work: Work, action: str, data: dict[str, Any]) -> None:
    company = work.actor.company_id
    stream = company_stream(company)
    work.record(action, "audit", _subject(company), "audit", stream=stream, company_id=company, data=data)
