"""Why a requisition is routed as it is, and why the actor may or may not act on it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pettycash_tui.models.enums import EDITABLE, RequisitionStatus
from pettycash_tui.services import duplicates, locate, routing, steps, submission
from pettycash_tui.services.directory import Subject
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.requisition_detail import show
from pettycash_tui.services.requisition_steps import RouteStepView, step_view
from pettycash_tui.services.step_reasons import with_reasons
from pettycash_tui.services.work import Reading


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a requisition is routed as it is, and whether the actor may act on it now, with every reason against.

    `warnings` stop nothing: requests that look like it.
    """

    number: str
    status: RequisitionStatus | None
    allowed: bool
    reasons: tuple[Reason, ...]
    tier: int | None
    threshold: str | None
    status_when_submitted: RequisitionStatus | None
    steps: tuple[RouteStepView, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def explain(reading: Reading, ref: str | UUID) -> Explanation:
    """Why it is routed so, and why the actor may or may not act: the same code that routes and that checks acts."""
    row = locate.requisition(reading, ref)
    alike = duplicates.of_requisition(reading, row.id).sentences
    if row.status in EDITABLE:
        reasons: list[Reason] = []
        if row.requested_by_id != reading.actor.id:
            reasons.append(Reason("not_requester", f"Only its requester may submit {row.number}."))
        try:
            route = submission.route_for(reading, row)
        except Refused as error:
            reasons += error.reasons or [Reason(error.code, error.message)]
            return Explanation(row.number, row.status, False, tuple(reasons), None, None, None, (), (), alike)
        return _explained(reading, row.number, row.status, submission.subject_of(reading, row), route, reasons, alike)
    all_steps = steps.steps_of(reading, row.id, row.revision)
    current = steps.current_step(reading, row, all_steps)
    against = steps.reasons_against(reading, row, all_steps, current)
    detail = show(reading, row.id)
    threshold = detail.threshold
    views = tuple(
        RouteStepView(
            s.position,
            s.kind,
            s.role,
            s.approver,
            s.on_behalf_of,
            s.auto_escalated,
            s.escalation_reason,
            s.skipped_roles,
        )
        for s in detail.steps
    )
    notes = [f"Tier {row.tier} ({threshold})."] if row.tier else []
    notes += [
        f"{s.approver.name} ({s.role.label}) stands in: {s.escalation_reason}."
        for s in detail.steps
        if s.escalation_reason
    ]
    return Explanation(
        row.number, row.status, not against, tuple(against), row.tier, threshold, None, views, tuple(notes), alike
    )


def _explained(
    reading: Reading,
    number: str,
    status: RequisitionStatus | None,
    subject: Subject,
    route: routing.Route,
    reasons: list[Reason],
    warnings: tuple[str, ...] = (),
) -> Explanation:
    return Explanation(
        number=number,
        status=status,
        allowed=not reasons,
        reasons=tuple(reasons),
        tier=route.threshold.tier,
        threshold=route.threshold.name,
        status_when_submitted=route.status,
        steps=with_reasons(reading, subject, [step_view(step) for step in route.steps]),
        notes=route.notes,
        warnings=warnings,
    )


def explain_subject(reading: Reading, subject: Subject) -> Explanation:
    """The route that such a requisition would take (a form being typed, `policy explain`).

    Refusals come as reasons, not as errors.
    """
    try:
        route = submission.route_of(reading, subject)
    except Refused as error:
        found = tuple(error.reasons) or (Reason(error.code, error.message),)
        return Explanation("", None, False, found, None, None, None, (), ())
    return _explained(reading, "", None, subject, route, [])
