"""`pettycash fund verify`: whether a fund is what its cash book and its payments make it."""

from __future__ import annotations

import typer

from pettycash_tui.cli import fund_imprest, output, session
from pettycash_tui.cli.options import Identifier

app = typer.Typer()


@app.command("verify")
def verify(ctx: typer.Context, fund: Identifier) -> None:
    """Check a fund: its balance, every running balance, no gap, its holds, its float. Exit code 3 when it is wrong."""
    from pettycash_tui.cli.policy import finding_lines
    from pettycash_tui.services import fund_check

    found = session.read(ctx, fund_check.verify, fund)
    opening, moved, held = found.opening_balance, found.moved, found.payments_held
    entries = f"{found.entries:,} {'entry' if found.entries == 1 else 'entries'}"
    payments = f"{found.open_payments:,} open {'payment' if found.open_payments == 1 else 'payments'}"
    lines = [
        f"Fund {found.fund} is what its cash book and its payments make it."
        if found.ok
        else f"Something is wrong with fund {found.fund}. `pettycash audit verify --full` tells what was changed.",
        f"Balance {found.balance}; opened with {opening}, moved since by {moved}, in {entries}.",
        f"Held {found.held}; {payments} of {held}.",
        f"Float: it {fund_imprest.summary(found.imprest)}."
        if found.imprest.holds
        else f"Float: it has {fund_imprest.summary(found.imprest)}; `pettycash fund identity {found.fund}` says why.",
        *finding_lines(list(found.findings)),
    ]
    output.emit(ctx, found, sentence=lines, always=True)
    if not found.ok:
        raise typer.Exit(3)
