"""What every table shares: named constraints, a UUIDv7 key, creation and change times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Index, Table, event, text
from sqlmodel import Field, SQLModel

from pettycash_tui.models.columns import id_field, moment

# Every constraint has a name, so that a migration can drop it and an error message can be mapped to its rule.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata


def partial_index(name: str, *columns: Any, where: str, where_postgresql: str = "", unique: bool = False) -> Index:
    """An index over the rows that `where` chooses.

    Its condition is added when a table is created: an Index that is given one loads both dialects of SQLAlchemy, 2 MB
    and a fortieth of a second of every session, though schemas come from migrations.
    """
    return Index(
        name, *columns, unique=unique, info={"where": {"sqlite": where, "postgresql": where_postgresql or where}}
    )


@event.listens_for(Table, "before_create")
def _add_conditions(table: Table, connection: Connection, **_: Any) -> None:
    for index in table.indexes:
        add_condition(index, connection.dialect.name)


def add_condition(index: Index, dialect: str) -> None:
    """Give an index the condition of `partial_index`, before it is created on that database."""
    if "where" in index.info:
        index.dialect_options[dialect]["where"] = text(index.info["where"][dialect])


class Row(SQLModel):
    """A table with a UUIDv7 key."""

    id: UUID = id_field()
    created_at: datetime = moment()


class ChangingRow(Row):
    """A table whose rows change: it also says when."""

    updated_at: datetime = moment()


class ListedRow(ChangingRow):
    """Something that is deactivated instead of deleted."""

    is_active: bool = Field(default=True, nullable=False)


@cache
def _defaults(model: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    optional = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    made: dict[str, Any] = {name: field.default_factory for name, field in optional.items() if field.default_factory}
    return {name: field.default for name, field in optional.items() if name not in made}, made


def values_of(model: type[SQLModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """The column values of a new row, its defaults filled in: `columns_of(model(**given))` at a tenth of the time.

    Raises TypeError for a column too many or too few.
    """
    values, made = _defaults(model)
    row = {**values, **{name: make() for name, make in made.items() if name not in given}, **given}
    if row.keys() != model.model_fields.keys():
        raise TypeError(f"{model.__name__}: {sorted(row.keys() ^ model.model_fields.keys())} missing or unknown")
    return row


def columns_of(row: SQLModel) -> dict[str, Any]:
    """The row as column values, for an INSERT."""
    return {name: getattr(row, name) for name in type(row).model_fields}
