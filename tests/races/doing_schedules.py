"""Payments that are confirmed for a day, for the machine that does anything: made, taken away, executed late."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any, ClassVar

import books
import order_acts
import story
from doing_orders import served
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import Row

from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.services import due_payments, schedules

which = st.integers(0, 9)


class DoingSchedules:
    """Rules for payments with a day. The machine has the desk, the people and the books."""

    HAPPEN: ClassVar[set[str]] = {"scheduled", "unschedule", "due executed"}

    desk: Any
    clock: Any
    people: Any
    names: Any
    books: Any
    done: Any
    act: Any
    attempt: Any
    one: Any
    references: Any

    @precondition(lambda self: self.for_a_day())
    @rule(
        indices=st.lists(which, min_size=1, max_size=3),
        days=st.integers(1, 3),
        over_network=st.booleans(),
        then=st.sampled_from(["is due", "is taken away", ""]),
    )
    def schedule(self, indices: list[int], days: int, over_network: bool, then: str) -> None:
        first, *others = dict.fromkeys(self.one(self.for_a_day(), index) for index in indices)
        chosen = [first, *(payment for payment in others if payment.executor_id == first.executor_id)]
        officer = self.people[self.names.get(first.executor_id, "treasury")]
        numbers = [payment.number for payment in chosen]
        self.clock.advance(minutes=5)
        day = self.today() + timedelta(days=days)
        references = {
            payment.number: f"SO{next(self.references)}"
            for payment in chosen
            if not (over_network and payment.method is PaymentMethod.MPESA)
        }
        with served(order_acts.Vendor()) if over_network else nullcontext():
            sent = self.attempt(lambda: schedules.send_code(self.desk, officer, numbers, day))
            if sent is None:
                return
            code = story.last_code(self.desk.home) if sent.sent is not None else None
            done = self.attempt(
                lambda: schedules.schedule(self.desk, officer, numbers, day, code=code, references=references)
            )
        self.done["scheduled"] += done is not None
        if done is not None and then == "is due":
            self.run(days, "accepted" if over_network else None)
        elif done is not None and then:
            self.act(officer.username, schedules.unschedule, numbers[:1], "another day")

    @precondition(lambda self: self.with_a_day())
    @rule(
        index=which,
        who=st.sampled_from([None, None, None, "own", "cfo", "treasury2", "staff"]),
        days=st.sampled_from([0, 1, 3, 4]),
        behaviour=st.sampled_from([None, None, "accepted", "accepted", "unanswered", "failed", "refused"]),
    )
    def end(self, index: int, who: str | None, days: int, behaviour: str | None) -> None:
        """Somebody takes a day away, or the job comes."""
        if who is None:
            self.run(days, behaviour)
            return
        payment = self.one(self.with_a_day(), index)
        officer = self.names[payment.executor_id] if who == "own" else who
        self.act(officer, schedules.unschedule, [payment.number], "another day")

    def run(self, days: int, behaviour: str | None) -> None:
        """The job some days later; without a behaviour M-Pesa is paid by hand."""
        self.clock.advance(days=days)
        with served(order_acts.Vendor(behaviour)) if behaviour else nullcontext():
            ran = due_payments.execute_due(self.desk)
        self.done["due executed"] += len(ran.done)
        self.done["due left"] += len(ran.left)
        kept = [row.problem_codes for row in books.read(self.desk).schedules]
        assert not {"fault", "rule"} & {code for codes in kept for code in codes.split(" ")}, ran.left

    def for_a_day(self) -> list[Row[Any]]:
        """The payments that may be confirmed for a day; one that has one already among them."""
        return [
            p for p in self.books.payments if p.method is not PaymentMethod.CASH and p.status in ("pending", "failed")
        ]

    def with_a_day(self) -> list[Row[Any]]:
        """The payments that are confirmed for a day."""
        return [p for p in self.books.payments if p.scheduled_for is not None]

    def today(self) -> date:
        """The company's day."""
        found: date = (self.clock() + timedelta(hours=3)).date()
        return found
