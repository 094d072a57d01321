"""One value that cannot be read ends no verification: it is told like everything else that was changed by hand."""

from __future__ import annotations

from datetime import timedelta

import everything_once
import pytest
from everything_once import World
from sqlalchemy import text
from tampering import owner
from trading import Trading

from pettycash_tui.services import audit_check, audit_verify, jobs
from pettycash_tui.services.audit_verify import verify
from pettycash_tui.services.identity import SYSTEM

# SQLite holds anything in any column.
ON_SQLITE = (
    "UPDATE audit_event SET created_at = 'yesterday' WHERE sequence = 1",
    "UPDATE audit_event SET sequence = 'abc' WHERE sequence = 2 AND stream LIKE 'fund:%'",
    "UPDATE audit_event SET stream = x'00' WHERE id = (SELECT min(id) FROM audit_event)",
    "UPDATE audit_event SET body = CAST(x'ff22' AS TEXT) WHERE sequence = 3",
    "UPDATE stream_head SET length = 'abc'",
    "UPDATE stream_head SET head_hash = CAST(x'ff22' AS TEXT)",
    "UPDATE payment SET fund_id = 'garbage'",
    "UPDATE payment SET created_at = 'yesterday'",
    "UPDATE payment SET payee = CAST(x'ff22' AS TEXT)",
    "UPDATE requisition SET purpose = CAST(x'ff22' AS TEXT)",
    "UPDATE approval_trail SET timestamp = 'yesterday'",
    "UPDATE \"user\" SET company_id = 'garbage' WHERE username = 'mary'",
    "UPDATE \"user\" SET username = CAST(x'ff22' AS TEXT) WHERE username = 'mary'",
    "UPDATE ledger_entry SET description = CAST(x'ff22' AS TEXT)",
    "UPDATE treasury_fund SET id = 'garbage' WHERE code = 'MSA'",
    "UPDATE treasury_fund SET code = CAST(x'ff22' AS TEXT), held_amount = 7 WHERE code = 'NBI'",
    "UPDATE approval_threshold SET roles = 'no list'",
)
# Where a constraint was taken away, on both.
ON_BOTH = (
    ("requisition", "status_known", "UPDATE requisition SET status = 'invented'"),
    ("payment", "status_known", "UPDATE payment SET status = 'invented'"),
    ("user", "role_known", "UPDATE \"user\" SET role = 'king' WHERE username = 'mary'"),
    ("approval_trail", "action_known", "UPDATE approval_trail SET action = 'invented'"),
)
ON_POSTGRES = (
    "UPDATE audit_event SET created_at = 'infinity' WHERE sequence = 1",
    "UPDATE payment SET created_at = 'infinity'",
    "UPDATE approval_trail SET timestamp = '-infinity'",
    "UPDATE \"user\" SET totp_confirmed_at = 'infinity' WHERE username = 'mary'",
)


@pytest.fixture
def world(trading: Trading) -> World:
    return everything_once.of(trading)


def test_no_value_ends_a_verification(world: World) -> None:
    is_sqlite = world.trading.desk.engine.dialect.name == "sqlite"
    silent = []
    for table, _, statement in ON_BOTH:
        with owner(world.trading) as reading:
            if is_sqlite:
                reading.execute(text("PRAGMA ignore_check_constraints = ON"))
            else:
                for name in reading.execute(
                    text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = CAST(:t AS regclass)"),
                    {"t": f'"{table}"'},
                ).scalars():
                    reading.execute(text(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"'))
            reading.execute(text(statement))
            if verify(reading).ok:
                silent.append(statement)
    for statement in ON_SQLITE if is_sqlite else ON_POSTGRES:
        with owner(world.trading) as reading:
            if is_sqlite:
                reading.execute(text("PRAGMA ignore_check_constraints = ON"))
                reading.execute(text("PRAGMA defer_foreign_keys = ON"))
            reading.execute(text(statement))
            since = world.trading.clock.now - timedelta(days=30)
            if verify(reading).ok or verify(reading, since=since).ok:
                silent.append(statement)
    assert silent == []


def test_the_event_is_named_whose_row_cannot_be_read(world: World) -> None:
    if world.trading.desk.engine.dialect.name != "sqlite":
        return
    statement = "UPDATE payment SET created_at = 'yesterday' WHERE number = :number"
    made = "SELECT sequence FROM audit_event WHERE action = 'payment.created' AND subject = :number"
    with owner(world.trading) as reading:
        reading.execute(text(statement), {"number": world.waiting})
        sequence = reading.execute(text(made), {"number": world.waiting}).scalar()
        problems = [each for each in verify(reading).problems if "cannot be read" in each.message]
        assert sequence in {each.sequence for each in problems}, problems


def test_the_daily_job_tells_whatever_ends_it(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    monkeypatch.setenv("PETTYCASH_AUDIT_EMAIL", "auditor@example.com")

    def outbox() -> list[str]:
        return [path.read_text() for path in sorted((trading.desk.home / "outbox").glob("*.eml"))]

    with owner(trading, keep=True) as reading:
        if trading.desk.engine.dialect.name == "sqlite":
            reading.execute(text("UPDATE audit_event SET created_at = 'yesterday' WHERE sequence = 1"))
            reading.execute(text("UPDATE \"user\" SET email = CAST(x'ff22' AS TEXT)"))
        else:
            reading.execute(text("UPDATE audit_event SET created_at = 'infinity' WHERE sequence = 1"))
    assert not jobs.run(trading.desk, "verify-audit").ok
    assert any("To: auditor@example.com" in letter and "event 1: changed" in letter for letter in outbox())
    assert not audit_check.check(trading.desk, SYSTEM, audit_check.Asked(full=True)).ok

    def faulty(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit_check, "verify", faulty)
    before = len(outbox())
    ran = jobs.run(trading.desk, "verify-audit")
    assert not ran.ok
    assert "the verification came to no end (ZeroDivisionError)" in ran.left[0]
    assert len(outbox()) > before
    assert audit_verify.verify is verify
