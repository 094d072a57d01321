"""What a bank file says, whatever its layout: the account debited, the count, the sum, and a line for each transfer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pettycash_tui.gateways.bank_account import BankAccount
from pettycash_tui.models.money import currency_decimals

MESSAGE_ID_LENGTH = 35
NAME_LENGTH = 70
REMITTANCE_LENGTH = 140
MOST_DIGITS = 18
"""An amount or a sum has no more digits (ISO 20022 DecimalNumber)."""


@dataclass(frozen=True, slots=True)
class BankLine:
    """One transfer. `amount` is in minor units; payee and remittance are as people wrote them."""

    end_to_end_id: str
    payee: str
    account: BankAccount
    amount: int
    remittance: str


@dataclass(frozen=True, slots=True)
class BankFile:
    """What stands above the lines. `control_sum` is in minor units of `currency`."""

    message_id: str
    created_at: datetime
    debtor: str
    account: BankAccount
    execution_date: date
    currency: str
    line_count: int
    control_sum: int

    def amount(self, minor: int) -> str:
        """An amount with the currency's decimals: `1250.50`."""
        return f"{Decimal(minor).scaleb(-currency_decimals(self.currency)):f}"
