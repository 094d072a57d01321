"""The payments that one confirms together, as a list: by fund, and those that are left out with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.errors import PettyCashError, Reason
from pettycash_tui.widgets.cells import fit
from pettycash_tui.widgets.long_text import Lines

WIDTH = 69
"""Cells of a line of the list in a window, beside its scroll bar."""

_INDENT = 13
_SAID = 3
"""So many reasons are said under the fields; the list has all of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A payment of the list. `asks_reference`: it is paid by hand elsewhere, and what that gave is typed here."""

    id: UUID
    number: str
    payee: str
    amount: Money
    method: PaymentMethod
    destination: str = ""
    asks_reference: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The payments of a fund; `heading` says what they come to and what they leave there."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A payment that was marked and is not confirmed, with every reason."""

    number: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """What is confirmed together, and what not."""

    groups: tuple[Group, ...]
    left_out: tuple[LeftOut, ...]
    needs_code: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that is confirmed, in the order of the list."""
        return tuple(line for group in self.groups for line in group.lines)

    @property
    def ids(self) -> tuple[UUID, ...]:
        """All that is confirmed, by their numbers: the order in which a code is bound to them."""
        return tuple(line.id for line in sorted(self.lines, key=lambda line: line.number))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The list as it is shown, and on which line of it each payment stands."""

    lines: Lines
    places: Mapping[UUID, int]


def draw_list(
    listed: Listed, context: DeskContext, references: Mapping[UUID, str] | None = None, at: UUID | None = None
) -> Drawn:
    """The list, with the references typed so far; `at` is the payment whose reference is typed now."""
    sheet, places, count = Sheet(), dict[UUID, int](), 0
    for group in listed.groups:
        if len(listed.groups) > 1 or group.heading:
            sheet.line(fit(group.heading, WIDTH).rstrip(), "strong")
            count += 1
        for line in group.lines:
            places[line.id] = count
            sign = "▸" if line.id == at else " "
            amount = context.money_with_currency(line.amount)
            sheet.line(fit(f"{sign} {line.number:<11}{amount:>17}  {line.payee}", WIDTH).rstrip())
            count += 1
            if to := _where(line, (references or {}).get(line.id, "")):
                sheet.line(fit(" " * _INDENT + to, WIDTH).rstrip(), "muted")
                count += 1
    if listed.left_out:
        if listed.groups:
            sheet.line()
        sheet.line(f"✖ {_left_out(len(listed.left_out))}", "bad")
        for each in listed.left_out:
            draw_reasons(sheet, each.number, each.reasons)
    return Drawn(sheet.lines, places)


def draw_reasons(sheet: Sheet, number: str, reasons: Sequence[Reason]) -> None:
    """A payment that is left out or was refused, and why."""
    sheet.line(f"  {number}", "strong")
    for reason in reasons:
        sheet.line(f"    {reason.message}")


def draw_total(listed: Listed, context: DeskContext) -> Content:
    """How many they are, what they come to, and how they are paid."""
    sheet = Sheet()
    if listed.lines:
        sheet.line(f"Together {total_of(context, listed.lines)}", "strong")
    if listed.lines and listed.left_out:
        sheet.line(f"! {_left_out(len(listed.left_out))}: the reasons stand at the end of the list", "warn")
    return sheet.content


def total_of(context: DeskContext, lines: Sequence[Line]) -> str:
    """`KES 5,700.00 in 3 payments: 2 Cash, 1 M-Pesa`."""
    total = lines[0].amount
    for line in lines[1:]:
        total = total + line.amount
    methods: dict[str, int] = {}
    for line in lines:
        methods[line.method.label] = methods.get(line.method.label, 0) + 1
    how = ", ".join(f"{count} {label}" for label, count in methods.items())
    return f"{context.money_with_currency(total)} in {payments(len(lines))}: {how}"


def payments(count: int) -> str:
    """`1 payment`, `12 payments`."""
    return "1 payment" if count == 1 else f"{count:,} payments"


def said(error: PettyCashError) -> str:
    """A refusal in a few lines."""
    messages = [reason.message for reason in error.reasons] or [error.message]
    more = len(messages) - _SAID
    return "\n".join([*messages[:_SAID], *([f"And {more} more."] if more > 0 else [])])


def _left_out(count: int) -> str:
    return "1 is left out" if count == 1 else f"{count:,} are left out"


def _where(line: Line, reference: str) -> str:
    if line.method is PaymentMethod.CASH and not reference:
        return ""
    to = f"{line.method.label} {line.destination}".rstrip()
    if reference:
        return f"reference {reference}, {to}"
    return f"reference missing, {to}" if line.asks_reference else to
