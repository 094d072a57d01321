"""Importing vouchers that were written elsewhere: each line becomes a submitted requisition of the person who imports.

They go through the same approval and payment as all others; nothing is paid by an import, and nobody decides on what
they imported, because it is their own. All lines are checked first, and one that is refused keeps all of them out
unless it is to be skipped. Then some hundred lines are written in each transaction: what is in stays in, whatever
happens next, and the same file again takes up the rest, because a voucher number is imported once in a company.
Source: domain, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from pettycash_tui.services import companies, voucher_lines, voucher_writing
from pettycash_tui.services.csv_lines import CsvLine
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, PettyCashError, Refused
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.voucher_lines import VoucherFile, VoucherLine, read_line
from pettycash_tui.services.voucher_plan import Planned, Planner, alike, require_same, there_already
from pettycash_tui.services.voucher_summary import Summary, VouchersImported
from pettycash_tui.services.voucher_writing import NothingNew, Source, Written, at_line
from pettycash_tui.services.work import Reading

CHUNK = 250
"""Lines of one transaction. Numbers are given in it, so that everybody else who asks for money waits as long."""

Report = Callable[[str, int, int], bool]
"""Told what is being done (`read`, `checked`, `imported`), with how many lines of how many; says whether to go on."""


class ImportStopped(Refused):
    """Somebody stopped it before anything was written."""

    default_code = "import_stopped"


@dataclass(frozen=True, slots=True)
class _Run:
    """What one import is about."""

    desk: Desk
    actor: Actor
    company_id: UUID
    file: VoucherFile
    report: Report
    chunk: int

    def chunks(self) -> Iterator[list[CsvLine]]:
        lines = self.file.lines()
        while some := list(islice(lines, self.chunk)):
            yield some


def import_file(
    desk: Desk,
    actor: Actor,
    path: Path,
    *,
    company: str | None = None,
    dry_run: bool = False,
    skip_bad: bool = False,
    report: Report | None = None,
    chunk: int = CHUNK,
) -> VouchersImported:
    """Import a file of vouchers, or with `dry_run` say what would become of it.

    `report` stops it by its answer: before the first line is written with ImportStopped, between two transactions with
    a result that says so. Raises InvalidInput naming every refused line, its field and what was expected, unless they
    are to be skipped; nothing is imported then.
    """
    actor.require(Right.SUBMIT)
    owner = desk.read(actor, companies.which, company)
    tell = report or (lambda what, done, total: True)
    with voucher_lines.opened(path, lambda lines: _go_on(tell, "read", lines, 0)) as file:
        run = _Run(desk, actor, owner.id, file, tell, chunk)
        checked = Summary(file, owner.code)
        _check(run, checked)
        file.require_unchanged()
        if not skip_bad:
            checked.bad.raise_if_any("Nothing was imported.")
        if dry_run:
            return desk.read(actor, checked.result, dry_run=True)
        done = checked.for_writing()
        try:
            is_stopped = _write(run, done, skip_bad)
        except PettyCashError as error:
            raise _part_way(done, error) if done.imported else error from error
        return desk.read(actor, done.result, is_stopped=is_stopped)


def _go_on(report: Report, what: str, done: int, total: int) -> bool:
    if not report(what, done, total):
        raise ImportStopped("The import was stopped; nothing was imported.")
    return True


def _part_way(done: Summary, error: PettyCashError) -> PettyCashError:
    vouchers = "1 voucher is" if done.imported == 1 else f"{done.imported:,} vouchers are"
    return type(error)(
        f"{vouchers} in, up to {done.last_number}; the others are not: {error.message} The same command takes up the"
        " rest.",
        code=error.code,
        fields=error.fields,
        reasons=error.reasons,
    )


# --- checking ---------------------------------------------------------------------------------------------------------


def _check(run: _Run, summary: Summary) -> None:
    """Everything that importing would refuse, in transactions that only read."""
    planner: Planner | None = None
    done = 0
    for lines in run.chunks():
        planner = run.desk.read(run.actor, _check_some, run, planner, lines, summary)
        done += len(lines)
        _go_on(run.report, "checked", done, run.file.count)


def _check_some(
    reading: Reading, run: _Run, planner: Planner | None, lines: Sequence[CsvLine], summary: Summary
) -> Planner:
    planner = planner or Planner(reading, run.company_id)
    planner.go_on_with(reading)
    read: list[VoucherLine] = []
    for line in lines:
        try:
            read.append(read_line(line, run.file))
        except InvalidInput as error:
            summary.add_bad(line.number, error)
    there = there_already(reading, run.company_id, [line.voucher_number for line in read if not line.problems])
    planned: list[Planned] = []
    for each in read:
        try:
            known = None if each.problems else there.get(each.voucher_number)
            if known is None:
                planned.append(planner.plan(each))
            else:
                require_same(known, each, run.file.sha256)
                summary.add_there(each.line, known)
        except InvalidInput as error:
            summary.add_bad(each.line, error)
    summary.add(planned)
    summary.add_alike(alike(reading, run.company_id, planned, run.file.sha256))
    return planner


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(run: _Run, summary: Summary, skip_bad: bool) -> bool:
    """Submit what is not there yet, some lines in each transaction. Returns whether it was stopped before the end."""
    source = Source(run.company_id, run.file.name, run.file.sha256)
    done = 0
    for lines in run.chunks():
        if done and not run.report("imported", done, run.file.count):
            return True
        run.file.require_unchanged()
        good = [read_line(line, run.file) for line in lines if not summary.is_refused(line.number)]
        there = run.desk.read(run.actor, there_already, run.company_id, [line.voucher_number for line in good])
        new = [line for line in good if line.voucher_number not in there]
        met = [(line, there[line.voucher_number]) for line in good if line.voucher_number in there]
        if new:
            written = _write_some(run, source, new, skip_bad)
            summary.add(written.planned, written.numbers)
            met += written.there
            for line, error in written.refused:
                summary.add_bad(line.line, error)
        for line, row in met:
            _take_there(summary, line, row, source, skip_bad)
        done += len(lines)
    run.report("imported", done, run.file.count)
    return False


def _write_some(run: _Run, source: Source, lines: Sequence[VoucherLine], skip_bad: bool) -> Written:
    try:
        return run.desk.run(run.actor, voucher_writing.submit_all, source, lines, skip_bad)
    except NothingNew as nothing:
        return nothing.written


def _take_there(summary: Summary, line: VoucherLine, row: Row[Any], source: Source, skip_bad: bool) -> None:
    try:
        require_same(row, line, source.sha256)
        summary.add_there(line.line, row)
    except InvalidInput as error:
        if not skip_bad:
            raise at_line(line.line, error) from error
        summary.add_bad(line.line, error)
