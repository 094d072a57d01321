"""A trading company that is built once per worker and database, and copied for each test that asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import story
from building import actor as find_actor
from settable_clock import SettableClock
from sqlalchemy import URL, Row, Table, select, update

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import Role
from pettycash_tui.models.people import Delegation
from pettycash_tui.services import requisition_views, workflow
from pettycash_tui.services.acts import Acted
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisition_views import Explanation, RequisitionDetail
from pettycash_tui.services.work import Reading, Work


@dataclass(frozen=True)
class Trading:
    """A desk on a company with people of every role, the default policy and three funds."""

    desk: Desk
    clock: SettableClock
    people: dict[str, Actor]

    def __getitem__(self, username: str) -> Actor:
        if username not in self.people:
            self.people[username] = find_actor(self.desk, username)
        return self.people[username]

    @property
    def company_id(self) -> UUID:
        """The company."""
        found = self.people["admin"].company_id
        assert found is not None
        return found

    # --- requests and acts

    def request(self, who: str = "staff", amount: str = "4500", **fields: str | bool) -> str:
        """A submitted requisition's number."""
        return story.request(self.desk, self[who], amount, **fields)

    def act(self, who: str, service: Callable[..., Acted], number: str, *given: Any, **named: Any) -> Acted:
        """Somebody does something to a requisition."""
        return self.desk.run(self[who], service, number, *given, **named)

    def approve(self, number: str, *who: str) -> Acted:
        """These people approve it, one after the other."""
        for username in who:
            acted = self.act(username, workflow.approve, number)
        return acted

    def approved(self, who: str = "staff", amount: str = "4500", **fields: str | bool) -> str:
        """A payment's number, its requisition approved by everybody before payment."""
        return story.approved(self.desk, self[who], amount, **fields)

    # --- looking

    def show(self, number: str) -> RequisitionDetail:
        """A requisition, seen by the system."""
        return self.desk.read(SYSTEM, requisition_views.show, number)

    def explain(self, who: str, number: str) -> Explanation:
        """Why somebody may or may not act."""
        return self.desk.read(self[who], requisition_views.explain, number)

    def steps(self, number: str) -> list[tuple[str, str, str]]:
        """Kind, approver and status of every step of the current revision."""
        return [(s.kind.value, s.approver.username, s.status.value) for s in self.show(number).steps]

    def actions(self, number: str) -> list[str]:
        """The trail in a word each."""
        return [line.action.value for line in self.show(number).trail]

    def rows(self, table: Table, *conditions: Any) -> list[Row[Any]]:
        """Rows of a table."""
        return self.desk.read(SYSTEM, lambda reading: list(reading.execute(select(table).where(*conditions)).all()))

    def row(self, table: Table, number: str) -> Row[Any]:
        """The row with a human number (a fund: its code)."""
        column = table.c.code if table is t.treasury_fund else table.c.number
        (found,) = self.rows(table, column == number)
        return found

    def row_of_company(self, table: Table, code: str) -> Row[Any]:
        """The row with a code, of the first company when there are several."""
        (found,) = self.rows(table, table.c.code == code, table.c.company_id == self.company_id)
        return found

    # --- the world around

    def change(self, act: Callable[[Work], object], actor: Actor = SYSTEM) -> None:
        """Change rows behind the services' back, in an audited unit of work."""

        def changing(work: Work) -> None:
            act(work)
            work.record("test.changed", "test", None, "test", stream="proof:group", company_id=None, data={})

        self.desk.run(actor, changing)

    def set_person(self, username: str, **values: Any) -> None:
        """Change columns of a person."""
        self.change(lambda work: work.execute(update(t.user).where(t.user.c.username == username).values(**values)))
        self.people[username] = find_actor(self.desk, username)

    def deactivate(self, *usernames: str) -> None:
        """Nobody routes to these any more."""
        for username in usernames:
            self.set_person(username, is_active=False)

    def set_company(self, **values: Any) -> None:
        """Change the company's settings."""
        self.change(lambda work: work.execute(update(t.company).values(**values)))

    def away(self, approver: str, delegate: str, days: int = 3, starts_in: int = 0) -> None:
        """Somebody is away from today (or in `starts_in` days) for some days, and another acts for them."""
        today = Reading(None, SYSTEM, self.clock.now).today("Africa/Nairobi")  # type: ignore[arg-type]

        def add(work: Work) -> None:
            from datetime import timedelta

            work.add(
                Delegation(
                    id=new_id(),
                    approver_id=self[approver].person_id,
                    delegate_id=self[delegate].person_id,
                    starts_on=today + timedelta(days=starts_in),
                    ends_on=today + timedelta(days=starts_in + days - 1),
                    created_at=work.now,
                    updated_at=work.now,
                )
            )

        self.change(add)

    def another(self, username: str, role: Role, like: str | None = None, **columns: Any) -> Actor:
        """One more person of the company, in the branch, region and department of `like`."""
        from building import person

        model = self[like] if like else None
        places = {name: getattr(model, name) if model else None for name in ("region_id", "branch_id", "department_id")}
        given = {"company_id": self.company_id, **places, **columns}
        self.people[username] = person(self.desk, username, role, **given)
        return self.people[username]


def _build(url: URL, home: Path) -> dict[str, Actor]:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    desk = Desk(url, home, clock=SettableClock())
    people = story.trading_company(desk)
    if engines.is_embedded(url):
        with desk.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    desk.close()
    return people


@pytest.fixture(scope="session")
def sqlite_trading(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Actor]]:
    """A file with the company in it, and its people."""
    folder = tmp_path_factory.mktemp("trading")
    path = folder / "pettycash.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    return path, _build(engines.sqlite_address(path), folder / "home")


@pytest.fixture(scope="session")
def postgres_trading(
    postgres_server: Any, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, Actor]]]:
    """The name of a Postgres database with the company in it, and its people."""
    name = f"trading_{uuid4().hex[:12]}"
    postgres_server.copy(postgres_template, name)
    yield name, _build(postgres_server.url.set(database=name), tmp_path_factory.mktemp("trading") / "home")
    postgres_server.drop(name)


def copied(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[tuple[URL, dict[str, Actor]]]:
    """A database of its own with the company in it, gone at the end."""
    if engine == "sqlite":
        template, people = request.getfixturevalue("sqlite_trading")
        path = folder / "pettycash.db"
        shutil.copyfile(template, path)
        path.chmod(0o600)
        yield engines.sqlite_address(path), dict(people)
        return
    template, people = request.getfixturevalue("postgres_trading")
    server = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex[:12]}"
    server.copy(template, name)
    try:
        yield server.url.set(database=name), dict(people)
    finally:
        server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def trading(
    request: pytest.FixtureRequest,
    home: Path,
    clock: SettableClock,
    open_desk: Callable[[URL], Desk],
    monkeypatch: pytest.MonkeyPatch,
    plain_environment: None,
) -> Iterator[Trading]:
    """The company on both engines; codes go to `<home>/outbox`."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    for url, people in copied(request, request.param, home):
        desk = open_desk(url)
        yield Trading(desk, clock, people)
        desk.close()
