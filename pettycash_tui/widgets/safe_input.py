"""A line to type in that draws what was pasted into it as data, and says so when it does not take it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message

from pettycash_tui.models.text import printable
from pettycash_tui.widgets.entering import LineInput

_BREAKS = re.compile(r"[ ]*[\r\n\t]+[ ]*")


class SafeInput(LineInput):
    """Textual's Input hands control characters on to the terminal; here they are drawn as U+FFFD.

    The value keeps them, so that the service can say what was refused. `was_pasted` is true until the next key, for
    the form that wants to say so at once. What does not fit is refused whole, with a `Refused`. `take_row` is asked
    before a text with tabs is pasted; it returns True when it has put it somewhere itself.

    The whole value is never selected by coming to the field: the next key would overwrite what was kept.
    """

    was_pasted = False

    class Refused(Message):
        """What was typed or pasted does not go in; `reason` is a sentence that says what does."""

        def __init__(self, field: SafeInput, reason: str) -> None:
            super().__init__()
            self.field = field
            self.reason = reason

        @property
        def control(self) -> SafeInput:
            """The line that refused it."""
            return self.field

    def __init__(self, *, take_row: Callable[[str], bool] | None = None, **options: Any) -> None:
        super().__init__(select_on_focus=False, **options)
        self._take_row = take_row

    @property
    def _value(self) -> Text:
        if self.password:
            return super()._value
        # One character for one character: the cursor and the selection stay where they are.
        return Text(printable(self.value), no_wrap=True, overflow="ignore", end="")

    def _watch_value(self, value: str) -> None:
        # Textual's own assigns the size of the text, which lays the whole screen out anew with every key.
        self.set_reactive(SafeInput.virtual_size, Size(self.content_width, 1))
        self._suggestion = self.going_on(value)
        self.post_message(self.Changed(self, value))
        if self._initial_value:
            self._initial_value = False
            self.cursor_position = len(value)
        else:
            # Bounds the selection by the new length.
            self.selection = self.selection

    def going_on(self, value: str) -> str:
        """What `value` may go on to; shown in grey, and taken with → at the end."""
        return ""

    def fill(self, value: str) -> None:
        """Put a value in place of the other, the cursor behind it."""
        self.value = value
        self.cursor_position = len(value)

    def restricted(self) -> None:
        """A key more than fits."""
        self.post_message(self.Refused(self, f"At most {self.max_length:,} characters fit here; no more was taken"))

    def _on_paste(self, event: events.Paste) -> None:
        # Otherwise the handler of Input runs as well, and takes only the first line.
        event.prevent_default()
        event.stop()
        text = event.text.strip("\r\n")
        if not text:
            return
        self.was_pasted = True
        if "\t" in text and self._take_row is not None and self._take_row(text):
            return
        start, end = sorted(self.selection)
        room = (self.max_length or len(text)) - len(self.value) + (end - start)
        # A long text is not even looked at line by line.
        line = _BREAKS.sub(" ", text) if len(text) <= room * 4 else text
        if len(line) > room:
            self.post_message(self.Refused(self, self._too_long(text, line)))
            return
        self.replace(line, start, end)

    def _too_long(self, text: str, line: str) -> str:
        # Many terminals send a line's end as a carriage return.
        lines = max(text.count("\n"), text.count("\r")) + 1
        pasted = f"{lines:,} lines of {len(text):,}" if lines > 1 else f"{len(line):,}"
        behind = f", {len(self.value):,} stand here already" if self.value else ""
        return f"At most {self.max_length:,} characters fit here{behind}; the {pasted} that were pasted were not taken"

    async def _on_key(self, event: events.Key) -> None:
        self.was_pasted = False
