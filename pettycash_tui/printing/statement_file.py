"""A fund's statement as a file: text as it is read, or a PDF; written as an export is, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from io import TextIOWrapper
from uuid import UUID

from pettycash_tui.printing.statement import PAPER, SCREEN, StatementPaper
from pettycash_tui.services import periods, statements
from pettycash_tui.services.book_export import write_book
from pettycash_tui.services.book_formats.writer import BookWriter
from pettycash_tui.services.book_lines import Book, BookLine
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.export import Exported
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_progress import Progress
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.statements import FundStatement
from pettycash_tui.services.work import Reading


class PaperFormat(StrEnum):
    """What kind of file a paper is."""

    TEXT = "text"
    PDF = "pdf"

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return "txt" if self is PaperFormat.TEXT else "pdf"


def write_statement(
    desk: Desk,
    actor: Actor,
    fund: str | UUID,
    period: str,
    draft: Draft,
    format: PaperFormat,
    *,
    progress: Progress | None = None,
) -> Exported:
    """Write a fund's statement of a month (`2026-11`) to a draft. Blocks as long as that takes.

    Raises InvalidInput, NotFound, NotAllowed, ExportStopped, and OSError, which the draft's context tells as Refused.
    """
    month = periods.month_of(period)

    def make(reading: Reading, book: Book, _: Progress) -> BookWriter:
        found = statements.statement_of(reading, book)
        return _Text(draft, found) if format is PaperFormat.TEXT else _Pdf(draft, found)

    return write_book(
        desk, actor, fund, draft, format, make, from_day=month.starts_on, to_day=month.ends_on, progress=progress
    )


class _Text:
    sheets = 1

    def __init__(self, draft: Draft, found: FundStatement) -> None:
        self._paper = StatementPaper(found, SCREEN)
        self._text = TextIOWrapper(draft.file, encoding="utf-8", newline="\n")
        self._put([*self._paper.head(), self._paper.columns])

    def _put(self, lines: Sequence[str]) -> None:
        self._text.write("".join(f"{line}\n" for line in lines))

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add movements."""
        self._put([*self._paper.body(lines)])

    def finish(self) -> None:
        """Add what it came to."""
        self._put([*self._paper.foot()])
        self._text.detach()

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""
        with suppress(OSError, ValueError):
            self._text.detach()


class _Pdf:
    sheets = 1

    def __init__(self, draft: Draft, found: FundStatement) -> None:
        from pettycash_tui.printing.pdf import PdfPaper

        self._paper = StatementPaper(found, PAPER)
        self._pdf = PdfPaper(draft.file, self._paper.title, PAPER)
        self._pdf.write([*self._paper.head(), "", self._paper.columns])
        self._pdf.columns = self._paper.columns

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add movements."""
        self._pdf.write(self._paper.body(lines))

    def finish(self) -> None:
        """Add what it came to, and end the document."""
        self._pdf.columns = ""
        self._pdf.write(self._paper.foot())
        self._pdf.finish()

    def abandon(self) -> None:
        """Nothing is left in memory; the draft takes the file away."""
