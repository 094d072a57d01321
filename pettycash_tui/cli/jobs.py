"""`pettycash jobs`: what cron and systemd timers run. They act as the system, so nobody signs in."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import DryRun
from pettycash_tui.cli.output import ColumnSpec

EXIT_WRONG = 3

app = typer.Typer()

ROWS = [
    ColumnSpec("Job", "name"),
    ColumnSpec("What it does", "description"),
    ColumnSpec("Last run", "last_run_at", min_width=10),
    ColumnSpec("Result", "last_result"),
]


@app.command("list")
def list_jobs(ctx: typer.Context) -> None:
    """List the jobs and their last run."""
    from pettycash_tui.services import jobs
    from pettycash_tui.services.identity import SYSTEM

    with session.open_database(ctx) as desk:
        found = desk.read(SYSTEM, jobs.list_jobs)
    output.emit_page(ctx, found, columns=ROWS, key="name")


@app.command("run")
def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, as `jobs list` shows it.")],
    dry_run: DryRun = False,
) -> None:
    """Run one job. Having nothing to do is a success; one instance runs at a time across hosts.

    Exit code 3 when it found something wrong, such as verify-audit, or when a checkpoint did not arrive everywhere.
    """
    from pettycash_tui.services import jobs

    with session.open_database(ctx) as desk:
        result = jobs.run(desk, name, dry_run=dry_run)
    would = "would do" if dry_run else "did"
    sentences = [
        f"{result.name} {would}: " + (f"{len(result.done)}" if result.done else "nothing to do") + ".",
        *result.done,
        *(f"Left: {sentence}" for sentence in result.left),
    ]
    output.emit(ctx, result, sentence=sentences)
    if not result.ok:
        raise typer.Exit(EXIT_WRONG)
