"""A bank or M-Pesa transfer that the officer makes in the gateway's own program and confirms here."""

from __future__ import annotations

from pettycash_tui.gateways.protocol import Order, Receipt, ReferenceMissing
from pettycash_tui.models.enums import PaymentMethod

_NAMES = {PaymentMethod.MPESA: "M-Pesa transaction code", PaymentMethod.BANK_TRANSFER: "bank's transfer reference"}


class ManualTransfer:
    """Confirming a transfer made by hand."""

    is_local = True

    def check(self, order: Order, typed_reference: str) -> None:
        """Raise ReferenceMissing without a reference."""
        if not typed_reference:
            raise ReferenceMissing(f"is missing; enter the {_NAMES[order.method]}")

    def pay(self, order: Order, typed_reference: str) -> Receipt:
        """A receipt that carries the gateway's reference. Raises ReferenceMissing without one."""
        self.check(order, typed_reference)
        return Receipt(typed_reference, "confirmed_by_officer")
