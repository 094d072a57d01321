"""People, thresholds, funds and companies as the events tell of them: what was set last, column by column.

Only what an event told is compared: one that was written before its column was told says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, text

from pettycash_tui.database.grants import SECRET_COLUMNS
from pettycash_tui.models import tables as t
from pettycash_tui.services.audit_chain import Stored, data_of, id_in
from pettycash_tui.services.audit_values import FUND, PERSON, column_of, told
from pettycash_tui.services.work import Reading

_THRESHOLD = (
    "name",
    "company_id",
    "min_amount",
    "roles",
    "tier",
    "origin_type",
    "priority",
    "requires_cfo",
    "allow_urgent_fasttrack",
)
_NOT_SETTINGS = frozenset({"id", "created_at", "updated_at"})
_TOTP = ("totp_sha256", "totp_confirmed_at")


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Table
    columns: frozenset[str]


_KINDS: dict[str, _Kind] = {
    "user": _Kind(t.user, frozenset({*PERSON, *_TOTP, "is_active"})),
    "policy": _Kind(t.approval_threshold, frozenset({*_THRESHOLD, "is_active"})),
    "fund": _Kind(t.treasury_fund, frozenset({*FUND, "is_active"})),
    "company": _Kind(t.company, frozenset(c.name for c in t.company.c if c.name not in _NOT_SETTINGS)),
}
_ACTIVE = {"added": "true", "activated": "true", "deactivated": "false"}
_SECRETS: dict[str, tuple[str, ...]] = {
    "password.set": ("password_sha256",),
    "password.changed": ("password_sha256",),
    "password.rehashed": ("password_sha256",),
    "totp.enrolled": _TOTP[:1],
    "totp.rekeyed": _TOTP[:1],
    "totp.confirmed": _TOTP,
    "totp.reset": _TOTP,
}
"""What these set of a person; where one does not tell to what, nothing is known of it any more."""
_AT_ONCE = 500
ACTIONS = frozenset({f"{noun}.{act}" for noun in _KINDS for act in ("edited", *_ACTIVE)} | set(_SECRETS))
"""The events that set something."""


class Told:
    """What was set last. As many as there are people, thresholds and funds, however many events there are."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[UUID, dict[str, Any]]] = {noun: {} for noun in _KINDS}
        self._events: dict[UUID, tuple[int, str]] = {}

    def take(self, event: Stored) -> None:
        """Note what one event sets."""
        action = event[4]
        noun, _, act = action.partition(".")
        data, subject = data_of(event), id_in(event[10])
        if subject is None:
            return
        if action in _SECRETS:
            noun = "user"
        columns = self._rows[noun].setdefault(subject, {})
        self._events[subject] = event[0], event[9]
        for name in _SECRETS.get(action, ()):
            columns.pop(name, None)
        wanted = _KINDS[noun].columns
        for name, value in data.items():
            if name in wanted:
                columns[name] = value["to"] if isinstance(value, Mapping) and "to" in value else value
        if act in _ACTIVE and action not in _SECRETS:
            columns["is_active"] = _ACTIVE[act]

    def differences(self, reading: Reading) -> Iterator[tuple[int, str]]:
        """The event that told it, and which row says something else."""
        for noun, kind in _KINDS.items():
            subjects = list(self._rows[noun])
            if not subjects:
                continue
            hidden = _hidden(reading, kind.table)
            shown = [column for column in kind.table.c if column.name not in hidden]
            for place in range(0, len(subjects), _AT_ONCE):
                ids = subjects[place : place + _AT_ONCE]
                found = reading.execute(select(*shown).where(kind.table.c.id.in_(ids)))
                rows = {row.id: row._mapping for row in found}
                for subject in ids:
                    sequence, called = self._events[subject]
                    row = rows.get(subject)
                    if row is None:
                        yield sequence, f"{called} is missing"
                        continue
                    for name, value in self._rows[noun][subject].items():
                        column = column_of(name)
                        if column not in hidden and told(name, row[column]) != value:
                            yield sequence, f"{called} has another {column} than was set last"
                            break


def _hidden(reading: Reading, table: Table) -> frozenset[str]:
    """The columns of a table that this role may not read, as a verifier's may not; what they hold is not compared."""
    secret = SECRET_COLUMNS.get(table.name, frozenset())
    if not secret or not reading.is_postgres:
        return frozenset()
    may = text("SELECT has_column_privilege(:table, :column, 'SELECT')")
    quoted = f'"{table.name}"'
    return frozenset(name for name in secret if not reading.execute(may, {"table": quoted, "column": name}).scalar())
