"""Paying one payment: what leaves from where to whom, the code with its countdown, the reference, and the result.

Esc leaves at once, however slow the database: what was begun goes on, and its result becomes a notice.
"""

from __future__ import annotations

from time import monotonic
from typing import ClassVar, Protocol
from uuid import UUID

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.models.enums import PaymentMethod, PaymentStatus
from pettycash_tui.screens.asking_code import AsksCode
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.code_text import draw_code
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.pay_text import (
    draw_awaited,
    draw_money,
    draw_over,
    draw_paid,
    is_long,
    sentences_of,
)
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.voucher_text import voucher_text
from pettycash_tui.services import otp, payment_views, voucher
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import Awaited, Executed
from pettycash_tui.services.otp import Sent
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.services.voucher import Voucher
from pettycash_tui.widgets.background import WindowMark
from pettycash_tui.widgets.plain import Field, PlainText, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

_NAMES_OF_REFERENCE = {
    PaymentMethod.MPESA: "the M-Pesa transaction code",
    PaymentMethod.BANK_TRANSFER: "the bank's transfer reference",
    PaymentMethod.CASH: "made for cash; type one only if there is a receipt number",
}

_OPEN = frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED})


class Payer(Protocol):
    """The screen that the dialog belongs to: it executes, so that a payment outlives its dialog."""

    @property
    def context(self) -> DeskContext: ...
    @property
    def sent(self) -> dict[UUID, Sent]: ...
    @property
    def paid_here(self) -> set[UUID]: ...
    def pay(self, dialog: PayDialog, payment: PaymentView, code: str | None, reference: str, once: str) -> bool: ...
    def is_paying(self, payment: PaymentView) -> bool: ...


class PayDialog(AsksCode[Sent], ModalScreen[None]):
    """One payment, from the code to the voucher. `once` makes a second press the same payment."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("app.back"),
        binding("app.help"),
        binding("form.submit"),
        binding("form.enter"),
        binding("form.next"),
        binding("form.previous"),
        binding("pay.copy"),
        binding("pay.resend"),
    ]
    look_seconds = 0.4
    """How long a payment without a code must have been in view before a key pays it."""

    help_title = "Pay"
    DEFAULT_CSS = """
    PayDialog { align: center middle; }
    PayDialog > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; overflow-y: auto;
        border: round $primary; background: $surface; color: $foreground;
    }
    PayDialog .title { text-style: bold; color: $primary; margin-bottom: 1; }
    PayDialog PlainText { height: auto; }
    PayDialog #code-state { margin: 1 0; }
    PayDialog.-long .title, PayDialog.-long #code-state, PayDialog.-long .foot { margin: 0; }
    PayDialog .foot { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, payer: Payer, payment: PaymentView, once: str) -> None:
        super().__init__()
        self.payer = payer
        self.context = payer.context
        self.payment = payment
        self.help_text = (
            "The code was sent to you for this payment alone: check amount and payee, and type the code;"
            f" {key('form.enter')} pays.\n"
            "A wrong code is no failed payment; after five the code is void, and you ask for a new one."
        )
        self._once = once
        # Long names take the lines that otherwise stand empty: at 24 all must be seen that one pays by.
        self.set_class(is_long(payment), "-long")
        self._opened_at = monotonic()
        self.paid: Executed | Awaited | None = None
        self.is_over = False
        """Whether it was paid, cancelled or given to somebody else while the dialog was open: one can only close it."""

    # -- parts ---------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        payment = self.payment
        with Vertical():
            yield PlainText(f"Pay {payment.number}", classes="title")
            yield PlainText(id="money")
            yield PlainText(id="code-state")
            if payment.otp_required:
                yield Field("otp", "Code", CodeInput())
            reference = SafeInput(max_length=120, placeholder=_NAMES_OF_REFERENCE[payment.method])
            yield Field("reference", "Reference", reference)
            yield WindowMark()
            yield PlainText(id="foot", classes="foot")

    def on_mount(self) -> None:
        self.query_one("#money", PlainText).update(draw_money(self.payment, self.context))
        self._first_input().focus()
        if self.payment.otp_required:
            self.open_code(self.standing_or_new)
        self.set_interval(1, self.tick)
        self.tick()

    def _first_input(self) -> Input:
        return self.query(Input).first()

    def tick(self) -> None:
        if self._is_closed:
            return
        state = draw_code(
            is_needed=self.payment.otp_required,
            sent=self.code,
            is_sending=self.is_sending,
            now=self.context.desk.clock(),
            wait=self.wait_to_resend,
        )
        self.query_one("#code-state", PlainText).update(state)
        resend = ""
        if self.payment.otp_required and not self.wait_to_resend:
            resend = f" · {key('pay.resend')} sends a new code"
        leave = key("app.back")
        if self.payer.is_paying(self.payment):
            self._show_paying()
            return
        self.query_one("#foot", PlainText).show(f"{key('form.enter')} pays{resend} · {leave} leaves without paying")

    @property
    def _is_closed(self) -> bool:
        return self.paid is not None or self.is_over

    def _show_paying(self) -> None:
        """The screen below pays; what is awaited is said here, where one looks."""
        if not self._is_closed and self.payer.is_paying(self.payment):
            self.query_one("#foot", PlainText).show(f"Paying… · {key('app.back')} leaves, and it goes on")

    # -- the code ------------------------------------------------------------------------------------------------------

    @property
    def code_key(self) -> str:
        return f"code:{self.payment.id}"

    @property
    def may_ask_code(self) -> bool:
        return self.payment.otp_required and not self._is_closed

    def read_code(self) -> Sent | None:
        return self.context.read(otp.standing, self.payment.id)

    def send_code(self) -> Sent:
        return otp.send(self.context.desk, self.context.actor, self.payment.id)

    def known_code(self) -> Sent | None:
        return self.payer.sent.get(self.payment.id)

    def code_came(self, code: Sent | None) -> None:
        if code is not None:
            self.payer.sent[self.payment.id] = code

    # -- paying --------------------------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Pay; once it is paid, close."""
        if self._is_closed:
            self.action_back()
            return
        if not self.payment.otp_required and monotonic() - self._opened_at < self.look_seconds:
            # Without a code nothing but this key stands before the money: one that was pressed twice is no answer.
            self._opened_at = monotonic()
            self.say(f"Look at the amount and the payee, then press {key('form.enter')}.")
            return
        values = {field.field_name: str(field.value or "").strip() for field in self.query(Field)}
        # Below the company's threshold there is no code; else a missing one is refused by the service.
        code = values["otp"] if self.payment.otp_required else None
        if self.payer.pay(self, self.payment, code, values["reference"], self._once):
            self.say("")
            self._show_paying()
        else:
            self.say("It is being paid; wait for the result.")

    def show_paid(self, done: Executed | Awaited) -> None:
        """Show the voucher, or that it was sent."""
        self.paid = done
        if isinstance(done, Awaited):
            title = f"{done.payment} is sent"
            self._close_with(title, draw_awaited(done, self.payment, self.context), _closing())
            return
        foot = f"{key('pay.copy')} shows and copies the voucher · {_closing()}"
        self._close_with(f"{done.payment} is paid", draw_paid(done, self.payment, self.context), foot)

    def _close_with(self, title: str, content: Content, foot: str) -> None:
        """Take the fields away: there is nothing more to type."""
        for field in self.query(Field):
            field.remove()
        self.query_one("#code-state", PlainText).display = False
        self.query_one("#money", PlainText).update(content)
        self.query_one(".title", PlainText).show(title)
        self.query_one("#foot", PlainText).show(foot)
        self.set_focus(None)

    def show_refusal(self, error: PettyCashError) -> None:
        """Show every reason beside the field that it concerns."""
        if self._is_closed:
            return
        if not show_field_errors(self, error):
            self.say(sentences_of(error))
            self.ask_again()
        if self.payment.otp_required and "reference" not in error.fields:
            self.ask_code_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While there are fields, they have the key that closes the result."""
        return self._is_closed if action == "enter" else True

    def action_enter(self) -> None:
        """Close the result."""
        self.action_back()

    @on(events.ScreenResume)
    def _come_back(self) -> None:
        """The list may have been read a while ago, and a lock lies between: read how it stands."""
        if not self._is_closed and not self.payer.is_paying(self.payment):
            self.ask_again()

    # -- what happens elsewhere meanwhile ------------------------------------------------------------------------------

    def books_changed(self) -> None:
        """Somebody acted: when this payment is paid, cancelled or another's by now, say so and only close."""
        if self._is_closed or self.payer.is_paying(self.payment):
            return
        self.ask_again()

    def ask_again(self) -> None:
        """Read how the payment stands."""
        self.read("payment", self.context.read, payment_views.show, self.payment.id, then=self._look, failed=_unknown)

    def _look(self, now: PaymentView) -> None:
        if self._is_closed or self.payer.is_paying(self.payment):
            return
        mine = now.executor is not None and now.executor.id == self.context.actor.id
        if now.status in _OPEN and mine:
            self.payment = now
            self.query_one("#money", PlainText).update(draw_money(now, self.context))
            return
        self.is_over = True
        title, content = draw_over(now, self.context, was_here=now.id in self.payer.paid_here)
        self._close_with(title, content, _closing())

    # -- the voucher as text -------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Show the payment or its voucher as plain text, and copy it."""
        self.read("voucher", self.context.read, voucher.show, self.payment.id, then=self._show_text)

    def _show_text(self, found: Voucher) -> None:
        title = f"Voucher {found.number}" if found.number else f"Payment {found.payment}"
        text = voucher_text(found, self.context.money_with_currency)
        self.app.push_screen(TextWindow(title, text, to_copy=True, wrap=False))

    # -- leaving -------------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Leave at once; a payment that was begun goes on."""
        if self.payer.is_paying(self.payment) and self.paid is None:
            self.notify(f"{self.payment.number} is still being paid; you will be told.", markup=False)
        self.dismiss(None)

    def say(self, message: str) -> None:
        for field in self.query(Field).results():
            field.show_error(message, focus=False)
            return


def _closing() -> str:
    return f"{key('form.enter')} or {key('app.back')} closes"


def _unknown(error: PettyCashError) -> None:
    """The payment itself tells, when it is tried."""
