"""Approving several requisitions: one question before, each in a unit of work of its own, the refusals after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import workflow
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.requisition_views import RequisitionRow
from pettycash_tui.widgets.cells import fit

_MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one of them: the refusal, or nothing against it."""

    row: RequisitionRow
    refusal: str = ""


def approve_each(context: DeskContext, rows: Sequence[RequisitionRow]) -> tuple[Outcome, ...]:
    """Approve each by itself: one that is refused holds up nothing else. Blocks."""
    return tuple(_approve(context, row) for row in rows)


def question(context: DeskContext, rows: Sequence[RequisitionRow]) -> list[str]:
    """The lines of the prompt: the total of each currency, and what it is about."""
    totals: dict[str, Money] = {}
    for row in rows:
        currency = row.amount.currency
        totals[currency] = totals[currency] + row.amount if currency in totals else row.amount
    lines = [f"Together {' and '.join(context.money_with_currency(total) for total in totals.values())}", ""]
    lines += [
        f"{row.number:<11} {context.money_with_currency(row.amount):>18}  {fit(row.payee, 26).rstrip()}"
        for row in rows[:_MOST_LINES]
    ]
    if len(rows) > _MOST_LINES:
        lines.append(f"and {len(rows) - _MOST_LINES} more, marked ✓ in the list")
    return lines


def draw_outcomes(outcomes: Sequence[Outcome]) -> Content:
    """What was refused, and why."""
    sheet = Sheet()
    refused = [outcome for outcome in outcomes if outcome.refusal]
    sheet.line(f"✔ {len(outcomes) - len(refused)} approved", "good")
    sheet.line(f"✖ {len(refused)} not approved", "bad")
    for outcome in refused:
        sheet.line()
        sheet.line(f"{outcome.row.number}  {outcome.row.payee}", "strong")
        sheet.line(f"  {outcome.refusal}")
    return sheet.content


def _approve(context: DeskContext, row: RequisitionRow) -> Outcome:
    try:
        context.desk.run(context.actor, workflow.approve, row.id, "", expected_step=row.step_id)
    except PettyCashError as error:
        return Outcome(row, error.message)
    return Outcome(row)
