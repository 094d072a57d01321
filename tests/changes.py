"""Which rows a transaction has changed, column by column, and whether an audit event of that transaction names them.

For SQLite, whose temporary triggers see every change on their connection, whoever makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, LargeBinary, Table, event
from sqlmodel import SQLModel

from pettycash_tui.services.desk import Desk

UNTOLD = {
    "audit_event": "is the chain itself",
    "stream_head": "is the chain itself",
    "number_counter": "counts numbers; what has one has its event",
    "installation": "is one row, made with its first company, whose event it is",
    "form_draft": "is typed and not sent, nobody's business but the typist's",
    "job_lease": "says which host runs a job; what the job does has its events",
    "notice": "is made of events, and decides nothing",
    "notice_cursor": "says how far the events are read for notices",
    "sign_in_source": "counts failures of a place, each of which has its event",
}
"""Tables whose changes need no event, and why."""

UNTOLD_COLUMNS = {
    "user": {
        "failed_logins": "counts a try before it is compared; what came of it has its event",
    },
    "sign_in_session": {"last_seen_at": "is noted once a minute, and changes nothing but when a session is idle"},
    "payment_order": {
        "ask_count": "says how often a gateway was asked; what it answered has its event",
        "next_ask_at": "says when it is asked again",
    },
    "payment_schedule": {"problem": "the words of a hindrance whose kind has had its event"},
}
"""Columns of others that may change alone without one, and why."""

SUBJECTS = {
    "alert_acknowledgement": ("alert",),
    "approval_step": ("requisition_id",),
    "approval_trail": ("requisition_id",),
    "attachment": ("requisition_id",),
    "imported_voucher": ("requisition_id",),
    "ledger_reconciliation": ("payment_id",),
    "notice_choice": ("user_id",),
    "otp_challenge": ("payment_id", "bundle_id", "id"),
    "payment_bundle_line": ("bundle_id",),
    "payment_execution": ("payment_id",),
    "payment_order": ("payment_id",),
    "payment_schedule": ("payment_id",),
    "recovery_code": ("user_id",),
    "replenishment_voucher": ("replenishment_id",),
    "sign_in_session": ("user_id",),
    "ssh_key": ("user_id",),
}
"""What an event about a row names in its place: whom or what the row belongs to."""

AT_ONCE = {
    "secret.rotated": {"user", "otp_challenge"},
    "database.restored": {"sign_in_session", "otp_challenge"},
}
"""Events about all rows of a kind, which they count."""

TESTS_OWN = "test.changed"
"""What tests do behind the services' back."""


@dataclass
class Seen:
    """What was changed by whoever used the desk."""

    untold: list[str] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)


@contextmanager
def watched(desk: Desk) -> Iterator[Seen]:
    """Look at every transaction of a desk on SQLite until the end."""
    seen, tables, looking = Seen(), list(SQLModel.metadata.sorted_tables), [True]

    def arm(driver: Any, _record: Any) -> None:
        if looking:
            driver.execute("CREATE TEMP TABLE changed_row (name TEXT, act TEXT, columns TEXT, row TEXT)")
            for table in tables:
                for statement in _triggers(table):
                    driver.execute(statement)

    def look(connection: Connection) -> None:
        if looking:
            driver: Any = connection.connection.dbapi_connection
            found = driver.execute("SELECT name, act, columns, row FROM changed_row ORDER BY rowid").fetchall()
            driver.execute("DELETE FROM changed_row")
            changes = [(name, act, columns, json.loads(row)) for name, act, columns, row in found]
            _judge(seen, changes, lambda table, id: _number(driver, table, id))

    desk.engine.dispose()
    event.listen(desk.engine, "connect", arm)
    event.listen(desk.engine, "commit", look)
    try:
        yield seen
    finally:
        looking.clear()
        desk.engine.dispose()


def _triggers(table: Table) -> Iterator[str]:
    columns = [column.name for column in table.columns]
    shown = [column.name for column in table.columns if not isinstance(column.type, LargeBinary)]
    differs = " || ".join(
        f"CASE WHEN OLD.\"{name}\" IS NOT NEW.\"{name}\" THEN '{name} ' ELSE '' END" for name in columns
    )
    for act, row, changed in (("INSERT", "NEW", "''"), ("UPDATE", "NEW", differs), ("DELETE", "OLD", "''")):
        values = ", ".join(f"'{name}', {row}.\"{name}\"" for name in shown)
        yield (
            f'CREATE TEMP TRIGGER "watch_{table.name}_{act}" AFTER {act} ON main."{table.name}" BEGIN'
            f" INSERT INTO changed_row VALUES ('{table.name}', '{act}', {changed}, json_object({values})); END"
        )


def _number(driver: Any, table: str, id: str) -> str:
    found = driver.execute(f"SELECT number FROM {table} WHERE id = ?", (id,)).fetchone()
    return str(found[0]) if found else id


def _judge(seen: Seen, changes: list[tuple[str, str, str, dict[str, Any]]], number: Callable[[str, str], str]) -> None:
    events = [row for name, act, _, row in changes if (name, act) == ("audit_event", "INSERT")]
    told = "\n".join(row["body"] for row in events)
    actions = {row["action"] for row in events}
    if TESTS_OWN in actions:
        return
    seen.actions |= actions
    for name, act, columns, row in changes:
        if name in UNTOLD:
            continue
        changed = set(columns.split()) - {"updated_at"}
        if act == "UPDATE" and changed <= set(UNTOLD_COLUMNS.get(name, ())):
            continue
        seen.tables.add(name)
        names = [_spelt(row[column]) for column in _naming(name, row)]
        names += [
            _spelt(number(column.removesuffix("_id"), row[column]))
            for column in _naming(name, row)
            if column in ("requisition_id", "payment_id")
        ]
        if not any(each in told for each in names) and not any(name in AT_ONCE.get(action, ()) for action in actions):
            what = f"{act} {name} {' '.join(sorted(changed))}".strip()
            seen.untold.append(f"{what}: {sorted(actions) or 'no event'}")


def _naming(name: str, row: dict[str, Any]) -> list[str]:
    """The columns of which an event has to name one."""
    if name in SUBJECTS:
        return [column for column in SUBJECTS[name] if row.get(column)]
    return [column for column in ("id", "number") if row.get(column)]


def _spelt(value: Any) -> str:
    found = str(value)
    if len(found) == 32 and not set(found) - set("0123456789abcdef"):
        return str(UUID(found))
    return json.dumps(found, ensure_ascii=False)
