"""Text for detail panes and windows: labelled lines, headings and marks, with everything from people drawn as data."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.plain import MUTED, plain

LABEL_WIDTH = 12

_STYLES = {
    "good": "$success",
    "warn": "$warning",
    "bad": "$error",
    "info": "$accent",
    "muted": MUTED,
    "strong": "bold",
}


class Sheet:
    """Lines that are written one below the other. `role` is one of `theme.ROLES`."""

    def __init__(self) -> None:
        self._lines: list[Content] = []

    @property
    def content(self) -> Content:
        """All lines, to be shown in a `PlainText`."""
        return Content("\n").join(self._lines)

    def line(self, text: str = "", role: str = "") -> None:
        """A line of its own."""
        self._lines.append(plain(text, _STYLES.get(role, "")))

    def heading(self, text: str) -> None:
        """A heading, with an empty line before it unless it is the first."""
        if self._lines:
            self.line()
        self._lines.append(plain(text, "bold $primary"))

    def field(self, label: str, text: str, role: str = "") -> None:
        """A label and what it says; nothing where there is nothing to say. Further lines are indented alike."""
        if not text:
            return
        first, *further = text.split("\n")
        self._lines.append(plain(f"{label:<{LABEL_WIDTH}}", MUTED) + plain(first, _STYLES.get(role, "")))
        for line in further:
            self.line(" " * LABEL_WIDTH + line, role)

    def mark(self, status: StatusMark, text: str) -> None:
        """A mark and word of a status, and what it is about."""
        self._lines.append(plain(status.text, _STYLES.get(status.role, "")) + plain(f"  {text}"))

    def reasons(self, sentences: Iterable[str], role: str = "bad") -> None:
        """Sentences, each with a mark."""
        for sentence in sentences:
            self.line(f"✖ {sentence}", role)
