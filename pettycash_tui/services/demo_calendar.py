"""The time of the demo's history: acts of people in the order of their moments.

A queue holds what happens next and when; whatever an act leads to is queued behind it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, StepStatus
from pettycash_tui.services.demo_ask import Ask
from pettycash_tui.services.demo_company import DemoFund, Founded
from pettycash_tui.services.work import Work

SEED = 20

QUIET = timedelta(hours=72)
"""Before the last day, the time in which only what `demo_waiting` plans happens."""

OPENS, CLOSES = 8, 17


class Calendar:
    """The acts of the demo's people, queued by moment."""

    def __init__(
        self, work: Work, book: dict[str, Any], founded: Founded, key: bytes, *, begin: datetime, until: datetime
    ) -> None:
        # The year hangs on days only, so that every demo of one day has the same; its last hours lead up to `until`.
        self.people = founded.people
        self.funds = founded.funds
        self.until = until
        self.last_day = until.astimezone(founded.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = begin
        self.random = random.Random(SEED)
        self._work = work
        self._book = book
        self._words: dict[str, list[str]] = book["words"]
        self._zone: ZoneInfo = founded.zone
        self._key = key
        self._begin = begin
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._references = count(1)

    def at(self, moment: datetime, act: Callable[[], None]) -> None:
        """Let something happen then."""
        heapq.heappush(self._queue, (moment, next(self._order), act))

    def run(self, progress: Callable[[float], None] | None = None) -> None:
        """Let everything happen, in the order of the moments."""
        whole = (self.until - self._begin).total_seconds()
        while self._queue:
            self.now, _, act = heapq.heappop(self._queue)
            act()
            if progress:
                progress(min(1.0, (self.now - self._begin).total_seconds() / whole))

    def by(self, username: str) -> Work:
        """The transaction for this person, at the moment of the act."""
        return self._work.as_actor(self.people[username], self.now)

    def _soon(self, ask: Ask, least: float, most: float, act: Callable[[Ask], None]) -> None:
        """Let an act of a requisition follow, so many hours of work later."""
        if ask.pace is not None:
            self.at(self.now + ask.pace, lambda: act(ask))
        else:
            self.at(self._office_time(self.random.uniform(least, most)), lambda: act(ask))

    def _office_time(self, hours: float) -> datetime:
        """That much later, moved into office hours, and never into the quiet days before the end."""
        moment = (self.now + timedelta(hours=hours)).astimezone(self._zone)
        if moment.hour >= CLOSES:
            moment = moment.replace(hour=OPENS, minute=self.random.randrange(60)) + timedelta(days=1)
        elif moment.hour < OPENS:
            moment = moment.replace(hour=OPENS, minute=self.random.randrange(60))
        while moment.weekday() > 4:
            moment += timedelta(days=1)
        quiet = max(self.last_day - QUIET, self.now)
        return min(moment, quiet).astimezone(UTC)

    # --- what is so now -----------------------------------------------------------------------------------------------

    def balance(self, fund: DemoFund) -> int:
        """The fund's balance, in minor units."""
        f = t.treasury_fund.c
        return int(self._work.execute(select(f.current_balance).where(f.id == fund.id)).scalar_one())

    def available(self, fund: DemoFund) -> int:
        """What is not held of it."""
        f = t.treasury_fund.c
        return int(self._work.execute(select(f.current_balance - f.held_amount).where(f.id == fund.id)).scalar_one())

    def _waiting_for(self, ask: Ask) -> str | None:
        s, u = t.approval_step.c, t.user.c
        return self._work.execute(
            select(u.username)
            .join_from(t.approval_step, t.user, u.id == s.approver_id)
            .where(s.requisition_id == ask.id, s.status == StepStatus.CURRENT)
        ).scalar()

    def _status(self, ask: Ask) -> RequisitionStatus:
        r = t.requisition.c
        found: RequisitionStatus = self._work.execute(select(r.status).where(r.id == ask.id)).scalar_one()
        return found

    def _payment(self, ask: Ask) -> Row[Any]:
        p = t.payment.c
        return self._work.execute(select(t.payment).where(p.requisition_id == ask.id)).one()

    def _username(self, person_id: UUID) -> str:
        return next(person.username for person in self.people.values() if person.id == person_id)

    def _word(self, kind: str) -> str:
        return self.random.choice(self._words[kind])
