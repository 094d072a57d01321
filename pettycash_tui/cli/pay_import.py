"""`pettycash pay import`: vouchers of a file become submitted requisitions; `pay imported` lists those that did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import interrupting, output, progress_line, session
from pettycash_tui.cli.interrupting import stopping
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    DryRun,
    FromDate,
    Fund,
    Limit,
    Search,
    Status,
    ToDate,
    one_of,
)
from pettycash_tui.cli.output import ColumnSpec, Table
from pettycash_tui.cli.progress_line import ProgressLine

if TYPE_CHECKING:
    from pettycash_tui.services.voucher_import import Report
    from pettycash_tui.services.voucher_summary import VouchersImported

app = typer.Typer()

SHOWN = 20
"""So many lines of each kind are shown to a person; `--json` has the first 1,000."""

_DECIDING = [
    ColumnSpec("Step", "kind.label", min_width=8),
    ColumnSpec("Role", "role.label"),
    ColumnSpec("Who", lambda each: each.person.username),
    ColumnSpec("Vouchers", "count"),
]
_ROWS = [
    ColumnSpec("Voucher", "voucher_number"),
    ColumnSpec("Requisition", "requisition", min_width=10),
    ColumnSpec("Status", "status.label"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Imported", "created_at", min_width=16),
]


@app.command("import")
def import_vouchers(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, a heading with the columns' names.")],
    dry_run: DryRun = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad lines out, in place of importing nothing.")
    ] = False,
    company: Annotated[str | None, typer.Option("--company", metavar="CODE", help="The company, if not yours.")] = None,
) -> None:
    """Import vouchers written elsewhere: each becomes a requisition of yours, submitted for approval.

    Columns: voucher_number, amount, payee, purpose; and if need be currency, category, method, destination, origin,
    branch, region, department, cost_center, fund, is_urgent, urgency_reason. A voucher number is imported once.
    """
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import voucher_import

    line = ProgressLine() if progress_line.is_wanted(ctx) else None
    try:
        with incoming(file) as path, stopping() as is_asked, session.at_desk(ctx) as (desk, actor):
            done = voucher_import.import_file(
                desk,
                actor,
                path,
                company=company,
                dry_run=dry_run,
                skip_bad=skip_bad,
                report=_report(line, is_asked),
            )
    finally:
        if line is not None:
            line.clear()
    table = Table(_DECIDING, done.deciding) if done.deciding else None
    output.emit(ctx, done, sentence=_told(done), table=table, always=dry_run)
    if done.stopped:
        raise typer.Exit(interrupting.EXIT_STOPPED)


@app.command("imported")
def list_imported(
    ctx: typer.Context,
    status: Status = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the imported vouchers whose requisitions you may see, newest first."""
    from pettycash_tui.models.enums import RequisitionStatus
    from pettycash_tui.services import voucher_views

    page = session.read(
        ctx,
        voucher_views.list_imported,
        status=one_of(RequisitionStatus, status, field="status"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=_ROWS, key="voucher_number")


def _report(line: ProgressLine | None, is_asked: Callable[[], bool]) -> Report:
    def report(what: str, done: int, total: int) -> bool:
        if line is not None:
            of = f" of {total:,}" if total else ""
            line.tell(f"{done:,}{of} lines {what}…")
        return not is_asked()

    return report


def _told(done: VouchersImported) -> list[str]:
    """What a person reads of it."""
    told = [_first(done)]
    for fund in done.funds:
        short = f"; it has {fund.available} available, so payments may wait for money" if fund.is_short else ""
        told.append(f"Fund {fund.fund}: {_vouchers(fund.count)}, {fund.total}{short}.")
    if done.there_before:
        known = [f"{each.voucher_number} is {each.requisition} ({each.status.label.lower()})" for each in done.there]
        told.append(f"{_vouchers(done.there_before)} there already: {_some(known, done.there_before)}.")
    told += [each.sentence for each in done.alike[:SHOWN]]
    if done.alike_count > SHOWN:
        told.append(f"{done.alike_count - SHOWN:,} more look asked for already.")
    if done.bad:
        bad = [f"{where} {expected}" for where, expected in done.bad_lines.items()]
        lines = "1 line is" if done.bad == 1 else f"{done.bad:,} lines are"
        told.append(f"{lines} left out: {_some(bad, len(bad))}.")
    if done.stopped:
        told.append("It was stopped before the last line. The same command takes up the rest.")
    return told


def _first(done: VouchersImported) -> str:
    if done.dry_run:
        return f"{done.file}: {_vouchers(done.imported)} of {done.lines:,} would be submitted. Nothing was changed."
    if not done.imported:
        return f"{done.file}: nothing new was imported."
    numbers = f"{done.first}" if done.imported == 1 else f"{done.first} to {done.last}"
    return f"{done.file}: {_vouchers(done.imported)} of {done.lines:,} submitted as {numbers}."


def _vouchers(count: int) -> str:
    return "1 voucher" if count == 1 else f"{count:,} vouchers"


def _some(named: list[str], count: int) -> str:
    more = f"; and {count - SHOWN:,} more" if count > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more
