"""The months of the books: what is not settled in each, closing one and opening it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import ClassVar

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury_views.figures import who
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import period_months, periods
from pettycash_tui.services.errors import NotFound
from pettycash_tui.services.period_checks import CheckItem, CheckKind, Severity
from pettycash_tui.services.period_months import MonthCase, MonthRow, MonthState
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.paging import Page, Place, Row, Seek

_CLOSE = frozenset({Right.CLOSE_PERIOD})
_COLUMNS = (
    Column("period", "Month", width=9),
    Column("state", "State", width=14),
    Column("by", "By", min_width=14),
    Column("reason", "Reason", min_width=14, share=2),
    Column("at", "On", width=16, optional=True),
)


class MonthsSource:
    """The months, the newest first: there are few, so all are read at once."""

    dense = False
    columns: Sequence[Column] = _COLUMNS

    def __init__(self, context: DeskContext, search: str) -> None:
        self._context = context
        self._search = search

    def count(self) -> int:
        """How many there are."""
        return len(self._rows())

    def page(self, seek: Seek, limit: int) -> Page:
        """The rows at a place."""
        rows = self._rows()
        at = next((place for place, row in enumerate(rows) if row.key == seek.cursor), None)
        if seek.place is Place.AFTER and at is not None:
            start, end = at + 1, min(at + 1 + limit, len(rows))
        elif seek.place is Place.BEFORE and at is not None:
            start, end = max(0, at - limit), at
        elif seek.place is Place.LAST:
            start, end = max(0, len(rows) - limit), len(rows)
        else:
            start, end = 0, min(limit, len(rows))
        return Page(rows[start:end], before=start > 0, after=end < len(rows))

    def gone(self, rows: Sequence[Row]) -> Mapping[Hashable, Row]:
        """No month leaves the list."""
        return {}

    def _rows(self) -> tuple[Row, ...]:
        found = self._context.read(period_months.months)
        return tuple(
            Row(key=month.id, cells=_cells(self._context, month), cursor=month.id, value=month)
            for month in found
            if self._search in month.period or self._search == month.state
        )


class PeriodsView(TreasuryView[MonthRow, MonthCase]):
    """The months from the present one back to the first entry."""

    name = "periods"
    title = "Periods"
    told = "The months of the books. A closed one takes no entry; before, its check-list says what is not settled."
    row_type = MonthRow
    rights = frozenset({Right.READ_LEDGER})
    filter_hint = "a month such as 2026-03, or closed"
    kinds = (Kind("Periods", None, "The books have no month yet: no fund is open."),)
    acts: ClassVar = {"close_month": _CLOSE, "reopen_month": _CLOSE}

    def source(self, search: str) -> MonthsSource:
        return MonthsSource(self.context, search)

    def read_detail(self, row: MonthRow) -> MonthCase:
        return self.context.read(period_months.case, row.period)

    def draw_detail(self, detail: MonthCase) -> Content:
        return draw_month(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[str, int]:
        if any(month.period == number for month in period_months.months(reading)):
            return number, 0
        raise NotFound(f"The books have no month {number}.")

    def number_of(self, row: MonthRow) -> str:
        return row.period

    def offers(self, act: str, row: MonthRow, detail: MonthCase | None) -> bool:
        is_closed = row.state is MonthState.CLOSED
        return is_closed if act == "reopen_month" else not is_closed

    def open_row(self) -> bool:
        row = self.here()
        if row is not None:
            self._with_case(row, self._show_checks)
        return True

    def _show_checks(self, row: MonthRow, case: MonthCase) -> None:
        self.screen.app.push_screen(TextWindow(f"Closing {row.period}", draw_month(case, self.context)))

    def _with_case(self, row: MonthRow, then: Callable[[MonthRow, MonthCase], object]) -> None:
        """Read the month's check-list, and go on with it where nothing else was opened meanwhile."""

        def read(case: MonthCase) -> None:
            if self.screen.is_current:
                then(row, case)

        self.screen.ask("month", period_months.case, row.period, then=read)

    # -- closing -------------------------------------------------------------------------------------------------------

    def close_month(self) -> None:
        """Close it, after showing what is not settled."""
        if (row := self.here()) is not None:
            self._with_case(row, self._ask_closing)

    def _ask_closing(self, row: MonthRow, case: MonthCase) -> None:
        if case.against_closing:
            self._show_checks(row, case)
            return

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            then = "{0.period} is closed: no entry is dated in it any more.".format
            return self.do(row, periods.close, row.period, typed["reason"], then=then, prompt=prompt)

        lines = [f"! {item.message}" for item in case.checks.items] or ["✔ Everything of the month is settled."]
        self.form(
            f"Close {row.period}",
            lines,
            [Asked("reason", "Reason", "such as: month end", length=periods.REASON_LENGTH)],
            send,
            enter_does="closes the month",
            undo="No entry is dated in it any more; the CFO may open it again.",
        )

    def reopen_month(self) -> None:
        """Open it again, with a reason."""
        if (row := self.here()) is not None:
            self._with_case(row, self._ask_reopening)

    def _ask_reopening(self, row: MonthRow, case: MonthCase) -> None:
        if case.against_reopening:
            self.screen.tell(" ".join(reason.message for reason in case.against_reopening), warning=True)
            return
        closing = case.month.closing

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            then = "{0.period} is open again.".format
            return self.do(row, periods.reopen, row.period, typed["reason"], then=then, prompt=prompt)

        lines = []
        if closing is not None:
            lines = [f"Closed by {who(closing.closed_by, closing.closed_at, self.context)}: {closing.reason}"]
        asks = [Asked("reason", "Reason", "it stays on the trail", length=periods.REASON_LENGTH)]
        self.form(f"Reopen {row.period}", lines, asks, send, enter_does="opens it", undo="")


def draw_month(case: MonthCase, context: DeskContext) -> Content:
    """The month and its check-list: what blocks first, then what should be looked at."""
    month, sheet = case.month, Sheet()
    running = ", not ended yet" if month.is_running else ""
    sheet.mark(status_mark(month.state.value), f"{month.period}{running}")
    closing = month.closing
    if closing is not None:
        sheet.field("Closed by", f"{who(closing.closed_by, closing.closed_at, context)}: {closing.reason}")
        if closing.reopened_at is not None:
            reopened = who(closing.reopened_by, closing.reopened_at, context)
            sheet.field("Reopened by", f"{reopened}: {closing.reopen_reason}")
    sheet.heading("Closing check-list")
    kinds = {item.kind for item in case.checks.items}
    for kind, settled in _SETTLED.items():
        if kind not in kinds:
            sheet.line(f"✔ {settled}", "good")
        for item in case.checks.items:
            if item.kind is kind:
                _draw_item(sheet, item, context)
    if month.state is MonthState.CLOSED:
        sheet.reasons((reason.message for reason in case.against_reopening), "muted")
        return sheet.content
    told = {item.message for item in case.checks.items}
    sheet.reasons((reason.message for reason in case.against_closing if reason.message not in told), "muted")
    if not case.against_closing:
        sheet.line(f"✔ You can close it: {key('treasury.close_month')}.", "good")
    return sheet.content


_SETTLED = {
    CheckKind.IN_DOUBT: "No payment is without a known result.",
    CheckKind.UNRECONCILED: "Every payment is reconciled.",
    CheckKind.FAILED: "No payment has failed and is left.",
    CheckKind.VARIANCES: "No variance waits for a decision.",
    CheckKind.REPLENISHMENTS: "No replenishment is open.",
    CheckKind.IMPREST: "Every fund adds up to its float.",
}


def _draw_item(sheet: Sheet, item: CheckItem, context: DeskContext) -> None:
    mark, role = ("✖", "bad") if item.severity is Severity.BLOCKS else ("!", "warn")
    amount = "" if item.kind is CheckKind.IMPREST else f" {context.money_with_currency(item.amount)}"
    sheet.line(f"{mark} {item.message}{amount}", role)


def _cells(context: DeskContext, month: MonthRow) -> tuple[Cell, ...]:
    state, closing = status_mark(month.state.value), month.closing
    by, at, reason = "", "", ""
    if closing is not None:
        is_closed = closing.is_closed
        person = closing.closed_by if is_closed else closing.reopened_by
        moment = closing.closed_at if is_closed else closing.reopened_at
        by, at = person.name if person else "", context.moment(moment) if moment else ""
        reason = closing.reason if is_closed else closing.reopen_reason
    return Cell(month.period), Cell(state.text, state.role), Cell(by), Cell(reason, "muted"), Cell(at, "muted")
