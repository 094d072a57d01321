"""What an event says of the row that it is about: which statuses can follow from it, and which content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from pettycash_tui.models import tables as t

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

_OPEN = frozenset({"pending", "executing", "failed", "unknown"})
_PAYMENT = {
    **dict.fromkeys(
        (
            "payment.created",
            "payment.assigned",
            "payment.retried",
            "payment.sent",
            "payment.accepted",
            "payment.unknown",
            "payment.failed",
        ),
        _OPEN,
    ),
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


@dataclass(frozen=True, slots=True)
class Telling:
    """A table that events tell of: by which actions, and of which column."""

    name: str
    table: Table
    actions: tuple[str, ...]
    column: str = "status"
    is_content: bool = False

    @property
    def needs_data(self) -> bool:
        """Whether the event's text is to be read."""
        return self.is_content or self.name == "requisition"

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
    "requisition": _REQUISITION,
}
_TELLINGS = (
    Telling("payment", t.payment, tuple(_PAYMENT)),
    Telling("replenishment", t.replenishment, tuple(_REPLENISHMENT)),
    Telling("transfer", t.fund_transfer, tuple(_TRANSFER)),
    Telling("variance", t.variance, tuple(_VARIANCE)),
    Telling("period", t.accounting_period, tuple(_PERIOD), column="is_closed"),
    Telling("requisition", t.requisition, tuple(_REQUISITION)),
    Telling("content", t.requisition, ("requisition.created", "requisition.edited"), is_content=True),
)
STATUSES: dict[str, tuple[Telling, ...]] = {
    action: tuple(telling for telling in _TELLINGS if action in telling.actions)
    for action in {action for telling in _TELLINGS for action in telling.actions}
}
"""What each action tells of."""
