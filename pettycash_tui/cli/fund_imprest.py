"""`pettycash fund identity`: whether a fund adds up to its float, and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import Identifier
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from pettycash_tui.services.imprest import ImprestIdentity

app = typer.Typer()


@app.command("identity")
def identity(ctx: typer.Context, fund: Identifier) -> None:
    """Show what a fund's float is made of, and what a difference comes from."""
    from pettycash_tui.services import imprest

    found = session.read(ctx, imprest.identity, fund)
    vouchers = f"{found.voucher_count:,} {'voucher' if found.voucher_count == 1 else 'vouchers'}"
    output.emit_detail(
        ctx,
        {"code": found.fund, **output.to_json(found)},
        title=f"{found.fund}  {summary(found)}",
        pairs=[
            ("Cash", found.cash),
            ("Vouchers", f"{found.vouchers} ({vouchers} not given back)"),
            ("In transit", found.in_transit),
            ("Over/short", found.over_short),
            ("Sum", found.total),
            ("Authorised float", found.authorised),
            ("Difference", found.difference),
        ],
        sections=[
            Section(
                "What makes the difference",
                [
                    ColumnSpec("What", "message", min_width=24),
                    ColumnSpec("Amount", lambda cause: cause.amount.grouped(), align="right"),
                ],
                found.causes,
            )
        ],
    )


def summary(found: ImprestIdentity) -> str:
    """In a word or two: whether it adds up."""
    if found.holds:
        return "adds up to its float"
    more = "more" if found.difference.minor > 0 else "less"
    return f"{str(found.difference).replace('-', '')} {more} than its float"
