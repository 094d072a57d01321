"""`pettycash replenishment`: requests to fill a fund up again. Asking by hand is `pettycash fund replenish`."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import claim_output, explained, output, replenishment_detail, session
from pettycash_tui.cli.exporting import Replace
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    Amount,
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
def list_replenishments(
    ctx: typer.Context,
    status: Status = None,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List your company's replenishments, newest first."""
    from pettycash_tui.models.enums import ReplenishmentStatus
    from pettycash_tui.services import replenishment_views

    page = session.read(
        ctx,
        replenishment_views.list_replenishments,
        status=one_of(ReplenishmentStatus, status, field="status"),
        fund=fund,
        from_date=from_date,
        to_date=to_date,
        search=search,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=replenishment_detail.ROWS)


@app.command("show")
def show(ctx: typer.Context, replenishment: Identifier) -> None:
    """Show one replenishment."""
    replenishment_detail.print_whole(ctx, *session.read(ctx, replenishment_detail.with_vouchers, replenishment))


@app.command("explain")
def explain(ctx: typer.Context, replenishment: Identifier) -> None:
    """Explain what you may do about a replenishment now, and why not."""
    from pettycash_tui.services import replenishment_views

    explained.print_explanation(ctx, session.read(ctx, replenishment_views.explain, replenishment))


@app.command("approve")
def approve(ctx: typer.Context, replenishment: Identifier) -> None:
    """Approve a request that somebody else made."""
    from pettycash_tui.services import replenishments

    replenishment_detail.act(ctx, replenishments.approve, replenishment, done="approved")


@app.command("complete")
def complete(
    ctx: typer.Context,
    replenishment: Identifier,
    reference: Annotated[str | None, typer.Option("--reference", metavar="REF", help="The transfer's own.")] = None,
    amount: Amount = None,
) -> None:
    """Record that the money arrived, in full or (with --amount) what came. The reference is required."""
    from pettycash_tui.services import replenishments

    replenishment_detail.act(ctx, replenishments.complete, replenishment, reference or "", amount, done="completed")


@app.command("reject")
def reject(ctx: typer.Context, replenishment: Identifier, reason: Reason = None) -> None:
    """Refuse an open request. The reason is required."""
    from pettycash_tui.services import replenishments

    replenishment_detail.act(ctx, replenishments.reject, replenishment, reason or "", done="rejected")


@app.command("claim")
def claim(
    ctx: typer.Context,
    replenishment: Identifier,
    format: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="text or pdf.")] = None,
    file: Annotated[str | None, typer.Option("--output", metavar="FILE", help="Where it is written to.")] = None,
    replace: Replace = False,
) -> None:
    """Write the claim to sign: the vouchers it covers, by account and cost center."""
    from pettycash_tui.services import claims

    claim_output.write(ctx, session.read(ctx, claims.show, replenishment), format or "text", file, replace=replace)
