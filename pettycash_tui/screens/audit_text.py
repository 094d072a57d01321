"""An event of the audit log as a line of the list, and in full: what was done, what was recorded of it, its proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from textual.content import Content

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.audit_state import Integrity
from pettycash_tui.services.audit_views import EventView
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.cells import Cell, Column

SYSTEM = "system"


def columns_of() -> tuple[Column, ...]:
    """The columns of the list."""
    return (
        Column("when", "When", width=16),
        Column("who", "Who", width=14),
        Column("what", "What", min_width=20),
        Column("subject", "On", min_width=12),
        Column("source", "From", width=16, optional=True),
    )


def cells_of(context: DeskContext, event: EventView) -> tuple[Cell, ...]:
    """An event as one line."""
    is_refusal = event.action.endswith((".refused", ".locked", ".wrong"))
    return (
        Cell(context.moment(event.created_at), "muted"),
        Cell(event.actor.username if event.actor else SYSTEM),
        Cell(event.action, "warn" if is_refusal else ""),
        Cell(event.subject),
        Cell(event.source, "muted"),
    )


def event_text(context: DeskContext, event: EventView) -> Content:
    """The whole of an event."""
    sheet = Sheet()
    sheet.line(f"{event.action}  {event.subject}", "strong")
    who = f"{event.actor.name} ({event.actor.username})" if event.actor else "the program itself"
    sheet.field("Who", who)
    sheet.field("When", context.moment(event.created_at))
    sheet.field("From", event.source)
    recorded = list(_flat(_data(event.body)))
    if recorded:
        sheet.heading("Recorded")
        for name, value in recorded:
            sheet.line(f"{name}: {value}")
    sheet.heading("Proof")
    sheet.field("Stream", f"{event.stream}, number {event.sequence:,}")
    sheet.field("Before", event.previous_hash)
    sheet.field("Hash", event.event_hash)
    return sheet.content


def integrity_text(context: DeskContext, known: Integrity) -> Content:
    """When the log was verified and sealed, in a line: a word and a mark."""
    sheet = Sheet()
    sealed = f"sealed {context.moment(known.checkpoint_at)}" if known.checkpoint_at else "never sealed"
    if known.verified_at is None:
        sheet.mark(StatusMark("○", "never verified", "warn"), sealed)
        return sheet.content
    when = context.moment(known.verified_at)
    if known.ok:
        sheet.mark(StatusMark("✔", f"verified {when}", "good"), f"{known.events:,} events · {sealed}")
    else:
        things = "1 thing is" if known.problems == 1 else f"{known.problems} things are"
        sheet.mark(StatusMark("✖", f"{things} wrong", "bad"), f"verified {when} · {sealed}")
    return sheet.content


def _data(body: str) -> Mapping[str, Any]:
    # Somebody may have changed the text in the database: then it is shown as it stands.
    try:
        read = json.loads(body)
    except ValueError:
        return {"text": body}
    data = read.get("data") if isinstance(read, dict) else None
    return data if isinstance(data, dict) else {"text": body}


def _flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        label = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{label}, ")
        elif isinstance(value, list):
            yield label, ", ".join(map(str, value))
        elif value != "":
            yield label, str(value)
