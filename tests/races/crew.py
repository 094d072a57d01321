"""Real processes that act at the same moment: spawned once for a test run, each with its own desk on the same books."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError

SIZE = 8
PATIENCE_SECONDS = 60
"""After this a race has hung, and the test fails."""


@dataclass(frozen=True)
class Outcome:
    """What became of one process's act: a value, or the error a person would have read."""

    value: Any = None
    error: str = ""
    code: str = ""
    message: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def won(self) -> bool:
        """Whether it was done."""
        return not self.error


@dataclass(frozen=True)
class Place:
    """Where the processes meet: the books, the home and the moment."""

    url: str
    home: str
    now: datetime

    @classmethod
    def of(cls, desk: Desk) -> Place:
        """The place of a desk, for other processes."""
        return cls(desk.url.render_as_string(hide_password=False), str(desk.home), desk.clock())

    def open(self) -> Desk:
        """A desk of one's own on the same books."""
        url: URL = make_url(self.url)
        return Desk(url, Path(self.home), clock=lambda: self.now, pool_size=2)


Act = Callable[..., Any]


class Crew:
    """Eight processes that wait for something to do."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._barriers = {size: context.Barrier(size) for size in range(1, SIZE + 1)}
        self._workers = []
        for _ in range(SIZE):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, self._barriers), daemon=True)
            process.start()
            theirs.close()
            self._workers.append((process, ours))

    def race(self, desk: Desk, acts: Iterable[tuple[Any, ...]]) -> list[Outcome]:
        """Let each act `(function, *arguments)` run in a process of its own, all starting at one barrier."""
        return self._run(Place.of(desk), list(acts))

    def at_once(self, function: Act, *arguments: Any, times: int = 2) -> list[Outcome]:
        """Run a function that needs no desk; its first argument is the barrier's `wait`."""
        return self._run(None, [(function, *arguments)] * times)

    def close(self) -> None:
        """Send everybody home."""
        for process, pipe in self._workers:
            pipe.send(None)
            process.join(10)

    def _run(self, place: Place | None, acts: list[tuple[Any, ...]]) -> list[Outcome]:
        taking_part = self._workers[: len(acts)]
        assert len(taking_part) == len(acts) <= SIZE
        # One that nobody came to stays broken.
        self._barriers[len(acts)].reset()
        for (_, pipe), act in zip(taking_part, acts, strict=True):
            pipe.send((len(acts), place, act))
        outcomes = []
        for _, pipe in taking_part:
            assert pipe.poll(PATIENCE_SECONDS), "a process hangs"
            outcomes.append(pipe.recv())
        return outcomes


def _work(pipe: Connection, barriers: dict[int, Any]) -> None:
    os.environ["PETTYCASH_OUTBOX"] = "1"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    while (job := pipe.recv()) is not None:
        size, place, (act, *arguments) = job
        pipe.send(_outcome(barriers[size].wait, place, act, arguments))


def _outcome(wait: Callable[[float], int], place: Place | None, act: Act, arguments: list[Any]) -> Outcome:
    desk = None
    try:
        if place is None:
            return Outcome(act(wait, *arguments))
        desk = place.open()
        desk.secrets.server_key()
        desk.schema_status()
        wait(PATIENCE_SECONDS / 2)
        return Outcome(act(desk, *arguments))
    except PettyCashError as error:
        codes = tuple(reason.code for reason in error.reasons)
        return Outcome(None, type(error).__name__, error.code, error.message, codes)
    except Exception as error:
        return Outcome(None, f"fault: {type(error).__name__}", "fault", str(error))
    finally:
        if desk is not None:
            desk.close()
