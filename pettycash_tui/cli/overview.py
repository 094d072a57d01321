"""`pettycash overview`: the desk as text, for who has no terminal to open it in, and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import options
from pettycash_tui.cli.output import ColumnSpec, Section
from pettycash_tui.widgets.gauge import LEGEND, gauge
from pettycash_tui.widgets.sparkline import sparkline

if TYPE_CHECKING:
    from pettycash_tui.services.alerts import Alert
    from pettycash_tui.services.fund_levels import FundLevel
    from pettycash_tui.services.overview import Overview
    from pettycash_tui.services.waiting import WaitingLine

_GAUGE_WIDTH = 20


def alert_columns() -> list[ColumnSpec]:
    """The columns of a list of alerts."""
    return [
        ColumnSpec("Severity", _severity),
        ColumnSpec("What", "sentence"),
        ColumnSpec("Since", "since", min_width=16),
    ]


def command(ctx: typer.Context) -> None:
    """What waits for you, how the funds stand, what is wrong, and what just happened."""
    from pettycash_tui.services.overview import overview

    found = session.read(ctx, overview)
    if options(ctx).quiet and not options(ctx).json:
        output.emit_page(ctx, found.waiting.lines, columns=_WAITING)
        return
    output.emit_detail(
        ctx,
        found,
        title="Desk",
        pairs=_pairs(found),
        sections=[
            Section("Waits for you", _WAITING, found.waiting.lines),
            Section("Alerts", alert_columns(), found.alerts),
            Section(f"Funds ({LEGEND})", _FUNDS, found.funds),
            Section("Spending of the last 30 days", _BURN, found.funds),
            Section("What just happened", _HAPPENINGS, found.happenings),
        ],
    )


def _pairs(found: Overview) -> list[tuple[str, Any]]:
    waiting = found.waiting
    more = [f"{each.count} more in {each.place}" for each in waiting.more]
    fresh = sum(not alert.is_acknowledged for alert in found.alerts)
    under_way = [f"{each.count} {each.status.label.lower()}" for each in waiting.under_way]
    return [
        ("As of", found.as_of),
        ("Waits for you", _counted(waiting.total) + (f", of these {', '.join(more)}" if more else "")),
        ("Your requests", ", ".join(under_way) or "none under way"),
        ("Alerts", f"{fresh} new, {len(found.alerts) - fresh} seen" if found.alerts else "none"),
        ("Funds", len(found.funds) if found.funds else "none that you may see"),
    ]


def _counted(total: int) -> str:
    return "nothing" if total == 0 else "1 thing" if total == 1 else f"{total} things"


def _severity(alert: Alert) -> str:
    return "seen" if alert.is_acknowledged else alert.severity.value


def _pressing(line: WaitingLine) -> str:
    return "urgent" if line.is_urgent else "overdue" if line.is_overdue else ""


def _level(level: FundLevel) -> str:
    return gauge(
        _GAUGE_WIDTH,
        available=level.available.minor,
        held=level.held_amount.minor,
        reorder=level.reorder_level.minor,
        target=level.target_balance.minor,
    )


def _outlook(level: FundLevel) -> str:
    if level.is_low:
        return f"below, {level.replenishment}" if level.replenishment else "below"
    return "no spending" if level.days_left is None else f"in {level.days_left} days"


_WAITING = [
    ColumnSpec("Number", "number"),
    ColumnSpec("To do", lambda line: line.task.value, min_width=8),
    ColumnSpec("Payee", "payee"),
    ColumnSpec("Amount", "amount"),
    ColumnSpec("", _pressing, min_width=7),
    ColumnSpec("Since", "since", min_width=16),
]
_FUNDS = [
    ColumnSpec("Fund", "code"),
    ColumnSpec("Level", _level, min_width=_GAUGE_WIDTH),
    ColumnSpec("State", lambda level: "low" if level.is_low else "ok"),
    ColumnSpec("Available", "available"),
    ColumnSpec("Held", "held_amount"),
]
_BURN = [
    ColumnSpec("Fund", "code"),
    ColumnSpec("Paid out each day", lambda level: sparkline(level.daily), min_width=30),
    ColumnSpec("A day", "per_day"),
    ColumnSpec("Reorder", _outlook),
]
_HAPPENINGS = [
    ColumnSpec("When", "at", min_width=16),
    ColumnSpec("What", "words"),
    ColumnSpec("Amount", "amount"),
]
