"""Couriers at the same moment, and one that is killed: everybody is told, once; after a death at most twice."""

from __future__ import annotations

import os
import signal
from typing import Any

import books
import pytest
import story
from crew import Crew
from killing import Killing, killed
from trading import Trading

from pettycash_tui.models.enums import NoticeStatus
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.outbox import NOTICES
from pettycash_tui.services import courier, jobs, messages, notice_delivery
from pettycash_tui.services.desk import Desk

NEVER = 10**6


def run_job(desk: Desk) -> int:
    """`pettycash jobs run deliver-notices`. Returns how many notices it handed over."""
    return len(jobs.run(desk, "deliver-notices").done)


def run_courier(desk: Desk) -> int:
    """An open desk tells what happened."""
    return len(courier.run(desk).delivered.sent)


def letters(desk: Desk) -> list[str]:
    """What was handed over."""
    return sorted(path.read_text() for path in (desk.home / "outbox" / NOTICES).glob("*"))


def test_two_jobs_and_a_desk_at_once_tell_everybody_once(crew: Crew, trading: Trading) -> None:
    numbers = [trading.request(amount=str(500 + each)) for each in range(4)]

    outcomes = crew.race(trading.desk, [(run_job,), (run_job,), (run_courier,)])

    lost = [outcome for outcome in outcomes if not outcome.won]
    # A job that finds the other one running leaves it to that one.
    assert {outcome.code for outcome in lost} <= {"job_running"}, lost
    run_courier(trading.desk)
    found = books.check(trading.desk)
    assert [(notice.status, notice.attempts) for notice in found.notices] == [(NoticeStatus.SENT, 1)] * 4
    told = letters(trading.desk)
    assert len(told) == 4
    assert all(len([letter for letter in told if f"{number} waits for" in letter]) == 1 for number in numbers)


class Deadly:
    """A way to reach people that takes the courier's process with it, before or after it hands a message over."""

    def __init__(self, desk: Desk, *, is_handed_over: bool) -> None:
        self.channel: Any = messages.notice_channel(desk, next(iter(messages.notice_channels(desk))))
        self.is_handed_over = is_handed_over

    def deliver(self, message: Message) -> None:
        """The end of this process."""
        if self.is_handed_over:
            self.channel.deliver(message)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("is_handed_over", [False, True], ids=["before", "after"])
def test_a_courier_killed_between_claiming_and_noting_is_followed_by_another(
    trading: Trading, is_handed_over: bool
) -> None:
    desk, clock = trading.desk, trading.clock
    number = trading.request()

    def die(here: Desk) -> None:
        deadly = Deadly(here, is_handed_over=is_handed_over)
        channels = dict.fromkeys(messages.notice_channels(here), deadly)
        messages.notice_channels = lambda desk: channels
        courier.run(here)

    assert killed(desk, die, NEVER)
    (notice,) = books.check(desk).notices
    assert (notice.status, notice.attempts) == (NoticeStatus.SENDING, 1)
    # As long as it may still be at it, nobody else sends it.
    assert run_courier(desk) == 0
    clock.now += notice_delivery.LEASE

    assert run_courier(desk) == 1

    (notice,) = books.check(desk).notices
    assert (notice.status, notice.attempts) == (NoticeStatus.SENT, 2)
    assert len([letter for letter in letters(desk) if number in letter]) == 1 + is_handed_over
    assert run_courier(desk) == 0


def test_a_courier_killed_while_it_reads_has_read_everything_or_nothing(trading: Trading) -> None:
    desk = trading.desk

    def read(here: Desk, subject: str) -> int:
        return courier.collect(here)

    killing = Killing(desk, trading.request, read)
    for number, found in killing.points():
        told = [notice for notice in found.notices if notice.subject_number == number]
        stream = next(event.stream for event in found.actions("requisition.submitted") if event.subject == number)
        (cursor,) = [cursor.sequence for cursor in found.cursors if cursor.stream == stream] or [0]
        killing.done.append(len(told) == 1)
        length = next(head.length for head in found.heads if head.stream == stream)
        assert killing.done[-1] == (cursor == length)
        courier.collect(desk)
        after = books.read(desk)
        assert len([notice for notice in after.notices if notice.subject_number == number]) == 1
    approver = story.approver_of(desk, number)
    assert {notice.person_id for notice in books.read(desk).notices} == {approver.id}
