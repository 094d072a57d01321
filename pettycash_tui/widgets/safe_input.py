"""A line to type in that draws what was pasted into it as data."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.widgets import Input

from pettycash_tui.models.text import printable


class SafeInput(Input):
    """Textual's Input hands control characters on to the terminal; here they are drawn as U+FFFD.

    The value keeps them, so that the service can say what was refused. `was_pasted` is true until the next key, for
    the form that wants to say so at once.
    """

    was_pasted = False

    @property
    def _value(self) -> Text:
        if self.password:
            return super()._value
        # One character for one character: the cursor and the selection stay where they are.
        return Text(printable(self.value), no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: events.Paste) -> None:
        self.was_pasted = True
        super()._on_paste(event)

    async def _on_key(self, event: events.Key) -> None:
        self.was_pasted = False
        await super()._on_key(event)
