"""When the books change: a watcher tells an open desk that somebody, here or elsewhere, has committed an audited act.

It tells that something has changed, never what: whoever is told reads again what is on the screen. Source: the rules of
the screens (when somebody else acts, queues and balances change within a second).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pettycash_tui.database.changes import Changes, ConnectionLost, open_changes
from pettycash_tui.services import fault
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor

PAUSE_SECONDS = 0.25
"""The least time between two calls: a burst of acts is told once when it begins and once after it."""

FIRST_PATIENCE, LONGEST_PATIENCE = 1.0, 10.0
"""Seconds before a database that is away is tried again: doubled with every try."""

STOP_SECONDS = 0.3
"""How long `stop` waits for the thread."""

_IDLE_SECONDS = 1.0

_log = logging.getLogger("pettycash_tui.live")


def _nothing() -> None:
    """What is called when nobody wants to know."""


class Watcher:
    """Watches the books of an actor's company (all companies, for an officer who belongs to none).

    `on_change()` is called from the watcher's own thread, within 250 ms of a commit on SQLite and at once on Postgres,
    at most once in 250 ms, and never lost: also once after the watcher has begun to listen, and after a lost connection
    is back, for what happened meanwhile. `on_lost()` and `on_back()` frame the time without a connection. None of them
    may wait for the event loop that calls `stop` (post a message; do not call and wait). An error in one is logged.

    `start` and `stop` do not block beyond a moment. A watcher is started once; for another person one makes another.
    """

    def __init__(
        self,
        desk: Desk,
        actor: Actor,
        on_change: Callable[[], object],
        *,
        on_lost: Callable[[], object] = _nothing,
        on_back: Callable[[], object] = _nothing,
    ) -> None:
        self._desk = desk
        self._company_id = actor.company_id
        self._on_change = on_change
        self._on_lost = on_lost
        self._on_back = on_back
        self._stopping = threading.Event()
        self._is_lost = False
        self._thread = threading.Thread(target=self._run, name="pettycash-live", daemon=True)

    def start(self) -> None:
        """Begin to watch; a database that is away is tried again until it is there."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection. Nothing is called any more.

        Returns within 300 ms; a thread that is just then trying to reach a dead server ends by itself, in seconds.
        """
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS)

    @property
    def is_lost(self) -> bool:
        """Whether the database cannot be listened to at this moment."""
        return self._is_lost

    def _run(self) -> None:
        patience = FIRST_PATIENCE
        while not self._stopping.is_set():
            try:
                changes = open_changes(self._desk.url, self._company_id, self._stopping.wait)
                try:
                    patience = FIRST_PATIENCE
                    self._listen(changes)
                finally:
                    changes.close()
            except ConnectionLost:
                self._lose()
                self._stopping.wait(patience)
                patience = min(patience * 2, LONGEST_PATIENCE)

    def _listen(self, changes: Changes) -> None:
        """Tell what comes, until the watcher stops or the connection is lost."""
        if self._is_lost:
            self._is_lost = False
            self._call(self._on_back)
        # What was committed before the listening began is told too, but a desk that is just being opened comes first.
        has_changed, told = True, time.monotonic()
        while not self._stopping.is_set():
            left = told + PAUSE_SECONDS - time.monotonic()
            if has_changed and left <= 0:
                has_changed, told = False, time.monotonic()
                self._call(self._on_change)
            else:
                has_changed |= changes.wait(left if has_changed else _IDLE_SECONDS)

    def _lose(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._call(self._on_lost)

    def _call(self, hook: Callable[[], object]) -> None:
        if self._stopping.is_set():
            return
        try:
            hook()
        except Exception:  # the desk may be closing: a watcher that dies of it would leave the next screen stale
            fault.log(_log, "a watcher could not tell a change")
