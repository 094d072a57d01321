"""The desk: an open database with its home, and the only door to transactions.

`with desk.work(actor) as work:` is one unit of work; `desk.run(actor, service, …)` is the same with retries on a busy
database, and the way screens and commands call a service. `desk.read(actor, query, …)` runs a query in a read-only
transaction. Every driver error leaves here as one of `errors`.
"""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pettycash_tui.database import engine as engines
from pettycash_tui.database import grants, isolation, schema
from pettycash_tui.database.trouble import Kind, Trouble, diagnose
from pettycash_tui.models import tables as t
from pettycash_tui.services import audit_state, key_in_force, refusals
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput, Overtaken, PettyCashError, Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.rules import sentence_for
from pettycash_tui.services.secrets import Secrets
from pettycash_tui.services.standing import is_signed_in, present
from pettycash_tui.services.work import Clock, Reading, Work, system_clock

P = ParamSpec("P")
T = TypeVar("T")

SCHEMA_SECONDS = 60
"""How long a desk that is open relies on the schema of a server: somebody may have upgraded it since."""

ATTEMPTS = 6
"""How often a unit of work is tried against a busy database before the person is told."""

PRODUCTION = "production"
DEMO = "demo"


class Desk:
    """An open database and its home folder (keys, outbox, session, exports)."""

    def __init__(self, url: URL, home: Path, *, clock: Clock = system_clock, pool_size: int = 5) -> None:
        self.url = url
        self.home = home
        self.clock = clock
        self.engine: Engine = engines.open_engine(url, pool_size=pool_size)
        self._reader = engines.reading_engine(self.engine)
        self._kind: str | None = None
        self._current_at: float | None = None
        self._standing: grants.Standing | None = None
        self.has_written = False
        """Whether an audited act was committed through this desk."""

    @cached_property
    def secrets(self) -> Secrets:
        """The server key and other secrets, looked up outside the database."""
        return Secrets(
            self.home,
            embedded=engines.is_embedded(self.url),
            is_in_use=lambda: self.read(SYSTEM, key_in_force.is_in_use),
            is_sealed=lambda: self.read(SYSTEM, audit_state.is_sealed),
        )

    @property
    def shown_address(self) -> str:
        """The database's address without a password."""
        return engines.shown(self.url)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        self._reader.dispose()

    def schema_status(self) -> schema.SchemaStatus:
        """The schema's state. Raises DatabaseUnavailable when it cannot be read."""
        with self.translated(), self._reader.connect() as connection:
            found = schema.status(connection)
            if not engines.is_embedded(self.url) and found.state is schema.SchemaState.CURRENT:
                # In the same transaction: over a slow line each of its own costs three answers of the server.
                self._standing = grants.standing(connection)
            return found

    def require_current(self) -> None:
        """Raise DatabaseUnavailable unless the schema is this program's."""
        found = self.schema_status()
        if found.state is schema.SchemaState.CURRENT:
            self._current_at = time.monotonic()
            return
        raise DatabaseUnavailable(_SCHEMA_SENTENCES[found.state].format(address=self.shown_address), code="schema")

    def upgrade(self) -> None:
        """Migrate to this program's schema."""
        with self.translated():
            schema.upgrade(self.engine)

    def install_rules(self) -> None:
        """Put the rules of this program's schema in force again: triggers, isolation of companies, grants."""
        self.require_current()
        with self.translated():
            schema.install_rules(self.engine)

    def grant(self, role: str | None = None, *, owner: str | None = None, verifier: str | None = None) -> None:
        """Give Postgres roles their rights: the application's, the owner's, the read-only verifier's. Idempotent.

        Raises Refused on SQLite, for one role in two parts, and for a role that may do more than its part allows;
        InvalidInput for a strange name.
        """
        if engines.is_embedded(self.url):
            raise Refused("An embedded file has no roles: whoever can write the file can change it.", code="no_roles")
        named = {"role": role, "owner": owner, "verifier": verifier}
        for field, name in named.items():
            if name is not None and not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
                expected = "must be a Postgres role in lower-case letters, digits and _, such as pettycash"
                raise InvalidInput.of(**{field: expected})
        given = [name for name in named.values() if name is not None]
        if len(set(given)) < len(given):
            raise Refused("The owner, the application and the verifier are three roles, each for itself.", code="roles")
        self.require_current()
        try:
            with self.translated(), self.engine.begin() as connection:
                if owner is not None:
                    grants.hand_over(connection, owner)
                if role is not None:
                    grants.grant(connection, role)
                if verifier is not None:
                    grants.grant_reading(connection, verifier)
        except grants.TooMighty as error:
            raise Refused(str(error), code="role_too_mighty") from None

    def standing(self) -> grants.Standing | None:
        """What the role is that this desk connects as; None on SQLite, which has none."""
        if engines.is_embedded(self.url):
            return None
        if self._standing is None:
            with self.translated(), self._reader.connect() as connection:
                self._standing = grants.standing(connection)
        return self._standing

    def reads_only(self) -> bool:
        """Whether this desk connects as a role that reads and may write nothing, as the verifier of Postgres."""
        standing = self.standing()
        if standing is None or not standing.is_bound:
            return False
        with self.translated(), self._reader.connect() as connection:
            return grants.reads_only(connection)

    @property
    def kind(self) -> str:
        """`demo` or `production`; empty when not set up yet."""
        if not self._kind:
            with self.translated(), self._reader.connect() as connection:
                self._kind = connection.execute(select(t.installation.c.kind)).scalar() or ""
        return self._kind

    @property
    def is_demo(self) -> bool:
        """Whether `--as` may act for anybody here."""
        return self.kind == DEMO

    @contextmanager
    def work(self, actor: Actor, *, audited: bool = True) -> Iterator[Work]:
        """One unit of work: committed at the end, undone by any error, which leaves as one of `errors`.

        A program of an earlier version does not write into a database that was upgraded while it ran: of a file, which
        a newer program upgrades by itself, the revision is read in each transaction; of a server, which is upgraded by
        hand, each minute.
        """
        if self._current_at is not None and time.monotonic() - self._current_at > SCHEMA_SECONDS:
            self.require_current()
        with self.translated(), self.engine.connect() as connection:
            isolation.begin(connection, _company_of(actor))
            with connection.begin():
                if self._current_at is not None and engines.is_embedded(self.url):
                    self._require_revision(connection)
                work = Work(connection, actor, self.clock())
                yield work
                work.finish(audited=audited)
        self.has_written = self.has_written or audited

    def _require_revision(self, connection: Connection) -> None:
        # Past SQLAlchemy, whose share of so small a question would be the most of it.
        driver, found = connection.connection.driver_connection, None
        with suppress(sqlite3.Error):
            assert driver is not None
            found = driver.execute("SELECT version_num FROM alembic_version").fetchone()
        if found is None or found[0] != schema.HEAD:
            self.require_current()

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Reading]:
        """A read-only transaction."""
        with self.translated(), self._reader.connect() as connection:
            isolation.begin(connection, _company_of(actor), read_only=True)
            yield Reading(connection, actor, self.clock())

    def run(self, actor: Actor, service: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service in a unit of work of its own, again on a busy database, with bounded jitter.

        Raises NotSignedIn when the session of the actor has ended meanwhile, NotAllowed before a first password is
        changed. The refusal of a service that is marked so (`refusals`) is put on record.
        """
        try:
            return self._retrying(lambda: self._run_once(actor, service, True, args, kwargs))
        except refusals.REFUSALS as refusal:
            told = refusals.told_of(service)
            if told is not None and not actor.is_system:
                nobody = SYSTEM.at(actor.source, actor.client)
                self.run(nobody, refusals.record, actor, told, refusal, args[0] if args else None)
                refusal.is_on_record = True
            raise

    def run_unaudited(
        self, actor: Actor, service: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same where there may be nothing to record: somebody was faster, drafts, last seen, a password's try."""
        return self._retrying(lambda: self._run_once(actor, service, False, args, kwargs))

    def read(
        self, actor: Actor, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a read-only transaction; a lost connection is opened again once."""

        def once() -> T:
            with self.translated(), self._reader.connect() as connection:
                isolation.begin(connection, _company_of(actor), read_only=True)
                return query(Reading(connection, actor, self.clock()), *args, **kwargs)

        try:
            return self._retrying(once)
        except DatabaseUnavailable as error:
            if error.code != "database_away":
                raise
            return once()

    def _run_once(
        self, actor: Actor, service: Callable[..., T], audited: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T:
        with self.work(actor, audited=audited) as work:
            if audited and is_signed_in(actor):
                # A desk stays open for hours: only who is still signed in acts, and as what they are by now.
                return service(work.as_actor(present(work)), *args, **kwargs)
            return service(work, *args, **kwargs)

    def _retrying(self, once: Callable[[], T]) -> T:
        started = time.monotonic()
        for attempt in range(ATTEMPTS):
            try:
                return once()
            except DatabaseUnavailable as error:
                # A lock that was waited for its whole time is reported, not waited for five times more.
                waited = time.monotonic() - started >= engines.BUSY_TIMEOUT_SECONDS
                if error.code != "database_busy" or attempt == ATTEMPTS - 1 or waited:
                    raise
                time.sleep(min(1.0, 0.01 * 2**attempt) * (0.5 + random.random()))
        raise AssertionError("unreachable")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Every driver error leaves as one of `errors`: for who works on the engine itself."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise _not_text() from error
        except (DBAPIError, sqlite3.Error) as error:
            raise self._translate(diagnose(error), error) from error
        except PoolTimeout as error:
            raise DatabaseUnavailable(
                "Every connection to the database is in use. Wait a moment and try again.", code="database_busy"
            ) from error

    def _translate(self, trouble: Trouble, error: Exception) -> Exception:
        if trouble.kind is Kind.RULE:
            sentence = sentence_for(trouble.rule)
            if sentence is None:
                return error
            if sentence.overtaken:
                return Overtaken(sentence.message, code=trouble.rule)
            return Refused(sentence.message, code=sentence.code, fields=sentence.fields)
        if trouble.kind is Kind.NOT_TEXT:
            return _not_text()
        found = _TROUBLE_SENTENCES.get(trouble.kind)
        if found is None:
            return error
        code, message = found
        return DatabaseUnavailable(message.format(address=self.shown_address, detail=trouble.detail), code=code)


def _not_text() -> InvalidInput:
    """What is looked for may hold what no text that is stored can hold: half a character, or none."""
    return InvalidInput("What was typed holds a character that no text can hold. Type it again.", code="no_text")


def _company_of(actor: Actor) -> UUID | None:
    """The one company that the actor's transactions see. A superuser sets up companies that are not their own."""
    return None if actor.is_superuser else actor.company_id


_SCHEMA_SENTENCES = {
    schema.SchemaState.EMPTY: "The database {address} is empty. Set it up with `pettycash init`, or `pettycash demo`.",
    schema.SchemaState.OLDER: "The database {address} is of an earlier version. Run `pettycash db upgrade`.",
    schema.SchemaState.NEWER: (
        "The database {address} is of a later version than this program. Install the newer program."
    ),
    schema.SchemaState.FOREIGN: (
        "The database {address} holds other data than petty cash. Name another with --database or --home."
    ),
}

_TROUBLE_SENTENCES = {
    Kind.BUSY: ("database_busy", "The database is busy with somebody else's work. Nothing was changed; try again."),
    Kind.AWAY: (
        "database_away",
        "The database {address} cannot be reached ({detail}). Nothing was changed; try again, or ask your admin.",
    ),
    Kind.READ_ONLY: (
        "database_read_only",
        "The database {address} can only be read. Nothing was changed; check the file's and folder's permissions.",
    ),
    Kind.FULL: (
        "disk_full",
        "The disk of the database {address} is full or failing. Nothing was changed; make room and try again.",
    ),
    Kind.DAMAGED: (
        "database_damaged",
        "The file of the database {address} is not a database or is damaged. Restore a backup:"
        " `pettycash db restore FILE --replace`.",
    ),
    Kind.NO_SCHEMA: (
        "schema",
        "The database {address} is not at this program's version. Run `pettycash db upgrade`.",
    ),
    Kind.CERTIFICATE: (
        "database_certificate",
        "The database {address} is not trusted: {detail}. Nothing was sent to it.",
    ),
    Kind.FORBIDDEN: (
        "database_forbidden",
        "The database {address} refuses this program's user ({detail}). Check its password, its grants and its line"
        " in pg_hba.conf.",
    ),
}

__all__ = ["DEMO", "PRODUCTION", "Desk", "PettyCashError"]
