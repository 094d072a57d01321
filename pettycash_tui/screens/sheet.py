"""Text for detail panes and windows: labelled lines, headings and marks, with everything from people drawn as data."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.hanging import HangingText
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
    """Lines that are written one below the other. `role` is one of `theme.ROLES`.

    What is too long for the pane goes on below its own text, whatever stands before it.
    """

    def __init__(self) -> None:
        self._lines: list[tuple[Content, int]] = []

    @property
    def content(self) -> HangingText:
        """All lines, to be shown in a `PlainText`."""
        return HangingText(self._lines)

    @property
    def lines(self) -> tuple[tuple[Content, int], ...]:
        """All lines, to be shown in a `LongText`."""
        return tuple(self._lines)

    def line(self, text: str = "", role: str = "") -> None:
        """A line of its own; further ones are indented alike."""
        before = _before_text(text)
        first, *further = text.split("\n")
        self._add(plain(first, _STYLES.get(role, "")), before)
        for more in further:
            self._add(plain(" " * before + more, _STYLES.get(role, "")), before)

    def below(self, text: str, role: str = "") -> None:
        """More about the line before, under its text."""
        self.line(" " * (self._lines[-1][1] if self._lines else 0) + text, role)

    def heading(self, text: str) -> None:
        """A heading, with an empty line before it unless it is the first."""
        if self._lines:
            self.line()
        self._add(plain(text, "bold $primary"), 0)

    def field(self, label: str, text: str, role: str = "") -> None:
        """A label and what it says; nothing where there is nothing to say. Further lines are indented alike."""
        if not text:
            return
        label = f"{label:<{LABEL_WIDTH}}"
        first, *further = text.split("\n")
        self._add(plain(label, MUTED) + plain(first, _STYLES.get(role, "")), len(label))
        for more in further:
            self._add(plain(" " * len(label) + more, _STYLES.get(role, "")), len(label))

    def mark(self, status: StatusMark, text: str) -> None:
        """A mark and word of a status, and what it is about."""
        word = f"{status.text}  "
        self._add(plain(status.text, _STYLES.get(status.role, "")) + plain(f"  {text}"), len(word))

    def reasons(self, sentences: Iterable[str], role: str = "bad") -> None:
        """Sentences, each with a mark."""
        for sentence in sentences:
            self.line(f"✖ {sentence}", role)

    def _add(self, line: Content, before: int) -> None:
        self._lines.append((line, before))


def _before_text(text: str) -> int:
    """The characters before the words of a line: its indent, and a mark."""
    words = text.lstrip(" ")
    return len(text) - len(words) + (2 if words[1:2] == " " and not words[0].isalnum() else 0)
