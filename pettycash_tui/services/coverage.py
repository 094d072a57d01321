"""Proving a policy: every amount from 0 up, from every origin, is served by exactly one row, and every row serves some.

Pure. Source: domain, section 2 (`policy check` names gaps and shadowed rows).
"""

from __future__ import annotations

from collections.abc import Sequence

from pettycash_tui.models.enums import OriginType, ThresholdOrigin
from pettycash_tui.models.money import Money
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.thresholds import Threshold, bounds, choose, order


def prove(thresholds: Sequence[Threshold], currency: str) -> list[Finding]:
    """What is wrong with the active rows of a policy; nothing when it covers every origin."""
    return [
        *_gaps(thresholds, currency),
        *_duplicates(thresholds, currency),
        *_shadowed(thresholds, currency),
        *_falling_tiers(thresholds, currency),
    ]


def _gaps(thresholds: Sequence[Threshold], currency: str) -> list[Finding]:
    """A row serves everything above its start until the next, so a gap can lie only before the first."""
    found = []
    for origin in OriginType:
        starts = [row.min_amount for row in thresholds if row.origin_type.serves(origin)]
        command = f"pettycash policy set NAME --origin {origin.name} --tier 1 --min-amount 0 --roles ROLE,treasury"
        label = origin.label.lower()
        if not starts:
            sentence = f"No active row serves requisitions from {label} ({origin.name}): they would stay drafts."
            found.append(Finding("no_rows", Severity.ERROR, sentence, command))
        elif min(starts) > 0:
            least = Money(min(starts), currency)
            sentence = f"Nothing serves amounts up to {least} from {label} ({origin.name}): they would stay drafts."
            found.append(Finding("gap", Severity.ERROR, sentence, command))
    return found


def _duplicates(thresholds: Sequence[Threshold], currency: str) -> list[Finding]:
    groups: dict[tuple[ThresholdOrigin, int, int], list[Threshold]] = {}
    for row in thresholds:
        groups.setdefault((row.origin_type, row.priority, row.min_amount), []).append(row)
    found = []
    for (origin, priority, least), rows in groups.items():
        if len(rows) < 2:
            continue
        first, *others = sorted(rows, key=order)
        names = " and ".join(repr(row.name) for row in others)
        sentence = (
            f"{first.name!r} and {names} all serve {origin.value} above {Money(least, currency)} at priority"
            f" {priority}; only {first.name!r} is ever chosen."
        )
        found.append(
            Finding("duplicate", Severity.ERROR, sentence, f"pettycash policy deactivate {_quoted(others[0].name)}")
        )
    return found


def _shadowed(thresholds: Sequence[Threshold], currency: str) -> list[Finding]:
    """Rows that are never chosen. Between two starts the choice is the same, so one amount of each will do."""
    starts = sorted({row.min_amount for row in thresholds})
    chosen = {(origin, least): choose(thresholds, origin, least + 1) for origin in OriginType for least in starts}
    most = bounds(thresholds)
    found = []
    for row in thresholds:
        origins = [origin for origin in OriginType if row.origin_type.serves(origin)]
        limit = most[row.id]
        stretches = [least for least in starts if row.min_amount <= least and (limit is None or least < limit)]
        takers = [taker for origin in origins for least in stretches if (taker := chosen[origin, least]) is not None]
        if any(taker.id == row.id for taker in takers) or _is_duplicate(row, takers):
            continue
        names = ", ".join(dict.fromkeys(repr(taker.name) for taker in takers))
        upto = f" up to {Money(limit, currency)}" if limit is not None else ""
        sentence = (
            f"{row.name!r} is never chosen: all it serves ({row.origin_type.value} above"
            f" {Money(row.min_amount, currency)}{upto}) goes to {names}, by lower priority or as the exact origin."
            " Give it a lower one, or deactivate it."
        )
        command = f"pettycash policy set {_quoted(row.name)} --priority N"
        found.append(Finding("shadowed", Severity.ERROR, sentence, command))
    return found


def _is_duplicate(row: Threshold, takers: Sequence[Threshold]) -> bool:
    key = (row.origin_type, row.priority, row.min_amount)
    return any((taker.origin_type, taker.priority, taker.min_amount) == key for taker in takers)


def _falling_tiers(thresholds: Sequence[Threshold], currency: str) -> list[Finding]:
    """A larger amount that needs a lower tier is legal, and hardly what anybody wants."""
    found = []
    starts = sorted({row.min_amount for row in thresholds})
    for origin in OriginType:
        before: Threshold | None = None
        for least in starts:
            row = choose(thresholds, origin, least + 1)
            if row is not None and before is not None and row.tier < before.tier:
                sentence = (
                    f"From {origin.label.lower()}, amounts above {Money(least, currency)} fall from tier {before.tier}"
                    f" ({before.name!r}) to tier {row.tier} ({row.name!r})."
                )
                found.append(Finding("tier_falls", Severity.WARNING, sentence, "pettycash policy list"))
            before = row or before
    return found


def _quoted(name: str) -> str:
    from shlex import quote

    return quote(name)
