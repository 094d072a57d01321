"""Importing an organisation and its people from a TOML or CSV file: all of it or nothing, each bad line named.

TOML: `[[region]]`, `[[branch]]`, `[[department]]`, `[[cost_center]]`, `[[position]]`, `[[user]]` tables with the fields
of each. CSV: a heading line with those field names; a column `type` says which of them a line is, and may be left out
where all lines are people. No file holds passwords: an admin gives those out.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pettycash_tui.services import audit, companies, listed, people
from pettycash_tui.services.bad_lines import WHOLE_LINE, BadLines
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.kinds import Kind
from pettycash_tui.services.organisation import BRANCH, COST_CENTER, DEPARTMENT, POSITION, REGION
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.rehearsal import rehearse
from pettycash_tui.services.work import Work

USER = "user"
UNITS: dict[str, Kind[Any]] = {kind.name: kind for kind in (REGION, BRANCH, DEPARTMENT, COST_CENTER, POSITION)}
ORDER = (*UNITS, USER)
"""In which order entries are added, whatever order the file has them in: each may name those before it."""

LARGEST_FILE = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to add: which, its fields as text, and where it stands (`line 3`, `branch 2`)."""

    kind: str
    where: str
    given: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of each were added (or would be), and the names of the people."""

    file: str
    company: str
    dry_run: bool
    region: int
    branch: int
    department: int
    cost_center: int
    position: int
    user: int
    usernames: tuple[str, ...]


def import_file(
    desk: Desk,
    actor: Actor,
    path: Path,
    *,
    company: str | None = None,
    default: str | None = None,
    dry_run: bool = False,
) -> Imported:
    """Import a file. `default` is what a CSV line is that does not say it.

    Raises InvalidInput, naming each refused line, its field and what was expected; nothing is added then.
    """
    actor.require(Right.ADMINISTER)
    entries = read_entries(_text_of(path), path.name, default=default)
    do = rehearse if dry_run else Desk.run
    return do(desk, actor, add_entries, entries, path.name, company=company, dry_run=dry_run)


def add_entries(
    work: Work, entries: Iterable[Entry], file: str, *, company: str | UUID | None = None, dry_run: bool = False
) -> Imported:
    """Add everything that a file holds, in one unit of work."""
    work.actor.require(Right.ADMINISTER)
    owner = companies.which(work, company)
    counts = dict.fromkeys(ORDER, 0)
    usernames: list[str] = []
    problems: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: ORDER.index(entry.kind)):
        try:
            if entry.kind == USER:
                usernames.append(people.add(work, entry.given, company=owner.id).username)
            else:
                listed.add(work, UNITS[entry.kind], entry.given, company=owner.id)
            counts[entry.kind] += 1
        except InvalidInput as error:
            for field, expected in error.fields.items():
                problems[f"{entry.where}: {field}"] = expected
    _raise_if_any(file, problems)
    work.record(
        "company.imported",
        "company",
        owner.id,
        owner.code,
        stream=audit.company_stream(owner.id),
        company_id=owner.id,
        data={"file": file[:200], **counts},
    )
    return Imported(file=file, company=owner.code, dry_run=dry_run, **counts, usernames=tuple(usernames))


def read_entries(text: str, file: str, *, default: str | None = None) -> list[Entry]:
    """The entries of a file's text; its name says whether it is TOML or CSV. Raises InvalidInput."""
    suffix = Path(file).suffix.lower()
    if suffix == ".toml":
        entries = _from_toml(text, file)
    elif suffix == ".csv":
        entries = _from_csv(text, file, default)
    else:
        raise InvalidInput.of(file=f"{file} must end in .toml or .csv")
    if not entries:
        raise InvalidInput.of(file=f"{file} holds nothing to import")
    return entries


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidInput.of(file=f"{path.name} may have at most {LARGEST_FILE // 1024 // 1024} MiB")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput.of(file=f"{path.name} must be UTF-8 text; byte {error.start} is not") from None
    except OSError as error:
        raise InvalidInput.of(file=f"{path} cannot be read: {error.strerror}") from None


def _from_toml(text: str, file: str) -> list[Entry]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of(file=f"{file} must be TOML: {error}") from None
    problems: dict[str, str] = {}
    entries: list[Entry] = []
    for kind, tables in document.items():
        if kind not in ORDER:
            problems[kind] = f"is no table here; expected [[{']], [['.join(ORDER)}]]"
        elif not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            problems[kind] = f"must be written [[{kind}]], once for each"
        else:
            for number, table in enumerate(tables, 1):
                where = f"{kind} {number}"
                given = {name: _word(value) for name, value in table.items()}
                wrong = [name for name, value in given.items() if value is None]
                problems |= {f"{where}: {name}": "must be text, a whole number, or true or false" for name in wrong}
                entries.append(Entry(kind, where, given))
    _raise_if_any(file, problems)
    return entries


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int) else None


def _from_csv(text: str, file: str, default: str | None) -> list[Entry]:
    heading = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if ";" in heading and "," not in heading else ",", strict=True)
    problems: dict[str, str] = {}
    entries: list[Entry] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated or not all(names):
            raise InvalidInput.of(file=f"{file}, line 1: must name every column once")
        if "type" not in names and default is None:
            raise InvalidInput.of(file=f"{file}, line 1: must have a column type, one of {', '.join(ORDER)}")
        for values in reader:
            where = f"line {reader.line_num}"
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(names):
                problems[where] = f"has {len(values)} columns; expected {len(names)}"
                continue
            # An empty cell is nothing said, since a line of one kind leaves the columns of the others empty.
            given: dict[str, str | None] = {
                name: value.strip() for name, value in zip(names, values, strict=True) if value.strip()
            }
            kind = (given.pop("type", None) or default or "").lower().replace("-", "_")
            if kind not in ORDER:
                problems[f"{where}: type"] = f"must be one of {', '.join(ORDER)}"
                continue
            entries.append(Entry(kind, where, given))
    except csv.Error as error:
        problems[f"line {reader.line_num}"] = f"is not CSV: {error}"
    _raise_if_any(file, problems)
    return entries


def _raise_if_any(file: str, problems: dict[str, str]) -> None:
    bad = BadLines(file, most=len(problems))
    for where, expected in problems.items():
        bad.add(where, WHOLE_LINE, expected)
    bad.raise_if_any("Nothing was imported.")
