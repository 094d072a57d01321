"""From what was given on the command line to an open desk and a known person.

The home defaults to the user's data folder, the database to `<home>/pettycash.db`. Nothing here makes a database:
only `pettycash init` and `pettycash demo` do.
"""

from __future__ import annotations

import os
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy import URL

from pettycash_tui.database import engine as engines
from pettycash_tui.database import tls
from pettycash_tui.database.grants import Standing
from pettycash_tui.database.schema import SchemaState
from pettycash_tui.services import forced, signin, token_file
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, NotSignedIn, Refused
from pettycash_tui.services.home_folder import default_home
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.secrets import DATABASE_PASSWORD, Secrets
from pettycash_tui.services.standing import password_first
from pettycash_tui.services.work import Clock, system_clock

DATABASE_FILE = "pettycash.db"

ALLOW_OWNER_VARIABLE = "PETTYCASH_ALLOW_OWNER"
"""Set to 1 (or given as --allow-owner), the program runs on a shared database as a role that no rule binds."""


def address_of(database: str | None, home: Path | None) -> URL:
    """The database that these options name. Raises InvalidInput naming `database`.

    A server that is reached over the network gets the secret `database_password` where the address has no password;
    by its socket one is known as the user of the system.
    """
    if not database:
        return engines.sqlite_address((home or default_home()).absolute() / DATABASE_FILE)
    try:
        url = engines.parse_address(database)
    except engines.BadAddress as error:
        raise InvalidInput.of(database=str(error).removeprefix("The database ")) from None
    wrong = None if engines.is_embedded(url) else tls.trouble_of(url)
    if wrong is not None:
        raise InvalidInput.of(database=wrong)
    if url.host and not url.host.startswith("/") and url.password is None and "password" not in url.query:
        kept = Secrets((home or default_home()).absolute(), embedded=False).get(DATABASE_PASSWORD)
        url = url if kept is None else url.set(password=kept)
    return url


def open_desk(
    database: str | None, home: Path | None, *, require_current: bool = True, clock: Clock = system_clock
) -> Desk:
    """An open desk on a database that is there. An embedded file of an earlier version is upgraded on the way.

    Without `require_current` neither the schema nor the role is looked at (`db …`, `doctor`, set-up).
    Raises InvalidInput for an address that is none; DatabaseUnavailable when the database is missing, cannot be
    reached, is empty, holds other data, is of a later version, or (Postgres) of an earlier one; Refused on Postgres for
    whom no rule binds (a superuser, the owner of the tables), unless that is allowed or the database is a demo.
    """
    url = address_of(database, home)
    _require_file(url)
    desk = Desk(url, (home or default_home()).absolute(), clock=clock)
    try:
        if require_current:
            if engines.is_embedded(url) and desk.schema_status().state is SchemaState.OLDER:
                desk.upgrade()
            desk.require_current()
            _require_bound(desk)
    except BaseException:
        desk.close()
        raise
    return desk


def unopened_desk(database: str | None, home: Path | None) -> Desk:
    """A desk for what needs no database: nobody has looked whether it is there. Raises InvalidInput as `open_desk`."""
    return Desk(address_of(database, home), (home or default_home()).absolute())


def _require_bound(desk: Desk) -> None:
    # Whoever owns the tables can switch the rules off: nobody should work so without having said it.
    standing = _unbound(desk)
    if standing is None or desk.is_demo:
        return
    raise Refused(
        f"The program would work on {desk.shown_address} as {_who(standing)}, whom no rule of the books binds."
        " Make a role with `pettycash db grant ROLE` and connect as that, or say --allow-owner"
        f" ({ALLOW_OWNER_VARIABLE}=1).",
        code="superuser" if standing.might else "owner_role",
    )


def warning_of(desk: Desk) -> str:
    """What is to be told of the role that works on a demo, where anything else would be refused; empty for nothing."""
    standing = _unbound(desk)
    if standing is None or not desk.is_demo:
        return ""
    return (
        f"This demo is worked on as {_who(standing)}, whom no rule of the books binds; books that are no demo are not"
        " opened so."
    )


def _unbound(desk: Desk) -> Standing | None:
    """The role of this desk, where the rules do not bind it and nobody has said that it may be so."""
    if os.environ.get(ALLOW_OWNER_VARIABLE, "") not in ("", "0"):
        return None
    standing = desk.standing()
    return standing if standing is not None and not standing.is_bound else None


def _who(standing: Standing) -> str:
    return f"{standing.role}, {standing.might or 'the owner of its tables'}"


def _require_file(url: URL) -> None:
    # SQLite makes a file that is not there, and an empty database would then stand where the books should be.
    if engines.is_embedded(url) and not Path(str(url.database)).is_file():
        raise DatabaseUnavailable(
            f"There is no database at {url.database}. Make one with `pettycash init`, or look around with "
            "`pettycash demo`; another one is named by --home or --database.",
            code="no_database",
        )


def identify(desk: Desk, as_user: str | None, *, first_password: bool = False) -> Actor:
    """The person who acts: under a forced command the key's, else `--as` in a demo, else who signed in from this home.

    Raises NotAllowed for `--as` elsewhere or of an unknown person, NotSignedIn when nobody is signed in. Somebody whose
    password an admin gave has to change it first (`password_change_needed`), except for what is done before:
    `first_password`.
    """
    served = forced.current()
    if served is not None:
        if as_user is not None:
            forced.refuse_others()
        actor = signin.resume(desk, served.token, client=forced.CLIENT, source=served.source)
        return _after_first_password(actor, first_password)
    source = source_here()
    if as_user is not None:
        return signin.act_as(desk, as_user, home_id(desk.home), source=source)
    kept = token_file.read(desk.home)
    if kept is None:
        raise NotSignedIn(
            "You are not signed in. Sign in with `pettycash login USER`"
            + (", or act as a demo person with --as USER." if desk.is_demo else ".")
        )
    if kept.database != desk.shown_address:
        raise NotSignedIn(
            f"You are signed in to {kept.database}, not to {desk.shown_address}. Sign in with `pettycash login USER`."
        )
    return _after_first_password(signin.resume(desk, kept.token, client=signin.CLI, source=source), first_password)


def verifier(desk: Desk) -> Actor | None:
    """Who verifies where the database knows them: by a role that only reads, to which signing in would be writing.

    None for every other role, and under a forced command, where the person is the key's.
    """
    if forced.current() is not None or not desk.reads_only():
        return None
    standing = desk.standing()
    role = standing.role if standing is not None else ""
    return Actor(id=None, username=role, name=role, role=None, source=source_here())


def _after_first_password(actor: Actor, first_password: bool) -> Actor:
    if actor.must_change_password and not first_password:
        raise password_first()
    return actor


def home_id(home: Path) -> str:
    """A short name for a home, the same for every command that runs in it."""
    return sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def source_here() -> str:
    """Where this process is used from: `local`, or the address of the SSH connection as sshd tells it.

    For the trail only: who may do what never depends on it, since a shell may set the variable.
    """
    address = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    try:
        return f"ssh {ip_address(address)}" if address else "local"
    except ValueError:
        return "local"
