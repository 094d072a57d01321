"""What the pay dialog says: the money before and after, and the voucher."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.payment_text import destination_of, state_of
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import Awaited, Executed
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.hanging import in_lines

_LINE = 55
"""Cells behind a label in the dialog, also beside a scroll bar."""
_MOST = 2
"""Lines of what people wrote: amount, payee, destination, code and keys must be seen together at 24 lines."""


def is_long(payment: PaymentView) -> bool:
    """Whether payee or destination take more than a line."""
    return max(cell_len(payment.payee), cell_len(destination_of(payment))) > _LINE


def draw_money(payment: PaymentView, context: DeskContext) -> Content:
    """What leaves, to whom, and what it does to the fund."""
    sheet = Sheet()
    sheet.field("Amount", context.money_with_currency(payment.amount), "strong")
    sheet.field("Payee", in_lines(payment.payee, _LINE, _MOST), "strong")
    sheet.field("To", in_lines(destination_of(payment), _LINE, _MOST), "strong")
    sheet.field("For", in_lines(f"{payment.requisition}  {payment.purpose}", _LINE, 1 if is_long(payment) else _MOST))
    sheet.line()
    currency = payment.fund_balance.currency
    sheet.field(f"Fund {payment.fund.code}", f"{f'balance {currency}':>18}{f'available {currency}':>18}", "muted")
    sheet.field("  before", _pair(context, payment.fund_balance, payment.fund_available))
    sheet.field("  after", _pair(context, payment.balance_after, payment.available_after))
    return sheet.content


def draw_paid(done: Executed, payment: PaymentView, context: DeskContext) -> Content:
    """The voucher."""
    sheet = Sheet()
    sheet.line("✔ Paid" + (" already, by the press before" if done.repeated else ""), "good")
    sheet.field("Amount", context.money_with_currency(done.amount), "strong")
    sheet.field("Payee", payment.payee, "strong")
    sheet.field("Voucher", done.voucher_number, "strong")
    sheet.field("Reference", done.gateway_reference)
    sheet.field("Paid on", context.moment(done.executed_at))
    sheet.field("Balance", f"{context.money_with_currency(done.balance_after)} in fund {done.fund}")
    if done.replenishment:
        sheet.field("Fund", f"! below its reorder level: {done.replenishment} asks for money", "warn")
    return sheet.content


def draw_awaited(done: Awaited, payment: PaymentView, context: DeskContext) -> Content:
    """That it was sent and is not settled."""
    sheet = Sheet()
    if done.status is PaymentStatus.UNKNOWN:
        sheet.line("! Sent, and no answer came: nobody knows yet whether the money left.", "warn")
    else:
        sheet.line("▶ Sent: its result is awaited and comes by itself", "info")
    sheet.field("Amount", context.money_with_currency(done.amount), "strong")
    sheet.field("Payee", payment.payee, "strong")
    sheet.field("By", f"{done.gateway.label} to {payment.destination}")
    sheet.field("Sent on", context.moment(done.sent_at))
    sheet.field("Held", f"{context.money_with_currency(done.amount)} in fund {done.fund}, until it is settled")
    if done.text:
        sheet.field("Because", done.text)
    sheet.line(f"{key('payments.ask')} on the list asks what became of it; nothing is sent twice.", "muted")
    return sheet.content


def draw_over(payment: PaymentView, context: DeskContext, *, was_here: bool) -> tuple[str, Content]:
    """What became of a payment while its dialog was open: title and text. `was_here`: it was paid from this screen."""
    sheet = Sheet()
    state = state_of(payment)
    who = payment.executor.name if payment.executor else "nobody"
    if payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED):
        title = f"{payment.number} is assigned to {who} now"
    else:
        title = f"{payment.number} is {state.word} already"
    if not was_here:
        sheet.line("Nothing was paid from here.", "warn")
    sheet.mark(state, f"{context.money_with_currency(payment.amount)} to {payment.payee}")
    if payment.executed_at is not None:
        sheet.field("Executor", who)
        sheet.field("Paid on", context.moment(payment.executed_at))
        sheet.field("Voucher", payment.voucher_number or "", "strong")
        sheet.field("Reference", payment.gateway_reference or "")
    elif payment.last_error:
        sheet.field("Because", payment.last_error)
    return title, sheet.content


def sentences_of(error: PettyCashError) -> str:
    """All reasons of a refusal, each on a line."""
    return "\n".join(reason.message for reason in error.reasons) or error.message


def _pair(context: DeskContext, balance: Money, available: Money) -> str:
    return f"{context.money(balance):>18}{context.money(available):>18}"
