"""`pettycash doctor`: what is wrong here, and the command that mends it."""

from __future__ import annotations

import os
import sys

import typer

from pettycash_tui.cli.options import options
from pettycash_tui.cli.policy import print_findings


def command(ctx: typer.Context) -> None:
    """Look for what is wrong here and name the command that mends it. Changes nothing; exit code 3 for errors."""
    from contextlib import closing

    from pettycash_tui.services import doctor
    from pettycash_tui.services.errors import DatabaseUnavailable
    from pettycash_tui.services.findings import Severity, has_errors
    from pettycash_tui.services.opening import open_desk, unopened_desk

    given = options(ctx)
    terminal = doctor.Terminal(
        is_terminal=sys.stdout.isatty(),
        term=os.environ.get("TERM", ""),
        encoding=sys.stdout.encoding or "",
        color_term=os.environ.get("COLORTERM", ""),
    )
    try:
        with closing(open_desk(given.database, given.home, require_current=False)) as desk:
            findings = doctor.examine(desk, terminal)
    except DatabaseUnavailable as error:
        with closing(unopened_desk(given.database, given.home)) as desk:
            findings = doctor.examine_without(error, desk, terminal)
    failed = has_errors(findings)
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    summary = f"No errors, {warnings} {'warning' if warnings == 1 else 'warnings'}." if warnings else "All is well."
    print_findings(ctx, findings, "Something is wrong here." if failed else summary, failed=failed)
