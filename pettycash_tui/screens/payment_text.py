"""A payment as text: its state as a word and a mark, and the whole of it with what stands against paying it now."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import payment_views
from pettycash_tui.services.payment_views import PaymentExplanation, PaymentView
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import StatusMark, status_mark


@dataclass(frozen=True, slots=True)
class PaymentCase:
    """A payment and whether this person may pay it now, read in one transaction."""

    payment: PaymentView
    explanation: PaymentExplanation


def read_payment(reading: Reading, payment: UUID) -> PaymentCase:
    """The case of a payment, as if its code was about to be typed. Raises NotFound."""
    return PaymentCase(payment_views.show(reading, payment), payment_views.explain(reading, payment, code_offered=True))


def state_of(payment: PaymentView) -> StatusMark:
    """Its state: a pending one is ready, or waits for funds."""
    if payment.status is PaymentStatus.PENDING:
        return status_mark("ready" if payment.held else "waiting")
    return status_mark(payment.status)


def destination_of(payment: PaymentView) -> str:
    """How and where to it is paid."""
    return f"{payment.method.label} {payment.destination}".strip()


def draw_payment(case: PaymentCase, context: DeskContext) -> Content:
    """The payment as text."""
    payment, sheet = case.payment, Sheet()
    sheet.mark(state_of(payment), payment.number)
    sheet.field("Amount", context.money_with_currency(payment.amount), "strong")
    sheet.field("Payee", payment.payee, "strong")
    sheet.field("Paid by", destination_of(payment))
    sheet.field("For", f"{payment.requisition}  {payment.purpose}")
    sheet.field("Asked by", payment.requested_by.name if payment.requested_by else "")
    sheet.field("Executor", payment.executor.name if payment.executor else "nobody yet: the CFO assigns one")
    if payment.executed_at is not None:
        sheet.field("Paid on", context.moment(payment.executed_at))
        sheet.field("Voucher", payment.voucher_number or "")
        sheet.field("Reference", payment.gateway_reference or "")
        return sheet.content
    held = "held for this" if payment.held else "not held"
    balance, available = context.money(payment.fund_balance), context.money(payment.fund_available)
    sheet.field("Fund", f"{payment.fund.code} balance {balance}, available {available} ({held})")
    sheet.field("Last error", payment.last_error, "bad")
    if payment.retry_count:
        sheet.field("Retries", f"{payment.retry_count} of {payment.max_retries} used")
    if payment.status is not PaymentStatus.CANCELLED:
        sheet.line()
        _draw_against(sheet, case.explanation)
    return sheet.content


def draw_reasons(found: PaymentExplanation) -> Content:
    """Every reason against paying it now."""
    sheet = Sheet()
    _draw_against(sheet, found)
    return sheet.content


def _draw_against(sheet: Sheet, found: PaymentExplanation) -> None:
    if found.allowed:
        sheet.line("✔ You can pay it now.", "good")
    sheet.reasons(reason.message for reason in found.reasons)
