"""Exporting a fund's cash book for other programs: a spreadsheet, Beancount, hledger, or a bank statement in OFX.

All of one moment, in constant memory, whole or not at all, and recorded in the audit trail before the file has its
name, as every export is (`export`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pettycash_tui.database import isolation
from pettycash_tui.services import book_lines
from pettycash_tui.services.audit import fund_stream
from pettycash_tui.services.book_formats.writer import BookWriter
from pettycash_tui.services.book_lines import Book
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.export import Exported
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_progress import Progress
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.work import Reading, Work


class BookFormat(StrEnum):
    """What kind of file is written."""

    CSV = "csv"
    XLSX = "xlsx"
    BEANCOUNT = "beancount"
    HLEDGER = "hledger"
    OFX = "ofx"

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return {"hledger": "journal"}.get(self.value, self.value)


def check_days(from_day: date | None, to_day: date | None) -> None:
    """Raise InvalidInput where a period ends before it begins."""
    if from_day is not None and to_day is not None and to_day < from_day:
        raise InvalidInput.of(to=f"must be {from_day.isoformat()} or later, the day on which the period begins")


def export_book(
    desk: Desk,
    actor: Actor,
    fund: str | UUID,
    draft: Draft,
    format: BookFormat,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a fund's book from one day to another (both included) to a draft, and give it its name. Blocks.

    Raises NotFound, NotAllowed, InvalidInput, ExportStopped, and OSError, which the draft's context tells as Refused.
    """
    check_days(from_day, to_day)

    def writer(reading: Reading, book: Book, check: Progress) -> BookWriter:
        return _writer(book, draft, format, reading.now, check)

    return write_book(desk, actor, fund, draft, format, writer, from_day=from_day, to_day=to_day, progress=progress)


def write_book(
    desk: Desk,
    actor: Actor,
    fund: str | UUID,
    draft: Draft,
    format: StrEnum,
    make: Callable[[Reading, Book, Progress], BookWriter],
    *,
    from_day: date | None,
    to_day: date | None,
    progress: Progress | None = None,
) -> Exported:
    """Hand a fund's book over to the writer that `make` makes of its head, and keep the file.

    `make` may read what else it needs: everything in the file is of one moment.
    """
    progress = progress or Progress()
    writer: BookWriter | None = None
    try:
        with desk.reading(actor) as reading:
            isolation.of_one_moment(reading.connection)
            book = book_lines.open_book(reading, fund, from_day, to_day)
            progress.total = book.entries
            writer = make(reading, book, progress)
            for lines in book_lines.pages(reading, book):
                writer.write(lines)
                progress.advance(len(lines))
        progress.is_packing = True
        writer.finish()
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    size, digest = draft.finish()
    progress.check()
    desk.run(actor, _record, book, draft, format, progress.rows, size, digest)
    path = draft.keep()
    return Exported(f"book-{book.fund}", format, path, progress.rows, 0, writer.sheets, size, digest)


def file_name(book: str, format: BookFormat, from_day: date | None, to_day: date | None, moment: str) -> str:
    """The name of a file: `book-NBI-2026-11-01-2026-11-30.beancount`; without days `moment` (`2026-11-21 14:30`)."""
    days = "-".join(day.isoformat() for day in (from_day, to_day) if day is not None)
    of = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in book)
    return f"book-{of}-{days or moment.replace(' ', '-').replace(':', '')}.{format.ending}"


def _writer(book: Book, draft: Draft, format: BookFormat, now: datetime, progress: Progress) -> BookWriter:
    # Each is imported when it is written: a workbook costs more than the rest of a command.
    if format is BookFormat.BEANCOUNT:
        from pettycash_tui.services.book_formats.beancount import BeancountFile

        return BeancountFile(draft.file, book)
    if format is BookFormat.HLEDGER:
        from pettycash_tui.services.book_formats.hledger import HledgerFile

        return HledgerFile(draft.file, book)
    if format is BookFormat.OFX:
        from pettycash_tui.services.book_formats.ofx import OfxFile

        return OfxFile(draft.file, book, now)
    from pettycash_tui.services.book_formats.rows import COLUMNS, BookRows

    zone = ZoneInfo(book.timezone)
    if format is BookFormat.XLSX:
        from pettycash_tui.services.export_xlsx import XlsxFile

        title = f"Book {book.fund}"
        return BookRows(book, XlsxFile(draft.file, title, COLUMNS, zone, folder=draft.folder, check=progress.check))
    from pettycash_tui.services.export_csv import CsvFile

    return BookRows(book, CsvFile(draft.file, COLUMNS, zone, with_mark=draft.place != "stdout"))


def _record(work: Work, book: Book, draft: Draft, format: StrEnum, rows: int, size: int, digest: str) -> None:
    data: dict[str, Any] = {
        "from": book.from_day,
        "to": book.to_day,
        "format": format,
        "file": draft.name,
        "place": draft.place,
        "rows": rows,
        "size": size,
        "sha256": digest,
    }
    work.record(
        "ledger.exported",
        "fund",
        book.fund_id,
        book.fund,
        stream=fund_stream(book.fund_id),
        company_id=book.company_id,
        data=data,
    )
