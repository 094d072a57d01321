"""`pettycash fund ledger`: the lines of a cash book, narrowed, and what they come to."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pettycash_tui.cli import exporting, ledger_rows, output, session
from pettycash_tui.cli.exporting import Export, Output, Replace
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    FromDate,
    Identifier,
    Limit,
    Search,
    ToDate,
    one_of,
    options,
)

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.ledger_filter import EntryFilter
    from pettycash_tui.services.ledger_totals import Totals

app = typer.Typer()

Least = Annotated[str | None, typer.Option("--min-amount", metavar="AMOUNT", help="Only of at least this amount.")]
Most = Annotated[str | None, typer.Option("--max-amount", metavar="AMOUNT", help="Only of at most this amount.")]


@app.command("ledger")
def ledger(
    ctx: typer.Context,
    fund: Identifier,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only debit, credit or adjustment.")
    ] = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    min_amount: Least = None,
    max_amount: Most = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="Also what all that match come to, not only those listed.")
    ] = False,
    newest: Annotated[bool, typer.Option("--newest", help="The newest entry first.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    export: Export = None,
    file: Output = None,
    replace: Replace = False,
) -> None:
    """List a fund's ledger: what was paid out, what was paid in, and the balance after each."""
    from pettycash_tui.services import funds, ledger_totals, ledger_views

    with session.at_desk(ctx) as (desk, actor):
        book = desk.read(actor, ledger_views.open_ledger, fund)
        given = _filter(book.currency, kind, from_date, to_date, search, min_amount, max_amount)
        if not exporting.is_asked(export, file, replace, after):
            page = desk.read(
                actor, ledger_views.list_entries, book, given, limit=limit, after=after, newest_first=newest
            )
            counted = desk.read(actor, ledger_totals.count, book, given) if totals else None
            level = desk.read(actor, funds.show, book.id)
    if export is not None:
        from pettycash_tui.services import export_lists

        exporting.run(ctx, export_lists.ledger(fund, given, newest_first=newest), export, file, replace)
        return
    if counted is not None and options(ctx).json:
        output.emit(ctx, {"items": page.items, "next": page.next, "totals": _document(counted)})
        return
    output.emit_page(
        ctx,
        page.items,
        page.next,
        columns=ledger_rows.ROWS,
        key=lambda entry: f"{entry.fund}:{entry.sequence}",
        empty=f"The ledger of {book.code} has no such entry.",
    )
    if counted is not None:
        _print(ctx, counted)
    held = f"held {level.held_amount.grouped()}, available {level.available.grouped()} {level.currency}"
    output.note(ctx, f"Fund {level.code} now: balance {level.current_balance.grouped()}, {held}.")


def _filter(
    currency: str,
    kind: str | None,
    from_date: date | None,
    to_date: date | None,
    search: str | None,
    min_amount: str | None,
    max_amount: str | None,
) -> EntryFilter:
    from pettycash_tui.models.enums import EntryType
    from pettycash_tui.services.inputs import parse_money
    from pettycash_tui.services.ledger_filter import EntryFilter

    least = parse_money("min_amount", min_amount, currency, allow_zero=True) if min_amount is not None else None
    most = parse_money("max_amount", max_amount, currency, allow_zero=True) if max_amount is not None else None
    return EntryFilter(
        entry_type=one_of(EntryType, kind, field="type"),
        from_date=from_date,
        to_date=to_date,
        search=search,
        least=least.minor if least else None,
        most=most.minor if most else None,
    )


def _document(found: Totals) -> dict[str, Any]:
    return {
        "entries": found.entries,
        "paid_out": found.paid_out,
        "paid_in": found.paid_in,
        "net": found.net,
        "opening_balance": found.opening,
        "closing_balance": found.closing,
    }


def _print(ctx: Context, found: Totals) -> None:
    entries = f"{found.entries:,} {'entry' if found.entries == 1 else 'entries'}"
    out, paid_in = found.paid_out.grouped(), found.paid_in.grouped()
    lines = [f"{entries}: paid out {out}, paid in {paid_in}, net {found.net.grouped()} {found.net.currency}."]
    if found.opening is not None and found.closing is not None:
        lines.append(f"Balance before {found.opening.grouped()}, after {found.closing.grouped()}.")
    output.emit(ctx, None, sentence=lines)
