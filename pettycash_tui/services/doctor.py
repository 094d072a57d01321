"""What is wrong here, and the command that mends it. Nothing is changed, and no check stops the others."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import or_, select, text

from pettycash_tui.database import engine as engines
from pettycash_tui.database.schema import HEAD, SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import NoticeChannel, NoticeTiming, OtpChannel, Role
from pettycash_tui.notify.protocol import DeliveryFailed
from pettycash_tui.services import doctor_gateways, messages, notices, policy
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, PettyCashError
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.secrets import SERVER_KEY
from pettycash_tui.services.work import Reading

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the command found of the terminal it runs in."""

    is_terminal: bool
    term: str
    encoding: str
    color_term: str = ""


def examine(desk: Desk, terminal: Terminal) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    state, found = _schema(desk)
    found += _guarded(lambda: _files(desk), "files")
    if state is SchemaState.CURRENT:
        for check, name in ((_database, "database"), (_company_rows, "company")):
            found += _guarded(lambda check=check: desk.read(SYSTEM, _listed(check)), name)  # type: ignore[misc]
        found += _guarded(lambda: _mail(desk), "mail")
        found += _guarded(lambda: _notices(desk), "notices")
    found += _guarded(lambda: doctor_gateways.examine(desk, state), "mpesa")
    found += _guarded(lambda: _server_key(desk), "server_key")
    found += _guarded(_keyring, "keyring")
    found += _guarded(lambda: _terminal(terminal), "terminal")
    return found


def examine_without(error: DatabaseUnavailable, terminal: Terminal) -> list[Finding]:
    """The checks that need no database, for when there is none or it cannot be opened."""
    found = [Finding(error.code, ERROR, error.message)]
    found += _guarded(_keyring, "keyring")
    return found + _guarded(lambda: _terminal(terminal), "terminal")


def _listed(check: Callable[[Reading], Iterator[Finding]]) -> Callable[[Reading], list[Finding]]:
    # Read to its end inside the transaction.
    return lambda reading: list(check(reading))


def _guarded(check: Callable[[], Iterator[Finding] | list[Finding]], name: str) -> list[Finding]:
    """The findings of one check; that it could not be made is itself a finding."""
    try:
        return list(check())
    except PettyCashError as error:
        return [Finding(f"{name}_{error.code}", ERROR, error.message)]
    except OSError as error:
        return [Finding(f"{name}_unreadable", ERROR, f"The check {name} could not be made: {error.strerror}.")]


def _schema(desk: Desk) -> tuple[SchemaState | None, list[Finding]]:
    try:
        status = desk.schema_status()
    except DatabaseUnavailable as error:
        return None, [Finding(error.code, ERROR, error.message)]
    where = desk.shown_address
    if status.state is SchemaState.CURRENT:
        return status.state, [Finding("schema", NOTE, f"The database {where} is at this program's version ({HEAD}).")]
    command = {SchemaState.EMPTY: "pettycash init", SchemaState.OLDER: "pettycash db upgrade"}.get(status.state, "")
    sentence = {
        SchemaState.EMPTY: f"The database {where} is empty.",
        SchemaState.OLDER: f"The database {where} is of an earlier version ({status.revision}, not {HEAD}).",
        SchemaState.NEWER: f"The database {where} is of a later version than this program. Install the newer program.",
        SchemaState.FOREIGN: f"The database {where} holds other data than petty cash. Name another with --database.",
    }[status.state]
    return status.state, [Finding("schema", ERROR, sentence, command)]


def _files(desk: Desk) -> Iterator[Finding]:
    yield from _owner_only(desk.home, 0o700)
    if not engines.is_embedded(desk.url):
        return
    path = Path(str(desk.url.database))
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        yield from _owner_only(name, 0o600)
    if path.parent != desk.home:
        yield from _owner_only(path.parent, 0o700)
    yield Finding(
        "one_trust_domain",
        NOTE,
        f"{path} is one trust domain: whoever can write the file can change the books, and only a checkpoint that is"
        " kept elsewhere shows it.",
    )


def _owner_only(path: Path, wanted: int) -> Iterator[Finding]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        sentence = f"{path} may be read or written by others (mode {mode:04o})."
        yield Finding("permissions", ERROR, sentence, f"chmod {wanted:o} {path}")
    if found.st_uid != os.geteuid():
        yield Finding("owner", WARNING, f"{path} belongs to another user of this computer.", f"chown $USER {path}")


def _database(reading: Reading) -> Iterator[Finding]:
    connection = reading.connection
    if not reading.is_postgres:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
        if mode != "wal":
            sentence = f"The database file is in journal mode {mode}, not WAL: readers and writers wait for each other."
            yield Finding("journal_mode", WARNING, sentence, "move the file to a local disk; WAL is set on opening")
        if not connection.execute(text("PRAGMA foreign_keys")).scalar():
            yield Finding("foreign_keys", ERROR, "Foreign keys are not enforced by this build of SQLite.")
        return
    role = connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar()
    owns = connection.execute(
        text(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname ="
            " current_schema() AND c.relkind = 'r' AND pg_has_role(current_user, c.relowner, 'MEMBER')"
        )
    ).scalar()
    if role:
        sentence = "The program connects to Postgres as a superuser, who may switch every rule of the books off."
        yield Finding("superuser", WARNING, sentence, "pettycash db grant ROLE")
    elif owns:
        sentence = "The program connects as the owner of the tables, who may change and drop them; connect as a role"
        yield Finding("owner_role", WARNING, f"{sentence} that owns nothing.", "pettycash db grant ROLE")


def _company_rows(reading: Reading) -> Iterator[Finding]:
    c, u = t.company.c, t.user.c
    owners = reading.execute(select(c.id, c.code).where(c.is_active).order_by(c.code)).all()
    if not owners:
        yield Finding("no_company", ERROR, "There is no active company.", "pettycash init")
    for owner in owners:
        here = or_(u.company_id == owner.id, u.company_id.is_(None))
        admins = select(u.id).where(u.is_active, here, or_(u.role == Role.ADMIN, u.is_superuser)).limit(1)
        if reading.execute(admins).first() is None:
            sentence = f"{owner.code} has no active admin."
            yield Finding("no_admin", ERROR, sentence, "pettycash user add USERNAME --role admin")
        for finding in policy.check(reading, owner.id):
            code = f"policy_{finding.code}"
            yield Finding(code, finding.severity, f"{owner.code}: {finding.message}", finding.command)
    yield from _funds(reading)
    superuser = select(u.id).where(u.is_active, u.is_superuser).limit(1)
    if owners and reading.execute(superuser).first() is None:
        yield Finding("no_superuser", WARNING, "Nobody active is a superuser: no company can be added.")


def _funds(reading: Reading) -> Iterator[Finding]:
    f, a, c = t.treasury_fund.c, t.account.c, t.company.c
    source = t.treasury_fund.join(t.account, a.id == f.account_id).join(t.company, c.id == f.company_id)
    rows = reading.execute(
        select(f.code, a.code.label("account"), c.code.label("company"))
        .select_from(source)
        .where(f.is_active, a.is_active.is_(False))
        .order_by(c.code, f.code)
    )
    for row in rows:
        yield Finding(
            "fund_account",
            ERROR,
            f"{row.company}: the fund {row.code} posts to the account {row.account}, which is inactive.",
            f"pettycash account edit {row.account} --activate",
        )


def _server_key(desk: Desk) -> Iterator[Finding]:
    secrets = desk.secrets
    where = secrets.where(SERVER_KEY)
    if where != "nowhere":
        yield Finding("server_key", NOTE, f"The server key, on which every code depends, is in {where}.")
    elif engines.is_embedded(desk.url):
        yield Finding("server_key", NOTE, f"There is no server key yet; it will be made in {desk.home} when needed.")
    else:
        sentence = (
            "The server key is not on this host, so no code can be sent or checked. Bring it from your other host"
        )
        yield Finding("no_server_key", ERROR, f"{sentence} and set PETTYCASH_SERVER_KEY_FILE to its path.")
    for warning in secrets.warnings:
        yield Finding("secret_warning", WARNING, warning)


def _keyring() -> Iterator[Finding]:
    try:
        import keyring

        backend = keyring.get_keyring()
    except Exception as error:
        # A half-installed plugin may raise anything; for the doctor that is an answer.
        yield Finding("keyring", NOTE, f"The keyring cannot be used ({type(error).__name__}); secrets are in files.")
        return
    name = f"{type(backend).__module__.removeprefix('keyring.backends.')}.{type(backend).__qualname__}"
    if backend.priority <= 0:
        yield Finding("keyring", NOTE, f"There is no keyring here ({name}); secrets are in owner-only files.")
    else:
        yield Finding("keyring", NOTE, f"The keyring is {name}.")


def _mail(desk: Desk) -> Iterator[Finding]:
    if desk.is_demo:
        yield Finding("mail", NOTE, f"This is a demo: messages are written to {desk.home / 'outbox'}.")
        return
    try:
        settings = messages.smtp_settings(desk)
    except DeliveryFailed as error:
        yield Finding("mail", ERROR, str(error))
        return
    if settings is not None:
        yield Finding("mail", NOTE, f"Mail goes through {settings.host}:{settings.port}.")
        return
    u = t.user.c
    waits = select(u.username).where(u.is_active, u.otp_channel == OtpChannel.EMAIL, u.role == Role.TREASURY)
    officers = desk.read(SYSTEM, lambda reading: reading.execute(waits.limit(1)).first())
    sentence = "No mail server is set up (PETTYCASH_SMTP_HOST and PETTYCASH_SMTP_FROM)."
    if officers is not None:
        sentence += " Treasury officers whose codes go by email cannot pay."
    yield Finding("mail", ERROR if officers is not None else WARNING, sentence)


def _notices(desk: Desk) -> Iterator[Finding]:
    missing = [channel for channel in NoticeChannel if channel not in messages.notice_channels(desk)]
    c, u = t.notice_choice.c, t.user.c
    wanted = (
        select(u.username, c.channel)
        .join_from(t.notice_choice, t.user, u.id == c.user_id)
        .where(u.is_active, c.channel.in_(missing), c.timing != NoticeTiming.OFF)
        .order_by(u.username)
    )
    chosen = desk.read(SYSTEM, lambda reading: reading.execute(wanted).all())
    for channel in missing:
        names = sorted({row.username for row in chosen if row.channel is channel})
        if names:
            shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
            setting = "PETTYCASH_SMS_URL_FILE" if channel is NoticeChannel.SMS else "PETTYCASH_SMTP_HOST"
            sentence = f"{shown} chose notices by {channel.label}, which is not set up here. Set {setting}."
            yield Finding(f"notices_{channel.value}", WARNING, sentence)
    found = desk.read(SYSTEM, notices.undelivered)
    if found.total:
        parts = [
            (found.given_up, "given up"),
            (found.failed, "to be tried again"),
            (found.without_address, "without an address"),
        ]
        counted = ", ".join(f"{count} {words}" for count, words in parts if count)
        sentence = f"Notices did not arrive: {counted}. The latest: {found.last_error}"
        yield Finding("notices_undelivered", WARNING, sentence, "pettycash notice list --all")
    else:
        yield Finding("notices", NOTE, "Every notice of the last two weeks arrived.")


def _terminal(terminal: Terminal) -> Iterator[Finding]:
    if not terminal.is_terminal:
        yield Finding("terminal", NOTE, "This command runs without a terminal; the desk needs one.")
        return
    if terminal.term in ("", "dumb"):
        yield Finding("terminal", ERROR, f"TERM is {terminal.term or 'not set'}.", "export TERM=xterm-256color")
    if terminal.encoding.lower().replace("-", "") != "utf8":
        sentence = f"The terminal's encoding is {terminal.encoding or 'unknown'}, not UTF-8: names may show as ?."
        yield Finding("encoding", WARNING, sentence, "export LC_ALL=C.UTF-8")
    if "256" not in terminal.term and terminal.color_term not in ("truecolor", "24bit"):
        yield Finding("colors", NOTE, f"TERM {terminal.term} promises few colours; the desk uses what there is.")
