"""The entries of the desk as people take them along: rows with a column for all that is known, nothing cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.copying import aligned, labelled
from pettycash_tui.screens.home_entries import AlertRow, FundRow, HappeningRow, Said, WaitingRow, more_text
from pettycash_tui.services import export_desk
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, Value, ValueKind, Values
from pettycash_tui.services.waiting import More
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Row
from pettycash_tui.widgets.pane_list import Entry

EXPORTS: dict[str, Callable[[], ExportRequest]] = {
    "waiting": export_desk.what_waits,
    "alerts": export_desk.alert_list,
    "funds": export_desk.funds,
    "happenings": export_desk.happened,
}
"""What each pane is exported as."""

_RIGHT = (ValueKind.MONEY, ValueKind.INTEGER)


def entry_as_text(context: DeskContext, entry: Entry) -> tuple[str, str]:
    """What an entry is called, and all that is known of it, a line for each."""
    told = _told(entry.value)
    if told is None:
        return "", _sentence(entry.value)
    title, columns, values = told
    return title, labelled(_columns(columns), _row(context, entry, values))


def pane_as_text(context: DeskContext, entries: Sequence[Entry]) -> str:
    """The entries of a pane as a table, and below it what stands between them."""
    told = [(entry, _told(entry.value)) for entry in entries]
    columns = next((known[1] for _, known in told if known is not None), ())
    rows = [_row(context, entry, known[2]) for entry, known in told if known is not None]
    table = [aligned(_columns(columns), rows)] if rows else []
    return "\n".join([*table, *(_sentence(entry.value) for entry, known in told if known is None)])


def _told(value: Any) -> tuple[str, Sequence[ExportColumn], Values] | None:
    """Title, columns and values of an entry; None for one that is only a sentence."""
    if isinstance(value, WaitingRow):
        return value.line.number, export_desk.WAITING_COLUMNS, export_desk.waiting_values(value.line)
    if isinstance(value, AlertRow):
        return value.alert.subject, export_desk.ALERT_COLUMNS, export_desk.alert_values(value.alert)
    if isinstance(value, FundRow):
        return f"Fund {value.level.code}", export_desk.FUND_COLUMNS, export_desk.fund_values(value.level)
    if isinstance(value, HappeningRow):
        event = value.happening
        return event.subject, export_desk.HAPPENING_COLUMNS, export_desk.happening_values(event)
    return None


def _sentence(value: Any) -> str:
    if isinstance(value, Said):
        return value.text
    return more_text(value) if isinstance(value, More) else ""


def _columns(columns: Iterable[ExportColumn]) -> tuple[Column, ...]:
    return tuple(Column(one.key, one.title, align="right" if one.kind in _RIGHT else "left") for one in columns)


def _row(context: DeskContext, entry: Entry, values: Values) -> Row:
    return Row(key=entry.key, cells=tuple(Cell(_written(context, value)) for value in values), cursor=None)


def _written(context: DeskContext, value: Value) -> str:
    if isinstance(value, Money):
        return context.money(value)
    if isinstance(value, datetime):
        return context.moment(value)
    return "" if value is None else str(value)
