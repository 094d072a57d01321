"""Writing a bank file of the marked bank transfers of one fund: the list, its code, and where the file is then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pettycash_tui.actions import key
from pettycash_tui.models.enums import BatchFormat, PaymentMethod
from pettycash_tui.models.money import Money
from pettycash_tui.screens.context import DeskContext
from pettycash_tui.screens.list_window import ListWindow
from pettycash_tui.screens.listed import Group, LeftOut, Line, Listed, draw_reasons, payments
from pettycash_tui.screens.long_work import LongWork
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import bank_batches, bank_lines, export_files
from pettycash_tui.services.bank_batches import FilePut, Written
from pettycash_tui.services.bank_lines import Lines
from pettycash_tui.services.bundles import BundleSent
from pettycash_tui.services.errors import InvalidInput, PettyCashError
from pettycash_tui.services.inputs import parse_day
from pettycash_tui.services.payment_views import PaymentView
from pettycash_tui.widgets.plain import Field, show_field_errors
from pettycash_tui.widgets.safe_input import SafeInput

if TYPE_CHECKING:
    from pettycash_tui.screens.marked_payments import MarkedPayments

_PROBE = "bank-file"


@dataclass(frozen=True, slots=True)
class Made:
    """A batch that was made, and its file; `trouble` says why there is none yet."""

    written: Written
    put: FilePut | None
    trouble: str = ""


class WriteBankFile(ListWindow):
    """The marked bank transfers of one fund, as a file for its bank."""

    enter_does = "writes the file"
    waits = "writing the file…"

    def __init__(self, owner: MarkedPayments, marked: Sequence[PaymentView], format: BatchFormat) -> None:
        super().__init__(owner, _one_fund_first(marked))
        self._format = format
        self.help_title = f"Bank file, {format.label}"
        self.help_text = (
            "The bank transfers of one fund, in a file that its bank reads. Their amounts stay held; each is booked"
            f" when the bank's word on its line is told, in the bank files of the treasury ({key('go.treasury')})."
        )

    def read_list(self) -> Listed:
        found = self.context.read(bank_batches.plan, [payment.id for payment in self.marked])
        return _listed(found, self.context)

    def send_code(self) -> BundleSent:
        return bank_batches.send_code(self.context.desk, self.context.actor, self.chosen)

    def fields(self) -> Iterable[Field]:
        today = self.context.day().isoformat()
        line = SafeInput(max_length=20, placeholder=f"today, or a day such as {today}")
        yield Field("date", "To be paid on", line)

    def begin(self, code: str | None) -> None:
        desk, actor, chosen, format = self.context.desk, self.context.actor, self.chosen, self._format
        typed = str(self.query_one("#field-date", Field).value).strip()
        try:
            day = parse_day("date", typed) if typed else None
        except InvalidInput as error:
            show_field_errors(self, error)
            return

        def write(work: LongWork) -> Made:
            with export_files.in_exports(desk.home, actor.username, _PROBE):
                pass  # where no file can be written, no batch is made
            done = bank_batches.write(desk, actor, chosen, format=format, code=code, execution_date=day)
            try:
                with export_files.in_exports(desk.home, actor.username, done.file_name) as draft:
                    return Made(done, bank_batches.put(desk, actor, done.id, draft))
            except (PettyCashError, OSError) as error:
                return Made(done, None, bank_batches.not_put(done, error).message)

        self.start(write, then=self._written, then_away=self._told_away)

    def _written(self, made: Made) -> None:
        self.owner.done_with(self.chosen)
        done, sheet = made.written, Sheet()
        lines = "1 line" if done.line_count == 1 else f"{done.line_count:,} lines"
        sheet.line(f"✔ {done.number}: {lines}, {self.context.money_with_currency(done.control_sum)}", "good")
        sheet.field("Format", done.format.label)
        sheet.field("Fund", done.fund)
        sheet.field("To be paid", done.execution_date.isoformat())
        if made.put is not None:
            sheet.field("File", str(made.put.path), "strong")
            sheet.field("Size", f"{made.put.size:,} bytes")
        else:
            sheet.line(f"✖ {made.trouble}", "bad")
        sheet.field("SHA-256", done.sha256)
        sheet.line()
        sheet.line(
            f"They are booked when the bank's word is told: {key('go.treasury')}, Bank files,"
            f" {key('treasury.confirm_lines')}."
        )
        left_out = self.listed.left_out if self.listed is not None else ()
        if left_out:
            sheet.line()
            sheet.line(f"✖ {payments(len(left_out))} not in it; what is in the list still stays marked", "bad")
            for each in left_out:
                draw_reasons(sheet, each.number, each.reasons)
        self.finish(f"{done.number} is {'written' if made.put is not None else 'made, without its file'}", sheet.lines)

    def _told_away(self, made: Made) -> str:
        self.owner.done_with(self.chosen)
        done = made.written
        where = f"is written to {made.put.path}" if made.put is not None else f"is made. {made.trouble}"
        return f"{done.number}, {payments(done.line_count)}, {where}"


def _one_fund_first(marked: Sequence[PaymentView]) -> list[PaymentView]:
    """The file is of the first one's fund: that of which most bank transfers were marked."""
    funds = Counter(payment.fund.id for payment in marked if payment.method is PaymentMethod.BANK_TRANSFER)
    most = funds.most_common(1)[0][0] if funds else None

    def rank(payment: PaymentView) -> tuple[bool, bool, str]:
        return payment.fund.id != most, payment.method is not PaymentMethod.BANK_TRANSFER, payment.number

    return sorted(marked, key=rank)


def _listed(found: Lines, context: DeskContext) -> Listed:
    against = bank_lines.reasons_against_debtor(found.debtor)
    left_out = tuple(LeftOut(each.payment, each.reasons) for each in found.refused)
    if against:
        left_out = tuple(LeftOut(line.facts.number, tuple(against)) for line in found.good) + left_out
    if against or not found.good:
        return Listed((), left_out, needs_code=False)
    lines = tuple(
        Line(
            id=line.facts.id,
            number=line.facts.number,
            payee=line.facts.payee,
            amount=Money(line.facts.amount, line.facts.currency),
            method=line.facts.method,
            destination=str(line.account),
        )
        for line in found.good
    )
    heading = (
        f"Fund {found.debtor.code}, account {found.debtor.bank_account}: {len(lines)},"
        f" {context.money_with_currency(found.total)}"
    )
    return Listed((Group(heading, lines),), left_out, any(line.facts.otp_required for line in found.good))
