"""A file of vouchers that were written elsewhere: what its columns are, and what is wrong with a line by itself.

CSV in UTF-8 (`csv_lines`). The columns are the fields of a requisition under their names, and `voucher_number`. A file
is read as it comes, as often as needed: of 100,000 lines some 6 MB are remembered, to find the same number twice.
"""

from __future__ import annotations

import os
import re
import stat
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from pettycash_tui.models.imports import VOUCHER_NUMBER_LENGTH
from pettycash_tui.services import csv_lines
from pettycash_tui.services.bad_lines import WHOLE_LINE
from pettycash_tui.services.csv_lines import CsvLine
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.export_csv import begins_a_formula
from pettycash_tui.services.inputs import Problems, clean_currency, clean_flag, clean_phone, clean_text
from pettycash_tui.services.requisitions import RequisitionInput

REQUIRED = ("voucher_number", "amount", "payee", "purpose")
COLUMNS = (
    *REQUIRED,
    "currency",
    "category",
    "method",
    "destination",
    "origin",
    "branch",
    "region",
    "department",
    "cost_center",
    "fund",
    "is_urgent",
    "urgency_reason",
)
LARGEST_FILE = 100 * 1024 * 1024
MOST_LINES = 250_000
"""What is larger is imported as several files."""

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9 ./_#-]*", re.ASCII)
_TYPED = tuple(column for column in COLUMNS if column not in ("voucher_number", "currency", "is_urgent"))
_WORDS = ("payee", "purpose", "destination", "urgency_reason")

GoOn = Callable[[int], bool]
"""Told how many lines are read; says whether to go on."""


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """A line that could be read: its number, and the fields of its requisition as text.

    `currency` is what the line says it is in, empty where it says nothing. `problems`: the fields that by themselves
    cannot be right; the others are still worth checking, so that a person reads all of it at once.
    """

    line: int
    voucher_number: str
    currency: str
    given: RequisitionInput
    problems: dict[str, str]


class VoucherFile:
    """An open file of vouchers, gone through once: its hash, how many lines it has, which numbers are there twice."""

    def __init__(self, file: BinaryIO, name: str, go_on: GoOn) -> None:
        self.name = name
        self.count = 0
        self._file = file
        self._stamp = _stamp(file)
        self._doubled = self._survey(go_on)
        file.seek(0)
        digest = sha256()
        while part := file.read(1 << 20):
            digest.update(part)
        self.sha256 = digest.hexdigest()

    def lines(self) -> Iterator[CsvLine]:
        """The lines from the first. Raises Refused when the file was changed since it was opened."""
        self.require_unchanged()
        return csv_lines.read(self._file, self.name, required=REQUIRED, columns=COLUMNS, strict=True)

    def require_unchanged(self) -> None:
        """Raise Refused when the file is not any more what was checked."""
        if _stamp(self._file) != self._stamp:
            raise Refused(f"{self.name} was changed while it was read. Import it again.", code="file_changed")

    def other_line(self, line: CsvLine) -> int | None:
        """Another line with the same voucher number: the first one, or for the first the second."""
        lines = self._doubled.get(_digest(line)) if self._doubled else None
        if lines is None:
            return None
        return lines[1] if lines[0] == line.number else lines[0]

    def _survey(self, go_on: GoOn) -> dict[int, tuple[int, int]]:
        digests, numbers = array("Q"), array("L")
        for line in self.lines():
            self.count += 1
            if self.count > MOST_LINES:
                raise InvalidInput.of(file=f"{self.name} may have at most {MOST_LINES:,} lines; divide it")
            if not line.problem:
                digests.append(_digest(line))
                numbers.append(line.number)
            if self.count % 1_000 == 0 and not go_on(self.count):
                break
        if not self.count:
            raise InvalidInput.of(file=f"{self.name} holds no vouchers, only a heading")
        return _doubled(digests, numbers)


@contextmanager
def opened(path: Path, go_on: GoOn) -> Iterator[VoucherFile]:
    """The file, open while the block runs. Raises InvalidInput for what cannot be read."""
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise InvalidInput.of(file=f"{path} cannot be read: {why}") from None
    with file:
        told = os.fstat(file.fileno())
        if not stat.S_ISREG(told.st_mode):
            # It is gone through more than once.
            raise InvalidInput.of(file=f"{path} cannot be read: it is no file on a disk")
        if told.st_size > LARGEST_FILE:
            raise InvalidInput.of(file=f"{path.name} may have at most {LARGEST_FILE // 1024 // 1024} MiB")
        yield VoucherFile(file, path.name, go_on)


def read_line(line: CsvLine, file: VoucherFile) -> VoucherLine:
    """What a line says. Raises InvalidInput when it cannot be read at all."""
    if line.problem:
        raise InvalidInput.of(**{WHOLE_LINE: line.problem})
    cells = line.cells
    problems = Problems()
    number = problems.attempt(lambda: clean_voucher_number(cells["voucher_number"]))
    other = file.other_line(line)
    if other is not None:
        problems.add("voucher_number", f"{cells['voucher_number'][:40]} stands on line {other} too")
    if not cells["payee"]:
        # Who imports is not who was paid, as who types a requisition without a payee would be.
        problems.add("payee", "is missing")
    for field in _WORDS:
        if field in cells and _is_formula(cells[field]):
            expected = "begins like a formula (=, +, - or @); write the text itself"
            problems.add(field, f"{expected}, or a phone number such as +254712345678")
    currency = problems.attempt(lambda: clean_currency("currency", cells["currency"]) if cells.get("currency") else "")
    urgent = problems.attempt(lambda: clean_flag("is_urgent", cells["is_urgent"]) if cells.get("is_urgent") else None)
    given = {column: cells[column] for column in _TYPED if cells.get(column)}
    return VoucherLine(
        line.number, number or "", currency or "", RequisitionInput(is_urgent=urgent, **given), problems.fields
    )


def clean_voucher_number(typed: str) -> str:
    """A voucher's number in capitals, such as `PV-0042` or `2026/17`: as it is on the paper, unique in a company."""
    number = " ".join(clean_text("voucher_number", typed, max_length=VOUCHER_NUMBER_LENGTH).upper().split())
    if not _NUMBER.fullmatch(number):
        raise InvalidInput.of(
            voucher_number=f"may hold only A-Z, 0-9, blanks and . / _ # -, such as PV-0042, not {number[:40]!r}"
        )
    return number


def _is_formula(text: str) -> bool:
    if not begins_a_formula(text):
        return False
    try:
        return not clean_phone("text", text)
    except InvalidInput:
        return True


def _digest(line: CsvLine) -> int:
    """Eight bytes that stand for a voucher number; two of 250,000 are alike by chance once in a billion files."""
    return _digest_of(" ".join(line.cells["voucher_number"].upper().split()))


def _digest_of(number: str) -> int:
    return int.from_bytes(blake2b(number.encode(), digest_size=8).digest())


_NOTHING = _digest_of("")


def _doubled(digests: array[int], numbers: array[int]) -> dict[int, tuple[int, int]]:
    """The first two lines of every number that is there more than once. A missing number is doubled by nothing."""
    twice = {digest for digest, following in pairwise(sorted(digests)) if digest == following} - {_NOTHING}
    first: dict[int, int] = {}
    found: dict[int, tuple[int, int]] = {}
    for digest, number in zip(digests, numbers, strict=True) if twice else ():
        if digest in twice and first.setdefault(digest, number) != number:
            found.setdefault(digest, (first[digest], number))
    return found


def _stamp(file: BinaryIO) -> tuple[int, int]:
    told = os.fstat(file.fileno())
    return told.st_size, told.st_mtime_ns
