"""`pettycash pay`, once money has left: marking payments reconciled, undoing it, and what is still to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pettycash_tui.cli import explained, output, session
from pettycash_tui.cli.options import DEFAULT_LIMIT, After, FromDate, Fund, Identifier, Limit, Reason, Search, ToDate
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pettycash_tui.services.reconciliation_views import ReconciliationRow
    from pettycash_tui.services.work import Work

app = typer.Typer()

_ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Entry", "entry"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Reference", "gateway_reference", min_width=9),
    ColumnSpec("Paid", "executed_at", min_width=16),
]
_COUNTS = [
    ColumnSpec("Fund", "fund"),
    ColumnSpec("Payments", "count", align="right"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Oldest", "oldest", min_width=16),
]
_STEPS = [
    ColumnSpec("What", "act.label"),
    ColumnSpec("By", "person"),
    ColumnSpec("Reason", "reason"),
    ColumnSpec("When", "at", min_width=16),
]


@app.command("reconcile")
def reconcile(
    ctx: typer.Context,
    payments: Annotated[list[str], typer.Argument(metavar="PAY...", help="Payments, by their numbers or ids.")],
) -> None:
    """Mark payments reconciled that somebody else executed: all of them, or none."""

    def done(work: Work) -> list[ReconciliationRow]:
        from pettycash_tui.services import reconciliation, reconciliation_views

        return [reconciliation_views.show(work, state.id) for state in reconciliation.reconcile(work, payments)]

    _print(ctx, done, "reconciled")


@app.command("unreconcile")
def unreconcile(ctx: typer.Context, payment: Identifier, reason: Reason = None) -> None:
    """Undo a reconciliation, for somebody who did not execute the payment. The reason is required."""

    def done(work: Work) -> list[ReconciliationRow]:
        from pettycash_tui.services import reconciliation, reconciliation_views

        return [reconciliation_views.show(work, reconciliation.undo(work, payment, reason or "").id)]

    _print(ctx, done, "is to be reconciled again")


@app.command("to-reconcile")
def to_reconcile(
    ctx: typer.Context,
    fund: Fund = None,
    from_date: FromDate = None,
    to_date: ToDate = None,
    search: Search = None,
    reconciled: Annotated[bool, typer.Option("--reconciled", help="Those that are reconciled instead.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Only how many, and what they come to, by fund.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> None:
    """List the executed payments that wait to be reconciled, the oldest first."""
    from pettycash_tui.services import reconciliation_views
    from pettycash_tui.services.reconciliation_views import ReconciliationFilter

    given = ReconciliationFilter(fund, from_date, to_date, search, reconciled)
    nothing = "Nothing is reconciled." if reconciled else "Nothing waits to be reconciled."
    if counts:
        found = session.read(ctx, reconciliation_views.counts, given)
        output.emit_page(ctx, found, columns=_COUNTS, key="fund", empty=nothing)
        return
    page = session.read(ctx, reconciliation_views.list_payments, given, limit=limit, after=after)
    output.emit_page(ctx, page.items, page.next, columns=_ROWS, empty=nothing)


@app.command("reconciliation")
def reconciliation(ctx: typer.Context, payment: Identifier) -> None:
    """Show how a payment was reconciled, what you may do about that now, and why not."""
    from pettycash_tui.services import reconciliation_views

    found = session.read(ctx, reconciliation_views.explain, payment)
    words = {"reconciled": "You may reconcile it", "undone": "You may undo that"}
    pairs = [("Status", found.status.label), *explained.pairs_of(found.against, words)]
    output.emit_detail(ctx, found, title=found.number, pairs=pairs, sections=[Section("Acts", _STEPS, found.steps)])


def _print(ctx: typer.Context, act: Callable[[Work], Sequence[ReconciliationRow]], done: str) -> None:
    rows = session.run(ctx, act)
    sentences = [f"{row.number} {done}: {row.amount} to {row.payee}, entry {row.entry}." for row in rows]
    output.emit(ctx, rows[0] if len(rows) == 1 else {"items": rows, "next": None}, sentence=sentences)
