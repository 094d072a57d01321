"""Several rows in one statement and one parameter on Postgres, which takes them as JSON.

As many parameters as rows have columns would have to be counted out, sent and read for each of them: a quarter of the
time of paying a long list. SQLite is a call away and takes them one by one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlmodel import SQLModel

from pettycash_tui.models.tables import table_of


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of integers, strings, moments and ids as one JSON text. Raises TypeError for anything else."""
    return json.dumps(rows, default=_plain, allow_nan=False, ensure_ascii=False)


@lru_cache(maxsize=64)
def insert_rows(model: type[SQLModel]) -> TextClause:
    """The statement that inserts `:rows` (from `as_json`) into a table, on Postgres."""
    table = table_of(model)
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return text(
        f'INSERT INTO "{table.name}" ({columns})'
        f' SELECT {columns} FROM json_populate_recordset(CAST(NULL AS "{table.name}"), CAST(:rows AS json))'
    )


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a moment needs its time zone")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no row holds {type(value).__name__}")
