"""Help where one stands: what the screen is for, every key that works on it, and those of the other screens."""

from __future__ import annotations

import textwrap
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from pettycash_tui.actions import (
    ACTIONS,
    APP,
    FORM,
    LIST,
    LIST_SCREENS,
    binding,
    bindings_for,
    display_key,
    key,
    keys_of,
)
from pettycash_tui.keymap import heading
from pettycash_tui.widgets.entering import LineInput
from pettycash_tui.widgets.footer import live_keys
from pettycash_tui.widgets.plain import PlainText


@runtime_checkable
class Helpable(Protocol):
    """A screen that says what it is for: a title, and two lines."""

    help_title: str
    help_text: str


class KeyHelp(NamedTuple):
    """One line of the help: the heading under which it stands, the keys, what they do."""

    heading: str
    keys: str
    label: str
    tooltip: str

    def matches(self, words: str) -> bool:
        """Whether every word that was typed is in the line."""
        text = " ".join(self).lower()
        return all(word in text for word in words.lower().split())


_HERE = "On this screen"
_SHARED = {LIST: 1, FORM: 1, APP: 2}
# The screens on which the keys of these scopes are of use; where the screen is not offered, neither are they.
_BELONGS_TO = {"pay": "payments", "entry": "ledger", "replenishment": "ledger", **{name: name for name in LIST_SCREENS}}


def keys_on(screen: Screen[object]) -> list[KeyHelp]:
    """The keys that work on a screen as it is now, as remapped: its own first, then lists or forms, then the app's."""
    live = live_keys(screen)
    entries = sorted((entry for entry in ACTIONS if entry.id in live), key=lambda entry: _SHARED.get(entry.scope, 0))
    return [
        KeyHelp(
            heading(entry.scope) if entry.scope in _SHARED else _HERE,
            " ".join(display_key(key) for key in live[entry.id]),
            entry.label,
            entry.tooltip,
        )
        for entry in entries
    ]


def keys_elsewhere(screen: Screen[object]) -> list[KeyHelp]:
    """The keys of all other screens that the person is offered, by screen."""
    live = live_keys(screen)
    here = {entry.scope for entry in ACTIONS if entry.id in live}
    places = getattr(screen.app, "places", LIST_SCREENS)
    return [
        KeyHelp(heading(entry.scope), " ".join(display_key(key) for key in keys_of(entry)), entry.label, entry.tooltip)
        for entry in ACTIONS
        if entry.scope not in here and (entry.scope not in _BELONGS_TO or _BELONGS_TO[entry.scope] in places)
    ]


class HelpScreen(ModalScreen[None]):
    """A window over the screen; what one types searches the keys, esc closes it."""

    may_stand_above_the_lock = True

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), *bindings_for("choice")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen #help {
        width: 80%; min-width: 76; max-width: 110; height: 90%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    HelpScreen #help-title { text-style: bold; color: $primary; }
    HelpScreen #help-text { height: auto; max-height: 8; margin-bottom: 1; }
    HelpScreen #help-keys { height: 1fr; margin-top: 1; overflow-y: scroll; scrollbar-size-vertical: 1; }
    HelpScreen .heading { text-style: bold; color: $primary; }
    HelpScreen .foot { color: $text-muted; }
    """

    def __init__(self, title: str, text: str, keys: list[KeyHelp]) -> None:
        super().__init__()
        self._help_title = title
        self._help_text = text
        self._keys = keys

    @classmethod
    def about(cls, screen: Screen[object]) -> HelpScreen:
        """The help of the screen one is on."""
        keys = keys_on(screen) + keys_elsewhere(screen)
        if isinstance(screen, Helpable):
            return cls(screen.help_title, screen.help_text, keys)
        return cls(screen.title or "Keys", "", keys)

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield PlainText(self._help_title, id="help-title")
            yield PlainText(self._help_text, id="help-text")
            yield LineInput(placeholder="type to search the keys", id="help-search", compact=True)
            with VerticalScroll(id="help-keys", can_focus=False):
                yield PlainText(id="help-table")
            scrolling = " ".join(key(f"choice.{name}") for name in ("up", "down", "page_up", "page_down"))
            yield PlainText(f"{scrolling} scroll · {key('app.back')} closes", classes="foot")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self) -> None:
        """Show only the keys that match, from the first."""
        self._draw()
        self.query_one("#help-keys").scroll_home(animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Follow the window's width."""
        self.call_after_refresh(self._draw)

    def action_row_down(self) -> None:
        """Scroll the keys while the search has the focus."""
        self.query_one("#help-keys").scroll_down(animate=False)

    def action_row_up(self) -> None:
        """Scroll the keys while the search has the focus."""
        self.query_one("#help-keys").scroll_up(animate=False)

    def action_rows_down(self) -> None:
        """Scroll by a page."""
        self.query_one("#help-keys").scroll_page_down(animate=False)

    def action_rows_up(self) -> None:
        """Scroll by a page."""
        self.query_one("#help-keys").scroll_page_up(animate=False)

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss(None)

    def _draw(self) -> None:
        width = self.query_one("#help-keys").scrollable_content_region.width
        words = self.query_one("#help-search", Input).value
        self.query_one("#help-table", PlainText).show(self._table(words, max(width, 40)))

    def _table(self, words: str, width: int) -> str:
        found = [line for line in self._keys if line.matches(words)]
        if not found:
            return "No key matches."
        wide = max(len(line.keys) for line in found)
        text: list[str] = []
        last = ""
        for line in found:
            if line.heading != last:
                last = line.heading
                text += ["", last] if text else [last]
            first, *further = textwrap.wrap(line.tooltip, width - wide - 4)
            text.append(f"  {line.keys:<{wide}}  {first}")
            text += [" " * (wide + 4) + more for more in further]
        return "\n".join(text)
