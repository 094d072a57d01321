"""The doctor's look at the database: who connects, whether its rules are in force, its clock, its funds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from pettycash_tui.database import grants
from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_state, checkpoints, fund_check, proof_alerts, rule_check
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

CLOCKS_APART = timedelta(seconds=60)
"""How far two clocks may be apart before codes, sessions and the order of events suffer."""


def connection(desk: Desk) -> list[Finding]:
    """How the database is opened, and as whom: on a demo nobody minds a role that may do everything."""
    mighty = WARNING if desk.is_demo else ERROR
    return desk.read(SYSTEM, lambda reading: list(_connection(reading, mighty)))


def _connection(reading: Reading, mighty: Severity) -> Iterator[Finding]:
    found = reading.connection
    if not reading.is_postgres:
        mode = found.execute(text("PRAGMA journal_mode")).scalar()
        if mode != "wal":
            sentence = (
                f"The database file is in journal mode {mode}, not WAL: readers and writers wait for each other. Move"
                " the home to a local disk; WAL is set on opening."
            )
            yield Finding("journal_mode", WARNING, sentence, "export PETTYCASH_HOME=FOLDER")
        if not found.execute(text("PRAGMA foreign_keys")).scalar():
            sentence = "Foreign keys are not enforced by this build of SQLite. Run the program with another Python."
            yield Finding("foreign_keys", ERROR, sentence, "python3 -m venv .venv")
        return
    yield from _roles(reading, mighty)


def _roles(reading: Reading, mighty: Severity) -> Iterator[Finding]:
    mine = grants.standing(reading.connection)
    command = "pettycash db grant ROLE"
    if mine.might:
        sentence = f"The program connects to Postgres as {mine.role}, {mine.might}, whom no rule binds;"
        yield Finding("superuser", mighty, f"{sentence} make a role that owns nothing and connect as that.", command)
    elif mine.is_owner:
        sentence = f"The program connects as {mine.role}, the owner of the tables, who may change and drop them;"
        yield Finding("owner_role", mighty, f"{sentence} make a role that owns nothing and connect as that.", command)
    else:
        yield Finding("role", NOTE, f"The program connects as {mine.role}, who owns nothing and is bound by the rules.")
        missing = grants.missing(reading.connection)
        if missing:
            shown = ", ".join(missing[:5])
            sentence = f"{mine.role} may not read and write everything it needs ({shown})."
            yield Finding("grants", ERROR, sentence, f"pettycash db grant {mine.role}")
        excess = grants.excess(reading.connection)
        if excess:
            sentence = f"{mine.role} may do more than the program needs: {', '.join(excess[:5])}."
            yield Finding("grants_excess", ERROR, sentence, f"pettycash db grant {mine.role}")


def rules(reading: Reading) -> Iterator[Finding]:
    """Rules of the database that are not in force; the long checks are those of `db check`."""
    yield from rule_check.in_force(reading)


def balances(reading: Reading) -> Iterator[Finding]:
    """Funds that do not balance."""
    yield from fund_check.funds(reading)


def clocks(reading: Reading) -> Iterator[Finding]:
    """This host's clock beside the database server's, and beside the latest event."""
    if reading.is_postgres:
        before = datetime.now(UTC)
        theirs = reading.execute(text("SELECT clock_timestamp()")).scalar()
        apart = abs(theirs - before) if theirs is not None else timedelta()
        if apart > CLOCKS_APART:
            sentence = f"The clocks of this host and of the database server are {apart.total_seconds():.0f} s apart."
            yield Finding("clock", ERROR, f"{sentence} Codes and sessions depend on it.", "timedatectl set-ntp true")
    e = t.audit_event.c
    companies = [None, *reading.execute(select(t.company.c.id)).scalars().all()]
    # One look into the index for each company: over all of them there is none.
    latest = [reading.execute(select(func.max(e.created_at)).where(e.company_id == one)).scalar() for one in companies]
    known = [moment for moment in latest if moment is not None]
    if known and max(known) - reading.now > CLOCKS_APART:
        sentence = f"The latest event is of {max(known).isoformat()}, which is still to come: this host's clock was set"
        yield Finding("clock_back", ERROR, f"{sentence} back.", "timedatectl set-ntp true")


def proofs(desk: Desk) -> Iterator[Finding]:
    """When the audit chain was sealed and verified, and with what result. A demo is nobody's books."""
    if desk.is_demo:
        return
    known = desk.read(SYSTEM, audit_state.integrity)
    if known.ok is False:
        sentence = f"The last verification of the audit chain found {known.problems} wrong."
        yield Finding("audit_wrong", ERROR, sentence, "pettycash audit verify --full")
    yield from checkpoint(known.checkpoint_at, desk.clock(), has_place=_has_place(desk))


def _has_place(desk: Desk) -> bool:
    try:
        return bool(checkpoints.places(desk))
    except Refused:
        return False


def checkpoint(latest: datetime | None, now: datetime, *, has_place: bool) -> Iterator[Finding]:
    """Whether the chains were sealed within a day; `latest` is when they were last, None for never."""
    command = "pettycash jobs run checkpoint"
    if not has_place:
        # Without a place outside of the database's reach the job is refused.
        command = f"export {checkpoints.DIRECTORY_VARIABLE}=FOLDER && {command}"
    if latest is None:
        sentence = "There is no checkpoint: a chain that is rewritten as a whole would not be found."
        yield Finding("no_checkpoint", WARNING, sentence, command)
    elif now - latest > proof_alerts.CHECKPOINT_AGE:
        sentence = f"The latest checkpoint is of {latest.isoformat()}, more than a day ago."
        yield Finding("old_checkpoint", WARNING, sentence, command)
