"""What an export is of: a list as it is narrowed, as columns and rows without any layout.

The screens and the commands make a request with `export_lists`; `export` writes it to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from uuid import UUID

from pettycash_tui.models.money import Money
from pettycash_tui.services.work import Reading

Value = str | int | Money | date | datetime | None
Values = tuple[Value, ...]
"""A row: one value for each column."""

Pages = Iterator[Sequence[Values]]


class ValueKind(Enum):
    """What the values of a column are. The currency of a money column stands in a text column of its own."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its public name, its heading, and what it holds."""

    key: str
    title: str
    kind: ValueKind = ValueKind.TEXT


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A list to export: `pages` reads it from its beginning, `pick` only the rows of some ids.

    `name` begins the file's name (`requisitions`, `ledger-NBI`). `count` says how many rows there are, where that is
    known cheaply. `filter` is what the list is narrowed to, for the audit event. `only` holds the ids of the marked
    rows where only those are meant; one that is no longer in the list is left out.
    """

    name: str
    title: str
    columns: tuple[ExportColumn, ...]
    pages: Callable[[Reading], Pages]
    pick: Callable[[Reading, Sequence[UUID]], Pages]
    count: Callable[[Reading], int] | None = None
    filter: Mapping[str, object] = field(default_factory=dict)
    only: tuple[UUID, ...] | None = None

    def of_marked(self, ids: Sequence[UUID]) -> ExportRequest:
        """The same for these rows only."""
        return replace(self, only=tuple(ids))

    def read(self, reading: Reading) -> Pages:
        """The rows, some at a time."""
        return self.pages(reading) if self.only is None else self.pick(reading, self.only)

    def expected(self, reading: Reading) -> int | None:
        """How many rows there will be; None where only reading them all would tell."""
        if self.only is not None:
            return len(self.only)
        return None if self.count is None else self.count(reading)
