"""A payment as text: its state as a word and a mark, and the whole of it with what stands against paying it now."""

from __future__ import annotations

from textual.content import Content

from pettycash_tui.actions import key
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services.payment_case import PaymentCase, Shortage
from pettycash_tui.services.payment_views import PaymentExplanation, PaymentView
from pettycash_tui.theme import StatusMark, status_mark

_IN_DOUBT = frozenset({PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN})


def state_of(payment: PaymentView) -> StatusMark:
    """Its state: a pending one is ready, scheduled for a day, or waits for funds."""
    if payment.status is PaymentStatus.PENDING and payment.held and payment.scheduled_for is not None:
        return status_mark("scheduled")
    if payment.status is PaymentStatus.PENDING:
        return status_mark("ready" if payment.held else "waiting")
    return status_mark(payment.status)


def destination_of(payment: PaymentView) -> str:
    """How and where to it is paid."""
    return f"{payment.method.label} {payment.destination}".strip()


def draw_payment(case: PaymentCase, context: DeskContext) -> Content:
    """The payment as text: what it is and whether it can be paid, then the rest."""
    payment, sheet = case.payment, Sheet()
    sheet.mark(state_of(payment), payment.number)
    sheet.field("Amount", context.money_with_currency(payment.amount), "strong")
    sheet.field("Payee", payment.payee, "strong")
    sheet.field("Paid by", destination_of(payment))
    if payment.executed_at is not None:
        sheet.field("Paid on", context.moment(payment.executed_at))
        sheet.field("Voucher", payment.voucher_number or "", "strong")
        sheet.field("Reference", payment.gateway_reference or "")
        sheet.field("Executor", payment.executor.name if payment.executor else "")
    else:
        _draw_open(sheet, case, context)
    sheet.field("For", f"{payment.requisition}  {payment.purpose}")
    sheet.field("Asked by", payment.requested_by.name if payment.requested_by else "")
    for approval in case.approvals:
        who = approval.by.name if approval.by else ""
        sheet.field(approval.action.label, f"by {who}, {context.moment(approval.at)}")
    return sheet.content


def draw_reasons(found: PaymentExplanation) -> Content:
    """Every reason against paying it now."""
    sheet = Sheet()
    _draw_against(sheet, found)
    return sheet.content


def _draw_open(sheet: Sheet, case: PaymentCase, context: DeskContext) -> None:
    payment = case.payment
    sheet.field("Executor", payment.executor.name if payment.executor else "nobody yet: the CFO assigns one")
    if payment.scheduled_for is not None:
        by_itself = f"executed by itself on that day; {key('payments.unschedule')} takes it away"
        sheet.field("Scheduled", f"for {payment.scheduled_for.isoformat()}, {by_itself}", "info")
    held = "held for this" if payment.held else "not held"
    balance, available = context.money_with_currency(payment.fund_balance), context.money(payment.fund_available)
    sheet.field("Fund", f"{payment.fund.code} balance {balance}, available {available} ({held})")
    if case.shortage is not None:
        _draw_shortage(sheet, case.shortage, payment, context)
    if payment.last_error:
        sheet.field(
            "Cancelled" if payment.status is PaymentStatus.CANCELLED else "Last error", payment.last_error, "bad"
        )
    if payment.retry_count:
        left = payment.max_retries - payment.retry_count
        sheet.field("Retries", f"{payment.retry_count} of {payment.max_retries} used", "" if left > 0 else "bad")
    if payment.status is PaymentStatus.FAILED and payment.retry_count < payment.max_retries:
        sheet.line(f"{key('payments.retry')} makes it ready again.", "muted")
    if payment.next_attempt_at is not None:
        sheet.field("Again from", context.moment(payment.next_attempt_at))
    if payment.status in _IN_DOUBT:
        _draw_in_doubt(sheet, payment)
    if payment.status is not PaymentStatus.CANCELLED:
        _draw_against(sheet, case.explanation)


def _draw_in_doubt(sheet: Sheet, payment: PaymentView) -> None:
    if payment.status is PaymentStatus.EXECUTING:
        sheet.line("▶ It was sent; its result is awaited.", "info")
    else:
        sheet.line("It was sent, and no answer has come: it may have been paid. Ask before anything else.", "warn")
    sheet.line(f"{key('payments.ask')} asks what became of it.", "muted")


def _draw_shortage(sheet: Sheet, shortage: Shortage, payment: PaymentView, context: DeskContext) -> None:
    if shortage.missing.minor:
        missing = context.money_with_currency(shortage.missing)
        sheet.field("Lacks", f"{missing} in fund {payment.fund.code}; it is held as soon as the money is there", "warn")
    if shortage.before:
        amount = context.money_with_currency(shortage.before_amount)
        others = "payment waits" if shortage.before == 1 else "payments wait"
        sheet.field("Before it", f"{shortage.before} {others} for {amount} of the same fund")


def _draw_against(sheet: Sheet, found: PaymentExplanation) -> None:
    if found.allowed:
        sheet.line("✔ You can pay it now.", "good")
    sheet.reasons(reason.message for reason in found.reasons)
