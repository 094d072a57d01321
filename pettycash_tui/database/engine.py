"""Engines with the transaction recipe of each database.

SQLite: WAL, synchronous=FULL, foreign keys and recursive triggers on, the driver's own transaction handling off, BEGIN
IMMEDIATE for units of work, and for reading connections of their own with query_only and a plain BEGIN. With the
driver's default (BEGIN before the first write) two payers both read the old balance and one debit is lost.
Postgres: READ COMMITTED; row locks are taken by the services in the order requisition, payment, code, fund, head.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from pettycash_tui.database import tls

BUSY_TIMEOUT_SECONDS = 15


_SECRETS = {
    "password": "must not name its password after the ?: connect by the socket, or write it before the @",
    "sslpassword": "must not name sslpassword: use a key file that only this program's user reads",
}
"""Parameters of libpq that are secrets. `shown` and the list of processes would tell them; of a file only its path."""


class BadAddress(ValueError):
    """The database URL is not one this program can open; the message says what was expected."""


def parse_address(address: str) -> URL:
    """The URL of a database: `postgresql://…` or `sqlite:///file`. Raises BadAddress."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise BadAddress("The database must be postgresql://host/name or sqlite:///path/to/file.db") from None
    backend = url.get_backend_name()
    if address.startswith("postgres://") or backend == "postgresql":
        for name, expected in _SECRETS.items():
            if name in url.query:
                raise BadAddress(f"The database {expected}")
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite+pysqlite")
    raise BadAddress("The database must be postgresql://host/name or sqlite:///path/to/file.db")


def sqlite_address(path: Path) -> URL:
    """The URL of an embedded file."""
    return URL.create("sqlite+pysqlite", database=str(path))


def is_embedded(url: URL) -> bool:
    """Whether the database is a SQLite file."""
    return url.get_backend_name() == "sqlite"


def shown(url: URL) -> str:
    """The address without its password, for messages."""
    return url.render_as_string(hide_password=True).replace("+psycopg", "").replace("+pysqlite", "")


def make_file(path: Path) -> bool:
    """Make the embedded file, readable by its owner alone. Returns False when it was there already."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    return True


def open_engine(url: URL, *, pool_size: int = 5) -> Engine:
    """An engine for units of work on `url`. Nothing is connected yet. Raises BadAddress for less than TLS."""
    if is_embedded(url):
        return _sqlite_engine(url, pool_size, read_only=False)
    wrong = tls.trouble_of(url)
    if wrong is not None:
        raise BadAddress(f"The database {wrong}.")
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args={
            **tls.parameters(url),
            "connect_timeout": 5,
            "application_name": "pettycash",
            # A lock that is not had in 15 s, like SQLite's busy timeout, is reported instead of hanging a desk.
            "options": "-c timezone=UTC -c lock_timeout=15s -c idle_in_transaction_session_timeout=60s",
        },
        pool_size=pool_size,
        max_overflow=10,
        # The parameters of a statement may be a code's HMAC, a password's hash or somebody's words.
        hide_parameters=True,
    )


def reading_engine(engine: Engine) -> Engine:
    """An engine whose transactions only read, beside the one for units of work.

    On SQLite it has connections of its own: switching `query_only` on a connection expires all its prepared
    statements, and preparing those on tables with triggers took half the time of a payment.
    """
    if is_embedded(engine.url):
        return _sqlite_engine(engine.url, 5, read_only=True)
    return engine.execution_options(postgresql_readonly=True)


def _sqlite_engine(url: URL, pool_size: int, *, read_only: bool) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False, "cached_statements": 256},
        pool_size=pool_size,
        max_overflow=10,
        # The parameters of a statement may be a code's HMAC, a password's hash or somebody's words.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if read_only:
        event.listen(engine, "connect", _only_reads)
    event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


def _prepare_sqlite(driver_connection: Any, _record: Any) -> None:
    driver_connection.isolation_level = None
    cursor = driver_connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA recursive_triggers = ON")
    finally:
        cursor.close()


def _only_reads(driver_connection: Any, _record: Any) -> None:
    driver_connection.execute("PRAGMA query_only = ON")


def _begin_writing(connection: Connection) -> None:
    _begin(connection, "BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    _begin(connection, "BEGIN")


def _begin(connection: Connection, statement: str) -> None:
    driver_connection: Any = connection.connection.dbapi_connection
    try:
        # On the driver itself: another statement through SQLAlchemy would cost as much as a row.
        driver_connection.execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error
