"""Column types and the field builders that every table uses.

SQLModel's own defaults are wrong for money in three places: a plain `int` is 4 bytes on Postgres, an enum is stored by
its name, and a `datetime` loses its zone on SQLite. These builders are the only way a table here declares them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, LargeBinary, String, Text, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field
from uuid_utils.compat import uuid7


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMPTZ on Postgres, fixed-width ISO text on SQLite, so that text order is time order."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else moment

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        # Written out instead of process_result_value: a page of a ledger reads hundreds of values.
        return _read_text if dialect.name == "sqlite" else _read_native


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _read_native(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Id(Uuid[UUID]):
    """A UUID: native on Postgres, 32 hexadecimal digits on SQLite.

    `UUID(hex)` parses what was never anything but 32 digits; without it a page of 50 ledger rows is a third faster.
    """

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        if dialect.name == "sqlite":
            return _read_id
        return super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4096)
def _read_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(int=int(value, 16))


class EnumText(TypeDecorator[StrEnum]):
    """A StrEnum stored by its value; the table adds the named CHECK."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__(length=40)
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], StrEnum | None]:
        members: dict[str | None, StrEnum | None] = {member.value: member for member in self.kind}
        members[None] = None
        return members.__getitem__


def id_field() -> Any:
    """A UUIDv7 primary key: sortable by the time it was made."""
    return Field(default_factory=uuid7, primary_key=True, sa_type=Id)


def ref(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    """A foreign key to `table.id` (nothing is deleted, so nothing cascades)."""
    if nullable:
        return Field(default=None, foreign_key=target, sa_type=Id, nullable=True, index=index)
    return Field(foreign_key=target, sa_type=Id, nullable=False, index=index)


def plain_uuid() -> Any:
    """A UUID that is not a foreign key, or absent."""
    return Field(default=None, sa_type=Id, nullable=True)


def big(default: int | None = None, *, nullable: bool = False) -> Any:
    """A whole number of 8 bytes: minor units, counters, sequences."""
    if default is None and not nullable:
        return Field(sa_type=BigInteger, nullable=False)
    return Field(default=default, sa_type=BigInteger, nullable=nullable)


def text(length: int | None = None, *, nullable: bool = False, default: str | None = None) -> Any:
    """Text of at most `length` characters."""
    kind: Any = Text if length is None else String(length)
    if default is None and not nullable:
        return Field(sa_type=kind, nullable=False)
    return Field(default=default, sa_type=kind, nullable=nullable)


def blob() -> Any:
    """Bytes."""
    return Field(sa_type=LargeBinary, nullable=False)


def moment(*, nullable: bool = False) -> Any:
    """A UTC moment; without `nullable`, the time the row was made."""
    if nullable:
        return Field(default=None, sa_type=UtcDateTime, nullable=True)
    return Field(default_factory=lambda: datetime.now(UTC), sa_type=UtcDateTime, nullable=False)


def choice(kind: type[StrEnum], *, nullable: bool = False, default: StrEnum | None = None) -> Any:
    """An enum by value."""
    if default is None and not nullable:
        return Field(sa_type=EnumText(kind), nullable=False)
    return Field(default=default, sa_type=EnumText(kind), nullable=nullable)


def one_of(column: str, kind: type[StrEnum], name: str | None = None) -> CheckConstraint:
    """The CHECK that keeps an enum column to its values."""
    values = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({values})", name=name or f"{column}_known")


def positive(column: str) -> CheckConstraint:
    """The CHECK for an amount above zero."""
    return CheckConstraint(f"{column} > 0", name=f"{column}_positive")


def not_negative(column: str) -> CheckConstraint:
    """The CHECK for a figure that never falls below zero."""
    return CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative")


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()
