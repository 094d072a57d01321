"""A line to type in that knows what was typed before: it goes on in grey, and ↓ shows all that fits.

Everything happens in memory, with what was read beforehand: a key never waits for a database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.geometry import Offset
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pettycash_tui.actions import action, keys_of
from pettycash_tui.models.text import printable
from pettycash_tui.widgets.plain import plain
from pettycash_tui.widgets.safe_input import SafeInput

SHOWN = 6
"""Lines of the list that are seen at once."""

_STEPS = {"choice.down": 1, "choice.up": -1, "choice.page_down": SHOWN, "choice.page_up": -SHOWN}

OFFERED = 50
"""Lines that the list holds: who wants another types another letter."""


class CompletionList(OptionList, can_focus=False):
    """The list under the line. The focus stays in the line, whose keys move the mark here."""

    DEFAULT_CSS = f"""
    CompletionList {{
        display: none; position: absolute; overlay: screen; height: auto; max-height: {SHOWN}; padding: 0;
        border: none; background: $panel; color: $foreground; scrollbar-size-vertical: 1;
    }}
    CompletionList.-open {{ display: block; }}
    CompletionList:ansi {{ background: ansi_default; border-left: solid ansi_default; }}
    """


class CompletingInput(SafeInput):
    """A `SafeInput` with completion. → at the end takes what stands there in grey; ↓ opens the list, enter takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: tuple[tuple[str, str], ...] = ()
        self._whole: frozenset[str] = frozenset()
        self._nothing_for: str | None = None
        self._list: CompletionList | None = None
        self._listed: list[str] = []

    def offer(self, texts: Iterable[str]) -> None:
        """What to complete from, the best first."""
        self._known = tuple((text.casefold(), text) for text in texts if text and printable(text) == text)
        self._whole = frozenset(folded for folded, _ in self._known)
        self._nothing_for = None

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return self._list is not None and self._list.has_class("-open")

    def matches(self) -> list[str]:
        """The texts that begin with what is typed, and behind them those that hold it anywhere; all for nothing."""
        typed = self.value.strip().casefold()
        begin = [text for folded, text in self._known if folded.startswith(typed)]
        hold = [text for folded, text in self._known if typed in folded and not folded.startswith(typed)]
        return [text for text in (begin + hold)[:OFFERED] if text != self.value]

    # -- in grey -------------------------------------------------------------------------------------------------------

    def _watch_value(self, value: str) -> None:
        super()._watch_value(value)
        if self.is_open:
            self._show_list()

    def going_on(self, value: str) -> str:
        """The best text that begins with `value`."""
        typed = value.casefold()
        # A text that goes on from one that nothing begins with needs no search.
        if not typed or (self._nothing_for is not None and typed.startswith(self._nothing_for)):
            return ""
        if typed in self._whole:
            return ""
        for folded, text in self._known:
            # Folding can change the length ("ß"), and what is shown in grey is counted in characters.
            if folded.startswith(typed) and len(folded) == len(text) > len(value):
                return text
        if not any(folded.startswith(typed) for folded, _ in self._known):
            self._nothing_for = typed
        return ""

    # -- the list ------------------------------------------------------------------------------------------------------

    async def _on_key(self, event: events.Key) -> None:
        # Textual goes on to the handlers of the classes below by itself.
        if not event.is_printable and self._key_of_list(event.key):
            event.stop()
            event.prevent_default()

    def _key_of_list(self, key: str) -> bool:
        """Do what a key does to the list; False when it is no key of the list."""
        if not self.is_open:
            return _is_key("choice.down", key) and self._show_list()
        options = self._list
        if options is None:
            return False
        step = next((step for id, step in _STEPS.items() if _is_key(id, key)), 0)
        if step:
            options.highlighted = min(max((options.highlighted or 0) + step, 0), options.option_count - 1)
        elif _is_key("form.enter", key):
            self._take(options.highlighted)
        elif _is_key("app.back", key):
            self.close_list()
        else:
            return False
        return True

    def _show_list(self) -> bool:
        """Show what fits; False when nothing does."""
        self._listed = self.matches()
        if not self._listed:
            self.close_list()
            return False
        if self._list is None:
            self._list = CompletionList(markup=False, compact=True)
            self.screen.mount(self._list)
        options = self._list
        options.clear_options()
        options.add_options([Option(plain(text)) for text in self._listed])
        options.highlighted = 0
        self._place(options, min(len(self._listed), SHOWN))
        options.add_class("-open")
        return True

    def _place(self, options: CompletionList, height: int) -> None:
        """Below the line, or above it where there is no room below."""
        region = self.region
        below = region.bottom + height <= self.screen.size.height - 1
        options.styles.offset = Offset(region.x, region.bottom if below else max(region.y - height, 0))
        options.styles.width = region.width

    def _take(self, place: int | None) -> None:
        if place is not None and place < len(self._listed):
            self.fill(self._listed[place])
        self.close_list()

    def close_list(self) -> None:
        """Take the list away."""
        if self._list is not None:
            self._list.remove_class("-open")

    def _on_blur(self, event: events.Blur) -> None:
        self.close_list()

    def on_unmount(self) -> None:
        if self._list is not None and self._list.is_attached:
            self._list.remove()


def _is_key(id: str, key: str) -> bool:
    return key in keys_of(action(id))
