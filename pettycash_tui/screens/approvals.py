"""Approvals: what waits for one's decision, the longest waiting first, and the keys to decide it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for
from pettycash_tui.screens.approval_detail import (
    Case,
    draw_case,
    read_case,
    time_left,
    waits_for_urgency,
)
from pettycash_tui.screens.approving_together import Outcome, approve_each, draw_outcomes, question
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.requisition_text import explanation_text
from pettycash_tui.screens.sources import KeysetSource, longest_waiting_first
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import requisition_views, workflow
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.requisition_views import Explanation, RequisitionRow
from pettycash_tui.services.workflow import Acted
from pettycash_tui.widgets.cells import Cell, Column
from pettycash_tui.widgets.virtual_table import VirtualTable

COLUMNS = (
    Column("number", "Number", width=10),
    Column("payee", "Payee", min_width=12),
    Column("amount", "Amount", width=16, align="right"),
    Column("due", "Due", width=14),
    Column("urgent", "Urgent", width=8),
    Column("asked_by", "Asked by", min_width=14, optional=True),
    Column("purpose", "Purpose", min_width=16, optional=True),
)


class ApprovalsScreen(ListAndDetail):
    """The queue of an approver, a treasury officer (validating) or a reviewer."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("approvals")]
    place = "approvals"
    help_title = "Approvals"
    help_text = (
        "What waits for your decision, the longest waiting first. What you decide is on the trail for good.\n"
        "Mark several with space to approve them together."
    )
    filter_hint = "payee, purpose or number"
    empty_text = "Nothing waits for your decision."

    look_seconds = 0.4
    """How long a row that came under the cursor by itself must be there before a key decides on it."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._under_cursor: tuple[object, int] = (None, -1)
        self._slid_at = float("-inf")

    def source(self) -> KeysetSource[RequisitionRow]:
        search = self.filter_text if self.is_mounted else ""
        return KeysetSource(
            self.context,
            COLUMNS,
            requisition_views.queue,
            cells=self._cells,
            counter=None if search else requisition_views.count_queue,
            cursor=longest_waiting_first,
            backwards="newest_first",
            **({"search": search} if search else {}),
        )

    def _cells(self, row: RequisitionRow) -> tuple[Cell, ...]:
        due = time_left(row.due_at, self.context.desk.clock())
        return (
            Cell(row.number),
            Cell(row.payee),
            Cell(self.context.money_with_currency(row.amount)),
            Cell(due.text, due.role),
            Cell("! urgent", "warn") if row.is_urgent else Cell(""),
            Cell(row.requested_by.name),
            Cell(row.purpose),
        )

    def read_detail(self, value: RequisitionRow) -> Case:
        return self.context.read(read_case, value.id)

    def draw_detail(self, detail: Case) -> Content:
        return draw_case(detail, self.context)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Urgency is decided only where it is open."""
        if action in ("confirm_urgency", "decline_urgency"):
            row = self.value
            return row is not None and waits_for_urgency(row.status)
        if action == "why":
            return self.value is not None
        return super().check_action(action, parameters)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Approve the requisition, or all marked ones after one question."""
        marked = [row.value for row in self.table.marked_rows]
        if marked:
            self._approve_marked(marked)
        elif (row := self._to_decide()) is not None:
            if waits_for_urgency(row.status):
                self.tell(f"{row.number} waits for its urgency: u confirms and approves it, d declines.", warning=True)
            else:
                self._decide(row, workflow.approve)

    def action_approve_comment(self) -> None:
        """Approve it with a comment."""
        row = self._to_decide()
        if row is not None:
            service = workflow.confirm_urgency if waits_for_urgency(row.status) else workflow.approve
            self._ask(row, "Approve", service, required=False)

    def action_reject(self) -> None:
        """Reject it for good, with a reason."""
        if (row := self._to_decide()) is not None:
            self._ask(row, "Reject", workflow.reject)

    def action_request_changes(self) -> None:
        """Send it back, with a reason."""
        if (row := self._to_decide()) is not None:
            self._ask(row, "Ask for changes to", workflow.request_changes, undo="")

    def action_confirm_urgency(self) -> None:
        """Confirm that it is urgent, which approves it."""
        if (row := self._to_decide()) is not None:
            self._decide(row, workflow.confirm_urgency)

    def action_decline_urgency(self) -> None:
        """Say that it is not urgent."""
        if (row := self._to_decide()) is not None:
            self._decide(row, workflow.decline_urgency)

    def action_why(self) -> None:
        """Explain how it is routed, and why one may or may not decide."""
        row = self.value
        if row is None:
            return

        def explained(found: Explanation) -> None:
            self.app.push_screen(TextWindow(f"Why {row.number} is here", explanation_text(found)))

        self.ask("why", requisition_views.explain, row.id, then=explained)

    def _to_decide(self) -> RequisitionRow | None:
        row: RequisitionRow | None = self.value
        if row is None:
            self.tell("There is nothing to decide.", warning=True)
            return None
        if time.monotonic() - self._slid_at < self.look_seconds:
            self.tell(f"{row.number} has only just come under the cursor. Look at it, then decide.", warning=True)
            return None
        return row

    def _decide(self, row: RequisitionRow, service: Callable[..., Acted], text: str = "") -> None:
        def decide() -> Acted:
            return self.context.desk.run(self.context.actor, service, row.id, text, expected_step=row.step_id)

        begun = self.write(decide, then=self._decided, failed=self._refused, key=("decide", row.step_id))
        if not begun:
            self.tell(f"{row.number} is being decided already.", warning=True)

    def _ask(
        self,
        row: RequisitionRow,
        verb: str,
        service: Callable[..., Acted],
        *,
        required: bool = True,
        **options: Any,
    ) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                self._decide(row, service, text)

        lines = [f"{self.context.money_with_currency(row.amount)} to {row.payee}", row.purpose]
        prompt = ReasonPrompt(f"{verb} {row.number}", lines, required, confirm_label=verb.partition(" ")[0], **options)
        self.app.push_screen(prompt, answered)

    def _decided(self, acted: Acted) -> None:
        payment = f"; {acted.payment} is made" if acted.payment else f"; it is now {acted.status.label.lower()}"
        self.tell(f"{acted.number}: {acted.action.label.lower()}{payment}.")
        self.reload()

    def _refused(self, error: PettyCashError) -> None:
        # Somebody else may have been faster: the list is read again, and the cursor stays on its row if it is there.
        self.show_error(error)
        self.reload()

    # -- several at once -----------------------------------------------------------------------------------------------

    def _approve_marked(self, rows: list[RequisitionRow]) -> None:
        def answered(yes: bool | None) -> None:
            if not yes:
                return
            begun = self.write(
                partial(approve_each, self.context, rows),
                then=self._approved_together,
                failed=self._refused,
                key="approve together",
            )
            if not begun:
                self.tell("The ones before are still being approved.", warning=True)

        title = f"Approve {len(rows)} requisition{'s' if len(rows) > 1 else ''}"
        self.app.push_screen(ConfirmPrompt(title, question(self.context, rows), "Approve"), answered)

    def _approved_together(self, outcomes: tuple[Outcome, ...]) -> None:
        self.table.clear_marks()
        self.reload()
        if any(outcome.refusal for outcome in outcomes):
            self.app.push_screen(TextWindow("Approved together", draw_outcomes(outcomes)))
        else:
            self.tell(f"{len(outcomes)} approved.")

    @on(VirtualTable.RowHighlighted)
    def _notice_a_row_that_slid(self, message: VirtualTable.RowHighlighted) -> None:
        # The row that stood here is gone and the next one has taken its place: a key meant for the old one must not
        # decide on the new one.
        key = message.row.key if message.row is not None else None
        before, index = self._under_cursor
        if before is not None and key != before and index == self.table.cursor_index:
            self._slid_at = time.monotonic()
        self._under_cursor = (key, self.table.cursor_index)
