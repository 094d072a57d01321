"""What is done with the marked payments together: paid with one code, written for the bank, or given a later day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from textual import on
from textual.widget import Widget

from pettycash_tui.actions import key
from pettycash_tui.models.enums import BatchFormat, PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.listed import payments
from pettycash_tui.screens.paying_together import PayTogether
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.scheduling import ScheduleTogether
from pettycash_tui.screens.showing_rows import ShowsRow
from pettycash_tui.screens.typed_reasons import TypedReasons
from pettycash_tui.screens.writing_bank_file import WriteBankFile
from pettycash_tui.services import schedules
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.services.schedules import Unscheduled
from pettycash_tui.widgets.plain import PlainText
from pettycash_tui.widgets.virtual_table import VirtualTable

_MOST_LINES = 5
_FORMATS = {
    BatchFormat.PAIN001: "pain.001, the ISO 20022 file that most banks read",
    BatchFormat.CSV: "CSV, a table for banks that read one",
}


class MarkedPayments(ShowsRow):
    """A list of payments whose foot tells how many are marked and what they come to."""

    DEFAULT_CSS = """
    MarkedPayments #marked { display: none; height: 1; padding: 0 1; color: $primary; text-style: bold;
        text-wrap: nowrap; text-overflow: ellipsis; }
    MarkedPayments #marked.-shown { display: block; }
    """

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self.typed_reasons = TypedReasons()
        self.sent_lists: dict[tuple[tuple[UUID, ...], date | None], BundleSent] = {}
        """The codes sent from here, by list and day: a demo shows them, and a window may be closed and opened again."""
        self.typed_references: dict[UUID, str] = {}
        """What was typed for payments that are not paid yet: a window that was left loses nothing."""

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield PlainText(id="marked")

    @property
    def marked(self) -> tuple[PaymentView, ...]:
        """The marked payments, as they were when they were marked."""
        return tuple(row.value for row in self.table.marked_rows) if self.is_mounted else ()

    @on(VirtualTable.MarksChanged)
    def _show_marked(self) -> None:
        marked, foot = self.marked, self.query_one("#marked", PlainText)
        foot.set_class(bool(marked), "-shown")
        if marked:
            sums: dict[str, Money] = {}
            for payment in marked:
                known = sums.get(payment.amount.currency)
                sums[payment.amount.currency] = payment.amount if known is None else known + payment.amount
            amounts = " + ".join(self.context.money_with_currency(amount) for amount in sums.values())
            does = (("pay", "pays"), ("bank_file", "bank file"), ("schedule", "schedules"))
            keys = " · ".join(f"{key(f'payments.{action}')} {words}" for action, words in does)
            foot.show(f"✓ {len(marked)} marked, {amounts} · {keys}")
        self.refresh_bindings()

    def done_with(self, ids: Iterable[UUID]) -> None:
        """These are paid, sent or confirmed: what was kept for them is forgotten."""
        done = tuple(ids)
        for payment in done:
            self.typed_references.pop(payment, None)
        self.table.unmark(done)

    def here(self) -> PaymentView | None:
        """The payment under the cursor that a key acts on."""
        raise NotImplementedError

    def marked_or_here(self) -> tuple[PaymentView, ...]:
        """The marked ones, or the one under the cursor; none, with the reason told, where it is gone."""
        if marked := self.marked:
            return marked
        payment = self.here()
        return () if payment is None else (payment,)

    def pay_marked(self) -> None:
        """Open the window in which the marked ones are paid."""
        self.app.push_screen(PayTogether(self, self.marked))

    def action_bank_file(self) -> None:
        """Write the marked ones, or the one under the cursor, into a file for the bank."""
        marked = self.marked_or_here()
        if not marked:
            return
        if not any(payment.method is PaymentMethod.BANK_TRANSFER for payment in marked):
            self.tell("A bank file holds bank transfers: mark some, or put the cursor on one.", warning=True)
            return

        def chosen(format: BatchFormat | None) -> None:
            if format is not None:
                self.app.push_screen(WriteBankFile(self, marked, format))

        choices = [(words, format) for format, words in _FORMATS.items()]
        self.app.push_screen(ChoicePrompt[BatchFormat]("What does the bank read?", choices), chosen)

    # -- for a later day -----------------------------------------------------------------------------------------------

    def action_schedule(self) -> None:
        """Confirm the marked ones, or the one under the cursor, for a later day."""
        if marked := self.marked_or_here():
            self.app.push_screen(ScheduleTogether(self, marked))

    def action_unschedule(self) -> None:
        """Take the day of the marked ones, or of the one under the cursor, away again; a reason is asked."""
        scheduled = [payment for payment in self.marked_or_here() if payment.scheduled_for is not None]
        if not scheduled:
            self.tell("None of these is scheduled for a day.", warning=True)
            return
        ids = [payment.id for payment in scheduled]
        about = ("unschedule", *ids)

        def unschedule(reason: str) -> None:
            self.act(schedules.unschedule, ids, reason, then=done, failed=failed)

        def done(found: Unscheduled) -> None:
            self.typed_reasons.sent(about)
            self.done_with(ids)
            names = found.payments[0].payment if len(found.payments) == 1 else payments(len(found.payments))
            self.tell(f"{names} not scheduled any more: ready to be paid.")
            self.reload()

        def failed(error: PettyCashError) -> None:
            self.show_error(error)
            self.reload()

        lines = [
            f"{payment.number:<11}{self.context.money_with_currency(payment.amount):>17}  on {payment.scheduled_for}"
            for payment in scheduled[:_MOST_LINES]
        ]
        if len(scheduled) > _MOST_LINES:
            lines.append(f"and {len(scheduled) - _MOST_LINES} more, marked ✓ in the list")
        prompt = ReasonPrompt(
            f"Unschedule {scheduled[0].number if len(scheduled) == 1 else payments(len(scheduled))}",
            lines,
            confirm_label="Unschedule",
            cancel_label="Keep",
            undo="They can be paid again, or confirmed for another day with a new code.",
            text=self.typed_reasons.of(about),
        )
        self.app.push_screen(prompt, self.typed_reasons.keeping(about, unschedule))
