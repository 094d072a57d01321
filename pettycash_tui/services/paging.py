"""Keyset paging for every list: a page of items and an opaque cursor to the next.

A cursor is the sort key of the last item shown, so a list stays right while rows are added, and the thousandth page
costs what the first does. It is data from outside: a malformed one is InvalidInput, never a fault.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, and_, or_

from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.work import Reading

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list in order; `next` is the cursor that goes on behind them, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def clean_limit(limit: int | None) -> int:
    """How many items a page holds: 1 to 500, by default 50."""
    if limit is None:
        return DEFAULT_LIMIT
    if isinstance(limit, bool) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput.of(limit=f"must be a whole number from 1 to {MAX_LIMIT}")
    return limit


def encode(*key: datetime | UUID | int | str) -> str:
    """The cursor for a sort key, such as `encode(row.created_at, row.id)` or `encode(row.sequence)`."""
    values = [_written(part) for part in key]
    text = json.dumps(values, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _written(part: datetime | UUID | int | str) -> int | str:
    if isinstance(part, bool):
        raise TypeError("a truth value is no sort key")
    if isinstance(part, int):
        return part
    return part.isoformat() if isinstance(part, datetime) else str(part)


def decode(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The sort key of a cursor, its parts of these kinds (datetime, UUID, int or str); None without a cursor."""
    if cursor is None or cursor == "":
        return None
    try:
        if not cursor.isascii() or len(cursor) > 500:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(urlsafe_b64decode(padded))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise InvalidInput.of(after="must be the cursor that the page before ended with") from None


def _read(value: Any, kind: type) -> Any:
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
            raise ValueError
        return value
    if not isinstance(value, str):
        raise TypeError
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is UUID:
        return UUID(value)
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError
    return value


def behind(
    columns: Sequence[ColumnElement[Any]], key: Sequence[Any] | None, *, descending: bool = False
) -> ColumnElement[bool] | None:
    """The condition for rows behind `key` in the order of `columns`; None on the first page.

    The first column's bound stands on its own, so that both databases enter their index there, at any depth: from the
    OR alone Postgres would read the list from its beginning.
    """
    if key is None:
        return None
    steps: list[ColumnElement[bool]] = []
    for at, column in enumerate(columns):
        same = [earlier == value for earlier, value in zip(columns[:at], key[:at], strict=True)]
        further = column < key[at] if descending else column > key[at]
        steps.append(and_(*same, further))
    bound = columns[0] <= key[0] if descending else columns[0] >= key[0]
    return and_(bound, or_(*steps))


def page_by_age(
    reading: Reading,
    statement: Select[Any],
    table: Table,
    item: Callable[[Row[Any]], T],
    *,
    oldest_first: bool,
    limit: int | None,
    after: str | None,
) -> Page[T]:
    """A page of a table's rows by when they were made, newest first or the other way round."""
    size = clean_limit(limit)
    order = [table.c.created_at, table.c.id]
    further = behind(order, decode(after, datetime, UUID), descending=not oldest_first)
    if further is not None:
        statement = statement.where(further)
    ordered = order if oldest_first else [column.desc() for column in order]
    found = reading.execute(statement.order_by(*ordered).limit(size + 1)).all()
    return page_of(found, size, item, lambda row: (row.created_at, row.id))


def page_of(
    rows: Sequence[Row[Any]], limit: int, item: Callable[[Row[Any]], T], key: Callable[[Row[Any]], tuple[Any, ...]]
) -> Page[T]:
    """A page from `limit + 1` fetched rows: the one too many only says that there is more."""
    shown = rows[:limit]
    cursor = encode(*key(shown[-1])) if len(rows) > limit else None
    return Page(tuple(item(row) for row in shown), cursor)
