"""What is done with the marked payments together: paid with one code, or written into a file for the bank."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from textual import on
from textual.widget import Widget

from pettycash_tui.actions import key
from pettycash_tui.models.enums import BatchFormat, PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.paying_together import PayTogether
from pettycash_tui.screens.showing_rows import ShowsRow
from pettycash_tui.screens.writing_bank_file import WriteBankFile
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.plain import PlainText
from pettycash_tui.widgets.virtual_table import VirtualTable

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
        self.sent_lists: dict[tuple[UUID, ...], BundleSent] = {}
        """The codes sent for lists from here: a demo shows them, and a window may be closed and opened again."""
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
            keys = f"{key('payments.pay')} pays them · {key('payments.bank_file')} bank file"
            foot.show(f"✓ {len(marked)} marked, {amounts} · {keys}")
        self.refresh_bindings()

    def here(self) -> PaymentView | None:
        """The payment under the cursor that a key acts on."""
        raise NotImplementedError

    def pay_marked(self) -> None:
        """Open the window in which the marked ones are paid."""
        self.app.push_screen(PayTogether(self, self.marked))

    def action_bank_file(self) -> None:
        """Write the marked ones, or the one under the cursor, into a file for the bank."""
        marked = self.marked
        if not marked:
            payment = self.here()
            if payment is None:
                return
            marked = (payment,)
        if not any(payment.method is PaymentMethod.BANK_TRANSFER for payment in marked):
            self.tell("A bank file holds bank transfers: mark some, or put the cursor on one.", warning=True)
            return

        def chosen(format: BatchFormat | None) -> None:
            if format is not None:
                self.app.push_screen(WriteBankFile(self, marked, format))

        choices = [(words, format) for format, words in _FORMATS.items()]
        self.app.push_screen(ChoicePrompt[BatchFormat]("What does the bank read?", choices), chosen)
