"""Rows as services return them, for the tests of what is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from pettycash_tui.cli.output import ColumnSpec
from pettycash_tui.models.money import Money

HOSTILE = "a\x1b[31mb\x07\x9bc\u202ed\u2066e\x7f\nf\ud800\U000e0041"


class Status(Enum):
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Ref:
    id: UUID
    code: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class PersonRef:
    id: UUID
    username: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Fund:
    code: str
    current_balance: Money
    held_amount: Money
    custodian: PersonRef | None = None


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    amount: Money
    purpose: str = "Stationery"
    status: Status = Status.APPROVED
    trail: tuple[Fund, ...] = field(default=())


ID = UUID("01970000-0000-7000-8000-000000000001")


def kes(minor: int) -> Money:
    return Money(minor, "KES")


COLUMNS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Purpose", "purpose"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Status", lambda row: row.status),
]
