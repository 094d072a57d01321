"""A list of which some payments are sent by hand: the reference that this gave is typed for one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from pettycash_tui.actions import binding
from pettycash_tui.screens.code_input import CodeInput
from pettycash_tui.screens.list_window import ListWindow
from pettycash_tui.screens.listed import Drawn, Line, Listed, draw_list
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.plain import Field, PlainText, focused_field
from pettycash_tui.widgets.safe_input import SafeInput

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments


class AsksReferences(ListWindow):
    """One line to type in for all of them: the list says whose turn it is, and what was typed for the others."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("pay.reference_before")]

    def __init__(self, owner: MarkedPayments, marked: Sequence[PaymentView]) -> None:
        super().__init__(owner, marked)
        self.references = owner.typed_references
        self._asking: tuple[Line, ...] = ()
        self._at = 0

    @property
    def typed(self) -> dict[str, str]:
        """What was typed, by the numbers of the payments that are confirmed."""
        numbers = {payment.id: payment.number for payment in self.marked}
        wanted = {line.id for line in self._asking if line.id in self.chosen}
        return {numbers[id]: typed for id, typed in self.references.items() if typed and id in wanted}

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
            self._go_to_reference(0, focus=False)

    @on(Input.Changed, "#field-reference Input")
    def _reference_typed(self, event: Input.Changed) -> None:
        if self._asking:
            self.references[self._asking[self._at].id] = event.value.strip()

    def action_reference_before(self) -> None:
        """Go back to the reference of the payment before."""
        if self._asking and self.work is None and not self.is_over:
            self._go_to_reference(max(0, self._at - 1))

    def _go_to_reference(self, place: int, *, focus: bool = True) -> None:
        self._at = place
        line = self._asking[place]
        field = self.query_one("#field-reference", Field)
        field.query_one(".field-label", PlainText).show(f"Ref. {line.number}")
        control = field.query_one(SafeInput)
        with control.prevent(Input.Changed):
            control.fill(self.references.get(line.id, ""))
        control.placeholder = f"{place + 1} of {len(self._asking)}: of the {line.method.label} to {line.payee}"
        if focus:
            control.focus()
        self.show_list(line.id)

    def entered(self, line: Input) -> None:
        field = focused_field(line)
        if field is None or field.field_name != "reference" or self.work is not None or self.is_over:
            super().entered(line)
            return
        if not line.value.strip():
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
