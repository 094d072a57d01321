"""The demo company: made through the services in one transaction, a year of history in a few seconds.

Because it is one transaction, which also writes the row that says `demo`, a build that was killed leaves nothing and is
simply done again. Source: cli.md, demo company.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text

from pettycash_tui.database import engine as engines
from pettycash_tui.database.schema import SchemaState
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.services import courier, demo_company, token_file
from pettycash_tui.services.demo_history import History
from pettycash_tui.services.demo_waiting import plan_waiting
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import NotSignedIn, Overtaken, Reason, Refused
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Reading, Work

PASSWORD = "demo"
DAYS = 365

Progress = Callable[[float], None]
"""Told how much of the history is made, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody whom `--as` may act for, or who may sign in with the demo password."""

    username: str
    role: Role
    name: str
    company: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The demo that is there now. `is_new` is False when it was there before and nothing was changed."""

    is_new: bool
    accounts: tuple[DemoAccount, ...]
    """Everybody, the main company's people first."""

    @property
    def main_company(self) -> str:
        """The code of the company that the demo is about."""
        return self.accounts[0].company


def make(desk: Desk, *, reset: bool = False, progress: Progress | None = None) -> DemoResult:
    """Open the demo of this database, or make it there.

    Raises Refused where other data is, whatever was asked for; DatabaseUnavailable for a later version's schema.
    """
    state = desk.schema_status().state
    if state is SchemaState.FOREIGN:
        raise _other_data(desk, "It holds tables that are not petty cash's.")
    if state is SchemaState.NEWER:
        desk.require_current()
    is_demo = state is not SchemaState.EMPTY and _require_demo_or_nothing(desk)
    if is_demo and reset:
        erase(desk)
    if state is not SchemaState.CURRENT or (is_demo and reset):
        desk.upgrade()
    if is_demo and not reset:
        return DemoResult(False, desk.read(SYSTEM, accounts))
    return build(desk, progress=progress)


def build(desk: Desk, *, today: date | None = None, progress: Progress | None = None) -> DemoResult:
    """Make the demo companies in a migrated database without a row, their history ending now, or at noon of `today`.

    Raises Refused where something is already.
    """
    desk.secrets.make_server_key()
    desk.run(SYSTEM, _build, desk.secrets.derive("otp"), today, progress)
    # Nobody is told of the year that was just made up.
    desk.run_unaudited(SYSTEM, courier.begin_at_present)
    return DemoResult(True, desk.read(SYSTEM, accounts))


def accounts(reading: Reading) -> tuple[DemoAccount, ...]:
    """The people of the demo in the order in which they joined."""
    u, c = t.user.c, t.company.c
    rows = reading.execute(
        select(u.username, u.role, u.first_name, u.last_name, c.code)
        .join_from(t.user, t.company, c.id == u.company_id)
        .where(u.is_active)
        .order_by(u.number)
    )
    return tuple(
        DemoAccount(row.username, row.role, f"{row.first_name} {row.last_name}".strip() or row.username, row.code)
        for row in rows
    )


def _build(work: Work, key: bytes, today: date | None, progress: Progress | None) -> None:
    book = demo_company.read_book()
    zone = ZoneInfo(book["company"][0]["timezone"])
    until = work.now.replace(microsecond=0) if today is None else datetime.combine(today, time(12), tzinfo=zone)
    begin = (until.astimezone(zone) - timedelta(days=DAYS)).replace(hour=8, minute=0, second=0)
    _claim(work, begin)
    founded = demo_company.found(work.as_actor(SYSTEM, begin), book)
    history = History(work, book, founded, key, begin=begin, until=until)
    history.plan_year()
    history.plan_books()
    plan_waiting(history)
    history.run(progress)


def _claim(work: Work, begin: datetime) -> None:
    """Write the row that says `demo`: of two builds at once, the second is told."""
    values = {"id": 1, "kind": DEMO, "created_at": begin}
    if work.is_postgres:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        # Asked for the row: the count of a conflicting INSERT is no number that could be relied on.
        only_one = (
            postgres_insert(t.installation).values(values).on_conflict_do_nothing().returning(t.installation.c.id)
        )
        is_ours = work.execute(only_one).first() is not None
    else:
        is_ours = work.execute(select(t.installation.c.id)).first() is None
        if is_ours:
            work.execute(insert(t.installation).values(values))
    if not is_ours:
        raise Overtaken("Somebody has set this database up a moment ago. Run `pettycash demo` again to open it.")


# --- what is there already --------------------------------------------------------------------------------------------


def _require_demo_or_nothing(desk: Desk) -> bool:
    """Whether the demo is here; False where nothing is. Raises Refused where books are kept."""
    kind = desk.kind
    if kind == DEMO:
        return True
    if kind:
        raise _other_data(desk, "It is set up for real books.")

    def is_used(reading: Reading) -> bool:
        return any(reading.execute(select(table.c.id).limit(1)).first() for table in (t.company, t.user))

    if desk.read(SYSTEM, is_used):
        raise _other_data(desk, "It holds a company already.")
    return False


def _other_data(desk: Desk, why: str) -> Refused:
    return Refused.because(
        Reason(
            "other_data",
            f"The demo company is not made in {desk.shown_address}. {why}"
            " Name an empty database with --database, or another home with --home.",
        )
    )


def erase(desk: Desk) -> None:
    """Take a demo away. Raises Refused for anything else.

    SQLite: its file and what belongs to it. Postgres: our tables, in one statement that gives up when tables of
    somebody else refer to them.
    """
    if not desk.is_demo:
        raise _other_data(desk, "It is not a demo, so it is not erased.")
    _forget_session(desk)
    if engines.is_embedded(desk.url):
        desk.close()
        path = str(desk.url.database)
        # The log first: beside a new file, an old one would be replayed into it.
        for name in (f"{path}-wal", f"{path}-shm", path):
            Path(name).unlink(missing_ok=True)
        engines.make_file(Path(path))
    else:
        names = ", ".join(f'"{name}"' for name in sorted({*t.metadata.tables, "alembic_version"}))
        with desk.engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {names}"))
        # Statements prepared for the tables of before would be refused by the server.
        desk.close()


def _forget_session(desk: Desk) -> None:
    try:
        kept = token_file.read(desk.home)
    except NotSignedIn:
        return
    if kept is not None and kept.database == desk.shown_address:
        token_file.remove(desk.home)
