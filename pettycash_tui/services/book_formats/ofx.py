"""A cash book as a bank statement in OFX 2.2, for programs that read what banks send.

Source: Open Financial Exchange 2.2, 11.4.2 (STMTRS) and its order of elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import BinaryIO
from xml.sax.saxutils import escape

from pettycash_tui.services.book_formats.writer import TextFile, one_line
from pettycash_tui.services.book_lines import Book, BookLine


class OfxFile(TextFile):
    """The book as an OFX statement. `now` is when it is made, in UTC."""

    def __init__(self, file: BinaryIO, book: Book, now: datetime) -> None:
        super().__init__(file, book)
        today = now.date()
        self._from = book.from_day or book.first_day or today
        self._today = today
        self._to = max(self._from, min(book.to_day, today) if book.to_day else book.last_day or today)
        self.put(
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
            '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
            "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
            f"<DTSERVER>{now:%Y%m%d%H%M%S}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\n"
            "<BANKMSGSRSV1><STMTTRNRS><TRNUID>0</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\n"
            f"<STMTRS><CURDEF>{book.currency}</CURDEF>"
            f"<BANKACCTFROM><BANKID>{_text(book.company_code, 9)}</BANKID><ACCTID>{_text(book.fund, 22)}</ACCTID>"
            "<ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>\n"
            f"<BANKTRANLIST><DTSTART>{_day(self._from)}</DTSTART><DTEND>{_day(self._to)}</DTEND>\n"
        )

    def write(self, lines: Sequence[BookLine]) -> None:
        """Add transactions. FITID is the fund and the entry's sequence, which never changes."""
        parts = []
        for line in lines:
            reference = line.voucher or line.replenishment or line.journal
            parts.append(
                f"<STMTTRN><TRNTYPE>{'DEBIT' if line.movement < 0 else 'CREDIT'}</TRNTYPE>"
                f"<DTPOSTED>{_day(line.day)}</DTPOSTED><TRNAMT>{self.amount(line.movement)}</TRNAMT>"
                f"<FITID>{_text(f'{self.book.fund}-{line.sequence}', 255)}</FITID>"
                f"<REFNUM>{_text(reference, 32)}</REFNUM>"
                f"<NAME>{_text(line.payee or line.source.label, 32)}</NAME>"
                f"<MEMO>{_text(line.description, 255)}</MEMO></STMTTRN>\n"
            )
        self.put("".join(parts))

    def finish(self) -> None:
        """The balance at the end of the last day, and what is free today."""
        book = self.book
        self.put(
            f"</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{self.amount(book.closing)}</BALAMT>"
            f"<DTASOF>{_day(self._to)}</DTASOF></LEDGERBAL>"
            f"<AVAILBAL><BALAMT>{self.amount(book.available)}</BALAMT>"
            f"<DTASOF>{_day(self._today)}</DTASOF></AVAILBAL>\n"
            "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
        )
        super().finish()


def _day(day: date) -> str:
    return f"{day:%Y%m%d}120000"


def _text(text: str, most: int) -> str:
    # Never empty: an element without content is none in OFX.
    return escape(one_line(text)[:most].strip()) or "-"
