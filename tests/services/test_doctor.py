"""The doctor: each thing that is wrong with the database, the mail, the clocks and the admins has its finding."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from postgres_roles import address_of, named_roles, with_passwords
from sqlalchemy import URL, update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import audit_check, doctor, doctor_database, jobs
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.findings import Finding, Severity
from pettycash_tui.services.identity import SYSTEM

TERMINAL = doctor.Terminal(is_terminal=True, term="xterm-256color", encoding="utf-8")


def findings(desk: Desk) -> dict[str, Finding]:
    """What the doctor finds, by code."""
    return {finding.code: finding for finding in doctor.examine(desk, TERMINAL)}


def errors(desk: Desk) -> set[str]:
    """The codes of what the doctor calls an error."""
    return {code for code, finding in findings(desk).items() if finding.severity is Severity.ERROR}


def test_books_that_do_not_balance_and_rules_that_are_off_are_found(trading: Trading) -> None:
    desk = trading.desk
    before = errors(desk)
    with desk.engine.begin() as connection:
        if desk.engine.dialect.name == "sqlite":
            for name in ("treasury_fund_moves_with_entries", "payment_no_delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            for name in (
                connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'treasury_fund'"
                )
                .scalars()
                .all()
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE treasury_fund DISABLE TRIGGER USER")
        connection.execute(update(t.treasury_fund).values(current_balance=t.treasury_fund.c.current_balance + 1))
    found = findings(desk)
    assert {"balance", "ledger_sum"} <= errors(desk) - before
    assert found["balance"].command.startswith("pettycash fund verify ")
    rule = found["rule_missing" if desk.engine.dialect.name == "sqlite" else "rule_disabled"]
    assert rule.command == "pettycash db upgrade --rules"


def test_a_clock_that_was_set_back_is_found(trading: Trading) -> None:
    trading.request()
    assert "clock_back" not in findings(trading.desk)
    trading.clock.advance(hours=-5)
    assert findings(trading.desk)["clock_back"].severity is Severity.ERROR


def test_a_host_and_a_server_whose_clocks_are_apart_are_told(
    postgres_url: URL, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = timedelta(0)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + apart

    monkeypatch.setattr(doctor_database, "datetime", Shifted)
    desk = open_desk(postgres_url)
    for seconds, is_told in ((0, False), (40, False), (90, True), (-90, True)):
        apart = timedelta(seconds=seconds)
        found = findings(desk).get("clock")
        assert (found is not None) is is_told
        if found is not None:
            assert (found.severity, found.command) == (Severity.ERROR, "timedatectl set-ntp true")


def test_admins_without_a_second_factor_are_named(trading: Trading) -> None:
    u = t.user
    with trading.desk.engine.begin() as connection:
        named = u.c.username == "admin"
        connection.execute(update(u).where(named).values(password_hash="x", must_change_password=True))
    found = findings(trading.desk)
    assert "admin signs in with a password alone" in found["admin_unprotected"].message
    assert found["admin_first_password"].command == "pettycash passwd"


def test_a_company_with_one_admin_only_is_named_until_there_is_another(trading: Trading) -> None:
    nobody = findings(trading.desk)["no_admin"]
    assert nobody.severity is Severity.ERROR and "a password or an SSH key" in nobody.message
    assert nobody.command == "pettycash user set-password admin"
    trading.set_person("admin", password_hash="x")
    trading.set_person("cfo", role=Role.ADMIN)
    found = findings(trading.desk)["one_admin"]
    assert found.severity is Severity.WARNING and "one admin only who can sign in, admin" in found.message
    assert found.command == "pettycash user add USERNAME --role admin"
    trading.set_person("cfo", password_hash="x")
    assert not {"no_admin", "one_admin"} & set(findings(trading.desk))


def test_a_mail_server_that_does_not_answer_is_told(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_SMTP_FROM", "cash@example.com")
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        monkeypatch.setenv("PETTYCASH_SMTP_PORT", port)
        assert "which answers" in findings(sqlite_desk)["mail"].message
    found = findings(sqlite_desk)["mail_unreachable"]
    assert found.severity is Severity.ERROR and found.command.startswith("export PETTYCASH_SMTP_HOST=HOST ")
    monkeypatch.setenv("PETTYCASH_SMTP_HOST", "smtp..example.com")
    assert "no host's name" in findings(sqlite_desk)["mail_unreachable"].message


def test_a_checkpoint_is_missed_after_a_day(trading: Trading) -> None:
    now = trading.clock()
    (never,) = doctor_database.checkpoint(None, now, has_place=False)
    (old,) = doctor_database.checkpoint(now - timedelta(hours=25), now, has_place=True)
    assert never.command == "export PETTYCASH_CHECKPOINT_DIR=FOLDER && pettycash jobs run checkpoint"
    assert old.command == "pettycash jobs run checkpoint"
    assert (never.code, old.code) == ("no_checkpoint", "old_checkpoint")
    assert not list(doctor_database.checkpoint(now - timedelta(hours=23), now, has_place=True))


def test_the_role_and_its_grants_are_looked_at(postgres_url: URL, open_desk: Callable[[URL], Desk]) -> None:
    desk = open_desk(postgres_url)
    mighty = findings(desk)["superuser"]
    assert (mighty.severity, mighty.command) == (Severity.ERROR, "pettycash db grant ROLE")
    with named_roles(desk, "program", "owner") as (role, owner):
        desk.grant(role, owner=owner)
        with_passwords(desk, role, owner)
        theirs = open_desk(address_of(desk, role))
        found = findings(theirs)
        assert role in found["role"].message and "grants" not in found and "grants_excess" not in found
        with desk.engine.begin() as connection:
            connection.exec_driver_sql(f"GRANT DELETE ON payment TO {role}")
            connection.exec_driver_sql(f"GRANT UPDATE (amount) ON ledger_entry TO {role}")
            connection.exec_driver_sql(f"REVOKE INSERT ON requisition FROM {role}")
        found = findings(theirs)
        assert "DELETE on payment" in found["grants_excess"].message
        assert "UPDATE on ledger_entry" in found["grants_excess"].message
        assert "requisition" in found["grants"].message and found["grants"].command == f"pettycash db grant {role}"
        desk.grant(role)
        assert "grants" not in findings(theirs) and "grants_excess" not in findings(theirs)
        with desk.engine.begin() as connection:
            schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
            connection.exec_driver_sql(f"REVOKE UPDATE ON payment FROM {role}")
            connection.exec_driver_sql(f"REVOKE UPDATE (status) ON requisition FROM {role}")
            connection.exec_driver_sql(f"GRANT UPDATE (number) ON requisition TO {role}")
            connection.exec_driver_sql(f"GRANT CREATE ON SCHEMA {schema} TO {role}")
        found = findings(theirs)
        assert "(UPDATE on payment, UPDATE on requisition)" in found["grants"].message
        assert "UPDATE of number on requisition, CREATE on the schema." in found["grants_excess"].message
        desk.grant(role)
        assert "grants" not in findings(theirs) and "grants_excess" not in findings(theirs)
        with desk.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER ROLE {role} CREATEROLE")
        mighty = findings(theirs)["superuser"]
        assert "a role with CREATEROLE" in mighty.message and mighty.severity is Severity.ERROR
        assert "owner_role" in errors(open_desk(address_of(desk, owner)))
        theirs.close()


def test_the_doctor_asks_for_a_checkpoint_and_tells_of_a_chain_that_is_wrong(
    trading: Trading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    monkeypatch.setenv("PETTYCASH_CHECKPOINT_DIR", str(elsewhere))

    def codes() -> set[str]:
        return {finding.code for finding in doctor_database.proofs(trading.desk)}

    assert codes() == {"no_checkpoint"}
    jobs.run(trading.desk, "checkpoint")
    assert codes() == set()
    trading.clock.advance(hours=25)
    assert codes() == {"old_checkpoint"}
    with trading.desk.engine.begin() as connection:
        triggers = "DROP TRIGGER audit_event_no_update"
        if connection.dialect.name == "postgresql":
            triggers = "ALTER TABLE audit_event DISABLE TRIGGER USER"
        connection.exec_driver_sql(triggers)
        connection.exec_driver_sql("UPDATE audit_event SET source = 'nowhere' WHERE stream LIKE 'fund:%%'")
    audit_check.check(trading.desk, SYSTEM, audit_check.Asked(full=True))
    assert codes() == {"old_checkpoint", "audit_wrong"}
