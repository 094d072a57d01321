"""How a replenishment is printed: as a line of a list, whole, and after something was done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import output, session
from pettycash_tui.cli.listed import as_document
from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from uuid import UUID

    from typer._click import Context

    from pettycash_tui.services.claims import Covered
    from pettycash_tui.services.replenishment_views import ReplenishmentView
    from pettycash_tui.services.replenishments import ReplenishmentState
    from pettycash_tui.services.work import Reading, Work

ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Fund", "fund"),
    ColumnSpec("Status", "state_label", min_width=9),
    ColumnSpec("Asked", lambda row: row.requested_amount.grouped(), align="right"),
    ColumnSpec("Arrived", lambda row: row.completed_amount and row.completed_amount.grouped(), align="right"),
    ColumnSpec("", lambda row: row.requested_amount.currency),
    ColumnSpec("By", lambda row: "the fund" if row.auto_triggered else row.requested_by),
    ColumnSpec("When", "requested_at", min_width=16),
]


def with_vouchers(reading: Reading, ref: str | UUID) -> tuple[ReplenishmentView, Covered]:
    """A replenishment, and what its claim comes to."""
    from pettycash_tui.services import claims, replenishment_views

    found = replenishment_views.show(reading, ref)
    return found, claims.covered(reading, found.id, found.requested_amount.currency)


def print_whole(ctx: Context, found: ReplenishmentView, covered: Covered) -> None:
    """One replenishment."""
    output.emit_detail(
        ctx,
        as_document(found, voucher_count=covered.count, voucher_amount=covered.amount),
        title=f"{found.number}  {found.state_label}",
        pairs=[
            ("Fund", found.fund),
            ("Balance then", found.balance_snapshot),
            ("Asked", found.requested_amount),
            ("Arrived", found.completed_amount),
            ("Short by", found.short_by),
            ("Vouchers", f"{covered.count:,}, {covered.amount}"),
            ("Reference", found.reference),
            ("Reason", found.reason),
            ("Asked by", "the fund, below its reorder level" if found.auto_triggered else found.requested_by),
            ("Asked on", found.requested_at),
            ("Approved by", found.approved_by),
            ("Completed by", found.completed_by),
            ("Rejected by", found.rejected_by),
        ],
    )


def act(ctx: Context, service: Callable[..., ReplenishmentState], ref: str, *args: Any, done: str) -> None:
    """Run a service on a replenishment (or a fund) and print what became of it, both in one unit of work."""

    def whole(work: Work) -> tuple[ReplenishmentView, ReplenishmentState]:
        from pettycash_tui.services import replenishment_views

        state = service(work, ref, *args)
        return replenishment_views.show(work, state.id), state

    found, state = session.run(ctx, whole)
    sentences = [f"{found.number} {done}: {state.amount} for fund {found.fund.code}. Now: {found.state_label}."]
    if state.taken_up:
        sentences.append(f"These waited for money and hold it now: {', '.join(state.taken_up)}.")
    output.emit(ctx, {**output.to_json(found), "taken_up": list(state.taken_up)}, sentence=sentences)
