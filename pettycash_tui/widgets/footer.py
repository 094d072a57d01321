"""The line of keys at the bottom: what one can do here, made from the registry of actions."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.actions import parse
from textual.binding import ActiveBinding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from pettycash_tui.actions import ACTIONS, APP, FORM, LIST, Action, action, display_key

MOST_KEYS = 6
"""Keys in the footer of a window of 80 columns; a wider one shows what has room."""

_NARROW = 100
_HELP = "app.help"
# What the screen itself offers comes first, then what all lists or forms do, then the app.
_ORDER = {LIST: 1, FORM: 1, APP: 2}


class Hint(NamedTuple):
    """One key of the footer: the Textual key to press, how it is written, what it does."""

    key: str
    shown: str
    label: str


def hints_for(screen: Screen[object], width: int) -> list[Hint]:
    """The keys to show in `width` cells: those of the registry that work now, help always the last.

    A wide window also shows the screen's other keys, as many as have room.
    """
    live = _live(screen)
    chosen = [entry for entry in ACTIONS if entry.footer and entry.id in live and entry.id != _HELP]
    chosen.sort(key=lambda entry: _ORDER.get(entry.scope, 0))
    hints = [_hint(entry, live) for entry in chosen]
    help_hint = [_hint(action(_HELP), live)] if _HELP in live else []
    if width < _NARROW:
        hints = hints[: MOST_KEYS - len(help_hint)]
    while hints and _width(hints + help_hint) > width:
        hints.pop()
    if width < _NARROW:
        return hints + help_hint
    place = sum(entry.scope not in _ORDER for entry in chosen[: len(hints)])
    for entry in ACTIONS:
        hint = _hint(entry, live) if entry.id in live and _is_spare(entry) else None
        if hint is not None and _width([*hints, hint, *help_hint]) <= width:
            hints.insert(place, hint)
            place += 1
    return hints + help_hint


def live_keys(screen: Screen[object]) -> dict[str, list[str]]:
    """The actions that can be started now, by id, each with its keys as remapped."""
    keys: dict[str, list[str]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.id is not None and active.enabled and _has_method(screen, active):
            keys.setdefault(active.binding.id, []).append(key)
    return keys


def live_bindings(screen: Screen[object]) -> dict[str, ActiveBinding]:
    """The same actions with the bindings that start them."""
    active = screen.active_bindings
    return {id: active[keys[0]] for id, keys in live_keys(screen).items()}


class KeyFooter(Widget):
    """One line at the bottom of a screen. A click presses the key."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyFooter { dock: bottom; height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._hints: list[Hint] = []

    @property
    def hints(self) -> list[Hint]:
        """What is shown."""
        return list(self._hints)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def on_resize(self, event: events.Resize) -> None:
        self._follow(self.screen)

    def _follow(self, screen: Screen[object]) -> None:
        if not screen.is_active:
            return  # under a window nothing can be pressed, and actions of `screen.` would be looked up on the window
        hints = hints_for(screen, self.size.width)
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for hint in self._hints:
            parts += [(f" {hint.shown}", "bold $footer-key-foreground"), (f" {hint.label} ", "")]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse."""
        right = 0
        for hint in self._hints:
            right += _width([hint])
            if event.x < right:
                self.app.simulate_key(hint.key)
                return


def _hint(entry: Action, live: dict[str, str]) -> Hint:
    return Hint(live[entry.id], display_key(live[entry.id]), entry.label)


def _is_spare(entry: Action) -> bool:
    """Whether it is shown where there is room. The keys of the desk's lines stand on the lines themselves."""
    return not entry.footer and entry.scope not in _ORDER and "(" not in entry.method


def _live(screen: Screen[object]) -> dict[str, str]:
    return {id: keys[0] for id, keys in live_keys(screen).items()}


def _width(hints: list[Hint]) -> int:
    return sum(cell_len(hint.shown) + cell_len(hint.label) + 3 for hint in hints)


def _has_method(screen: Screen[object], active: ActiveBinding) -> bool:
    """Whether somebody answers: a list's `screen.filter` is nothing on a screen that has no filter."""
    target, name, _ = parse(active.binding.action)
    node: DOMNode = {"app": screen.app, "screen": screen}.get(target, active.node)
    return hasattr(node, f"action_{name}") or hasattr(node, f"_action_{name}")
