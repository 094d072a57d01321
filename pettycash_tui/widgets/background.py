"""Work that waits for the database, done beside the event loop: the keys stay alive however slow it is.

A screen or widget that inherits from `Background` calls `read` and `write`. The function runs in a thread and touches
no widget; what comes of it is given to a callback on the event loop, or dropped when the screen is gone.

The worker is a task that waits for the thread, rather than Textual's own thread worker: its end always runs on the
event loop, even when it is cancelled, so that neither the count of what is under way nor the key of a write can leak.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from textual.app import App
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from pettycash_tui.models.text import printable
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.fault import where_it_happened

if TYPE_CHECKING:
    _Base = Widget
else:
    _Base = object

T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

BUSY_AFTER = 0.15
"""Seconds before anything is said about waiting: what ends sooner is felt as instant, and a mark would only flicker."""

READING, SAVING = "reading…", "saving…"

FAULT = "Something went wrong in the program; the log names the place. Look at how things stand before you try again."

_log = logging.getLogger("pettycash_tui.background")
_latest: WeakKeyDictionary[Widget, dict[str, object]] = WeakKeyDictionary()
_writing: WeakKeyDictionary[App[Any], set[Hashable]] = WeakKeyDictionary()
_awaited: WeakKeyDictionary[Screen[Any], list[_Awaited]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    """What a thread brought back: a value, or the error."""

    value: T | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Awaited:
    """A read or a write under way, in the words of the person who waits for it."""

    words: str
    is_write: bool


def busy(screen: Screen[Any]) -> int:
    """How many reads and writes of this screen are under way."""
    return len(_awaited.get(screen, ()))


def awaited(screen: Screen[Any]) -> str:
    """What this screen waits for: the write begun last, else the read begun last; empty when it waits for nothing."""
    under_way = _awaited.get(screen, [])
    writes = [one for one in under_way if one.is_write]
    return next((one.words for one in reversed(writes or under_way)), "")


class Background(_Base):
    """What a screen or a widget inherits to read and write beside the event loop (first in the list of bases)."""

    def read(
        self,
        group: str,
        function: Callable[[*Ts], T],
        *args: *Ts,
        then: Callable[[T], object],
        failed: Callable[[PettyCashError], object] | None = None,
        waits: str = "",
    ) -> None:
        """Call `function(*args)` in a thread and give its result to `then`.

        Within a group only the latest read counts: an older one is not begun when it still waits for a thread, and
        its result is dropped when it comes. Errors go to `failed` (by default a notice). `waits` is what the busy mark
        says meanwhile.
        """
        ticket = object()
        latest = _latest.setdefault(self, {})
        latest[group] = ticket

        def is_stale() -> bool:
            return latest.get(group) is not ticket

        def unless_stale(callback: Callable[[R], object]) -> Callable[[R], object]:
            # Asked again when its turn has come: another read may have begun between the answer and the callback.
            return lambda value: None if is_stale() else callback(value)

        async def carry() -> None:
            outcome = await asyncio.to_thread(_attempt, function, args, is_stale)
            if outcome is not None and not is_stale():
                self._deliver(outcome, unless_stale(then), unless_stale(failed) if failed is not None else None)

        words = waits or getattr(self.screen, "reads", READING)
        self._begin(carry, group, _Awaited(words, is_write=False), self.screen)

    def forget(self, group: str) -> None:
        """Drop what a read of this group would still bring."""
        _latest.setdefault(self, {}).pop(group, None)

    def write(
        self,
        function: Callable[[*Ts], T],
        *args: *Ts,
        then: Callable[[T], object],
        failed: Callable[[PettyCashError], object] | None = None,
        key: Hashable | None = None,
        waits: str = SAVING,
        window: Screen[Any] | None = None,
    ) -> bool:
        """Call `function(*args)` in a thread, once: False when the same write is still under way.

        The same means the same `key` (by default the function with its arguments) anywhere in the app. A write is
        never cancelled, not even when the screen is closed; its failure is then told as a notice. `waits` is what the
        busy mark says meanwhile, also in the `window` in which it was asked for.
        """
        under_way = _writing.setdefault(self.app, set())
        key = _key_of(function, args) if key is None else key
        if key in under_way:
            return False
        under_way.add(key)
        person = _person(self.app)
        context = copy_context()
        attempt = partial(context.run, _attempt, function, args, None)

        async def carry() -> None:
            try:
                outcome = await asyncio.shield(asyncio.get_running_loop().run_in_executor(_writers(), attempt))
            finally:
                under_way.discard(key)
            if outcome is not None and _person(self.app) is person:
                self._deliver(outcome, then, failed)

        screens = (self.screen,) if window is None else (self.screen, window)
        self._begin(carry, "write", _Awaited(waits, is_write=True), *screens)
        return True

    def is_writing(self, key: Hashable) -> bool:
        """Whether a write of this key is under way."""
        return key in _writing.get(self.app, ())

    def _begin(self, carry: Callable[[], Any], group: str, what: _Awaited, *screens: Screen[Any]) -> None:
        async def told() -> None:
            try:
                await carry()
            finally:
                for screen in screens:
                    _awaited[screen].remove(what)
                    _sync(screen)

        for screen in screens:
            _awaited.setdefault(screen, []).append(what)
            _sync(screen)
        # The app owns the worker: Textual cancels the workers of a node that is removed, and a write must not be.
        # The description is given because Textual's own shows the arguments, and a code may be among them.
        self.app.run_worker(told(), name=group, group=group, description=group, exit_on_error=False)

    def _deliver(
        self,
        outcome: _Outcome[T],
        then: Callable[[T], object],
        failed: Callable[[PettyCashError], object] | None,
    ) -> None:
        error = outcome.error
        if error is None:
            self.call_later(self._call_back, then, outcome.value)
            return
        if not isinstance(error, PettyCashError):
            error = _fault(self.app, error)
            if failed is not None:
                self.call_later(self._call_back, failed, error)
        elif failed is None or not self.call_later(self._call_back, failed, error):
            self.notify(printable(error.message, multiline=True), severity="error", markup=False)

    def _call_back(self, callback: Callable[[Any], object], value: object) -> None:
        if not (self.is_running and self.is_attached):
            return
        try:
            callback(value)
        except Exception as error:  # a fault while showing a result must not take the screen and its form with it
            _fault(self.app, error)


class BusyMark(Widget):
    """What its screen waits for, in a word or two, from 150 ms on: `reading…`, `sending a code…`."""

    DEFAULT_CSS = """
    BusyMark { width: auto; height: 1; display: none; color: $warning; padding: 0 1; }
    """

    _timer: Timer | None = None
    _words = ""

    def on_mount(self) -> None:
        self.sync()

    def render(self) -> str:
        return self._words

    def sync(self) -> None:
        """Follow what its screen waits for."""
        words = awaited(self.screen)
        if not words:
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
            self.display = False
        elif words != self._words:
            self._words = words
            self.refresh(layout=True)
        if words and self._timer is None:
            self._timer = self.set_timer(BUSY_AFTER, self._show)

    def _show(self) -> None:
        self.display = busy(self.screen) > 0


class WindowMark(BusyMark):
    """The same in a window, in the empty line above its foot: nothing moves when it comes and goes."""

    DEFAULT_CSS = """
    WindowMark { overlay: screen; margin-top: 1; offset: 0 -1; padding: 0; }
    """


@cache
def _writers() -> ThreadPoolExecutor:
    # Threads of their own: a payment must not wait for its turn behind reads of a slow database.
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="pettycash-write")


def _attempt(
    function: Callable[..., T], args: tuple[Any, ...], is_stale: Callable[[], bool] | None
) -> _Outcome[T] | None:
    if is_stale is not None and is_stale():
        return None
    try:
        return _Outcome(value=function(*args))
    except Exception as error:
        return _Outcome(error=error)


def _key_of(function: Callable[..., object], args: tuple[object, ...]) -> Hashable:
    try:
        hash((function, args))
    except TypeError:
        return function
    return (function, args)


def _person(app: App[Any]) -> object:
    """Who works here: what one person's act led to is nobody else's to read."""
    return getattr(app, "context", None)


def _sync(screen: Screen[Any]) -> None:
    if screen.is_running:
        for mark in screen.query(BusyMark):
            mark.sync()


def _fault(app: App[Any], error: BaseException) -> PettyCashError:
    """Log a fault of the program and tell it, without the error's own text: it may hold what somebody typed."""
    _log.error("fault in background work\n%s", where_it_happened(error))
    app.notify(FAULT, severity="error", markup=False)
    return PettyCashError(FAULT)
