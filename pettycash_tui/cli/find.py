"""`pettycash find WORDS`: any object by its number, a payee, an amount, a fund or a name."""

from __future__ import annotations

from typing import Annotated

import typer

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec

_COLUMNS = (
    ColumnSpec("Number", "number"),
    ColumnSpec("Kind", "kind", min_width=13),
    ColumnSpec("Name", "title", min_width=10),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Status", "status", min_width=6),
    ColumnSpec("What for", "detail", min_width=6),
)


def command(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Such as REQ-12, a payee, 4,500, a fund.")],
) -> None:
    """Find what these words may mean, among what you may see: numbers ever made, words and amounts of the newest."""
    from contextlib import closing

    from pettycash_tui.services import finding
    from pettycash_tui.services.opening import identify, open_desk

    given = options(ctx)
    with closing(open_desk(given.database, given.home)) as desk:
        found = desk.read(identify(desk, given.as_user), finding.find, " ".join(words))
    output.emit_page(ctx, found, columns=_COLUMNS, key="number")
