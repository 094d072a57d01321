"""The payments that left and wait to be reconciled: by somebody who did not execute them, one by one or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.models.enums import PaymentStatus, ReconciliationAct
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.treasury_views.figures import difference_in_words, draw_against
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import (
    export_treasury,
    paging,
    reconciliation,
    reconciliation_views,
    variance_views,
    variances,
)
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.inputs import parse_money
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.reconciliation import ReconciliationState
from pettycash_tui.services.reconciliation_views import (
    ReconciliationExplanation,
    ReconciliationFilter,
    ReconciliationRow,
)
from pettycash_tui.services.totals import Total
from pettycash_tui.services.variance_views import RecordingCase
from pettycash_tui.services.variances import VarianceState
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column, fit

_MOST_LINES = 5
_PAID = 3
_RECONCILE = frozenset({Right.RECONCILE})


@dataclass(frozen=True, slots=True)
class Line:
    """A payment as it stands in the list now, and what may be done about it."""

    row: ReconciliationRow
    explanation: ReconciliationExplanation


class ReconcilingView(TreasuryView[ReconciliationRow, Line]):
    """Payments of which the money left, the oldest first."""

    name = "reconciling"
    title = "To reconcile"
    told = (
        "The payments whose money left: compare each with the bank's or the drawer's own record, and mark it."
        " Who executed one does not reconcile it."
    )
    row_type = ReconciliationRow
    rights = _RECONCILE
    filter_hint = "payee, payment, voucher or reference"
    prefix = "PAY-"
    kinds = (
        Kind("To reconcile", False, "Everything that was paid is reconciled."),
        Kind("Reconciled", True, "Nothing is reconciled yet."),
    )
    acts: ClassVar = {
        "reconcile": _RECONCILE,
        "undo": _RECONCILE,
        "record_variance": frozenset({Right.RECORD_VARIANCE}),
    }

    def source(self, search: str) -> KeysetSource[ReconciliationRow]:
        return KeysetSource(
            self.context,
            _columns(self.context),
            reconciliation_views.list_payments,
            self._given(search),
            cells=partial(_cells, self.context),
            cursor=_cursor,
            backwards="newest_first",
            gone=partial(_gone, self.context),
        )

    def _given(self, search: str) -> ReconciliationFilter:
        return ReconciliationFilter(search=search or None, reconciled=self.kind.given)

    def weigh(self, reading: Reading, search: str) -> Total:
        sums: dict[str, Money] = {}
        count = 0
        for found in reconciliation_views.counts(reading, self._given(search)):
            currency = found.amount.currency
            sums[currency] = sums[currency] + found.amount if currency in sums else found.amount
            count += found.count
        return Total(count, tuple(sums.values()))

    def export_request(self, search: str) -> ExportRequest:
        return export_treasury.reconciliation(self._given(search))

    def read_detail(self, row: ReconciliationRow) -> Line:
        return self.context.read(_read, row.id)

    def draw_detail(self, detail: Line) -> Content:
        return _draw(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        row = reconciliation_views.show(reading, number)
        return row.id, int(row.status is PaymentStatus.RECONCILED)

    def offers(self, act: str, row: ReconciliationRow, detail: Line | None) -> bool:
        if act == "reconcile" and self.screen.table.marked_rows:
            return True
        if act == "record_variance":
            return row.open_variance is None
        if detail is None:
            return (act == "undo") is bool(self.kind.given)
        return detail.explanation.allows(ReconciliationAct.UNDONE if act == "undo" else ReconciliationAct.RECONCILED)

    # -- reconciling ---------------------------------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Mark the payment reconciled, or all marked ones after one question."""
        marked = self.screen.table.marked_rows
        if marked:
            mine = self.context.actor.id
            rows = [row.value for row in marked if not row.gone]
            own = [row for row in rows if row.executor is not None and row.executor.id == mine]
            self._ask_together([row for row in rows if row not in own], len(own), len(marked) - len(rows))
        elif (row := self.here(to_act=True)) is not None:
            self._reconcile([row], row)

    def _ask_together(self, rows: list[ReconciliationRow], own: int, gone: int) -> None:
        if not rows:
            self.screen.tell(
                "None of the marked ones can be reconciled by you: you executed each, or it is done.", warning=True
            )
            return
        lines = [f"Together {_together(self.context, rows)}"]
        lines += [f"− Left out, executed by yourself: {own}"] if own else []
        lines += [f"− Left out, not in the list any more: {gone}"] if gone else []
        lines.append("")
        lines += [
            f"{row.number:<11} {self.context.money_with_currency(row.amount):>18}  {fit(row.payee, 26).rstrip()}"
            for row in rows[:_MOST_LINES]
        ]
        if len(rows) > _MOST_LINES:
            lines.append(f"and {len(rows) - _MOST_LINES} more, marked ✓ in the list")
        title = f"Reconcile {len(rows)} payment{'s' if len(rows) > 1 else ''}"
        undo = "All of them are marked, or none. Each can be undone with a reason."
        self.confirm(title, lines, "Reconcile", partial(self._reconcile, rows, None), undo=undo)

    def _reconcile(self, rows: Sequence[ReconciliationRow], one: ReconciliationRow | None) -> None:
        def told(states: Sequence[ReconciliationState]) -> str:
            self.screen.table.clear_marks()
            names = states[0].number if len(states) == 1 else f"{len(states)} payments"
            return f"{names} reconciled: {_together(self.context, rows)}."

        ids = [row.id for row in rows]
        self.do(one, reconciliation.reconcile, ids, then=told, about="the marked ones")

    def undo(self) -> None:
        """Take the reconciliation back, with a reason."""
        if (row := self.here()) is None:
            return

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            then = "{0.number} is to be reconciled again.".format
            return self.do(row, reconciliation.undo, row.id, typed["reason"], then=then, prompt=prompt)

        self.form(
            f"Undo the reconciliation of {row.number}",
            [f"{self.context.money_with_currency(row.amount)} to {row.payee}", f"{row.entry}, {row.voucher_number}"],
            [Asked("reason", "Reason", "it stays on the trail", length=reconciliation.REASON_LENGTH)],
            send,
            enter_does="undoes it",
            undo="",
            help_text="The payment is to be reconciled again; both acts stay on its trail.",
        )

    # -- a variance of it ----------------------------------------------------------------------------------------------

    def record_variance(self) -> None:
        """Record that the payment came to another amount."""
        row = self.here()
        if row is not None:
            then = partial(self._ask_variance, row)
            self.screen.ask("variance", variance_views.before_recording, row.id, then=then)

    def _ask_variance(self, row: ReconciliationRow, case: RecordingCase) -> None:
        if case.reasons:
            self.screen.tell(" ".join(reason.message for reason in case.reasons), warning=True)
            return
        if not self.screen.is_current:  # not over what was opened while the database was asked
            return
        context, booked = self.context, case.booked

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            given = (row.id, typed["adjusted_amount"], typed["reason"])
            return self.do(row, variances.record, *given, then=told, prompt=prompt)

        def told(state: VarianceState) -> str:
            return f"{state.number} is recorded; nothing moves before a CFO approves it."

        def compare(typed: Typed) -> str:
            try:
                adjusted = parse_money("amount", typed["adjusted_amount"], booked.currency, allow_zero=True)
            except InvalidInput:
                return ""  # said beside the field when it is sent, not while one types
            return difference_in_words(context, row.fund, adjusted - booked)

        self.form(
            f"Variance of {row.number}",
            [f"Booked: {context.money_with_currency(booked)} to {row.payee}", f"{row.entry}, {row.voucher_number}"],
            [
                Asked(
                    "adjusted_amount", f"Was {booked.currency}", "what it really came to: 1,250.50 or 1.2k", length=40
                ),
                Asked("reason", "Reason", "who approves it reads this", length=variances.REASON_LENGTH),
            ],
            send,
            enter_does="records it",
            undo="Nothing moves before a CFO, who is somebody else, approves it.",
            help_text=(
                "What the payment really came to, when that is not what was booked. A CFO approves it; then the"
                " difference is posted to the fund's cash book, and the entry names the one that it corrects."
            ),
            compare=compare,
        )


def _read(reading: Reading, payment_id: UUID) -> Line:
    return Line(reconciliation_views.show(reading, payment_id), reconciliation_views.explain(reading, payment_id))


def _cursor(row: ReconciliationRow) -> str:
    return paging.encode(row.executed_at, row.id)


def _columns(context: DeskContext) -> tuple[Column, ...]:
    return (
        Column("number", "Number", width=10),
        Column("payee", "Payee", min_width=12),
        context.amount_column,
        Column("paid", "Paid", width=12),
        Column("executor", "Executor", width=12),
        Column("entry", "Entry", width=10, optional=True),
        Column("reference", "Reference", width=14, optional=True),
        Column("voucher", "Voucher", width=18, optional=True),
    )


def _cells(context: DeskContext, row: ReconciliationRow) -> tuple[Cell, ...]:
    if row.executor is not None and row.executor.id == context.actor.id:
        executor = Cell("you", "warn")
    else:
        executor = Cell(row.executor.name if row.executor else "", "muted")
    return (
        Cell(row.number),
        Cell(row.payee),
        Cell(context.listed(row.amount)),
        Cell(
            f"! {row.open_variance}" if row.open_variance else context.day(row.executed_at).isoformat(),
            "warn" if row.open_variance else "",
        ),
        executor,
        Cell(row.entry, "muted"),
        Cell(row.gateway_reference),
        Cell(row.voucher_number, "muted"),
    )


def _gone(context: DeskContext, reading: Reading, rows: Sequence[ReconciliationRow]) -> Mapping[UUID, tuple[Cell, ...]]:
    """Rows that were reconciled, or taken back, meanwhile."""
    drawn = {}
    for row in rows:
        now = reconciliation_views.show(reading, row.id)
        by = f" by {now.reconciled_by.name}" if now.reconciled_by else ""
        words = f"reconciled{by}" if now.status is PaymentStatus.RECONCILED else "to be reconciled again"
        cells = list(_cells(context, row))
        cells[_PAID] = Cell(f"− {words}", "muted", reach=_PAID - 1)
        drawn[row.id] = tuple(cells)
    return drawn


def _draw(line: Line, context: DeskContext) -> Content:
    row, found, sheet = line.row, line.explanation, Sheet()
    is_done = row.status is PaymentStatus.RECONCILED
    sheet.mark(status_mark(row.status.value), row.number)
    sheet.field("Amount", context.money_with_currency(row.amount), "strong")
    sheet.field("Payee", row.payee, "strong")
    sheet.field("Paid", f"{context.moment(row.executed_at)}, {row.method.label}")
    sheet.field("Reference", row.gateway_reference, "strong")
    sheet.field("Voucher", f"{row.voucher_number}, entry {row.entry}")
    sheet.field("Executor", row.executor.name if row.executor else "")
    if row.open_variance:
        sheet.field("Variance", f"{row.open_variance} waits for a CFO", "warn")
    for step in found.steps:
        label = "Reconciled" if step.act is ReconciliationAct.RECONCILED else "Undone"
        because = f": {step.reason}" if step.reason else ""
        sheet.field(label, f"{step.person.name if step.person else 'the system'}, {context.moment(step.at)}{because}")
    act = ReconciliationAct.UNDONE if is_done else ReconciliationAct.RECONCILED
    allowed = f"{key('treasury.undo')} undoes it." if is_done else f"You can reconcile it: {key('treasury.reconcile')}."
    draw_against(sheet, allowed, (reason.message for reason in found.against[act]))
    return sheet.content


def _together(context: DeskContext, rows: Sequence[ReconciliationRow]) -> str:
    sums: dict[str, Money] = {}
    for row in rows:
        currency = row.amount.currency
        sums[currency] = sums[currency] + row.amount if currency in sums else row.amount
    return " and ".join(context.money_with_currency(total) for total in sums.values())
