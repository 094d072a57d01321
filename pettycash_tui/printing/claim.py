"""A replenishment claim as lines of 78 columns: its vouchers, what they come to by account, and room for signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from pettycash_tui.models.money import Money
from pettycash_tui.printing.layout import Cells, cell, heading, row
from pettycash_tui.services.claims import Claim

WIDTH = 78
_LABEL = 16
_SIGNATURE = 30


class ClaimPaper:
    """The lines of a claim: `head`, `columns` (repeated on each page of paper), `body`, `foot`."""

    def __init__(self, found: Claim) -> None:
        self.found = found
        shown = [line.amount for line in found.lines] + [total.amount for total in found.totals]
        figures = [*shown, found.total, found.requested_amount, found.beyond]
        self._wide = max(12, *(len(money.grouped()) for money in figures))
        fixed = 10 + 5 + 8 + self._wide + 5 + 20
        self._columns = (
            Cells("Date", 10),
            Cells("Voucher", 20),
            Cells("What for", max(10, WIDTH - fixed)),
            Cells("Account", 8),
            Cells("Centre", 5),
            Cells("Amount", self._wide, is_figure=True),
        )

    @property
    def title(self) -> str:
        """What the paper is, for the foot of each page."""
        return f"{self.found.company}: claim {self.found.number}"

    @property
    def columns(self) -> str:
        """The headings of the vouchers."""
        return heading(self._columns)

    def head(self) -> Iterator[str]:
        """Whose claim it is, and who asked and approved."""
        found = self.found
        yield cell(found.company, WIDTH).rstrip()
        yield cell(f"REPLENISHMENT CLAIM {found.number} ({found.state_label})", WIDTH).rstrip()
        yield "=" * WIDTH
        yield self._field("Fund", f"{found.fund.code} {found.fund.name or ''}")
        yield self._field("Custodian", found.custodian)
        yield self._field("Currency", found.total.currency)
        for label, who, at in (
            ("Asked by", found.requested_by, found.requested_at),
            ("Approved by", found.approved_by, found.approved_at),
            ("Completed by", found.completed_by, found.completed_at),
        ):
            if at is not None:
                yield self._field(label, f"{who.name + ', ' if who else ''}{self._moment(at)}")
        if found.reference:
            yield self._field("Reference", found.reference)
        yield "-" * WIDTH

    def body(self) -> Iterator[str]:
        """A line for each voucher."""
        for line in self.found.lines:
            center = line.cost_center.code if line.cost_center else ""
            name = line.voucher_number or line.payment or f"entry {line.sequence}"
            texts = (
                line.date.isoformat(),
                name,
                line.description,
                line.account.code or "",
                center or "",
                line.amount.grouped(),
            )
            yield row(self._columns, texts)

    def foot(self) -> Iterator[str]:
        """What it comes to, by account and cost centre and in all, and room for signatures."""
        found = self.found
        count = len(found.lines)
        yield "-" * WIDTH
        yield self._figure("1 voucher" if count == 1 else f"{count:,} vouchers", found.total)
        if found.beyond.minor:
            what = "For held payments and up to target" if found.beyond.minor > 0 else "Not asked for"
            yield self._figure(what, found.beyond)
        yield self._figure("Asked for", found.requested_amount)
        if found.completed_amount is not None:
            yield self._figure("Arrived", found.completed_amount)
        if found.totals:
            yield ""
            yield from self._totals()
        yield ""
        for place in ("Custodian", "Checked by", "Approved by"):
            yield ""
            yield f"{place:<{_LABEL}}{'_' * _SIGNATURE}  Date {'_' * 14}"

    def _totals(self) -> Iterator[str]:
        columns = (
            Cells("Account", 10),
            Cells("Name", WIDTH - 10 - 14 - 9 - self._wide - 4),
            Cells("Cost centre", 14),
            Cells("Vouchers", 9, is_figure=True),
            Cells("Amount", self._wide, is_figure=True),
        )
        yield heading(columns)
        for total in self.found.totals:
            center = total.cost_center.code if total.cost_center else ""
            name = total.account.name or ""
            texts = (total.account.code or "", name, center or "", f"{total.count:,}", total.amount.grouped())
            yield row(columns, texts)

    def _field(self, label: str, text: str) -> str:
        return f"{label:<{_LABEL}}{cell(text, WIDTH - _LABEL)}".rstrip()

    def _figure(self, label: str, money: Money) -> str:
        shown = money.grouped()
        return label + " " * max(1, WIDTH - len(label) - len(shown)) + shown

    def _moment(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.found.timezone)).strftime("%Y-%m-%d %H:%M")


def claim_text(found: Claim) -> str:
    """The claim as text, a line feed behind each line."""
    return "".join(f"{line}\n" for line in _lines(ClaimPaper(found)))


def write_pdf(found: Claim, file: BinaryIO) -> None:
    """The claim as a PDF: the same lines on pages."""
    from pettycash_tui.printing.pdf import PdfPaper

    paper = ClaimPaper(found)
    pdf = PdfPaper(file, paper.title, WIDTH)
    pdf.write([*paper.head(), paper.columns])
    pdf.columns = paper.columns
    pdf.write(map(_one_cell_each, paper.body()))
    pdf.columns = ""
    pdf.write(paper.foot())
    pdf.finish()


def _one_cell_each(line: str) -> str:
    # What the fonts of a PDF do not have stands as one mark, and the amounts have to stay under each other.
    return line if line.isascii() else "".join("??" if cell_len(letter) > 1 else letter for letter in line)


def _lines(paper: ClaimPaper) -> Sequence[str]:
    return [*paper.head(), paper.columns, *paper.body(), *paper.foot()]
