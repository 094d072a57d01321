"""Every export of a company in whose every text somebody with SQL has put what is run: text stays text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import building
import hledger
import openpyxl
import pytest
from beancount import loader
from hostile import MARK, STEERS
from journey import Place
from sqlalchemy import func, select

from pettycash_tui.database import engine as engines
from pettycash_tui.models import tables as t
from pettycash_tui.services import (
    audit,
    book_export,
    export_audit,
    export_desk,
    export_files,
    export_lists,
    export_treasury,
)
from pettycash_tui.services.audit_views import AuditFilter
from pettycash_tui.services.book_export import BookFormat
from pettycash_tui.services.book_formats.rows import COLUMNS
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.export import Format, export
from pettycash_tui.services.export_csv import begins_a_formula
from pettycash_tui.services.export_files import Draft
from pettycash_tui.services.export_request import ExportColumn, ExportRequest, ValueKind
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.ledger_filter import EntryFilter
from pettycash_tui.services.payment_views import PaymentFilter
from pettycash_tui.services.reconciliation_views import ReconciliationFilter
from pettycash_tui.services.requisition_list import RequisitionFilter

LISTS: tuple[Callable[[str], ExportRequest], ...] = (
    lambda _: export_lists.requisitions(RequisitionFilter()),
    lambda _: export_lists.queue(),
    lambda _: export_lists.payments(PaymentFilter()),
    lambda fund: export_lists.ledger(fund, EntryFilter()),
    lambda _: export_audit.events(AuditFilter()),
    lambda _: export_desk.what_waits(),
    lambda _: export_desk.alert_list(),
    lambda _: export_desk.funds(),
    lambda _: export_desk.happened(),
    lambda _: export_treasury.reconciliation(ReconciliationFilter()),
    lambda _: export_treasury.variances(),
    lambda _: export_treasury.transfers(),
    lambda _: export_treasury.replenishments(),
    lambda _: export_treasury.bank_files(),
)


@pytest.fixture
def hostile_desk(hostile_place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk on it. Without the rules, which who put the payloads there has dropped, no event finds its chain."""
    monkeypatch.setattr(audit, "write", lambda *_: None)
    desk = Desk(engines.sqlite_address(hostile_place.home / "pettycash.db"), hostile_place.home)
    yield desk
    desk.close()


def fund_of(desk: Desk) -> str:
    """The fund with the most entries."""
    entry = t.ledger_entry.c.fund_id
    busiest = select(entry).group_by(entry).order_by(func.count().desc()).limit(1)
    return str(desk.read(SYSTEM, lambda reading: reading.execute(busiest).scalar_one()))


def written_to(path: Path, write: Callable[[Draft], object]) -> bytes:
    with export_files.at_path(path, replace=True) as draft:
        write(draft)
    return path.read_bytes()


def test_no_exported_list_holds_a_formula_and_numbers_stay_numbers(hostile_desk: Desk, tmp_path: Path) -> None:
    cfo, fund = building.actor(hostile_desk, "cfo"), fund_of(hostile_desk)
    marks = 0
    for make in LISTS:
        whole = make(fund)
        # A page has every kind of text.
        request = replace(whole, pages=lambda reading, whole=whole: islice(whole.pages(reading), 1), count=None)
        for format in Format:
            content = written_to(
                tmp_path / f"list.{format.value}",
                lambda draft, request=request, format=format: export(hostile_desk, cfo, request, draft, format),
            )
            marks += check_table(request.columns, content, is_workbook=format is Format.XLSX)
    assert marks > 200


@pytest.mark.parametrize("format", list(BookFormat))
def test_a_cash_book_quotes_what_is_not_its_own(hostile_desk: Desk, tmp_path: Path, format: BookFormat) -> None:
    cfo, fund = building.actor(hostile_desk, "cfo"), fund_of(hostile_desk)
    since = hostile_desk.clock().date() - timedelta(days=60)
    content = written_to(
        tmp_path / f"book.{format.ending}",
        lambda draft: book_export.export_book(hostile_desk, cfo, fund, draft, format, from_day=since),
    )
    if format in (BookFormat.CSV, BookFormat.XLSX):
        assert check_table(COLUMNS, content, is_workbook=format is BookFormat.XLSX)
        return
    said = content.decode()
    assert MARK in said
    assert not STEERS.search(said)
    if format is BookFormat.BEANCOUNT:
        entries, errors, _ = loader.load_string(said)
        assert errors == [] and entries
    elif format is BookFormat.HLEDGER:
        assert hledger.check(said)
    else:
        assert ElementTree.fromstring(said).find(".//MEMO") is not None


_NUMBERS = (ValueKind.INTEGER, ValueKind.MONEY)


def check_table(columns: Sequence[ExportColumn], content: bytes, *, is_workbook: bool) -> int:
    """Every number is one; no text steers, and no spreadsheet makes a formula of it or of a part. How many marks."""
    if is_workbook:
        sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
        cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
        assert not any(kind == "f" for row in cells for _, kind in row)
        rows: list[list[Any]] = [[value for value, _ in row] for row in cells]
        # One that is stored as a text is no number to a spreadsheet.
        for row in cells[1:]:
            for column, (value, kind) in zip(columns, row, strict=False):
                assert kind == "n" or value is None or column.kind not in _NUMBERS, (column.key, value, kind)
    else:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    marks = 0
    for row in rows[1:]:
        for column, cell in zip(columns, row, strict=False):
            if cell is None or cell == "":
                continue
            if column.kind in _NUMBERS:
                assert Decimal(str(cell)).is_finite(), (column.key, cell)
            elif isinstance(cell, str):
                assert not STEERS.search(cell), (column.key, cell)
                parts = () if is_workbook else re.split(r"[;\t\n]", cell)
                assert not any(begins_a_formula(part) for part in parts), (column.key, cell)
                marks += MARK in cell
    return marks
