"""Payments: ready, waiting for funds, failed, done; and the keys to pay, assign, retry and cancel them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.binding import BindingType
from textual.content import Content

from pettycash_tui.actions import bindings_for, key
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import PaymentMethod, PaymentStatus
from pettycash_tui.screens.asking_code import SENDING
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.marked_payments import MarkedPayments
from pettycash_tui.screens.pay_dialog import PayDialog
from pettycash_tui.screens.payment_list import STATE, STATES, Choice, narrowed, place_of, source_of
from pettycash_tui.screens.payment_text import draw_payment, draw_reasons
from pettycash_tui.screens.prompts import NO_UNDO, ReasonPrompt
from pettycash_tui.screens.sources import KeysetSource
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import execution, export_lists, otp, payment_case, payment_views, payments, settling
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import Awaited, Executed
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.otp import Sent
from pettycash_tui.services.payment_case import PaymentCase
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.services.payments import PaymentState
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.settling import Asked
from pettycash_tui.services.totals import Total

_ALL = len(STATES) - 1
_OF_MARKED = frozenset({"pay", "bank_file", "schedule", "unschedule"})
_WITHOUT_HANDS = (PaymentMethod.MPESA, PaymentMethod.BANK_TRANSFER)
"""What can be executed on a day without somebody who hands it over."""
_OF_A_ROW = frozenset(
    {"pay", "bank_file", "schedule", "unschedule", "send_code", "retry", "ask_state", "assign", "cancel", "why"}
)


class PaymentsScreen(MarkedPayments):
    """The payments of the company, for who pays, assigns or cancels them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("payments")]
    place = "payments"
    help_title = "Payments"
    filter_hint = "payee, payment, requisition or voucher"
    rights: ClassVar = {
        "pay": Right.EXECUTE,
        "send_code": Right.EXECUTE,
        "bank_file": Right.EXECUTE,
        "schedule": Right.EXECUTE,
        "unschedule": (Right.EXECUTE, Right.CANCEL_PAYMENT),
        "retry": Right.EXECUTE,
        "ask_state": Right.EXECUTE,
        "switch_whose": Right.EXECUTE,
        "assign": Right.ASSIGN_EXECUTOR,
        "cancel": Right.CANCEL_PAYMENT,
    }

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self.help_text = (
            f"What is approved and has to leave the funds; {key('list.open')} pays what is yours to pay, with a"
            f" one-time code. {key('list.mark')} marks several, to be paid with one code or written into a bank file.\n"
            f"{key('payments.status')} goes through ready, waiting for funds, failed, no answer, scheduled, done and"
            " all."
        )
        self._state = 0
        self._only_mine = False
        self._total: Total | None = None
        self.paid_here: set[UUID] = set()
        """What was paid from this screen."""
        self.sent: dict[UUID, Sent] = {}
        """The codes sent from here, by payment: a demo shows them, and the dialog may be closed and opened again."""

    # -- the list ------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Choice:
        """Which payments are shown."""
        return STATES[self._state]

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What is said when nothing is listed: whether there is nothing, or nothing matches."""
        if self._search:
            return f"Nothing matches “{self._search}”; {key('app.back')} shows all."
        return f"{self.state.empty} {key('payments.status')} shows those in another state."

    @property
    def _search(self) -> str:
        return self.filter_text if self.is_mounted else ""

    def source(self) -> KeysetSource[PaymentView]:
        return source_of(self.context, self.state, self._search, mine=self._only_mine)

    def export_request(self) -> ExportRequest:
        """All that the list shows."""
        given = narrowed(self.state, self._search, mine=self._only_mine)
        return export_lists.payments(given, oldest_first=self.state.oldest_first)

    def on_mount(self) -> None:
        self._weigh()

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
        self._weigh(forget=True)
        self.show_list()

    def filter_changed(self, text: str) -> None:
        super().filter_changed(text)
        self._weigh()

    def reload(self) -> None:
        super().reload()
        self._weigh()

    def books_changed(self) -> None:
        super().books_changed()
        self._weigh()

    def _weigh(self, *, forget: bool = False) -> None:
        """Read how many payments are shown and what they come to, for the title."""

        def weighed(total: Total) -> None:
            self._total = total
            self._name_state()

        if forget:
            self._total = None
        self._name_state()
        given = narrowed(self.state, self._search, mine=self._only_mine)
        self.ask("total", payment_views.weigh_payments, given, then=weighed, failed=_unknown)

    def _name_state(self) -> None:
        found = ""
        if self._total is not None:
            amounts = " + ".join(self.context.money_with_currency(amount) for amount in self._total.amounts)
            found = f" {self._total.count}{f', {amounts}' if amounts else ''}"
        whose = ", mine" if self._only_mine else ""
        self.show_title(f"Payments: {self.state.name}{whose}{found}")

    def show_object(self, number: str) -> None:
        """Put the cursor on a payment, among the state that it is in."""

        def found(payment: PaymentView) -> None:
            place = place_of(payment)
            mine = payment.executor is not None and payment.executor.id == self.context.actor.id
            if self._only_mine and not mine:
                self._only_mine = False
            elif self._state in (place, _ALL):
                self.go_to_row(payment.id, payment.number)
                return
            self._go_to_state(place)
            self.narrow_to(payment.number)

        self.seek(payment_views.show, number, then=found)

    def read_detail(self, value: PaymentView) -> PaymentCase:
        return self.context.read(payment_case.show, value.id)

    def draw_detail(self, detail: PaymentCase) -> Content:
        return draw_payment(detail, self.context)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Paying is offered for what is one's own to pay; retrying for what has failed."""
        if not super().check_action(action, parameters):
            return False
        if self.marked and action in _OF_MARKED:
            return action != "unschedule" or any(payment.scheduled_for for payment in self.marked)
        if action in _OF_A_ROW and self.value is None:
            return False
        case: PaymentCase | None = self.detail
        # A row that is gone keeps its keys: each says what became of it.
        if case is None or self.is_gone:
            return True
        if action in ("pay", "send_code"):
            return case.explanation.allowed
        if action in ("bank_file", "schedule", "unschedule"):
            return self._offers(action, case.payment)
        if action == "retry":
            return case.payment.status is PaymentStatus.FAILED
        if action == "ask_state":
            return case.payment.status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN)
        if action in ("assign", "cancel"):
            return case.payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
        return True

    def _offers(self, action: str, payment: PaymentView) -> bool:
        """Whether a payment that is not marked is one for a bank file, for a later day, or has one."""
        is_open = payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
        if action == "unschedule":
            return is_open and payment.scheduled_for is not None
        mine = payment.executor is not None and payment.executor.id == self.context.actor.id
        suits = payment.method in ((PaymentMethod.BANK_TRANSFER,) if action == "bank_file" else _WITHOUT_HANDS)
        return is_open and mine and suits and payment.scheduled_for is None

    def here(self) -> PaymentView | None:
        """The payment that a key acts on; None, with the reason told, where it is gone or there is none."""
        payment: PaymentView | None = self.value
        under = self.table.cursor_row
        if self.is_unsettled:
            self.tell_unsettled()
            return None
        if payment is not None and under is not None and under.gone:
            words = under.cells[STATE].text.removeprefix("− ")
            self.tell(f"{payment.number} is not here any more: {words}.", warning=True)
            return None
        return payment

    # -- paying --------------------------------------------------------------------------------------------------------

    def open_row(self) -> None:
        """Pay what is one's own to pay; show why not, or the detail, for the others."""
        case: PaymentCase | None = self.detail
        if self.check_action("pay", ()) and not self.is_gone and (case is None or case.explanation.allowed):
            self._pay_one()
        else:
            super().open_row()

    def action_pay(self) -> None:
        """Open the window in which all marked ones are paid, or the dialog of the one under the cursor."""
        if self.marked:
            self.pay_marked()
        else:
            self._pay_one()

    def _pay_one(self) -> None:
        if (payment := self.here()) is not None:
            # The key is made once for each opening: however often enter is pressed in it, one payment leaves.
            self.app.push_screen(PayDialog(self, payment, str(new_id())))

    def action_send_code(self) -> None:
        """Send a code without opening the dialog."""
        if (payment := self.here()) is not None:
            self.write(
                partial(otp.send, self.context.desk, self.context.actor, payment.id),
                then=partial(self._code_sent, payment),
                failed=self.show_error,
                key=f"code:{payment.id}",
                waits=SENDING,
            )

    def pay(self, dialog: PayDialog, payment: PaymentView, code: str | None, reference: str, once: str) -> bool:
        """Execute a payment; False when that is under way already. The result goes to the dialog while it is open.

        It is this screen that writes: a dialog that was left takes no result any more, but the payment goes on.
        """

        def execute() -> Executed | Awaited:
            return execution.execute(
                self.context.desk,
                self.context.actor,
                payment.id,
                code=code,
                reference=reference,
                idempotency_key=once,
            )

        return self.write(
            execute,
            then=partial(self._paid, dialog),
            failed=partial(self._not_paid, dialog),
            key=f"pay:{payment.id}",
            waits="paying…",
            window=dialog,
        )

    def is_paying(self, payment: PaymentView) -> bool:
        """Whether it is being executed at this moment."""
        return self.is_writing(f"pay:{payment.id}")

    def _paid(self, dialog: PayDialog, done: Executed | Awaited) -> None:
        self.sent.pop(done.payment_id, None)
        self.paid_here.add(done.payment_id)
        if dialog.is_attached:
            dialog.show_paid(done)
        elif isinstance(done, Awaited):
            self.tell(f"{done.payment} is sent by {done.gateway.label}; its result is awaited.")
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
        opening = f"Open it with {key('list.open')}."
        self.tell(f"A code for {payment.number} is on its way to {sent.sent_to}.{code} {opening}")

    # -- the other keys ------------------------------------------------------------------------------------------------

    def action_why(self) -> None:
        """Show every reason why it cannot be paid now."""
        payment: PaymentView | None = self.value
        if payment is None:
            return

        def explained(case: PaymentCase) -> None:
            self.app.push_screen(TextWindow(f"Paying {payment.number}", draw_reasons(case.explanation)))

        self.ask("why", payment_case.show, payment.id, then=explained)

    def action_retry(self) -> None:
        """Make a failed payment ready again."""
        if (payment := self.here()) is not None:
            self.act(payments.retry, payment.id, then=self._changed, failed=self._refused)

    def action_ask_state(self) -> None:
        """Ask the gateway what became of a payment that was sent."""
        if (payment := self.here()) is None:
            return

        def asked(answer: Asked) -> None:
            self.tell(answer.sentence)
            self.reload()

        self.write(
            partial(settling.ask, self.context.desk, self.context.actor, payment.id),
            then=asked,
            failed=self._refused,
            key=f"ask:{payment.id}",
            waits="asking the gateway…",
        )

    def action_cancel(self) -> None:
        """Cancel it for good, with a reason."""
        if (payment := self.here()) is None:
            return

        def cancel(reason: str) -> None:
            self.act(payments.cancel, payment.id, reason, then=cancelled, failed=self._refused)

        def cancelled(state: PaymentState) -> None:
            self.typed_reasons.sent(payment.id)
            self._changed(state)

        lines = [f"{self.context.money_with_currency(payment.amount)} to {payment.payee}", payment.purpose]
        undo = f"{NO_UNDO} {payment.requisition} is rejected with it."
        prompt = ReasonPrompt(
            f"Cancel {payment.number}",
            lines,
            confirm_label="Cancel it",
            cancel_label="Keep it",
            undo=undo,
            text=self.typed_reasons.of(payment.id),
        )
        self.app.push_screen(prompt, self.typed_reasons.keeping(payment.id, cancel))

    def action_assign(self) -> None:
        """Choose who pays it."""
        if (payment := self.here()) is None:
            return
        lines = [f"{self.context.money_with_currency(payment.amount)} to {payment.payee}"]
        prompt = ChoicePrompt[str](f"Who pays {payment.number}?", None, lines)

        def chosen(username: str | None) -> None:
            if username is not None:
                self.act(payments.assign, payment.id, username, then=self._changed, failed=self._refused)

        def found(officers: tuple[PersonRef, ...]) -> None:
            if not officers:
                close(prompt)
                against = "each asked for it or approved it"
                self.tell(f"No treasury officer may pay {payment.number}: {against}.", warning=True)
            elif prompt.is_attached:
                prompt.fill([(f"{officer.name}  ({officer.username})", officer.username) for officer in officers])

        def failed(error: PettyCashError) -> None:
            close(prompt)
            self.show_error(error)

        self.app.push_screen(prompt, chosen)
        self.ask("assign", payments.eligible_executors, payment.id, then=found, failed=failed)

    def _changed(self, state: PaymentState) -> None:
        who = f", assigned to {state.executor}" if state.executor else ""
        self.tell(f"{state.number} is {state.status.label.lower()}{who}.")
        self.reload()

    def _refused(self, error: PettyCashError) -> None:
        self.show_error(error)
        self.reload()


def _unknown(error: object) -> None:
    """The title says nothing of a total that could not be read; the list itself tells why."""
