"""What an event says of the row that it is about: which statuses can follow from it, and which columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from pettycash_tui.models import tables as t

ACTOR, AT = "@actor", "@at"
CONTENT = (
    "amount",
    "currency",
    "payee",
    "purpose",
    "method",
    "destination",
    "fund_id",
    "origin_type",
    "branch_id",
    "region_id",
    "department_id",
    "cost_center_id",
    "category_id",
)
"""What a person asked for, as the event of a requisition holds it."""

# Each as narrow as the act is: one that may be on its way, made pending, would be paid a second time.
_PAYMENT = {
    "payment.created": frozenset({"pending"}),
    "payment.assigned": frozenset({"pending", "failed"}),
    "payment.retried": frozenset({"pending"}),
    "payment.sent": frozenset({"executing"}),
    # A gateway that takes an order of which nothing was known does not settle it.
    "payment.accepted": frozenset({"executing", "unknown"}),
    "payment.unknown": frozenset({"unknown"}),
    "payment.failed": frozenset({"failed"}),
    "payment.executed": frozenset({"success"}),
    "payment.reconciled": frozenset({"reconciled"}),
    "payment.unreconciled": frozenset({"success"}),
    "payment.cancelled": frozenset({"cancelled"}),
}
_REPLENISHMENT = {
    "replenishment.requested": frozenset({"pending"}),
    "replenishment.approved": frozenset({"approved"}),
    "replenishment.completed": frozenset({"completed"}),
    "replenishment.rejected": frozenset({"rejected"}),
}
_TRANSFER = {
    "transfer.requested": frozenset({"pending"}),
    "transfer.completed": frozenset({"completed"}),
    "transfer.rejected": frozenset({"rejected"}),
}
_VARIANCE = {
    "variance.recorded": frozenset({"pending"}),
    "variance.approved": frozenset({"approved"}),
    "variance.rejected": frozenset({"rejected"}),
}
_DELEGATION = {
    # One that was added ends with the person as well, whose own event tells it.
    "delegation.added": frozenset({"true", "false"}),
    "delegation.ended": frozenset({"false"}),
}
_PERIOD = {"period.closed": frozenset({"true"}), "period.reopened": frozenset({"false"})}
# A status that the event itself names stays until the next one, but for what a payment makes of it.
_NAMED: frozenset[str] = frozenset()
_REQUISITION = {
    "requisition.created": frozenset({"draft"}),
    "requisition.submitted": _NAMED,
    "requisition.approved": _NAMED,
    "requisition.validated": _NAMED,
    "requisition.reviewed": _NAMED,
    "requisition.urgency_confirmed": _NAMED,
    # After these the status is the step's that is next, or a draft's.
    "requisition.urgency_declined": _NAMED,
    "requisition.escalated": _NAMED,
    "requisition.reassigned": _NAMED,
    "requisition.edited": frozenset({"draft", "pending_changes"}),
    "requisition.changes_requested": frozenset({"pending_changes"}),
    "requisition.rejected": frozenset({"rejected"}),
    "requisition.withdrawn": frozenset({"withdrawn"}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """A table that events tell of: by which actions, and of which columns.

    `says`: by action, the columns and under which name its data hold each; without, the status is what is told of.
    ACTOR and AT are no names of the data: who acted, and when. `key` is the column that holds the event's subject.
    """

    name: str
    table: Table
    actions: tuple[str, ...]
    column: str = "status"
    says: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key: str = "id"

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are compared."""
        said = {column for columns in self.says.values() for column in columns}
        return frozenset(said or {self.column})

    @property
    def needs_data(self) -> bool:
        """Whether the event's text is to be read for the status."""
        return self.name == "requisition"

    def statuses(self, action: str, data: Mapping[str, Any]) -> frozenset[str]:
        """The statuses that the row may have when this was the last event about it."""
        allowed = _ALL[self.name][action]
        if allowed:
            return allowed
        if "status" not in data:
            return _FLOWING
        named = str(data["status"])
        # What is approved is paid, or comes to nothing, by its payment, whose own event is compared with the payment.
        return frozenset({named, "paid", "rejected"} if named == "approved" else {named})


_FLOWING = frozenset(
    {
        "pending",
        "pending_urgency_confirmation",
        "pending_dept_approval",
        "pending_branch_approval",
        "pending_regional_review",
        "pending_finance_review",
        "pending_treasury_validation",
        "pending_cfo_approval",
        "approved",
        "paid",
    }
)
_ALL: dict[str, dict[str, frozenset[str]]] = {
    "payment": _PAYMENT,
    "replenishment": _REPLENISHMENT,
    "transfer": _TRANSFER,
    "variance": _VARIANCE,
    "period": _PERIOD,
    "delegation": _DELEGATION,
    "requisition": _REQUISITION,
}
_CONTENT = {name: name for name in CONTENT}
_URGENCY = {name: name for name in ("is_urgent", "urgency_reason")}
_PAID_BY = {"executor_id": ACTOR, "executed_at": AT, "created_at": AT}
_REJECTED_BY = {"rejected_by_id": ACTOR, "rejected_at": AT}


def _saying(name: str, table: Table, says: Mapping[str, Mapping[str, str]], key: str = "id") -> Telling:
    return Telling(name, table, tuple(says), says=says, key=key)


_TELLINGS = (
    Telling("payment", t.payment, tuple(_PAYMENT)),
    Telling("replenishment", t.replenishment, tuple(_REPLENISHMENT)),
    Telling("transfer", t.fund_transfer, tuple(_TRANSFER)),
    Telling("variance", t.variance, tuple(_VARIANCE)),
    Telling("period", t.accounting_period, tuple(_PERIOD), column="is_closed"),
    Telling("delegation", t.delegation, tuple(_DELEGATION), column="is_active"),
    Telling("requisition", t.requisition, tuple(_REQUISITION)),
    _saying("content", t.requisition, {"requisition.created": _CONTENT, "requisition.edited": _CONTENT}),
    _saying("requester", t.requisition, {"requisition.created": {"requested_by_id": ACTOR, "created_at": AT}}),
    _saying("code", t.payment, {"payment.created": {"otp_required": "otp_required", "created_at": AT}}),
    _saying(
        "executor",
        t.payment,
        {
            "payment.created": {"executor_id": "executor"},
            "payment.assigned": {"executor_id": "to"},
        },
    ),
    _saying("voucher", t.payment, {"payment.executed": {"voucher_number": "voucher_number", "executed_at": AT}}),
    _saying(
        "execution",
        t.payment_execution,
        {
            "payment.executed": {
                "method": "method",
                "gateway_reference": "gateway_reference",
                "otp_verified_at": "code_verified_at",
                **_PAID_BY,
            }
        },
        key="payment_id",
    ),
    _saying(
        "asked",
        t.replenishment,
        {"replenishment.requested": {"requested_amount": "amount", "requested_by_id": ACTOR, "requested_at": AT}},
    ),
    _saying(
        "moved",
        t.fund_transfer,
        {
            "transfer.requested": {
                "amount": "amount",
                "currency": "currency",
                "reason": "reason",
                "from_fund_id": "from_fund_id",
                "to_fund_id": "to_fund_id",
                "requested_by_id": ACTOR,
            }
        },
    ),
    _saying(
        "adjusted",
        t.variance,
        {
            "variance.recorded": {
                **{name: name for name in ("original_amount", "adjusted_amount", "variance_amount", "currency")},
                "payment_id": "payment_id",
                "reason": "reason",
                "recorded_by_id": ACTOR,
            }
        },
    ),
    _saying(
        "delegated",
        t.delegation,
        {"delegation.added": {name: name for name in ("approver_id", "delegate_id", "starts_on", "ends_on")}},
    ),
    _saying("urgency", t.requisition, {"requisition.created": _URGENCY, "requisition.edited": _URGENCY}),
    _saying(
        "level",
        t.requisition,
        {"requisition.submitted": {"tier": "tier", "threshold_id": "threshold", "submitted_at": AT}},
    ),
    # Each act by itself: what a later one tells leaves it as it is.
    *(
        _saying(action, table, {action: says})
        for table, action, says in (
            (t.replenishment, "replenishment.approved", {"approved_by_id": ACTOR, "approved_at": AT}),
            (
                t.replenishment,
                "replenishment.completed",
                {
                    "completed_amount": "amount",
                    "reference": "reference",
                    "completed_by_id": ACTOR,
                    "completed_at": AT,
                },
            ),
            (t.replenishment, "replenishment.rejected", {"reason": "reason", **_REJECTED_BY}),
            (t.fund_transfer, "transfer.completed", {"approved_by_id": ACTOR, "completed_at": AT}),
            (t.fund_transfer, "transfer.rejected", {"rejection_reason": "reason", **_REJECTED_BY}),
            (t.variance, "variance.approved", {"approved_by_id": ACTOR, "approved_at": AT}),
            (t.variance, "variance.rejected", {"rejection_reason": "reason", **_REJECTED_BY}),
        )
    ),
)
STATUSES: dict[str, tuple[Telling, ...]] = {
    action: tuple(telling for telling in _TELLINGS if action in telling.actions)
    for action in {action for telling in _TELLINGS for action in telling.actions}
}
"""What each action tells of."""
