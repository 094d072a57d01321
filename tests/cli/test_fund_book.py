"""`pettycash fund export` and `fund statement`: files, stdout, documents, and what is refused with which words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import cash_book
import pytest
from cash_book import Line
from cli_answer import Run
from cli_company import Company, trading
from pypdf import PdfReader
from rich.cells import cell_len
from settable_clock import SettableClock

from pettycash_tui.services.desk import Desk

LINES = [
    Line(-450_000, date(2026, 3, 3), "Fuel, Total"),
    Line(
        -60_000,
        date(2026, 3, 31),
        "株式会社ハラダ: 🚚 a description that has no room on a line of the statement",
    ),
    Line(100_000, date(2026, 4, 1), "From the bank"),
    Line(-100, date(2026, 4, 30), "=CMD()"),
]


@pytest.fixture
def company(
    run: Run, database_address: str, desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Company:
    made = trading(run, database_address, desk, clock, monkeypatch)
    cash_book.write(desk, "NBI", LINES)
    return made


def test_an_export_goes_to_a_file_or_to_stdout(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "nbi.beancount"
    document = company.done("cfo", "fund", "export", "NBI", "--format", "beancount", "--output", str(path))
    assert (document["rows"], document["format"], document["path"]) == (5, "beancount", str(path))
    assert path.stat().st_size == document["size"]
    again = company.plain("cfo", "fund", "export", "NBI", "--format", "beancount", "--output", str(path))
    assert again.code == 3 and "--replace" in again.err
    told = company.plain("cfo", "fund", "export", "NBI", "--from", "2026-04-01", "--to", "2026-04-30").out
    assert len(told.strip().splitlines()) == 3 and "'=CMD()" in told


def test_what_an_export_refuses(company: Company) -> None:
    for options, words in (
        (("--format", "pdf"), "must be one of csv, xlsx, beancount, hledger, ofx"),
        (("--from", "2026-04-02", "--to", "2026-04-01"), "must be 2026-04-02 or later"),
        (("--replace",), "goes with --output"),
    ):
        answer = company.plain("cfo", "fund", "export", "NBI", *options)
        assert answer.code == 2 and words in " ".join(answer.err.split())
    assert company.plain("staff", "fund", "export", "NBI").code == 5


def test_a_statement_has_opening_movements_and_closing(company: Company, clock: SettableClock) -> None:
    lines = company.plain("cfo", "fund", "statement", "NBI", "--period", "2026-03").out.splitlines()
    assert max(map(cell_len, lines)) <= 78
    assert lines[4].split()[:2] == ["Opening", "balance"]
    movements = [line for line in lines if line.startswith("2026-03-") and " to " not in line]
    assert [line.split()[-1] for line in movements][-1] == lines_with(lines, "Closing balance").split()[-1]
    assert "4,500.00" in movements[1] and "600.00" in movements[2]
    clock.advance(days=60)
    document = company.done("cfo", "fund", "statement", "NBI", "--period", "2026-04")
    head, rows = document["statement"], document["movements"]
    assert (head["period"], head["entries"], head["paid_in"], head["paid_out"]) == ("2026-04", 2, "1000.00", "1.00")
    assert [row["amount"] for row in rows] == ["1000.00", "-1.00"]
    assert rows[-1]["balance_after"] == head["closing_balance"]
    assert sum(account["entries"] for account in head["accounts"]) == 2


def lines_with(lines: list[str], words: str) -> str:
    return next(line for line in lines if words in line)


def test_a_statement_as_pdf_is_read_back(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "nbi.pdf"
    company.done("cfo", "fund", "statement", "NBI", "--period", "2026-03", "--format", "pdf", "--output", str(path))
    (page,) = PdfReader(path).pages
    text = page.extract_text()
    assert "STATEMENT OF FUND NBI" in text and "4,500.00" in text and "page 1" in text
    assert "?? ??" not in text.split("\n")[0]


def test_a_long_statement_has_numbered_pages_with_headings(company: Company, desk: Desk, tmp_path: Path) -> None:
    cash_book.write(desk, "NBI", [Line(-100, date(2026, 3, 4), f"Stamps (no. {i}) — 5 € \\") for i in range(150)])
    path = tmp_path / "nbi.pdf"
    company.done("cfo", "fund", "statement", "NBI", "--period", "2026-03", "--format", "pdf", "--output", str(path))
    document = PdfReader(path, strict=True)
    assert document.metadata is not None and "fund NBI, 2026-03" in (document.metadata.title or "")
    pages = [page.extract_text() for page in document.pages]
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert f"2026-03, page {number}" in page and "What for" in page
    assert sum(page.count("Stamps (no. ") for page in pages) == 150
    assert "Stamps (no. 149) — 5 € \\" in "".join(pages)
    assert "Closing balance" in pages[-1]


def test_a_month_is_typed_as_a_month(company: Company) -> None:
    for period in ("2026-13", "2026-1", "11-2026", "２０２６-11", "0000-01"):
        answer = company.plain("cfo", "fund", "statement", "NBI", "--period", period)
        assert answer.code == 2 and "must be a month such as 2026-11" in " ".join(answer.err.split())


def test_a_month_that_has_not_begun_has_no_statement(company: Company) -> None:
    answer = company.plain("cfo", "fund", "statement", "NBI", "--period", "2031-01")
    assert answer.code == 2 and "must have begun" in answer.err
    assert "is missing" in company.plain("cfo", "fund", "statement", "NBI").err
