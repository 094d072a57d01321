"""What a driver's error means, on both databases: one classification, so that one message serves both."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError

from pettycash_tui.database import tls


class Kind(Enum):
    """What went wrong with the database."""

    BUSY = auto()
    """Somebody else held it: serialization failure, deadlock, busy file. Trying again may work."""
    AWAY = auto()
    """It cannot be reached, or the connection was lost."""
    READ_ONLY = auto()
    FULL = auto()
    DAMAGED = auto()
    NO_SCHEMA = auto()
    """A table or column is missing: not upgraded."""
    FORBIDDEN = auto()
    """The database role may not do it, or the password is wrong."""
    CERTIFICATE = auto()
    """The server's certificate is not trusted, or it offers no TLS; the detail says it for a person."""
    RULE = auto()
    """A constraint or a trigger refused."""
    NOT_TEXT = auto()
    """A value that is no text to the database: it holds a NUL."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    """The kind, and the rule's name where a constraint or trigger refused."""

    kind: Kind
    rule: str = ""
    detail: str = ""


_SQLSTATE_BUSY = {"40001", "40P01", "55P03"}
_SQLSTATE_FULL = {"53100", "53200"}
_SQLITE = {
    sqlite3.SQLITE_BUSY: Kind.BUSY,
    sqlite3.SQLITE_LOCKED: Kind.BUSY,
    sqlite3.SQLITE_READONLY: Kind.READ_ONLY,
    sqlite3.SQLITE_PERM: Kind.FORBIDDEN,
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_CORRUPT: Kind.DAMAGED,
    sqlite3.SQLITE_NOTADB: Kind.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: Kind.AWAY,
    sqlite3.SQLITE_IOERR: Kind.FULL,
    sqlite3.SQLITE_CONSTRAINT: Kind.RULE,
}


def diagnose(error: DBAPIError | sqlite3.Error) -> Trouble:
    """Classify a driver's error, as SQLAlchemy raises it or sqlite3 itself."""
    original = error.orig if isinstance(error, DBAPIError) else error
    detail = str(original).strip().splitlines()[0] if original is not None and str(original).strip() else ""
    if isinstance(original, sqlite3.Error):
        return _diagnose_sqlite(original, detail)
    assert isinstance(error, DBAPIError)
    state = getattr(original, "sqlstate", None) or ""
    if error.connection_invalidated:
        return Trouble(Kind.AWAY, detail=detail)
    return _diagnose_postgres(error, state, detail)


def _diagnose_sqlite(original: sqlite3.Error, detail: str) -> Trouble:
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        primary = code & 0xFF
        kind = _SQLITE.get(primary)
        if kind is Kind.RULE:
            return Trouble(Kind.RULE, _sqlite_rule(detail), detail)
        if kind is not None:
            return Trouble(kind, detail=detail)
    if "no such table" in detail or "no such column" in detail or "has no column" in detail:
        return Trouble(Kind.NO_SCHEMA, detail=detail)
    return Trouble(Kind.OTHER, detail=detail)


def _sqlite_rule(detail: str) -> str:
    """The rule in SQLite's message: a trigger's own name, a CHECK's name, or the columns of a UNIQUE."""
    if detail.startswith("CHECK constraint failed: "):
        return detail.removeprefix("CHECK constraint failed: ")
    if detail.startswith("UNIQUE constraint failed: "):
        return "unique " + detail.removeprefix("UNIQUE constraint failed: ")
    return detail.split(":", 1)[0]


def _diagnose_postgres(error: DBAPIError, state: str, detail: str) -> Trouble:
    kind = Kind.OTHER
    rule = ""
    if state in _SQLSTATE_BUSY:
        kind = Kind.BUSY
    elif state in _SQLSTATE_FULL:
        kind = Kind.FULL
    elif state == "25006":
        kind = Kind.READ_ONLY
    elif state in ("42P01", "42703"):
        kind = Kind.NO_SCHEMA
    elif state == "22021" or (not state and "NUL" in detail and isinstance(error, DataError)):
        kind = Kind.NOT_TEXT
    elif state.startswith("28") or state == "42501":
        kind = Kind.FORBIDDEN
    elif state.startswith(("08", "57P")) or state in ("3D000", "53300"):
        kind = Kind.AWAY
    elif state.startswith("23") or isinstance(error, IntegrityError):
        diagnostics = getattr(error.orig, "diag", None)
        kind, rule = Kind.RULE, getattr(diagnostics, "constraint_name", None) or detail.split(":", 1)[0]
    elif not state and isinstance(error, (OperationalError, InterfaceError)):
        untrusted = tls.explained(str(error.orig))
        if untrusted is not None:
            return Trouble(Kind.CERTIFICATE, detail=untrusted)
        is_refused = "authentication failed" in detail or "pg_hba.conf" in detail
        kind = Kind.FORBIDDEN if is_refused else Kind.AWAY
    return Trouble(kind, rule, detail)
