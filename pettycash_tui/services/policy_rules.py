"""What a row of the approval policy may say: the one rule for rows that are set, imported and shipped.

Source: domain, section 2 (ApprovalThreshold, default policy, rule 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import Role, StepKind, ThresholdOrigin
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.inputs import Problems, clean_choice, clean_flag, clean_number, parse_money
from pettycash_tui.services.permissions import kind_of
from pettycash_tui.services.thresholds import Threshold

NAME_LENGTH = 120
DEFAULT_PRIORITY = 100
TOP_TIER = 4


@dataclass(frozen=True, slots=True)
class PolicyInput:
    """What a person typed, as text. None: the default when new, unchanged when changed. `roles` are role names."""

    tier: str | int | None = None
    origin_type: str | None = None
    min_amount: str | None = None
    roles: Sequence[str] | None = None
    allow_urgent_fasttrack: bool | str | None = None
    requires_cfo: bool | str | None = None
    priority: str | int | None = None


def read(name: str, given: PolicyInput, currency: str, base: Threshold | None) -> Threshold:
    """The row that was typed, on top of what it was. Raises InvalidInput with every refused field."""
    problems = Problems()
    values: dict[str, Any] = {}
    for field, clean in _CLEANERS.items():
        typed = getattr(given, field)
        if typed is not None:
            values[field] = problems.attempt(partial(clean, typed, currency))
        elif base is not None:
            values[field] = getattr(base, field)
        elif field in _DEFAULTS:
            values[field] = _DEFAULTS[field]
        else:
            problems.add(field, "is missing")
    problems.raise_if_any()
    if values["tier"] == TOP_TIER and (base is None or base.tier != TOP_TIER):
        # A row that becomes the top tier takes what the top tier always has, unless the contrary is asked for.
        values["requires_cfo"] = values["requires_cfo"] if given.requires_cfo is not None else True
        values["allow_urgent_fasttrack"] = (
            values["allow_urgent_fasttrack"] if given.allow_urgent_fasttrack is not None else False
        )
    threshold = Threshold(id=base.id if base is not None else new_id(), name=name, **values)
    refused = problems_of(threshold)
    if refused:
        raise InvalidInput.of(**refused)
    return threshold


def problems_of(threshold: Threshold) -> dict[str, str]:
    """What a row may not say, by field. The one rule for rows that are set, imported and shipped."""
    problems: dict[str, str] = {}
    roles = threshold.roles
    approving = [role for role in roles if role is not Role.STAFF and kind_of(role) is StepKind.APPROVE]
    repeated = sorted({role.value for role in roles if roles.count(role) > 1})
    if Role.STAFF in roles:
        problems["roles"] = "may not hold staff, who decide nothing"
    elif repeated:
        problems["roles"] = f"names {', '.join(repeated)} more than once"
    elif not approving:
        problems["roles"] = "must hold at least one approver who is neither treasury nor fp&a"
    if not 1 <= threshold.tier <= TOP_TIER:
        problems["tier"] = f"must be a whole number from 1 to {TOP_TIER}"
    elif threshold.tier == TOP_TIER and threshold.allow_urgent_fasttrack:
        problems["allow_urgent_fasttrack"] = "must be off in tier 4, which is never fast-tracked"
    elif threshold.tier == TOP_TIER and not threshold.requires_cfo:
        problems["requires_cfo"] = "must be on in tier 4, which always has the CFO"
    return problems


def _roles(typed: Sequence[str]) -> tuple[Role, ...]:
    words = [word.strip() for part in ([typed] if isinstance(typed, str) else typed) for word in str(part).split(",")]
    return tuple(clean_choice("roles", word, Role) for word in words if word)


_CLEANERS: dict[str, Callable[[Any, str], Any]] = {
    "tier": lambda typed, _: clean_number("tier", typed, least=1, most=TOP_TIER),
    "origin_type": lambda typed, _: clean_choice("origin_type", typed, ThresholdOrigin),
    "min_amount": lambda typed, currency: parse_money("min_amount", typed, currency, allow_zero=True).minor,
    "roles": lambda typed, _: _roles(typed),
    "allow_urgent_fasttrack": lambda typed, _: clean_flag("allow_urgent_fasttrack", typed),
    "requires_cfo": lambda typed, _: clean_flag("requires_cfo", typed),
    "priority": lambda typed, _: clean_number("priority", typed, least=0, most=1_000_000),
}
_DEFAULTS: dict[str, Any] = {"allow_urgent_fasttrack": False, "requires_cfo": False, "priority": DEFAULT_PRIORITY}
