"""A noun as the command modules write one: a list, a detail view, an action. Imported by name, like the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from pettycash_tui.cli import asking, output
from pettycash_tui.cli.options import (
    DEFAULT_LIMIT,
    After,
    Amount,
    Comment,
    FromDate,
    Identifier,
    Limit,
    Status,
    ToDate,
    Yes,
    options,
)
from pettycash_tui.cli.output import ColumnSpec, Section
from pettycash_tui.models.money import Money
from pettycash_tui.services import errors

app = typer.Typer()
inner = typer.Typer()
app.add_typer(inner, name="inner", help="A group inside a group.")


@dataclass(frozen=True, slots=True)
class Ref:
    id: str
    code: str | None
    name: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    purpose: str
    amount: Money
    fund: Ref
    needed: date
    created_at: datetime


ROWS = [
    Row(
        f"REQ-{count:06}",
        f"Stationery for the front desk, lot {count}",
        Money(125_050 * count, "KES"),
        Ref("0197", "NBI", "Nairobi"),
        date(2026, 11, 20 + count),
        datetime(2026, 11, 20 + count, 9, 30, tzinfo=UTC),
    )
    for count in (1, 2)
]

COLUMNS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Fund", "fund.code"),
    ColumnSpec("Purpose", "purpose"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Needed", "needed"),
]


@app.command("list")
def list_rows(
    ctx: typer.Context,
    status: Status = None,
    since: FromDate = None,
    until: ToDate = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the examples."""
    rows = [row for row in ROWS if (since is None or row.needed >= since) and (until is None or row.needed <= until)]
    cursor = rows[limit - 1].number if len(rows) > limit else None
    output.emit_page(ctx, rows[:limit], cursor, columns=COLUMNS)


@app.command("show")
def show_row(ctx: typer.Context, number: Identifier) -> None:
    """Show one example."""
    found = next((row for row in ROWS if row.number == number), None)
    if found is None:
        raise errors.NotFound(f"There is no requisition {number}.")
    output.emit_detail(
        ctx,
        found,
        title=f"Requisition {found.number}",
        pairs=[("Amount", found.amount), ("Fund", found.fund), ("Purpose", found.purpose)],
        sections=[Section("Siblings", COLUMNS, ROWS)],
    )


@app.command("approve")
def approve_row(ctx: typer.Context, number: Identifier, comment: Comment = None, yes: Yes = False) -> None:
    """Approve one example."""
    if asking.confirm(ctx, f"Approve {number}?", given=yes):
        output.emit(ctx, {"number": number, "status": "approved", "comment": comment}, sentence=f"Approved {number}.")


@app.command("new")
def new_row(ctx: typer.Context, purpose: Annotated[str, typer.Option()], amount: Amount = None) -> None:
    """Echo what was given, with the global options."""
    given = options(ctx)
    document = {
        "purpose": purpose,
        "amount": amount,
        "database": given.database,
        "home": given.home,
        "as_user": given.as_user,
        "quiet": given.quiet,
        "color": given.color,
    }
    output.emit(ctx, document, sentence=f"Made: {purpose}")


@app.command("fail")
def fail(ctx: typer.Context, how: str) -> None:
    """Raise one of the ways to fail."""
    error: BaseException = {
        "reasons": errors.Refused.because(
            errors.Reason("own_requisition", "You made this requisition yourself."),
            errors.Reason("fund_dormant", "The fund is dormant."),
        ),
        "fields": errors.InvalidInput.of(amount="must be above zero"),
        "fault": KeyError("secret-of-somebody"),
        "abort": typer.Abort(),
        "interrupt": KeyboardInterrupt(),
        "eof": EOFError(),
        "exit": typer.Exit(3),
        "hostile": errors.NotFound("There is no \x1b[31mred\u202e thing."),
    }.get(how) or getattr(errors, how)("It went as it went.")
    raise error


@inner.command("only")
def only(ctx: typer.Context) -> None:
    """The single verb of a nested group."""
    output.emit(ctx, {"ok": True}, sentence="Only this.")
