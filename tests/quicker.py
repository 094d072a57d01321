"""What makes the tests quicker without changing what they prove: half of a test's time went into these."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache

from pettycash_tui.database import engine as engines

prepare_sqlite = engines._prepare_sqlite
"""How the program itself prepares a connection to SQLite."""


class SharedStatements(LRUCache[Any, Any]):
    """Statements as they are compiled for a database, for every engine of its kind.

    An engine keeps its own, which is right for a program that opens one; here each test opens one, and compiling the
    same statements again was a quarter of all time.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """The statement as compiled for any engine of that kind."""
        return super().get(_of_any(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_any(key), value)


def _of_any(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return (type(key[0]), *key[1:])


_STATEMENTS = SharedStatements(5000)


def _create_engine(*arguments: Any, **options: Any) -> Engine:
    engine = create_engine(*arguments, **options)
    engine._compiled_cache = _STATEMENTS
    return engine


def _prepare_without_waiting(driver_connection: Any, record: Any) -> None:
    # A file dies with its test: what a power cut would cost does not matter here, and a kill costs nothing.
    prepare_sqlite(driver_connection, record)
    driver_connection.execute("PRAGMA synchronous = OFF")


def be_quicker() -> None:
    """Let every engine that is opened from here on be one of these."""
    engines.create_engine = _create_engine  # type: ignore[attr-defined]
    engines._prepare_sqlite = _prepare_without_waiting
