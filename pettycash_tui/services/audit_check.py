"""A verification as it is asked for: which days, with which checkpoint; what came of it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pettycash_tui.services import audit_state, checkpoints
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.audit_verify import Progress, Verified, verify
from pettycash_tui.services.checkpoint_text import Checkpoint
from pettycash_tui.services.companies import timezone_of
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Reading

DAYS = 30
"""How far back is verified when nothing is said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to verify: everything, or the days from `since` to `until` (both included), with a checkpoint.

    `key` is the public key (PEM) that the checkpoint must be signed with; None for this host's own.
    """

    full: bool = False
    since: date | None = None
    until: date | None = None
    checkpoint: Checkpoint | None = None
    key: str | None = None


def check(desk: Desk, actor: Actor, asked: Asked, *, progress: Progress | None = None) -> Verified:
    """Verify and record the result. Raises InvalidInput for days that do not go together."""
    if asked.full and (asked.since or asked.until):
        raise InvalidInput.of(full="does not go with --since or --until")
    if asked.since and asked.until and asked.until < asked.since:
        raise InvalidInput.of(until="must not be before --since")
    since, until = desk.read(actor, _window, asked)
    sealed = asked.checkpoint
    problems: tuple[Problem, ...] = ()
    if sealed is not None and not checkpoints.is_signed_by(
        sealed, asked.key or checkpoints.public_key(desk).public_key
    ):
        # What it says is not believed.
        message = "the checkpoint was changed, or signed with another key; see `pettycash audit key`"
        sealed, problems = None, (Problem("checkpoint", 0, ProblemKind.CHANGED, message),)
    found = desk.read(actor, verify, since=since, until=until, checkpoint=sealed, progress=progress)
    if problems:
        found = replace(found, ok=False, problems=(*problems, *found.problems))
    _record(desk, actor, found)
    return found


def _record(desk: Desk, actor: Actor, found: Verified) -> None:
    try:
        desk.run(actor, audit_state.record_verified, found)
    except PettyCashError:
        # A stream that is broken takes no further event; what was found is told all the same.
        if found.ok:
            raise


def _window(reading: Reading, asked: Asked) -> tuple[datetime | None, datetime | None]:
    if asked.full:
        return None, None
    zone = ZoneInfo(timezone_of(reading))
    if asked.since is None and asked.until is None:
        return reading.now - timedelta(days=DAYS), None
    since = datetime(asked.since.year, asked.since.month, asked.since.day, tzinfo=zone) if asked.since else None
    until = datetime(asked.until.year, asked.until.month, asked.until.day, tzinfo=zone) if asked.until else None
    return since, until + timedelta(days=1) if until is not None else None
