"""How one hears that somebody else has committed audit events: a connection of its own that only listens.

Postgres tells (`NOTIFY pettycash`, sent by the trigger of `audit_event`, with the company's id as its text). SQLite is
asked: `PRAGMA data_version` moves with the commit of any other connection and costs 5 µs; only when it did, one looks
whether an event of the company came in, because drafts and presence are commits too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import URL

CHANNEL = "pettycash"
"""The channel of the notifications. Each names a company; what belongs to none is empty."""

LOOK_SECONDS = 0.25
"""How often a file is looked at."""

LISTEN_SECONDS = 0.2
"""The longest wait for a notification in one go: a driver that waits is not interrupted from another thread."""

Sleep = Callable[[float], object]


class ConnectionLost(Exception):
    """The database cannot be listened to any more, or not yet."""


class Changes(Protocol):
    """What hears of changes in one company, or in all (for who belongs to none)."""

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most so long, perhaps less; whether there was one. Raises ConnectionLost."""

    def close(self) -> None:
        """Let go of the connection."""


def open_changes(url: URL, company_id: UUID | None, sleep: Sleep) -> Changes:
    """Listen to a database from now on. `sleep(seconds)` may return early. Blocks; raises ConnectionLost."""
    if url.get_backend_name() == "sqlite":
        return FileChanges(url, company_id, sleep)
    return ServerChanges(url, company_id)


class ServerChanges:
    """The notifications of a Postgres server."""

    def __init__(self, url: URL, company_id: UUID | None) -> None:
        import psycopg

        self._lost: type[Exception] = psycopg.Error
        self._company = None if company_id is None else str(company_id)
        given: Any = url.get_dialect()().create_connect_args(url)[1]
        # A line that goes dead without a word is noticed within a minute, not after the two hours of the system.
        given |= {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 5}
        try:
            self._connection = psycopg.connect(**given, autocommit=True, application_name="pettycash live")
        except psycopg.Error as error:
            raise ConnectionLost(str(error)) from error
        try:
            self._connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error as error:
            self.close()
            raise ConnectionLost(str(error)) from error

    def wait(self, seconds: float) -> bool:
        """Wait for a notification of the company."""
        heard = self._connection.notifies(timeout=min(seconds, LISTEN_SECONDS), stop_after=1)
        try:
            payloads = {notice.payload for notice in heard}
        except self._lost as error:
            raise ConnectionLost(str(error)) from error
        return bool(payloads) if self._company is None else self._company in payloads

    def close(self) -> None:
        with suppress(self._lost):
            self._connection.close()


_LAST = "SELECT coalesce(max(rowid), 0) FROM audit_event"
_NEW = "SELECT max(rowid), max(company_id = ?1 OR ?1 IS NULL) FROM audit_event WHERE rowid > ?2"


class FileChanges:
    """The commits of others to a SQLite file.

    Events are never deleted and one writer commits at a time, so that their row numbers only grow: what came in since
    the last look are the rows above it.
    """

    def __init__(self, url: URL, company_id: UUID | None, sleep: Sleep) -> None:
        self._sleep = sleep
        self._company = None if company_id is None else company_id.hex
        # mode=rw: listening never makes the file.
        address = f"{Path(str(url.database)).absolute().as_uri()}?mode=rw"
        try:
            self._connection = sqlite3.connect(
                address, uri=True, timeout=1, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise ConnectionLost(str(error)) from error
        try:
            self._connection.execute("PRAGMA query_only = ON")
            self._version = self._read("PRAGMA data_version")[0]
            self._last = self._read(_LAST)[0]
        except sqlite3.Error as error:
            self.close()
            raise ConnectionLost(str(error)) from error

    def wait(self, seconds: float) -> bool:
        """Sleep, then look."""
        self._sleep(min(seconds, LOOK_SECONDS))
        try:
            return self._look()
        except sqlite3.Error as error:
            if _is_busy(error):
                return False  # the version is not taken over before the rows were seen, so the next look sees them
            raise ConnectionLost(str(error)) from error

    def _look(self) -> bool:
        version = self._read("PRAGMA data_version")[0]
        if version == self._version:
            return False
        last, is_ours = self._read(_NEW, self._company, self._last)
        self._version = version
        if last is not None:
            self._last = last
        return bool(is_ours)

    def _read(self, statement: str, *given: object) -> Any:
        return self._connection.execute(statement, given).fetchone()

    def close(self) -> None:
        self._connection.close()


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
