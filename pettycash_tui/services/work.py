"""The unit of work: one transaction, one actor, one moment, at least one audit event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, CursorResult, Executable, Insert, insert
from sqlmodel import SQLModel

from pettycash_tui.models.base import columns_of, values_of
from pettycash_tui.models.tables import table_of
from pettycash_tui.services import audit, many_rows
from pettycash_tui.services.identity import Actor

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=64)
def _insert_into(model: type[SQLModel]) -> Insert:
    return insert(table_of(model))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class Reading:
    """A transaction that only reads: a connection, who asks, and when."""

    def __init__(self, connection: Connection, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now

    @property
    def is_postgres(self) -> bool:
        """Whether row locks exist and are needed."""
        return self.connection.dialect.name == "postgresql"

    def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run a Core statement."""
        return self.connection.execute(statement, parameters)

    def today(self, timezone: str) -> date:
        """The calendar day now in `timezone`."""
        return self.now.astimezone(_zone(timezone)).date()


class Work(Reading):
    """A transaction that changes something. Its audit events are chained when it ends, heads locked last."""

    def __init__(self, connection: Connection, actor: Actor, now: datetime, pending: _Pending | None = None) -> None:
        super().__init__(connection, actor, now)
        self._pending = pending or _Pending()

    def as_actor(self, actor: Actor, now: datetime | None = None) -> Work:
        """The same transaction for another actor or moment (the demo company's history, jobs)."""
        return Work(self.connection, actor, now or self.now, self._pending)

    def add(self, row: SQLModel) -> None:
        """Insert one row."""
        self.connection.execute(_insert_into(type(row)), columns_of(row))

    def add_all(self, rows: list[SQLModel]) -> None:
        """Insert rows of one table."""
        if rows:
            self.connection.execute(_insert_into(type(rows[0])), [columns_of(row) for row in rows])

    def insert(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of one table that are given by their columns; those with a default may be left out.

        For who writes many: making a model of each row takes several times as long as writing it. Raises TypeError for
        a column too many or too few.
        """
        if rows:
            filled = [values_of(model, row) for row in rows]
            self.connection.execute(_insert_into(model), filled if len(filled) > 1 else filled[0])

    def insert_together(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert as `insert` does, all rows in one statement where that is quicker.

        What writing such a row does besides is done at the end of the statement there, so this is not for ledger
        entries nor audit events, of which each stands on what the one before has moved.
        """
        if self.is_postgres and len(rows) > 1:
            filled = [values_of(model, row) for row in rows]
            self.execute(many_rows.insert_rows(model), {"rows": many_rows.as_json(filled)})
        else:
            self.insert(model, rows)

    def record(
        self,
        action: str,
        subject_type: str,
        subject_id: UUID | None,
        subject: str,
        *,
        stream: str,
        company_id: UUID | None,
        data: Mapping[str, Any],
    ) -> None:
        """Note an audit event. It is written at the end of the transaction, in the order noted."""
        self._pending.events.append(
            audit.PendingEvent(
                stream, company_id, self.actor, action, subject_type, subject_id, subject, data, self.now
            )
        )

    def finish(self, *, audited: bool) -> None:
        """Write the events. Called by the desk before the commit."""
        if not self._pending.events:
            if audited:
                raise AssertionError("a unit of work changes something, so it records an audit event")
            return
        audit.write(self.connection, self._pending.events)
        self._pending.events.clear()


class _Pending:
    def __init__(self) -> None:
        self.events: list[audit.PendingEvent] = []
