"""Writing vouchers of a file as submitted requisitions, many in a few statements, in one transaction.

The numbers are taken first: their counter is locked until the transaction ends, so two people who import the same file
at the same moment come one after the other, and the second finds what the first wrote. Locks: number counter, stream
heads. Everything that one submission leaves is there for each: number, steps, trail, audit events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import TrailAction
from pettycash_tui.models.imports import ImportedVoucher
from pettycash_tui.models.requisitions import ApprovalStep, ApprovalTrail, Requisition
from pettycash_tui.services import audit, submission
from pettycash_tui.services.acts import trail_columns
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.numbering import NumberKind, next_numbers
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.requisitions import draft_columns, record_created
from pettycash_tui.services.voucher_lines import VoucherLine
from pettycash_tui.services.voucher_plan import Planned, Planner, there_already
from pettycash_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class Source:
    """Where vouchers come from: the company they are of, the file's name and its SHA-256."""

    company_id: UUID
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of some lines: those that are submitted with their requisitions' numbers, and those that were there.

    `refused`: what is wrong with lines that were skipped, by line.
    """

    planned: tuple[Planned, ...]
    numbers: tuple[str, ...]
    there: tuple[tuple[VoucherLine, Row[Any]], ...]
    refused: tuple[tuple[VoucherLine, InvalidInput], ...]


class NothingNew(Refused):
    """None of the lines is written, and the transaction is undone with the numbers that it took."""

    def __init__(self, written: Written) -> None:
        super().__init__("There is nothing new among these lines.")
        self.written = written


def submit_all(work: Work, source: Source, lines: Sequence[VoucherLine], skip_bad: bool) -> Written:
    """Submit these lines but for those that somebody imported meanwhile. Raises InvalidInput, or NothingNew.

    What was right when the file was checked may not be any more: it is refused, or with `skip_bad` left out.
    """
    work.actor.require(Right.SUBMIT)
    numbers = next_numbers(work, source.company_id, NumberKind.REQUISITION, len(lines))
    there = there_already(work, source.company_id, [line.voucher_number for line in lines])
    planner = Planner(work, source.company_id)
    planned: list[Planned] = []
    refused: list[tuple[VoucherLine, InvalidInput]] = []
    for line in lines:
        if line.voucher_number in there:
            continue
        try:
            planned.append(planner.plan(line))
        except InvalidInput as error:
            if not skip_bad:
                raise at_line(line.line, error) from error
            refused.append((line, error))
    known = tuple((line, there[line.voucher_number]) for line in lines if line.voucher_number in there)
    written = Written(tuple(planned), tuple(numbers[: len(planned)]), known, tuple(refused))
    if not planned:
        raise NothingNew(written)
    _submit(work, source, written)
    return written


def at_line(line: int, error: InvalidInput) -> InvalidInput:
    """The same error, of a line of the file."""
    fields = {f"line {line}: {field}": expected for field, expected in error.fields.items()}
    return InvalidInput(f"Line {line}: {error.message}", fields=fields)


def _submit(work: Work, source: Source, written: Written) -> None:
    drafts: list[dict[str, Any]] = []
    vouchers: list[dict[str, Any]] = []
    submitted: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    trail: list[dict[str, Any]] = []
    for planned, number in zip(written.planned, written.numbers, strict=True):
        draft = draft_columns(work, source.company_id, number, planned.content)
        found, revision = draft["id"], draft["revision"]
        line = trail_columns(work, draft, TrailAction.SUBMITTED, **submission.in_the_trail(planned.route))
        drafts.append(draft)
        vouchers.append(_voucher(work, source, planned, found))
        submitted.append(submission.as_submitted(work, found, revision, planned.route))
        steps += submission.step_columns(work, found, revision, planned.route)
        trail.append(line)
        _record(work, source, planned, draft, line["content_hash"])
    work.insert_together(Requisition, drafts)
    work.insert_together(ImportedVoucher, vouchers)
    work.connection.execute(submission.SUBMITTED, submitted)
    work.insert_together(ApprovalStep, steps)
    work.insert_together(ApprovalTrail, trail)
    work.record(
        "vouchers.imported",
        "company",
        source.company_id,
        source.file[:200],
        stream=audit.company_stream(source.company_id),
        company_id=source.company_id,
        data={
            "file": source.file[:200],
            "sha256": source.sha256,
            "lines": [written.planned[0].line, written.planned[-1].line],
            "count": len(drafts),
            "requisitions": [written.numbers[0], written.numbers[-1]],
        },
    )


def _voucher(work: Work, source: Source, planned: Planned, requisition_id: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": work.now,
        "company_id": source.company_id,
        "voucher_number": planned.voucher_number,
        "requisition_id": requisition_id,
        "file_sha256": source.sha256,
        "line": planned.line,
    }


def _record(work: Work, source: Source, planned: Planned, draft: dict[str, Any], digest: str) -> None:
    imported = {"voucher_number": planned.voucher_number, "file_sha256": source.sha256, "line": planned.line}
    record_created(work, draft, {**planned.content, "imported": imported})
    work.record(
        "requisition.submitted",
        "requisition",
        draft["id"],
        draft["number"],
        stream=audit.fund_stream(draft["fund_id"]),
        company_id=source.company_id,
        data=submission.in_the_log(draft["revision"], planned.route, digest),
    )
