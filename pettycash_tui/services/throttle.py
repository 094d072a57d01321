"""Places that fail to sign in, over many names: after a number of failures each further try makes the place wait.

Counted before a password is compared, as a person's own tries are. A place that waits is not asked who it is: its tries
count against nobody, so that it cannot lock people who sign in elsewhere. The first failures of an hour are free: at a
shared host many people mistype. Source: OWASP Authentication Cheat Sheet (throttling beside account lockout).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import case, insert, literal, or_, select, update

from pettycash_tui.models import tables as t
from pettycash_tui.services.work import Work

FREE = 30
WINDOW = timedelta(hours=1)
LONGEST = timedelta(minutes=15)
FIRST_SECONDS = 1

_S = t.sign_in_source.c


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that was counted as a failure, or is refused (`is_refused`); the place waits until then."""

    place: str
    is_refused: bool
    until: datetime


def place_of(source: str) -> str:
    """What is counted as one place: an address, for IPv6 its network of 64 bits, which is one customer's."""
    kind, _, address = source.partition(" ")
    try:
        found = ip_address(address)
    except ValueError:
        return source
    return f"{kind} {ip_network((found, 64), strict=False)}" if isinstance(found, IPv6Address) else source


def wait_after(failures: int) -> timedelta:
    """How long a place waits after its so many failures: from 1 second on doubled each time, to a quarter hour."""
    over = failures - FREE
    return min(timedelta(seconds=FIRST_SECONDS * 2 ** min(over - 1, 20)), LONGEST) if over > 0 else timedelta(0)


def count(work: Work, source: str) -> Counted:
    """Count a failure of a place, taken back by `forgive` when it was none; refused while the place has to wait."""
    place, now = place_of(source), work.now
    # Between two statements another process may have made the place: then it is counted the second time round.
    for _ in range(3):
        failures = work.execute(_counting(place, now)).scalar()
        if failures is not None:
            until = now + wait_after(failures)
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
    now: Any = literal(work.now, _S.refused_until.type)
    work.execute(
        update(t.sign_in_source)
        .where(_S.source == counted.place, _S.failures > 0)
        .values(
            failures=_S.failures - 1,
            refused_until=case((_S.refused_until == counted.until, now), else_=_S.refused_until),
        )
    )


def _counting(place: str, moment: datetime) -> Any:
    now: Any = literal(moment, _S.since.type)
    # A clock that was moved back leaves moments in the future: they count for nothing.
    is_over = or_(_S.since <= moment - WINDOW, _S.since > moment)
    may_try = or_(_S.refused_until <= moment, _S.refused_until > moment + LONGEST)
    return (
        update(t.sign_in_source)
        .where(_S.source == place, may_try)
        .values(failures=case((is_over, 1), else_=_S.failures + 1), since=case((is_over, now), else_=_S.since))
        .returning(_S.failures)
    )


def _begin(work: Work, place: str) -> bool:
    """The first failure of a place; False when another process was first."""
    values = {"source": place, "failures": 1, "since": work.now, "refused_until": work.now}
    if not work.is_postgres:
        work.execute(insert(t.sign_in_source).values(values))
        return True
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    made = postgres_insert(t.sign_in_source).values(values).on_conflict_do_nothing().returning(_S.source)
    return work.execute(made).first() is not None
