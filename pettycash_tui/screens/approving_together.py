"""Approving several requisitions: one question before, one after the other with its progress, the refusals after.

Each is a unit of work of its own, so one that is refused holds up nothing. Esc stops after the one that is under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from pettycash_tui.actions import binding, key
from pettycash_tui.models.enums import IN_APPROVAL
from pettycash_tui.models.money import Money
from pettycash_tui.screens.approval_detail import waits_for_urgency
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.long_work import bar
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import approval_case, workflow
from pettycash_tui.services.approval_case import FundEffect
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.requisition_views import RequisitionRow
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import fit
from pettycash_tui.widgets.plain import PlainText

NO_WAY_BACK = "An approval cannot be taken back."
_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was marked: those to approve, and those left out because their urgency is to be decided or they are gone."""

    rows: tuple[RequisitionRow, ...]
    urgent: tuple[RequisitionRow, ...] = ()
    gone: tuple[RequisitionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one of them: the refusal, or nothing against it."""

    row: RequisitionRow
    refusal: str = ""


@dataclass
class Run:
    """How far one has come: the outcomes so far, and whether to stop after the one under way."""

    rows: tuple[RequisitionRow, ...]
    outcomes: list[Outcome] = field(default_factory=list)
    is_stopping: bool = False

    @property
    def next_row(self) -> RequisitionRow | None:
        """The one to approve next; None at the end."""
        done = len(self.outcomes)
        return None if self.is_stopping or done == len(self.rows) else self.rows[done]


def choose(rows: Sequence[tuple[RequisitionRow, bool]]) -> Chosen:
    """Sort marked rows, each with whether it is gone."""
    here = [row for row, is_gone in rows if not is_gone]
    return Chosen(
        rows=tuple(row for row in here if not waits_for_urgency(row.status)),
        urgent=tuple(row for row in here if waits_for_urgency(row.status)),
        gone=tuple(row for row, is_gone in rows if is_gone),
    )


def read_effects(reading: Reading, rows: Sequence[RequisitionRow]) -> tuple[FundEffect, ...]:
    """What all of them together do to each fund, by its code. What is only reviewed has left its fund already."""
    sums: dict[UUID, Money] = {}
    for row in rows:
        if row.status not in IN_APPROVAL:
            continue
        sums[row.fund.id] = sums[row.fund.id] + row.amount if row.fund.id in sums else row.amount
    effects = [approval_case.effect_on(reading, fund, amount) for fund, amount in sums.items()]
    return tuple(sorted(effects, key=lambda effect: effect.code))


def approve_one(context: DeskContext, row: RequisitionRow) -> Outcome:
    """Approve one by itself. Blocks."""
    try:
        context.desk.run(context.actor, workflow.approve, row.id, "", expected_step=row.step_id)
    except PettyCashError as error:
        return Outcome(row, error.message)
    return Outcome(row)


def question(context: DeskContext, chosen: Chosen, effects: Sequence[FundEffect]) -> list[str]:
    """The lines of the prompt: the totals, what it does to each fund, what is left out, and what it is about."""
    rows = chosen.rows
    lines = [f"Together {totals(context, rows)}"]
    lines += [_effect(context, effect) for effect in effects]
    if chosen.urgent:
        numbers = ", ".join(row.number for row in chosen.urgent[:2]) + (" …" if len(chosen.urgent) > 2 else "")
        lines.append(f"! Left out, urgency to confirm ({key('approvals.confirm_urgency')}): {numbers}")
    if chosen.gone:
        lines.append(f"− Left out, decided meanwhile: {len(chosen.gone)}")
    lines.append("")
    lines += [
        f"{row.number:<11} {context.money_with_currency(row.amount):>18}  {fit(row.payee, 26).rstrip()}"
        for row in rows[:_MOST_LINES]
    ]
    if len(rows) > _MOST_LINES:
        lines.append(f"and {len(rows) - _MOST_LINES} more, marked ✓ in the list")
    return lines


def totals(context: DeskContext, rows: Sequence[RequisitionRow]) -> str:
    """What they come to, in each currency."""
    sums: dict[str, Money] = {}
    for row in rows:
        currency = row.amount.currency
        sums[currency] = sums[currency] + row.amount if currency in sums else row.amount
    return " and ".join(context.money_with_currency(total) for total in sums.values())


def draw_outcomes(run: Run) -> Content:
    """What was approved, what was refused and why, and what was left when one stopped."""
    sheet, outcomes = Sheet(), run.outcomes
    refused = [outcome for outcome in outcomes if outcome.refusal]
    sheet.line(f"✔ {len(outcomes) - len(refused)} approved", "good")
    if refused:
        sheet.line(f"✖ {len(refused)} not approved", "bad")
    if left := len(run.rows) - len(outcomes):
        sheet.line(f"− {left} not tried, because you stopped; they are still in the list", "warn")
    for outcome in refused:
        sheet.line()
        sheet.line(f"{outcome.row.number}  {outcome.row.payee}", "strong")
        sheet.line(f"  {outcome.refusal}")
    return sheet.content


def _effect(context: DeskContext, effect: FundEffect) -> str:
    available, after = context.money_with_currency(effect.available), context.money(effect.available_after)
    mark, short = ("! ", ": too little for all") if effect.is_short else ("", "")
    return f"{mark}Fund {effect.code}: available {available}, after them {after}{short}"


class ApprovingWindow(ModalScreen[None]):
    """How far the approving has come; esc stops it after the one that is under way."""

    help_title = "Approving"
    help_text = "Those that are marked are approved one after the other; a refusal holds up none of the others."
    BINDINGS: ClassVar[list[BindingType]] = [binding("app.back"), binding("app.help")]
    DEFAULT_CSS = """
    ApprovingWindow { align: center middle; }
    ApprovingWindow > Vertical {
        width: 60; max-width: 100%; height: auto; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    ApprovingWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    ApprovingWindow PlainText { height: auto; }
    ApprovingWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, run: Run, context: DeskContext) -> None:
        super().__init__()
        self._run = run
        self._is_over = False
        self._desk_context = context

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText("Approving", classes="title")
            yield PlainText(id="progress")
            yield PlainText(id="current")
            yield PlainText(f"{key('app.back')} stops after this one", id="foot", classes="foot")

    def on_mount(self) -> None:
        self.show_progress()

    def show_progress(self) -> None:
        """Draw how far it has come."""
        done, all_rows = len(self._run.outcomes), self._run.rows
        self.query_one("#progress", PlainText).show(bar(done, len(all_rows)))
        row = self._run.next_row
        if row is not None:
            now = f"{row.number}  {self._desk_context.money_with_currency(row.amount)} to {row.payee}"
            self.query_one("#current", PlainText).show(now)

    def finish(self) -> None:
        """Close, as nothing is under way any more; under a locked desk that waits for esc."""
        self._is_over = True
        close(self)

    def action_back(self) -> None:
        """Stop after the one that is under way."""
        if self._is_over:
            self.dismiss(None)
            return
        self._run.is_stopping = True
        self.query_one("#foot", PlainText).show("Stopping after this one…")
