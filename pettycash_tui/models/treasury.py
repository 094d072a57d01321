"""Funds, payments, one-time codes, executions, the ledger and replenishments. Source: domain, section 3.

Amounts and balances are minor units of the fund's currency.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from pettycash_tui.models.base import ChangingRow, ListedRow, Row, partial_index
from pettycash_tui.models.columns import big, blob, choice, moment, not_negative, one_of, positive, ref, text
from pettycash_tui.models.enums import (
    BatchFormat,
    EntrySource,
    EntryType,
    GatewayName,
    OrderStatus,
    OtpChannel,
    PaymentMethod,
    PaymentStatus,
    ReplenishmentStatus,
)


class TreasuryFund(ListedRow, table=True):
    """A petty-cash fund (imprest) of a company, region or branch. Available = current_balance - held_amount."""

    __tablename__ = "treasury_fund"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        not_negative("current_balance"),
        not_negative("held_amount"),
        CheckConstraint("current_balance >= held_amount", name="available_not_negative"),
        CheckConstraint("reorder_level >= 0 AND target_balance >= reorder_level", name="levels_in_order"),
        CheckConstraint("ledger_sequence >= 0 AND voucher_sequence >= 0", name="counters_not_negative"),
        # One active fund per scope; NULL is a value here, so the index goes over COALESCE.
        partial_index(
            "ux_treasury_fund_scope",
            "company_id",
            sql("COALESCE(CAST(branch_id AS VARCHAR(36)), CAST(region_id AS VARCHAR(36)), '')"),
            unique=True,
            where="is_active = 1",
            where_postgresql="is_active",
        ),
    )

    company_id: UUID = ref("company.id")
    region_id: UUID | None = ref("region.id", nullable=True)
    branch_id: UUID | None = ref("branch.id", nullable=True)
    name: str = text(120)
    code: str = text(20)
    custodian_id: UUID | None = ref("user.id", nullable=True)
    currency: str = text(3)
    current_balance: int = big(0)
    held_amount: int = big(0)
    reorder_level: int = big()
    target_balance: int = big()
    account_id: UUID = ref("account.id")
    last_replenished: datetime | None = moment(nullable=True)
    ledger_sequence: int = big(0)
    voucher_year: int = big(0)
    voucher_sequence: int = big(0)
    # The account at the bank that a bank file debits; empty for a drawer of cash.
    bank_account: str = text(40, default="")
    bank_code: str = text(20, default="")


class Payment(ChangingRow, table=True):
    """The payment of an approved requisition: what and to whom is frozen, `is_held` says that the fund holds it."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("requisition_id"),
        UniqueConstraint("company_id", "idempotency_key"),
        UniqueConstraint("fund_id", "voucher_number"),
        positive("amount"),
        one_of("method", PaymentMethod),
        one_of("status", PaymentStatus),
        CheckConstraint("executor_id IS NULL OR executor_id <> requested_by_id", name="executor_not_requester"),
        CheckConstraint("retry_count >= 0 AND retry_count <= max_retries", name="retries_counted"),
        CheckConstraint("is_held = false OR status IN ('pending', 'executing', 'failed', 'unknown')", name="held_open"),
        Index("ix_payment_status", "status", "created_at"),
        Index("ix_payment_list", "company_id", "status", "created_at", "id"),
        Index("ix_payment_created", "company_id", "created_at", "id"),
        Index("ix_payment_executor", "executor_id", "status", "created_at"),
        Index("ix_payment_requisition_status", "requisition_id", "status"),
        Index("ix_payment_waiting", "fund_id", "status", "is_held", "created_at", "id"),
        CheckConstraint(
            "schedule_bundle_id IS NULL OR scheduled_for IS NOT NULL", name="confirmed_schedule_has_its_day"
        ),
        partial_index(
            "ix_payment_scheduled",
            "scheduled_for",
            "id",
            where="scheduled_for IS NOT NULL AND status IN ('pending', 'failed')",
        ),
        partial_index("ix_payment_to_reconcile", "company_id", "executed_at", "id", where="status = 'success'"),
        partial_index("ix_payment_reconciled", "company_id", "executed_at", "id", where="status = 'reconciled'"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    requisition_id: UUID = ref("requisition.id")
    revision: int = big()
    requested_by_id: UUID = ref("user.id")
    fund_id: UUID = ref("treasury_fund.id")
    payee: str = text(200)
    amount: int = big()
    currency: str = text(3)
    method: PaymentMethod = choice(PaymentMethod)
    destination: str = text(200, default="")
    status: PaymentStatus = choice(PaymentStatus, default=PaymentStatus.PENDING)
    is_held: bool = Field(default=False, nullable=False)
    executor_id: UUID | None = ref("user.id", nullable=True)
    otp_required: bool = Field(default=True, nullable=False)
    retry_count: int = big(0)
    max_retries: int = big(3)
    last_error: str = text(500, default="")
    idempotency_key: str | None = text(120, nullable=True)
    # Not tried again before this moment: it moves away with every failure.
    next_attempt_at: datetime | None = moment(nullable=True)
    scheduled_for: date | None = Field(default=None, nullable=True)
    # The list whose code confirmed that day; whatever changes takes it away.
    schedule_bundle_id: UUID | None = ref("payment_bundle.id", nullable=True)
    voucher_number: str | None = text(40, nullable=True)
    executed_at: datetime | None = moment(nullable=True)


class OtpChallenge(ChangingRow, table=True):
    """A one-time code for one payment or one list of payments, sent to its executor. Holds an HMAC, never the code."""

    __tablename__ = "otp_challenge"
    __table_args__ = (
        one_of("channel", OtpChannel),
        not_negative("attempts"),
        CheckConstraint("consumed_at IS NULL OR verified_at IS NOT NULL", name="verified_before_consumed"),
        CheckConstraint("consumed_at IS NULL OR voided_at IS NULL", name="void_is_not_consumed"),
        # One open code per payment: sending another voids the one before.
        partial_index(
            "ux_otp_challenge_open",
            "payment_id",
            unique=True,
            where="voided_at IS NULL AND consumed_at IS NULL",
        ),
        partial_index(
            "ux_otp_challenge_open_bundle",
            "bundle_id",
            unique=True,
            where="bundle_id IS NOT NULL AND voided_at IS NULL AND consumed_at IS NULL",
        ),
        CheckConstraint("(payment_id IS NULL) <> (bundle_id IS NULL)", name="of_payment_or_bundle"),
        Index("ix_otp_challenge_payment", "payment_id", "created_at"),
    )

    payment_id: UUID | None = ref("payment.id", nullable=True)
    bundle_id: UUID | None = ref("payment_bundle.id", nullable=True)
    executor_id: UUID = ref("user.id")
    session_id: UUID | None = ref("sign_in_session.id", nullable=True)
    payment_hash: str = text(64)
    channel: OtpChannel = choice(OtpChannel)
    code_hmac: str | None = text(64, nullable=True)
    expires_at: datetime = moment()
    attempts: int = big(0)
    max_attempts: int = big(5)
    sent_at: datetime | None = moment(nullable=True)
    voided_at: datetime | None = moment(nullable=True)
    verified_at: datetime | None = moment(nullable=True)
    consumed_at: datetime | None = moment(nullable=True)


class PaymentBundle(Row, table=True):
    """A list of payments that one code confirms: to be paid now, or on a day. Append-only.

    `list_hash` is the canonical hash of every payment's own hash in order, with the count, the total and the day.
    """

    __tablename__ = "payment_bundle"
    __table_args__ = (
        positive("payment_count"),
        positive("total_amount"),
        Index("ix_payment_bundle_executor", "executor_id", "created_at"),
    )

    company_id: UUID = ref("company.id")
    executor_id: UUID = ref("user.id")
    payment_count: int = big()
    total_amount: int = big()
    currency: str = text(3)
    scheduled_for: date | None = Field(default=None, nullable=True)
    list_hash: str = text(64)


class PaymentBundleLine(Row, table=True):
    """A payment on a list. Append-only."""

    __tablename__ = "payment_bundle_line"
    __table_args__ = (
        UniqueConstraint("bundle_id", "payment_id"),
        UniqueConstraint("bundle_id", "position"),
        CheckConstraint("position >= 1", name="position_counts"),
        positive("amount"),
        Index("ix_payment_bundle_line_payment", "payment_id"),
    )

    bundle_id: UUID = ref("payment_bundle.id")
    payment_id: UUID = ref("payment.id")
    position: int = big()
    amount: int = big()
    payment_hash: str = text(64)


class BankBatch(Row, table=True):
    """A bank file as it was written: its lines are the orders that name it. Append-only.

    `control_sum` is in minor units. Source: ISO 20022 pain.001.001.09, group header (NbOfTxs, CtrlSum, MsgId).
    """

    __tablename__ = "bank_batch"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("message_id"),
        one_of("format", BatchFormat),
        positive("line_count"),
        positive("control_sum"),
        Index("ix_bank_batch_fund", "fund_id", "created_at"),
        Index("ix_bank_batch_list", "company_id", "created_at", "id"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    fund_id: UUID = ref("treasury_fund.id")
    executor_id: UUID = ref("user.id")
    format: BatchFormat = choice(BatchFormat)
    message_id: str = text(35)
    currency: str = text(3)
    line_count: int = big()
    control_sum: int = big()
    debit_account: str = text(40)
    execution_date: date
    file_name: str = text(120)
    sha256: str = text(64)
    content: bytes = blob()


class PaymentOrder(ChangingRow, table=True):
    """An order to a gateway that is not local: there before it is sent, so that what had no answer is asked about.

    `conversation_id` is ours and the gateway's key against paying twice (M-Pesa: OriginatorConversationID; bank file:
    EndToEndId). What confirmed it is kept for the execution that it may lead to.
    """

    __tablename__ = "payment_order"
    __table_args__ = (
        UniqueConstraint("conversation_id"),
        UniqueConstraint("payment_id", "attempt"),
        UniqueConstraint("batch_id", "position"),
        one_of("gateway", GatewayName),
        one_of("status", OrderStatus),
        CheckConstraint("attempt >= 1", name="attempt_counts"),
        CheckConstraint("(batch_id IS NULL) = (position IS NULL)", name="line_of_batch"),
        CheckConstraint("status <> 'succeeded' OR gateway_reference IS NOT NULL", name="success_has_reference"),
        not_negative("ask_count"),
        # The gateway has at most one order for a payment that it may still carry out.
        partial_index(
            "ux_payment_order_open",
            "payment_id",
            unique=True,
            where="status IN ('sending', 'sent', 'unknown')",
        ),
        Index("ix_payment_order_payment", "payment_id", "created_at"),
        partial_index(
            "ix_payment_order_asking",
            "gateway",
            "next_ask_at",
            where="status IN ('sending', 'sent', 'unknown')",
        ),
    )

    company_id: UUID = ref("company.id")
    payment_id: UUID = ref("payment.id")
    executor_id: UUID = ref("user.id")
    attempt: int = big()
    gateway: GatewayName = choice(GatewayName)
    conversation_id: str = text(60)
    batch_id: UUID | None = ref("bank_batch.id", nullable=True)
    position: int | None = big(nullable=True)
    status: OrderStatus = choice(OrderStatus, default=OrderStatus.SENDING)
    idempotency_key: str = text(120)
    otp_verified_at: datetime | None = moment(nullable=True)
    channel: OtpChannel | None = choice(OtpChannel, nullable=True)
    source: str = text(120, default="")
    client: str = text(120, default="")
    sent_at: datetime | None = moment(nullable=True)
    # The gateway's own name for the conversation, under which its result comes.
    gateway_conversation_id: str = text(120, default="")
    next_ask_at: datetime | None = moment(nullable=True)
    ask_count: int = big(0)
    settled_at: datetime | None = moment(nullable=True)
    gateway_reference: str | None = text(120, nullable=True)
    result_code: str = text(40, default="")
    result_text: str = text(500, default="")


class PaymentExecution(Row, table=True):
    """That money left: one per payment, append-only."""

    __tablename__ = "payment_execution"
    __table_args__ = (
        UniqueConstraint("payment_id"),
        UniqueConstraint("company_id", "gateway_reference"),
        one_of("method", PaymentMethod),
        CheckConstraint("otp_verified_by_id IS NULL OR otp_verified_by_id = executor_id", name="code_of_executor"),
        Index("ix_payment_execution_list", "company_id", "executed_at", "id"),
    )

    company_id: UUID = ref("company.id")
    payment_id: UUID = ref("payment.id")
    executor_id: UUID = ref("user.id")
    method: PaymentMethod = choice(PaymentMethod)
    gateway_reference: str = text(120)
    gateway_status: str = text(60)
    otp_verified_at: datetime | None = moment(nullable=True)
    otp_verified_by_id: UUID | None = ref("user.id", nullable=True)
    channel: OtpChannel | None = choice(OtpChannel, nullable=True)
    source: str = text(120, default="")
    client: str = text(120, default="")
    executed_at: datetime = moment()


class LedgerEntry(Row, table=True):
    """A line of a fund's cash book and at once a balanced pair of accounts. Append-only.

    `journal` is shared by the entries of one event. A debit lowers the fund, a credit raises it, an adjustment does
    what its sign says.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("fund_id", "sequence"),
        one_of("entry_type", EntryType),
        one_of("source_type", EntrySource),
        CheckConstraint("amount <> 0 AND (amount > 0 OR entry_type = 'adjustment')", name="amount_signed"),
        not_negative("balance_after"),
        CheckConstraint("sequence >= 1", name="sequence_counts"),
        CheckConstraint("account_id <> contra_account_id", name="two_accounts"),
        CheckConstraint("(source_type = 'payment') = (payment_id IS NOT NULL)", name="payment_named"),
        CheckConstraint("(source_type = 'replenishment') = (replenishment_id IS NOT NULL)", name="replenishment_named"),
        CheckConstraint("(source_type = 'variance') = (variance_id IS NOT NULL)", name="variance_named"),
        CheckConstraint("(source_type = 'transfer') = (transfer_id IS NOT NULL)", name="transfer_named"),
        # One payment is one debit, one replenishment one credit, whatever a program believes.
        partial_index(
            "ux_ledger_entry_payment",
            "payment_id",
            unique=True,
            where="payment_id IS NOT NULL",
        ),
        partial_index(
            "ux_ledger_entry_replenishment",
            "replenishment_id",
            unique=True,
            where="replenishment_id IS NOT NULL",
        ),
        # One variance is one adjustment; a transfer is one entry in each of its two funds.
        partial_index("ux_ledger_entry_variance", "variance_id", unique=True, where="variance_id IS NOT NULL"),
        partial_index(
            "ux_ledger_entry_transfer", "transfer_id", "fund_id", unique=True, where="transfer_id IS NOT NULL"
        ),
        partial_index("ix_ledger_entry_corrects", "corrects_id", where="corrects_id IS NOT NULL"),
        Index("ix_ledger_entry_type", "fund_id", "entry_type", "sequence"),
        Index("ix_ledger_entry_date", "fund_id", "value_date", "sequence"),
        # Holds all that the sums of a day need: what was paid out is added up without a look at the entries.
        Index("ix_ledger_entry_day", "fund_id", "entry_type", "value_date", "amount"),
        Index("ix_ledger_entry_journal", "company_id", "journal"),
        # Few among many: what moved between funds, and what was over or short.
        partial_index("ix_ledger_entry_transfer", "fund_id", "entry_type", "amount", where="source_type = 'transfer'"),
    )

    company_id: UUID = ref("company.id")
    journal: str = text(40)
    fund_id: UUID = ref("treasury_fund.id")
    sequence: int = big()
    entry_type: EntryType = choice(EntryType)
    amount: int = big()
    currency: str = text(3)
    balance_after: int = big()
    account_id: UUID = ref("account.id")
    contra_account_id: UUID = ref("account.id")
    source_type: EntrySource = choice(EntrySource)
    payment_id: UUID | None = ref("payment.id", nullable=True)
    replenishment_id: UUID | None = ref("replenishment.id", nullable=True)
    variance_id: UUID | None = ref("variance.id", nullable=True)
    transfer_id: UUID | None = ref("fund_transfer.id", nullable=True)
    # The entry that this one puts right.
    corrects_id: UUID | None = ref("ledger_entry.id", nullable=True)
    description: str = text(400)
    value_date: date
    created_by_id: UUID | None = ref("user.id", nullable=True)


class Replenishment(ChangingRow, table=True):
    """A request to bring a fund back to its target balance."""

    __tablename__ = "replenishment"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        one_of("status", ReplenishmentStatus),
        positive("requested_amount"),
        CheckConstraint("completed_amount IS NULL OR completed_amount > 0", name="completed_amount_positive"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> requested_by_id", name="approver_not_requester"),
        CheckConstraint(
            "status <> 'completed' OR (approved_by_id IS NOT NULL AND completed_amount IS NOT NULL"
            " AND reference IS NOT NULL)",
            name="completed_after_approval",
        ),
        UniqueConstraint("company_id", "reference"),
        partial_index(
            "ux_replenishment_open",
            "fund_id",
            unique=True,
            where="status IN ('pending', 'approved')",
        ),
        Index("ix_replenishment_list", "company_id", "status", "created_at", "id"),
        Index("ix_replenishment_fund", "fund_id", "created_at"),
    )

    company_id: UUID = ref("company.id")
    number: str = text(20)
    fund_id: UUID = ref("treasury_fund.id")
    currency: str = text(3)
    balance_snapshot: int = big()
    requested_amount: int = big()
    completed_amount: int | None = big(nullable=True)
    reference: str | None = text(120, nullable=True)
    status: ReplenishmentStatus = choice(ReplenishmentStatus, default=ReplenishmentStatus.PENDING)
    auto_triggered: bool = Field(default=False, nullable=False)
    reason: str = text(500, default="")
    requested_by_id: UUID = ref("user.id")
    requested_at: datetime = moment()
    approved_by_id: UUID | None = ref("user.id", nullable=True)
    approved_at: datetime | None = moment(nullable=True)
    completed_by_id: UUID | None = ref("user.id", nullable=True)
    completed_at: datetime | None = moment(nullable=True)
    rejected_by_id: UUID | None = ref("user.id", nullable=True)
    rejected_at: datetime | None = moment(nullable=True)
