"""A demo company in whose every text somebody with SQL has put what steers terminals, and how its harm is seen."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import String
from sqlmodel import SQLModel

from pettycash_tui.models import tables as t

assert t.user is not None  # every table is known now

MARK = "ZQZ"
"""Stands behind each escape, so that one of theirs is told from one of Textual's."""

_PARTS = (
    f"\x1b]52;c;{MARK}\x07\x1b[31m{MARK}",
    f"\x9d0;{MARK}\x9c\x9b2J{MARK}\x1bP{MARK}\x1b\\",
    f"\u202e{MARK}\u2066\u200f{MARK}\u2029",
    f"[/x] [@click=app.quit]{MARK}[/] [link=http://x]{MARK}[/link] [red]",
    f"\x1b[201~\x1b]8;;http://x\x1b\\{MARK}\r\n\t\x0b\x00{MARK}",
    "e\u200d" * 60 + MARK,
)
PAYLOADS = (
    "".join(_PARTS),
    "".join((*_PARTS[3:], *_PARTS[:3])),
    "".join((f"=HYPERLINK(1){MARK}", *_PARTS)) + "W" * 3000,
)
"""Each in every third row: what steers, beginning with an escape, with markup, or with what is run and then long."""

# What is no text of anybody: keys of other rows, hashes, and what the program reads as a setting.
_NOT_TEXT = {
    "currency", "timezone", "locale", "password_hash", "token_hash", "code_hmac", "sha256", "file_sha256",
    "idempotency_key", "stream", "event_stream", "kind", "form", "body",
}  # fmt: skip
_KEPT = {"user.username": ("cfo", "treasury1"), "installation.kind": ()}
_OF_THE_PROGRAM = re.compile(r"[\w.:+-]*")
"""Numbers, dates, ids and words that the program reads in the data of an event; the rest somebody has typed."""

STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]")


def columns() -> Iterator[tuple[str, str]]:
    """Every column that holds text, with its table."""
    for name, table in SQLModel.metadata.tables.items():
        for column in table.columns:
            is_text = isinstance(column.type, String) and not column.primary_key
            if is_text and column.name not in _NOT_TEXT and not column.name.endswith("_hash"):
                yield name, column.name


def put_everywhere(database: Path) -> int:
    """Put the payloads into every text of every row, the triggers gone. Returns how many texts there are."""
    changed = 0
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        for table, column in columns():
            kept = _KEPT.get(f"{table}.{column}", ())
            left_out = f" AND {column} NOT IN ({', '.join('?' * len(kept))})" if kept else ""
            for at, payload in enumerate(PAYLOADS):
                # The row's own number keeps what is unique unique.
                done = connection.execute(
                    f'UPDATE "{table}" SET {column} = ? || rowid'
                    f" WHERE {column} IS NOT NULL AND rowid % ? = ?{left_out}",
                    (payload, len(PAYLOADS), at, *kept),
                )
                changed += done.rowcount
        for rowid, body in connection.execute("SELECT rowid, body FROM audit_event").fetchall():
            told, payload = json.loads(body), PAYLOADS[rowid % len(PAYLOADS)]
            told["data"] = {**_steering(told["data"], payload), payload: payload}
            connection.execute("UPDATE audit_event SET body = ? WHERE rowid = ?", (json.dumps(told), rowid))
            changed += 1
    return changed


def _steering(value: Any, payload: str) -> Any:
    """The data of an event with the payload in place of each text in it."""
    if isinstance(value, dict):
        return {name: _steering(inner, payload) for name, inner in value.items()}
    if isinstance(value, list):
        return [_steering(inner, payload) for inner in value]
    return payload if isinstance(value, str) and not _OF_THE_PROGRAM.fullmatch(value) else value


def kinds(database: Path) -> dict[str, int]:
    """Which payload stands in the row of each id."""
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        for name, table in SQLModel.metadata.tables.items():
            if "id" in table.columns:
                for key, rowid in connection.execute(f'SELECT id, rowid FROM "{name}"'):
                    with suppress(ValueError):
                        found[str(UUID(str(key)))] = rowid % len(PAYLOADS)
    return found


def written(database: Path) -> dict[str, int]:
    """How many rows there are where an act would add one; signing in adds none of these."""
    tables = ("requisition", "approval_step", "approval_trail", "payment_execution", "ledger_entry", "replenishment")
    with closing(sqlite3.connect(database)) as connection:
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
