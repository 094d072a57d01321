"""Writing a file that a bank takes: one account debited, many paid, with the count and the sum of its lines.

The writers are pure: from a description and its lines to bytes, a part at a time, so that thousands of lines need no
more memory than one. What makes a batch, and when its lines count as paid, is the services' matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pettycash_tui.gateways import bank_csv, pain001
from pettycash_tui.gateways.bank_transfers import BankFile, BankLine
from pettycash_tui.models.enums import BatchFormat

_WRITERS = {BatchFormat.PAIN001: pain001.parts, BatchFormat.CSV: bank_csv.parts}
ENDINGS = {BatchFormat.PAIN001: "xml", BatchFormat.CSV: "csv"}
"""How a file of each layout is named."""


def parts(file: BankFile, lines: Iterable[BankLine], format: BatchFormat) -> Iterator[bytes]:
    """The file's bytes, a part at a time. Raises ValueError when the lines are not what the description says."""
    yield from _WRITERS[format](file, _counted(file, lines))


def _counted(file: BankFile, lines: Iterable[BankLine]) -> Iterator[BankLine]:
    count = total = 0
    for line in lines:
        count, total = count + 1, total + line.amount
        yield line
    if (count, total) != (file.line_count, file.control_sum):
        raise ValueError(f"{count} lines of {total} were written, not {file.line_count} of {file.control_sum}")
