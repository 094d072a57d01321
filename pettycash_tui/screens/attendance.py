"""Who is at the desk, and whether they still are: the idle lock, the end of a session, the lost terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

from pettycash_tui.screens.protocols import KeepsDrafts
from pettycash_tui.services import forced
from pettycash_tui.services.errors import NotSignedIn, PettyCashError
from pettycash_tui.widgets.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext

WATCH_SECONDS = 15

HANG_UP_SECONDS = 3
"""The most that one thing may take once the terminal has gone: a database that is away keeps no program."""


class Attendance(TypedAhead, inherit_bindings=False):
    """An app at which one person at a time works."""

    context: DeskContext | None = None
    failure: BaseException | None = None
    """What the program ends with, told once its screens are gone."""
    _idle_known: tuple[DeskContext, int] | None = None
    """Whose desk it is, and after how many idle minutes it is locked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._behind_lock: list[Callable[[], object]] = []
        self._before_hang_up: Any = signal.SIG_DFL

    @property
    def is_locked(self) -> bool:
        """Whether the desk is locked, whatever stands above the lock."""
        screens = self._screen_stacks.get(self.current_mode, ())
        return any(getattr(screen, "locks_the_desk", False) for screen in screens)

    async def action_sign_out(self) -> None:
        """Sign out, and let the next person sign in. Drafts are kept."""
        raise NotImplementedError

    def begin_attendance(self) -> None:
        """Watch the terminal and the person from now on."""
        with suppress(RuntimeError, ValueError, AttributeError, NotImplementedError):
            # Outside the main thread, and on systems without it, there is no such signal to take.
            self._before_hang_up = signal.getsignal(signal.SIGHUP)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        self.set_interval(WATCH_SECONDS, self.watch_presence)

    def end_session(self, context: DeskContext) -> None:
        """End the session of the person who leaves. Blocks; a database that is away keeps nobody at the desk."""
        from pettycash_tui.services import signin

        with suppress(Exception):
            signin.sign_out(context.desk, context.actor)

    def watch_presence(self) -> None:
        """Keep the session alive while somebody is there, lock an idle desk, and end with the session."""
        from pettycash_tui.services import presence

        context = self.context
        if context is not None and presence.is_watched(context.actor):
            if self._idle_known is not None and self._idle_known[0] is context:
                # Before the database is asked: one that does not answer must not keep the desk open.
                self._lock_if_idle(*self._idle_known)
            self.run_worker(self._look_after(context), group="presence", exclusive=True, exit_on_error=False)

    def look_whether_revoked(self) -> None:
        """Somebody acted, perhaps ended this very session: look at once. Writes nothing, or others would look again."""
        from pettycash_tui.services import presence

        context = self.context
        if context is not None and presence.is_watched(context.actor):
            looking = self._look_after(context, keeps_alive=False)
            self.run_worker(looking, group="presence-now", exclusive=True, exit_on_error=False)

    async def _look_after(self, context: DeskContext, *, keeps_alive: bool = True) -> None:
        from pettycash_tui.services import presence

        is_active = keeps_alive and self.idle_seconds < WATCH_SECONDS * 2
        try:
            found = await asyncio.to_thread(presence.look, context.desk, context.actor, is_active)
        except PettyCashError:
            # The database is away: lock all the same.
            known = self._idle_known
            minutes = known[1] if known is not None and known[0] is context else presence.IDLE_MINUTES
            found = presence.Presence(minutes, is_over=False)
        if self.context is not context:
            return
        self._idle_known = (context, found.idle_minutes)
        if found.is_over:
            how = "was ended from elsewhere" if found.is_revoked else "has come to its end"
            if forced.current() is not None:
                # Leaving ends the program, and no notice is read any more: it is told on the terminal that is left.
                self.failure = NotSignedIn(f"Your session {how}. Connect again by SSH; drafts are kept.")
            await self.action_sign_out()
            if self.failure is None:
                self.notify(f"Your session {how}. Sign in again; drafts are kept.", severity="warning", markup=False)
        else:
            self._lock_if_idle(context, found.idle_minutes)

    def _lock_if_idle(self, context: DeskContext, minutes: int) -> None:
        from pettycash_tui.screens.lock import LockScreen

        if self.idle_seconds < minutes * 60 or self.is_locked:
            return
        told = list(self._notifications)
        self.clear_notifications()
        self.push_screen(LockScreen(context, idle_minutes=minutes), lambda _: self.call_later(self._show_what_waited))
        for notice in told:
            self.notify(notice.message, title=notice.title, severity=notice.severity, markup=False)

    # -- behind the lock -----------------------------------------------------------------------------------------------

    def push_screen(self, screen: Any, *args: Any, **options: Any) -> Any:
        """Open a screen. What work in the background would open over the lock waits until it is unlocked."""
        if self.is_locked and not getattr(screen, "may_stand_above_the_lock", False):
            self._behind_lock.append(lambda: self.push_screen(screen, *args, **options))
            return AwaitComplete()
        return super().push_screen(screen, *args, **options)

    def notify(self, message: str, **options: Any) -> None:
        """Tell something. Names and amounts are not told on a locked desk: it waits until it is unlocked."""
        if self.is_locked:
            self._behind_lock.append(lambda: self.notify(message, **options))
        else:
            super().notify(message, **options)

    def _show_what_waited(self) -> None:
        if self.is_locked:  # again, by now
            return
        waited, self._behind_lock = self._behind_lock, []
        for show in waited:
            show()

    def forget_what_waited(self) -> None:
        """It was for the person who leaves."""
        self._behind_lock.clear()

    @property
    def _keepers(self) -> list[KeepsDrafts]:
        screens: list[Any] = [screen for stack in self._screen_stacks.values() for screen in stack]
        return [screen for screen in screens if isinstance(screen, KeepsDrafts)]

    async def keep_drafts(self) -> None:
        """Store what was typed and not yet sent."""
        for screen in self._keepers:
            await screen.keep_draft()

    def _hang_up(self) -> None:
        """The terminal has gone: keep what was typed and end the session, then end as a program without one does."""
        for store in [store for screen in self._keepers if (store := screen.unsaved())]:
            _without_waiting_long(store)
        # Nobody works here any more: that the session is over by now is no reason to let somebody else sign in.
        context, self.context = self.context, None
        if context is not None:
            _without_waiting_long(partial(self.end_session, context))
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        # Whoever has opened the desk for somebody, as by SSH, ends the session too, and has the time for it.
        # That whoever started the program lets hang-ups pass, as nohup does, keeps no desk open that nobody can see.
        ignored = self._before_hang_up is signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_DFL if ignored else self._before_hang_up)
        os.kill(os.getpid(), signal.SIGHUP)


def _without_waiting_long(work: Callable[[], object]) -> None:
    # There is nobody left to keep waiting, and Textual stops as soon as it reads the closed terminal.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=HANG_UP_SECONDS)
