"""`pettycash variance`: payments that came to another amount than was booked."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import explained, output, session, variance_detail
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


@app.command("record")
def record(
    ctx: typer.Context,
    payment: Annotated[str, typer.Argument(metavar="PAY", help="The payment, by its number or id.")],
    adjusted_amount: Annotated[
        str, typer.Option("--adjusted-amount", metavar="AMOUNT", help="What was really paid; 0 when it came back.")
    ],
    reason: Reason = None,
) -> None:
    """Record what a payment really came to; a CFO, who is somebody else, approves it. The reason is required."""
    from pettycash_tui.services import variances

    variance_detail.act(ctx, variances.record, payment, adjusted_amount, reason or "", done="recorded")


@app.command("list")
def list_variances(
    ctx: typer.Context,
    status: Status = None,
    fund: Fund = None,
    payment: Annotated[str | None, typer.Option("--payment", metavar="PAY", help="Only those of this payment.")] = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the variances of the payments that you may see, newest first."""
    from pettycash_tui.models.enums import VarianceStatus
    from pettycash_tui.services import variance_views

    page = session.read(
        ctx,
        variance_views.list_variances,
        status=one_of(VarianceStatus, status, field="status"),
        fund=fund,
        payment=payment,
        from_date=from_date,
        to_date=to_date,
        search=search,
        limit=limit,
        after=after,
    )
    output.emit_page(ctx, page.items, page.next, columns=variance_detail.ROWS)


@app.command("show")
def show(ctx: typer.Context, variance: Identifier) -> None:
    """Show one variance."""
    from pettycash_tui.services import variance_views

    variance_detail.print_whole(ctx, session.read(ctx, variance_views.show, variance))


@app.command("explain")
def explain(ctx: typer.Context, variance: Identifier) -> None:
    """Explain what you may do about a variance now, and why not."""
    from pettycash_tui.services import variance_views

    explained.print_explanation(ctx, session.read(ctx, variance_views.explain, variance))


@app.command("approve")
def approve(ctx: typer.Context, variance: Identifier) -> None:
    """Approve what somebody else recorded: the fund's ledger is adjusted at once."""
    from pettycash_tui.services import variances

    variance_detail.act(ctx, variances.approve, variance, done="approved")


@app.command("reject")
def reject(ctx: typer.Context, variance: Identifier, reason: Reason = None) -> None:
    """Refuse what was recorded; the books stay as they are. The reason is required."""
    from pettycash_tui.services import variances

    variance_detail.act(ctx, variances.reject, variance, reason or "", done="rejected")


@app.command("trend")
def trend(
    ctx: typer.Context,
    fund: Fund = None,
    months: Annotated[int, typer.Option("--months", metavar="N", help="So many months, this one included.")] = 12,
) -> None:
    """Show how many variances were approved in each month, and what they came to, by fund."""
    from pettycash_tui.services import variance_views

    variance_detail.print_trend(ctx, session.read(ctx, variance_views.trend, fund=fund, months=months))
