"""The watcher: what is committed elsewhere is heard of, what is nobody else's business is not, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import building
import pytest
from sqlalchemy import URL

from pettycash_tui.database import changes
from pettycash_tui.services import form_drafts, live
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.live import Watcher
from pettycash_tui.services.work import Work

SOON = 5.0
"""Seconds that something may take on a busy test machine; it is waited for, never slept."""


class Heard:
    """What a watcher has told, in order, to be waited for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.times: list[float] = []
        self._changed = threading.Condition()

    def note(self, what: str) -> Callable[[], None]:
        def noted() -> None:
            with self._changed:
                self.told.append(what)
                self.times.append(time.monotonic())
                self._changed.notify_all()

        return noted

    def until(self, *told: str) -> None:
        """Wait until exactly this was told."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= len(told), SOON), self.told
            assert tuple(self.told) == told


@contextmanager
def watching(desk: Desk, actor: Actor) -> Iterator[Heard]:
    """A watcher that has told what it tells when it begins."""
    heard = Heard()
    watcher = Watcher(desk, actor, heard.note("change"), on_lost=heard.note("lost"), on_back=heard.note("back"))
    watcher.start()
    try:
        heard.until("change")
        yield heard
    finally:
        watcher.stop()


def act_of(desk: Desk, actor: Actor, company_id: object = ...) -> None:
    """An audited act in the actor's company, or in that one."""
    found = actor.company_id if company_id is ... else company_id

    def act(work: Work) -> None:
        work.record(
            "test.acted",
            "test",
            None,
            "test",
            stream=company_stream(found),
            company_id=found,
            data={},  # type: ignore[arg-type]
        )

    desk.run(actor, act)


@pytest.fixture
def people(desk: Desk) -> dict[str, Actor]:
    return building.company(desk)


@pytest.fixture
def other(desk: Desk, open_desk: Callable[[URL], Desk]) -> Desk:
    """The same books in another program."""
    return open_desk(desk.url)


def test_an_act_in_another_program_is_heard_of_within_a_second(
    desk: Desk, other: Desk, people: dict[str, Actor]
) -> None:
    with watching(desk, people["staff"]) as heard:
        began = time.monotonic()
        act_of(other, people["treasury"])
        heard.until("change", "change")
        assert heard.times[-1] - began < 1.0


def test_an_act_of_the_same_program_is_heard_of_too(desk: Desk, people: dict[str, Actor]) -> None:
    with watching(desk, people["staff"]) as heard:
        act_of(desk, people["treasury"])
        heard.until("change", "change")


def test_what_leaves_no_audit_event_refreshes_nobody(desk: Desk, other: Desk, people: dict[str, Actor]) -> None:
    listening = changes.open_changes(desk.url, people["staff"].company_id, lambda seconds: None)
    try:
        other.run_unaudited(people["treasury"], form_drafts.save, "requisition", {"payee": "Total"})
        assert listening.wait(0.2) is False
        act_of(other, people["treasury"])
        assert listening.wait(SOON) is True
    finally:
        listening.close()


def test_another_company_is_another_matter_but_not_to_an_officer_of_the_group(
    desk: Desk, other: Desk, people: dict[str, Actor]
) -> None:
    strangers = building.company(desk, "OTHER", prefix="o_")
    with watching(desk, people["staff"]) as heard, watching(desk, SYSTEM) as group:
        act_of(other, strangers["staff"])
        group.until("change", "change")
        act_of(other, strangers["staff"], None)
        group.until("change", "change", "change")
        assert heard.told == ["change"]
        act_of(other, people["staff"])
        heard.until("change", "change")


def test_what_was_undone_is_not_told(desk: Desk, other: Desk, people: dict[str, Actor]) -> None:
    def act_and_fail(work: Work) -> None:
        company = people["staff"].company_id
        work.record("test.acted", "test", None, "t", stream=company_stream(company), company_id=company, data={})
        work.finish(audited=True)
        raise ZeroDivisionError

    with watching(desk, people["staff"]) as heard:
        with pytest.raises(ZeroDivisionError):
            other.run(people["treasury"], act_and_fail)
        act_of(other, people["treasury"])
        heard.until("change", "change")


def test_a_burst_is_told_at_most_four_times_a_second_and_its_end_is_not_lost(
    desk: Desk, other: Desk, people: dict[str, Actor]
) -> None:
    with watching(desk, people["staff"]) as heard:
        for _ in range(40):
            act_of(other, people["treasury"])
        ended = time.monotonic()
        while heard.times[-1] < ended:
            with heard._changed:
                assert heard._changed.wait_for(lambda: heard.times[-1] >= ended, SOON), "the end of the burst was lost"
        gaps = [late - early for early, late in pairwise(heard.times)]
        assert min(gaps) >= live.PAUSE_SECONDS * 0.99
        assert len(gaps) <= 2 + (heard.times[-1] - heard.times[0]) / live.PAUSE_SECONDS


def test_stopping_is_prompt_and_leaves_no_thread_and_no_connection(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[changes.Changes] = []

    def open_noted(*given: object) -> changes.Changes:
        opened.append(changes.open_changes(*given))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(live, "open_changes", open_noted)
    heard = Heard()
    watcher = Watcher(desk, people["staff"], heard.note("change"))
    watcher.start()
    heard.until("change")
    began = time.monotonic()
    watcher.stop()
    assert time.monotonic() - began < 0.5
    assert not watcher._thread.is_alive()
    with pytest.raises(changes.ConnectionLost, match="closed"):
        opened[0].wait(0)
    act_of(desk, people["staff"])
    assert heard.told == ["change"]
    watcher.stop()


def test_an_error_in_who_is_told_does_not_end_the_watching(desk: Desk, people: dict[str, Actor]) -> None:
    heard = Heard()
    note = heard.note("change")

    def fail() -> None:
        note()
        raise RuntimeError("the desk is closing")

    watcher = Watcher(desk, people["staff"], fail)
    watcher.start()
    try:
        heard.until("change")
        act_of(desk, people["staff"])
        heard.until("change", "change")
    finally:
        watcher.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away is tried again at once."""
    monkeypatch.setattr(live, "FIRST_PATIENCE", 0.01)


@pytest.mark.only_on("postgres")
def test_a_connection_that_was_cut_comes_back_and_what_happened_meanwhile_is_told(
    desk: Desk, other: Desk, people: dict[str, Actor], impatient: None
) -> None:
    def cut(work: Work) -> None:
        work.connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'pettycash live' AND datname = current_database()"
        )

    with watching(desk, people["staff"]) as heard:
        other.run_unaudited(SYSTEM, cut)
        heard.until("change", "lost", "back", "change")
        act_of(other, people["treasury"])
        heard.until("change", "lost", "back", "change", "change")


def test_a_database_that_is_away_is_tried_again_until_it_is_there(
    desk: Desk, people: dict[str, Actor], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def away_at_first(*given: object) -> changes.Changes:
        tries.append(time.monotonic())
        if len(tries) < 5:
            raise changes.ConnectionLost("away")
        return changes.open_changes(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(live, "open_changes", away_at_first)
    heard = Heard()
    watcher = Watcher(
        desk, people["staff"], heard.note("change"), on_lost=heard.note("lost"), on_back=heard.note("back")
    )
    watcher.start()
    try:
        heard.until("lost", "back", "change")
        waits = [late - early for early, late in pairwise(tries)]
        assert all(wait >= 0.01 * 2**place * 0.9 for place, wait in enumerate(waits))
    finally:
        watcher.stop()


def test_listening_to_a_file_that_is_not_there_is_refused_and_makes_none(sqlite_url: URL) -> None:
    url = sqlite_url.set(database=f"{sqlite_url.database}.missing")
    with pytest.raises(changes.ConnectionLost):
        changes.open_changes(url, None, time.sleep)
    assert not Path(str(url.database)).exists()


def test_listening_to_a_server_that_is_not_there_is_refused() -> None:
    url = URL.create("postgresql+psycopg", host="127.0.0.1", port=1, database="nothing")
    with pytest.raises(changes.ConnectionLost):
        changes.open_changes(url, uuid4(), time.sleep)


def test_a_busy_file_is_looked_at_again(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    people = building.company(sqlite_desk)
    listening = changes.FileChanges(sqlite_desk.url, people["staff"].company_id, lambda seconds: None)
    act_of(sqlite_desk, people["staff"])
    busy = changes.sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = changes.sqlite3.SQLITE_BUSY
    read = listening._read

    def held(statement: str, *given: object) -> object:
        if statement == changes._NEW:
            raise busy
        return read(statement, *given)

    monkeypatch.setattr(listening, "_read", held)
    assert listening.wait(0) is False
    monkeypatch.undo()
    assert listening.wait(0) is True
    assert listening.wait(0) is False
    listening.close()
