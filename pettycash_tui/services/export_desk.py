"""What a desk shows, as lists to export: what waits, the alerts, the funds and what just happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from pettycash_tui.services import alerts, fund_levels, happenings, waiting
from pettycash_tui.services.alerts import Alert
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, Pages, ValueKind, Values
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.happenings import Happening
from pettycash_tui.services.waiting import WaitingLine
from pettycash_tui.services.work import Reading

T = TypeVar("T")

_INTEGER, _MONEY, _MOMENT = ValueKind.INTEGER, ValueKind.MONEY, ValueKind.MOMENT

WAITING_COLUMNS = (
    ExportColumn("task", "Task"),
    ExportColumn("number", "Number"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("payee", "Payee"),
    ExportColumn("purpose", "Purpose"),
    ExportColumn("urgent", "Urgent"),
    ExportColumn("overdue", "Overdue"),
    ExportColumn("since", "Waiting since", _MOMENT),
    ExportColumn("due_at", "Due", _MOMENT),
    ExportColumn("command", "Command"),
)
ALERT_COLUMNS = (
    ExportColumn("severity", "Severity"),
    ExportColumn("subject", "About"),
    ExportColumn("sentence", "Text"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
    ExportColumn("since", "Since", _MOMENT),
    ExportColumn("seen", "Seen"),
    ExportColumn("command", "Command"),
)
FUND_COLUMNS = (
    ExportColumn("code", "Fund"),
    ExportColumn("name", "Name"),
    ExportColumn("currency", "Currency"),
    ExportColumn("balance", "Balance", _MONEY),
    ExportColumn("held", "Held", _MONEY),
    ExportColumn("available", "Available", _MONEY),
    ExportColumn("reorder_level", "Reorder level", _MONEY),
    ExportColumn("target", "Target", _MONEY),
    ExportColumn("low", "Below reorder level"),
    ExportColumn("per_day", "Paid out a day", _MONEY),
    ExportColumn("days_left", "Days to reorder level", _INTEGER),
    ExportColumn("replenishment", "Replenishment"),
)
HAPPENING_COLUMNS = (
    ExportColumn("at", "When", _MOMENT),
    ExportColumn("words", "Text"),
    ExportColumn("by", "By"),
    ExportColumn("subject", "About"),
    ExportColumn("payee", "Payee"),
    ExportColumn("amount", "Amount", _MONEY),
    ExportColumn("currency", "Currency"),
)


def what_waits() -> ExportRequest:
    """All that waits for the actor, the most pressing first, also what their desk only counts."""
    return _request("waiting", "Waits for you", WAITING_COLUMNS, waiting.lines, waiting_values)


def alert_list() -> ExportRequest:
    """The alerts that concern the actor, those they have seen last."""
    return _request("alerts", "Alerts", ALERT_COLUMNS, alerts.alerts, alert_values)


def funds() -> ExportRequest:
    """How the funds stand whose cash book the actor may read."""
    return _request("funds", "Funds", FUND_COLUMNS, fund_levels.fund_levels, fund_values)


def happened() -> ExportRequest:
    """What just happened, as far as the actor may see it."""
    return _request("happened", "What just happened", HAPPENING_COLUMNS, _happenings, happening_values)


def waiting_values(line: WaitingLine) -> Values:
    """What waits, in the order of its columns."""
    return (
        line.task.value,
        line.number,
        line.amount,
        line.amount.currency,
        line.payee,
        line.purpose,
        "yes" if line.is_urgent else "",
        "yes" if line.is_overdue else "",
        line.since,
        line.due_at,
        line.command,
    )


def alert_values(alert: Alert) -> Values:
    """An alert, in the order of its columns."""
    return (
        alert.severity.value,
        alert.subject,
        alert.sentence,
        alert.amount,
        alert.amount.currency if alert.amount else "",
        alert.since,
        "yes" if alert.is_acknowledged else "",
        alert.command,
    )


def fund_values(level: FundLevel) -> Values:
    """A fund, in the order of its columns."""
    return (
        level.code,
        level.name,
        level.currency,
        level.current_balance,
        level.held_amount,
        level.available,
        level.reorder_level,
        level.target_balance,
        "yes" if level.is_low else "",
        level.per_day,
        level.days_left,
        level.replenishment,
    )


def happening_values(event: Happening) -> Values:
    """An event, in the order of its columns."""
    return (
        event.at,
        event.words,
        event.by.name if event.by else "System",
        event.subject,
        event.payee,
        event.amount,
        event.amount.currency if event.amount else None,
    )


def _happenings(reading: Reading) -> Iterable[Happening]:
    return happenings.happenings(reading, fund_levels.fund_levels(reading))


def _request(
    name: str,
    title: str,
    columns: tuple[ExportColumn, ...],
    read: Callable[[Reading], Iterable[T]],
    values: Callable[[T], Values],
) -> ExportRequest:
    def pages(reading: Reading) -> Pages:
        yield [values(item) for item in read(reading)]

    def pick(_reading: Reading, _ids: Sequence[UUID]) -> Pages:
        # Nothing is marked on a desk.
        yield from ()

    return ExportRequest(name=name, title=title, columns=columns, pages=pages, pick=pick)
