"""Paying the marked payments with one code: the list by fund, the progress from fund to fund, and the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pettycash_tui.actions import key
from pettycash_tui.models.columns import new_id
from pettycash_tui.screens.asking_references import AsksReferences
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.listed import Group, LeftOut, Line, Listed, draw_reasons, payments
from pettycash_tui.screens.long_work import LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import bulk, bulk_views
from pettycash_tui.services.bulk import RefusedPayment, Together
from pettycash_tui.services.bulk_views import FundShare
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.payment_views import PaymentView

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments

_SHOWN = 3
"""Refusals that a notice tells."""


class PayTogether(AsksReferences):
    """All marked payments, paid fund by fund; what is refused is told and stays marked."""

    enter_does = "pays them"
    waits = "paying…"
    stops_after = "this fund"

    def __init__(self, owner: MarkedPayments, marked: Sequence[PaymentView]) -> None:
        super().__init__(owner, marked)
        self.help_title = f"Pay {payments(len(marked))}"
        self.help_text = (
            "One code pays all of the list, fund by fund; what cannot be paid is told and holds nothing else up."
            f" {key('app.back')} stops between two funds.\n"
            "What is sent by hand has its reference typed, one after the other:"
            f" {key('form.enter')} goes on to the next, {key('pay.reference_before')} back."
        )
        # Made once for each opening: however often it is confirmed, each payment leaves once.
        self._once = str(new_id())

    def read_list(self) -> Listed:
        found = bulk_views.plan(self.context.desk, self.context.actor, [payment.id for payment in self.marked])
        groups = tuple(_group(share, self.context) for share in found.funds)
        left_out = tuple(LeftOut(each.payment, each.reasons) for each in found.refused)
        return Listed(groups, left_out, found.needs_code)

    def send_code(self) -> BundleSent | None:
        return bulk.send_code(self.context.desk, self.context.actor, self.chosen).sent

    # -- paying --------------------------------------------------------------------------------------------------------

    def begin(self, code: str | None) -> None:
        desk, actor, chosen = self.context.desk, self.context.actor, self.chosen
        references = self.typed

        def pay(work: LongWork) -> Together:
            return bulk.pay_together(
                desk,
                actor,
                chosen,
                code=code,
                references=references,
                idempotency_key=self._once,
                report=work.report,
            )

        self.start(pay, then=self._paid, then_away=partial(_unmark_and_tell, self.owner))

    def _paid(self, done: Together) -> None:
        _unmark(self.owner, done)
        left_out = self.listed.left_out if self.listed is not None else ()
        known = {each.payment for each in done.refused}
        refused = [(each.payment, each.reasons) for each in done.refused]
        refused += [(each.number, each.reasons) for each in left_out if each.number not in known]
        all_of_it = len(done.paid) + len(refused)
        title = f"{len(done.paid)} of {payments(all_of_it)} paid" if refused else f"{payments(len(done.paid))} paid"
        payees = {payment.id: payment.payee for payment in self.marked}
        sheet = Sheet()
        sheet.line(f"✔ {payments(len(done.paid))} paid, {self.context.money_with_currency(done.total)}", "good")
        if refused:
            sheet.line(f"✖ {len(refused)} not paid; what is in the list still stays marked", "bad")
            for number, reasons in refused:
                draw_reasons(sheet, number, reasons)
        sheet.line()
        for each in done.paid:
            amount = self.context.money_with_currency(each.amount)
            sheet.line(f"{each.payment:<11}{amount:>17}  {each.voucher_number}  {payees.get(each.payment_id, '')}")
        for asked in dict.fromkeys(each.replenishment for each in done.paid if each.replenishment):
            sheet.line(f"! Its fund is below its reorder level: {asked} asks for money", "warn")
        self.finish(title, sheet.lines)


def _group(share: FundShare, context: DeskContext) -> Group:
    total, after = context.money_with_currency(share.total), context.money(share.balance_after)
    balance = context.money(share.balance)
    heading = f"Fund {share.fund}: {len(share.payments)}, {total}; balance {balance}, then {after}"
    lines = tuple(
        Line(each.id, each.payment, each.payee, each.amount, each.method, each.destination, each.asks_reference)
        for each in share.payments
    )
    return Group(heading, lines)


def _unmark(owner: MarkedPayments, done: Together) -> None:
    owner.done_with(each.payment_id for each in done.paid)


def _unmark_and_tell(owner: MarkedPayments, done: Together) -> str:
    _unmark(owner, done)
    words = [f"{payments(len(done.paid))} paid, {owner.context.money_with_currency(done.total)}."]
    words += [_sentence(each) for each in done.refused[:_SHOWN]]
    if len(done.refused) > _SHOWN:
        words.append(f"{len(done.refused) - _SHOWN} more not paid; they are marked still.")
    return "\n".join(words)


def _sentence(refused: RefusedPayment) -> str:
    return f"Not paid: {refused.reasons[0].message}"
