"""What the screens of the desk share: the lines at the top and bottom, the filter, rights, and reading as the person.

A screen names its `place` (a name that `go` takes), composes `body()`, and may offer only what its `rights` allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.models.text import printable
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.copying import Copying
from pettycash_tui.screens.protocols import ShowsConnection
from pettycash_tui.services.errors import NotSignedIn, PettyCashError
from pettycash_tui.services.permissions import Right
from pettycash_tui.widgets.background import READING, Background
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.status_bar import StatusBar
from pettycash_tui.widgets.virtual_table import VirtualTable

T = TypeVar("T")

FILTER_DELAY = 0.25
"""Seconds without a key before a filter is applied. Keys themselves are never delayed."""


class FilterBar(LineInput):
    """The line in which a list is narrowed: hidden until `/`, and esc clears and closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back")]
    DEFAULT_CSS = """
    FilterBar { display: none; height: 1; background: $surface; }
    FilterBar.-open { display: block; }
    """

    def action_back(self) -> None:
        """Show all rows again."""
        screen = self.screen
        if isinstance(screen, DeskScreen):
            screen.close_filter()


class DeskScreen(Copying, Background, Screen[None]):
    """A screen with a status bar, a body and the line of keys, for one signed-in person."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("list.filter")]
    DEFAULT_CSS = """
    DeskScreen { layout: vertical; background: $background; }
    """

    place: ClassVar[str] = ""
    help_title: str = ""
    help_text: str = ""
    reads: ClassVar[str] = READING
    """What one waits for while the screen reads."""
    filter_hint: ClassVar[str] = ""
    """What can be typed into the filter; a screen without one has no filter."""
    rights: ClassVar[Mapping[str, Right | Iterable[Right]]] = {}
    """For the name of an action (`approve`), the right that a person needs, or several of which one is enough."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__()
        self.context = context
        self._filter_timer: Timer | None = None
        self._was_left = False

    # -- parts ---------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        # Textual would set the class of the width after everything is there, and make every style again.
        fitting = [name for least, name in sorted(self.HORIZONTAL_BREAKPOINTS or ()) if least <= self.app.size.width]
        self.add_class(*fitting[-1:])
        yield StatusBar(self.help_title, self.context.signed_in)
        if self.filter_hint:
            yield FilterBar(
                placeholder=f"{self.filter_hint} · {key('form.enter')} keeps it, {key('app.back')} shows all",
                id="filter",
                compact=True,
            )
        yield from self.body()
        yield KeyFooter()

    def body(self) -> Iterable[Widget]:
        """The widgets between the two lines."""
        return ()

    def show_title(self, title: str) -> None:
        """Say in the status bar where one is: the screen's name and what is shown of it."""
        self.query_one(StatusBar).show(title=title)

    def reload(self) -> None:
        """Read again what is shown. Called whenever one comes back to the screen."""
        for table in self.query(VirtualTable):
            table.refresh_rows()

    def books_changed(self) -> None:
        """Somebody acted, here or elsewhere: show it, and move nothing under the eyes. Called while it is in view."""
        self.reload()

    def unsaved(self) -> Callable[[], object] | None:
        """What stores the text that was typed and not yet sent; None when there is nothing to store. Blocks."""
        return None

    async def keep_draft(self) -> None:
        """Store what was typed and not yet sent, before the program or the session ends; wait only a moment."""
        store = self.unsaved()
        if store is not None:
            with suppress(Exception):
                await asyncio.wait_for(asyncio.to_thread(store), timeout=3)

    @on(events.ScreenResume)
    def _come_back(self, event: events.ScreenResume) -> None:
        # A screen that is opened is told so as well, by a mode even twice: its styles were made a moment ago (making
        # them again would hold the keys for 30 ms), and its reads are under way.
        if isinstance(self.app, ShowsConnection):
            self.app.show_connection()
        if self._was_left:
            self.reload()
        else:
            event.refresh_styles = False
        self._was_left = False

    @on(events.ScreenSuspend)
    def _go_away(self) -> None:
        self._was_left = True

    # -- work ----------------------------------------------------------------------------------------------------------

    def ask(
        self,
        group: str,
        query: Callable[..., T],
        *args: Any,
        then: Callable[[T], object],
        failed: Callable[[PettyCashError], object] | None = None,
        waits: str = "",
    ) -> None:
        """Read as this person, in a thread: `self.ask("detail", requisition_views.show, number, then=self._show)`."""
        self.read(group, self.context.read, query, *args, then=then, failed=failed or self.show_error, waits=waits)

    def act(
        self,
        service: Callable[..., T],
        *args: Any,
        then: Callable[[T], object],
        failed: Callable[[PettyCashError], object] | None = None,
    ) -> bool:
        """Change something as this person, in a thread, once; False when the same act is under way."""
        key = (service, args)
        return self.write(
            lambda: self.context.desk.run(self.context.actor, service, *args),
            then=then,
            failed=failed or self.show_error,
            key=_hashable(key),
        )

    def show_error(self, error: PettyCashError) -> None:
        """Tell a refusal. One whose session has ended signs in again."""
        self.notify(printable(error.message, multiline=True), severity="error", markup=False)
        if isinstance(error, NotSignedIn):
            self.app.call_later(self.app.run_action, "sign_out")

    def tell(self, message: str, *, warning: bool = False) -> None:
        """Say what has happened; the words may hold what people typed."""
        severity = "warning" if warning else "information"
        self.notify(printable(message, multiline=True), severity=severity, markup=False)  # type: ignore[arg-type]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the person's role may do; a screen without a filter has no key for it."""
        if action == "filter":
            return bool(self.filter_hint)
        if action == "export":
            return self.export_request() is not None
        needed = self.rights.get(action)
        if needed is None:
            return True
        several = (needed,) if isinstance(needed, Right) else tuple(needed)
        return any(self.context.actor.may(right) for right in several)

    # -- the filter ----------------------------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """What the list is narrowed to."""
        return self.query_one(FilterBar).value.strip() if self.filter_hint else ""

    def filter_changed(self, text: str) -> None:
        """The filter is another, since 250 ms; a screen with a filter shows another source."""

    def action_filter(self) -> None:
        """Open the filter."""
        bar = self.query_one(FilterBar)
        bar.add_class("-open")
        bar.focus()

    def close_filter(self) -> None:
        """Close the filter and show everything."""
        bar = self.query_one(FilterBar)
        was = bool(bar.value)
        bar.value = ""
        bar.remove_class("-open")
        self._leave_filter()
        if was:
            self._apply_filter()

    def action_back(self) -> None:
        """Close the filter, or go back."""
        if self.filter_hint and self.query_one(FilterBar).has_class("-open"):
            self.close_filter()
        else:
            self.app.call_later(self.app.run_action, "leave")

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._filter_timer is not None:
            self._filter_timer.stop()
        self._filter_timer = self.set_timer(FILTER_DELAY, self._apply_filter)

    @on(Input.Submitted, "#filter")
    def _filter_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._apply_filter()
        if not self.filter_text:
            self.query_one(FilterBar).remove_class("-open")
        self._leave_filter()

    def _apply_filter(self) -> None:
        if self._filter_timer is not None:
            self._filter_timer.stop()
            self._filter_timer = None
        self.filter_changed(self.filter_text)

    def _leave_filter(self) -> None:
        tables = self.query(VirtualTable)
        if tables:
            tables.first().focus()


def _hashable(key: object) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key
