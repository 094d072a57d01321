"""`pettycash pay bank-file`: bank transfers of one fund as a file for its bank, confirmed by one code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pettycash_tui.cli import batch_detail, output, session
from pettycash_tui.cli.options import date_of, one_of

app = typer.Typer()


@app.command("bank-file")
def bank_file(
    ctx: typer.Context,
    payments: Annotated[list[str], typer.Argument(metavar="PAY...", help="The payments, all of one fund.")],
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="pain001 (ISO 20022) or csv.")],
    file: Annotated[str, typer.Option("--output", metavar="FILE", help="Where the file is written to.")],
    otp: Annotated[str | None, typer.Option("--otp", metavar="CODE", help="The one-time code of the list.")] = None,
    day: Annotated[
        date | None,
        typer.Option("--date", parser=date_of("date"), metavar="DATE", help="When the bank is to pay; today."),
    ] = None,
    only_good: Annotated[
        bool, typer.Option("--only-good", help="Leave out what cannot be a line, in place of refusing all.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Let --output replace a file that is there.")] = False,
) -> None:
    """Write a bank file of payments that are yours to pay. They count as paid when the bank's word is confirmed."""
    from pettycash_tui.models.enums import BatchFormat
    from pettycash_tui.services import bank_batch_views, bank_batches, export_files
    from pettycash_tui.services.errors import PettyCashError

    layout = one_of(BatchFormat, format, field="format")
    assert layout is not None
    with export_files.at_path(Path(file), replace=replace) as draft, session.at_desk(ctx) as (desk, actor):
        done = bank_batches.write(
            desk, actor, payments, format=layout, code=otp, execution_date=day, only_good=only_good
        )
        try:
            put = bank_batches.put(desk, actor, done.id, draft)
        except (PettyCashError, OSError) as error:
            raise bank_batches.not_put(done, error) from error
        found = desk.read(actor, bank_batch_views.show, done.id)
    document = {
        **batch_detail.document(found),
        "batch": done.number,
        "file": str(put.path),
        "refused_payments": output.to_json(done.refused),
    }
    sentences = [
        f"{done.number}: {done.line_count} lines, {done.control_sum}, written to {put.path}.",
        f"They are paid when the bank's word is confirmed: `pettycash batch confirm {done.number} --all`.",
    ]
    sentences += [reason.message for line in done.refused for reason in line.reasons]
    output.emit(ctx, document, sentence=sentences)
