"""Whom a requisition goes to: the threshold, the roles, the people, the escalations. Pure once its facts are loaded.

`explain` and `submit` call the same `resolve`, so they cannot disagree. Source: domain, section 2, rules 1 to 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pettycash_tui.models.enums import RequisitionStatus, Role, StepKind
from pettycash_tui.models.money import Money
from pettycash_tui.services.directory import Directory, Pick, Subject
from pettycash_tui.services.errors import Reason, Refused
from pettycash_tui.services.permissions import kind_of
from pettycash_tui.services.thresholds import Threshold, choose

LINE: tuple[Role, ...] = (
    Role.REGIONAL_MANAGER,
    Role.GROUP_FINANCE_MANAGER,
    Role.CFO,
    Role.CEO,
    Role.ADMIN,
)
"""The line of rule 6 above branch manager and department head."""

FALLBACKS: dict[StepKind, tuple[Role, ...]] = {
    StepKind.VALIDATE: (Role.CFO, Role.ADMIN),
    StepKind.REVIEW: (Role.CFO, Role.CEO, Role.ADMIN),
}
"""Who validates without treasury, and who reviews without FP&A."""

TREASURY_REQUESTER: dict[int, tuple[Role, ...]] = {
    1: (Role.DEPARTMENT_HEAD, Role.GROUP_FINANCE_MANAGER),
    2: (Role.GROUP_FINANCE_MANAGER, Role.CFO),
    3: (Role.GROUP_FINANCE_MANAGER, Role.CFO),
    4: (Role.CFO, Role.CEO),
}
"""Rule 3: who decides when treasury itself asks, by tier."""

_STATUS_OF: dict[Role, RequisitionStatus] = {
    Role.BRANCH_MANAGER: RequisitionStatus.PENDING_BRANCH_APPROVAL,
    Role.DEPARTMENT_HEAD: RequisitionStatus.PENDING_DEPT_APPROVAL,
    Role.REGIONAL_MANAGER: RequisitionStatus.PENDING_REGIONAL_REVIEW,
    Role.GROUP_FINANCE_MANAGER: RequisitionStatus.PENDING_FINANCE_REVIEW,
    Role.TREASURY: RequisitionStatus.PENDING_TREASURY_VALIDATION,
    Role.CFO: RequisitionStatus.PENDING_CFO_APPROVAL,
}

TOP_TIER = 4


def pending_status(role: Role) -> RequisitionStatus:
    """The pending status that names the role acting next; `pending` serves the roles that have none of their own."""
    return _STATUS_OF.get(role, RequisitionStatus.PENDING)


def line_above(role: Role, kind: StepKind) -> tuple[Role, ...]:
    """The roles that may take over a step of `role`, in order."""
    if kind is not StepKind.APPROVE:
        fallbacks = FALLBACKS[kind]
        return fallbacks[fallbacks.index(role) + 1 :] if role in fallbacks else fallbacks
    return LINE[LINE.index(role) + 1 :] if role in LINE else LINE


@dataclass(frozen=True, slots=True)
class RoutedStep:
    """One step of a route."""

    position: int
    kind: StepKind
    role: Role
    pick: Pick
    skipped_roles: tuple[Role, ...] = ()
    escalation_reason: str = ""

    @property
    def auto_escalated(self) -> bool:
        """Whether somebody stands in for a role that had nobody."""
        return bool(self.escalation_reason)


@dataclass(frozen=True, slots=True)
class Route:
    """The resolved workflow of a requisition, and in `notes` the reasons a person may read."""

    threshold: Threshold
    steps: tuple[RoutedStep, ...]
    fast_track: bool
    notes: tuple[str, ...]

    @property
    def status(self) -> RequisitionStatus:
        """The status in which the requisition is submitted."""
        if self.fast_track:
            return RequisitionStatus.PENDING_URGENCY_CONFIRMATION
        return pending_status(self.steps[0].role)


@dataclass(slots=True)
class _Resolver:
    subject: Subject
    directory: Directory
    tier: int
    taken: set[UUID] = field(default_factory=set)
    steps: list[RoutedStep] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    merged: Role | None = None

    def place(self, kind: StepKind, pick: Pick, role: Role, skipped: Sequence[Role], reason: str) -> None:
        self.taken |= pick.ids
        self.steps.append(RoutedStep(len(self.steps) + 1, kind, role, pick, tuple(skipped), reason))
        if reason:
            self.notes.append(f"{pick.person.name} ({role.label}) stands in: {reason}.")
        if pick.on_behalf_of:
            self.notes.append(f"{pick.person.name} acts for {pick.on_behalf_of.name}, who is away.")

    def approve_steps(self, roles: Sequence[Role]) -> None:
        skipped: list[Role] = []
        for index, role in enumerate(roles):
            if self.merged is role:
                continue
            pick = self.directory.pick(role, self.subject, self.taken)
            if pick is not None:
                self.place(StepKind.APPROVE, pick, role, skipped, _nobody(skipped))
                skipped = []
                continue
            skipped.append(role)
            is_last = index == len(roles) - 1
            # The CFO of the top tier is never absorbed by a lower role: the CEO takes the step.
            if is_last or (role is Role.CFO and self.tier == TOP_TIER):
                taker = self._take_over(StepKind.APPROVE, skipped)
                # A role that stands further on in the sequence has taken the step: one merged step, not two.
                self.merged = taker if taker in roles[index + 1 :] else None
                skipped = []

    def fallback_step(self, kind: StepKind, role: Role) -> None:
        pick = self.directory.pick(role, self.subject, self.taken)
        if pick is not None:
            self.place(kind, pick, role, (), "")
        else:
            self._take_over(kind, [role])

    def _take_over(self, kind: StepKind, skipped: list[Role]) -> Role:
        above = line_above(skipped[-1], kind)
        pick = self.directory.first_of(above, self.subject, self.taken)
        if pick is None:
            missing = ", ".join(role.label for role in skipped)
            ways = " or ".join(role.value for role in (skipped[-1], *above))
            raise Refused(
                f"Nobody can {kind.value} this: there is no eligible {missing} besides the requester, and nobody"
                f" above. It stays a draft. Create a person with `pettycash user add --role ROLE` ({ways}).",
                code="no_approver",
                reasons=[Reason("no_approver", f"No eligible {missing}, and nobody above.")],
            )
        role = (pick.on_behalf_of or pick.person).role
        self.place(kind, pick, role, skipped, _nobody(skipped))
        return role


def _nobody(skipped: Sequence[Role]) -> str:
    return f"no eligible {' or '.join(role.label for role in skipped)}" if skipped else ""


def sequence_for(threshold: Threshold, requester_role: Role) -> tuple[Role, ...]:
    """Rules 2 and 3: the threshold's roles, `staff` left out, the CFO added, overridden for treasury's own requests."""
    roles: list[Role] = [role for role in dict.fromkeys(threshold.roles) if role is not Role.STAFF]
    if requester_role is Role.TREASURY:
        roles = list(TREASURY_REQUESTER[threshold.tier])
    if (threshold.requires_cfo or threshold.tier == TOP_TIER) and Role.CFO not in roles:
        after = [i for i, role in enumerate(roles) if kind_of(role) is not StepKind.APPROVE]
        roles.insert(after[0] if after else len(roles), Role.CFO)
    return tuple(roles)


def resolve(subject: Subject, thresholds: Sequence[Threshold], directory: Directory) -> Route:
    """Route a requisition. Raises Refused, saying what to create or change, when it cannot be."""
    threshold = choose(thresholds, subject.origin, subject.amount)
    if threshold is None:
        amount = Money(subject.amount, subject.currency)
        raise Refused(
            f"No approval policy covers {amount} from {subject.origin.label.lower()}. It stays a draft."
            " See `pettycash policy list`.",
            code="no_policy",
            reasons=[Reason("no_policy", f"No active policy row covers {amount} from {subject.origin.value}.")],
        )
    roles = sequence_for(threshold, subject.requester_role)
    approving = [role for role in roles if kind_of(role) is StepKind.APPROVE]
    if not approving:
        raise Refused(
            f"The policy row {threshold.name} names no approver besides treasury and FP&A. It stays a draft."
            " Mend it with `pettycash policy set`.",
            code="policy_without_approver",
        )
    resolver = _Resolver(subject, directory, threshold.tier)
    resolver.notes.append(
        f"Tier {threshold.tier} ({threshold.name}): {Money(subject.amount, subject.currency)} from"
        f" {subject.origin.label.lower()} is above {Money(threshold.min_amount, subject.currency)}."
    )
    if subject.requester_role is Role.TREASURY:
        resolver.notes.append("Treasury asks itself, so others decide, and another officer pays.")
    resolver.approve_steps(approving)
    # Whatever order a policy writes them in: nobody validates before the approvers, nobody reviews before payment.
    if Role.TREASURY in roles:
        resolver.fallback_step(StepKind.VALIDATE, Role.TREASURY)
    if Role.FPA in roles:
        resolver.fallback_step(StepKind.REVIEW, Role.FPA)
    fast_track = subject.is_urgent and threshold.allow_urgent_fasttrack and threshold.tier != TOP_TIER
    if fast_track:
        resolver.notes.append(
            f"Urgent: {resolver.steps[0].pick.person.name} confirms the urgency, which is also their approval;"
            " the other approvers are skipped."
        )
    elif subject.is_urgent:
        resolver.notes.append("Urgent, but this tier is never fast-tracked: the normal sequence runs.")
    return Route(threshold, tuple(resolver.steps), fast_track, tuple(resolver.notes))
