"""`pettycash batch`: bank files that were written, and what the bank did with their lines.

Writing one is `pettycash pay bank-file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import batch_detail, output, session
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    DryRun,
    FromDate,
    Fund,
    Identifier,
    Limit,
    Reason,
    Search,
    Status,
    ToDate,
    one_of,
)

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.bank_settling import Settled

app = typer.Typer()

Payments = Annotated[list[str] | None, typer.Argument(metavar="[PAY]...", help="The payments of these lines.")]
Reference = Annotated[str | None, typer.Option("--reference", metavar="REF", help="The bank's own.")]
Replace = Annotated[bool, typer.Option("--replace", help="Let --output replace a file that is there.")]


@app.command("list")
def list_batches(
    ctx: typer.Context,
    status: Status = None,
    format: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="Only pain001, or only csv.")] = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the bank files that you may see, newest first. A status is open, partly_settled or settled."""
    from pettycash_tui.models.enums import BatchFormat
    from pettycash_tui.services import bank_batch_views
    from pettycash_tui.services.bank_batch_views import BatchState

    page = session.read(
        ctx,
        bank_batch_views.list_batches,
        status=one_of(BatchState, status, field="status"),
        format=one_of(BatchFormat, format, field="format"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=batch_detail.ROWS)


@app.command("show")
def show(ctx: typer.Context, batch: Identifier) -> None:
    """Show one bank file and its lines."""
    from pettycash_tui.services import bank_batch_views

    batch_detail.print_whole(ctx, session.read(ctx, bank_batch_views.show, batch))


@app.command("explain")
def explain(ctx: typer.Context, batch: Identifier) -> None:
    """Explain what you may do with a bank file now, and why not."""
    from pettycash_tui.services import bank_batch_views

    batch_detail.print_explanation(ctx, session.read(ctx, bank_batch_views.explain, batch))


@app.command("file")
def file(
    ctx: typer.Context,
    batch: Identifier,
    output_file: Annotated[str, typer.Option("--output", metavar="FILE", help="Where it is written to.")],
    replace: Replace = False,
) -> None:
    """Write a batch's file again, the very bytes of the first time."""
    from pettycash_tui.services import bank_batches, export_files

    with export_files.at_path(Path(output_file), replace=replace) as draft, session.at_desk(ctx) as (desk, actor):
        done = bank_batches.put(desk, actor, batch, draft)
    document = {"number": done.number, "file": done.path, "size": done.size, "sha256": done.sha256}
    output.emit(ctx, document, sentence=f"{done.number} written to {done.path} ({done.size:,} bytes).")


@app.command("confirm")
def confirm(
    ctx: typer.Context,
    batch: Identifier,
    payments: Payments = None,
    everything: Annotated[bool, typer.Option("--all", help="Every line that is open.")] = False,
    reference: Reference = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="The bank's own word on each line: .csv, or pain.002.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Record that the bank paid: these lines, all of them, or what its status file says."""
    from pettycash_tui.cli.incoming import incoming
    from pettycash_tui.services import bank_settling, bank_status
    from pettycash_tui.services.errors import InvalidInput

    if sum((bool(payments), everything, file is not None)) != 1:
        raise InvalidInput.of(payments="must be named, or --all lines that are open, or the bank's --file")
    if file is None:
        if dry_run:
            raise InvalidInput.of(dry_run="goes with --file")
        with session.at_desk(ctx) as (desk, actor):
            _print_settled(ctx, bank_settling.confirm(desk, actor, batch, payments or None, reference))
        return
    with incoming(file) as path, session.at_desk(ctx) as (desk, actor):
        read = bank_status.apply_file(desk, actor, batch, path, reference=reference, dry_run=dry_run)
    counts = f"{read.confirmed} paid, {read.refused} refused, {read.pending} pending, {read.told_before} told before"
    if read.settled is None:
        document: dict[str, Any] = output.to_json(read)
        output.emit(ctx, document, sentence=f"{read.file} says: {counts}. Nothing was changed.", always=True)
        return
    more = {"pending": read.pending, "told_before": read.told_before, "dry_run": False, "file": read.file}
    _print_settled(ctx, read.settled, before=[f"{read.file} says: {counts}."], more=more)


@app.command("refuse")
def refuse(ctx: typer.Context, batch: Identifier, payments: Payments = None, reason: Reason = None) -> None:
    """Record that the bank did not pay these lines: their payments failed. The reason is required."""
    from pettycash_tui.services import bank_settling

    with session.at_desk(ctx) as (desk, actor):
        _print_settled(ctx, bank_settling.refuse(desk, actor, batch, payments or [], reason or ""))


def _print_settled(
    ctx: Context, done: Settled, *, before: list[str] | None = None, more: dict[str, Any] | None = None
) -> None:
    paid = [line for line in done.lines if line.paid]
    sentences = list(before or [])
    if paid:
        sentences.append(f"{done.number}: {len(paid)} lines confirmed, {done.total} paid out of fund {done.fund}.")
    sentences += [f"{line.payment} was refused: {line.reason}." for line in done.lines if not line.paid]
    sentences += [reason.message for line in done.left for reason in line.reasons]
    sentences.append(f"{done.open} lines are open." if done.open else "Every line is settled.")
    document = {
        "number": done.number,
        "fund": done.fund,
        "confirmed": len(paid),
        "refused": len(done.lines) - len(paid),
        "open": done.open,
        "total": done.total.plain(),
        "currency": done.total.currency,
        "lines": output.to_json(done.lines),
        "left": output.to_json(done.left),
        **(more or {}),
    }
    output.emit(ctx, document, sentence=sentences)
