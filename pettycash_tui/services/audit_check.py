"""A verification as it is asked for: which days, with which checkpoint; what came of it is recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pettycash_tui.services import audit_alarm, audit_state, checkpoint_folder, checkpoints
from pettycash_tui.services.audit_chain import Problem, ProblemKind
from pettycash_tui.services.audit_unread import UNREADABLE
from pettycash_tui.services.audit_verify import Progress, Verified, compare, verify
from pettycash_tui.services.checkpoint_text import Checkpoint
from pettycash_tui.services.companies import timezone_of
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import Reading

_ONLY_READING = ("database_forbidden", "database_read_only")

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
    return _checked(desk, actor, asked, (), progress)


def _checked(
    desk: Desk, actor: Actor, asked: Asked, missed: tuple[Problem, ...], progress: Progress | None
) -> Verified:
    if asked.full and (asked.since or asked.until):
        raise InvalidInput.of(full="does not go with --since or --until")
    if asked.since and asked.until and asked.until < asked.since:
        raise InvalidInput.of(until="must not be before --since")
    since, until = desk.read(actor, _window, asked)
    sealed = asked.checkpoint
    problems = _unsigned(desk, sealed, asked.key)
    if problems:
        # What it says is not believed.
        sealed = None
    problems = (*problems, *missed)
    found = desk.read(actor, verify, since=since, until=until, checkpoint=sealed, progress=progress)
    if problems:
        found = replace(found, ok=False, problems=(*problems, *found.problems))
    return replace(found, recorded=_record(desk, actor, found))


def check_daily(desk: Desk, *, progress: Progress | None = None) -> Verified:
    """Verify for all companies as each day does: the last days, against the newest checkpoint that this host keeps.

    From the first event where that was not done for a week, or while something is wrong. That a checkpoint is not where
    it was kept is wrong too.
    """
    full = True
    with suppress(*UNREADABLE):
        full = desk.read(SYSTEM, audit_state.is_full_due)
    asked = Asked(full=full, checkpoint=checkpoint_folder.kept(desk, SYSTEM))
    missed = checkpoint_folder.missing(desk, SYSTEM) or checkpoint_folder.gap(desk, SYSTEM)
    return _checked(desk, SYSTEM, asked, missed, progress)


def unended(error: BaseException) -> Verified:
    """What is told of a verification that came to no end: that nobody knows how it stands."""
    message = f"the verification came to no end ({type(error).__name__}), so nothing is proved"
    problem = Problem("verification", 0, ProblemKind.CHANGED, message)
    return Verified(False, 0, (problem,), 0, None, None)


def require_as_sealed(desk: Desk, actor: Actor, before: Checkpoint) -> None:
    """Raise Refused where the books are not what this checkpoint of this host sealed; it is recorded and mailed."""
    problems = _unsigned(desk, before, None)
    found = desk.read(actor, compare, before)
    if problems:
        found = replace(found, ok=False, problems=problems, contradicts=False, sealed_at=None)
    if found.ok:
        return
    _record(desk, actor, found)
    untold = audit_alarm.tell(desk, actor, found)
    first = found.problems[0]
    raise Refused(
        f"Nothing was sealed, because the checkpoint of {before.made_at:%Y-%m-%d %H:%M} UTC says something else:"
        f" {first.place}: {first.message}. Keep a copy of the database, and run `pettycash"
        " audit verify --full --checkpoint FILE`. Only after a restore a superuser seals them anew: `pettycash audit"
        f" checkpoint --after-restore REASON`. {' '.join(untold)}".rstrip(),
        code="checkpoint_contradicted",
    )


def _unsigned(desk: Desk, sealed: Checkpoint | None, key: str | None) -> tuple[Problem, ...]:
    """The problem of a checkpoint that was not signed with this key, or with this host's; nothing where it was."""
    if sealed is None or checkpoints.is_signed_by(sealed, key or checkpoints.public_key(desk).public_key):
        return ()
    message = "the checkpoint was changed, or signed with another key; see `pettycash audit key`"
    return (Problem("checkpoint", 0, ProblemKind.CHANGED, message),)


def _record(desk: Desk, actor: Actor, found: Verified) -> bool:
    """Record it; False where that cannot be."""
    try:
        desk.run(actor, audit_state.record_verified, found)
        return True
    except PettyCashError as error:
        if error.code in _ONLY_READING:
            return False
        if found.ok:
            raise
    except UNREADABLE:
        if found.ok:
            raise
    # A stream that is broken takes no further event, and that it is broken must not be forgotten.
    with suppress(PettyCashError, *UNREADABLE):
        desk.run(actor, audit_state.record_verified, found, apart=True)
        return True
    return False


def _window(reading: Reading, asked: Asked) -> tuple[datetime | None, datetime | None]:
    if asked.full:
        return None, None
    zone = ZoneInfo(timezone_of(reading))
    if asked.since is None and asked.until is None:
        return reading.now - timedelta(days=DAYS), None
    since = datetime(asked.since.year, asked.since.month, asked.since.day, tzinfo=zone) if asked.since else None
    until = datetime(asked.until.year, asked.until.month, asked.until.day, tzinfo=zone) if asked.until else None
    return since, until + timedelta(days=1) if until is not None else None
