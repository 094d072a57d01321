"""What a writer of a cash book is: told the head once, then the lines, some at a time; it writes as they come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import BinaryIO, Protocol

from pettycash_tui.models.text import printable
from pettycash_tui.services.book_lines import Book, BookLine


class BookWriter(Protocol):
    """A format."""

    @property
    def sheets(self) -> int:
        """How many sheets a workbook has so far; 1 for a text."""

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add lines, in the order of days."""

    def finish(self) -> None:
        """Write what stands at the end; the file itself stays open."""

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""


class TextFile:
    """A book as text in UTF-8, in constant memory."""

    sheets = 1

    def __init__(self, file: BinaryIO, book: Book) -> None:
        self.book = book
        self._text = TextIOWrapper(file, encoding="utf-8", newline="\n")

    def put(self, text: str) -> None:
        """Write some text."""
        self._text.write(text)

    def amount(self, minor: int) -> str:
        """An amount with all its decimals and no grouping."""
        return self.book.money(minor).plain()

    def finish(self) -> None:
        """End the file; what it is written to stays open."""
        self._text.detach()

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""
        with suppress(OSError, ValueError):
            self._text.detach()


def one_line(text: str) -> str:
    """Text from people on one line, without anything that steers a terminal or begins another line."""
    return " ".join(printable(text).split())
