"""The archive of a Postgres backup: a ZIP file with the rows of each table in COPY's text, and a manifest.

It holds no schema: whoever restores it makes this program's own, of the same revision. So it is portable between
versions of Postgres. The manifest tells for each table its columns, and the count and SHA-256 of its rows.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from pettycash_tui.services.errors import Refused
from pettycash_tui.services.findings import Finding, Severity

FORMAT = "pettycash-backup-1"
MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One table of an archive: its columns in the order of the text, how many rows, and the SHA-256 of the text."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds: the schema's revision, when and from where it was taken, and its tables."""

    revision: str
    taken_at: str
    database: str
    parts: tuple[Part, ...]


class TableWriter:
    """Takes the text of one table as it comes, and counts and hashes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self.rows = 0

    def write(self, block: Any) -> None:
        """Append a block of COPY's text: each row ends with a line feed, and none has another in it."""
        text = bytes(block)
        self._digest.update(text)
        self.rows += text.count(b"\n")
        self._file.write(text)

    def part(self, table: str, columns: tuple[str, ...]) -> Part:
        """What was written, for the manifest."""
        return Part(table, columns, self.rows, self._digest.hexdigest())


def is_archive(path: Path) -> bool:
    """Whether a file may be such an archive."""
    return zipfile.is_zipfile(path)


def write_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Put the manifest in; the last act, so that an archive without one is known to be unfinished."""
    document = {
        "format": FORMAT,
        "revision": manifest.revision,
        "taken_at": manifest.taken_at,
        "database": manifest.database,
        "tables": [
            {"table": part.table, "columns": part.columns, "rows": part.rows, "sha256": part.sha256}
            for part in manifest.parts
        ],
    }
    archive.writestr(MANIFEST, json.dumps(document, indent=1))


def read_manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """The manifest of an archive. Raises Refused when it is none of ours."""
    try:
        if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise ValueError
        found = json.loads(archive.read(MANIFEST))
        if found["format"] != FORMAT:
            raise ValueError
        parts = tuple(
            Part(str(item["table"]), tuple(map(str, item["columns"])), int(item["rows"]), str(item["sha256"]))
            for item in found["tables"]
        )
        return Manifest(str(found["revision"]), str(found["taken_at"]), str(found["database"]), parts)
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile):
        raise not_a_backup(path) from None


def verify(path: Path) -> Manifest:
    """Read a whole archive and compare it with its manifest. Raises Refused naming the table that differs."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = read_manifest(archive, path)
            for part in manifest.parts:
                digest, rows = sha256(), 0
                for block in blocks(archive, part):
                    digest.update(block)
                    rows += block.count(b"\n")
                if digest.hexdigest() != part.sha256 or rows != part.rows:
                    raise damaged(path, f"the rows of {part.table} are not those that were written")
            return manifest
    except (zipfile.BadZipFile, KeyError, EOFError, OSError) as error:
        raise damaged(path, str(error) or type(error).__name__) from error


def require_complete(manifest: Manifest, tables: Mapping[str, frozenset[str]], path: Path) -> None:
    """Raise Refused unless the archive has each of these tables once, with exactly its columns: none stays empty."""
    names = [part.table for part in manifest.parts]
    for name in names:
        if name not in tables or names.count(name) > 1:
            raise damaged(path, f"it has a table {name} that it should not have")
    columns = {part.table: part.columns for part in manifest.parts}
    for name, wanted in tables.items():
        if name not in columns:
            raise damaged(path, f"the table {name} is missing")
        if sorted(columns[name]) != sorted(wanted):
            raise damaged(path, f"the table {name} has other columns than it should")


def blocks(archive: zipfile.ZipFile, part: Part) -> Iterator[bytes]:
    """The text of one table, block by block."""
    with archive.open(member(part.table)) as file:
        while block := file.read(_CHUNK):
            yield block


def member(table: str) -> str:
    """The name of a table's text in the archive."""
    return f"{table}.copy"


def not_a_backup(path: Path) -> Refused:
    """The refusal of a file that is no backup."""
    return Refused(f"{path} is not a backup of this program, or was not finished.", code="not_a_backup")


def damaged(path: Path, why: str) -> Refused:
    """The refusal of a backup that is not what was written."""
    return Refused(f"The backup {path} is damaged: {why}. Take another one.", code="backup_damaged")


def require_whole(findings: list[Finding], path: Path) -> None:
    """Raise Refused when the books of a backup are not whole."""
    wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
    if wrong:
        raise Refused(
            f"The books of {path} are not whole, so nothing was changed: {wrong[0].message}", code="backup_damaged"
        )
