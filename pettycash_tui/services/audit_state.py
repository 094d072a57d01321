"""How it stands with the proofs of the books: when the chain was last verified, and when it was last sealed.

Both are audit events, of the company or of the group, so that they are kept and chained like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import Row, bindparam, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import canonical_value, company_stream, proof_stream
from pettycash_tui.services.audit_chain import parsed
from pettycash_tui.services.audit_unread import UNREADABLE
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Reading, Work

if TYPE_CHECKING:
    from pettycash_tui.services.audit_verify import Verified

VERIFIED = "audit.verified"
SEALED = "audit.sealed"
EXPORTED = "audit.exported"
RESEALED = "audit.resealed"
_MOST = 20
"""Problems that an event names."""

FULL_AFTER = timedelta(days=7)
"""How long the daily verification relies on the last one from the first event."""

_A = t.audit_event.c
# Found by their subject, which has an index, however long the streams are; by number, since clocks are set back.
_LATEST_FIRST = (
    select(_A.body, _A.created_at)
    .where(_A.subject_id == bindparam("subject"), _A.action == bindparam("action"), _A.stream == bindparam("stream"))
    .order_by(_A.sequence.desc())
)
_LAST = _LATEST_FIRST.limit(1)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What was found wrong and was not found right since: in which days, against which checkpoint. Times as text."""

    at: str
    problems: int
    since: str = ""
    until: str = ""
    sealed_at: str = ""
    sealed_from: str = ""
    """Where the books were sealed anew since: it is right against a checkpoint of that moment or later."""

    def is_covered_by(self, data: Mapping[str, Any]) -> bool:
        """Whether a verification that found nothing wrong looked at all that was looked at here."""
        since, until, sealed_at = (str(data.get(name, "")) for name in ("since", "until", "sealed_at"))
        return (
            data.get("ok") == "true"
            and (not since or "" < since <= self.since)
            and (not until or (self.until != "" and until >= self.until))
            # A checkpoint that was made later may have sealed what is wrong.
            and (not self.sealed_at or "" < sealed_at <= self.sealed_at)
            and sealed_at >= self.sealed_from
        )

    def with_earlier(self, other: _Wrong | None) -> _Wrong:
        """Both: what covers this covers each."""
        if other is None:
            return self
        return replace(
            self,
            since=min(self.since, other.since),
            until=max(self.until, other.until) if self.until and other.until else "",
            sealed_at=min(filter(None, (self.sealed_at, other.sealed_at)), default=""),
            sealed_from=max(self.sealed_from, other.sealed_from),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """The last verification of a company or of all, and what it leaves wrong."""

    at: datetime
    data: Mapping[str, Any]

    @property
    def wrong(self) -> _Wrong | None:
        """What is wrong by then."""
        told = self.data.get("wrong", "")
        if isinstance(told, dict) and told:
            return _Wrong(**{each.name: told[each.name] for each in fields(_Wrong) if each.name in told})
        if self.data.get("ok") == "true":
            return None
        # As it was recorded before what is wrong was carried on.
        since, until = (str(self.data.get(name, "")) for name in ("since", "until"))
        return _Wrong(str(canonical_value(self.at)), int(self.data.get("problems", 0)), since, until)


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
    known = [found for company in _scopes(reading) if (found := _known(reading, company)) is not None]
    latest = max(known, key=lambda found: found.at, default=None)
    wrong = max((one for _, one in _wrong(reading)), key=lambda found: found.at, default=None)
    sealed = [_last(reading, SEALED, company, company_stream(company)) for company in _scopes(reading)]
    return Integrity(
        verified_at=_moment(wrong.at) if wrong is not None else latest.at if latest is not None else None,
        ok=wrong is None if latest is not None else None,
        events=int(latest.data.get("events", 0)) if latest is not None else 0,
        problems=wrong.problems if wrong is not None else 0,
        checkpoint_at=max((row.created_at for row in sealed if row is not None), default=None),
    )


def is_full_due(reading: Reading) -> bool:
    """Whether the next daily verification is to begin at the first event."""
    known = _known(reading, None)
    if known is None or known.wrong is not None:
        return True
    last = str(known.data.get("full_at", ""))
    return not last or reading.now - _moment(last) >= FULL_AFTER


def record_verified(work: Work, found: Verified, *, apart: bool = False) -> None:
    """Note that the chain was verified, with what was found; `apart` in a stream of its own, for when theirs is broken.

    What was found wrong before stays so in each event, until a verification that looks at it finds it right.
    """
    company = work.actor.company_id
    data = {
        "ok": found.ok,
        "events": found.events,
        "streams": found.streams,
        "problems": len(found.problems),
        "first": first_problems(found),
        "since": found.since,
        "until": found.until,
        "sealed_at": found.sealed_at,
    }
    spelt = canonical_value(data)
    before = _known(work, company)
    own = (each for scope, each in _wrong(work) if scope == company)
    wrong = next((each for each in own if not each.is_covered_by(spelt)), None)
    if not found.ok:
        at = str(canonical_value(work.now))
        sealed_at, sealed_from = spelt["sealed_at"] if found.contradicts else "", _resealed_at(work, company)
        if sealed_at >= sealed_from:
            sealed_from = ""
        else:
            # What a checkpoint of before a restore says is known to be otherwise.
            sealed_at = ""
        days = spelt["since"], spelt["until"]
        wrong = _Wrong(at, len(found.problems), *days, sealed_at, sealed_from).with_earlier(wrong)
    is_full = found.ok and found.since is None and found.until is None
    data["full_at"] = work.now if is_full else before.data.get("full_at", "") if before is not None else ""
    data["wrong"] = asdict(wrong) if wrong is not None else ""
    _record(work, VERIFIED, data, stream=proof_stream(company) if apart else company_stream(company))


def first_problems(found: Verified) -> list[dict[str, object]]:
    """The problems that an event names."""
    return [
        {"stream": each.stream, "sequence": each.sequence, "kind": each.kind, "message": each.message}
        for each in found.problems[:_MOST]
    ]


def record_checkpoint(
    work: Work, made_at: datetime, streams: int, events: int, sha256: str, places: Sequence[str], *, folder: str = ""
) -> None:
    """Note that a checkpoint was made, at which kinds of places it is, and in which folder of which host."""
    data = {"made_at": made_at, "streams": streams, "events": events, "sha256": sha256, "places": list(places)}
    _record(work, SEALED, {**data, "folder": folder} if folder else data)


def told_latest_first(reading: Reading, action: str) -> list[Iterator[Mapping[str, Any]]]:
    """What the events of such an act tell, the latest first: of all companies, and of the actor's."""
    return [_told(reading, action, company) for company in _scopes(reading)]


def _told(reading: Reading, action: str, company_id: UUID | None) -> Iterator[Mapping[str, Any]]:
    values = {"action": action, "subject": _subject(company_id), "stream": company_stream(company_id)}
    for row in reading.execute(_LATEST_FIRST, values):
        # That one cannot be read is told by the verification of its stream.
        with suppress(*UNREADABLE):
            yield dict(parsed(row.body)["data"])


def record_resealed(work: Work, by: Actor, data: Mapping[str, Any], made_at: datetime) -> None:
    """Note that somebody had the books sealed although the checkpoint before says something else, and why.

    What that checkpoint contradicts is cleared by a verification against the new one, from here on, for each company.
    """
    moment = str(canonical_value(made_at))
    companies: list[UUID | None] = [None, *work.execute(select(t.company.c.id)).scalars()]
    for company in companies:
        subject, into = _subject(company), company_stream(company)
        # What is wrong in one company is not told to the others.
        told = {key: value for key, value in data.items() if company is None or key != "first"} | {"made_at": moment}
        work.as_actor(by).record(RESEALED, "audit", subject, "audit", stream=into, company_id=company, data=told)
        known = _known(work, company)
        wrong = known.wrong if known is not None else None
        if known is not None and wrong is not None and wrong.sealed_at:
            now = {**known.data, "wrong": asdict(replace(wrong, sealed_at="", sealed_from=moment))}
            work.record(VERIFIED, "audit", subject, "audit", stream=into, company_id=company, data=now)


def record_export(work: Work, file: str, place: str, events: int, size: int, sha256: str) -> None:
    """Note that the events were exported."""
    _record(work, EXPORTED, {"file": file, "place": place, "events": events, "size": size, "sha256": sha256})


def is_sealed(reading: Reading) -> bool:
    """Whether a checkpoint key has signed anything of this database: a checkpoint, or a file of events."""
    subjects = [_subject(None), *map(_subject, reading.execute(select(t.company.c.id)).scalars())]
    signed = select(_A.id).where(_A.subject_id.in_(subjects), _A.action.in_((SEALED, EXPORTED))).limit(1)
    return reading.execute(signed).first() is not None


def _scopes(reading: Reading) -> tuple[UUID | None, ...]:
    # What was done for all companies counts for each.
    company = reading.actor.company_id
    return (None,) if company is None else (None, company)


def _wrong(reading: Reading) -> list[tuple[UUID | None, _Wrong]]:
    """What is wrong for all companies and for the actor's; a company's own "right" says nothing of the group's."""
    group = _known(reading, None)
    found = []
    for company in _scopes(reading):
        known = _known(reading, company)
        wrong = known.wrong if known is not None else None
        if known is None or wrong is None:
            continue
        is_right_since = group is not None and group.at > known.at and wrong.is_covered_by(group.data)
        if not is_right_since:
            found.append((company, wrong))
    return found


def _known(reading: Reading, company_id: UUID | None) -> _Known | None:
    rows = [
        _last(reading, VERIFIED, company_id, stream)
        for stream in (company_stream(company_id), proof_stream(company_id))
    ]
    latest = max((row for row in rows if row is not None), key=lambda row: row.created_at, default=None)
    if latest is None:
        return None
    data = parsed(latest.body).get("data")
    return _Known(latest.created_at, data if isinstance(data, dict) else {})


def _last(reading: Reading, action: str, company_id: UUID | None, stream: str) -> Row[Any] | None:
    subject = _subject(company_id)
    return reading.execute(_LAST, {"action": action, "subject": subject, "stream": stream}).first()


def _resealed_at(reading: Reading, company_id: UUID | None) -> str:
    """The moment of the checkpoint that the books were sealed anew with; empty where they were not."""
    row = _last(reading, RESEALED, company_id, company_stream(company_id))
    data = parsed(row.body).get("data") if row is not None else None
    return str(data.get("made_at", "")) if isinstance(data, dict) else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _subject(company_id: UUID | None) -> UUID:
    return uuid5(NAMESPACE_OID, f"audit of {company_stream(company_id)}")


def _record(work: Work, action: str, data: dict[str, Any], *, stream: str | None = None) -> None:
    company = work.actor.company_id
    into = stream or company_stream(company)
    work.record(action, "audit", _subject(company), "audit", stream=into, company_id=company, data=data)
