"""200 processes at work on one set of books, each killed at a moment of its own: in a statement, a commit, anywhere.

Each takes up what the ones before it have left: approves what waits, pays by code what is approved, alone or as a list,
fills the fund up again. The moments come from a seed, but what a process does until then depends on the machine.
"""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta
from typing import Any

import books
import pytest
import story
from settable_clock import SettableClock
from sqlalchemy import select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import IN_APPROVAL, PaymentStatus, ReplenishmentStatus
from pettycash_tui.services import bulk, replenishments, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import SYSTEM, Actor

KILLS = 200
LOOK_EACH = 25
LONGEST = 0.3
"""Seconds a process works at most; about as long as a requisition needs from its first word to its payment here."""


def working(desk: Desk, people: dict[str, Actor], choice: random.Random) -> None:
    """Do what there is to do, until somebody ends it."""
    while True:
        _approve(desk, [row.number for row in _rows(desk, t.requisition, t.requisition.c.status.in_(IN_APPROVAL))][:2])
        waiting = [
            (row.number, row.executor_id)
            for row in _rows(desk, t.payment, t.payment.c.status == PaymentStatus.PENDING, t.payment.c.is_held)
        ]
        if len(waiting) > 1 and choice.random() < 0.4:
            _pay_list(desk, waiting)
        elif waiting:
            story.pay(desk, choice.choice(waiting)[0])
        for row in _rows(desk, t.replenishment, t.replenishment.c.status == ReplenishmentStatus.APPROVED):
            desk.run(people["cfo"], replenishments.complete, row.number, f"FT-{row.number}")
        for row in _rows(desk, t.replenishment, t.replenishment.c.status == ReplenishmentStatus.PENDING):
            desk.run(people["cfo"], replenishments.approve, row.number)
        story.request(desk, people["staff"], str(choice.randrange(100, 9_000)))


def _rows(desk: Desk, table: Any, *conditions: Any) -> list[Any]:
    return desk.read(
        SYSTEM, lambda reading: list(reading.execute(select(table).where(*conditions).order_by(table.c.number)))
    )


def _approve(desk: Desk, numbers: list[str]) -> None:
    for number in numbers:
        acted = None
        while acted is None or acted.payment is None:
            acted = desk.run(story.approver_of(desk, number), workflow.approve, number)


def _pay_list(desk: Desk, waiting: list[tuple[str, Any]]) -> None:
    officer = story.executor_of(desk, waiting[0][0])
    numbers = [number for number, executor in waiting if executor == officer.id]
    bulk.send_code(desk, officer, numbers)
    bulk.pay_together(desk, officer, numbers, code=story.last_code(desk.home))


def start(desk: Desk, people: dict[str, Actor], clock: SettableClock, seed: int) -> tuple[int, int]:
    """A process at work: its id, and where it says that it has begun. It goes on after an error of its own doing."""
    begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # A code is sent again after a minute only: each lives in a minute of its own.
            here = Desk(desk.url, desk.home, clock=lambda: clock.now + timedelta(minutes=2 * seed))
            here.kind  # noqa: B018 - connected
            os.write(begins, b".")
            while True:
                try:
                    working(here, people, random.Random(seed))
                except Refused:
                    # What the one before it had begun may be done by now, or its code sent a moment ago.
                    continue
        finally:
            os._exit(1)
    os.close(begins)
    return child, begun


def test_two_hundred_kills_lose_nothing_and_pay_nothing_twice(desk: Desk, clock: SettableClock) -> None:
    people = story.trading_company(desk)
    moments = random.Random(7)
    for n in range(1, KILLS + 1):
        child, begun = start(desk, people, clock, n)
        assert os.read(begun, 1) == b"."
        os.close(begun)
        time.sleep(moments.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"process {n} ended by itself, with {os.waitstatus_to_exitcode(status)}"
        if n % LOOK_EACH == 0:
            books.check(desk)

    found = books.check(desk)
    assert len(found.executions) > KILLS / 10, "the machine is too slow for this to show anything"
    clock.advance(hours=KILLS)
    for payment in found.payments:
        if payment.status is PaymentStatus.PENDING and payment.is_held:
            story.pay(desk, payment.number)
        elif payment.status is PaymentStatus.SUCCESS:
            with pytest.raises(Refused):
                story.pay(desk, payment.number)
    # Nothing is held but for what waits for money.
    after = books.check(desk)
    assert [p.number for p in after.payments if p.is_held] == []
