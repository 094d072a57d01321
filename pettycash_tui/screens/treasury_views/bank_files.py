"""The files for the bank: what each holds, and what the bank did with its lines, told one by one or for all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from uuid import UUID

from textual.content import Content

from pettycash_tui.models.enums import OPEN_ORDERS, OrderStatus
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.form_prompt import Asked, FormPrompt, Typed
from pettycash_tui.screens.long_work import LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.screens.sources import KeysetSource, newest_first
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury_views.view import Kind, TreasuryView
from pettycash_tui.services import bank_batch_views, bank_batches, bank_settling, export_files, export_treasury
from pettycash_tui.services.bank_batch_views import BatchDetail, BatchExplanation, BatchLine, BatchState, BatchView
from pettycash_tui.services.bank_batches import FilePut
from pettycash_tui.services.bank_settling import BatchAct, Settled
from pettycash_tui.services.errors import PettyCashError
from pettycash_tui.services.execution import REFERENCE_LENGTH
from pettycash_tui.services.export_request import ExportRequest
from pettycash_tui.services.permissions import Right
from pettycash_tui.services.work import Reading
from pettycash_tui.theme import StatusMark, status_mark
from pettycash_tui.widgets.cells import Cell, Column

_EXECUTE = frozenset({Right.EXECUTE})
_LINES = 3
_SHOWN = 5
_MOST = 200
"""Lines that the detail tells one by one."""


@dataclass(frozen=True, slots=True)
class FileCase:
    """A bank file with its lines, and what this person may do with it."""

    found: BatchDetail
    explanation: BatchExplanation


class BankFilesView(TreasuryView[BatchView, FileCase]):
    """What was written for the bank, and how far its word on the lines has come."""

    name = "bank_files"
    title = "Bank files"
    told = (
        "The files that were written for the bank. When it has paid or refused a line, that is told here: a confirmed"
        " line is booked, a refused one fails and can be tried again."
    )
    row_type = BatchView
    rights = frozenset({Right.READ_LEDGER, Right.EXECUTE})
    filter_hint = "number, account, payee or payment"
    prefix = "BAT-"
    kinds = (
        Kind(
            "Bank files, all",
            None,
            "No bank file was written: mark bank transfers in the payments.",
        ),
        Kind("Bank files, no line told", BatchState.OPEN, "None waits for the bank's first word."),
        Kind("Bank files, partly told", BatchState.PARTLY_SETTLED, "None is settled in part."),
        Kind("Bank files, settled", BatchState.SETTLED, "None is settled yet."),
    )
    acts: ClassVar = {"confirm_lines": _EXECUTE, "reject": _EXECUTE, "write_file": _EXECUTE}

    def source(self, search: str) -> KeysetSource[BatchView]:
        return KeysetSource(
            self.context,
            _columns(self.context),
            bank_batch_views.list_batches,
            cells=partial(_cells, self.context),
            cursor=newest_first,
            gone=partial(_gone, self.context),
            status=self.kind.given,
            search=search or None,
        )

    def export_request(self, search: str) -> ExportRequest:
        return export_treasury.bank_files(self.kind.given, search)

    def read_detail(self, row: BatchView) -> FileCase:
        return self.context.read(_read, row.id)

    def draw_detail(self, detail: FileCase) -> Content:
        return _draw(detail, self.context)

    def seek(self, reading: Reading, number: str) -> tuple[UUID, int]:
        return bank_batch_views.show(reading, number).batch.id, 0

    def offers(self, act: str, row: BatchView, detail: FileCase | None) -> bool:
        if detail is None or act == "write_file":
            return act == "write_file" or row.open > 0
        return detail.explanation.allows(BatchAct.CONFIRM if act == "confirm_lines" else BatchAct.REFUSE)

    # -- the bank's word -----------------------------------------------------------------------------------------------

    def confirm_lines(self) -> None:
        """Tell that the bank paid all lines that are open, or one of them."""
        if (row := self.here()) is not None:
            self._choose(row, "What did the bank pay?", self._ask_reference)

    def reject(self) -> None:
        """Tell that the bank refused a line, or all that are open."""
        if (row := self.here()) is not None:
            self._choose(row, "What did the bank refuse?", self._ask_reason)

    def _choose(self, row: BatchView, title: str, then: Callable[[BatchView, list[BatchLine]], None]) -> None:
        prompt = ChoicePrompt[list[BatchLine]](f"{row.number}: {title}", None)

        def chosen(lines: list[BatchLine] | None) -> None:
            if lines:
                then(row, lines)

        def found(detail: BatchDetail) -> None:
            lines = [line for line in detail.lines if line.status in OPEN_ORDERS]
            choices = [(_named(self.context, line), [line]) for line in lines]
            if len(lines) > 1:
                total = self.context.money_with_currency(detail.batch.open_amount)
                choices.insert(0, (f"All {len(lines)} lines that are open, {total}", lines))
            if prompt.is_attached:
                prompt.fill(choices)

        def failed(error: PettyCashError) -> None:
            close(prompt)
            self.screen.show_error(error)

        self.screen.app.push_screen(prompt, chosen)
        self.screen.ask("lines", bank_batch_views.show, row.id, then=found, failed=failed)

    def _ask_reference(self, row: BatchView, lines: list[BatchLine]) -> None:
        desk, actor = self.context.desk, self.context.actor
        # All that are open by then: the bank's one reference is for the whole file.
        payments = [line.payment for line in lines] if len(lines) == 1 else None

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            work, reference = LongWork(len(lines)), typed["reference"]
            change = partial(bank_settling.confirm, desk, actor, row.id, payments, reference, report=work.report)
            return self._begin(row, change, work, prompt, waits="booking the lines…")

        self.form(
            f"Confirm {row.number}",
            [*_about(self.context, lines), f"The money has left {row.debit_account}."],
            [Asked("reference", "Reference", "the bank's own", length=REFERENCE_LENGTH)],
            send,
            enter_does="books it" if len(lines) == 1 else f"books {len(lines)} payments",
            help_text="The bank paid: the payment is booked, and its voucher made. Several lines take the reference"
            " with their position behind it.",
        )

    def _ask_reason(self, row: BatchView, lines: list[BatchLine]) -> None:
        desk, actor = self.context.desk, self.context.actor

        def send(prompt: FormPrompt, typed: Typed) -> bool:
            work, payments = LongWork(len(lines)), [line.payment for line in lines]
            change = partial(bank_settling.refuse, desk, actor, row.id, payments, typed["reason"], report=work.report)
            return self._begin(row, change, work, prompt, waits="recording the lines…")

        self.form(
            f"Refused by the bank: {row.number}",
            _about(self.context, lines),
            [Asked("reason", "Reason", "as the bank gives it", length=bank_settling.REASON_LENGTH)],
            send,
            enter_does="records the refusal",
            help_text="The bank did not pay: the payment has failed, and can be tried again.",
        )

    def _begin(
        self, row: BatchView, change: Callable[[], Settled], work: LongWork, prompt: FormPrompt, *, waits: str
    ) -> bool:
        begun = self.begin(row.number, change, then=self._settled, prompt=prompt, waits=waits)
        if begun and work.total > bank_settling.TOGETHER:
            prompt.watch_work(work, f"the next {bank_settling.TOGETHER} lines")
        return begun

    def _settled(self, done: Settled) -> str:
        paid = sum(line.paid for line in done.lines)
        refused = len(done.lines) - paid
        words = []
        if paid:
            words.append(f"{_lines(paid)} booked, {self.context.money_with_currency(done.total)}")
        if refused:
            words.append(f"{_lines(refused)} refused")
        words += [reason.message for line in done.left[:_SHOWN] for reason in line.reasons]
        if done.stopped:
            words.append(f"stopped before {_lines(done.stopped)}")
        words.append(f"{_lines(done.open)} still open" if done.open else "all of it is settled")
        return f"{done.number}: {'; '.join(word.rstrip('.') for word in words)}."

    # -- the file ------------------------------------------------------------------------------------------------------

    def write_file(self) -> None:
        """Write the file again into one's folder of exports, the very bytes of the first time."""
        if (row := self.here()) is None:
            return
        desk, actor = self.context.desk, self.context.actor

        def put() -> FilePut:
            with export_files.in_exports(desk.home, actor.username, row.file_name) as draft:
                return bank_batches.put(desk, actor, row.id, draft)

        def written(done: FilePut) -> str:
            lines = [str(done.path), "", f"{done.size:,} bytes", f"SHA-256 {done.sha256}"]
            self.screen.app.push_screen(TextWindow(f"{done.number} is written", "\n".join(lines), to_copy=True))
            return ""

        self.begin(row.number, put, then=written, waits="writing the file…")


def _read(reading: Reading, batch_id: UUID) -> FileCase:
    return FileCase(bank_batch_views.show(reading, batch_id), bank_batch_views.explain(reading, batch_id))


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _named(context: DeskContext, line: BatchLine) -> str:
    return f"{line.position:>3}  {line.payment}  {context.money_with_currency(line.amount):>16}  {line.payee}"


def _about(context: DeskContext, lines: Sequence[BatchLine]) -> list[str]:
    if len(lines) == 1:
        (line,) = lines
        return [f"{line.payment}: {context.money_with_currency(line.amount)} to {line.payee}, {line.destination}"]
    total = lines[0].amount
    for line in lines[1:]:
        total = total + line.amount
    shown = [_named(context, line) for line in lines[:_SHOWN]]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [f"{_lines(len(lines))}, {context.money_with_currency(total)}", *shown, *more]


def _columns(context: DeskContext) -> tuple[Column, ...]:
    return (
        Column("number", "Number", width=10),
        Column("fund", "Fund", min_width=6),
        context.amount_column,
        Column("lines", "Lines", width=26),
        Column("state", "State", width=16, optional=True),
        Column("execution_date", "To be paid on", width=13, optional=True),
        Column("format", "Format", width=9, optional=True),
        Column("executor", "Written by", width=16, optional=True),
    )


def _cells(context: DeskContext, batch: BatchView) -> tuple[Cell, ...]:
    state = status_mark(batch.status.value)
    return (
        Cell(batch.number),
        Cell(batch.fund.code or ""),
        Cell(context.listed(batch.control_sum)),
        Cell(_counted(batch), "bad" if batch.refused else "warn" if batch.open else "good"),
        Cell(state.text, state.role),
        Cell(batch.execution_date.isoformat()),
        Cell(batch.format.label),
        Cell(batch.executor.name if batch.executor else "", "muted"),
    )


def _counted(batch: BatchView) -> str:
    counts = ((batch.open, "open"), (batch.confirmed, "paid"), (batch.refused, "refused"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _gone(context: DeskContext, reading: Reading, rows: Sequence[BatchView]) -> Mapping[UUID, tuple[Cell, ...]]:
    """Files of which lines were told meanwhile, with how far that has come."""
    drawn = {}
    for row in rows:
        now = bank_batch_views.show(reading, row.id).batch
        cells = list(_cells(context, row))
        cells[_LINES] = Cell(f"− {_counted(now)}", "muted", reach=_LINES - 1)
        drawn[row.id] = tuple(cells)
    return drawn


def _draw(case: FileCase, context: DeskContext) -> Content:
    batch, sheet = case.found.batch, Sheet()
    sheet.mark(status_mark(batch.status.value), f"{batch.number}, {batch.format.label}: {_counted(batch)}")
    sheet.field("Amount", f"{context.money_with_currency(batch.control_sum)} in {_lines(batch.line_count)}", "strong")
    sheet.field("From", f"fund {batch.fund.code}, account {batch.debit_account}")
    sheet.field("To be paid", batch.execution_date.isoformat())
    sheet.field("Written by", f"{batch.executor.name if batch.executor else ''}, {context.moment(batch.created_at)}")
    sheet.line()
    for line in case.found.lines[:_MOST]:
        mark = _mark(line)
        sheet.line(f"{_named(context, line)}  {mark.text}{_outcome(line)}", "" if mark.role == "good" else mark.role)
    if batch.line_count > _MOST:
        sheet.line(f"and {batch.line_count - _MOST:,} more: `pettycash batch show {batch.number}`", "muted")
    act = BatchAct.CONFIRM
    if batch.open:
        sheet.reasons((reason.message for reason in case.explanation.against[act]), "muted")
    return sheet.content


def _mark(line: BatchLine) -> StatusMark:
    if line.status in OPEN_ORDERS:
        return status_mark("open")
    return status_mark("success" if line.status is OrderStatus.SUCCEEDED else "refused")


def _outcome(line: BatchLine) -> str:
    said = line.reference or line.reason
    by = f", told by {line.settled_by}" if line.settled_by else ""
    return f"  {said}{by}" if said else ""
