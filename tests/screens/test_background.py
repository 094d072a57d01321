"""Work beside the event loop: results come back on it, old ones are dropped, writes are done once and never lost."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from pettycash_tui.services.errors import PettyCashError, Refused
from pettycash_tui.widgets.background import FAULT, Background, BusyMark, awaited, busy


class Work(Background, Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []
        self.failures: list[str] = []

    def compose(self) -> ComposeResult:
        yield BusyMark()
        yield Part()

    def failed(self, error: PettyCashError) -> None:
        self.failures.append(error.message)


class Part(Background, Widget): ...


class Desk(App[None]):
    def on_mount(self) -> None:
        self.push_screen(Work())

    @property
    def notices(self) -> list[str]:
        return [notification.message for notification in self._notifications]

    @property
    def work(self) -> Work:
        return next(screen for screen in self.screen_stack if isinstance(screen, Work))


class Gate:
    """A function that waits until it is let go, and remembers how often it was called."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Event()
        self.calls: list[Any] = []

    def __call__(self, value: Any) -> Any:
        self.calls.append(value)
        self.begun.set()
        assert self.open.wait(10)
        return value


async def finished(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


@pytest.fixture
def app() -> Desk:
    return Desk()


async def test_the_function_runs_in_a_thread_and_the_callback_on_the_loop(app: Desk) -> None:
    async with app.run_test() as pilot:
        threads: list[int] = []
        app.work.read("rows", threading.get_ident, then=lambda ident: threads.extend([ident, threading.get_ident()]))
        await finished(pilot)
        assert threads[0] != threads[1] == threading.get_ident()


async def test_only_the_latest_read_of_a_group_counts(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        work.read("detail", gate, "old", then=work.got.append)
        work.read("detail", str, "new", then=work.got.append)
        work.read("other", str, "other", then=work.got.append)
        gate.open.set()
        await finished(pilot)
        assert sorted(work.got) == ["new", "other"]


async def test_an_answer_counts_no_more_once_another_read_has_begun_even_if_it_waits_for_its_callback(
    app: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test() as pilot:
        work, call_later = app.work, app.work.call_later

        def begin_another(*callback: object) -> bool:
            monkeypatch.setattr(work, "call_later", call_later)
            work.read("detail", str, "new", then=work.got.append)
            return call_later(*callback)  # type: ignore[arg-type]

        monkeypatch.setattr(work, "call_later", begin_another)
        work.read("detail", str, "old", then=work.got.append)
        await finished(pilot)
        await finished(pilot)
        assert work.got == ["new"]


async def test_a_forgotten_read_brings_nothing(app: Desk) -> None:
    async with app.run_test() as pilot:
        app.work.read("detail", str, "x", then=app.work.got.append)
        app.work.forget("detail")
        await finished(pilot)
        assert app.work.got == []


def refuse(sentence: str) -> None:
    raise Refused(sentence)


def blunder(secret: str) -> None:
    raise KeyError(secret)


async def test_a_refusal_goes_to_failed_or_is_a_notice_that_parses_nothing(app: Desk) -> None:
    async with app.run_test() as pilot:
        work = app.work
        work.write(refuse, "not [b]yours[/b]\x1b[2J", then=work.got.append, failed=work.failed)
        await finished(pilot)
        assert work.failures == ["not [b]yours[/b]\ufffd[2J"]
        assert app.notices == []
        work.write(refuse, "not [b]yours[/b]\x1b[2J", then=work.got.append)
        await finished(pilot)
        assert app.notices == ["not [b]yours[/b]\ufffd[2J"]
        assert not any(notification.markup for notification in app._notifications)
        assert work.got == []


async def test_a_fault_is_told_and_logged_without_what_was_typed(app: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async with app.run_test() as pilot:
        with caplog.at_level(logging.ERROR):
            app.work.read("rows", blunder, "123456", then=app.work.got.append)
            app.work.write(blunder, "123456", then=app.work.got.append, failed=app.work.failed)
            await finished(pilot)
        assert app.is_running
        assert app.notices == [FAULT, FAULT]
        assert app.work.failures == [FAULT]
        assert "KeyError" in caplog.text and "blunder" in caplog.text
        assert "123456" not in caplog.text


async def test_a_fault_while_showing_a_result_does_not_end_the_program(app: Desk) -> None:
    async with app.run_test() as pilot:
        app.work.read("rows", str, "x", then=lambda text: {"a": 1}[text])
        await finished(pilot)
        assert app.is_running and app.notices == [FAULT]


async def test_a_write_is_not_done_twice_while_it_is_under_way(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        assert work.write(gate, "PAY-1", then=work.got.append)
        assert not work.write(gate, "PAY-1", then=work.got.append)
        assert work.write(gate, "PAY-2", then=work.got.append)
        assert not work.write(gate, "PAY-3", then=work.got.append, key=(gate, ("PAY-2",)))
        gate.open.set()
        await finished(pilot)
        assert sorted(gate.calls) == sorted(work.got) == ["PAY-1", "PAY-2"]
        assert work.write(gate, "PAY-1", then=work.got.append), "once it has ended it may be tried again"
        await finished(pilot)


async def test_a_key_names_what_is_being_written_anywhere_in_the_app(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        part = work.query_one(Part)
        assert work.write(gate, [1], then=work.got.append, key="pay:88")
        assert work.is_writing("pay:88") and part.is_writing("pay:88")
        assert not part.write(gate, [1], then=work.got.append, key="pay:88")
        gate.open.set()
        await finished(pilot)
        assert not work.is_writing("pay:88")
        assert work.got == [[1]]


async def test_a_write_goes_on_when_its_screen_is_closed_and_its_result_is_dropped(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        work.write(gate, "paid", then=work.got.append)
        assert await asyncio.to_thread(gate.begun.wait, 5)
        await app.pop_screen()
        gate.open.set()
        await finished(pilot)
        assert gate.calls == ["paid"] and work.got == []


async def test_a_write_that_fails_after_its_screen_is_closed_is_still_told(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work

        def fail_later() -> None:
            gate(1)
            raise Refused("The fund has not enough.")

        work.write(fail_later, then=work.got.append, failed=work.failed)
        assert await asyncio.to_thread(gate.begun.wait, 5)
        await app.pop_screen()
        gate.open.set()
        await finished(pilot)
        assert app.notices == ["The fund has not enough."] and work.failures == []


async def test_a_read_is_dropped_when_its_screen_is_closed(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        work.read("rows", gate, "x", then=work.got.append)
        await app.pop_screen()
        gate.open.set()
        await finished(pilot)
        assert work.got == [] and app.notices == []


async def test_a_write_does_not_wait_behind_slow_reads(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        for number in range(64):
            work.read(f"slow {number}", gate, number, then=work.got.append)
        done = threading.Event()
        work.write(done.set, then=lambda _: None)
        assert await _wait(done.is_set, pilot)
        gate.open.set()
        await finished(pilot)
        assert len(work.got) == 64


async def test_the_busy_mark_stands_while_something_takes_long_and_goes_with_it(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        mark = work.query_one(BusyMark)
        work.read("quick", str, "x", then=work.got.append)
        assert busy(work) == 1 and not mark.display
        await finished(pilot)
        assert busy(work) == 0 and not mark.display
        work.query_one(Part).read("slow", gate, "x", then=work.got.append)
        assert not mark.display
        assert await _wait(lambda: mark.display, pilot)
        gate.open.set()
        await finished(pilot)
        assert busy(work) == 0 and not mark.display


async def test_the_busy_mark_says_what_is_awaited_a_write_before_a_read(app: Desk) -> None:
    async with app.run_test() as pilot:
        reading, writing, work = Gate(), Gate(), app.work
        mark = work.query_one(BusyMark)
        work.write(writing, 1, then=work.got.append, waits="paying…")
        work.read("rows", reading, 2, then=work.got.append)
        assert await _wait(lambda: mark.display, pilot)
        assert mark.render() == "paying…"
        writing.open.set()
        assert await _wait(lambda: mark.render() == "reading…", pilot)
        await pilot.pause()
        assert mark.display and mark.size.width == len("reading…")
        reading.open.set()
        await finished(pilot)
        assert not mark.display


async def test_a_window_says_what_the_screen_below_writes_for_it(app: Desk) -> None:
    async with app.run_test() as pilot:
        gate, work = Gate(), app.work
        window = Work()
        await app.push_screen(window)
        work.write(gate, 1, then=work.got.append, waits="paying…", window=window)
        assert awaited(work) == awaited(window) == "paying…"
        await app.pop_screen()
        gate.open.set()
        await finished(pilot)
        assert awaited(work) == awaited(window) == "" and work.got == [1]


async def _wait(condition: Callable[[], bool], pilot: Pilot[None]) -> bool:
    for _ in range(200):
        if condition():
            return True
        await pilot.pause()
    return condition()
