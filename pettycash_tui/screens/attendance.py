"""Who is at the desk, and whether they still are: the idle lock, the end of a session, the lost terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pettycash_tui.screens.protocols import KeepsDrafts
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.widgets.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext

WATCH_SECONDS = 15


class Attendance(TypedAhead, inherit_bindings=False):
    """An app at which one person at a time works."""

    context: DeskContext | None = None

    async def action_sign_out(self) -> None:
        """Sign out, and let the next person sign in. Drafts are kept."""
        raise NotImplementedError

    def begin_attendance(self) -> None:
        """Watch the terminal and the person from now on."""
        with suppress(RuntimeError, ValueError, AttributeError, NotImplementedError):
            # Outside the main thread, and on systems without it, there is no such signal to take.
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
            self.run_worker(self._look_after(context), group="presence", exclusive=True, exit_on_error=False)

    async def _look_after(self, context: DeskContext) -> None:
        from pettycash_tui.screens.lock import LockScreen
        from pettycash_tui.services import presence

        idle = self.idle_seconds
        try:
            found = await asyncio.to_thread(presence.look, context.desk, context.actor, idle < WATCH_SECONDS * 2)
        except PettyCashError:
            # The database is away: lock all the same.
            found = presence.Presence(presence.IDLE_MINUTES, is_over=False)
        if self.context is not context:
            return
        if found.is_over:
            await self.action_sign_out()
            self.notify("Your session has come to its end. Sign in again; drafts are kept.", markup=False)
        elif idle >= found.idle_minutes * 60 and not isinstance(self.screen, LockScreen):
            self.push_screen(LockScreen(context, idle_minutes=found.idle_minutes))

    @property
    def _keepers(self) -> list[KeepsDrafts]:
        screens: list[Any] = [screen for stack in self._screen_stacks.values() for screen in stack]
        return [screen for screen in screens if isinstance(screen, KeepsDrafts)]

    async def keep_drafts(self) -> None:
        """Store what was typed and not yet sent."""
        for screen in self._keepers:
            await screen.keep_draft()

    def _hang_up(self) -> None:
        """The terminal has gone: keep what was typed, then end as a program without a terminal does."""
        for store in [store for screen in self._keepers if (store := screen.unsaved())]:
            # There is nobody left to keep waiting, and Textual stops as soon as it reads the closed terminal.
            thread = threading.Thread(target=store, daemon=True)
            thread.start()
            thread.join(timeout=3)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
