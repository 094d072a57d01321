"""Checking the audit chain: every event of its streams, the heads, a checkpoint, and the rows that events tell of.

Only reads, of one moment, in constant memory. Each stream is reported with its first wrong row. Source: domain,
section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pettycash_tui.database import isolation
from pettycash_tui.services import audit_events
from pettycash_tui.services.audit import GENESIS
from pettycash_tui.services.audit_books import disagreements
from pettycash_tui.services.audit_business import Business
from pettycash_tui.services.audit_chain import Problem, ProblemKind, Walk
from pettycash_tui.services.audit_events import Head
from pettycash_tui.services.audit_unread import told
from pettycash_tui.services.checkpoint_text import Checkpoint
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.stream_names import named
from pettycash_tui.services.work import Reading

Progress = Callable[[int, int], None]
"""Told how many events of how many are checked."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found; `ok` when it found nothing wrong."""

    ok: bool
    events: int
    problems: tuple[Problem, ...]
    streams: int
    since: datetime | None
    until: datetime | None
    sealed_at: datetime | None = None
    """When the checkpoint was made that the books were compared with."""
    sealed_events: int = 0
    """How many events of the streams that were checked it seals."""
    contradicts: bool = False
    """Whether the books are not what the checkpoint sealed."""
    recorded: bool = False
    """Whether there is an audit event of this verification."""
    untold: tuple[str, ...] = ()
    """Whom no mail could tell what is wrong, and why, where that was asked for."""


def verify(
    reading: Reading,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Check the streams that the actor may see, in a window (`until` exclusive) or, without, from the first event.

    A window begins with the hash that its first event names as the one before, which is compared with the event before
    it where that is there. Everything sealed by the checkpoint is compared whatever the window is.
    """
    reading.actor.require(Right.READ_AUDIT)
    isolation.of_one_moment(reading.connection)
    problems: list[Problem] = []
    names = audit_events.streams(reading, problems.append)
    strange = _strange(reading, names)
    if checkpoint is not None and reading.actor.company_id is None:
        names = sorted({*names, *checkpoint.heads})
    heads: dict[str, Head] = {}
    unread: dict[str, Problem] = {}
    for name in names:
        with told(reading, name, lambda each: unread.update({each.stream: each}), of="the head of the stream"):
            heads[name] = audit_events.head(reading, name)
    written = sum(found.length for found in heads.values() if isinstance(found.length, int))
    total = written if progress is None else _to_check(reading, heads, since, until)
    contradicts = False
    if checkpoint is not None and written and not any(name in checkpoint.heads for name in names):
        message = "the checkpoint seals none of these streams: it is of another company or another database"
        problems.append(Problem("checkpoint", 0, ProblemKind.CHANGED, message))
    events = 0
    for name in names:

        def tell(done: int, before: int = events) -> None:
            if progress is not None:
                progress(before + done, total)

        count, found = _stream(reading, name, heads.get(name), since, until, tell)
        if not found and name in unread:
            found = [unread[name]]
        if not found and name in strange:
            found = [Problem(name, 0, ProblemKind.INSERTED, "the program writes no stream of this name")]
        if not any(each.kind is not ProblemKind.BUSINESS_ROW for each in found) and checkpoint is not None:
            against: list[Problem] = []
            with told(reading, name, found.append, of="what was sealed"):
                against += filter(None, [_sealed(reading, name, checkpoint)])
            contradicts, found = contradicts or bool(against), [*against, *found]
        events += count
        problems += found
    known = {each.stream for each in problems}
    problems += [each for each in disagreements(reading, since) if each.stream not in known]
    return Verified(
        not problems,
        events,
        named(reading, problems),
        len(names),
        since,
        until,
        sealed_at=checkpoint.made_at if checkpoint is not None else None,
        sealed_events=_count_sealed(names, checkpoint),
        contradicts=contradicts,
    )


def compare(reading: Reading, checkpoint: Checkpoint) -> Verified:
    """Compare the ends that a checkpoint sealed with the streams, and nothing else: what takes a moment."""
    reading.actor.require(Right.READ_AUDIT)
    isolation.of_one_moment(reading.connection)
    mine = set(audit_events.streams(reading))
    names = sorted(checkpoint.heads if reading.actor.company_id is None else mine & set(checkpoint.heads))
    problems = named(reading, filter(None, [_sealed(reading, name, checkpoint) for name in names]))
    sealed = _count_sealed(names, checkpoint)
    return Verified(
        not problems, 0, problems, len(names), None, None, checkpoint.made_at, sealed, contradicts=bool(problems)
    )


def _to_check(reading: Reading, heads: dict[str, Head], since: datetime | None, until: datetime | None) -> int:
    """How many events the window holds, by the numbers of its first and last in each stream."""
    total = 0
    for name, found in heads.items():
        # What cannot be read is told where the stream is walked.
        with told(reading, name, lambda _: None):
            first, last = _edges(reading, name, since, until)
            end = found.length if last is None else last
            total += max(end - first + 1, 0) if isinstance(end, int) else 0
    return total


def _strange(reading: Reading, names: list[str]) -> frozenset[str]:
    """Those that the program does not write: what is in them is no act of anybody."""
    strange: set[str] = set()
    # What cannot be read here is told where the streams are listed.
    with told(reading, "", lambda _: None):
        strange.update(set(names) - audit_events.lawful(reading))
    return frozenset(strange)


def _count_sealed(names: list[str], checkpoint: Checkpoint | None) -> int:
    return sum(checkpoint.heads[name].length for name in names if name in checkpoint.heads) if checkpoint else 0


def _stream(
    reading: Reading,
    name: str,
    head: Head | None,
    since: datetime | None,
    until: datetime | None,
    tell: Callable[[int], None],
) -> tuple[int, list[Problem]]:
    """How many events were walked, and what is wrong: what cannot be read is told behind the last that is right."""
    walked = _Walked()
    with told(reading, name, walked.problems.append, at=lambda: walked.walk.sequence + 1 if walked.walk else 0):
        walked.problems += _walk(reading, name, head, since, until, tell, walked)
    return walked.walk.events if walked.walk else 0, walked.problems


@dataclass(slots=True)
class _Walked:
    """How far a stream was walked, whatever ended it."""

    walk: Walk | None = None
    problems: list[Problem] = field(default_factory=list)


def _walk(
    reading: Reading,
    name: str,
    head: Head | None,
    since: datetime | None,
    until: datetime | None,
    tell: Callable[[int], None],
    walked: _Walked,
) -> list[Problem]:
    first, behind = _edges(reading, name, since, until)
    before = GENESIS if first == 1 else audit_events.hash_at(reading, name, first - 1)
    if before is None:
        return [Problem(name, first - 1, ProblemKind.DELETED, "the event before the first one checked is missing")]
    known = partial(audit_events.is_known, reading, name)
    walk = Walk(name, known, after=first - 1, after_hash=before, spell=audit_events.speller(reading))
    walked.walk = walk
    # From the beginning nothing is left out, not even what stands before it.
    after = first - 1 if first > 1 else -(1 << 62)
    business = Business(reading, name, first=first)
    for rows, following in audit_events.pages(reading, name, after=after, until=behind):
        was = walk.sequence
        problem = walk.feed(rows, following)
        business.feed(rows[: walk.sequence - was] if problem is not None else rows)
        tell(walk.events)
        if problem is not None:
            return [problem, *business.problems]
    problem = _at_the_end(reading, walk, head, is_inside=behind is not None)
    if problem is not None:
        return [problem, *business.problems]
    if behind is None:
        business.finish()
    return business.problems


def _edges(reading: Reading, name: str, since: datetime | None, until: datetime | None) -> tuple[int, int | None]:
    """The first event of the window, and its last where the window has an end.

    The window is the whole stream where the events that it would begin or end at are not themselves.
    """
    first = 1 if since is None else audit_events.first_from(reading, name, since)
    following = None if until is None else audit_events.first_from(reading, name, until)
    if first is None or (until is not None and following is None):
        return 1, None
    return first, None if following is None else max(following, first) - 1


def _at_the_end(reading: Reading, walk: Walk, head: Head | None, *, is_inside: bool) -> Problem | None:
    """Compare what was walked with what comes next: the next event of a window that ends inside, or else the head."""
    following = audit_events.behind(reading, walk.stream, walk.sequence) if is_inside else None
    if following is None:
        return walk.finish(head.length, head.hash) if head is not None else None
    expected = walk.sequence + 1
    if following == (expected, walk.last_hash):
        return None
    if following[0] == expected:
        message = f"event {expected} follows from another event {walk.sequence}"
        return Problem(walk.stream, walk.sequence, ProblemKind.CHANGED, message)
    message = f"the events from {expected} to {following[0] - 1} are missing"
    return Problem(walk.stream, expected, ProblemKind.DELETED, message)


def _sealed(reading: Reading, name: str, checkpoint: Checkpoint) -> Problem | None:
    """Compare a stream with what a checkpoint sealed of it."""
    sealed = checkpoint.heads.get(name)
    if sealed is None or sealed.length == 0:
        return None
    found = audit_events.hash_at(reading, name, sealed.length)
    if found == sealed.hash:
        return None
    if found is None:
        end = audit_events.last(reading, name)
        here = 0 if end is None else end[0]
        message = f"the checkpoint sealed {sealed.length} events, the stream has {here}"
        return Problem(name, here + 1, ProblemKind.TRUNCATED, message)
    message = f"event {sealed.length} is not the one that was sealed: it or one before it was written anew"
    return Problem(name, sealed.length, ProblemKind.REWRITTEN, message)
