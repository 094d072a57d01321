"""A step as it would be routed, to be shown to people."""

from __future__ import annotations

from dataclasses import dataclass

from pettycash_tui.models.enums import Role, StepKind
from pettycash_tui.services.refs import PersonRef
from pettycash_tui.services.routing import RoutedStep


@dataclass(frozen=True, slots=True)
class RouteStepView:
    """A step as it would be routed. `why` says what made it this person, where that was asked."""

    position: int
    kind: StepKind
    role: Role
    approver: PersonRef
    on_behalf_of: PersonRef | None
    auto_escalated: bool
    escalation_reason: str
    skipped_roles: tuple[str, ...]
    why: str = ""


def step_view(step: RoutedStep) -> RouteStepView:
    """A step of a route that was resolved just now."""
    who, absent = step.pick.person, step.pick.on_behalf_of
    return RouteStepView(
        position=step.position,
        kind=step.kind,
        role=step.role,
        approver=PersonRef(who.id, who.username, who.name),
        on_behalf_of=PersonRef(absent.id, absent.username, absent.name) if absent else None,
        auto_escalated=step.auto_escalated,
        escalation_reason=step.escalation_reason,
        skipped_roles=tuple(role.value for role in step.skipped_roles),
    )
