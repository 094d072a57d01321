"""Exporting a list: all its rows of one moment, page by page in constant memory, and an audit event for each file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pettycash_tui.database import isolation
from pettycash_tui.services.audit import company_stream
from pettycash_tui.services.companies import timezone_of
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.export_csv import CsvFile
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_progress import ExportStopped, Progress
from pettycash_tui.services.export_request import ExportRequest, Values
from pettycash_tui.services.export_xlsx import XlsxFile
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Work


class Format(StrEnum):
    """What kind of file is written."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Exported:
    """A complete export. `path` is None on stdout, `size` in bytes; `missing`: marked rows no longer in the list."""

    list: str
    format: StrEnum
    path: Path | None
    rows: int
    missing: int
    sheets: int
    size: int
    sha256: str


class _Writer(Protocol):
    sheets: int

    def write(self, rows: Any) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


def file_name(request: ExportRequest, format: Format, moment: str) -> str:
    """The name of a file: `requisitions-2026-11-21-1430.csv`; `moment` is `2026-11-21 14:30`."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in request.name)
    return f"{stem}-{moment.replace(' ', '-').replace(':', '')}.{format.value}"


def export(
    desk: Desk,
    actor: Actor,
    request: ExportRequest,
    draft: Draft,
    format: Format,
    *,
    progress: Progress | None = None,
) -> Exported:
    """Write a list to a draft, record it in the audit trail, and give it its name. Blocks as long as that takes.

    The event is written when the file is complete and before it has a name: no export leaves without one. Raises what
    reading the list raises, ExportStopped, and OSError, which the draft's context tells as Refused.
    """
    progress = progress or Progress()
    writer: _Writer | None = None
    try:
        with desk.reading(actor) as reading:
            # Each statement of Postgres would see what was committed before it: every page shows the same moment.
            isolation.of_one_moment(reading.connection)
            writer = _writer(request, draft, format, ZoneInfo(timezone_of(reading)), progress)
            progress.check()
            progress.total = request.expected(reading)
            for rows in request.read(reading):
                writer.write(rows)
                progress.advance(len(rows))
        progress.is_packing = True
        writer.finish()
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    size, digest = draft.finish()
    progress.check()
    missing = len(request.only) - progress.rows if request.only is not None else 0
    desk.run(actor, _record, request, draft, format, progress.rows, size, digest)
    path = draft.keep()
    return Exported(request.name, format, path, progress.rows, missing, writer.sheets, size, digest)


def _writer(request: ExportRequest, draft: Draft, format: Format, zone: ZoneInfo, progress: Progress) -> _Writer:
    if format is Format.XLSX:
        return XlsxFile(draft.file, request.title, request.columns, zone, folder=draft.folder, check=progress.check)
    return CsvFile(draft.file, request.columns, zone, with_mark=draft.place != "stdout")


def _record(
    work: Work, request: ExportRequest, draft: Draft, format: Format, rows: int, size: int, digest: str
) -> None:
    company = work.actor.company_id
    marked = {} if request.only is None else {"marked": len(request.only)}
    work.record(
        "list.exported",
        "list",
        None,
        request.name,
        stream=company_stream(company),
        company_id=company,
        data={
            "filter": dict(request.filter),
            **marked,
            "format": format,
            "file": draft.name,
            "place": draft.place,
            "rows": rows,
            "size": size,
            "sha256": digest,
        },
    )


__all__ = ["ExportStopped", "Exported", "Format", "Progress", "Values", "export", "file_name"]
