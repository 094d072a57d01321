"""`pettycash transfer`: money from one fund to another. Asking for it is `pettycash fund transfer`."""

from __future__ import annotations

import typer

from pettycash_tui.cli import explained, output, session, transfer_detail
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
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

app = typer.Typer()


@app.command("list")
def list_transfers(
    ctx: typer.Context,
    status: Status = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the transfers from and to the funds whose ledger you may read, newest first."""
    from pettycash_tui.models.enums import TransferStatus
    from pettycash_tui.services import transfer_views

    page = session.read(
        ctx,
        transfer_views.list_transfers,
        status=one_of(TransferStatus, status, field="status"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=transfer_detail.ROWS)


@app.command("show")
def show(ctx: typer.Context, transfer: Identifier) -> None:
    """Show one transfer."""
    from pettycash_tui.services import transfer_views

    transfer_detail.print_whole(ctx, session.read(ctx, transfer_views.show, transfer))


@app.command("explain")
def explain(ctx: typer.Context, transfer: Identifier) -> None:
    """Explain what you may do about a transfer now, and why not."""
    from pettycash_tui.services import transfer_views

    explained.print_explanation(ctx, session.read(ctx, transfer_views.explain, transfer))


@app.command("approve")
def approve(ctx: typer.Context, transfer: Identifier) -> None:
    """Approve a transfer that somebody else asked for: the money moves at once."""
    from pettycash_tui.services import transfers

    transfer_detail.act(ctx, transfers.approve, transfer, done="approved")


@app.command("reject")
def reject(ctx: typer.Context, transfer: Identifier, reason: Reason = None) -> None:
    """Refuse a transfer. The reason is required."""
    from pettycash_tui.services import transfers

    transfer_detail.act(ctx, transfers.reject, transfer, reason or "", done="rejected")
