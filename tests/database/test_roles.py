"""Owner, application and verifier on Postgres, the isolation of companies by row, and who may run the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import building
import pytest
import story
from postgres_roles import address_of, named_roles, with_passwords
from sqlalchemy import URL, Connection, Engine, insert, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from pettycash_tui.database import engine as engines
from pettycash_tui.database import grants, isolation
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.services import backups, book_check, opening, requisition_views
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import Refused
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.work import Reading


@dataclass(frozen=True)
class Roles:
    """A desk of the superuser on two companies, and an engine of each role."""

    desk: Desk
    people: dict[str, Actor]
    others: dict[str, Actor]
    owner: str
    application: str
    verifier: str

    def engine(self, role: str) -> Engine:
        """An engine that connects as the role."""
        return engines.open_engine(address_of(self.desk, role))


@pytest.fixture
def roles(postgres_url: URL, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch) -> Iterator[Roles]:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    desk = open_desk(postgres_url)
    with named_roles(desk, "owner", "program", "verifier") as (owner, application, verifier):
        for _ in range(2):  # the second time changes nothing
            desk.grant(application, owner=owner, verifier=verifier)
        with_passwords(desk, owner, application, verifier)
        story.trading_company(desk)
        number = story.approved(desk, story.actors(desk)["staff"])
        story.pay(desk, number)
        others = building.company(desk, "OTHER", prefix="other_")
        yield Roles(desk, story.actors(desk), others, owner, application, verifier)


def refused(connection: Connection, statement: str) -> bool:
    """Whether the server says that the role may not do this."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except ProgrammingError as error:
        return getattr(error.orig, "sqlstate", "") == "42501"
    return False


def test_who_may_do_what(roles: Roles) -> None:
    owner, application, verifier = (roles.engine(name) for name in (roles.owner, roles.application, roles.verifier))
    with owner.connect() as connection:
        assert grants.standing(connection) == grants.Standing(roles.owner, "", True)
        assert grants.applications(connection) == [roles.application]
        connection.exec_driver_sql("ALTER TABLE payment DISABLE TRIGGER USER")
        connection.rollback()
        assert refused(connection, "SET session_replication_role = replica")
    with application.connect() as connection:
        assert grants.standing(connection).is_bound
        for statement in (
            "DELETE FROM payment",
            "TRUNCATE audit_event",
            "ALTER TABLE payment DISABLE TRIGGER ALL",
            "ALTER TABLE payment DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE payment ADD COLUMN mine int",
            "DROP TRIGGER payment_update_rules ON payment",
            "DROP TABLE payment",
            "UPDATE ledger_entry SET amount = 1",
            "UPDATE payment SET company_id = company_id",
            "SET session_replication_role = replica",
            f"SET ROLE {roles.owner}",
            f"SET ROLE {roles.verifier}",
            f"ALTER ROLE {roles.application} SUPERUSER",
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE approval_step (id int)",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ):
            assert refused(connection, statement), statement
    with verifier.connect() as connection:
        for statement in (
            "INSERT INTO installation (id, kind, created_at) VALUES (1, 'demo', now())",
            "UPDATE treasury_fund SET held_amount = 0",
            "DELETE FROM payment",
            'SELECT password_hash FROM "user"',
            "SELECT code_hmac FROM otp_challenge",
            "SELECT code_hmac FROM recovery_code",
            "SELECT body FROM form_draft",
            f"SET ROLE {roles.owner}",
        ):
            assert refused(connection, statement), statement
        for table in ("audit_event", "stream_head", "ledger_entry", "treasury_fund", "payment", "requisition"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar(), table
        # What it may not read is not compared; everything else is, people included.
        assert verify(Reading(connection, SYSTEM, roles.desk.clock())).problems == ()
    for engine in (owner, application, verifier):
        engine.dispose()


def test_a_statement_without_a_condition_sees_one_company_and_without_a_company_nothing(roles: Roles) -> None:
    engine = roles.engine(roles.application)
    first, second = roles.people["staff"].company_id, roles.others["staff"].company_id
    assert first and second
    tables = [table for table in t.metadata.sorted_tables if "company_id" in table.columns]
    of_people = {"sign_in_session", "recovery_code", "notice_choice", "alert_acknowledgement", "form_draft", "ssh_key"}

    def companies(connection: Connection, name: str) -> set[str]:
        found = connection.execute(text(f'SELECT DISTINCT company_id FROM "{name}" WHERE company_id IS NOT NULL'))
        return {str(value) for value in found.scalars()}

    unbound = {table.name for table in t.metadata.sorted_tables if isolation.condition(table) is None}
    assert unbound == {"installation", "job_lease", "notice_cursor", "sign_in_source", "stream_head"}
    with engine.connect() as connection:
        for table in t.metadata.sorted_tables:
            if isolation.condition(table) is not None:
                count = connection.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar()
                assert count == 0, f"{table.name} shows rows to who names no company"
        connection.rollback()
        for mine in (first, second):
            isolation.begin(connection, mine)
            for table in tables:
                assert companies(connection, table.name) <= {str(mine)}, table.name
            assert connection.execute(text("SELECT id FROM company")).scalars().all() == [mine]
            for table in sorted(of_people):
                whose = text(f'SELECT DISTINCT u.company_id FROM "{table}" s JOIN "user" u ON u.id = s.user_id')
                assert set(connection.execute(whose).scalars()) <= {mine}, table
            theirs = connection.execute(text("SELECT count(*) FROM approval_trail")).scalar()
            assert bool(theirs) is (mine == first)
            connection.rollback()
        isolation.begin(connection, None)
        assert companies(connection, "user") == {str(first), str(second)}
        connection.rollback()
        # What was said for one transaction does not outlive it.
        assert connection.execute(text("SELECT count(*) FROM payment")).scalar() == 0
        connection.rollback()
        isolation.begin(connection, second)
        assert connection.execute(text("UPDATE treasury_fund SET held_amount = held_amount + 1")).rowcount == 0
        forged = "INSERT INTO number_counter (company_id, kind, last_value) VALUES (:company, 'XXX', 1)"
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(forged), {"company": first})
    engine.dispose()


def test_sessions_and_settings_of_another_company_cannot_be_changed(roles: Roles) -> None:
    person, other = roles.people["staff"], roles.others["staff"]
    now = roles.desk.clock()
    with roles.desk.engine.begin() as connection:
        connection.execute(
            insert(t.sign_in_session).values(
                id=new_id(),
                user_id=person.id,
                token_hash="0" * 64,
                client="cli",
                source="local",
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=12),
            )
        )
    engine = roles.engine(roles.application)
    ended = text("UPDATE sign_in_session SET ended_at = now()")
    renamed = text("UPDATE company SET name = 'Mine'")
    for mine, count in ((other.company_id, 0), (person.company_id, 1)):
        with engine.connect() as connection:
            isolation.begin(connection, mine)
            assert connection.execute(ended).rowcount == count
            assert connection.execute(renamed).rowcount == 1
    engine.dispose()


def test_rules_look_at_the_tables_and_never_at_temporary_ones(roles: Roles) -> None:
    with roles.desk.engine.begin() as connection:
        database = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f'GRANT TEMPORARY ON DATABASE "{database}" TO {roles.application}')
    number = story.request(roles.desk, roles.people["staff"])
    engine = roles.engine(roles.application)
    with engine.connect() as connection:
        assert "TEMPORARY on the database" in grants.excess(connection)
        connection.rollback()
        isolation.begin(connection, roles.people["staff"].company_id)
        connection.exec_driver_sql("CREATE TEMPORARY TABLE approval_step (LIKE public.approval_step)")
        connection.exec_driver_sql("INSERT INTO pg_temp.approval_step SELECT * FROM public.approval_step")
        connection.exec_driver_sql("UPDATE pg_temp.approval_step SET status = 'done'")
        with pytest.raises(IntegrityError, match="requisition_"):
            connection.execute(text("UPDATE requisition SET status = 'approved' WHERE number = :n"), {"n": number})
    engine.dispose()
    with roles.desk.engine.begin() as connection:
        grants.grant(connection, roles.application)
        connection.exec_driver_sql(f"SET LOCAL ROLE {roles.application}")
        assert grants.excess(connection) == []


def test_the_desk_says_the_actors_company_and_costs_no_round_trip_for_it(
    roles: Roles, open_desk: Callable[[URL], Desk]
) -> None:
    desk = open_desk(address_of(roles.desk, roles.application))
    said = text(f"SELECT current_setting('{isolation.SETTING}')")
    for actor, expected in ((SYSTEM, "*"), (roles.people["cfo"], str(roles.people["cfo"].company_id))):
        assert desk.read(actor, lambda reading: reading.execute(said).scalar()) == expected
        assert desk.run_unaudited(actor, lambda work: work.execute(said).scalar()) == expected
    read_only = desk.read(SYSTEM, lambda reading: reading.execute(text("SHOW transaction_read_only")).scalar())
    assert read_only == "on"
    detail = desk.read(roles.people["cfo"], requisition_views.show, "REQ-000001")
    assert detail.payment
    desk.close()


def test_a_role_that_could_do_more_is_not_granted(roles: Roles) -> None:
    desk = roles.desk
    with pytest.raises(Refused, match="owns tables"):
        desk.grant(roles.owner)
    with desk.engine.begin() as connection:
        database = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f'ALTER DATABASE "{database}" OWNER TO {roles.verifier}')
    with pytest.raises(Refused, match="or the database"):
        desk.grant(verifier=roles.verifier)
    verifier = roles.engine(roles.verifier)
    with verifier.connect() as connection:
        assert not grants.standing(connection).is_bound
    verifier.dispose()
    with desk.engine.begin() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{database}" OWNER TO {roles.owner}')
    with pytest.raises(Refused, match="three roles"):
        desk.grant(roles.application, verifier=roles.application)
    with desk.engine.begin() as connection:
        superuser = connection.exec_driver_sql("SELECT current_user").scalar()
        connection.exec_driver_sql(f"GRANT {roles.owner} TO {roles.verifier}")
    with pytest.raises(Refused, match="superuser"):
        desk.grant(str(superuser))
    with pytest.raises(Refused, match=f"may become {roles.owner}"):
        desk.grant(verifier=roles.verifier)


def test_the_program_does_not_run_as_who_is_bound_by_no_rule(
    roles: Roles, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(role: str | None) -> None:
        url = roles.desk.url if role is None else address_of(roles.desk, role)
        opening.open_desk(url.render_as_string(hide_password=False), home).close()

    monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
    opened(roles.application)
    opened(roles.verifier)
    with pytest.raises(Refused, match="a superuser, whom no rule") as as_superuser:
        opened(None)
    with pytest.raises(Refused, match="owner of its tables"):
        opened(roles.owner)
    assert "db grant" in as_superuser.value.message and as_superuser.value.code == "superuser"
    monkeypatch.setenv("PETTYCASH_ALLOW_OWNER", "1")
    opened(None)


def test_a_demo_is_opened_by_its_owner(
    postgres_url: URL, open_desk: Callable[[URL], Desk], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PETTYCASH_ALLOW_OWNER")
    building.company(open_desk(postgres_url), kind=DEMO)
    address = postgres_url.render_as_string(hide_password=False)
    with closing(opening.open_desk(address, home)) as desk:
        standing = desk.standing()
        assert standing is not None and not standing.is_bound
        assert f"as {standing.role}, a superuser, whom no rule" in opening.warning_of(desk)
        monkeypatch.setenv("PETTYCASH_ALLOW_OWNER", "1")
        assert opening.warning_of(desk) == ""


def test_the_owner_upgrades_and_the_roles_keep_their_rights(roles: Roles) -> None:
    engine = roles.engine(roles.owner)
    with engine.begin() as connection:
        isolation.install(connection)
        grants.renew(connection)
        assert grants.applications(connection) == [roles.application]
    engine.dispose()
    verifier = roles.engine(roles.verifier)
    with verifier.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM payment")).scalar() == 1
    verifier.dispose()


def test_the_application_backs_up_the_owner_restores_and_the_verifier_checks(
    roles: Roles, open_desk: Callable[[URL], Desk], tmp_path: Path
) -> None:
    application, owner, verifier = (
        open_desk(address_of(roles.desk, name)) for name in (roles.application, roles.owner, roles.verifier)
    )
    done = backups.backup(application, tmp_path / "books.backup")
    assert done.findings == () and book_check.check(verifier) == []
    with pytest.raises(Refused, match="Connect as the owner"):
        backups.backup(verifier, tmp_path / "no.backup")
    with pytest.raises(Refused, match="may not restore"):
        backups.restore(application.url, application.home, done.file, replace=True)
    restored = backups.restore(owner.url, owner.home, done.file, replace=True, clock=owner.clock)
    assert restored.findings == () and restored.aside is not None
    assert book_check.check(verifier) == []
    for desk in (application, owner, verifier):
        desk.close()
