"""Copying to the clipboard of the terminal that one sits at, wherever the program runs: the escape sequence OSC 52."""

from __future__ import annotations

import os
from typing import Any

from textual.app import App

from pettycash_tui.actions import key

LARGEST = 70_000
"""Bytes. Base64 makes 94,000 of them, and terminals drop a sequence of more than about 100,000 without a word."""

_SENT = "Sent to your terminal's clipboard (OSC 52). If it does not arrive, mark the text with the mouse."
_TMUX = (
    "Sent to your terminal's clipboard (OSC 52). tmux passes it on with `set -s set-clipboard on`; or use the mouse."
)
_SCREEN = "Sent to your terminal's clipboard (OSC 52). GNU screen does not pass it on: there, mark it with the mouse."
_NONE = "This console has no clipboard."


def send_to_clipboard(app: App[Any], text: str) -> str:
    """Copy the text, and say honestly what that is worth here."""
    size = len(text.encode())
    if size > LARGEST:
        return (
            f"Not copied: {size // 1000:,} kB are more than terminals take ({LARGEST // 1000} kB). "
            f"{key('list.export')} in the list writes a file."
        )
    app.copy_to_clipboard(text)
    terminal = os.environ.get("TERM", "")
    if "TMUX" in os.environ or terminal.startswith("tmux"):
        return _TMUX
    if "STY" in os.environ or terminal.startswith("screen"):
        return _SCREEN
    return _NONE if terminal == "linux" else _SENT
