"""`pettycash fund export` and `pettycash fund statement`: a cash book for other programs, and for people to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import exporting, output, session
from pettycash_tui.cli.exporting import Replace
from pettycash_tui.cli.options import FromDate, Identifier, ToDate, one_of, options

if TYPE_CHECKING:
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.export import Exported
    from pettycash_tui.services.export_files import Draft
    from pettycash_tui.services.export_progress import Progress
    from pettycash_tui.services.identity import Actor

app = typer.Typer()

File = Annotated[str | None, typer.Option("--output", metavar="FILE", help="The file; without it, stdout.")]


@app.command("export")
def export(
    ctx: typer.Context,
    fund: Identifier,
    kind: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="csv, xlsx, beancount, hledger or ofx.")
    ] = "csv",
    from_date: FromDate = None,
    to_date: ToDate = None,
    file: File = None,
    replace: Replace = False,
) -> None:
    """Write a fund's cash book for another program: every entry with both its accounts."""
    from pettycash_tui.services import book_export
    from pettycash_tui.services.book_export import BookFormat

    format = one_of(BookFormat, kind, field="format")
    assert format is not None
    book_export.check_days(from_date, to_date)

    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress | None) -> Exported:
        return book_export.export_book(
            desk, actor, fund, draft, format, from_day=from_date, to_day=to_date, progress=progress
        )

    exporting.write_out(ctx, write, file, replace, is_binary="workbook" if format is BookFormat.XLSX else "")


@app.command("statement")
def statement(
    ctx: typer.Context,
    fund: Identifier,
    period: Annotated[str | None, typer.Option("--period", metavar="YYYY-MM", help="The month.")] = None,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or pdf.")] = "text",
    file: File = None,
    replace: Replace = False,
) -> None:
    """A fund's statement for a month: opening balance, movements, closing balance."""
    from pettycash_tui.printing import statement_file
    from pettycash_tui.printing.statement_file import PaperFormat
    from pettycash_tui.services import periods, statements
    from pettycash_tui.services.errors import InvalidInput

    format = one_of(PaperFormat, kind, field="format")
    assert format is not None
    if period is None:
        raise InvalidInput.of(period="is missing: a month such as 2026-11")
    periods.month_of(period)
    if options(ctx).json and file is None:
        output.emit(ctx, session.read(ctx, statements.whole, fund, period))
        return

    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress | None) -> Exported:
        return statement_file.write_statement(desk, actor, fund, period, draft, format, progress=progress)

    exporting.write_out(ctx, write, file, replace, is_binary="PDF" if format is PaperFormat.PDF else "")
