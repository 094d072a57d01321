"""The rules of requisitions, their steps and their trail."""

from __future__ import annotations

from pettycash_tui.database.rules.rule import Rule, append_only, changed, kept, known_people, off_course, quoted
from pettycash_tui.models.enums import DECISIONS, EDITABLE, IN_APPROVAL, REQUISITION_FLOW, RequisitionStatus

_REQUISITION_CONTENT = (
    "company_id",
    "number",
    "origin_type",
    "region_id",
    "branch_id",
    "department_id",
    "cost_center_id",
    "fund_id",
    "category_id",
    "payee",
    "method",
    "destination",
    "amount",
    "currency",
    "purpose",
    "is_urgent",
    "urgency_reason",
)

_FUND_ELSEWHERE = (
    "NOT EXISTS (SELECT 1 FROM treasury_fund f WHERE f.id = NEW.fund_id AND f.company_id = NEW.company_id"
    " AND f.currency = NEW.currency)"
    " OR NOT EXISTS (SELECT 1 FROM category c WHERE c.id = NEW.category_id AND c.company_id = NEW.company_id)"
)

_WITHOUT_STEPS = (RequisitionStatus.REJECTED, RequisitionStatus.WITHDRAWN, RequisitionStatus.PENDING_CHANGES)

REQUISITIONS: tuple[Rule, ...] = (
    # --- requisitions -------------------------------------------------------------------------------------------
    *kept("requisition"),
    *known_people("requisition", "requested_by_id"),
    Rule(
        "requisition_requester_fixed",
        "requisition",
        "UPDATE",
        "the requester of a requisition cannot change",
        changed("requested_by_id", "id", "company_id", "number"),
    ),
    Rule(
        "requisition_content_frozen",
        "requisition",
        "UPDATE",
        "only a draft or a requisition sent back for changes can be edited",
        f"OLD.status NOT IN ({quoted(EDITABLE)}) AND ({changed(*_REQUISITION_CONTENT)})",
    ),
    Rule(
        "requisition_revision_counts",
        "requisition",
        "UPDATE",
        "a revision follows the one before it, after changes were asked for",
        "(NEW.revision <> OLD.revision AND NOT (NEW.revision = OLD.revision + 1 AND OLD.status = 'pending_changes'))"
        # The approvals of the revision that was sent back are void, so it never goes on itself.
        f" OR (OLD.status = 'pending_changes' AND NEW.status IN ({quoted(IN_APPROVAL)})"
        " AND NEW.revision = OLD.revision)",
    ),
    Rule(
        "requisition_flow",
        "requisition",
        "UPDATE",
        "a requisition cannot go from this status to that",
        off_course(REQUISITION_FLOW),
    ),
    Rule(
        "requisition_starts_as_draft",
        "requisition",
        "INSERT",
        "a requisition starts as a draft, revision 1",
        "NEW.status <> 'draft' OR NEW.revision <> 1",
    ),
    Rule(
        "requisition_paid_by_execution",
        "requisition",
        "UPDATE",
        "only the execution of its payment makes a requisition paid",
        "NOT EXISTS (SELECT 1 FROM payment_execution e JOIN payment p ON p.id = e.payment_id"
        " WHERE p.requisition_id = NEW.id)",
        only_when="NEW.status = 'paid' AND OLD.status <> 'paid'",
    ),
    Rule(
        "requisition_approved_by_steps",
        "requisition",
        "UPDATE",
        "a requisition is approved when an approver has approved it and no step before payment is open",
        "NOT EXISTS (SELECT 1 FROM approval_step s WHERE s.requisition_id = NEW.id AND s.revision = NEW.revision"
        " AND s.kind = 'approve' AND s.status = 'done')"
        " OR EXISTS (SELECT 1 FROM approval_step s WHERE s.requisition_id = NEW.id AND s.revision = NEW.revision"
        " AND s.kind <> 'review' AND s.status IN ('waiting', 'current'))",
        only_when="NEW.status = 'approved' AND OLD.status <> 'approved'",
    ),
    Rule(
        "requisition_one_fund_one_company",
        "requisition",
        "INSERT",
        "a requisition's fund and category belong to its company, and its currency is the fund's",
        _FUND_ELSEWHERE,
    ),
    Rule(
        "requisition_same_fund_one_company",
        "requisition",
        "UPDATE",
        "a requisition's fund and category belong to its company, and its currency is the fund's",
        _FUND_ELSEWHERE,
        only_when=changed("fund_id", "category_id", "currency"),
    ),
    # --- steps and trail ----------------------------------------------------------------------------------------
    *kept("approval_step"),
    *[
        Rule(
            f"approval_step_not_requester_{event.lower()}",
            "approval_step",
            event,
            "nobody decides on their own requisition",
            "EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id AND r.requested_by_id IN"
            " (NEW.approver_id, NEW.acted_by_id, NEW.on_behalf_of_id))",
        )
        for event in ("INSERT", "UPDATE")
    ],
    *known_people("approval_step", "approver_id", "acted_by_id", "on_behalf_of_id"),
    Rule(
        "approval_step_done_is_final",
        "approval_step",
        "UPDATE",
        "a decided step cannot change",
        f"OLD.status = 'done' AND ({changed('status', 'approver_id', 'acted_by_id', 'acted_at', 'role', 'kind')})",
    ),
    Rule(
        "approval_step_skipped_by_an_act",
        "approval_step",
        "UPDATE",
        "a step is skipped when its requisition ends or goes back, or is confirmed to be urgent",
        "NOT EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id"
        f" AND (r.status IN ({quoted(_WITHOUT_STEPS)})"
        # Who confirms the urgency spares the other approvers, and treasury never.
        " OR (r.status = 'pending_urgency_confirmation' AND OLD.status = 'waiting' AND NEW.kind = 'approve')))",
        only_when="NEW.status = 'skipped' AND OLD.status <> 'skipped'",
    ),
    Rule(
        "approval_step_belongs",
        "approval_step",
        "UPDATE",
        "a step stays with its requisition, revision, position and kind",
        changed("requisition_id", "revision", "position", "kind"),
    ),
    *append_only("approval_trail"),
    *known_people("approval_trail", "user_id", "on_behalf_of_id"),
    Rule(
        "approval_trail_not_requester",
        "approval_trail",
        "INSERT",
        "nobody decides on their own requisition",
        "EXISTS (SELECT 1 FROM requisition r WHERE r.id = NEW.requisition_id"
        " AND r.requested_by_id IN (NEW.user_id, NEW.on_behalf_of_id))",
        only_when=f"NEW.action IN ({quoted(DECISIONS)})",
    ),
    *append_only("attachment"),
)
