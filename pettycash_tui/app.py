"""The desk: the Textual app with its keys, themes and windows. Nothing below imports it.

Each list is a mode with a stack of its own, so that going from one to the other and back changes nothing in either.
What needs the database is imported after the first screen is painted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui import desk_file
from pettycash_tui.actions import APP, bindings_for, key, use_keymap
from pettycash_tui.desk_file import DeskFile
from pettycash_tui.models.text import printable
from pettycash_tui.screens import places, starting
from pettycash_tui.screens.confined import Confined
from pettycash_tui.screens.following import Following
from pettycash_tui.screens.places import DESK, FORM, open_place
from pettycash_tui.screens.protocols import GoesBack
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.screens.small_window import SmallWindowScreen, is_too_small
from pettycash_tui.screens.starting import DeskOptions, Opened
from pettycash_tui.screens.without_colour import MARKS, WithoutColour
from pettycash_tui.services import forced
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.home_folder import default_home
from pettycash_tui.terminal import why_no_screen
from pettycash_tui.theme import ANSI, THEME_NAMES, first_theme, themes
from pettycash_tui.widgets.background import FAULT
from pettycash_tui.widgets.changed_cells import ThinLine

if TYPE_CHECKING:
    from pettycash_tui.screens.context import DeskContext
    from pettycash_tui.screens.desk_screen import DeskScreen
    from pettycash_tui.services.desk import Desk

SIGN_IN = "sign_in"
LEAVING_SECONDS = 3
"""How long the end of a session is waited for when the program is left."""
_log = logging.getLogger("pettycash_tui.app")


def run(options: DeskOptions) -> None:
    """Open the desk on this terminal; returns when it is closed.

    Raises InvalidInput for a terminal that cannot draw screens, and what opening a database raises.
    """
    require_terminal()
    app = PettyCashApp(
        opening=partial(starting.open_desk, options),
        as_user=options.as_user,
        colour=options.color,
        liking=desk_file.load(options.home or default_home()),
    )
    try:
        app.run(mouse=options.mouse)
    finally:
        if app.desk is not None:
            app.desk.close()
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        raise SystemExit(app.return_code)


def require_terminal() -> None:
    """Raise InvalidInput unless screens can be drawn here."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    reason = why_no_screen(os.environ, is_terminal=is_terminal, encoding=sys.stdout.encoding or "")
    if reason:
        raise InvalidInput(reason, code="usage")


class PettyCashApp(Confined, ThinLine, Following, inherit_bindings=False):
    """The desk of one database. Without a context somebody signs in first. `liking` is how the person has set it up.

    Instead of an open desk, `opening` says how one is had: it is called in a thread once the first screen is painted.
    What it raises ends the program and is its `failure`.
    """

    TITLE = "Petty cash"
    DEFAULT_MODE: ClassVar[str] = SIGN_IN
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_for(APP),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    CSS = (
        """
    ToastRack { margin-bottom: 1; }
    Toast { width: 60; max-width: 90%; padding: 0 1; }
    """
        + MARKS
    )

    def __init__(
        self,
        desk: Desk | None = None,
        context: DeskContext | None = None,
        *,
        opening: Callable[[], Opened] | None = None,
        as_user: str | None = None,
        colour: bool = True,
        liking: DeskFile | None = None,
    ) -> None:
        # What a driver is told cannot be taken back, so colours are decided before it starts.
        self._plain = bool(os.environ.get("NO_COLOR")) or not colour
        super().__init__()
        self.desk = desk
        self.context = None
        self.failure: BaseException | None = None
        self._first_context = context
        self._opening = opening
        self._as_user = as_user
        self._visited: list[str] = []
        self.add_mode(SIGN_IN, lambda: SignInScreen(self._enter, self.desk, as_user=self._as_user))
        self.no_color = self._plain
        self.animation_level = "none"
        for theme in themes():
            self.register_theme(theme)
        self._liking = liking
        chosen = liking.theme if liking else ""
        self.theme = ANSI if self._plain else first_theme(os.environ, chosen)
        if liking is not None:
            use_keymap(liking.keymap)
            self.set_keymap(liking.keymap)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filter for NO_COLOR still writes greys: this one leaves no colour at all."""
        return [WithoutColour()] if self._plain else super().get_line_filters()

    def on_mount(self) -> None:
        self.begin_attendance()
        self._tell_what_is_wrong_in_the_desk_file()
        if self._first_context is not None:
            self._enter(self._first_context)
        elif self._opening is not None:
            self.hold_keys = self._as_user is not None or forced.current() is not None  # they are meant for what comes
            self.call_after_refresh(self._open, self._opening)

    def _open(self, opening: Callable[[], Opened]) -> None:
        async def carry() -> None:
            try:
                opened = await asyncio.to_thread(opening)
            except Exception as error:
                self.failure = error
                self.exit()
                return
            self.desk = opened.desk
            for screen in self._screen_stacks[SIGN_IN]:
                if isinstance(screen, SignInScreen):
                    screen.take_desk(opened.desk)
            if opened.context is not None:
                self._enter(opened.context)
                self.release_keys()
            if opened.warning:
                self.notify(opened.warning, severity="warning", markup=False)

        self.run_worker(carry(), name="open", group="open", exit_on_error=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Nothing blinks on this desk."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    def on_resize(self, event: events.Resize) -> None:
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
            self.add_mode(place, partial(self._opened, place, context))
        self._visited.clear()
        self.switch_mode(self.places[0])
        self.refresh_bindings()
        self.begin_following(context)
        self.call_later(self._look_at_window)
        self.run_worker(self._offer_what_was_typed(context), group="draft", exit_on_error=False)
        if context.actor.must_enrol:
            self.notify(
                "Your company asks an authenticator app of everybody who approves or pays, and you have not enrolled"
                f" one. {key('account.open')} does it here.",
                severity="warning",
                timeout=20,
                markup=False,
            )

    async def _offer_what_was_typed(self, context: DeskContext) -> None:
        """After a lost connection or a sign-out: say that what was typed is still there."""
        from pettycash_tui.services import form_drafts

        try:
            draft = await asyncio.to_thread(context.read, form_drafts.load, form_drafts.NEW_REQUISITION)
        except PettyCashError:
            return  # the screens say that the database is away
        if draft is not None and self.context is context:
            when, new = context.moment(draft.saved_at), key("requisition.new")
            self.notify(f"What you typed on {when} and did not send is kept; {new} opens it again.", markup=False)

    def _opened(self, place: str, context: DeskContext) -> DeskScreen:
        screen = open_place(place, context)
        # A mode makes every style anew for its first screen, twice: they were never made for another theme than this.
        screen._css_update_count = self._css_update_count
        return screen

    @property
    def places(self) -> tuple[str, ...]:
        """The screens that the person has a use for; work begins at the first."""
        if self.context is None:
            return ()
        offered = self.context.offered
        chosen = {
            "approvals": offered.approvals,
            "payments": offered.payments,
            "ledger": offered.ledger,
            "treasury": offered.treasury,
            "audit": offered.audit,
        }
        return (DESK, "requisitions", *(place for place, is_offered in chosen.items() if is_offered))

    async def action_sign_out(self) -> None:
        """Sign out, and let the next person sign in. Drafts are kept."""
        context = self.context
        if context is None:
            return
        if forced.current() is not None:
            await self.action_quit()  # nobody else can sign in where a key says who is there
            return
        await self._clear_the_desk()
        self.refresh_bindings()
        # The session ends in the background: a database that is away must not keep anybody at the desk.
        self.run_worker(lambda: self.end_session(context), thread=True, exit_on_error=False)

    async def _clear_the_desk(self) -> None:
        """Leave nothing of the person who worked here."""
        await self.keep_drafts()
        self.end_following()
        self.forget_what_waited()
        self.clear_notifications()  # they are the last person's, and may hold a demo's code
        self._clipboard = ""  # else the next person's paste would be what the last one copied
        modes = self.places
        self.context = None
        await self.switch_mode(SIGN_IN)
        for place in modes:
            await self.remove_mode(place)

    def action_switch_person(self) -> None:
        """In a demo, go on as somebody else."""
        from pettycash_tui.screens.switching import offer_people

        screen: Any = self.screen
        if self.context is not None and forced.current() is None:
            offer_people(screen, lambda context: self.call_later(self._become, context))

    def action_choose_notices(self) -> None:
        """Choose how one is told of things."""
        from pettycash_tui.screens.notice_choosing import offer_choices

        screen: Any = self.screen
        if self.context is not None:
            offer_choices(screen)

    def action_show_sessions(self) -> None:
        """Show where one is signed in, and end one of those sessions."""
        from pettycash_tui.screens.session_choosing import offer_sessions

        screen: Any = self.screen
        if self.context is not None:
            offer_sessions(screen)

    def action_show_account(self) -> None:
        """Show one's own account: the authenticator app, the recovery codes, the password."""
        from pettycash_tui.screens.account import offer_account

        screen: Any = self.screen
        if self.context is not None:
            offer_account(screen, lambda context: self.call_later(self._go_on_as, context))

    async def _become(self, context: DeskContext) -> None:
        await self._go_on_as(context)
        self.notify(f"You are {context.actor.name} now.", markup=False)

    async def _go_on_as(self, context: DeskContext) -> None:
        """Begin anew: as somebody else, or as the same person with other rights."""
        await self._clear_the_desk()
        self._enter(context)

    # -- going about ---------------------------------------------------------------------------------------------------

    async def action_go(self, place: str) -> None:
        """Go to a list, or open the form for a new requisition."""
        if self.context is None or (place != FORM and place not in self.places):
            return
        if not places.is_loaded(place):
            await asyncio.to_thread(places.load, place)
        if self.context is None:
            return  # the session has ended meanwhile
        if place == FORM:
            if not any(getattr(screen, "place", "") == FORM for screen in self.screen_stack):
                self.push_screen(open_place(FORM, self.context))
        elif place != self.current_mode:
            self._visited.append(self.current_mode)
            self.switch_mode(place)
        else:
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
        if isinstance(self.screen, GoesBack):
            self.screen.action_back()

    def action_help(self) -> None:
        """Show what the screen is for and all its keys."""
        from pettycash_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen.about(self.screen))

    async def action_quit(self) -> None:
        """Leave the program; what was typed is kept as a draft."""
        await self.keep_drafts()
        self.end_following()
        if self.context is not None:
            # A database that is away keeps nobody: the session ends by itself then.
            ending = asyncio.to_thread(self.end_session, self.context)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ending, LEAVING_SECONDS)
        self.exit()

    def action_help_quit(self) -> None:
        """Say how one leaves: ctrl+c would end other programs."""
        back, leave = key("app.back"), key("app.quit")
        if self.context is None:
            self.notify(f"Press {back} on empty fields to leave.", markup=False)
        else:
            self.notify(f"Press {back} until no field is open, then {leave} to leave.", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the person may do, and nothing behind a window that is too small."""
        if getattr(self.screen, "closes_the_desk", False):
            has_help = hasattr(self.screen, "help_text")
            return action in ("quit", "help_quit", "sign_out") or (action == "help" and has_help)
        if action == "go":
            return self.context is not None and (parameters[0] == FORM or parameters[0] in self.places)
        if action in ("choose_notices", "show_sessions", "show_account"):
            return self.context is not None and hasattr(self.screen, "ask")
        if action == "switch_person":
            is_free = self.context is not None and self.context.demo and forced.current() is None
            return is_free and hasattr(self.screen, "ask")
        return self.context is not None if action == "sign_out" else True

    def action_command_palette(self) -> None:
        """Find any action, screen or object."""
        from pettycash_tui.screens.palette import open_palette

        open_palette(self, self.context, themes=not self._plain, wear=self._wear)

    def _wear(self, name: str) -> None:
        """Put on a theme, and remember it for the next time."""
        self.theme = THEME_NAMES[name]
        # By SSH the home is everybody's: what one wears is not for all.
        if self._liking is not None and forced.current() is None:
            self.run_worker(partial(self._remember, name), thread=True, exit_on_error=False)

    def _remember(self, name: str) -> None:
        try:
            desk_file.remember_theme(self.desk.home if self.desk else None, name)
        except OSError as error:
            self.notify(f"The theme is worn, but could not be remembered: {error.strerror}.", markup=False)

    def _tell_what_is_wrong_in_the_desk_file(self) -> None:
        if self._liking is not None and self._liking.problems:
            first, *more = self._liking.problems
            rest = f" And {len(more)} more: pettycash keys check." if more else ""
            self.notify(f"{self._liking.path.name}: {first.sentence}.{rest}", severity="warning", markup=False)

    def _fatal_error(self) -> None:
        """Textual's own shows local variables, and a code or a password may be among them or in the error's text."""
        from pettycash_tui.services import fault

        fault.log(_log, "fault in the desk")
        self.bell()
        self._exit_renderables.append(Text(FAULT))
        error = self._exception or sys.exception()
        if error is not None:
            self._exit_renderables.append(Text(printable(fault.where_it_happened(error), multiline=True)))
        self._close_messages_no_wait()
