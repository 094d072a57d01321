"""`pettycash ledger`: one entry of a fund's ledger. The whole of it is `pettycash fund ledger`."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import ledger_rows, output, session
from pettycash_tui.cli.output import ColumnSpec, Table

app = typer.Typer()


@app.command("show")
def show(
    ctx: typer.Context,
    entry: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY", help="NBI:42, its journal, voucher, PAY-, REQ-, RPL-, VAR- or TRF- number, or its id."
        ),
    ],
) -> None:
    """Show one entry."""
    from pettycash_tui.services import ledger_views

    found = session.read(ctx, ledger_views.show_entry, entry)
    output.emit_detail(
        ctx,
        found,
        title=f"{found.fund}:{found.sequence}  {found.entry_type.label}",
        pairs=[
            ("Journal", found.journal),
            ("Date", found.value_date),
            ("Description", found.description),
            ("Paid out", ledger_rows.paid_out(found)),
            ("Paid in", ledger_rows.paid_in(found)),
            ("Balance", found.balance_after),
            ("Contra account", found.contra_account),
            ("From", found.source_type.label),
            ("Payment", found.payment),
            ("Requisition", found.requisition),
            ("Replenishment", found.replenishment),
            ("Variance", found.variance),
            ("Transfer", found.transfer),
            ("Corrects", found.corrects),
            ("Voucher", found.voucher_number),
            ("Written by", found.created_by),
            ("Written", found.created_at),
        ],
    )


LINES = [
    ColumnSpec("Account", "account.code"),
    ColumnSpec("Name", "account.name", min_width=8),
    ColumnSpec("Debit", lambda line: line.debit and line.debit.grouped(), align="right"),
    ColumnSpec("Credit", lambda line: line.credit and line.credit.grouped(), align="right"),
    ColumnSpec("Cost center", "cost_center.code"),
]


@app.command("journal")
def journal(
    ctx: typer.Context,
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="NBI:42, its journal, a voucher or payment number.")],
) -> None:
    """Show an entry as double entry: the accounts debited and credited, and the cost center."""
    from pettycash_tui.services import journals

    found = session.read(ctx, journals.show, entry)
    items = [{**output.to_json(one), "lines": output.to_json(one.lines)} for one in found]
    first = found[0]
    output.emit(
        ctx,
        {"journal": first.journal, "items": items},
        sentence=f"{first.journal}  {first.date}  {first.description}",
        table=Table(LINES, [line for one in found for line in one.lines]),
        always=True,
    )
