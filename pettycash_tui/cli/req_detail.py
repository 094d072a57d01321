"""How a requisition is printed: as a line of a list, whole, and after something was done to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pettycash_tui.cli import output
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec, Section

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.requisition_views import Explanation, RequisitionDetail

ROWS = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Status", "status.label"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Purpose", "purpose"),
    ColumnSpec("Next", "next_approver"),
]
QUEUE = [
    ColumnSpec("Number", "number"),
    ColumnSpec("Tier", "tier"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("From", "requested_by"),
    ColumnSpec("Purpose", "purpose"),
    ColumnSpec("Urgent", lambda row: "urgent" if row.is_urgent else ""),
    ColumnSpec("Due", "due_at", min_width=16),
]
# A mark and a word: the mark is seen at a glance, the word is read by everybody.
_MARKS = {"done": "✓ done", "current": "▶ current", "waiting": "· waiting", "skipped": "– skipped"}
_ROUTE = [
    ColumnSpec("#", "position"),
    ColumnSpec("Step", "kind.label", min_width=8),
    ColumnSpec("Role", "role.label"),
    ColumnSpec("Who", lambda step: _who(step.approver, step.on_behalf_of)),
    ColumnSpec("Why", lambda step: step.why or step.escalation_reason),
]
_STEPS = [
    *_ROUTE[:3],
    ColumnSpec("State", lambda step: _MARKS[step.status.value], min_width=9),
    ColumnSpec("Who", lambda step: _who(step.acted_by or step.approver, step.on_behalf_of)),
    ColumnSpec("When", lambda step: step.acted_at or step.became_current_at, min_width=16),
    ColumnSpec("Why", "escalation_reason"),
]
_TRAIL = [
    ColumnSpec("When", "timestamp"),
    ColumnSpec("Rev", "revision"),
    ColumnSpec("What", lambda line: line.action.label + (" (override)" if line.override else "")),
    ColumnSpec("Who", lambda line: _who(line.user, line.on_behalf_of) or "system"),
    ColumnSpec("Comment", lambda line: line.comment or line.escalation_reason),
]
_ATTACHMENTS = [
    ColumnSpec("File", "file_name", min_width=10),
    ColumnSpec("Bytes", "size"),
    ColumnSpec("SHA-256", "sha256", min_width=12),
]


def print_whole(ctx: Context, found: RequisitionDetail, warnings: Sequence[str] = ()) -> None:
    """One requisition with its steps, trail and attachments, and the `warnings` that concern it."""
    route = f"Tier {found.tier} ({found.threshold})" if found.tier else None
    output.emit_detail(
        ctx,
        {**output.to_json(found), "warnings": list(warnings)},
        title=f"{found.number}  {found.status.label}",
        pairs=[
            *[("Look at", warning) for warning in warnings],
            ("Amount", found.amount),
            ("Payee", found.payee),
            ("Purpose", found.purpose),
            ("Pay by", found.method.label + (f" to {found.destination}" if found.destination else "")),
            ("Urgent", found.urgency_reason if found.is_urgent else "no"),
            ("Asked by", f"{found.requested_by.name} ({found.requested_by.username})"),
            ("Origin", _origin(found)),
            ("Department", found.department),
            ("Cost center", found.cost_center),
            ("Category", found.category),
            ("Fund", found.fund),
            ("Route", route),
            ("Revision", found.revision),
            ("Next", found.next_approver),
            ("Payment", found.payment),
            *([("Imported", f"voucher {found.imported_voucher}")] if found.imported_voucher else []),
        ],
        sections=[
            Section("Steps", _STEPS, found.steps),
            Section("Trail", _TRAIL, found.trail),
            Section("Attachments", _ATTACHMENTS, found.attachments),
        ],
    )


def print_after(ctx: Context, found: RequisitionDetail, *, done: str, warnings: Sequence[str] = ()) -> None:
    """A requisition after something was done to it: one sentence, or the whole document with its `warnings`.

    With `--quiet` its number, which a script needs after `req new`.
    """
    for warning in warnings:
        output.note(ctx, f"Note: {warning}")
    document = {**output.to_json(found), "warnings": list(warnings)}
    if options(ctx).quiet:
        output.emit_detail(ctx, document, title="", pairs=[])
    else:
        output.emit(ctx, document, sentence=f"{found.number} {done}. {_where_it_stands(found)}")


def print_explanation(ctx: Context, found: Explanation) -> None:
    """Whether the person may act, every reason against, and the route."""
    status = found.status.label if found.status else ""
    output.emit_detail(
        ctx,
        found,
        title=f"{found.number}  {status}".strip(),
        pairs=[
            ("You may act", found.allowed),
            *[("Because", reason.message) for reason in found.reasons],
            *[("Look at", warning) for warning in found.warnings],
            *[("Note", note) for note in found.notes],
        ],
        sections=[Section("Steps", _ROUTE, found.steps)],
    )


def _where_it_stands(found: RequisitionDetail) -> str:
    stands = f"Now: {found.status.label}"
    if found.payment is not None and found.status.value == "approved":
        return f"{stands}, to be paid as {found.payment}."
    if found.next_approver is not None:
        return f"{stands} ({found.next_approver.name})."
    return f"{stands}."


def _who(person: Any, absent: Any) -> str:
    if person is None:
        return ""
    return f"{person.username} for {absent.username}" if absent else str(person.username)


def _origin(found: RequisitionDetail) -> str:
    place = found.branch or found.region or found.company
    return f"{found.origin_type.label}, {place.name}"
