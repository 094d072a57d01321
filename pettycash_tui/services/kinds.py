"""What the things a company keeps lists of have in common, as data: fields, what each accepts, who may refer to them.

`listed` does the work for every `Kind`; `organisation`, `accounts` and `categories` describe theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, or_, select, true
from sqlmodel import SQLModel

from pettycash_tui.services.errors import InvalidInput, Reason
from pettycash_tui.services.inputs import Problems
from pettycash_tui.services.locate import as_uuid
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading, Work

D = TypeVar("D")

Given = Mapping[str, str | None]
"""What was typed, by field name. None or absent: the default when new, unchanged when edited."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a field may need to know to clean a value: the company, and the row as it was when it is edited."""

    reading: Reading
    company: Row[Any] | None
    base: Row[Any] | None
    given: Given

    @property
    def company_id(self) -> UUID:
        """The company whose rows may be named."""
        if self.company is None:
            raise InvalidInput.of(company="is missing")
        return UUID(str(self.company.id))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind: the name that is typed, the column it goes to, and what it accepts."""

    name: str
    column: str
    clean: Callable[[Context, str], Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Referrer:
    """Active rows of a table that refer to a row by a column, so that it cannot be deactivated."""

    table: Table
    column: str
    words: str
    shown: str = "code"
    only: Callable[[], ColumnElement[bool]] = true


@dataclass(frozen=True, slots=True)
class Kind(Generic[D]):
    """A kind of listed thing. `words` is what a person calls it, `command` how the command line does.

    `related` are tables joined by `<name>_id`, read by `detail` with `refs.place(row, name)`. `check` may refuse, or
    add to, the columns of a new (base None) or edited row; `needed` says why a row can never be deactivated; `right` is
    what changes them.
    """

    name: str
    words: str
    command: str
    table: Table
    model: type[SQLModel]
    fields: tuple[Field, ...]
    detail: Callable[[Row[Any]], D]
    handle: str = "code"
    unique: tuple[str, ...] = ("code",)
    searched: tuple[str, ...] = ("code", "name")
    related: Mapping[str, Table] = field(default_factory=dict)
    referrers: tuple[Referrer, ...] = ()
    check: Callable[[Work, Row[Any] | None, dict[str, Any]], None] = lambda work, base, columns: None
    needed: Callable[[Row[Any]], Reason | None] = lambda row: None
    right: Right = Right.ADMINISTER

    @property
    def owner(self) -> ColumnElement[Any]:
        """The column that holds the company."""
        return self.table.c.id if self.name == "company" else self.table.c.company_id

    @property
    def key(self) -> ColumnElement[str]:
        """The column by which a person names one."""
        return self.table.c[self.handle]


def same_text(column: ColumnElement[str], typed: str) -> ColumnElement[bool]:
    """The same text, capitals aside. The exact text is asked for too: SQLite lowers only ASCII."""
    return or_(column == typed, func.lower(column) == typed.lower())


def named(
    context: Context, table: Table, field_name: str, typed: str, *, words: str, key: str = "code"
) -> Row[Any] | None:
    """The active row of the context's company that a field names by code or id; None for an empty text."""
    if not typed.strip():
        return None
    found_id = as_uuid(typed)
    condition = table.c.id == found_id if found_id else same_text(table.c[key], typed.strip())
    statement = select(table).where(table.c.company_id == context.company_id, table.c.is_active, condition)
    if isinstance(context.reading, Work):
        # So that it is not deactivated between this check and the commit.
        statement = statement.with_for_update(read=True, of=table)
    row: Row[Any] | None = context.reading.execute(statement).first()
    if row is None:
        code = context.company.code if context.company is not None else "the company"
        raise InvalidInput.of(**{field_name: f"must be an active {words} of {code}, not {typed.strip()[:40]!r}"})
    return row


def reference(name: str, table: Table, *, words: str = "", key: str = "code", required: bool = False) -> Field:
    """A field that names a row of another table of the same company; empty clears it unless it is required."""
    what = words or name.replace("_", " ")

    def clean(context: Context, typed: str) -> UUID | None:
        row = named(context, table, name, typed, words=what, key=key)
        if row is None and required:
            raise InvalidInput.of(**{name: "is missing"})
        return row.id if row is not None else None

    return Field(name, f"{name}_id", clean, required)


def cleaned(context: Context, fields: Sequence[Field], *, also: Sequence[str] = ()) -> dict[str, Any]:
    """The columns for what was typed. Raises InvalidInput naming every refused, missing or unknown field."""
    problems = Problems()
    known = {spec.name for spec in fields}
    for name in context.given:
        if name not in known and name not in also:
            problems.add(name, f"is no field here; expected {', '.join(sorted(known | set(also)))}")
    columns: dict[str, Any] = {}
    for spec in fields:
        typed = context.given.get(spec.name)
        if typed is None:
            if spec.required and context.base is None:
                problems.add(spec.name, "is missing")
            continue
        before = len(problems.fields)
        value = problems.attempt(lambda spec=spec, typed=typed: spec.clean(context, typed))  # type: ignore[misc]
        if len(problems.fields) == before:
            columns[spec.column] = value
    problems.raise_if_any()
    return columns
