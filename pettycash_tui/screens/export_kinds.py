"""What an export may be: the list as CSV or XLSX; a fund's book for another program; its statement of a month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.export_command import book_command, command_for, statement_command
from pettycash_tui.screens.period import Period
from pettycash_tui.services import book_export
from pettycash_tui.services.book_export import BookFormat, export_book
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.export import Exported, Format, export, file_name
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_progress import Progress
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.identity import Actor

Write = Callable[[Desk, Actor, Draft, Progress, Sequence[UUID]], Exported]


@dataclass(frozen=True, slots=True)
class ExportKind:
    """A kind of file. `what` says what is in it; empty: the rows of the list, or the marked ones, whose ids `write`
    is given. `command` writes the same elsewhere.
    """

    label: str
    file_name: str
    write: Write
    what: str = ""
    command: str | None = None


def list_kinds(request: ExportRequest, context: DeskContext) -> list[ExportKind]:
    """The list as CSV and as XLSX."""
    moment = context.moment(context.desk.clock())
    return [_list_kind(request, format, moment) for format in Format]


def book_kinds(fund: str, period: Period, context: DeskContext) -> list[ExportKind]:
    """A fund's whole book in a period for Beancount, hledger and what reads bank statements."""
    moment = context.moment(context.desk.clock())
    kinds = (BookFormat.BEANCOUNT, BookFormat.HLEDGER, BookFormat.OFX)
    return [_book_kind(fund, period, format, moment) for format in kinds]


def statement_kinds(fund: str, month: str) -> list[ExportKind]:
    """A fund's statement of a month as text and as PDF."""
    from pettycash_tui.printing.statement_file import PaperFormat

    return [_statement_kind(fund, month, format.value, format.ending) for format in PaperFormat]


def proof_kind(context: DeskContext) -> ExportKind:
    """Every event of the audit log, as a file that is verified with nothing but itself and the public key."""

    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress, _: Sequence[UUID]) -> Exported:
        from pettycash_tui.services import audit_export

        return audit_export.export_as_list(desk, actor, draft, progress)

    name = f"audit-{context.day()}.jsonl"
    command = f"pettycash audit export --output {name}"
    return ExportKind("PROOF", name, write, "every event, to be verified without the database", command)


def _list_kind(request: ExportRequest, format: Format, moment: str) -> ExportKind:
    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress, marked: Sequence[UUID]) -> Exported:
        meant = request.of_marked(marked) if marked else request
        return export(desk, actor, meant, draft, format, progress=progress)

    return ExportKind(
        format.value.upper(), file_name(request, format, moment), write, command=command_for(request, format)
    )


def _book_kind(fund: str, period: Period, format: BookFormat, moment: str) -> ExportKind:
    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress, _: Sequence[UUID]) -> Exported:
        return export_book(
            desk, actor, fund, draft, format, from_day=period.first, to_day=period.last, progress=progress
        )

    what = f"every entry of {fund}, {period.words}" if period.text else f"every entry of {fund}"
    name = book_export.file_name(fund, format, *period, moment)
    return ExportKind(format.value.upper(), name, write, what, book_command(fund, format, period))


def _statement_kind(fund: str, month: str, format: str, ending: str) -> ExportKind:
    def write(desk: Desk, actor: Actor, draft: Draft, progress: Progress, _: Sequence[UUID]) -> Exported:
        from pettycash_tui.printing.statement_file import PaperFormat, write_statement

        return write_statement(desk, actor, fund, month, draft, PaperFormat(format), progress=progress)

    name = f"statement-{fund}-{month}.{ending}"
    command = statement_command(fund, month, format, name)
    return ExportKind(format.upper(), name, write, f"the whole statement of {month}", command)
