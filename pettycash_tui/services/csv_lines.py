"""Reading a CSV file (RFC 4180) that somebody brought, line by line in constant memory.

UTF-8, with or without a mark; cells parted by commas, semicolons or tabs; a heading that names the columns. A line that
cannot be read is told with its number and the reading goes on behind it, so that one broken quote does not hide what is
wrong further down.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pettycash_tui.services.errors import InvalidInput

LONGEST_LINE = 32 * 1024
"""Bytes of a line: some times what the longest texts of all columns need."""

MOST_LINES_OF_A_CELL = 50
"""How far a quoted cell may reach: one that goes on is a quote that was forgotten."""

_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class CsvLine:
    """A line: the number at which it begins (the heading's is 1), and its cells by column, without outer blanks.

    `problem`: why it cannot be read.
    """

    number: int
    cells: dict[str, str]
    problem: str = ""

    @property
    def where(self) -> str:
        """Where it stands, for a message."""
        return f"line {self.number}"


class _Physical(NamedTuple):
    number: int
    text: str
    problem: str


def read(
    file: BinaryIO, name: str, *, required: Sequence[str], columns: Collection[str], strict: bool = False
) -> Iterator[CsvLine]:
    """The lines of an open file from its beginning; blank ones are left out.

    `strict` refuses columns that are not known. Raises InvalidInput where the heading is none.
    """
    file.seek(0)
    lines = _Lines(file)
    heading = lines.take()
    if heading is None or heading.problem:
        problem = f" {heading.problem}" if heading else f": must name the columns {', '.join(columns)}; it is empty"
        raise InvalidInput.of(file=f"{name}, line 1{problem}")
    delimiter = _delimiter(heading.text)
    names = _names(heading.text, delimiter, name)
    _check_heading(names, name, required, columns, strict=strict)
    while (line := lines.take()) is not None:
        if line.problem:
            yield CsvLine(line.number, {}, line.problem)
        elif line.text.strip(f" \t\r\n{delimiter}"):
            yield _record(lines, line, names, delimiter)


def _delimiter(heading: str) -> str:
    if "," in heading:
        return ","
    return next((each for each in ";\t" if each in heading), ",")


def _names(heading: str, delimiter: str, file: str) -> list[str]:
    try:
        cells = next(csv.reader([heading], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise InvalidInput.of(file=f"{file}, line 1 is not CSV: {_told(error)}") from None
    return ["_".join(cell.lower().replace("-", " ").replace("_", " ").split()) for cell in cells]


def _check_heading(
    names: list[str], file: str, required: Sequence[str], columns: Collection[str], *, strict: bool
) -> None:
    known = ", ".join(columns)
    missing = [column for column in required if column not in names]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        expected = f"must name the columns {known}; {', '.join(missing)} {are} missing"
        raise InvalidInput.of(file=f"{file}, line 1: {expected}")
    if len(set(names)) != len(names):
        twice = next(each for at, each in enumerate(names) if each in names[:at])
        raise InvalidInput.of(file=f"{file}, line 1: must name every column once; {twice[:40]!r} is there twice")
    strange = [each for each in names if each not in columns]
    if strict and strange:
        told = ", ".join(repr(each[:40]) for each in strange[:5])
        raise InvalidInput.of(file=f"{file}, line 1: may name only the columns {known}, not {told}")


def _record(lines: _Lines, first: _Physical, names: list[str], delimiter: str) -> CsvLine:
    if '"' not in first.text:
        ended = first.text.rstrip("\r\n")
        if "\r" in ended:
            return CsvLine(first.number, {}, "must end in a line feed; it holds a carriage return of its own")
        cells = ended.split(delimiter)
    else:
        taken: list[_Physical] = []
        try:
            cells = next(csv.reader(_following(lines, first, taken), delimiter=delimiter, strict=True))
        except csv.Error as error:
            # What the broken quote swallowed are lines of their own, as far as anybody can tell.
            lines.give_back(taken)
            return CsvLine(first.number, {}, f"is not CSV: {_told(error)}")
    if len(cells) != len(names):
        return CsvLine(first.number, {}, f"has {len(cells)} columns; expected {len(names)}")
    return CsvLine(first.number, {name: cell.strip() for name, cell in zip(names, cells, strict=True)})


def _following(lines: _Lines, first: _Physical, taken: list[_Physical]) -> Iterator[str]:
    yield first.text
    while len(taken) < MOST_LINES_OF_A_CELL and (line := lines.take()) is not None:
        taken.append(line)
        if line.problem:
            return
        yield line.text


def _told(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return f"it opens a quote that is not closed within {MOST_LINES_OF_A_CELL} lines"
    if "expected after" in text:
        return "it has a quote inside a quoted cell; one that is meant is written twice"
    if "field larger" in text:
        return "it has a cell that is too long, or a quote that is not closed"
    return "it has a line end inside a cell without quotes" if "new-line" in text else text


class _Lines:
    """The physical lines of a file, with those that were given back before the others."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._number = 0
        self._again: deque[_Physical] = deque()

    def give_back(self, lines: Sequence[_Physical]) -> None:
        self._again.extendleft(reversed(lines))

    def take(self) -> _Physical | None:
        if self._again:
            return self._again.popleft()
        content = self._file.readline(LONGEST_LINE + 1)
        if not content:
            return None
        self._number += 1
        if self._number == 1:
            if content.startswith(_UTF_16):
                return _Physical(1, "", "must be UTF-8 text; the file is UTF-16: save it as CSV in UTF-8")
            content = content.removeprefix(_MARK)
        if len(content) > LONGEST_LINE:
            while not content.endswith(b"\n") and (content := self._file.readline(LONGEST_LINE)):
                pass
            return _Physical(self._number, "", f"may have at most {LONGEST_LINE:,} bytes")
        return self._decoded(content)

    def _decoded(self, content: bytes) -> _Physical:
        if (at := content.find(0)) >= 0:
            return _Physical(self._number, "", f"must be UTF-8 text; byte {at + 1} of it is NUL")
        try:
            return _Physical(self._number, content.decode("utf-8"), "")
        except UnicodeDecodeError as error:
            at = error.start
            expected = f"must be UTF-8 text; byte {at + 1} of it is not (0x{content[at]:02X}): save the file as UTF-8"
            return _Physical(self._number, "", expected)
