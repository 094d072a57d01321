"""What happens to the books after money has left: reconciling, variances, and transfers between funds.

Amounts are minor units of the fund's currency. Source: domain, section 3.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from pettycash_tui.models.base import ChangingRow, Row, partial_index
from pettycash_tui.models.columns import big, choice, moment, not_negative, one_of, positive, ref, text
from pettycash_tui.models.enums import ReconciliationAct, TransferStatus, VarianceStatus


class LedgerReconciliation(Row, table=True):
    """That somebody marked a payment reconciled, or undid it. Append-only; the newest row is the payment's status."""

    __tablename__ = "ledger_reconciliation"
    __table_args__ = (
        UniqueConstraint("payment_id", "sequence"),
        one_of("act", ReconciliationAct),
        CheckConstraint("sequence >= 1", name="sequence_counts"),
        CheckConstraint("act <> 'undone' OR reason <> ''", name="undone_with_reason"),
        Index("ix_ledger_reconciliation_entry", "entry_id"),
    )

    company_id: UUID = ref("company.id")
    payment_id: UUID = ref("payment.id")
    entry_id: UUID = ref("ledger_entry.id")
    # The first act on a payment is 1; odd ones reconcile, even ones undo.
    sequence: int = big()
    act: ReconciliationAct = choice(ReconciliationAct)
    person_id: UUID = ref("user.id")
    reason: str = text(500, default="")


class Variance(ChangingRow, table=True):
    """That a payment came to another amount than was booked. `variance_amount` = adjusted - original, either sign.

    `original_amount` is what the books say of the payment when it is recorded: its amount and the variances approved
    before.
    """

    __tablename__ = "variance"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        one_of("status", VarianceStatus),
        not_negative("original_amount"),
        not_negative("adjusted_amount"),
        CheckConstraint(
            "variance_amount = adjusted_amount - original_amount AND variance_amount <> 0", name="amount_is_difference"
        ),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> recorded_by_id", name="approver_not_recorder"),
        CheckConstraint(
            "status <> 'approved' OR (approved_by_id IS NOT NULL AND approved_at IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "status <> 'rejected' OR (rejected_by_id IS NOT NULL AND rejected_at IS NOT NULL"
            " AND rejection_reason <> '')",
            name="rejected_with_reason",
        ),
        partial_index("ux_variance_open", "payment_id", unique=True, where="status = 'pending'"),
        Index("ix_variance_list", "company_id", "status", "created_at", "id"),
        Index("ix_variance_created", "company_id", "created_at", "id"),
        Index("ix_variance_payment", "payment_id", "created_at"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    fund_id: UUID = ref("treasury_fund.id")
    payment_id: UUID = ref("payment.id")
    original_amount: int = big()
    adjusted_amount: int = big()
    variance_amount: int = big()
    currency: str = text(3)
    reason: str = text(500)
    status: VarianceStatus = choice(VarianceStatus, default=VarianceStatus.PENDING)
    recorded_by_id: UUID = ref("user.id")
    recorded_at: datetime = moment()
    approved_by_id: UUID | None = ref("user.id", nullable=True)
    approved_at: datetime | None = moment(nullable=True)
    rejected_by_id: UUID | None = ref("user.id", nullable=True)
    rejected_at: datetime | None = moment(nullable=True)
    rejection_reason: str = text(500, default="")


class FundTransfer(ChangingRow, table=True):
    """Money that goes from one fund of a company to another: two entries of one journal, or none."""

    __tablename__ = "fund_transfer"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        one_of("status", TransferStatus),
        positive("amount"),
        CheckConstraint("from_fund_id <> to_fund_id", name="two_funds"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> requested_by_id", name="approver_not_requester"),
        CheckConstraint(
            "status <> 'completed' OR (approved_by_id IS NOT NULL AND completed_at IS NOT NULL)",
            name="completed_by_somebody",
        ),
        CheckConstraint(
            "status <> 'rejected' OR (rejected_by_id IS NOT NULL AND rejected_at IS NOT NULL"
            " AND rejection_reason <> '')",
            name="rejected_with_reason",
        ),
        Index("ix_fund_transfer_list", "company_id", "status", "created_at", "id"),
        Index("ix_fund_transfer_created", "company_id", "created_at", "id"),
        Index("ix_fund_transfer_from", "from_fund_id", "created_at"),
        Index("ix_fund_transfer_to", "to_fund_id", "created_at"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    from_fund_id: UUID = ref("treasury_fund.id")
    to_fund_id: UUID = ref("treasury_fund.id")
    amount: int = big()
    currency: str = text(3)
    reason: str = text(500, default="")
    status: TransferStatus = choice(TransferStatus, default=TransferStatus.PENDING)
    requested_by_id: UUID = ref("user.id")
    requested_at: datetime = moment()
    approved_by_id: UUID | None = ref("user.id", nullable=True)
    completed_at: datetime | None = moment(nullable=True)
    rejected_by_id: UUID | None = ref("user.id", nullable=True)
    rejected_at: datetime | None = moment(nullable=True)
    rejection_reason: str = text(500, default="")
