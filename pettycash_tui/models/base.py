"""What every table shares: named constraints, a UUIDv7 key, creation and change times."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
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
    name = connection.dialect.name
    for index in table.indexes:
        if "where" in index.info:
            index.dialect_options[name]["where"] = text(index.info["where"][name])


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


@lru_cache(maxsize=64)
def defaults_of(model: type[SQLModel]) -> dict[str, Any]:
    """The columns of which nothing need be said, with what they hold then; not those that are made anew for each row.

    For who writes many rows: making a model of each takes several times as long as writing it.
    """
    fields = model.model_fields.items()
    return {name: field.default for name, field in fields if not field.is_required() and field.default_factory is None}


def columns_of(row: SQLModel) -> dict[str, Any]:
    """The row as column values, for an INSERT."""
    return {name: getattr(row, name) for name in type(row).model_fields}
