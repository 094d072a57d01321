"""Writing a bank file as CSV (RFC 4180): a heading, a line for each transfer, and a last line with count and sum.

Text is in the banks' character set and begins with a letter, a digit or a sign that no spreadsheet runs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from pettycash_tui.gateways.bank_text import bank_text
from pettycash_tui.gateways.bank_transfers import NAME_LENGTH, REMITTANCE_LENGTH, BankFile, BankLine

COLUMNS = (
    "record",
    "count",
    "end_to_end_id",
    "payee",
    "bank_code",
    "account",
    "amount",
    "currency",
    "remittance",
    "execution_date",
    "debit_bank_code",
    "debit_account",
)
"""`record` is `transfer` or `total`; `count` is the line's position, in the total how many there are; the total's
`end_to_end_id` is the file's own message id, and its amount the control sum."""


def parts(file: BankFile, lines: Iterable[BankLine]) -> Iterator[bytes]:
    """The file, a line at a time."""
    yield _line(COLUMNS)
    day, bank, account = file.execution_date.isoformat(), file.account.bank, file.account.number
    for position, line in enumerate(lines, 1):
        yield _line(
            (
                "transfer",
                position,
                line.end_to_end_id,
                bank_text(line.payee, NAME_LENGTH),
                line.account.bank,
                line.account.number,
                file.amount(line.amount),
                file.currency,
                bank_text(line.remittance, REMITTANCE_LENGTH),
                day,
                bank,
                account,
            )
        )
    total = file.amount(file.control_sum)
    debtor = bank_text(file.debtor, NAME_LENGTH)
    yield _line(
        ("total", file.line_count, file.message_id, debtor, "", "", total, file.currency, "", day, bank, account)
    )


def _line(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()
