"""Whether the events of one stream are its chain, and if not, what was done to the first wrong one.

Nothing here asks a database: the same walk checks the books and an exported file. Rows are plain tuples as a driver
gives them, because a million of them are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from pettycash_tui.services.audit import GENESIS
from pettycash_tui.services.audit_page import Texts, is_right

Stored = tuple[Any, ...]
"""An event: the columns of `COLUMNS`, in their order, as text (`sequence` as a number)."""

COLUMNS = (
    "sequence",
    "body",
    "previous_hash",
    "event_hash",
    "action",
    "actor",
    "at",
    "company",
    "source",
    "subject",
    "subject_id",
    "subject_type",
)
"""What is read of an event; from the fifth on, under the names that the body gives them."""


class ProblemKind(StrEnum):
    """What was done to a row."""

    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    BUSINESS_ROW = "business_row"


@dataclass(frozen=True, slots=True)
class Problem:
    """The first wrong row of a stream, and what was done to it."""

    stream: str
    sequence: int
    kind: ProblemKind
    message: str
    stream_name: str = ""
    """What people call the stream; empty where no database is at hand that says so."""

    @property
    def where(self) -> str:
        """The stream as it is told to a person."""
        return self.stream_name or self.stream

    @property
    def place(self) -> str:
        """The stream and, where one event of it is wrong, its number."""
        return f"{self.where}, event {self.sequence:,}" if self.sequence else self.where


class Walk:
    """One stream, walked from its beginning or from a row inside.

    `is_known` says whether an event with that hash is anywhere in the stream: what a moved row follows is still there,
    what a deleted row was is not. `spell` gives a driver's row with its ids as a body spells them, where they differ.
    """

    def __init__(
        self,
        stream: str,
        is_known: Callable[[str], bool],
        *,
        after: int = 0,
        after_hash: str = GENESIS,
        spell: Callable[[Stored], Stored] | None = None,
    ) -> None:
        self.stream = stream
        self.events = 0
        self._is_known = is_known
        self._sequence = after
        self._last = after_hash
        self._before = ""
        self._spell = spell
        self._texts = Texts()

    @property
    def sequence(self) -> int:
        """The last event that is right."""
        return self._sequence

    @property
    def last_hash(self) -> str:
        """Its hash."""
        return self._last

    def feed(self, rows: Sequence[Stored], following: Stored | None) -> Problem | None:
        """Walk over these rows, which `following` follows. None, or what is wrong with the first wrong one."""
        expected = self._sequence + 1
        if rows and is_right(self.stream, rows, expected, self._last, self._texts, has_dashes=self._spell is None):
            self._before, self._last = rows[-1][2], rows[-1][3]
            self._sequence += len(rows)
            self.events += len(rows)
            return None
        for place, given in enumerate(rows):
            row = given if self._spell is None else self._spell(given)
            self.events += 1
            if row[0] != expected or row[2] != self._last or not _is_itself(row) or _unlike(self.stream, row):
                return self._what(row, rows[place + 1] if place + 1 < len(rows) else following)
            self._before, self._last, self._sequence = self._last, row[3], expected
            expected += 1
        return None

    def finish(self, length: int | None, head: str) -> Problem | None:
        """Compare with the stream's head after its last event. `length` is None where the head is missing."""
        here = self._sequence
        if length is None:
            return self._problem(here, ProblemKind.DELETED, "the head of the stream is missing")
        if not isinstance(length, int):
            return self._problem(here, ProblemKind.CHANGED, "the head of the stream counts no number of events")
        if length > here:
            return self._problem(
                here + 1, ProblemKind.TRUNCATED, f"the stream ends at event {here}, its head counts {length}"
            )
        if length < here:
            return self._problem(
                length + 1, ProblemKind.INSERTED, f"the head of the stream counts {length} events, it has {here}"
            )
        if head != self._last:
            return self._problem(
                here, ProblemKind.CHANGED, "the last event, or the head of the stream, was changed with its hash"
            )
        return None

    def _what(self, row: Stored, following: Stored | None) -> Problem:
        """What was done to a row that is not as it should be. The order of the questions matters."""
        sequence, body, previous, stored = row[:4]
        expected = self._sequence + 1
        if not isinstance(sequence, int) or sequence < expected:
            return self._problem(expected, ProblemKind.INSERTED, f"an event stands at {sequence}, where one is already")
        if sequence > expected and following is not None and following[0] == expected:
            return self._problem(expected, ProblemKind.REORDERED, f"event {sequence} stands before event {expected}")
        if sequence > expected:
            count = sequence - expected
            many = "1 event is" if count == 1 else f"{count} events are"
            return self._problem(expected, ProblemKind.DELETED, f"{many} missing before event {sequence}")
        is_itself = event_digest(previous, body) == stored
        written = _written_sequence(body)
        if is_itself and written == sequence - 1 and previous == self._before:
            return self._problem(
                sequence - 1, ProblemKind.INSERTED, f"event {sequence} was written as {written}, before it was put in"
            )
        if not is_itself and following is not None and following[2] == self._last:
            return self._problem(sequence, ProblemKind.INSERTED, "the event after it follows from the one before it")
        if written is not None and written != sequence:
            if previous == self._last or self._is_known(previous):
                return self._problem(sequence, ProblemKind.REORDERED, f"this event was written as number {written}")
            return self._problem(
                sequence, ProblemKind.DELETED, f"event {sequence} is missing; number {written} was put in its place"
            )
        if is_itself and previous != self._last:
            return self._problem(
                max(sequence - 1, 1),
                ProblemKind.CHANGED,
                f"event {sequence} follows from another event {sequence - 1}; its hash was computed anew",
            )
        if is_itself:
            return self._problem(sequence, ProblemKind.CHANGED, _unlike(self.stream, row) or "its text is not itself")
        return self._problem(sequence, ProblemKind.CHANGED, "its text is not what its hash was made of")

    def _problem(self, sequence: int, kind: ProblemKind, message: str) -> Problem:
        return Problem(self.stream, sequence, kind, message)


def event_digest(previous: str, body: str) -> str:
    """The hash of an event, whatever its text holds."""
    return sha256(f"{previous}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def is_whole(stream: str, row: Stored) -> bool:
    """Whether an event, spelt as a body spells its ids, is what its hash was made of, and each column what it says."""
    return _is_itself(row) and _unlike(stream, row) is None


def _is_itself(row: Stored) -> bool:
    try:
        return bool(sha256(f"{row[2]}\n{row[1]}".encode()).hexdigest() == row[3])
    except UnicodeEncodeError:
        return False


def id_in(text: str) -> UUID | None:
    """The id that a column spells; None where it spells none."""
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None


def parsed(body: str) -> dict[str, Any]:
    """The object of a body; empty when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def data_of(event: Stored) -> dict[str, Any]:
    """What an event says of its subject."""
    found = parsed(event[1]).get("data")
    return found if isinstance(found, dict) else {}


def _written_sequence(body: str) -> int | None:
    found = parsed(body).get("sequence")
    return found if isinstance(found, int) else None


def _unlike(stream: str, row: Stored) -> str | None:
    """Which column says something else than the sealed text; None when all say the same."""
    written = parsed(row[1])
    columns = {"sequence": row[0], "stream": stream, **dict(zip(COLUMNS[4:], row[4:], strict=True))}
    for name, value in columns.items():
        if written.get(name) != value:
            return f"its column {name} says something else than its sealed text"
    return None
