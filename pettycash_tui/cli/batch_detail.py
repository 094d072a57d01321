"""How a bank file is printed: as a line of a list, whole, and with what may be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import explained, output
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.bank_batch_views import BatchDetail, BatchExplanation

ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Fund", "fund.code"),
    ColumnSpec("Format", "format"),
    ColumnSpec("Lines", "line_count", align="right"),
    ColumnSpec("Sum", lambda row: row.control_sum.grouped(), align="right"),
    ColumnSpec("", "currency"),
    ColumnSpec("Open", "open", align="right"),
    ColumnSpec("When", "created_at", min_width=16),
]
_WORDS = {"succeeded": "confirmed", "failed": "refused"}
LINES = [
    ColumnSpec("No", "position", align="right"),
    ColumnSpec("Payment", "payment"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Amount", lambda row: row.amount.grouped(), align="right"),
    ColumnSpec("Bank", lambda row: _WORDS.get(row.status.value, "open")),
    ColumnSpec("Reference", lambda row: row.reference or row.reason),
]


def document(found: BatchDetail) -> dict[str, Any]:
    """A bank file with its lines, as `--json` prints it."""
    return {**output.to_json(found.batch), "lines": output.to_json(found.lines)}


def print_whole(ctx: Context, found: BatchDetail) -> None:
    """One bank file and its lines."""
    batch = found.batch
    output.emit_detail(
        ctx,
        document(found),
        title=f"{batch.number}  {batch.status.label}",
        pairs=[
            ("Fund", batch.fund),
            ("Format", batch.format.label),
            ("Lines", batch.line_count),
            ("Control sum", batch.control_sum),
            ("Confirmed", f"{batch.confirmed}, {batch.confirmed_amount}"),
            ("Refused", f"{batch.refused}, {batch.refused_amount}"),
            ("Open", f"{batch.open}, {batch.open_amount}"),
            ("Debits", batch.debit_account),
            ("To be paid on", batch.execution_date),
            ("Message", batch.message_id),
            ("Made by", batch.executor),
            ("Made", batch.created_at),
            ("SHA-256", batch.sha256),
        ],
        sections=[Section("Lines", LINES, found.lines)],
    )


def print_explanation(ctx: Context, found: BatchExplanation) -> None:
    """What somebody may do with it, each with every reason against it."""
    words = {"file": "You may write its file", "confirm": "You may confirm lines", "refuse": "You may refuse lines"}
    explained.print_explanation(ctx, found, words)
