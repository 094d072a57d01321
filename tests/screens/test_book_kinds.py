"""A fund's book for other programs, and its statement of a month: chosen on the cash book, shown, and written."""

from __future__ import annotations

from datetime import date

import cash_book
import pytest
from cash_book import Line
from desk_app import demo_company, press, running, screen_text, type_text, until
from pypdf import PdfReader
from textual.pilot import Pilot

from pettycash_tui.screens import ledger_statement
from pettycash_tui.screens.export_command import book_command
from pettycash_tui.screens.export_prompt import ExportPrompt
from pettycash_tui.screens.ledger_statement import StatementWindow
from pettycash_tui.screens.period import Period
from pettycash_tui.services.book_export import BookFormat
from pettycash_tui.services.desk import Desk

FOLDER = "exports/cfo"


@pytest.fixture
def booked(sqlite_desk: Desk) -> Desk:
    """A desk whose first fund, HQ, has five entries of March and one of February."""
    demo_company(sqlite_desk)
    lines = [Line(-450_000, date(2026, 2, 27), "Before"), *(Line(-100, date(2026, 3, 2), f"[b]{i}") for i in range(4))]
    cash_book.write(sqlite_desk, "HQ", lines)
    return sqlite_desk


def prompt_of(pilot: Pilot[None]) -> ExportPrompt:
    assert isinstance(pilot.app.screen, ExportPrompt)
    return pilot.app.screen


async def test_the_cash_book_is_written_for_other_programs_in_the_period_shown(booked: Desk) -> None:
    async with running(booked, "cfo", go="ledger") as pilot:
        await press(pilot, "p")
        await type_text(pilot, "2026-03")
        await press(pilot, "enter")
        await press(pilot, "E", "down", "left")
        assert "(•) OFX" in prompt_of(pilot).text
        await press(pilot, "left", "left")
        told = prompt_of(pilot).text
        assert "(•) BEANCOUNT" in told and "(•) every entry of HQ, 2026-03" in told
        assert "book-HQ-2026-03-01-2026-03-31.beancount" in told
        await press(pilot, "enter")
        assert "✔ 5 rows, " in prompt_of(pilot).text
    [path] = (booked.home / FOLDER).iterdir()
    assert path.read_text().count("\n2026-03-02 * ") == 5


async def test_marked_rows_are_of_the_list_only(booked: Desk) -> None:
    async with running(booked, "cfo", go="ledger") as pilot:
        await press(pilot, "space", "E", "down", "right", "right")
        assert "(•) BEANCOUNT" in prompt_of(pilot).text and "only the marked" not in prompt_of(pilot).text
        await press(pilot, "enter")
        assert "✔ 6 rows, " in prompt_of(pilot).text


async def test_a_statement_is_shown_and_written_as_pdf(booked: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_statement, "MOST_SHOWN", 3)
    async with running(booked, "cfo", go="ledger") as pilot:
        await press(pilot, "T", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StatementWindow))
        window = pilot.app.screen
        assert isinstance(window, StatementWindow)
        assert "STATEMENT OF FUND HQ" in window.text and "[b]1" in window.text and "[b]2" not in window.text
        assert "2 movements more" in window.text and "Closing balance" in window.text
        assert "E exports" in screen_text(pilot)
        await press(pilot, "E", "down", "right")
        assert "(•) the whole statement of 2026-03" in prompt_of(pilot).text
        await press(pilot, "enter")
        assert "✔ 5 rows, " in prompt_of(pilot).text
        await press(pilot, "escape")
        assert pilot.app.screen is window
    [path] = (booked.home / FOLDER).iterdir()
    assert path.name == "statement-HQ-2026-03.pdf"
    assert "[b]3" in PdfReader(path).pages[0].extract_text()


async def test_a_month_before_is_chosen_by_what_one_types(booked: Desk) -> None:
    async with running(booked, "cfo", go="ledger") as pilot:
        await press(pilot, "T")
        await type_text(pilot, "2026-02")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StatementWindow))
        window = pilot.app.screen
        assert isinstance(window, StatementWindow)
        assert "Before" in window.text and "1 movement)" in window.text and "Held" not in window.text


def test_the_command_is_one_that_can_be_typed() -> None:
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    assert book_command("NBI", BookFormat.HLEDGER, march) == (
        "pettycash fund export NBI --format hledger --from 2026-03-01 --to 2026-03-31 > book-NBI.journal"
    )
    assert book_command("NBI", BookFormat.OFX, Period()) == "pettycash fund export NBI --format ofx > book-NBI.ofx"
