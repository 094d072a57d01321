"""`pettycash pay bank-file`: bank transfers of one fund as a file for its bank, confirmed by one code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import asking, batch_detail, output, session
from pettycash_tui.cli.options import date_of, one_of

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.bundles import BundleSent
    from pettycash_tui.services.desk import Desk
    from pettycash_tui.services.identity import Actor

app = typer.Typer()


@app.command("bank-file")
def bank_file(
    ctx: typer.Context,
    payments: Annotated[list[str], typer.Argument(metavar="PAY...", help="The payments, all of one fund.")],
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="pain001 (ISO 20022) or csv.")],
    file: Annotated[str | None, typer.Option("--output", metavar="FILE", help="Where the file is written to.")] = None,
    send_code: Annotated[
        bool, typer.Option("--send-code", help="Send you the list's one-time code, and write nothing yet.")
    ] = False,
    otp: Annotated[
        str | None, typer.Option("--otp", metavar="CODE", help="The one-time code of the list; - reads it from stdin.")
    ] = None,
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
    from pettycash_tui.services.errors import InvalidInput, PettyCashError

    layout = one_of(BatchFormat, format, field="format")
    assert layout is not None
    if send_code:
        _send_code(ctx, payments, only_good)
        return
    if file is None:
        raise InvalidInput.of(output="must name the file that is written")
    with export_files.at_path(Path(file), replace=replace) as draft, session.at_desk(ctx) as (desk, actor):
        code = _code(ctx, desk, actor, payments, only_good) if otp is None else asking.given_code(ctx, otp)
        done = bank_batches.write(
            desk, actor, payments, format=layout, code=code, execution_date=day, only_good=only_good
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


def _send_code(ctx: Context, payments: list[str], only_good: bool) -> None:
    from pettycash_tui.services import bank_batches

    with session.at_desk(ctx) as (desk, actor):
        sent = bank_batches.send_code(desk, actor, payments, only_good=only_good)
    document = output.to_json(sent)
    if sent.demo_code is None:
        del document["demo_code"]
    output.emit(ctx, document, sentence=_told(sent))


def _code(ctx: Context, desk: Desk, actor: Actor, payments: list[str], only_good: bool) -> str | None:
    """The code, sent and asked for where somebody can answer and one is needed."""
    from pettycash_tui.services import bank_batches

    if not asking.can_ask(ctx) or not desk.read(actor, bank_batches.needs_code, payments):
        return None
    for sentence in _told(bank_batches.send_code(desk, actor, payments, only_good=only_good)):
        output.note(ctx, sentence)
    return asking.ask_secret(ctx, f"Code for {len(payments)} payments", field="otp")


def _told(sent: BundleSent) -> list[str]:
    count = len(sent.payments)
    way = (
        f"Take the code from {sent.sent_to}"
        if sent.channel.value == "totp"
        else f"A code is on its way to {sent.sent_to}"
    )
    told = [f"{way}: it confirms {count} payments, {sent.total}; {sent.attempts_left} tries."]
    return told if sent.demo_code is None else [*told, f"Demo: the code is {sent.demo_code}."]
