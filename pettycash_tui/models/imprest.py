"""The claim of a replenishment: which entries of the cash book it gives back. Source: domain, section 3, Replenishment.

Amounts are minor units of the fund's currency.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow, partial_index
from pettycash_tui.models.columns import big, ref


class ReplenishmentVoucher(ChangingRow, table=True):
    """A line of a claim: an entry that took money out of the fund, or (a variance) made it short or over.

    `amount` is what the fund lost by it: negative for cash that was over. `is_released`: the claim was rejected.
    """

    __tablename__ = "replenishment_voucher"
    __table_args__ = (
        UniqueConstraint("replenishment_id", "entry_id"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint("sequence >= 1", name="sequence_counts"),
        # An entry is in at most one living claim. It also tells how far the living claims reach: they have no gaps.
        partial_index(
            "ux_replenishment_voucher_living",
            "fund_id",
            "sequence",
            unique=True,
            where="is_released = 0",
            where_postgresql="NOT is_released",
        ),
    )

    replenishment_id: UUID = ref("replenishment.id")
    fund_id: UUID = ref("treasury_fund.id")
    entry_id: UUID = ref("ledger_entry.id", index=True)
    sequence: int = big()
    amount: int = big()
    is_released: bool = Field(default=False, nullable=False)
