"""How a transfer between funds is printed: as a line of a list, whole, and after something was done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import output, session
from pettycash_tui.cli.output import ColumnSpec

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.transfer_views import TransferView
    from pettycash_tui.services.transfers import TransferState
    from pettycash_tui.services.work import Work

ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("From", "from_fund"),
    ColumnSpec("To", "to_fund"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Status", "status.label", min_width=9),
    ColumnSpec("Asked by", "requested_by"),
    ColumnSpec("When", "requested_at", min_width=16),
]


def print_whole(ctx: Context, found: TransferView) -> None:
    """One transfer."""
    output.emit_detail(
        ctx,
        found,
        title=f"{found.number}  {found.status.label}",
        pairs=[
            ("Amount", found.amount),
            ("From", found.from_fund),
            ("To", found.to_fund),
            ("Reason", found.reason),
            ("Asked by", found.requested_by),
            ("Asked on", found.requested_at),
            ("Approved by", found.approved_by),
            ("Completed", found.completed_at),
            ("Entries", " and ".join(filter(None, (found.from_entry, found.to_entry)))),
            ("Journal", found.journal),
            ("Rejected by", found.rejected_by),
            ("Because", found.rejection_reason),
        ],
    )


def act(ctx: Context, service: Callable[..., TransferState], *args: Any, done: str) -> None:
    """Run a service on a transfer and print what became of it, both in one unit of work."""

    def whole(work: Work) -> tuple[TransferView, TransferState]:
        from pettycash_tui.services import transfer_views

        state = service(work, *args)
        return transfer_views.show(work, state.id), state

    found, state = session.run(ctx, whole)
    route = f"{state.from_fund} to {state.to_fund}"
    sentences = [f"{found.number} {done}: {state.amount} from {route}. Now: {found.status.label}."]
    if state.taken_up:
        sentences.append(f"These waited for money and hold it now: {', '.join(state.taken_up)}.")
    sentences += [f"{number} asks for more money." for number in state.replenishments]
    document = {
        **output.to_json(found),
        "taken_up": list(state.taken_up),
        "replenishments": list(state.replenishments),
    }
    output.emit(ctx, document, sentence=sentences)
