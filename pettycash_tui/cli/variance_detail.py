"""How a variance is printed: as a line of a list, whole, by month, and after something was done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.variance_views import TrendRow, VarianceView
    from pettycash_tui.services.variances import VarianceState
    from pettycash_tui.services.work import Work


def signed(found: VarianceView) -> str:
    """The variance with its sign: + where more was paid than booked."""
    sign = "+" if found.variance_amount.minor > 0 else ""
    return f"{sign}{found.variance_amount.grouped()}"


ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Payment", "payment"),
    ColumnSpec("Fund", "fund"),
    ColumnSpec("Booked", lambda row: row.original_amount.grouped(), align="right"),
    ColumnSpec("Really", lambda row: row.adjusted_amount.grouped(), align="right"),
    ColumnSpec("Variance", signed, align="right"),
    ColumnSpec("", "currency"),
    ColumnSpec("Status", "status.label", min_width=8),
]
TREND = [
    ColumnSpec("Month", lambda row: f"{row.month:%Y-%m}", min_width=7),
    ColumnSpec("Fund", "fund"),
    ColumnSpec("Variances", "count", align="right"),
    ColumnSpec("Paid more", lambda row: row.paid_more.grouped(), align="right"),
    ColumnSpec("Paid less", lambda row: row.paid_less.grouped(), align="right"),
    ColumnSpec("Net", lambda row: row.net.grouped(), align="right"),
    ColumnSpec("", lambda row: row.net.currency),
]


def print_whole(ctx: Context, found: VarianceView) -> None:
    """One variance."""
    output.emit_detail(
        ctx,
        found,
        title=f"{found.number}  {found.status.label}",
        pairs=[
            ("Payment", found.payment),
            ("Voucher", found.voucher_number),
            ("Payee", found.payee),
            ("Fund", found.fund),
            ("Booked", found.original_amount),
            ("Really", found.adjusted_amount),
            ("Variance", f"{found.currency} {signed(found)}"),
            ("Reason", found.reason),
            ("Recorded by", found.recorded_by),
            ("Recorded on", found.recorded_at),
            ("Approved by", found.approved_by),
            ("Entry", found.entry),
            ("Rejected by", found.rejected_by),
            ("Because", found.rejection_reason),
        ],
    )


def print_trend(ctx: Context, found: Sequence[TrendRow]) -> None:
    """The months, each with its net."""
    if options(ctx).json:
        output.emit(ctx, {"items": [{**output.to_json(row), "net": row.net.plain()} for row in found], "next": None})
        return
    shown = [row for row in found if row.count]
    output.emit_page(ctx, shown, columns=TREND, key="month", empty="No variance was approved in these months.")


def act(ctx: Context, service: Callable[..., VarianceState], *args: Any, done: str) -> None:
    """Run a service on a variance (or a payment) and print what became of it, both in one unit of work."""

    def whole(work: Work) -> tuple[VarianceView, VarianceState]:
        from pettycash_tui.services import variance_views

        state = service(work, *args)
        return variance_views.show(work, state.id), state

    found, state = session.run(ctx, whole)
    what = f"{found.payment}, {signed(found)} {found.currency}"
    sentences = [f"{found.number} {done}: {what}. Now: {found.status.label}."]
    if state.balance is not None:
        sentences.append(f"Fund {state.fund} has {state.balance}, available {state.available}.")
    if state.taken_up:
        sentences.append(f"These waited for money and hold it now: {', '.join(state.taken_up)}.")
    if state.replenishment is not None:
        sentences.append(f"{state.replenishment} asks for more money.")
    document = {
        **output.to_json(found),
        "balance_after": state.balance.plain() if state.balance is not None else None,
        "available_after": state.available.plain() if state.available is not None else None,
        "taken_up": list(state.taken_up),
        "replenishment": state.replenishment,
    }
    output.emit(ctx, document, sentence=sentences)
