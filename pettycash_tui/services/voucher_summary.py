"""What an import of vouchers did, or would do: counted as it goes, in bounded memory, whatever the file's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus, Role, StepKind
from pettycash_tui.models.money import Money
from pettycash_tui.services.bad_lines import KEPT, BadLines
from pettycash_tui.services.directory import Person
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.voucher_lines import VoucherFile
from pettycash_tui.services.voucher_plan import Alike, Planned
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """A voucher that was submitted as this requisition; without one when it only would be."""

    line: int
    voucher_number: str
    requisition: str | None
    payee: str
    amount: Money


@dataclass(frozen=True, slots=True)
class ThereAlready:
    """A voucher that was imported before, and how its requisition stands."""

    line: int
    voucher_number: str
    requisition: str
    status: RequisitionStatus


@dataclass(frozen=True, slots=True)
class OfFund:
    """How many vouchers a fund is to pay, their sum, and what the fund has available."""

    fund: str
    count: int
    total: Money
    available: Money

    @property
    def is_short(self) -> bool:
        """Whether payments may have to wait for money."""
        return self.available < self.total


@dataclass(frozen=True, slots=True)
class Deciding:
    """Somebody on the steps of the vouchers: as what, and on how many."""

    person: PersonRef
    role: Role
    kind: StepKind
    count: int


@dataclass(frozen=True, slots=True)
class VouchersImported:
    """What an import did, or with `dry_run` would do.

    The counts are of all lines; `vouchers`, `there`, `alike` and `bad_lines` (by line and field) hold the first 1,000.
    `stopped`: it was ended before the last line, and the same file again takes up the rest.
    """

    file: str
    sha256: str
    company: str
    dry_run: bool
    stopped: bool
    lines: int
    imported: int
    there_before: int
    bad: int
    alike_count: int
    first: str | None
    last: str | None
    funds: tuple[OfFund, ...]
    deciding: tuple[Deciding, ...]
    vouchers: tuple[ImportedLine, ...]
    there: tuple[ThereAlready, ...]
    alike: tuple[Alike, ...]
    bad_lines: dict[str, str]


class Summary:
    """Counts what becomes of the lines of a file."""

    def __init__(self, file: VoucherFile, company: str) -> None:
        self.imported = self.there_before = self.alike_count = 0
        self.bad = BadLines(file.name)
        self.first_number: str | None = None
        self.last_number: str | None = None
        self._file, self._company = file, company
        self._refused: set[int] = set()
        self._funds: dict[UUID, tuple[int, int]] = {}
        self._steps: dict[tuple[UUID, Role, StepKind], int] = {}
        self._people: dict[UUID, Person] = {}
        self._vouchers: list[ImportedLine] = []
        self._there: list[ThereAlready] = []
        self._alike: list[Alike] = []

    def for_writing(self) -> Summary:
        """A summary of what is really written, that goes on from what the check found to be wrong or alike."""
        other = Summary(self._file, self._company)
        other.bad, other._refused = self.bad, self._refused
        other.alike_count, other._alike = self.alike_count, self._alike
        return other

    def is_refused(self, line: int) -> bool:
        """Whether the line is left out."""
        return line in self._refused

    def add_bad(self, line: int, error: InvalidInput) -> None:
        """A line that is left out."""
        self._refused.add(line)
        self.bad.add_all(f"line {line}", error)

    def add(self, planned: Sequence[Planned], numbers: Sequence[str] = ()) -> None:
        """Lines that are submitted, or would be."""
        for at, each in enumerate(planned):
            number = numbers[at] if numbers else None
            self.first_number = self.first_number or number
            self.last_number = number or self.last_number
            self.imported += 1
            count, total = self._funds.get(each.content["fund_id"], (0, 0))
            self._funds[each.content["fund_id"]] = count + 1, total + each.content["amount"]
            for step in each.route.steps:
                key = step.pick.person.id, step.role, step.kind
                self._steps[key] = self._steps.get(key, 0) + 1
                self._people[step.pick.person.id] = step.pick.person
            if len(self._vouchers) < KEPT:
                line = ImportedLine(each.line, each.voucher_number, number, each.content["payee"], each.amount)
                self._vouchers.append(line)

    def add_there(self, line: int, row: Row[Any]) -> None:
        """A line whose voucher was imported before."""
        self.there_before += 1
        if len(self._there) < KEPT:
            self._there.append(ThereAlready(line, row.voucher_number, row.number, row.status))

    def add_alike(self, found: Sequence[Alike]) -> None:
        """Lines like which something was asked for already."""
        self.alike_count += len(found)
        self._alike += found[: KEPT - len(self._alike)]

    def result(self, reading: Reading, *, dry_run: bool = False, is_stopped: bool = False) -> VouchersImported:
        """What came of it, with the funds as they are now."""
        f = t.treasury_fund.c
        rows = reading.execute(
            select(f.id, f.code, f.currency, f.current_balance, f.held_amount)
            .where(f.id.in_(list(self._funds)))
            .order_by(f.code)
        )
        return VouchersImported(
            file=self._file.name,
            sha256=self._file.sha256,
            company=self._company,
            dry_run=dry_run,
            stopped=is_stopped,
            lines=self._file.count,
            imported=self.imported,
            there_before=self.there_before,
            bad=len(self._refused),
            alike_count=self.alike_count,
            first=self.first_number,
            last=self.last_number,
            funds=tuple(self._of_fund(row) for row in rows),
            deciding=self._deciding(),
            vouchers=tuple(self._vouchers),
            there=tuple(self._there),
            alike=tuple(self._alike),
            bad_lines=dict(self.bad.fields),
        )

    def _of_fund(self, row: Any) -> OfFund:
        count, total = self._funds[row.id]
        available = Money(row.current_balance - row.held_amount, row.currency)
        return OfFund(row.code, count, Money(total, row.currency), available)

    def _deciding(self) -> tuple[Deciding, ...]:
        kinds = list(StepKind)
        found = []
        for (person_id, role, kind), count in self._steps.items():
            person = self._people[person_id]
            found.append(Deciding(PersonRef(person_id, person.username, person.name), role, kind, count))
        return tuple(sorted(found, key=lambda each: (kinds.index(each.kind), -each.count, each.person.username)))
