"""How the entries of the desk are drawn at a width, as lines of spans."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from rich.cells import cell_len

from pettycash_tui.models.text import printable
from pettycash_tui.screens.home_entries import (
    FUND_TITLES,
    AlertRow,
    FundRow,
    HappeningRow,
    Said,
    WaitingRow,
    more_text,
)
from pettycash_tui.services.alerts import Severity
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.waiting import Task
from pettycash_tui.theme import StatusMark
from pettycash_tui.widgets.cells import GAP, Cell, Column, column_widths, fit
from pettycash_tui.widgets.gauge import gauge
from pettycash_tui.widgets.pane_list import Line, Span
from pettycash_tui.widgets.sparkline import sparkline

SEVERITIES = {
    Severity.CRITICAL: StatusMark("✖", "critical", "bad"),
    Severity.WARNING: StatusMark("▲", "warning", "warn"),
    Severity.NOTICE: StatusMark("·", "notice", "info"),
}
SEEN = StatusMark("✓", "seen", "muted")
LOW, ENOUGH = StatusMark("▼", "low", "bad"), StatusMark("●", "ok", "good")

_MARK_WIDTH = max(len(mark.text) for mark in SEVERITIES.values())
_STATE_WIDTH = max(len(mark.text) for mark in (LOW, ENOUGH))
_AGE_WIDTH = len("59 min")
_TASK_WIDTH = max(len(task.value) for task in Task)
_PAYEE, _FLAG = 3, 5
_PURPOSE_LEAST = 16
"""Cells that a purpose has, or it is not shown."""
_GAUGE_LEAST, _GAUGE_MOST = 10, 40
_NAMED = 110
"""Cells from which on a fund's name has room."""
_LONG = 365
"""Days beyond which nobody plans by an average."""


def draw(value: Any, width: int) -> Sequence[Line]:
    """An entry of any pane."""
    if isinstance(value, WaitingRow):
        return [_waiting(value, width)]
    if isinstance(value, FundRow):
        return _fund(value, width)
    if isinstance(value, AlertRow):
        return _alert(value, width)
    if isinstance(value, HappeningRow):
        return [_happening(value, width)]
    if isinstance(value, Said):
        return [[Span(line, value.role)] for line in _wrapped(value.text, width)]
    return [[Span(fit(more_text(value), width), "info")]]


def _row(columns: Sequence[Column], cells: Sequence[Cell], width: int) -> Line:
    spans: list[Span] = []
    for column, cell, size in zip(columns, cells, column_widths(columns, width), strict=True):
        if size:
            spans.append(Span(fit(cell.text, size, column.align) + " " * GAP, cell.role))
    return spans


def _wrapped(text: str, width: int) -> list[str]:
    return [fit(line, width) for line in wrap(printable(text), max(1, width))] or [""]


# --- what waits -------------------------------------------------------------------------------------------------------


def _waiting(row: WaitingRow, width: int) -> Line:
    line = row.line
    drawn = [
        (Column("key", "", 1), Cell(row.key, "info")),
        (Column("task", "", _TASK_WIDTH), Cell(line.task.value, "strong")),
        (Column("number", "", row.widths.number), Cell(line.number)),
        (Column("payee", ""), Cell(line.payee)),
        (Column("amount", "", row.widths.amount, align="right"), Cell(row.amount)),
        (Column("flag", "", row.widths.flag), Cell(row.flag, "bad" if line.is_urgent else "warn")),
        (Column("age", "", _AGE_WIDTH, align="right"), Cell(row.age, "muted")),
    ]
    if not row.widths.flag:
        del drawn[_FLAG]
    # The payee is whole before the purpose is shown at all, and what is left is the purpose's.
    room = width - sum(column.width + GAP for column, _ in drawn if column.width)
    if room - row.widths.payee - GAP >= _PURPOSE_LEAST:
        drawn[_PAYEE] = Column("payee", "", row.widths.payee), Cell(line.payee)
        drawn.append((Column("purpose", ""), Cell(line.purpose, "muted")))
    columns, cells = zip(*drawn, strict=True)
    return _row(columns, cells, width)


# --- funds ------------------------------------------------------------------------------------------------------------


def fund_columns(row: FundRow | None, width: int) -> str:
    """The titles over the figures of the funds; nothing where they do not stand in columns."""
    if row is None or _bar_width(row, width) is None:
        return ""
    before = " " * (row.code_width + GAP + _name_width(width) + (_bar_width(row, width) or 0))
    titles = [fit(title, size, "right") for title, size in zip(FUND_TITLES, row.figure_widths, strict=True)]
    return before + "".join(" " * GAP + title for title in titles)


def _fund(row: FundRow, width: int) -> Sequence[Line]:
    level, bar_width = row.level, _bar_width(row, width)
    state = LOW if level.is_low else ENOUGH
    if bar_width is None:
        return _narrow_fund(row, state, width)
    code = fit(level.code, row.code_width) + " " * GAP
    name_width = _name_width(width)
    name = fit(level.name, name_width - GAP) + " " * GAP if name_width else ""
    figures = [
        " " * GAP + fit(text, size, "right")
        for text, size in zip((row.balance, row.held, row.available), row.figure_widths, strict=True)
    ]
    first = [
        Span(code, "strong"),
        Span(name, "muted"),
        Span(_bar(level, bar_width), state.role),
        Span(figures[0] + figures[1]),
        Span(figures[2], "strong"),
        Span(" " * GAP + state.text, state.role),
    ]
    before = len(code) + len(name)
    spark = sparkline(level.daily)
    second = [
        Span(" " * before),
        Span(spark, "info"),
        Span(fit(" " * GAP + _outlook(row), max(0, width - before - len(spark))), _outlook_role(level)),
    ]
    return [first, second]


def _narrow_fund(row: FundRow, state: StatusMark, width: int) -> Sequence[Line]:
    level = row.level
    code = fit(level.code, row.code_width) + " " * GAP
    room = width - len(code) - GAP - _STATE_WIDTH
    indent = " " * len(code)
    figures = f"{row.available} available · {row.held} held"
    spark = sparkline(level.daily, max(0, min(30, width - len(code) - GAP - cell_len(_outlook(row)))))
    return [
        [
            Span(code, "strong"),
            Span(_bar(level, max(1, min(_GAUGE_MOST, room))), state.role),
            Span(" " * GAP + state.text, state.role),
        ],
        [Span(fit(indent + figures, width))],
        [
            Span(indent),
            Span(spark, "info"),
            Span(fit(" " * GAP + _outlook(row), width - len(indent) - len(spark)), _outlook_role(level)),
        ],
    ]


def _bar(level: FundLevel, width: int) -> str:
    return gauge(
        width,
        available=level.available.minor,
        held=level.held_amount.minor,
        reorder=level.reorder_level.minor,
        target=level.target_balance.minor,
    )


def _bar_width(row: FundRow, width: int) -> int | None:
    """The cells of the gauge beside the figures; None where they do not fit on one line."""
    others = row.code_width + GAP + _name_width(width) + sum(row.figure_widths) + 3 * GAP + GAP + _STATE_WIDTH
    room = width - others
    return min(_GAUGE_MOST, room) if room >= _GAUGE_LEAST else None


def _name_width(width: int) -> int:
    return 22 if width >= _NAMED else 0


def _outlook(row: FundRow) -> str:
    """How long the money lasts, in words."""
    level = row.level
    if level.is_low:
        asked = f" · {level.replenishment}" if level.replenishment else ""
        status = level.replenishment_status
        return f"below reorder level{asked}{f' {status.label.lower()}' if status else ''}"
    if level.days_left is None:
        return "no spending in 30 days"
    if level.days_left == 0:
        return f"{row.per_day} a day · reorder now"
    if level.days_left > _LONG:
        return f"{row.per_day} a day · over a year left"
    days = "1 day" if level.days_left == 1 else f"{level.days_left} days"
    return f"{row.per_day} a day · reorder in {days}"


def _outlook_role(level: FundLevel) -> str:
    if level.is_low:
        return "bad"
    return "warn" if level.days_left is not None and level.days_left <= 7 else "muted"


# --- alerts and events ------------------------------------------------------------------------------------------------


def _alert(row: AlertRow, width: int) -> Sequence[Line]:
    alert = row.alert
    mark = SEEN if alert.is_acknowledged else SEVERITIES[alert.severity]
    role = "muted" if alert.is_acknowledged else ""
    room = max(8, width - _MARK_WIDTH - 2 * GAP - _AGE_WIDTH)
    first, *further = _wrapped(alert.sentence, room)
    lines = [
        [
            Span(f"{mark.text:<{_MARK_WIDTH}}" + " " * GAP, mark.role),
            Span(fit(first, room), role),
            Span(" " * GAP + fit(row.age, _AGE_WIDTH, "right"), "muted"),
        ]
    ]
    # A second line at most: what a gateway said may be long, and the payment shows it whole.
    if further:
        lines.append(
            [Span(" " * (_MARK_WIDTH + GAP)), Span(fit(" ".join(text.strip() for text in further), room), role)]
        )
    return lines


def _happening(row: HappeningRow, width: int) -> Line:
    event = row.happening
    about = ", ".join(part for part in (row.amount, event.payee) if part)
    room = max(8, width - _AGE_WIDTH - GAP)
    words = printable(event.words)
    if cell_len(words) >= room or not about:
        return [Span(fit(row.age, _AGE_WIDTH, "right") + " " * GAP, "muted"), Span(fit(words, room))]
    return [
        Span(fit(row.age, _AGE_WIDTH, "right") + " " * GAP, "muted"),
        Span(words),
        Span(fit("  " + about, room - cell_len(words)), "muted"),
    ]
