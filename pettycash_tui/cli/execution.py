"""`pettycash execution`: payments that left, with who paid, how and confirmed by what."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, FromDate, Fund, Limit, Search, ToDate
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

ROWS = [
    ColumnSpec("Payment", "payment"),
    ColumnSpec("Voucher", "voucher_number", min_width=18),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("When", "executed_at", min_width=16),
]


@app.command("list")
def list_executions(
    ctx: typer.Context,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you executed.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the executions that you may see, newest first."""
    from pettycash_tui.services import execution_views
    from pettycash_tui.services.payment_views import PaymentFilter

    narrowed = PaymentFilter(fund=fund, from_date=from_date, to_date=to_date, search=search, mine=mine)
    page = session.read(ctx, execution_views.list_executions, narrowed, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS, key="payment")


@app.command("show")
def show(
    ctx: typer.Context,
    execution: Annotated[str, typer.Argument(metavar="ID", help="The payment's number, or the execution's id.")],
) -> None:
    """Show one execution."""
    from pettycash_tui.services import execution_views

    found = session.read(ctx, execution_views.show_execution, execution)
    output.emit_detail(
        ctx,
        found,
        title=f"{found.payment}  {found.gateway_status}",
        pairs=[
            ("Amount", found.amount),
            ("Payee", found.payee),
            ("Paid by", found.method.label),
            ("Requisition", found.requisition),
            ("Fund", found.fund),
            ("Voucher", found.voucher_number),
            ("Reference", found.gateway_reference),
            ("Executor", found.executor),
            ("When", found.executed_at),
            ("Code by", found.channel.label if found.channel else "no code needed"),
            ("Code verified", found.otp_verified_at),
            ("From", " ".join(part for part in (found.source, found.client) if part)),
        ],
    )
