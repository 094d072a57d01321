"""Replacing a company's policy by a TOML file: its rows are set, rows that are not in it deactivated, all or nothing.

A file holds `[[threshold]]` tables with the columns of the policy; amounts are text in major units ("10000").
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from pettycash_tui.services import audit, companies, policy, policy_rules
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.findings import Finding
from pettycash_tui.services.inputs import clean_text
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.policy_rules import PolicyInput
from pettycash_tui.services.thresholds import Threshold, threshold_of
from pettycash_tui.services.work import Work

_TABLE = "threshold"
_COLUMNS = frozenset(field.name for field in fields(PolicyInput))
_TYPES: dict[str, tuple[type, str]] = {
    "tier": (int, "a number from 1 to 4"),
    "origin_type": (str, 'text such as "BRANCH"'),
    "min_amount": (str, 'text such as "10000"'),
    "roles": (list, "a list of role names"),
    "priority": (int, "a number"),
}


@dataclass(frozen=True, slots=True)
class PolicyImport:
    """What an import did, by the names of the rows, and what is to be said of the policy that it made."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    deactivated: tuple[str, ...]
    findings: tuple[Finding, ...]


def replace_policy(
    work: Work, text: str, *, source: str = "the file", company: str | UUID | None = None
) -> PolicyImport:
    """Make the company's policy what the file says.

    Raises InvalidInput that names every refused entry, its field and what was expected; nothing is changed then.
    """
    work.actor.require(Right.ADMINISTER)
    owner = companies.which(work, company)
    wanted = read_thresholds(text, owner.currency, source=source)
    before = policy.stored(work, owner.id)
    added, changed, unchanged = [], [], []
    for threshold in wanted:
        base = before.get(threshold.name)
        if base is None:
            policy.write(work, owner, threshold, None)
            added.append(threshold.name)
        elif base.is_active and _same(threshold, threshold_of(base)):
            unchanged.append(threshold.name)
        else:
            policy.write(work, owner, threshold, base)
            changed.append(threshold.name)
    names = {threshold.name for threshold in wanted}
    gone = [row for name, row in before.items() if row.is_active and name not in names]
    for row in gone:
        policy.switch_off(work, owner, row)
    result = PolicyImport(
        tuple(added),
        tuple(changed),
        tuple(unchanged),
        tuple(row.name for row in gone),
        tuple(policy.check(work, owner.id)),
    )
    # Also when nothing changed: that somebody imported the policy is itself worth a line.
    work.record(
        "policy.imported",
        "company",
        owner.id,
        owner.code,
        stream=audit.company_stream(owner.id),
        company_id=owner.id,
        data={"source": source, "added": added, "changed": changed, "deactivated": result.deactivated},
    )
    return result


def read_thresholds(text: str, currency: str, *, source: str = "the file") -> list[Threshold]:
    """The rows of a policy file. Raises InvalidInput that names every refused entry."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of(file=f"{source} must be TOML: {error}") from None
    entries = document.get(_TABLE)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput.of(file=f"{source} must hold at least one [[{_TABLE}]] table")
    problems: dict[str, str] = {}
    found: dict[str, Threshold] = {}
    for number, entry in enumerate(entries, 1):
        where = f"{source}, {_TABLE} {number}"
        try:
            threshold = _read(entry, currency)
        except InvalidInput as error:
            for field, expected in error.fields.items():
                problems[f"{_TABLE}.{number}.{field}"] = f"{where} ({entry.get('name', 'no name')}): {field} {expected}"
            continue
        if threshold.name in found:
            problems[f"{_TABLE}.{number}.name"] = f"{where}: name {threshold.name!r} is there twice"
        found[threshold.name] = threshold
    if problems:
        raise InvalidInput("; ".join(problems.values()) + ".", fields=problems)
    return list(found.values())


def _read(entry: Mapping[str, Any], currency: str) -> Threshold:
    unknown = sorted(set(entry) - _COLUMNS - {"name"})
    if unknown:
        expected = ", ".join(sorted(_COLUMNS | {"name"}))
        raise InvalidInput.of(**dict.fromkeys(unknown, f"is no column of the policy; expected {expected}"))
    values = {name: value for name, value in entry.items() if name != "name"}
    for name, (kinds, expected) in _TYPES.items():
        if name in values and (not isinstance(values[name], kinds) or isinstance(values[name], bool)):
            raise InvalidInput.of(**{name: f"must be {expected}"})
    if not isinstance(entry.get("name", ""), str):
        raise InvalidInput.of(name="must be text")
    name = clean_text("name", entry.get("name"), max_length=policy_rules.NAME_LENGTH)
    return policy_rules.read(name, PolicyInput(**values), currency, None)


def _same(one: Threshold, other: Threshold) -> bool:
    return all(getattr(one, f.name) == getattr(other, f.name) for f in fields(Threshold) if f.name != "id")
