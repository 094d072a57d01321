"""`pettycash alert`: what is not as it should be, and that you have seen it."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.overview import alert_columns

app = typer.Typer()

Named = Annotated[str, typer.Argument(metavar="KEY|NUMBER", help="The alert's key, or the number or fund it is about.")]


@app.command("list")
def list_alerts(
    ctx: typer.Context,
    include_all: Annotated[bool, typer.Option("--all", help="Those that you have acknowledged too.")] = False,
) -> None:
    """List the alerts that concern you, the worst first."""
    from pettycash_tui.services import alerts

    found = session.read(ctx, alerts.alerts)
    shown = [alert for alert in found if include_all or not alert.is_acknowledged]
    empty = "No alerts." if not found else "No new alerts; --all shows those that you have acknowledged."
    output.emit_page(ctx, shown, columns=alert_columns(), key="key", empty=empty)


@app.command("acknowledge")
def acknowledge(
    ctx: typer.Context,
    alert: Named,
    undo: Annotated[bool, typer.Option("--undo", help="Let it count as new again.")] = False,
) -> None:
    """Note that you have seen an alert. It comes again when its cause does."""
    from pettycash_tui.services import alerts

    done = session.run(ctx, alerts.take_back if undo else alerts.acknowledge, alert)
    words = "New again" if undo else "Acknowledged"
    output.emit(ctx, {"items": done}, sentence=[f"{words}: {each.sentence}." for each in done])
