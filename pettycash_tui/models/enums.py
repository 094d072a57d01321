"""The states and kinds of petty cash, in the spelling that tables, scripts and screens share."""

from __future__ import annotations

from enum import StrEnum


class Labelled(StrEnum):
    """An enum whose values have a display name: the value's words, unless `_LABELS` says better."""

    @property
    def label(self) -> str:
        """The name a person reads."""
        return _LABELS.get(self, self.value.replace("_", " ").capitalize())


class Role(Labelled):
    """The ten roles. What each may do is the table in `services/permissions.py`."""

    ADMIN = "admin"
    STAFF = "staff"
    DEPARTMENT_HEAD = "department_head"
    BRANCH_MANAGER = "branch_manager"
    REGIONAL_MANAGER = "regional_manager"
    GROUP_FINANCE_MANAGER = "group_finance_manager"
    TREASURY = "treasury"
    CFO = "cfo"
    FPA = "fp&a"
    CEO = "ceo"


class OriginType(Labelled):
    """Where a requisition comes from."""

    BRANCH = "branch"
    HQ = "hq"
    FIELD = "field"


class ThresholdOrigin(Labelled):
    """Which origins a tier of the policy serves."""

    BRANCH = "BRANCH"
    HQ = "HQ"
    FIELD = "FIELD"
    ANY = "ANY"

    def serves(self, origin: OriginType) -> bool:
        """Whether a requisition of `origin` falls under it."""
        return self is ThresholdOrigin.ANY or self.value.lower() == origin.value


class RequisitionStatus(Labelled):
    """The states of a requisition; the pending ones name the role that acts next."""

    DRAFT = "draft"
    PENDING = "pending"
    PENDING_URGENCY_CONFIRMATION = "pending_urgency_confirmation"
    PENDING_DEPT_APPROVAL = "pending_dept_approval"
    PENDING_BRANCH_APPROVAL = "pending_branch_approval"
    PENDING_REGIONAL_REVIEW = "pending_regional_review"
    PENDING_FINANCE_REVIEW = "pending_finance_review"
    PENDING_TREASURY_VALIDATION = "pending_treasury_validation"
    PENDING_CFO_APPROVAL = "pending_cfo_approval"
    PENDING_CHANGES = "pending_changes"
    APPROVED = "approved"
    PAID = "paid"
    REVIEWED = "reviewed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


EDITABLE = frozenset({RequisitionStatus.DRAFT, RequisitionStatus.PENDING_CHANGES})
"""The requester may edit, and nobody else acts."""

IN_APPROVAL = frozenset(
    {
        RequisitionStatus.PENDING,
        RequisitionStatus.PENDING_URGENCY_CONFIRMATION,
        RequisitionStatus.PENDING_DEPT_APPROVAL,
        RequisitionStatus.PENDING_BRANCH_APPROVAL,
        RequisitionStatus.PENDING_REGIONAL_REVIEW,
        RequisitionStatus.PENDING_FINANCE_REVIEW,
        RequisitionStatus.PENDING_TREASURY_VALIDATION,
        RequisitionStatus.PENDING_CFO_APPROVAL,
    }
)
"""Somebody's step is current, before payment."""

CLOSED = frozenset({RequisitionStatus.REVIEWED, RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN})
"""Nothing follows."""

REQUISITION_FLOW: dict[RequisitionStatus, frozenset[RequisitionStatus]] = {
    RequisitionStatus.DRAFT: IN_APPROVAL | {RequisitionStatus.WITHDRAWN},
    RequisitionStatus.PENDING_CHANGES: IN_APPROVAL | {RequisitionStatus.WITHDRAWN},
    **{
        status: IN_APPROVAL
        | {
            RequisitionStatus.PENDING_CHANGES,
            RequisitionStatus.APPROVED,
            RequisitionStatus.REJECTED,
            RequisitionStatus.WITHDRAWN,
        }
        for status in IN_APPROVAL
    },
    RequisitionStatus.APPROVED: frozenset(
        {RequisitionStatus.PAID, RequisitionStatus.WITHDRAWN, RequisitionStatus.REJECTED}
    ),
    RequisitionStatus.PAID: frozenset({RequisitionStatus.REVIEWED}),
    RequisitionStatus.REVIEWED: frozenset(),
    RequisitionStatus.REJECTED: frozenset(),
    RequisitionStatus.WITHDRAWN: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `requisition_flow`)."""


class StepKind(Labelled):
    """What an approval step is for: fixed by the role that holds it."""

    APPROVE = "approve"
    VALIDATE = "validate"
    REVIEW = "review"


class StepStatus(Labelled):
    """The states of an approval step."""

    WAITING = "waiting"
    CURRENT = "current"
    DONE = "done"
    SKIPPED = "skipped"


class TrailAction(Labelled):
    """What a line of the approval trail records."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    VALIDATED = "validated"
    PAID = "paid"
    REVIEWED = "reviewed"
    REJECTED = "rejected"
    URGENCY_CONFIRMED = "urgency_confirmed"
    URGENCY_DECLINED = "urgency_declined"
    CHANGES_REQUESTED = "changes_requested"
    WITHDRAWN = "withdrawn"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"


DECISIONS = frozenset(
    {
        TrailAction.APPROVED,
        TrailAction.VALIDATED,
        TrailAction.REVIEWED,
        TrailAction.REJECTED,
        TrailAction.URGENCY_CONFIRMED,
        TrailAction.URGENCY_DECLINED,
        TrailAction.CHANGES_REQUESTED,
    }
)
"""The acts that a requester never does on their own request."""

STEP_DECISIONS = frozenset(
    {TrailAction.APPROVED, TrailAction.VALIDATED, TrailAction.REVIEWED, TrailAction.URGENCY_CONFIRMED}
)
"""The acts that complete a step: one per person and revision."""


class PaymentMethod(Labelled):
    """How money leaves."""

    MPESA = "mpesa"
    BANK_TRANSFER = "bank_transfer"
    CASH = "cash"


class PaymentStatus(Labelled):
    """The states of a payment."""

    PENDING = "pending"
    EXECUTING = "executing"
    SUCCESS = "success"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RECONCILED = "reconciled"
    CANCELLED = "cancelled"


OPEN_PAYMENTS = frozenset({PaymentStatus.PENDING, PaymentStatus.EXECUTING, PaymentStatus.FAILED, PaymentStatus.UNKNOWN})
"""Money may still leave for these; they may hold their amount."""

PAYMENT_FLOW: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.PENDING: frozenset(
        {PaymentStatus.EXECUTING, PaymentStatus.SUCCESS, PaymentStatus.FAILED, PaymentStatus.CANCELLED}
    ),
    PaymentStatus.EXECUTING: frozenset({PaymentStatus.SUCCESS, PaymentStatus.FAILED, PaymentStatus.UNKNOWN}),
    PaymentStatus.UNKNOWN: frozenset({PaymentStatus.SUCCESS, PaymentStatus.FAILED}),
    PaymentStatus.FAILED: frozenset(
        {PaymentStatus.PENDING, PaymentStatus.EXECUTING, PaymentStatus.SUCCESS, PaymentStatus.CANCELLED}
    ),
    PaymentStatus.SUCCESS: frozenset({PaymentStatus.RECONCILED}),
    PaymentStatus.RECONCILED: frozenset({PaymentStatus.SUCCESS}),
    PaymentStatus.CANCELLED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `payment_flow`)."""


class GatewayName(Labelled):
    """Through which way money leaves."""

    CASH = "cash"
    MANUAL = "manual"
    BANK_FILE = "bank_file"
    MPESA = "mpesa"


class OrderStatus(Labelled):
    """The states of an order to a gateway that is not local: written down before it is sent."""

    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


OPEN_ORDERS = frozenset({OrderStatus.SENDING, OrderStatus.SENT, OrderStatus.UNKNOWN})
"""The gateway may still pay: nothing else is sent for the payment."""

ORDER_FLOW: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.SENDING: frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN, OrderStatus.SUCCEEDED, OrderStatus.FAILED}),
    OrderStatus.SENT: frozenset({OrderStatus.UNKNOWN, OrderStatus.SUCCEEDED, OrderStatus.FAILED}),
    OrderStatus.UNKNOWN: frozenset({OrderStatus.SENT, OrderStatus.SUCCEEDED, OrderStatus.FAILED}),
    OrderStatus.SUCCEEDED: frozenset(),
    OrderStatus.FAILED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `payment_order_flow`)."""


class ScheduleStatus(Labelled):
    """The states of a confirmation that a payment is executed on a day."""

    STANDING = "standing"
    TAKEN_UP = "taken_up"
    VOID = "void"


SCHEDULE_FLOW: dict[ScheduleStatus, frozenset[ScheduleStatus]] = {
    ScheduleStatus.STANDING: frozenset({ScheduleStatus.TAKEN_UP, ScheduleStatus.VOID}),
    ScheduleStatus.TAKEN_UP: frozenset(),
    ScheduleStatus.VOID: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `payment_schedule_flow`)."""


class BatchFormat(Labelled):
    """The layouts of a bank file."""

    PAIN001 = "pain001"
    CSV = "csv"


class OtpChannel(Labelled):
    """How a one-time code reaches the officer."""

    TOTP = "totp"
    EMAIL = "email"
    SMS = "sms"


class EntryType(Labelled):
    """A ledger entry in the words of a statement: debit is paid out of the fund, credit is paid in."""

    DEBIT = "debit"
    CREDIT = "credit"
    ADJUSTMENT = "adjustment"


class EntrySource(Labelled):
    """What a ledger entry comes from."""

    OPENING = "opening"
    PAYMENT = "payment"
    REPLENISHMENT = "replenishment"
    VARIANCE = "variance"
    TRANSFER = "transfer"


class ReplenishmentStatus(Labelled):
    """The states of a replenishment request."""

    PENDING = "pending"
    APPROVED = "approved"
    COMPLETED = "completed"
    REJECTED = "rejected"


OPEN_REPLENISHMENTS = frozenset({ReplenishmentStatus.PENDING, ReplenishmentStatus.APPROVED})

REPLENISHMENT_FLOW: dict[ReplenishmentStatus, frozenset[ReplenishmentStatus]] = {
    ReplenishmentStatus.PENDING: frozenset({ReplenishmentStatus.APPROVED, ReplenishmentStatus.REJECTED}),
    ReplenishmentStatus.APPROVED: frozenset({ReplenishmentStatus.COMPLETED, ReplenishmentStatus.REJECTED}),
    ReplenishmentStatus.COMPLETED: frozenset(),
    ReplenishmentStatus.REJECTED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `replenishment_flow`)."""


class ReconciliationAct(Labelled):
    """What a reconciler did to a payment."""

    RECONCILED = "reconciled"
    UNDONE = "undone"


class VarianceStatus(Labelled):
    """The states of a variance: a paid amount that turned out to be another."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


VARIANCE_FLOW: dict[VarianceStatus, frozenset[VarianceStatus]] = {
    VarianceStatus.PENDING: frozenset({VarianceStatus.APPROVED, VarianceStatus.REJECTED}),
    VarianceStatus.APPROVED: frozenset(),
    VarianceStatus.REJECTED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `variance_flow`)."""


class TransferStatus(Labelled):
    """The states of a transfer between two funds."""

    PENDING = "pending"
    COMPLETED = "completed"
    REJECTED = "rejected"


TRANSFER_FLOW: dict[TransferStatus, frozenset[TransferStatus]] = {
    TransferStatus.PENDING: frozenset({TransferStatus.COMPLETED, TransferStatus.REJECTED}),
    TransferStatus.COMPLETED: frozenset(),
    TransferStatus.REJECTED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `fund_transfer_flow`)."""


class NoticeKind(Labelled):
    """What a person is told about without asking."""

    WAITS_FOR_YOU = "waits_for_you"
    CHANGES_ASKED = "changes_asked"
    REJECTED = "rejected"
    PAID = "paid"
    FAILED = "failed"
    CONTRADICTED = "contradicted"
    BANK_FILE = "bank_file"
    FUND_LOW = "fund_low"
    REPLENISHED = "replenished"
    DIGEST = "digest"


class NoticeChannel(Labelled):
    """How a notice reaches a person."""

    EMAIL = "email"
    SMS = "sms"


class NoticeTiming(Labelled):
    """When a person is told: at once, once a day with everything else, or not at all."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    OFF = "off"


class NoticeStatus(Labelled):
    """The states of a notice.

    `gathered` waits for its person's daily digest; `skipped` could not be sent to anybody (no address); `outdated`
    was not needed any more when its turn came.
    """

    QUEUED = "queued"
    GATHERED = "gathered"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    SKIPPED = "skipped"
    OUTDATED = "outdated"


UNDELIVERED = frozenset({NoticeStatus.FAILED, NoticeStatus.GIVEN_UP, NoticeStatus.SKIPPED})
"""The person does not know yet, and perhaps never will unless somebody does something."""

NOTICE_FLOW: dict[NoticeStatus, frozenset[NoticeStatus]] = {
    NoticeStatus.QUEUED: frozenset({NoticeStatus.SENDING, NoticeStatus.SKIPPED, NoticeStatus.OUTDATED}),
    NoticeStatus.GATHERED: frozenset({NoticeStatus.SENT, NoticeStatus.OUTDATED}),
    NoticeStatus.SENDING: frozenset(
        {
            NoticeStatus.SENT,
            NoticeStatus.FAILED,
            NoticeStatus.GIVEN_UP,
            NoticeStatus.SKIPPED,
            NoticeStatus.OUTDATED,
        }
    ),
    NoticeStatus.FAILED: frozenset(
        {NoticeStatus.QUEUED, NoticeStatus.SENDING, NoticeStatus.SKIPPED, NoticeStatus.OUTDATED}
    ),
    NoticeStatus.GIVEN_UP: frozenset({NoticeStatus.QUEUED}),
    NoticeStatus.SKIPPED: frozenset({NoticeStatus.QUEUED}),
    NoticeStatus.SENT: frozenset(),
    NoticeStatus.OUTDATED: frozenset(),
}
"""From each state, the states that may follow. The database enforces it (trigger `notice_flow`)."""


class AccountType(Labelled):
    """The five kinds of account."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountPurpose(Labelled):
    """The accounts that treasury itself posts against: one of each per company."""

    REPLENISHMENT_SOURCE = "replenishment_source"
    OPENING_BALANCES = "opening_balances"
    CASH_OVER_SHORT = "cash_over_short"
    TRANSFERS_IN_TRANSIT = "transfers_in_transit"


_LABELS: dict[Labelled, str] = {
    Role.GROUP_FINANCE_MANAGER: "Group finance manager",
    Role.CFO: "CFO",
    Role.FPA: "FP&A",
    Role.CEO: "CEO",
    OriginType.HQ: "Head office",
    ThresholdOrigin.BRANCH: "Branch",
    ThresholdOrigin.HQ: "Head office",
    ThresholdOrigin.FIELD: "Field",
    ThresholdOrigin.ANY: "Any origin",
    RequisitionStatus.PENDING_URGENCY_CONFIRMATION: "Urgency to confirm",
    RequisitionStatus.PENDING_DEPT_APPROVAL: "With department head",
    RequisitionStatus.PENDING_BRANCH_APPROVAL: "With branch manager",
    RequisitionStatus.PENDING_REGIONAL_REVIEW: "With regional manager",
    RequisitionStatus.PENDING_FINANCE_REVIEW: "With finance",
    RequisitionStatus.PENDING_TREASURY_VALIDATION: "With treasury",
    RequisitionStatus.PENDING_CFO_APPROVAL: "With CFO",
    RequisitionStatus.PENDING_CHANGES: "Changes asked",
    PaymentMethod.MPESA: "M-Pesa",
    GatewayName.MANUAL: "Transfer by hand",
    GatewayName.MPESA: "M-Pesa",
    BatchFormat.PAIN001: "ISO 20022 (pain.001)",
    BatchFormat.CSV: "CSV",
    OtpChannel.TOTP: "Authenticator app",
    OtpChannel.SMS: "SMS",
    NoticeKind.WAITS_FOR_YOU: "Waits for you",
    NoticeKind.DIGEST: "Daily digest",
    NoticeChannel.SMS: "SMS",
    EntryType.DEBIT: "Paid out",
    EntryType.CREDIT: "Paid in",
}
