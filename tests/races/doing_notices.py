"""Telling people what happened, for the machine that does anything: a courier comes, fails, or dies over a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import books
import building
from hypothesis import strategies as st
from hypothesis.stateful import rule

from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeTiming
from pettycash_tui.notify.message import Message
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import courier, digests, messages, notice_choices, notice_delivery

ways = ["delivers", "fails", "delivers", "raises", "delivers", "dies before", "dies after"]
minutes = st.sampled_from([0, 6, 6, 800])
kinds = st.sampled_from([*notice_choices.CHOOSABLE])
timings = st.sampled_from([*NoticeTiming, NoticeTiming.AT_ONCE])


class Died(BaseException):
    """The courier is gone, and nothing of it goes on."""


class Postman:
    """A channel that does what it is told to, and keeps what it was handed."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.handed: list[Message] = []

    def deliver(self, message: Message) -> None:
        """Take it, or not."""
        if self.how == "fails":
            raise DeliveryFailed("the server is away")
        if self.how == "raises":
            raise RuntimeError(f"{message.to_address}: {message.body}")
        if self.how == "dies before":
            raise Died
        self.handed.append(message)
        if self.how == "dies after":
            raise Died


@contextmanager
def carried_by(postman: Postman) -> Iterator[None]:
    """Everything that is sent goes to him for a while."""
    before = messages.notice_channels
    messages.notice_channels = lambda desk: dict.fromkeys(NoticeChannel, postman)
    try:
        yield
    finally:
        messages.notice_channels = before


class DoingNotices:
    """Rules for notices. The machine has the desk, the people and the books, and counts what was handed over."""

    desk: Any
    clock: Any
    books: Any
    done: Any
    act: Any
    handed: Counter[tuple[str, str, str]]
    deaths: Counter[tuple[str, str, str]]

    @rule(who=st.sampled_from(sorted(building.PEOPLE)), kind=kinds, timing=timings, later=minutes)
    def tell_people(self, who: str, kind: NoticeKind, timing: NoticeTiming, later: int) -> None:
        """Somebody wants to be told otherwise, and a courier comes."""
        self.clock.advance(minutes=later)
        self.act(who, notice_choices.choose, kind, timing)
        # Few choices are drawn, over and over; with how far the books are, none is left out.
        how = ways[len(self.books.events) % len(ways)]
        known = {notice.id for notice in self.books.notices}
        courier.collect(self.desk)
        digests.make_digests(self.desk)
        found = books.read(self.desk)
        books.check_readers(self.desk, found, [notice for notice in found.notices if notice.id not in known])
        postman = Postman(how)
        with carried_by(postman), suppress(Died):
            notice_delivery.deliver_due(self.desk)
        self.done[f"notice {how}"] += bool(postman.handed) or how not in ("delivers", "dies after")
        self.handed.update(key_of(message) for message in postman.handed)
        if how == "dies after":
            # It did not note what it had handed over: another may tell it once more.
            self.deaths.update(key_of(message) for message in postman.handed)
        wanted = Counter((found.person(notice.person_id).email, notice.title, notice.body) for notice in found.notices)
        assert self.handed - self.deaths <= wanted, self.handed - self.deaths - wanted


def key_of(message: Message) -> tuple[str, str, str]:
    """A message as the notice says it."""
    return message.to_address, message.subject, message.body
