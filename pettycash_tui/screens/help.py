"""Help where one stands: what the screen is for, and every key that works on it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from pettycash_tui.actions import ACTIONS, APP, FORM, LIST, binding, display_key
from pettycash_tui.widgets.footer import live_keys
from pettycash_tui.widgets.plain import PlainText


@runtime_checkable
class Helpable(Protocol):
    """A screen that says what it is for: a title, and two lines."""

    help_title: str
    help_text: str


class KeyHelp(NamedTuple):
    """One line of the help: where the key belongs, the keys, what they do."""

    scope: str
    keys: str
    label: str
    tooltip: str

    def matches(self, words: str) -> bool:
        """Whether every word that was typed is in the line."""
        text = " ".join(self).lower()
        return all(word in text for word in words.lower().split())


_HEADINGS = {APP: "Everywhere", LIST: "In lists", FORM: "In forms"}


def keys_on(screen: Screen[object]) -> list[KeyHelp]:
    """The keys that work on a screen as it is now, as remapped: its own first, then lists or forms, then the app's."""
    live = live_keys(screen)
    lines = [
        KeyHelp(entry.scope, " ".join(display_key(key) for key in live[entry.id]), entry.label, entry.tooltip)
        for entry in ACTIONS
        if entry.id in live
    ]
    order = {LIST: 1, FORM: 1, APP: 2}
    return sorted(lines, key=lambda line: order.get(line.scope, 0))


class HelpScreen(ModalScreen[None]):
    """A window over the screen; what one types searches the keys, esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen #help {
        width: 76; max-width: 100%; height: 90%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    HelpScreen #help-title { text-style: bold; color: $primary; }
    HelpScreen #help-text { height: auto; max-height: 3; margin-bottom: 1; }
    HelpScreen #help-keys { height: 1fr; margin-top: 1; }
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
        if isinstance(screen, Helpable):
            return cls(screen.help_title, screen.help_text, keys_on(screen))
        return cls(screen.title or "Keys", "", keys_on(screen))

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield PlainText(self._help_title, id="help-title")
            yield PlainText(self._help_text, id="help-text")
            yield Input(placeholder="type to search the keys", id="help-search", compact=True)
            with VerticalScroll(id="help-keys", can_focus=False):
                yield PlainText(self._table(""), id="help-table")
            yield PlainText("↑ ↓ scroll · esc closes", classes="foot")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show only the keys that match."""
        self.query_one("#help-table", PlainText).show(self._table(event.value))

    def key_down(self) -> None:
        """Scroll the keys while the search has the focus."""
        self.query_one("#help-keys").scroll_down(animate=False)

    def key_up(self) -> None:
        """Scroll the keys while the search has the focus."""
        self.query_one("#help-keys").scroll_up(animate=False)

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss(None)

    def _table(self, words: str) -> str:
        found = [line for line in self._keys if line.matches(words)]
        if not found:
            return "No key matches."
        wide = max(len(line.keys) for line in found)
        text: list[str] = []
        scope = ""
        for line in found:
            if line.scope != scope:
                scope = line.scope
                heading = _HEADINGS.get(scope, "On this screen")
                text += ["", heading] if text else [heading]
            text.append(f"  {line.keys:<{wide}}  {line.tooltip}")
        return "\n".join(text)
