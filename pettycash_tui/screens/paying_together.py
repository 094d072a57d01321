"""Paying the marked payments with one code: the list by fund, references one after the other, progress, the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from pettycash_tui.actions import binding, key
from pettycash_tui.models.columns import new_id
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.list_window import ListWindow
from pettycash_tui.screens.listed import Drawn, Group, LeftOut, Line, Listed, draw_list, draw_reasons, payments
from pettycash_tui.screens.long_work import LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import bulk, bulk_views
from pettycash_tui.services.bulk import RefusedPayment, Together
from pettycash_tui.services.bulk_views import FundShare
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.plain import Field, PlainText
from pettycash_tui.widgets.safe_input import SafeInput

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments

_SHOWN = 3
"""Refusals that a notice tells."""


class PayTogether(ListWindow):
    """All marked payments, paid fund by fund; what is refused is told and stays marked."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("pay.reference_before")]
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
        self._asking: tuple[Line, ...] = ()
        self._at = 0
        self.references = owner.typed_references

    def read_list(self) -> Listed:
        found = bulk_views.plan(self.context.desk, self.context.actor, [payment.id for payment in self.marked])
        groups = tuple(_group(share, self.context) for share in found.funds)
        left_out = tuple(LeftOut(each.payment, each.reasons) for each in found.refused)
        return Listed(groups, left_out, found.needs_code)

    def send_code(self) -> BundleSent | None:
        return bulk.send_code(self.context.desk, self.context.actor, self.chosen).sent

    # -- references ----------------------------------------------------------------------------------------------------

    def fields(self) -> Iterable[Field]:
        field = Field("reference", "Reference", SafeInput(max_length=REFERENCE_LENGTH))
        field.display = False
        yield field

    def draw(self, listed: Listed) -> Drawn:
        at = self._asking[self._at].id if self._asking else None
        return draw_list(listed, self.context, self.references, at)

    def list_came(self, listed: Listed) -> None:
        self._asking = tuple(line for line in listed.lines if line.asks_reference)
        if self._asking:
            self.query_one("#field-reference").display = True
            self._go_to_reference(0)

    @on(Input.Changed, "#field-reference Input")
    def _reference_typed(self, event: Input.Changed) -> None:
        if self._asking:
            self.references[self._asking[self._at].id] = event.value.strip()

    def action_reference_before(self) -> None:
        """Go back to the reference of the payment before."""
        if self._asking and self.work is None and not self.is_over:
            self._go_to_reference(max(0, self._at - 1))

    def _go_to_reference(self, place: int) -> None:
        self._at = place
        line = self._asking[place]
        field = self.query_one("#field-reference", Field)
        field.query_one(".field-label", PlainText).show(f"Ref. {line.number}")
        control = field.query_one(SafeInput)
        with control.prevent(Input.Changed):
            control.fill(self.references.get(line.id, ""))
        control.placeholder = f"{place + 1} of {len(self._asking)}: of the {line.method.label} to {line.payee}"
        control.focus()
        self.show_list(line.id)

    def entered(self, event: Input.Submitted) -> None:
        if isinstance(event.input, CodeInput) or self.work is not None or self.is_over:
            super().entered(event)
            return
        event.stop()
        if not event.value.strip():
            self.is_complete()
        elif self._at + 1 < len(self._asking):
            self._go_to_reference(self._at + 1)
        elif self.is_complete() and self.listed is not None and self.listed.needs_code and not self._code.value:
            self.show_list()
            self._code.focus()
        else:
            self.action_submit()

    @property
    def _code(self) -> CodeInput:
        return self.query_one(CodeInput)

    def is_complete(self) -> bool:
        wanted = {line.id for line in self.listed.lines} if self.listed is not None else set()
        for place, line in enumerate(self._asking):
            if line.id in wanted and not self.references.get(line.id):
                self._go_to_reference(place)
                message = f"Is missing; enter the one of {line.number}, or unmark it and pay the others."
                self.query_one("#field-reference", Field).show_error(message)
                return False
        return True

    # -- paying --------------------------------------------------------------------------------------------------------

    def begin(self, code: str | None) -> None:
        desk, actor, chosen = self.context.desk, self.context.actor, self.chosen
        numbers = {payment.id: payment.number for payment in self.marked}
        references = {numbers[id]: typed for id, typed in self.references.items() if typed and id in chosen}

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
    for each in done.paid:
        owner.typed_references.pop(each.payment_id, None)
    owner.table.unmark(each.payment_id for each in done.paid)


def _unmark_and_tell(owner: MarkedPayments, done: Together) -> str:
    _unmark(owner, done)
    words = [f"{payments(len(done.paid))} paid, {owner.context.money_with_currency(done.total)}."]
    words += [_sentence(each) for each in done.refused[:_SHOWN]]
    if len(done.refused) > _SHOWN:
        words.append(f"{len(done.refused) - _SHOWN} more not paid; they are marked still.")
    return "\n".join(words)


def _sentence(refused: RefusedPayment) -> str:
    return f"Not paid: {refused.reasons[0].message}"
