"""Peer authentication: the program comes by Postgres's socket as the user of the system, with no password at all.

The lines of pg_hba.conf and pg_ident.conf are those of docs/ssh.md.
"""

from __future__ import annotations

import os
import pwd
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import story
from postgres_roles import named_roles
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema
from pettycash_tui.services import opening
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable

PAGE = Path(__file__).parents[2] / "docs" / "ssh.md"


@dataclass(frozen=True)
class Socket:
    """A database that is reached by the socket alone: its owner's desk, and the names of its roles."""

    owner: Desk
    application: str
    other: str

    def address(self, role: str) -> str:
        """The address of the database for a role, as the page writes it."""
        return f"postgresql://{role}@/{self.owner.url.database}"


@pytest.fixture
def by_socket(
    own_postgres_server: object,
    request: pytest.FixtureRequest,
    open_desk: Callable[[URL], Desk],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Socket]:
    server = request.getfixturevalue("own_postgres_server")
    name = f"peer_{uuid4().hex[:12]}"
    if "PETTYCASH_TEST_POSTGRES_URL" in os.environ:
        server.run(f'CREATE DATABASE "{name}"')
        engine = engines.open_engine(server.url.set(database=name))
        schema.upgrade(engine)
        engine.dispose()
    else:
        server.copy(request.getfixturevalue("postgres_template"), name)
    monkeypatch.setenv("PGHOST", str(server.url.query["host"]))
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
    desk = open_desk(server.url.set(database=name))
    try:
        with named_roles(desk, "app", "other") as (application, other):
            desk.grant(application)
            desk.grant(other)
            story.trading_company(desk)
            with _SettingsOfThePage(desk, name, application):
                yield Socket(desk, application, other)
    finally:
        desk.close()
        server.drop(name)


class _SettingsOfThePage:
    """The lines of the page in force, for this database and this user of the system; put back at the end."""

    def __init__(self, desk: Desk, database: str, role: str) -> None:
        self.desk, self.database = desk, database
        user = pwd.getpwuid(os.geteuid()).pw_name
        page = PAGE.read_text(encoding="utf-8")
        hba = re.findall(r"^    (local .*)$", page, re.MULTILINE)
        assert len(hba) == 3 and re.search(r"^    pettycash  +pettycash  +pettycash_app$", page, re.MULTILINE)
        names = {"pettycash_app": role, "pettycash_owner": f"{role}_owner"}
        lines = [re.sub(r"pettycash_\w+", lambda found: names[found[0]], line) for line in hba]
        lines = [re.sub(r"^local( +)pettycash ", rf"local\1{database} ", line) for line in lines]
        # The tests' own way in, which no host has.
        self.hba = "\n".join([f"local {database} postgres trust", *lines])
        self.ident = f"pettycash {user} {role}"

    @staticmethod
    def file(desk: Desk, name: str) -> Path:
        """Where the server reads them from."""
        with desk.engine.connect() as connection:
            return Path(str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()))

    def __enter__(self) -> None:
        paths = [self.file(self.desk, name) for name in ("hba_file", "ident_file")]
        self.files = [(path, path.read_text()) for path in paths]
        for (path, before), added in zip(self.files, (self.hba, self.ident), strict=True):
            path.write_text(f"{added}\n{before}")
        self._reload(is_rejected=True)

    def __exit__(self, *_: object) -> None:
        for path, before in self.files:
            path.write_text(before)
        self._reload(is_rejected=False)

    def _reload(self, *, is_rejected: bool) -> None:
        """The server reads its files a moment later: asked for by a role that there is not."""
        with self.desk.engine.connect() as connection:
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        until = time.monotonic() + 20
        while ("pg_hba.conf rejects" in _trouble(self.desk.url.set(username="nobody_at_all"))) is not is_rejected:
            assert time.monotonic() < until
            time.sleep(0.02)


def _trouble(url: URL) -> str:
    engine = engines.open_engine(url)
    try:
        with engine.connect():
            return ""
    except OperationalError as error:
        return str(error.orig)
    finally:
        engine.dispose()


def test_the_program_works_by_the_socket_without_a_password_and_nobody_else_comes_in(
    by_socket: Socket, home: Path
) -> None:
    desk = opening.open_desk(by_socket.address(by_socket.application), home)
    standing = desk.standing()
    assert standing is not None and standing.is_bound and standing.role == by_socket.application
    assert desk.url.password is None
    people = story.actors(desk)
    assert story.pay(desk, story.approved(desk, people["staff"])).voucher_number == "PCV-NBI-2026-00001"
    desk.close()

    for role in (by_socket.other, "postgres_too"):
        with pytest.raises(DatabaseUnavailable) as refused:
            opening.open_desk(by_socket.address(role), home)
        assert refused.value.code == "database_forbidden"
        assert "pg_hba.conf" in refused.value.message

    # A user of the system whom the map does not name is nobody.
    settings = _SettingsOfThePage.file(by_socket.owner, "ident_file")
    settings.write_text(
        re.sub(r"^pettycash \S+ ", "pettycash somebody-else ", settings.read_text(), flags=re.MULTILINE)
    )
    with by_socket.owner.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    address = by_socket.address(by_socket.application)
    until = time.monotonic() + 20
    while "Peer authentication failed" not in (told := _trouble(engines.parse_address(address))):
        assert time.monotonic() < until, told
        time.sleep(0.02)
    with pytest.raises(DatabaseUnavailable) as refused:
        opening.open_desk(address, home)
    assert refused.value.code == "database_forbidden"
