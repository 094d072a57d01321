"""The field for a one-time code: masked, digits only, and a code is pasted as it stands in a message."""

from __future__ import annotations

import re

from textual import events

from pettycash_tui.services import codes
from pettycash_tui.widgets.entering import LineInput

_HALF = codes.DIGITS // 2
_SIX = rf"\d{{{_HALF}}}[ \u00a0]?\d{{{_HALF}}}"
# On a line of its own, as the message has it; else anywhere, but not within a number such as PAY-000123 or 450,000.00.
_ALONE = re.compile(rf"^\s*({_SIX})\s*$", re.MULTILINE)
_ANYWHERE = re.compile(rf"(?<![\w.,-])({_SIX})(?![\w,-]|\.\d)")
_LETTER = re.compile(r"[^\W\d_]")
_LARGEST_PASTE = 10_000


class CodeInput(LineInput):
    """Six digits, not shown."""

    def __init__(self) -> None:
        super().__init__(password=True, restrict=r"[0-9 ]*", max_length=codes.DIGITS + 1, placeholder="six digits")

    def _on_paste(self, event: events.Paste) -> None:
        self.value = code_in(event.text)
        self.cursor_position = len(self.value)
        event.stop()
        event.prevent_default()


def code_in(text: str) -> str:
    """The code in a text that was pasted, whatever stands around it; nothing where there is none."""
    text = text[:_LARGEST_PASTE]
    found = _ALONE.search(text) or _ANYWHERE.search(text)
    # Without letters around it what stands apart is one code; with them it is some other number.
    digits = re.sub(r"[^0-9]", "", found[1] if found else "" if _LETTER.search(text) else text)
    return digits if len(digits) == codes.DIGITS else ""
