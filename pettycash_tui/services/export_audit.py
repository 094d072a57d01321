"""The audit log for an export: the events as they are listed, with the text that is hashed and both hashes."""

from __future__ import annotations

from functools import partial

from pettycash_tui.services import audit_views
from pettycash_tui.services.audit_views import AuditFilter, EventView
from pettycash_tui.services.export_lists import each, narrowed, pages
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, ValueKind, Values

EVENT_COLUMNS = (
    ExportColumn("created_at", "When", ValueKind.MOMENT),
    ExportColumn("actor", "Who"),
    ExportColumn("action", "What"),
    ExportColumn("subject_type", "Kind"),
    ExportColumn("subject", "On"),
    ExportColumn("source", "From"),
    ExportColumn("stream", "Stream"),
    ExportColumn("sequence", "No", ValueKind.INTEGER),
    ExportColumn("body", "Text"),
    ExportColumn("previous_hash", "Hash before"),
    ExportColumn("event_hash", "Hash"),
)


def events(given: AuditFilter) -> ExportRequest:
    """The events of the actor's company that match, newest first."""
    return ExportRequest(
        name="audit",
        title="Audit log",
        columns=EVENT_COLUMNS,
        pages=lambda reading: pages(partial(audit_views.list_events, reading, given), _event),
        pick=partial(each, audit_views.show, _event),
        filter=narrowed(given),
    )


def _event(row: EventView) -> Values:
    return (
        row.created_at,
        row.actor.username if row.actor else "system",
        row.action,
        row.subject_type,
        row.subject,
        row.source,
        row.stream,
        row.sequence,
        row.body,
        row.previous_hash,
        row.event_hash,
    )
