"""What stands in a form, kept as it is typed: at the latest a second after a key, also while somebody types on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from textual.timer import Timer

from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.requisition_values import Values
from pettycash_tui.services import form_drafts
from pettycash_tui.services.errors import DatabaseUnavailable, PettyCashError

KEEP_AFTER = 0.5
KEEP_AGAIN = 2.0
"""Seconds after the first key that is not kept yet, and after a failure, until the form is kept."""


class DraftKeeper:
    """Keeps the values of one form of one screen under its name. `kept` is what is known to be kept."""

    def __init__(self, screen: DeskScreen, form: str, read: Callable[[], Values]) -> None:
        self.form = form
        self.kept: Values | None = None
        self._screen = screen
        self._read = read
        self._timer: Timer | None = None
        # Writes run in threads: an older one must not overtake a newer, nor one come back after the form was sent.
        self._lock = threading.Lock()
        self._tickets = count(1)
        self._done = 0
        self._is_over = False

    @property
    def is_behind(self) -> bool:
        """Whether what stands in the form is not kept yet."""
        return self.kept is not None and self._read() != self.kept

    def begin(self, values: Values) -> None:
        """From now on, what differs from these values is kept."""
        self.kept = values
        self._is_over = False

    def typed(self) -> None:
        """Something was typed: keep it soon. A key while it waits does not put it off."""
        if self._timer is None and self.kept is not None:
            self._timer = self._screen.set_timer(KEEP_AFTER, self.keep)

    def keep(self) -> None:
        """Keep what stands in the form now, in a thread."""
        self._wait_no_more()
        if not self.is_behind:
            return
        values = self._read()
        self._screen.write(
            self.storing(values),
            then=lambda _: self._have_kept(values),
            failed=self._not_kept,
            key=("draft", self.form, tuple(values.items())),
        )

    def leave(self) -> None:
        """Keep what stands in a form that is being left, however long the database is away."""
        self._wait_no_more()
        if not self.is_behind:
            return
        store = self.storing(self._read())

        async def go_on() -> None:
            while True:
                try:
                    return await asyncio.to_thread(store)
                except DatabaseUnavailable:
                    await asyncio.sleep(KEEP_AGAIN)

        # The app owns the worker: this screen is gone in a moment.
        self._screen.app.run_worker(go_on(), name="draft", group="draft", exit_on_error=False)

    def storing(self, values: Values) -> Callable[[], None]:
        """What stores these values, to be called in a thread; it does nothing when newer ones are stored by then."""
        ticket = next(self._tickets)
        desk, actor = self._screen.context.desk, self._screen.context.actor

        def store() -> None:
            with self._lock:
                if self._is_over or ticket < self._done:
                    return
                desk.run_unaudited(actor, form_drafts.save, self.form, values)
                self._done = ticket

        return store

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Around what sends or discards the form, in its thread: afterwards nothing more is kept, unless it failed."""
        with self._lock:
            yield
            self._is_over = True

    def end(self) -> None:
        """The form was sent or discarded."""
        self._wait_no_more()
        self.kept = None

    def _have_kept(self, values: Values) -> None:
        if self.kept is not None:
            self.kept = values

    def _not_kept(self, error: PettyCashError) -> None:
        """Try again by itself: who has stopped typing has a right to it, too."""
        if self.kept is not None and self._timer is None and self._screen.is_attached:
            self._timer = self._screen.set_timer(KEEP_AGAIN, self.keep)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
