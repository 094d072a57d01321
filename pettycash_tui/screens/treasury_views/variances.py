"""The variances: what payments really came to, for the CFO to approve or reject, and how they go by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import VarianceStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury_views.figures import difference_in_words, draw_against, draw_levels, signed, who
from pettycash_tui.screens.treasury_views.trend import draw_trend
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import export_treasury, paging, variance_views, variances
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.variance_views import TrendRow, VarianceCase, VarianceView
from pettycash_tui.services.variances import VarianceAct, VarianceState
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column

_S = VarianceStatus
_STATE = 3
_DECIDE = frozenset({Right.APPROVE_VARIANCE})


class VariancesView(TreasuryView[VarianceView, VarianceCase]):
    """What was recorded, to be decided by a CFO who did not record it."""

    name = "variances"
    title = "Variances"
    told = (
        "Payments that came to another amount than was booked. A CFO who did not record one approves it; then the"
        " difference is posted to the fund's cash book."
    )
    row_type = VarianceView
    rights = frozenset({Right.READ_LEDGER})
    filter_hint = "number, payment, payee or reason"
    prefix = "VAR-"
    kinds = (
        Kind("Variances to approve", _S.PENDING, "No variance waits for a CFO."),
        Kind("Variances, approved", _S.APPROVED, "None was approved yet."),
        Kind("Variances, rejected", _S.REJECTED, "None was rejected."),
        Kind("Variances, all", None, "No variance was ever recorded."),
    )
    acts: ClassVar = {"approve": _DECIDE, "reject": _DECIDE, "trend": frozenset({Right.READ_LEDGER})}
    without_row: ClassVar = frozenset({"trend"})

    def source(self, search: str) -> KeysetSource[VarianceView]:
        return KeysetSource(
            self.context,
            _columns(self.context),
            variance_views.list_variances,
            cells=partial(_cells, self.context),
            cursor=_cursor,
            gone=partial(_gone, self.context),
            status=self.kind.given,
            search=search or None,
        )

    def export_request(self, search: str) -> ExportRequest:
        return export_treasury.variances(self.kind.given, search)

    def read_detail(self, row: VarianceView) -> VarianceCase:
        return self.context.read(variance_views.case_of, row.id)

    def draw_detail(self, detail: VarianceCase) -> Content:
        return _draw(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        found = variance_views.show(reading, number)
        return found.id, next(place for place, kind in enumerate(self.kinds) if kind.given is found.status)

    def offers(self, act: str, row: VarianceView, detail: VarianceCase | None) -> bool:
        if detail is None:
            return row.status is _S.PENDING
        return detail.explanation.allows(VarianceAct(act))

    # -- deciding ------------------------------------------------------------------------------------------------------

    def approve(self) -> None:
        """Approve it, after one question."""
        if (row := self.here()) is not None:
            lines = [*self._about(row), row.reason]
            act = partial(self.do, row, variances.approve, row.id, then=self._approved)
            self.confirm(f"Approve {row.number}", lines, "Approve", act)

    def reject(self) -> None:
        """Reject it, with a reason."""
        if (row := self.here()) is None:
            return

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            then = "{0.number} is rejected; the books stay as they are.".format
            return self.do(row, variances.reject, row.id, typed["reason"], then=then, prompt=prompt)

        asks = [Asked("reason", "Reason", "who recorded it reads this", length=variances.REASON_LENGTH)]
        self.form(f"Reject {row.number}", self._about(row), asks, send, enter_does="rejects it")

    def trend(self) -> None:
        """Show how the variances go by month."""

        def show(rows: Sequence[TrendRow]) -> None:
            self.screen.app.push_screen(TextWindow("Variances by month", draw_trend(rows, self.context), wrap=False))

        self.screen.ask("trend", variance_views.trend, then=show)

    def _about(self, row: VarianceView) -> list[str]:
        money = self.context.money_with_currency
        return [
            f"{row.payment} to {row.payee}: {money(row.adjusted_amount)}, booked {money(row.original_amount)}",
            difference_in_words(self.context, row.fund, row.variance_amount),
        ]

    def _approved(self, state: VarianceState) -> str:
        context = self.context
        sentence = f"{state.number} is approved"
        if state.balance is not None and state.available is not None:
            balance, available = context.money_with_currency(state.balance), context.money(state.available)
            sentence += f": fund {state.fund} has {balance}, available {available}"
        if state.taken_up:
            sentence += f". These waited for money and hold it now: {', '.join(state.taken_up)}"
        return f"{sentence}."


def _cursor(row: VarianceView) -> str:
    return paging.encode(row.recorded_at, row.id)


def _columns(context: DeskContext) -> tuple[Column, ...]:
    return (
        Column("number", "Number", width=10),
        Column("payee", "Payee", min_width=12),
        context.amount_column,
        Column("state", "State", width=12),
        Column("payment", "Payment", width=10),
        Column("fund", "Fund", width=6, optional=True),
        Column("recorded_by", "Recorded by", width=16, optional=True),
        Column("reason", "Reason", min_width=14, optional=True),
    )


def _cells(context: DeskContext, row: VarianceView) -> tuple[Cell, ...]:
    state = status_mark(row.status.value)
    return (
        Cell(row.number),
        Cell(row.payee),
        Cell(signed(context, row.variance_amount)),
        Cell(state.text, state.role),
        Cell(row.payment),
        Cell(row.fund.code or ""),
        Cell(row.recorded_by.name if row.recorded_by else "", "muted"),
        Cell(row.reason, "muted"),
    )


def _gone(context: DeskContext, reading: Reading, rows: Sequence[VarianceView]) -> Mapping[UUID, tuple[Cell, ...]]:
    """Rows that were decided meanwhile, with by whom where the state stood."""
    drawn = {}
    for row in rows:
        now = variance_views.show(reading, row.id)
        by = now.approved_by or now.rejected_by
        cells = list(_cells(context, row))
        words = f"{now.status.label.lower()} by {by.name}" if by else now.status.label.lower()
        cells[_STATE] = Cell(f"− {words}", "muted", reach=_STATE - 1)
        drawn[row.id] = tuple(cells)
    return drawn


def _draw(case: VarianceCase, context: DeskContext) -> Content:
    row, sheet = case.variance, Sheet()
    money = context.money_with_currency
    sheet.mark(status_mark(row.status.value), f"{row.number} of {row.payment} to {row.payee}")
    sheet.field("Was", f"{money(row.adjusted_amount)}, booked {money(row.original_amount)}", "strong")
    sheet.field("Variance", difference_in_words(context, row.fund, row.variance_amount))
    sheet.field("Because", row.reason)
    draw_levels(sheet, context, case.fund, case.balance_after, case.available_after)
    sheet.field("Recorded by", who(row.recorded_by, row.recorded_at, context))
    sheet.field("Approved by", who(row.approved_by, row.approved_at, context))
    sheet.field("Entry", row.entry or "")
    sheet.field("Rejected by", who(row.rejected_by, row.rejected_at, context))
    sheet.field("Because", row.rejection_reason)
    if row.status is _S.PENDING:
        against = (reason.message for reason in case.explanation.against[VarianceAct.APPROVE])
        draw_against(sheet, "You can approve it.", against)
    return sheet.content
