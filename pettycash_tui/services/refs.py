"""How one object names another in a result: id, the name people say, and the code, number or username."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Ref:
    """A place, category, account or fund (`code`), or a numbered object (`number`)."""

    id: UUID
    code: str | None = None
    number: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person."""

    id: UUID
    username: str
    name: str


def person(row: Any, prefix: str) -> PersonRef | None:
    """The person in the columns `<prefix>_id`, `<prefix>_username`, `<prefix>_first`, `<prefix>_last`."""
    found_id = getattr(row, f"{prefix}_id")
    if found_id is None:
        return None
    username = getattr(row, f"{prefix}_username") or ""
    name = f"{getattr(row, f'{prefix}_first') or ''} {getattr(row, f'{prefix}_last') or ''}".strip()
    return PersonRef(found_id, username, name or username)


def person_columns(alias: Any, prefix: str) -> list[Any]:
    """The columns that `person` reads, from an alias of the user table."""
    c = alias.c
    return [
        c.username.label(f"{prefix}_username"),
        c.first_name.label(f"{prefix}_first"),
        c.last_name.label(f"{prefix}_last"),
    ]


def place(row: Any, prefix: str) -> Ref | None:
    """The place in the columns `<prefix>_id`, `<prefix>_code`, `<prefix>_name`."""
    found_id = getattr(row, f"{prefix}_id")
    if found_id is None:
        return None
    return Ref(found_id, code=getattr(row, f"{prefix}_code"), name=getattr(row, f"{prefix}_name"))
