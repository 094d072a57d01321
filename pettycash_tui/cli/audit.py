"""`pettycash audit`: the log of everything that was done, and its proofs."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import audit_proof, exporting, output, session
from pettycash_tui.cli.exporting import Export, Output, Replace
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, FromDate, Fund, Limit, Search, ToDate
from pettycash_tui.cli.output import ColumnSpec

app = typer.Typer()

ROWS = [
    ColumnSpec("When", "created_at"),
    ColumnSpec("Who", lambda event: event.actor.username if event.actor else "system"),
    ColumnSpec("What", "action", min_width=20),
    ColumnSpec("On", "subject", min_width=10),
    ColumnSpec("From", "source"),
]


@app.command("log")
def log(
    ctx: typer.Context,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="ACTION", help="Only such as payment.executed, payment. or user.,ssh."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Only what this person did.")] = None,
    fund: Fund = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="SUBJECT", help="Only what happened to this, such as PAY-000001.")
    ] = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    export: Export = None,
    file: Output = None,
    replace: Replace = False,
) -> None:
    """List what was done, newest first."""
    from pettycash_tui.services import audit_views
    from pettycash_tui.services.audit_views import AuditFilter

    given = AuditFilter(
        action=action, user=user, fund=fund, subject=subject, from_date=from_date, to_date=to_date, search=search
    )
    if exporting.is_asked(export, file, replace, after):
        from pettycash_tui.services import export_audit

        exporting.run(ctx, export_audit.events(given), export, file, replace)
        return
    page = session.read(ctx, audit_views.list_events, given, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=ROWS)


app.command("verify")(audit_proof.verify)
app.command("checkpoint")(audit_proof.checkpoint)
app.command("export")(audit_proof.export)
app.command("key")(audit_proof.key)
