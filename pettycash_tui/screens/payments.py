"""Payments: ready, waiting for funds, failed, done; and the keys to pay, assign, retry and cancel them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.list_and_detail import ListAndDetail
from pettycash_tui.screens.pay_dialog import PayDialog
from pettycash_tui.screens.payment_list import STATES, Choice, source_of
from pettycash_tui.screens.payment_text import PaymentCase, draw_payment, draw_reasons, read_payment
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import execution, otp, payments
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import Executed
from pettycash_tui.services.otp import Sent
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.services.payments import PaymentState
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef

_OF_A_ROW = frozenset({"pay", "send_code", "retry", "assign", "cancel", "why"})


class PaymentsScreen(ListAndDetail):
    """The payments of the company, for who pays, assigns or cancels them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("payments")]
    place = "payments"
    help_title = "Payments"
    help_text = (
        "What is approved and has to leave the funds. Enter pays what is yours to pay, with a one-time code.\n"
        "f goes through ready, waiting for funds, failed, done and all."
    )
    filter_hint = "payee, payment, requisition or voucher"
    rights: ClassVar = {
        "pay": Right.EXECUTE,
        "send_code": Right.EXECUTE,
        "retry": Right.EXECUTE,
        "switch_whose": Right.EXECUTE,
        "assign": Right.ASSIGN_EXECUTOR,
        "cancel": Right.CANCEL_PAYMENT,
    }

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._state = 0
        self._only_mine = False
        self.empty_text = self.state.empty
        self.sent: dict[UUID, Sent] = {}
        """The codes sent from here, by payment: a demo shows them, and the dialog may be closed and opened again."""

    # -- the list ------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Choice:
        """Which payments are shown."""
        return STATES[self._state]

    def source(self) -> KeysetSource[PaymentView]:
        search = self.filter_text if self.is_mounted else ""
        return source_of(self.context, self.state, search, mine=self._only_mine)

    def on_mount(self) -> None:
        self._name_state()

    def action_next_status(self) -> None:
        """Show the next state."""
        self._go_to_state(self._state + 1)

    def action_status_before(self) -> None:
        """Show the state before."""
        self._go_to_state(self._state - 1)

    def action_switch_whose(self) -> None:
        """Show only one's own, or all."""
        self._only_mine = not self._only_mine
        self._go_to_state(self._state)

    def _go_to_state(self, state: int) -> None:
        self._state = state % len(STATES)
        self._name_state()
        self.show_list()

    def _name_state(self) -> None:
        self.empty_text = self.state.empty
        whose = ", mine" if self._only_mine else ""
        self.show_title(f"Payments: {self.state.name}{whose}")

    def read_detail(self, value: PaymentView) -> PaymentCase:
        return self.context.read(read_payment, value.id)

    def draw_detail(self, detail: PaymentCase) -> Content:
        return draw_payment(detail, self.context)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Paying is offered for what is one's own to pay; retrying for what has failed."""
        if not super().check_action(action, parameters):
            return False
        if action in _OF_A_ROW and self.value is None:
            return False
        case: PaymentCase | None = self.detail
        if case is None:
            return True
        if action in ("pay", "send_code"):
            return case.explanation.allowed
        if action == "retry":
            return case.payment.status is PaymentStatus.FAILED
        if action in ("assign", "cancel"):
            return case.payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
        return True

    # -- paying --------------------------------------------------------------------------------------------------------

    def open_row(self) -> None:
        """Pay what is one's own to pay; show why not, or the detail, for the others."""
        if self.check_action("pay", ()):
            self.action_pay()
        else:
            super().open_row()

    def action_pay(self) -> None:
        """Open the dialog in which it is paid."""
        if self.value is not None:
            # The key is made once for each opening: however often enter is pressed in it, one payment leaves.
            self.app.push_screen(PayDialog(self, self.value, str(new_id())))

    def action_send_code(self) -> None:
        """Send a code without opening the dialog."""
        payment: PaymentView | None = self.value
        if payment is not None:
            self.write(
                partial(otp.send, self.context.desk, self.context.actor, payment.id),
                then=partial(self._code_sent, payment),
                failed=self.show_error,
                key=f"code:{payment.id}",
            )

    def pay(self, dialog: PayDialog, payment: PaymentView, code: str | None, reference: str, key: str) -> bool:
        """Execute a payment; False when that is under way already. The result goes to the dialog while it is open.

        It is this screen that writes: a dialog that was left takes no result any more, but the payment goes on.
        """

        def execute() -> Executed:
            return execution.execute(
                self.context.desk,
                self.context.actor,
                payment.id,
                code=code,
                reference=reference,
                idempotency_key=key,
            )

        return self.write(
            execute,
            then=partial(self._paid, dialog),
            failed=partial(self._not_paid, dialog),
            key=f"pay:{payment.id}",
        )

    def is_paying(self, payment: PaymentView) -> bool:
        """Whether it is being executed at this moment."""
        return self.is_writing(f"pay:{payment.id}")

    def _paid(self, dialog: PayDialog, done: Executed) -> None:
        self.sent.pop(done.payment_id, None)
        if dialog.is_attached:
            dialog.show_paid(done)
        else:
            self.tell(f"{done.payment} is paid: voucher {done.voucher_number}, reference {done.gateway_reference}.")
        self.reload()

    def _not_paid(self, dialog: PayDialog, error: PettyCashError) -> None:
        if dialog.is_attached:
            dialog.show_refusal(error)
        else:
            self.show_error(error)
        self.reload()

    def _code_sent(self, payment: PaymentView, sent: Sent) -> None:
        self.sent[payment.id] = sent
        code = f" Its code in this demo: {sent.demo_code}." if sent.demo_code else ""
        self.tell(f"A code for {payment.number} is on its way to {sent.sent_to}.{code} Enter opens the payment.")

    # -- the other keys ------------------------------------------------------------------------------------------------

    def action_why(self) -> None:
        """Show every reason why it cannot be paid now."""
        payment: PaymentView | None = self.value
        if payment is None:
            return

        def explained(case: PaymentCase) -> None:
            self.app.push_screen(TextWindow(f"Paying {payment.number}", draw_reasons(case.explanation)))

        self.ask("why", read_payment, payment.id, then=explained)

    def action_retry(self) -> None:
        """Make a failed payment ready again."""
        payment: PaymentView | None = self.value
        if payment is not None:
            self.act(payments.retry, payment.id, then=self._changed, failed=self._refused)

    def action_cancel(self) -> None:
        """Cancel it for good, with a reason."""
        payment: PaymentView | None = self.value
        if payment is None:
            return

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.act(payments.cancel, payment.id, reason, then=self._changed, failed=self._refused)

        lines = [f"{self.context.money_with_currency(payment.amount)} to {payment.payee}", payment.purpose]
        self.app.push_screen(ReasonPrompt(f"Cancel {payment.number}", lines, confirm_label="Cancel it"), answered)

    def action_assign(self) -> None:
        """Choose who pays it."""
        payment: PaymentView | None = self.value
        if payment is not None:
            self.ask("assign", payments.eligible_executors, payment.id, then=partial(self._choose_officer, payment))

    def _choose_officer(self, payment: PaymentView, officers: tuple[PersonRef, ...]) -> None:
        if not officers:
            self.tell(f"No treasury officer may pay {payment.number}: each asked for it or approved it.", warning=True)
            return

        def chosen(username: str | None) -> None:
            if username is not None:
                self.act(payments.assign, payment.id, username, then=self._changed, failed=self._refused)

        choices = [(f"{officer.name}  ({officer.username})", officer.username) for officer in officers]
        lines = [f"{self.context.money_with_currency(payment.amount)} to {payment.payee}"]
        self.app.push_screen(ChoicePrompt(f"Who pays {payment.number}?", choices, lines), chosen)

    def _changed(self, state: PaymentState) -> None:
        who = f", assigned to {state.executor}" if state.executor else ""
        self.tell(f"{state.number} is {state.status.label.lower()}{who}.")
        self.reload()

    def _refused(self, error: PettyCashError) -> None:
        self.show_error(error)
        self.reload()
