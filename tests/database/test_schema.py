"""The schema: upgraded equals fresh, every state of a database has its sentence, and so has every trouble with it."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from quicker import prepare_sqlite
from raw import Raw
from sqlalchemy import URL, Connection, Engine, event, select, text, update
from trading import Trading

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema, triggers
from pettycash_tui.database.schema import SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.models.tables import metadata
from pettycash_tui.services import desk as desks
from pettycash_tui.services import opening
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading, Work

# --- fresh and upgraded ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """A database without a table."""
    if request.param == "sqlite":
        path = tmp_path / "empty" / "pettycash.db"
        engines.make_file(path)
        yield engines.sqlite_address(path)
        return
    server = request.getfixturevalue("postgres_server")
    name = f"empty_{uuid4().hex[:12]}"
    server.run(f'CREATE DATABASE "{name}"')
    yield server.url.set(database=name)
    server.drop(name)


@contextmanager
def opened(url: URL) -> Iterator[Engine]:
    engine = engines.open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def objects(connection: Connection) -> dict[str, str]:
    """Every table, column, constraint, index, trigger and function by name, as the database itself tells them."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {name: plain(sql) for name, sql in rows if "alembic_version" not in name}
    found = {}
    for query in (
        "SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull"
        " || coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace",
        "SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index"
        " JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace",
        "SELECT 'trigger ' || tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) || CAST(tgenabled AS text)"
        " FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ):
        found |= {name: plain(told) for name, told in connection.execute(text(query.replace(":", r"\:")))}
    return {name: told for name, told in found.items() if "alembic_version" not in name}


def plain(sql: str) -> str:
    # SQLite quotes the name of a table that was rebuilt and renamed.
    sql = re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql)
    return re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").strip()


def test_an_upgraded_schema_equals_a_fresh_one(database_url: URL, empty_url: URL) -> None:
    with opened(empty_url) as engine, engine.begin() as connection:
        metadata.create_all(connection)
        triggers.install(connection)
        fresh = objects(connection)
    with opened(database_url) as engine, engine.connect() as connection:
        upgraded = objects(connection)
    assert set(upgraded) == set(fresh)
    assert {name: told for name, told in upgraded.items() if told != fresh[name]} == {}
    for kind in ("index ux_treasury_fund_scope", "index ux_approval_step_current"):
        assert kind in fresh


def test_every_rule_is_installed_and_installing_again_changes_nothing(database_url: URL) -> None:
    with opened(database_url) as engine, engine.begin() as connection:
        before = objects(connection)
        triggers.install(connection)
        assert objects(connection) == before
    sqlite = engines.is_embedded(database_url)
    names = {re.split(r"[ .]", name)[-1] for name in before if name.startswith("trigger ")}
    expected = {
        rule.name if sqlite else triggers.rules_name(rule.table, rule.event)
        for rule in triggers.RULES
        if sqlite or not rule.sqlite_only
    }
    expected |= {name for name, _, _ in triggers.EFFECTS}
    assert names == expected | (set() if sqlite else {f"{table}_no_truncate" for table in triggers.KEPT})


def test_a_trigger_of_an_earlier_version_is_taken_away(database_url: URL) -> None:
    with opened(database_url) as engine, engine.begin() as connection:
        before = objects(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("CREATE TRIGGER old_rule BEFORE DELETE ON company BEGIN SELECT 1; END")
        else:
            connection.exec_driver_sql(
                "CREATE TRIGGER old_rule BEFORE DELETE ON company FOR EACH ROW EXECUTE FUNCTION company_delete_rules()"
            )
        assert objects(connection) != before
        triggers.install(connection)
        assert objects(connection) == before


# The expression index is compared by its SQL, above.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_models_and_the_migrations_say_the_same(database_url: URL) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with opened(database_url) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_revisions_written_out_are_alembics() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(schema.__file__).with_name("migrations")
    scripts = ScriptDirectory(str(folder))
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.REVISIONS
    assert scripts.get_heads() == [schema.HEAD]


def test_every_check_and_key_has_a_name() -> None:
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, (table.name, constraint)


# --- states ----------------------------------------------------------------------------------------------------------


def mark(url: URL, revision: str) -> None:
    with opened(url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def unavailable(act: Callable[[], Any], code: str) -> DatabaseUnavailable:
    with pytest.raises(DatabaseUnavailable) as error:
        act()
    assert (error.value.code, error.value.exit_code) == (code, 7)
    assert "secret" not in error.value.message
    return error.value


def address(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def test_an_empty_database_says_how_to_set_it_up(empty_url: URL, tmp_path: Path) -> None:
    with opened(empty_url) as engine, engine.connect() as connection:
        assert schema.status(connection).state is SchemaState.EMPTY
    error = unavailable(lambda: opening.open_desk(address(empty_url), tmp_path), "schema")
    assert "is empty" in error.message
    assert "pettycash init" in error.message


def test_a_database_of_something_else_is_left_alone(empty_url: URL, tmp_path: Path) -> None:
    with opened(empty_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (name TEXT)"))
    with opened(empty_url) as engine, engine.connect() as connection:
        assert schema.status(connection).state is SchemaState.FOREIGN
    error = unavailable(lambda: opening.open_desk(address(empty_url), tmp_path), "schema")
    assert "other data than petty cash" in error.message
    with opened(empty_url) as engine, engine.connect() as connection:
        assert len([name for name in objects(connection) if name.startswith(("table", "column"))]) == 1


def test_a_later_version_asks_for_the_newer_program(database_url: URL, tmp_path: Path) -> None:
    mark(database_url, "9999")
    with opened(database_url) as engine, engine.connect() as connection:
        assert schema.status(connection) == schema.SchemaStatus(SchemaState.NEWER, "9999")
    error = unavailable(lambda: opening.open_desk(address(database_url), tmp_path), "schema")
    assert "later version" in error.message
    assert "Install the newer program" in error.message


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program of tomorrow: one more revision, which adds a column to payments."""
    folder = tmp_path / "tomorrow"
    shutil.copytree(Path(schema.__file__).with_name("migrations"), folder / "migrations")
    (folder / "migrations" / "versions" / "r9000_note.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '9000', '{schema.HEAD}'\n"
        "def upgrade():\n    op.add_column('payment', sa.Column('note', sa.String(9)))\n"
    )
    monkeypatch.setattr(schema, "__file__", str(folder / "schema.py"))
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9000"))
    monkeypatch.setattr(schema, "HEAD", "9000")


def test_an_embedded_file_of_an_earlier_version_is_upgraded_on_the_way(
    sqlite_url: URL, tmp_path: Path, next_version: None
) -> None:
    with opened(sqlite_url) as engine, engine.begin() as connection:
        assert schema.status(connection).state is SchemaState.OLDER
        connection.exec_driver_sql("DROP TRIGGER payment_fixed")
    desk = opening.open_desk(address(sqlite_url), tmp_path)
    assert desk.schema_status() == schema.SchemaStatus(SchemaState.CURRENT, "9000")
    with desk.engine.connect() as connection:
        assert "trigger payment_fixed" in objects(connection)
    desk.close()


def test_a_shared_database_of_an_earlier_version_is_upgraded_by_command_only(
    postgres_url: URL, tmp_path: Path, next_version: None
) -> None:
    error = unavailable(lambda: opening.open_desk(address(postgres_url), tmp_path), "schema")
    assert "pettycash db upgrade" in error.message
    desk = Desk(postgres_url, tmp_path)
    desk.upgrade()
    desk.require_current()
    desk.close()


def test_an_upgrade_that_fails_leaves_the_schema_as_it_was(
    database_url: URL, tmp_path: Path, next_version: None
) -> None:
    folder = tmp_path / "tomorrow" / "migrations" / "versions"
    with (folder / "r9000_note.py").open("a") as file:
        file.write("    raise RuntimeError('half-way')\n")
    with opened(database_url) as engine, engine.connect() as connection:
        before = objects(connection)
    desk = Desk(database_url, tmp_path)
    with pytest.raises(RuntimeError, match="half-way"):
        desk.upgrade()
    assert desk.schema_status().state is SchemaState.OLDER
    with desk.engine.connect() as connection:
        assert objects(connection) == before
    desk.close()


def test_a_missing_table_is_a_schema_that_is_not_upgraded(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("DROP TABLE job_lease"))
    query = select(t.job_lease)
    unavailable(lambda: desk.read(SYSTEM, lambda reading: reading.execute(query).all()), "schema")


# --- the embedded file -----------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_what_lies_beside_it_are_the_owners_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        path = tmp_path / "home" / "pettycash.db"
        assert engines.make_file(path)
        assert not engines.make_file(path)
        desk = Desk(engines.sqlite_address(path), path.parent)
        desk.upgrade()
        with desk.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
            assert {each.name: mode(each) for each in path.parent.glob("pettycash.db*")} == {
                "pettycash.db": 0o600,
                "pettycash.db-wal": 0o600,
                "pettycash.db-shm": 0o600,
            }
        assert mode(path.parent) == 0o700
        desk.close()
    finally:
        os.umask(previous)


def test_sqlite_is_opened_as_the_books_need_it(
    sqlite_url: URL, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_prepare_sqlite", prepare_sqlite)
    sqlite_desk = open_desk(sqlite_url)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "busy_timeout": 15_000,
    }

    def pragmas(connection: Connection) -> dict[str, Any]:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (*expected, "query_only")}

    with sqlite_desk.work(SYSTEM, audited=False) as work:
        assert pragmas(work.connection) == {**expected, "query_only": 0}
    with sqlite_desk.reading(SYSTEM) as reading:
        assert pragmas(reading.connection) == {**expected, "query_only": 1}
    # A reading does not leave the next unit of work unable to write.
    with sqlite_desk.work(SYSTEM, audited=False) as work:
        work.execute(update(t.user).values(is_active=True))


def test_postgres_is_opened_as_the_books_need_it(postgres_url: URL, open_desk: Callable[[URL], Desk]) -> None:
    desk = open_desk(postgres_url)
    settings = {
        "transaction_isolation": "read committed",
        "TimeZone": "UTC",
        "lock_timeout": "15s",
        "idle_in_transaction_session_timeout": "1min",
        "application_name": "pettycash",
    }

    def told(reading: Reading) -> dict[str, str]:
        names = (*settings, "transaction_read_only")
        return {name: str(reading.connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names}

    with desk.work(SYSTEM, audited=False) as work:
        assert told(work) == {**settings, "transaction_read_only": "off"}
    assert desk.read(SYSTEM, told) == {**settings, "transaction_read_only": "on"}


def test_a_reading_writes_nothing(desk: Desk) -> None:
    def write(reading: Reading) -> None:
        reading.execute(update(t.user).values(is_active=False))

    with pytest.raises(DatabaseUnavailable) as error:
        desk.read(SYSTEM, write)
    assert error.value.code == "database_read_only"


def test_a_unit_of_work_takes_its_lock_when_it_begins(
    sqlite_url: URL, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_SECONDS", 0)
    first, second = Desk(sqlite_url, home), Desk(sqlite_url, home)
    monkeypatch.setattr(desks, "ATTEMPTS", 2)
    with first.work(SYSTEM, audited=False):
        unavailable(lambda: second.run_unaudited(SYSTEM, lambda work: None), "database_busy")
        assert second.kind == ""
    assert second.run_unaudited(SYSTEM, lambda work: "done") == "done"
    first.close()
    second.close()


# --- trouble ---------------------------------------------------------------------------------------------------------


def note(work: Work, company_id: Any = None) -> None:
    """A change that leaves an event."""
    work.record("test.noted", "test", None, "x", stream=company_stream(company_id), company_id=company_id, data={})


def events(desk: Desk) -> int:
    return desk.read(SYSTEM, lambda reading: len(reading.execute(select(t.audit_event.c.id)).all()))


def test_no_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    error = unavailable(lambda: opening.open_desk(None, tmp_path / "nowhere"), "no_database")
    assert "pettycash init" in error.message
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "content", [b"This is a letter and no database. " * 200, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pettycash.db"
    path.write_bytes(content)
    unavailable(lambda: opening.open_desk(f"sqlite:///{path}", tmp_path), "database_damaged")
    assert path.read_bytes() == content


def test_a_damaged_page_is_called_damaged(sqlite_url: URL, home: Path) -> None:
    path = Path(str(sqlite_url.database))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(bytes(content))
    desk = Desk(sqlite_url, home)
    unavailable(lambda: events(desk), "database_damaged")
    desk.close()


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who owns nothing, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_only_be_read_is_read_and_not_written(sqlite_template: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pettycash-test-"))
    try:
        path = folder / "pettycash.db"
        shutil.copyfile(sqlite_template, path)
        path.chmod(0o444)
        folder.chmod(0o777)
        with as_nobody():
            desk = Desk(engines.sqlite_address(path), folder)
            desk.require_current()
            error = unavailable(lambda: desk.run(SYSTEM, note), "database_read_only")
            assert "can only be read" in error.message
            assert events(desk) == 0
            desk.close()
    finally:
        shutil.rmtree(folder)


def test_a_full_disk_undoes_the_work_and_the_next_call_works_again(sqlite_desk: Desk) -> None:
    limit = {"pages": 1}

    def limited(driver_connection: sqlite3.Connection, _record: Any, _proxy: Any) -> None:
        driver_connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    event.listen(sqlite_desk.engine, "checkout", limited)

    def much(work: Work) -> None:
        work.record("test.noted", "test", None, "x", stream="s", company_id=None, data={"much": "x" * 1_000_000})

    sqlite_desk.run(SYSTEM, note)
    error = unavailable(lambda: sqlite_desk.run(SYSTEM, much), "disk_full")
    assert "make room" in error.message
    assert events(sqlite_desk) == 1
    limit["pages"] = 1_000_000
    sqlite_desk.run(SYSTEM, much)
    assert events(sqlite_desk) == 2


def test_a_full_disk_of_a_server_undoes_the_work_too(postgres_url: URL, home: Path) -> None:
    desk = Desk(postgres_url, home)
    with desk.engine.begin() as connection:
        # As a server says it of its disk (53100), in the last statement of the work.
        connection.exec_driver_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER zz_full_disk BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
    error = unavailable(lambda: desk.run(SYSTEM, note), "disk_full")
    assert "make room" in error.message
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER zz_full_disk ON audit_event")
    desk.run(SYSTEM, note)
    assert events(desk) == 1
    desk.close()


@pytest.mark.parametrize("what", ["port", "database", "host"])
def test_a_server_that_is_not_there_is_said_to_be_away(postgres_server: Any, tmp_path: Path, what: str) -> None:
    url = postgres_server.url.set(password="secret")
    if what == "port":
        url = URL.create("postgresql+psycopg", "x", "secret", "127.0.0.1", 1, "books")
    elif what == "database":
        url = url.set(database="no_such_books")
    else:
        url = URL.create("postgresql+psycopg", "x", "secret", "host.invalid", 5432, "books")
    error = unavailable(lambda: opening.open_desk(address(url), tmp_path), "database_away")
    assert "cannot be reached" in error.message


def kill(raw: Raw) -> None:
    """End every other connection to the database, as a restart would."""
    raw.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )


def test_a_connection_lost_in_the_middle_of_a_unit_of_work_changes_nothing(
    postgres_url: URL, open_desk: Callable[[URL], Desk]
) -> None:
    desk = open_desk(postgres_url)
    raw = Raw(desk)
    desk.run(SYSTEM, note)

    def broken(work: Work) -> None:
        note(work)
        work.execute(update(t.user).values(is_active=True))
        kill(raw)

    error = unavailable(lambda: desk.run(SYSTEM, broken), "database_away")
    assert "Nothing was changed; try again" in error.message
    assert events(desk) == 1
    desk.run(SYSTEM, note)
    assert events(desk) == 2
    raw.close()


def test_a_connection_lost_between_two_calls_costs_at_most_one_of_them(
    postgres_url: URL, open_desk: Callable[[URL], Desk]
) -> None:
    desk = open_desk(postgres_url)
    raw = Raw(desk)
    desk.run(SYSTEM, note)
    kill(raw)
    # A reading is simply done again.
    assert events(desk) == 1
    kill(raw)
    unavailable(lambda: desk.run(SYSTEM, note), "database_away")
    desk.run(SYSTEM, note)
    assert events(desk) == 2
    raw.close()


@pytest.mark.only_on("postgres")
def test_a_role_that_may_not_write_is_told_so(trading: Trading) -> None:
    role = f"reader_{uuid4().hex[:8]}"
    with trading.desk.engine.begin() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{role}"')
        connection.exec_driver_sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"')

    def as_role(work: Work) -> None:
        work.connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')
        work.execute(update(t.user).values(is_active=False))

    try:
        unavailable(lambda: trading.desk.run(SYSTEM, as_role), "database_forbidden")
    finally:
        with trading.desk.engine.begin() as connection:
            connection.exec_driver_sql(f'DROP OWNED BY "{role}"')
            connection.exec_driver_sql(f'DROP ROLE "{role}"')
