"""What is wrong here, and the command that mends it. Nothing is changed, and no check stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pettycash_tui.database.schema import HEAD, SchemaState
from pettycash_tui.services import doctor_database, doctor_gateways, doctor_host, doctor_key, doctor_mail, doctor_people
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.doctor_host import Terminal
from pettycash_tui.services.errors import DatabaseUnavailable, PettyCashError
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.owner_only import UnsafeFile
from pettycash_tui.services.work import Reading

__all__ = ["Terminal", "examine", "examine_without"]

ERROR, NOTE = Severity.ERROR, Severity.NOTE


_READ: tuple[tuple[Callable[[Reading], Iterator[Finding]], str], ...] = (
    (doctor_database.rules, "rules"),
    (doctor_database.clocks, "clock"),
    (doctor_database.balances, "balances"),
    (doctor_people.companies, "company"),
    (doctor_people.admins, "admins"),
)
"""The checks of one read transaction each, and the names under which one that fails is told."""


_MENDING = {
    "no_database": "pettycash init",
    "database_away": "export PETTYCASH_DATABASE_URL=URL",
    "database_certificate": "export PETTYCASH_DATABASE_CA=FILE",
    "database_forbidden": "pettycash db grant ROLE",
    "database_damaged": "pettycash db restore FILE --replace",
}
"""What to run for a database that cannot be used, by the code of its error."""


_LOOKING = {
    "files": "export PETTYCASH_HOME=FOLDER",
    "database": "pettycash db check",
    "rules": "pettycash db check",
    "clock": "pettycash db check",
    "balances": "pettycash db check",
    "company": "pettycash db check",
    "admins": "pettycash db check",
    "audit": "pettycash audit verify --full",
    "mail": doctor_mail.SETTING,
    "notices": "pettycash notice list --all",
    "mpesa": "pettycash gateway check",
    "server_key": "pettycash secret where server_key",
    "keyring": "pettycash secret where",
    "terminal": "export TERM=xterm-256color",
}
"""What to run where a check could not be made and its error names no command, by the name of the check."""


def examine(desk: Desk, terminal: Terminal) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    state, found = _schema(desk)
    return found + _examine(desk, terminal, state)


def examine_without(error: DatabaseUnavailable, desk: Desk, terminal: Terminal) -> list[Finding]:
    """The checks that need no database, for when there is none; the desk's is not opened, which could make it."""
    return [_unusable(error), *_examine(desk, terminal, None)]


def _examine(desk: Desk, terminal: Terminal, state: SchemaState | None) -> list[Finding]:
    has_books = state is SchemaState.CURRENT
    found = _guarded(lambda: doctor_host.files(desk), "files")
    if has_books:
        found += _guarded(lambda: doctor_database.connection(desk), "database")
        for check, name in _READ:
            found += _guarded(lambda check=check: desk.read(SYSTEM, _listed(check)), name)  # type: ignore[misc]
        found += _guarded(lambda: doctor_database.proofs(desk), "audit")
    found += _guarded(lambda: doctor_mail.mail(desk, has_books=has_books), "mail")
    if has_books:
        found += _guarded(lambda: doctor_mail.undelivered(desk), "notices")
    found += _guarded(lambda: doctor_gateways.examine(desk, state), "mpesa")
    found += _guarded(lambda: doctor_host.server_key(desk), "server_key")
    if has_books:
        found += _guarded(lambda: doctor_key.in_force(desk), "server_key")
    found += _guarded(doctor_host.secret_store, "keyring")
    found += _guarded(lambda: doctor_host.looked_at(terminal), "terminal")
    return found


def _listed(check: Callable[[Reading], Iterator[Finding]]) -> Callable[[Reading], list[Finding]]:
    # Read to its end inside the transaction.
    return lambda reading: list(check(reading))


def _guarded(check: Callable[[], Iterator[Finding] | list[Finding]], name: str) -> list[Finding]:
    """The findings of one check; that it could not be made is itself a finding."""
    try:
        return list(check())
    except PettyCashError as error:
        named = error.command if isinstance(error, UnsafeFile) else _MENDING.get(error.code, "")
        return [Finding(f"{name}_{error.code}", ERROR, error.message, named or _LOOKING[name])]
    except Exception as error:
        # Whatever it is, the other checks are made; its text may hold what nobody should read.
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return [Finding(f"{name}_unreadable", ERROR, f"The check {name} could not be made: {why}.", _LOOKING[name])]


def _unusable(error: DatabaseUnavailable) -> Finding:
    return Finding(error.code, ERROR, error.message, _MENDING.get(error.code, _LOOKING["database"]))


def _schema(desk: Desk) -> tuple[SchemaState | None, list[Finding]]:
    try:
        status = desk.schema_status()
    except DatabaseUnavailable as error:
        return None, [_unusable(error)]
    where = desk.shown_address
    if status.state is SchemaState.CURRENT:
        return status.state, [Finding("schema", NOTE, f"The database {where} is at this program's version ({HEAD}).")]
    command = {
        SchemaState.EMPTY: "pettycash init",
        SchemaState.OLDER: "pettycash db upgrade",
        SchemaState.NEWER: "pip install --upgrade pettycash-tui",
        SchemaState.FOREIGN: "export PETTYCASH_DATABASE_URL=URL",
    }[status.state]
    sentence = {
        SchemaState.EMPTY: f"The database {where} is empty.",
        SchemaState.OLDER: f"The database {where} is of an earlier version ({status.revision}, not {HEAD}).",
        SchemaState.NEWER: f"The database {where} is of a later version than this program. Install the newer program.",
        SchemaState.FOREIGN: f"The database {where} holds other data than petty cash. Name another with --database.",
    }[status.state]
    return status.state, [Finding("schema", ERROR, sentence, command)]
