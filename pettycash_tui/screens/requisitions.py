"""The requisitions: one's own or all that one may see, with the one under the cursor in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.models.enums import EDITABLE, IN_APPROVAL, REQUISITION_FLOW, RequisitionStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.desk_screen import FilterBar
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.reassigning import Reassigning
from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.screens.requisition_sending import Sent, sentence, told
from pettycash_tui.screens.requisition_text import detail_text, explanation_text, prompt_lines
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import duplicates, export_lists, requisition_views, submission
from pettycash_tui.services.acts import Acted
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.permissions import Scope
from pettycash_tui.services.requisition_views import (
    Explanation,
    RequisitionDetail,
    RequisitionFilter,
    RequisitionRow,
)
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.cells import Cell, Column


@dataclass(frozen=True, slots=True)
class Whole:
    """A requisition with what looks like it, in sentences."""

    detail: RequisitionDetail
    alike: tuple[str, ...]


def read_whole(reading: Reading, row: RequisitionRow) -> Whole:
    """The requisition of a row. Raises NotFound."""
    return Whole(requisition_views.show(reading, row.id), duplicates.of_requisition(reading, row.id).sentences)


def columns_of(context: DeskContext) -> tuple[Column, ...]:
    """The columns of the list."""
    return (
        Column("number", "Number", width=10),
        Column("status", "Status", width=18),
        Column("urgent", "!", width=1),
        context.amount_column,
        Column("payee", "Payee", share=3, min_width=12),
        Column("day", "Written", width=10, optional=True),
        Column("requester", "Requester", share=2, min_width=12, optional=True),
    )


def cells_of(context: DeskContext, row: RequisitionRow) -> tuple[Cell, ...]:
    """A requisition as one line of the list."""
    mark = status_mark(row.status.value)
    return (
        Cell(row.number),
        Cell(mark.text, mark.role),
        Cell("!" if row.is_urgent else "", "warn"),
        Cell(context.listed(row.amount)),
        Cell(row.payee),
        Cell(str(context.day(row.created_at)), "muted"),
        Cell(row.requested_by.name),
    )


class RequisitionsScreen(Reassigning):
    """The list of requisitions."""

    place = "requisitions"
    help_title = "Requisitions"
    filter_hint = "number, payee or purpose"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("requisitions")]

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._mine = context.actor.scope is Scope.OWN
        self._status: RequisitionStatus | None = None
        self.help_text = (
            "Follow what was asked for: where it stands, who acts next, what was said."
            f" {key('requisitions.whose')} switches between yours and all that you may see,"
            f" {key('requisitions.status')} shows one status, {key('requisitions.why')} says why it is routed so,"
            f" {key('requisitions.duplicate')} writes a new one like it."
        )
        self.empty_text = self._nothing("")

    def on_mount(self) -> None:
        self.table.focus()
        self._say_what_is_shown()

    # -- which are shown -----------------------------------------------------------------------------------------------

    def source(self) -> KeysetSource[RequisitionRow]:
        """One's own or all, of one status or any, that match the filter."""
        return KeysetSource(
            self.context,
            columns_of(self.context),
            requisition_views.list_requisitions,
            self._given,
            cells=lambda row: cells_of(self.context, row),
            counter=requisition_views.count_requisitions,
        )

    @property
    def _given(self) -> RequisitionFilter:
        text = self.filter_text if self.is_mounted else ""
        return RequisitionFilter(mine=self._mine, status=self._status, search=text or None)

    def export_request(self) -> ExportRequest:
        """All that the list shows."""
        return export_lists.requisitions(self._given)

    def filter_changed(self, text: str) -> None:
        """Show what matches."""
        self._say_what_is_shown()
        self.show_list()

    def _say_what_is_shown(self) -> None:
        shown = ["mine" if self._mine else "all"]
        shown += [status_mark(self._status.value).word] if self._status else []
        shown += [f"“{self.filter_text}”"] if self.filter_text else []
        self.show_title(f"{self.help_title}: {', '.join(shown)}")
        self.empty_text = self._nothing(self.filter_text)

    def _nothing(self, search: str) -> str:
        """What an empty list says: that there is nothing, or what hides it."""
        if search:
            return f"No requisition matches “{search}”; {key('app.back')} shows all."
        if self._status is not None:
            word = status_mark(self._status.value).word
            return f"No requisition has the status “{word}”; {key('requisitions.status')} shows the next."
        whose = "You have no requisitions yet" if self._mine else "There are no requisitions yet"
        return f"{whose}. {key('requisition.new')} enters one."

    def show_object(self, number: str) -> None:
        """Show the requisition of that number alone, whoever's and in whatever status it is; esc shows all again."""
        self._mine, self._status = False, None
        bar = self.query_one(FilterBar)
        with bar.prevent(FilterBar.Changed):
            bar.value = number
        bar.add_class("-open")
        self.filter_changed(number)
        self.table.focus()

    def action_switch_whose(self) -> None:
        """Show one's own, or all that one may see."""
        self._mine = not self._mine
        self.filter_changed(self.filter_text)

    def action_next_status(self) -> None:
        """Show only the next status that there is, and after the last all again."""
        given = RequisitionFilter(mine=self._mine, search=self.filter_text or None)
        self.ask("statuses", requisition_views.statuses_present, given, then=self._show_next_status)

    def _show_next_status(self, present: tuple[RequisitionStatus, ...]) -> None:
        order = (None, *present)
        place = order.index(self._status) if self._status in order else 0
        self._status = order[(place + 1) % len(order)]
        self.filter_changed(self.filter_text)

    # -- the one under the cursor --------------------------------------------------------------------------------------

    def read_detail(self, value: RequisitionRow) -> Whole:
        """The requisition with its steps, trail and attachments, and what looks like it."""
        return self.context.read(read_whole, value)

    def draw_detail(self, detail: Whole) -> Content:
        """What stands in the pane."""
        return detail_text(self.context, detail.detail, detail.alike)

    @property
    def row(self) -> RequisitionRow | None:
        """The requisition under the cursor."""
        value: RequisitionRow | None = self.value
        return value

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the state of the requisition under the cursor lets its requester do."""
        if action in ("submit", "edit", "withdraw", "why", "duplicate"):
            row = self.row
            if row is None or action in ("why", "duplicate"):
                return row is not None
            if row.requested_by.id != self.context.actor.id:
                return False
            # What was read last: the line may have been drawn before somebody else acted.
            status = self.detail.detail.status if self.detail is not None else row.status
            if action == "withdraw":
                return RequisitionStatus.WITHDRAWN in REQUISITION_FLOW[status]
            return status in EDITABLE
        if action == "reassign" and (self.row is None or self.row.status not in IN_APPROVAL):
            return False
        return super().check_action(action, parameters)

    def row_to_reassign(self) -> RequisitionRow | None:
        """The requisition under the cursor."""
        return self.row

    # -- acting --------------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Change the draft, or what was sent back."""
        if self.row is not None:
            self.app.push_screen(RequisitionFormScreen(self.context, self.row.number))

    def action_duplicate(self) -> None:
        """Write a new one like it."""
        if self.row is not None:
            self.app.push_screen(RequisitionFormScreen(self.context, like=self.row.number))

    def action_submit(self) -> None:
        """Submit the draft, or the changed requisition anew."""
        row, context = self.row, self.context
        if row is not None:
            self.write(
                lambda: told(context, context.run(submission.submit, row.id)),
                then=self._submitted,
                failed=self.show_error,
                key=("submit", row.id),
            )

    def _submitted(self, sent: Sent) -> None:
        self.tell(sentence(sent))
        for warning in sent.warnings:
            self.tell(warning, warning=True)
        self.reload()

    def action_withdraw(self) -> None:
        """Take it back, after asking for the reason."""
        row = self.row
        if row is None:
            return
        prompt = ReasonPrompt(
            f"Withdraw {row.number}?",
            prompt_lines(row.amount, row.payee, row.purpose, self.context),
            required=False,
            confirm_label="Withdraw",
        )
        self.app.push_screen(prompt, lambda reason: self._withdraw(row, reason))

    def _withdraw(self, row: RequisitionRow, reason: str | None) -> None:
        if reason is not None:
            self.act(submission.withdraw, row.id, reason, then=self._withdrawn)

    def _withdrawn(self, acted: Acted) -> None:
        self.tell(f"{acted.number} is withdrawn.")
        self.reload()

    def action_why(self) -> None:
        """Explain its route, and what one may do."""
        if self.row is not None:
            self.ask("why", requisition_views.explain, self.row.id, then=self._explain)

    def _explain(self, found: Explanation) -> None:
        self.app.push_screen(TextWindow(f"Why {found.number} is routed so", explanation_text(found)))
