"""The application's role on Postgres: the whole story runs as it, and what it may not do it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import story
from sqlalchemy import URL, Engine
from sqlalchemy.exc import ProgrammingError

from pettycash_tui.database import engine as engines
from pettycash_tui.database.triggers import APPEND_ONLY
from pettycash_tui.services import workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, Refused


@pytest.fixture
def as_role(
    postgres_url: URL, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, URL]]:
    """A desk of the owner with the trading company on it, and the address of the application's role."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    role = f"pettycash_{uuid4().hex[:8]}"
    owner = open_desk(postgres_url)
    owner.grant(role)
    with owner.engine.begin() as connection:
        # For a server that asks for one; the wheel's trusts whoever reaches its socket.
        connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{role}'")
    story.trading_company(owner)
    yield owner, postgres_url.set(username=role, password=role)
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")


def refused(engine: Engine, statement: str) -> bool:
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    except ProgrammingError as error:
        return getattr(error.orig, "sqlstate", "") == "42501"
    return False


def test_the_whole_story_runs_as_a_role_that_owns_nothing(
    as_role: tuple[Desk, URL], open_desk: Callable[[URL], Desk]
) -> None:
    desk = open_desk(as_role[1])
    people = story.actors(desk)
    number = story.approved(desk, people["staff"])
    assert story.pay(desk, number).voucher_number == "PCV-NBI-2026-00001"
    back = story.request(desk, people["staff"], "900")
    desk.run(story.approver_of(desk, back), workflow.request_changes, back, "which van?")
    desk.close()


def test_the_role_cannot_undo_or_rewrite_anything(as_role: tuple[Desk, URL]) -> None:
    engine = engines.open_engine(as_role[1])
    for table in (*APPEND_ONLY, "payment", "treasury_fund", "requisition", "stream_head"):
        assert refused(engine, f"DELETE FROM {table}"), table
        assert refused(engine, f"TRUNCATE {table} CASCADE"), table
        assert refused(engine, f"ALTER TABLE {table} DISABLE TRIGGER ALL"), table
    for table in APPEND_ONLY:
        assert refused(engine, f"UPDATE {table} SET created_at = created_at"), table
    assert refused(engine, "UPDATE requisition SET requested_by_id = requested_by_id")
    assert refused(engine, "CREATE TABLE mine (id int)")
    assert refused(engine, "SET ROLE postgres")
    assert refused(engine, "SET session_replication_role = replica")
    engine.dispose()


def test_a_strange_role_and_an_embedded_file_are_told(
    sqlite_desk: Desk, postgres_url: URL, open_desk: Callable[[URL], Desk]
) -> None:
    with pytest.raises(Refused, match="no roles"):
        sqlite_desk.grant("pettycash")
    with pytest.raises(InvalidInput, match="Role must be"):
        open_desk(postgres_url).grant('x"; DROP TABLE payment; --')
