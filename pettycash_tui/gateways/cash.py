"""Cash from the custodian's drawer: the payment's own number is its reference unless the officer enters one."""

from __future__ import annotations

from pettycash_tui.gateways.protocol import Order, Receipt


class Cash:
    """Paying out of the drawer."""

    is_local = True

    def check(self, order: Order, typed_reference: str) -> None:
        """Nothing is missing."""

    def pay(self, order: Order, typed_reference: str) -> Receipt:
        """A receipt for cash handed over."""
        return Receipt(typed_reference or f"CASH-{order.payment_number}", "paid_out")
