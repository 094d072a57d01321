"""Which gateway serves which payment method.

A method that has a gateway over a network configured is served by that one, else by the local one here.
"""

from __future__ import annotations

from pettycash_tui.gateways.cash import Cash
from pettycash_tui.gateways.manual import ManualTransfer
from pettycash_tui.gateways.protocol import Gateway
from pettycash_tui.models.enums import PaymentMethod

_CASH = Cash()
_MANUAL = ManualTransfer()

GATEWAYS: dict[PaymentMethod, Gateway] = {
    PaymentMethod.CASH: _CASH,
    PaymentMethod.BANK_TRANSFER: _MANUAL,
    PaymentMethod.MPESA: _MANUAL,
}
