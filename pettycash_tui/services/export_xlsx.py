"""Writing rows as an XLSX workbook: text as text, amounts and dates as numbers with their format, one sheet or more.

The library is imported when a workbook is written: it costs more than the rest of a command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from pettycash_tui.models.money import Money, currency_decimals
from pettycash_tui.models.text import printable
from pettycash_tui.services.export_csv import begins_a_formula
from pettycash_tui.services.export_request import ExportColumn, ValueKind, Values

ROWS_OF_A_SHEET = 1_048_576
"""What Excel opens, the heading included; more rows go on a further sheet."""

_LONGEST_SHEET_NAME = 31
_FORMATS = {ValueKind.DATE: "yyyy-mm-dd", ValueKind.MOMENT: "yyyy-mm-dd hh:mm:ss", ValueKind.INTEGER: "0"}
_WIDTHS = {ValueKind.DATE: 11, ValueKind.MOMENT: 19, ValueKind.INTEGER: 9, ValueKind.MONEY: 15, ValueKind.TEXT: 20}


class XlsxFile:
    """Rows as they come, in constant memory: parts lie in `folder` (by default the system's) until they are packed."""

    def __init__(
        self,
        file: BinaryIO,
        title: str,
        columns: Sequence[ExportColumn],
        zone: ZoneInfo,
        *,
        folder: Path | None,
        check: Callable[[], None],
    ) -> None:
        from xlsxwriter import Workbook

        self._parts = TemporaryDirectory(prefix=".parts-", dir=folder, ignore_cleanup_errors=True)
        options = {
            "constant_memory": True,
            "tmpdir": self._parts.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._file = _Watched(file, check)
        self._book: Any = Workbook(self._file, options)
        self._book.use_zip64()
        self._title = "".join(c for c in printable(title) if c not in "[]:*?/\\'")
        self._columns = tuple(columns)
        self._zone = zone
        self._heading = self._book.add_format({"bold": True})
        self._as_text = self._book.add_format({"quote_prefix": True})
        self._plain = {kind: self._book.add_format({"num_format": format}) for kind, format in _FORMATS.items()}
        self._money: dict[str, Any] = {}
        self.sheets = 0
        self._row = ROWS_OF_A_SHEET
        self._sheet: Any = None
        self._next_sheet()

    def write(self, rows: Sequence[Values]) -> None:
        """Add rows."""
        for values in rows:
            if self._row >= ROWS_OF_A_SHEET:
                self._next_sheet()
            self._write_row(values)
            self._row += 1

    def finish(self) -> None:
        """Pack the workbook; the file itself stays open."""
        from xlsxwriter.exceptions import FileCreateError

        self._end_sheet()
        try:
            self._book.close()
        except FileCreateError as error:
            raise self._file.trouble or OSError(str(error)) from error
        finally:
            self._parts.cleanup()

    def abandon(self) -> None:
        """Let go of a file that will not be kept."""
        self._file.give_up()
        self._parts.cleanup()

    def _next_sheet(self) -> None:
        if self._sheet is not None:
            self._end_sheet()
        self.sheets += 1
        number = f" {self.sheets}" if self.sheets > 1 else ""
        self._sheet = self._book.add_worksheet(self._title[: _LONGEST_SHEET_NAME - len(number)] + number)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            title = f"{column.title} ({self._zone.key})" if column.kind is ValueKind.MOMENT else column.title
            self._sheet.set_column(place, place, max(_WIDTHS[column.kind], len(title) + 3))
            self._sheet.write_string(0, place, title, self._heading)
        self._row = 1

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _write_row(self, values: Values) -> None:
        sheet, row = self._sheet, self._row
        for place, value in enumerate(values):
            if value is None or value == "":
                continue
            if isinstance(value, str):
                self._write_text(row, place, value)
            elif isinstance(value, Money):
                sheet.write_number(row, place, value.decimal, self._money_format(value.currency))
            elif isinstance(value, int):
                sheet.write_number(row, place, value, self._plain[ValueKind.INTEGER])
            elif isinstance(value, datetime):
                moment = value.astimezone(self._zone).replace(tzinfo=None, microsecond=0)
                sheet.write_datetime(row, place, moment, self._plain[ValueKind.MOMENT])
            else:
                sheet.write_datetime(row, place, value, self._plain[ValueKind.DATE])

    def _write_text(self, row: int, place: int, value: str) -> None:
        text = printable(value, multiline=True)
        if text.startswith("<r>") and text.endswith("</r>"):
            # The library writes such a text into the sheet as it is, taking it for its own formatted text.
            text += " "
        # Marked as text, or it would become a formula when somebody edits the cell.
        self._sheet.write_string(row, place, text, self._as_text if begins_a_formula(text) else None)

    def _money_format(self, currency: str) -> Any:
        found = self._money.get(currency)
        if found is None:
            decimals = currency_decimals(currency)
            pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
            found = self._money[currency] = self._book.add_format({"num_format": pattern})
        return found


class _Watched:
    """The file that the library packs into: asks at each write whether to go on, and is dead after the first trouble.

    The library's archive writes its end once more when it is collected, and an error there could only be printed.
    """

    def __init__(self, file: BinaryIO, check: Callable[[], None]) -> None:
        self._file: BinaryIO | None = file
        self._check = check
        self.trouble: OSError | None = None

    def give_up(self) -> None:
        """Take nothing any more."""
        self._file = None

    def write(self, data: bytes) -> int:
        if self._file is None:
            return len(data)
        try:
            self._check()
            return self._file.write(data)
        except OSError as error:
            self.trouble = error
            self._file = None
            raise
        except BaseException:
            self._file = None
            raise

    def tell(self) -> int:
        return 0 if self._file is None else self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0 if self._file is None else self._file.seek(offset, whence)

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()
