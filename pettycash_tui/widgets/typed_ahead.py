"""Keys in the order they were typed, each where it belongs, however fast they come.

Over a slow line a burst of keys arrives at once. Textual hands all of them to whatever has the focus at that moment, so
that `name⇥secret` types the secret into the name. Here the next key is handed on only when the one before has done
what it does: moved the focus, opened a screen. A key that comes alone is not delayed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any

from textual import events
from textual.app import App
from textual.keys import Keys

PATIENCE = 5.0
"""Seconds after which the next key is handed on whatever the one before is doing."""

# What the system makes of enter that is typed before the program has taken over the terminal.
_LINE_FEED = Keys.ControlJ.value

# Once around for the key itself, once for the message it leads to, once for what that opens.
_ROUNDS = 3


class TypedAhead(App[None], inherit_bindings=False):
    """An app that takes one key at a time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._typed: deque[events.Key | events.Paste] = deque()
        self._last_input = monotonic()
        self._turn: events.Key | events.Paste | None = None
        self.hold_keys = False

    async def on_event(self, event: events.Event) -> None:
        """Hand keys on one by one, and everything else at once."""
        if isinstance(event, events.InputEvent):
            self._last_input = monotonic()
        if isinstance(event, events.Key) and event.key == _LINE_FEED:
            event = events.Key("enter", "\r")
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._turn is event or (self._turn is None and not self.hold_keys):
            self._turn = event
            await super().on_event(event)
            self.run_worker(self._next_key(), name="typed ahead", group="typed ahead", exit_on_error=False)
        else:
            self._typed.append(event)

    def release_keys(self) -> None:
        """What they are meant for is there: hand on the keys that were held."""
        self.hold_keys = False
        if self._turn is None:
            self.run_worker(self._next_key(), name="typed ahead", group="typed ahead", exit_on_error=False)

    @property
    def idle_seconds(self) -> float:
        """How long nobody has typed or moved the mouse."""
        return monotonic() - self._last_input

    @property
    def is_typing(self) -> bool:
        """Whether a key has not yet done what it does."""
        return self._turn is not None

    async def _next_key(self) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._quiet(), PATIENCE)
        self._turn = self._typed.popleft() if self._typed else None
        if self._turn is not None:
            self.post_message(self._turn)

    async def _quiet(self) -> None:
        """Wait until what has the focus, and all that holds it, has seen every message sent so far."""
        for _ in range(_ROUNDS):
            while not self.screen.is_mounted:
                await asyncio.sleep(0.001)
            for node in (self.focused or self.screen).ancestors_with_self:
                seen = asyncio.Event()
                if node.call_later(seen.set):
                    await seen.wait()
