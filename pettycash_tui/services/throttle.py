"""Places and names that fail to sign in: after a number of failures each further try makes them wait.

Counted before a password is compared, as a person's own tries are. A place that waits is not asked who it is: its tries
count against nobody, so that it cannot lock people who sign in elsewhere. The first failures of an hour are free: at a
shared host many people mistype. A name waits from wherever it is tried, and whether somebody has it or not: what waits
would else tell who is here. Source: OWASP Authentication Cheat Sheet (throttling beside account lockout).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import case, insert, literal, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services.work import Work

FREE = 30
FREE_OF_A_NAME = 4
WINDOW = timedelta(hours=1)
LONGEST = timedelta(minutes=15)
LONGEST_OF_A_NAME = timedelta(minutes=1)
"""Who knows a name can make its person wait: not for long, and the lock after ten failures keeps guesses out."""
FIRST_SECONDS = 1
LONGEST_PLACE = 120
# No host has a space in its name, nor is a hash a number of the system's user.
_NAME = "a name "

_S = t.sign_in_source.c


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that was counted as a failure, or is refused (`is_refused`); the place or name waits until then."""

    place: str
    is_refused: bool
    until: datetime


def place_here() -> str:
    """What is counted as one place: this host and the user of the system.

    Not the address that somebody comes from, which the environment tells: whoever sets it would be elsewhere each time.
    """
    return f"{os.uname().nodename} {os.getuid()}"[:LONGEST_PLACE]


def name_of(username: str) -> str:
    """What is counted as one name: a few bits of its hash, since some type their password there."""
    return f"{_NAME}{sha256(username.encode(errors='surrogatepass')).hexdigest()[:3]}"


def wait_after(place: str, failures: int) -> timedelta:
    """How long a place or name waits after its so many failures: from 1 second on doubled each time, to the longest."""
    is_name = place.startswith(_NAME)
    over = failures - (FREE_OF_A_NAME if is_name else FREE)
    longest = LONGEST_OF_A_NAME if is_name else LONGEST
    return min(timedelta(seconds=FIRST_SECONDS * 2 ** min(over - 1, 20)), longest) if over > 0 else timedelta(0)


def count(work: Work, place: str) -> Counted:
    """Count a failure of a place or name, taken back by `forgive` when it was none; refused while it has to wait."""
    now = work.now
    # Between two statements another process may have made the place: then it is counted the second time round.
    for _ in range(3):
        failures = work.execute(_counting(place, now)).scalar()
        if failures is not None:
            until = now + wait_after(place, failures)
            if until > now:
                work.execute(update(t.sign_in_source).where(_S.source == place).values(refused_until=until))
            return Counted(place, False, until)
        waits = work.execute(select(_S.refused_until).where(_S.source == place)).scalar()
        if waits is not None and now < waits <= now + LONGEST:
            return Counted(place, True, waits)
        if waits is None and _begin(work, place):
            return Counted(place, False, now)
    raise AssertionError("a place is there or can be made")


def forgive(work: Work, counted: Counted) -> None:
    """It was no failure: the place is as it was before this try."""
    waits_no_more: Any = literal(_past(work), _S.refused_until.type)
    work.execute(
        update(t.sign_in_source)
        .where(_S.source == counted.place, _S.failures > 0)
        .values(
            failures=_S.failures - 1,
            refused_until=case((_S.refused_until == counted.until, waits_no_more), else_=_S.refused_until),
        )
    )


def forget(work: Work, username: str) -> None:
    """The failures of this name do not count any more: its person has signed in, or may try again."""
    values = {"failures": 0, "refused_until": _past(work)}
    work.execute(update(t.sign_in_source).where(_S.source == name_of(username)).values(values))


def _counting(place: str, moment: datetime) -> Any:
    now: Any = literal(moment, _S.since.type)
    # A clock that was moved back leaves moments in the future: they count for nothing. Those of a transaction that
    # began a moment after this one are in the future too, and do count.
    is_over = or_(_S.since <= moment - WINDOW, _S.since > moment + LONGEST)
    may_try = or_(_S.refused_until <= moment, _S.refused_until > moment + LONGEST)
    return (
        update(t.sign_in_source)
        .where(_S.source == place, may_try)
        .values(failures=case((is_over, 1), else_=_S.failures + 1), since=case((is_over, now), else_=_S.since))
        .returning(_S.failures)
    )


def _past(work: Work) -> datetime:
    """A moment that is past for transactions which began before this one, too: they would wait for it."""
    return work.now - LONGEST


def _begin(work: Work, place: str) -> bool:
    """The first failure of a place; False when another process was first."""
    values = {"source": place, "failures": 1, "since": work.now, "refused_until": _past(work)}
    if not work.is_postgres:
        work.execute(insert(t.sign_in_source).values(values))
        return True
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    made = postgres_insert(t.sign_in_source).values(values).on_conflict_do_nothing().returning(_S.source)
    return work.execute(made).first() is not None
