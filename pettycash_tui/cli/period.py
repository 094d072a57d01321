"""`pettycash period`: the months of the books, closed and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.asking import ask_text, confirm
from pettycash_tui.cli.listed import Company
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, Limit, Reason, Yes
from pettycash_tui.cli.output import ColumnSpec, Table

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.period_checks import CheckList

app = typer.Typer()

Month = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month, such as 2026-11.")]
ROWS = [
    ColumnSpec("Month", "period"),
    ColumnSpec("State", lambda row: "closed" if row.is_closed else "open again"),
    ColumnSpec("Closed by", "closed_by"),
    ColumnSpec("Closed", "closed_at", min_width=16),
    ColumnSpec("Reason", lambda row: row.reason if row.is_closed else row.reopen_reason),
]
CHECKS = [
    ColumnSpec("", "severity"),
    ColumnSpec("What", "message", min_width=24),
    ColumnSpec("Amount", lambda item: item.amount.grouped(), align="right"),
    ColumnSpec("See", "command", min_width=20),
]


@app.command("list")
def list_periods(
    ctx: typer.Context, company: Company = None, limit: Limit = DEFAULT_LIMIT, after: After = None
) -> None:
    """List the months that were closed, the newest first."""
    from pettycash_tui.services import periods

    page = session.read(ctx, periods.list_periods, company=company, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS, key="period", empty="No month was closed yet.")


@app.command("check")
def check(ctx: typer.Context, period: Month, company: Company = None) -> None:
    """Show what is not settled for a month, before it is closed."""
    from pettycash_tui.services import period_checks

    found = session.read(ctx, period_checks.checklist, period, company=company)
    output.emit(
        ctx,
        {"period": found.period, "is_closed": found.is_closed, "blocks": found.blocks, "items": found.items},
        sentence=_heading(found),
        table=Table(CHECKS, found.items) if found.items else None,
        always=True,
    )


@app.command("close")
def close(ctx: typer.Context, period: Month, reason: Reason = None, yes: Yes = False, company: Company = None) -> None:
    """Close a month; its check-list is shown first, and what warns has to be confirmed. The reason is required."""
    from pettycash_tui.services import period_checks, periods

    found = session.read(ctx, period_checks.checklist, period, company=company)
    if found.items and not found.is_closed and not found.blocks:
        _show_checks(ctx, found)
        if not confirm(ctx, f"Close {found.period} all the same?", given=yes):
            output.emit(ctx, None, sentence=f"{found.period} stays open.")
            raise typer.Exit(3)
    why = reason if reason is not None else ask_text(ctx, "Reason", option="--reason")
    closed = session.run(ctx, periods.close, period, why, company=company)
    output.emit(
        ctx,
        {**output.to_json(closed), "items": output.to_json(found.items)},
        sentence=f"{closed.period} is closed: its books take no entry any more.",
    )


@app.command("reopen")
def reopen(ctx: typer.Context, period: Month, reason: Reason = None, company: Company = None) -> None:
    """Open a closed month again. The reason is required."""
    from pettycash_tui.services import periods

    why = reason if reason is not None else ask_text(ctx, "Reason", option="--reason")
    opened = session.run(ctx, periods.reopen, period, why, company=company)
    output.emit(ctx, opened, sentence=f"{opened.period} is open again.")


def _heading(found: CheckList) -> str:
    state = " It is closed." if found.is_closed else ""
    if not found.items:
        return f"{found.period}: all is settled.{state}"
    return f"{found.period}: {len(found.items)} to look at.{state}"


def _show_checks(ctx: Context, found: CheckList) -> None:
    output.note(ctx, _heading(found))
    for item in found.items:
        output.note(ctx, f"  {item.severity}: {item.message} {item.amount}. {item.command}")
