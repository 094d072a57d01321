"""How the variances go from month to month, for each fund: counts, sums, and a bar for what they took or brought."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile, groupby

from textual.content import Content

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.variance_views import TrendRow

_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def draw_trend(rows: Sequence[TrendRow], context: DeskContext) -> Content:
    """A table for each fund, its months from the oldest on; the bars of a fund share one scale."""
    sheet = Sheet()
    if not rows:
        sheet.line("No variance was approved in these months.")
        return sheet.content
    ordered = sorted(rows, key=lambda row: (row.fund.code, row.month))
    for code, found in groupby(ordered, key=lambda row: row.fund.code):
        # Empty months before the first variance say nothing; those in between do.
        months = list(dropwhile(lambda row: not row.count, found))
        sheet.heading(f"{code}, {months[0].fund.name}, {months[0].net.currency}")
        sheet.line(f"{'month':<8}{'count':>5}{'paid more':>13}{'paid less':>13}{'net':>14}", "muted")
        most = max(abs(row.net.minor) for row in months)
        for row in months:
            sheet.line(_month(row, most, context), "" if row.count else "muted")
        sheet.line(_figures("all", _sum(months), context), "strong")
    sheet.line()
    sheet.line("out: so much more left the fund than was booked; in: so much came back", "muted")
    return sheet.content


def _month(row: TrendRow, most: int, context: DeskContext) -> str:
    bar = _bar(abs(row.net.minor), most)
    word = {True: "out", False: "in"}[row.net.minor > 0] if row.net.minor else ""
    figures = _figures(f"{row.month:%Y-%m}", (row.count, row.paid_more, row.paid_less), context)
    return f"{figures}  {bar} {word}".rstrip()


def _figures(name: str, found: tuple[int, Money, Money], context: DeskContext) -> str:
    count, more, less = found
    net = more - less
    sign = "+" if net.minor > 0 else ""
    figures = f"{context.money(more):>13}{context.money(less):>13}{sign + context.money(net):>14}"
    return f"{name:<8}{count:>5}{figures}"


def _sum(months: Sequence[TrendRow]) -> tuple[int, Money, Money]:
    first, *others = months
    count, more, less = first.count, first.paid_more, first.paid_less
    for row in others:
        count, more, less = count + row.count, more + row.paid_more, less + row.paid_less
    return count, more, less


def _bar(value: int, most: int) -> str:
    if not value:
        return ""
    eighths = max(1, value * _BAR * 8 // most)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
