"""People, thresholds and funds as the events tell of them: what was set last, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from pettycash_tui.models import tables as t
from pettycash_tui.services.audit import canonical_value
from pettycash_tui.services.audit_chain import Stored, data_of, id_in
from pettycash_tui.services.work import Reading

_PLACES = ("company_id", "region_id", "branch_id", "department_id", "cost_center_id")
_TABLES: dict[str, tuple[Table, frozenset[str]]] = {
    "user": (
        t.user,
        frozenset({"role", "is_superuser", "is_centralized_approver", "is_active", "email", *_PLACES}),
    ),
    "policy": (
        t.approval_threshold,
        frozenset(
            {
                "min_amount",
                "max_amount",
                "roles",
                "tier",
                "origin_type",
                "priority",
                "requires_cfo",
                "allow_urgent_fasttrack",
                "is_active",
            }
        ),
    ),
    "fund": (
        t.treasury_fund,
        frozenset({"reorder_level", "target_balance", "bank_account", "bank_code", "custodian_id", "is_active"}),
    ),
}
_SWITCHED = {"activated": "true", "deactivated": "false"}
_SET = ("added", "edited")
_AT_ONCE = 500
ACTIONS = frozenset(f"{noun}.{act}" for noun in _TABLES for act in (*_SET, *_SWITCHED))
"""The events that set something."""


class Told:
    """What was set last. As many as there are people, thresholds and funds, however many events there are."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[UUID, dict[str, Any]]] = {noun: {} for noun in _TABLES}
        self._events: dict[UUID, Stored] = {}

    def take(self, event: Stored) -> None:
        """Note what one event sets."""
        noun, _, act = event[4].partition(".")
        data, subject = data_of(event), id_in(event[10])
        if subject is None:
            return
        columns = self._rows[noun].setdefault(subject, {})
        self._events[subject] = event
        if act in _SWITCHED:
            columns["is_active"] = _SWITCHED[act]
            return
        wanted = _TABLES[noun][1]
        for name, value in data.items():
            if name in wanted:
                columns[name] = value["to"] if isinstance(value, Mapping) and "to" in value else value

    def differences(self, reading: Reading) -> Iterator[tuple[int, str]]:
        """The event that told it, and which row says something else."""
        for noun, (table, names) in _TABLES.items():
            # By name: the verifier's role may not read what is secret of a person.
            told = select(*(column for column in table.c if column.name in {"id", *names}))
            subjects = list(self._rows[noun])
            for place in range(0, len(subjects), _AT_ONCE):
                ids = subjects[place : place + _AT_ONCE]
                rows = {row.id: row for row in reading.execute(told.where(table.c.id.in_(ids)))}
                for subject in ids:
                    event = self._events[subject]
                    row = rows.get(subject)
                    if row is None:
                        yield event[0], f"{event[9]} is missing"
                        continue
                    for name, value in self._rows[noun][subject].items():
                        if canonical_value(row._mapping[name]) != value:
                            yield event[0], f"{event[9]} has another {name} than was set last"
                            break
