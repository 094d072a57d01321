"""One entry of a cash book, and from it to its payment, its requisition and who signed for it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pettycash_tui.actions import binding, bindings_for, key
from pettycash_tui.models.text import printable
from pettycash_tui.screens.clipboard import send_to_clipboard
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.ledger_text import draw_entry
from pettycash_tui.screens.payment_text import draw_payment
from pettycash_tui.screens.requisition_text import detail_text, draw_trail
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.timeline import draw_timeline
from pettycash_tui.services import ledger_origin, payment_case
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.ledger_views import EntryView
from pettycash_tui.services.payment_case import PaymentCase
from pettycash_tui.services.requisition_detail import RequisitionDetail
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import status_mark
from pettycash_tui.widgets.background import Background, WindowMark
from pettycash_tui.widgets.plain import PlainText

_DRILLS = {"payment": "payment", "requisition": "requisition", "trail": "trail"}


class EntryWindow(Background, ModalScreen[None]):
    """Shows an entry until esc or enter; what it comes from opens above it, and esc leads back step by step."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        *bindings_for("entry"),
        binding("window.close"),
        binding("list.down"),
        binding("list.up"),
    ]
    DEFAULT_CSS = """
    EntryWindow { align: center middle; }
    EntryWindow > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 90%; padding: 0 1;
        border: round $primary; background: $surface; color: $foreground;
    }
    EntryWindow .title { text-style: bold; color: $primary; margin-bottom: 1; }
    EntryWindow VerticalScroll { height: auto; max-height: 17; scrollbar-size-vertical: 1; }
    EntryWindow .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, entry: EntryView, context: DeskContext) -> None:
        super().__init__()
        self._entry = entry
        self._desk_context = context

    @property
    def text(self) -> str:
        """What is shown."""
        return f"{self._title}\n{draw_entry(self._entry, self._desk_context).plain}"

    @property
    def _title(self) -> str:
        return f"{self._entry.fund} entry {self._entry.sequence}"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield PlainText(self._title, classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(draw_entry(self._entry, self._desk_context), markup=False)
            yield WindowMark()
            yield PlainText(self._foot(), classes="foot")

    def _foot(self) -> str:
        offered = [f"{key(f'entry.{name}')} {word}" for name, word in _DRILLS.items() if self.check_action(name, ())]
        return " · ".join([*offered, f"{key('entry.copy')} copies", f"{key('app.back')} closes"])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What it does not come from is not offered."""
        return bool(self._entry.payment) if action in _DRILLS else True

    def action_row_down(self) -> None:
        """Show the next line."""
        self.query_one(VerticalScroll).scroll_relative(y=1, animate=False)

    def action_row_up(self) -> None:
        """Show the line before."""
        self.query_one(VerticalScroll).scroll_relative(y=-1, animate=False)

    def action_back(self) -> None:
        """Close the window."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the entry."""
        self.notify(send_to_clipboard(self.app, self.text), markup=False)

    # -- what it comes from --------------------------------------------------------------------------------------------

    def action_payment(self) -> None:
        """Show its payment."""

        def show(case: PaymentCase) -> None:
            self._open(f"Payment {case.payment.number}", draw_payment(case, self._desk_context))

        self.read("drill", self._desk_context.read, _payment, self._entry, then=show, failed=self._refused)

    def action_requisition(self) -> None:
        """Show the requisition that was paid."""

        def show(found: RequisitionDetail) -> None:
            self._open(f"Requisition {found.number}", detail_text(self._desk_context, found))

        self.read(
            "drill", self._desk_context.read, ledger_origin.requisition, self._entry.id, then=show, failed=self._refused
        )

    def action_trail(self) -> None:
        """Show who asked for it, approved it and paid it."""

        def show(found: RequisitionDetail) -> None:
            self._open(f"Trail of {found.number}", _draw_trail(found, self._desk_context))

        self.read(
            "drill", self._desk_context.read, ledger_origin.requisition, self._entry.id, then=show, failed=self._refused
        )

    def _open(self, title: str, text: Content) -> None:
        # Only above this window: an answer that comes after another was opened is not piled on it.
        if self.app.screen is self:
            self.app.push_screen(TextWindow(title, text))

    def _refused(self, error: PettyCashError) -> None:
        self.notify(printable(error.message, multiline=True), severity="error", markup=False)


def _payment(reading: Reading, entry: EntryView) -> PaymentCase:
    return payment_case.show(reading, ledger_origin.payment_id(reading, entry.id))


def _draw_trail(found: RequisitionDetail, context: DeskContext) -> Content:
    sheet = Sheet()
    sheet.mark(status_mark(found.status.value), f"{found.number}   {context.money_with_currency(found.amount)}")
    sheet.field("Payee", found.payee, "strong")
    if found.steps:
        sheet.heading("Steps")
        draw_timeline(sheet, found, None, context)
    sheet.heading("Trail")
    for line in found.trail:
        draw_trail(sheet, line, context)
    return sheet.content
