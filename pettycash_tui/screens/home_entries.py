"""What the panes of the desk hold, made from the overview: entries with the widths that their columns share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len

from pettycash_tui.actions import key
from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.models.text import printable
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.services.alerts import Alert
from pettycash_tui.services.fund_levels import FundLevel
from pettycash_tui.services.happenings import Happening
from pettycash_tui.services.overview import Overview
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.waiting import More, UnderWay, WaitingLine
from pettycash_tui.widgets.cells import lined_up
from pettycash_tui.widgets.pane_list import Entry

PLACES = {
    "approvals": "Approvals",
    "payments": "Payments",
    "ledger": "Fund ledger",
    "treasury": "Treasury",
    "audit": "Audit",
    "requisitions": "Requisitions",
}

FUND_TITLES = ("balance", "held", "available")
"""What stands over the figures of the funds."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence between the entries."""

    text: str
    role: str = "muted"


class WaitingWidths(NamedTuple):
    """The cells of the widest number, payee, amount and flag among all lines of what waits."""

    number: int
    payee: int
    amount: int
    flag: int


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A line of what waits: the key that takes it, how it presses, and the widths that all lines share."""

    line: WaitingLine
    key: str
    amount: str
    age: str
    flag: str
    widths: WaitingWidths


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund with its figures as the company writes them, and the widths that all funds share."""

    level: FundLevel
    balance: str
    held: str
    available: str
    per_day: str
    code_width: int
    figure_widths: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert, with its amount and age as they are written."""

    alert: Alert
    amount: str
    age: str


@dataclass(frozen=True, slots=True)
class HappeningRow:
    """An event, with its amount and age as they are written."""

    happening: Happening
    amount: str
    age: str


def titled(context: DeskContext, title: str) -> str:
    """The title of a pane with the currency of its amounts; who sees several reads it beside each amount."""
    return f"{title}, {context.currency}" if context.has_one_currency else title


def waiting_entries(context: DeskContext, found: Overview) -> list[Entry]:
    """What waits for the person, what does not fit, and what became of their own requests."""
    lines = found.waiting.lines
    amounts, flags = [context.listed(line.amount) for line in lines], [_flag(line) for line in lines]
    widths = WaitingWidths(
        number=_widest(line.number for line in lines),
        payee=_widest(lined_up(printable(line.payee)) for line in lines),
        amount=_widest(amounts),
        flag=_widest(flags),
    )
    entries = [
        Entry(
            (line.task, line.number),
            WaitingRow(line, key(f"desk.take_{place}"), amount, context.since(line.since), flag, widths),
        )
        for place, (line, amount, flag) in enumerate(zip(lines, amounts, flags, strict=True), start=1)
    ]
    entries += [Entry(("more", more.place), more) for more in found.waiting.more]
    if not lines:
        entries.append(_said(f"Nothing waits for you. {key('requisition.new')} writes a new requisition."))
    if found.waiting.under_way:
        entries.append(_said(_under_way(found.waiting.under_way)))
    return entries


def _flag(line: WaitingLine) -> str:
    return "! urgent" if line.is_urgent else "! overdue" if line.is_overdue else ""


def more_text(more: More) -> str:
    """What waits besides, and where it is found."""
    return f"and {more.count} more in {PLACES[more.place]} ({key(f'go.{more.place}')})"


def _under_way(counts: Sequence[UnderWay]) -> str:
    words = [f"{count.count} {_WORDS.get(count.status, count.status.label.lower())}" for count in counts]
    return "Your requests: " + " · ".join(words)


_WORDS = {
    RequisitionStatus.PENDING_CFO_APPROVAL: "with CFO",
    RequisitionStatus.APPROVED: "approved, to be paid",
}


def fund_entries(context: DeskContext, found: Overview) -> list[Entry]:
    """The funds that the person may see."""
    levels = found.funds
    figures = [
        tuple(context.listed(money) for money in (level.current_balance, level.held_amount, level.available))
        for level in levels
    ]
    balance, held, available = (
        _widest((title, *(texts[place] for texts in figures))) for place, title in enumerate(FUND_TITLES)
    )
    code_width = _widest(level.code for level in levels)
    entries = [
        Entry(
            level.id,
            FundRow(
                level=level,
                balance=texts[0],
                held=texts[1],
                available=texts[2],
                per_day=context.listed(level.per_day),
                code_width=code_width,
                figure_widths=(balance, held, available),
            ),
        )
        for level, texts in zip(levels, figures, strict=True)
    ]
    return entries or [_said(_no_funds(context))]


def _no_funds(context: DeskContext) -> str:
    if context.actor.may(Right.ADMINISTER):
        return "There is no fund in use yet: `pettycash fund add` opens one."
    if context.offered.ledger:
        return "No fund is open."
    return "You keep no fund. Custodians, managers, treasury and finance see theirs here."


def alert_entries(context: DeskContext, found: Overview) -> list[Entry]:
    """The alerts; those that the person has seen stand last."""
    entries = [
        Entry(
            alert.key, AlertRow(alert, context.listed(alert.amount) if alert.amount else "", context.since(alert.since))
        )
        for alert in found.alerts
    ]
    return entries or [_said("All is as it should be.", "good")]


def happening_entries(context: DeskContext, found: Overview) -> list[Entry]:
    """What just happened."""
    entries = [
        Entry(
            event.id,
            HappeningRow(event, context.listed(event.amount) if event.amount else "", context.since(event.at)),
        )
        for event in found.happenings
    ]
    return entries or [_said("Nothing has happened yet that you may see.")]


def _said(text: str, role: str = "muted") -> Entry:
    return Entry(("said", text), Said(text, role), still=True)


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
