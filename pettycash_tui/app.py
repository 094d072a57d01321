"""The desk: the Textual app with its keys, themes and windows. Nothing below imports it.

Each list is a mode with a stack of its own, so that going from one to the other and back changes nothing in either.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Protocol

from rich.text import Text
from rich.traceback import Traceback
from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from pettycash_tui.actions import ACTIONS, APP, bindings_for, display_key
from pettycash_tui.screens.context import DeskContext, load_context
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.screens.places import FORM, open_place
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.screens.small_window import SmallWindowScreen, is_too_small
from pettycash_tui.screens.without_colour import WithoutColour
from pettycash_tui.services import opening, presence, signin
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.presence import Presence
from pettycash_tui.theme import ANSI, DARK, LIGHT, themes
from pettycash_tui.widgets.background import FAULT
from pettycash_tui.widgets.footer import live_keys
from pettycash_tui.widgets.typed_ahead import TypedAhead

SIGN_IN = "sign_in"
WATCH_SECONDS = 15
_THEMES = {"dark": DARK, "light": LIGHT, "ansi": ANSI}
_log = logging.getLogger("pettycash_tui.app")


class DeskOptions(Protocol):
    """What the command line says of the desk to open."""

    @property
    def database(self) -> str | None: ...
    @property
    def home(self) -> Path | None: ...
    @property
    def as_user(self) -> str | None: ...
    @property
    def color(self) -> bool: ...
    @property
    def mouse(self) -> bool: ...


def run(options: DeskOptions) -> None:
    """Open the desk on this terminal; returns when it is closed.

    Raises InvalidInput for a terminal that cannot draw screens, and what opening a database raises.
    """
    require_terminal()
    desk = opening.open_desk(options.database, options.home)
    try:
        context = None
        if options.as_user is not None:
            context = load_context(desk, opening.identify(desk, options.as_user))
        app = PettyCashApp(desk, context, colour=options.color)
        app.run(mouse=options.mouse)
        if app.return_code:
            raise SystemExit(app.return_code)
    finally:
        desk.close()


def require_terminal() -> None:
    """Raise InvalidInput unless screens can be drawn here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(
            "The desk needs a terminal; without one give a command (see pettycash --help).", code="usage"
        )
    if os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise InvalidInput(
            "This terminal (TERM=dumb) cannot draw screens. Set TERM to what your terminal is, such as"
            " xterm-256color, or give a command (see pettycash --help).",
            code="usage",
        )


class PettyCashApp(TypedAhead, inherit_bindings=False):
    """The desk of one database. Without a context somebody signs in first."""

    TITLE = "Petty cash"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_for(APP),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    CSS = """
    ToastRack { margin-bottom: 1; }
    Toast { width: 60; max-width: 90%; padding: 0 1; }
    """

    def __init__(self, desk: Desk, context: DeskContext | None = None, *, colour: bool = True) -> None:
        # What a driver is told cannot be taken back, so colours are decided before it starts.
        self._plain = "NO_COLOR" in os.environ or not colour
        super().__init__()
        self.desk = desk
        self.context: DeskContext | None = None
        self._first_context = context
        self._visited: list[str] = []
        self.no_color = self._plain
        self.animation_level = "none"
        for theme in themes():
            self.register_theme(theme)
        self.theme = ANSI if self._plain else _THEMES.get(os.environ.get("PETTYCASH_THEME", ""), DARK)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filter for NO_COLOR still writes greys: this one leaves no colour at all."""
        return [WithoutColour()] if self._plain else super().get_line_filters()

    def on_mount(self) -> None:
        with suppress(RuntimeError, ValueError, AttributeError, NotImplementedError):
            # Outside the main thread, and on systems without it, there is no such signal to take.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        self.set_interval(WATCH_SECONDS, self.watch_presence)
        self.add_mode(SIGN_IN, lambda: SignInScreen(self.desk, self._enter))
        if self._first_context is not None:
            self._enter(self._first_context)
        else:
            self.switch_mode(SIGN_IN)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Nothing blinks on this desk."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    def on_resize(self) -> None:
        """Look at the window once Textual, whose own handler follows, has taken its size."""
        self.call_later(self._look_at_window)

    def _look_at_window(self) -> None:
        """Say so while it is too small to draw in; what is below stays as it is."""
        if is_too_small(self.size) and not isinstance(self.screen, SmallWindowScreen):
            self.push_screen(SmallWindowScreen())

    # -- who works here ------------------------------------------------------------------------------------------------

    def _enter(self, context: DeskContext) -> None:
        """Begin to work as somebody who has proved who they are."""
        self.context = context
        for place in self.places:
            self.add_mode(place, lambda place=place: open_place(place, context))  # type: ignore[misc]
        self._visited.clear()
        self.switch_mode(self.first_place)
        self.refresh_bindings()

    @property
    def places(self) -> tuple[str, ...]:
        """The lists that the person has a use for."""
        if self.context is None:
            return ()
        offered = self.context.offered
        chosen = {"approvals": offered.approvals, "payments": offered.payments, "ledger": offered.ledger}
        return ("requisitions", *(place for place, is_offered in chosen.items() if is_offered))

    @property
    def first_place(self) -> str:
        """Where the work of the person begins: what waits for them, then paying, then their requests."""
        offered = self.context.offered if self.context else None
        if offered and offered.waiting:
            return "approvals"
        return "payments" if offered and offered.payments else "requisitions"

    async def action_sign_out(self) -> None:
        """Sign out, and let the next person sign in. Drafts are kept."""
        context = self.context
        if context is None:
            return
        await self._keep_drafts()
        self.clear_notifications()  # they are the last person's, and may hold a demo's code
        places = self.places
        self.context = None
        await self.switch_mode(SIGN_IN)
        for place in places:
            await self.remove_mode(place)
        self.refresh_bindings()
        # The session ends in the background: a database that is away must not keep anybody at the desk.
        self.run_worker(lambda: self._end_session(context), thread=True, exit_on_error=False)

    def _end_session(self, context: DeskContext) -> None:
        with suppress(Exception):
            signin.sign_out(context.desk, context.actor)

    def watch_presence(self) -> None:
        """Keep the session alive while somebody is there, lock an idle desk, and end with the session."""
        context = self.context
        if context is not None and presence.is_watched(context.actor):
            self.run_worker(self._look_after(context), group="presence", exclusive=True, exit_on_error=False)

    async def _look_after(self, context: DeskContext) -> None:
        idle = self.idle_seconds
        try:
            found = await asyncio.to_thread(presence.look, context.desk, context.actor, idle < WATCH_SECONDS * 2)
        except PettyCashError:
            found = Presence(presence.IDLE_MINUTES, is_over=False)  # the database is away: lock all the same
        if self.context is not context:
            return
        if found.is_over:
            await self.action_sign_out()
            self.notify("Your session has come to its end. Sign in again; drafts are kept.", markup=False)
        elif idle >= found.idle_minutes * 60 and not isinstance(self.screen, LockScreen):
            self.push_screen(LockScreen(context, idle_minutes=found.idle_minutes))

    async def _keep_drafts(self) -> None:
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, DeskScreen):
                    await screen.keep_draft()

    def _hang_up(self) -> None:
        """The terminal has gone: keep what was typed, then end as a program without a terminal does."""
        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        stores = [store for screen in screens if isinstance(screen, DeskScreen) and (store := screen.unsaved())]
        for store in stores:
            # There is nobody left to keep waiting, and Textual stops as soon as it reads the closed terminal.
            thread = threading.Thread(target=store, daemon=True)
            thread.start()
            thread.join(timeout=3)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)

    # -- going about ---------------------------------------------------------------------------------------------------

    def action_go(self, place: str) -> None:
        """Go to a list, or open the form for a new requisition."""
        if self.context is None:
            return
        if place == FORM:
            if not any(getattr(screen, "place", "") == FORM for screen in self.screen_stack):
                self.push_screen(open_place(FORM, self.context))
        elif place in self.places and place != self.current_mode:
            self._visited.append(self.current_mode)
            self.switch_mode(place)
        elif place == self.current_mode:
            while len(self.screen_stack) > 1 and not isinstance(self.screen, ModalScreen):
                self.pop_screen()

    def action_leave(self) -> None:
        """Go back: close the screen on top, or return to the list one came from."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self._visited and self.context is not None:
            self.switch_mode(self._visited.pop())

    async def action_back(self) -> None:
        """Let the screen close what is open on it, or go back."""
        if isinstance(self.screen, DeskScreen):
            self.screen.action_back()

    def action_help(self) -> None:
        """Show what the screen is for and all its keys."""
        self.push_screen(HelpScreen.about(self.screen))

    async def action_quit(self) -> None:
        """Leave the program; what was typed is kept as a draft."""
        await self._keep_drafts()
        if self.context is not None:
            await self.run_worker(lambda context=self.context: self._end_session(context), thread=True).wait()
        self.exit()

    def action_help_quit(self) -> None:
        """Say how one leaves: ctrl+c would end other programs."""
        quit_key = next((keys[0] for id, keys in live_keys(self.screen).items() if id == "app.quit"), "q")
        self.notify(f"Press esc until no field is open, then {display_key(quit_key)} to leave.", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the person may do, and nothing behind a window that is too small."""
        if isinstance(self.screen, SmallWindowScreen | LockScreen):
            return action in ("quit", "help_quit", "sign_out")
        if action == "go":
            return self.context is not None and (parameters[0] == FORM or parameters[0] in self.places)
        return self.context is not None if action == "sign_out" else True

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What `ctrl+p` finds: every action that has a key here, and the themes."""
        live = live_keys(screen)
        for entry in ACTIONS:
            if entry.id in live and entry.id != "app.find":
                yield SystemCommand(entry.label, entry.tooltip, self._pressing(live[entry.id][0]))
        if not self._plain:
            for name, theme in _THEMES.items():
                yield SystemCommand(f"Theme: {name}", "Change the colours.", self._wearing(theme))

    def _pressing(self, key: str) -> Callable[[], None]:
        return lambda: self.simulate_key(key)

    def _wearing(self, theme: str) -> Callable[[], None]:
        return lambda: setattr(self, "theme", theme)

    def _fatal_error(self) -> None:
        """Textual's own shows local variables, and a code or a password may be among them."""
        _log.error("fault in the desk", exc_info=True)
        self.bell()
        self._exit_renderables.append(Text(FAULT))
        self._exit_renderables.append(Traceback(show_locals=False))
        self._close_messages_no_wait()
