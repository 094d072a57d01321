"""Approvals: what waits for one's decision, in the order one likes, with all that is needed to decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.screens.approval_detail import Case, draw_case, read_case
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.deciding import Deciding
from pettycash_tui.screens.seen_rows import SeenRows
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.timeline import time_left
from pettycash_tui.services import export_lists, outcomes, requisition_views
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.paging import Page
from pettycash_tui.services.requisition_views import QueueOrder, RequisitionRow
from pettycash_tui.services.totals import Total
from pettycash_tui.services.work import Reading
from pettycash_tui.widgets.cells import Cell, Column

_PAYEE, _DUE = 1, 3
_ORDERS = tuple(QueueOrder)


class ApprovalsScreen(SeenRows, Deciding):
    """The queue of an approver, a treasury officer (validating) or a reviewer."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("approvals")]
    place = "approvals"
    help_title = "Approvals"
    reads = "reading the queue…"
    filter_hint = "payee, purpose or number"

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self.help_text = (
            "What waits for your decision. What you decide is on the trail for good.\n"
            f"{key('approvals.sort')} sorts by age, amount or deadline; mark several with {key('list.mark')} to"
            " approve them together."
        )
        self._order = QueueOrder.AGE
        self._total: Total | None = None

    # -- the list ------------------------------------------------------------------------------------------------------

    @property
    def order(self) -> QueueOrder:
        """How the queue is sorted."""
        return self._order

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What is said when nothing is listed: whether nothing waits, or nothing matches."""
        if self.is_mounted and self.filter_text:
            return f"Nothing matches “{self.filter_text}”; {key('app.back')} shows all."
        return f"Nothing waits for your decision. {key('go.requisitions')} shows the requisitions."

    def source(self) -> KeysetSource[RequisitionRow]:
        search = self.filter_text if self.is_mounted else ""
        return KeysetSource(
            self.context,
            self._columns(),
            requisition_views.queue,
            cells=self._cells,
            counter=None if search else requisition_views.count_queue,
            cursor=requisition_views.cursor_of(self._order),
            backwards="backwards",
            gone=self._gone,
            order=self._order,
            **({"search": search} if search else {}),
        )

    def export_request(self) -> ExportRequest:
        """All that the list shows."""
        return export_lists.queue(self._order, search=self.filter_text if self.is_mounted else "")

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("number", "Number", width=10),
            Column("payee", "Payee", min_width=12),
            self.context.amount_column,
            Column("due", "Due", width=22),
            Column("asked_by", "Asked by", min_width=14, optional=True),
            Column("purpose", "Purpose", min_width=16, optional=True),
        )

    def _cells(self, row: RequisitionRow) -> tuple[Cell, ...]:
        due = time_left(row.due_at, self.context.desk.clock())
        state = Cell(f"! urgent, {due.word}", due.role or "warn") if row.is_urgent else Cell(due.text, due.role)
        return (
            Cell(row.number),
            Cell(row.payee),
            Cell(self.context.listed(row.amount)),
            state,
            Cell(row.requested_by.name),
            Cell(row.purpose),
        )

    def _gone(self, reading: Reading, rows: Sequence[RequisitionRow]) -> Mapping[UUID, tuple[Cell, ...]]:
        """Rows that somebody else decided, with who did what where the deadline stood."""
        found = outcomes.of_requisitions(reading, [row.id for row in rows])
        drawn = {}
        for row in rows:
            cells = list(self._cells(row))
            words = found[row.id].words if row.id in found else "not yours any more"
            # Who took it matters more of a row that is gone than its amount, or in few columns its payee.
            cells[_DUE] = Cell(f"− {words}", "muted", reach=_DUE - _PAYEE)
            drawn[row.id] = tuple(cells)
        return drawn

    def became_of(self, row: RequisitionRow) -> str:
        under = self.table.cursor_row
        return under.cells[_DUE].text.removeprefix("− ") if under is not None else "it is decided"

    def action_sort(self) -> None:
        """Sort by age, by amount, or by the time that is left."""
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]
        self.table.set_source(self.source(), empty=self.empty_text, keep_marks=True)
        self._show_name()

    def show_object(self, number: str) -> None:
        """Put the cursor on a requisition, if it waits for the person."""

        def found(page: Page[RequisitionRow]) -> None:
            row = next((row for row in page.items if row.number == number), None)
            if row is None:
                self.tell(f"{number} does not wait for your decision any more.", warning=True)
            else:
                self.go_to_row(row.id, row.number)

        self.seek(partial(requisition_views.queue, search=number), then=found)

    # -- the title -----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._show_name()
        self._weigh()

    def filter_changed(self, text: str) -> None:
        super().filter_changed(text)
        self._weigh()

    def reload(self) -> None:
        super().reload()
        self._weigh()

    def books_changed(self) -> None:
        super().books_changed()
        self._weigh()

    def _weigh(self) -> None:
        def weighed(total: Total) -> None:
            self._total = total
            self._show_name()

        search = self.filter_text
        self.ask("total", partial(requisition_views.weigh_queue, search=search or None), then=weighed, failed=_unknown)

    def _show_name(self) -> None:
        """Name the order, how many wait, and what they come to."""
        total, found = self._total, ""
        if total is not None:
            amounts = " + ".join(self.context.money_with_currency(amount) for amount in total.amounts)
            found = f": {total.count}{f', {amounts}' if amounts else ''}"
        self.show_title(f"Approvals by {self._order.value}{found}")

    # -- the detail ----------------------------------------------------------------------------------------------------

    def read_detail(self, value: RequisitionRow) -> Case:
        return self.context.read(read_case, value)

    def draw_detail(self, detail: Case) -> Content:
        return draw_case(detail, self.context)

    def to_decide(self) -> RequisitionRow | None:
        row = super().to_decide()
        return None if row is not None and self.has_slid(row.number) else row


def _unknown(error: object) -> None:
    """The title says nothing of a total that could not be read; the list itself tells why."""
