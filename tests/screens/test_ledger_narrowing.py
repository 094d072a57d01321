"""Narrowing the cash book on its screen: periods in words, amounts, all at once, the totals below, widening again."""

from __future__ import annotations

from datetime import date

import cash_book
import pytest
from cash_book import Line
from desk_app import demo_company, press, running, screen_text, type_text, until
from settable_clock import SettableClock
from slow_desk import SlowDesk, begun
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.screens.ledger import LedgerScreen
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_prompts import AmountPrompt
from pettycash_tui.screens.ledger_totals_bar import TotalsBar
from pettycash_tui.screens.period import Period, parse_period
from pettycash_tui.services import ledger_totals
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput

TODAY = date(2026, 3, 14)  # a Saturday
LINES = [
    Line(-450_000, date(2026, 3, 3), "Fuel, Total"),
    Line(-60_000, date(2026, 4, 1), "Taxi [b]home[/b]"),
    Line(100_000, date(2026, 4, 1), "From the bank"),
    Line(-5_000, date(2026, 4, 2), "Counted short", kind="adjustment"),
]


@pytest.fixture
def desk_of_lines(sqlite_desk: Desk, clock: SettableClock) -> Desk:
    """A desk on 2 April 2026 whose fund NBI has an opening entry of March and four more."""
    demo_company(sqlite_desk)
    cash_book.write(sqlite_desk, "NBI", LINES)
    clock.advance(days=31)
    return sqlite_desk


def bar(pilot: Pilot[None]) -> list[str]:
    """The words of the lines below the book."""
    return [" ".join(line.split()) for line in pilot.app.screen.query_one(TotalsBar).text.splitlines()]


def sequence(pilot: Pilot[None]) -> int:
    row = pilot.app.screen.query_one(CashBook).cursor_row
    assert row is not None
    return int(row.value.sequence)


def shown(pilot: Pilot[None]) -> list[int]:
    return [row.value.sequence for row in pilot.app.screen.query_one(CashBook).rows_in_view]


async def comes_to(pilot: Pilot[None], lines: list[str]) -> None:
    """Wait until everything shown is counted, and comes to this."""
    await until(pilot, lambda: bar(pilot) == lines)


async def choose(pilot: Pilot[None], key: str, typed: str) -> None:
    """Open a prompt, and give it a line in place of what it holds."""
    await press(pilot, key)
    pilot.app.screen.query_one(Input).value = typed
    await press(pilot, "enter")


async def test_the_totals_below_the_book_follow_what_is_shown(desk_of_lines: Desk) -> None:
    async with running(desk_of_lines, "branch_manager", go="ledger") as pilot:
        await comes_to(pilot, ["5 entries 5,150.00 101,000.00 95,850.00"])
        await choose(pilot, "p", "this month")
        assert "Shown: 2026-04  (esc shows all)" in screen_text(pilot)
        await comes_to(pilot, ["Brought forward 95,500.00", "3 entries 650.00 1,000.00 95,850.00"])
        await press(pilot, "t")
        await comes_to(pilot, ["1 entry shown 600.00 0.00", "Net -600.00"])
        assert shown(pilot) == [3]
        await press(pilot, "t")
        await comes_to(pilot, ["1 entry shown 0.00 1,000.00", "Net +1,000.00"])
        await press(pilot, "t")
        await comes_to(pilot, ["1 entry shown 50.00 0.00", "Net -50.00"])
        assert shown(pilot) == [5]


async def test_the_totals_stand_under_the_columns_they_sum_up(desk_of_lines: Desk) -> None:
    for size in ((80, 24), (120, 40), (200, 60)):
        async with running(desk_of_lines, "branch_manager", go="ledger", size=size) as pilot:
            await until(pilot, lambda pilot=pilot: "5 entries" in screen_text(pilot))
            lines = screen_text(pilot).splitlines()
            head = next(line for line in lines if "Paid out" in line)
            total = next(line for line in lines if "5 entries" in line)
            last = next(line for line in lines if "Counted short" in line)
            for title in ("Paid out", "Balance"):
                end = head.index(title) + len(title)
                assert total[:end].endswith(("5,150.00", "95,850.00")) and last[:end].endswith(("50.00", "95,850.00"))


async def test_wider_windows_show_where_an_entry_comes_from(desk_of_lines: Desk) -> None:
    heads = {}
    for width in (80, 120, 200):
        async with running(desk_of_lines, "branch_manager", go="ledger", size=(width, 30)) as pilot:
            heads[width] = next(line for line in screen_text(pilot).splitlines() if "Paid out" in line)
    assert "Voucher" not in heads[80] and "No" in heads[80]
    assert "Voucher" in heads[120] and "Payment" in heads[120] and "Against" not in heads[120]
    assert all(title in heads[200] for title in ("Voucher", "Payment", "Requisition", "Written by", "Against"))


async def test_amounts_narrow_it_and_what_is_no_amount_is_told_beside_the_field(desk_of_lines: Desk) -> None:
    async with running(desk_of_lines, "branch_manager", go="ledger") as pilot:
        await choose(pilot, "a", "lots")
        assert isinstance(pilot.app.screen, AmountPrompt)
        assert "✖ Must be an amount in ordinary digits" in screen_text(pilot)
        await press(pilot, "escape")
        assert shown(pilot) == [1, 2, 3, 4, 5]
        for typed, words, found in (
            ("600", "600.00", [3]),
            ("500..1k", "500.00 to 1,000.00", [3, 4]),
            (">4499", "from 4,499.01", [1, 2]),
            ("<=600", "up to 600.00", [3, 5]),
        ):
            await choose(pilot, "a", typed)
            assert f"Shown: {words}  (esc" in screen_text(pilot) and shown(pilot) == found
        await press(pilot, "a")
        assert pilot.app.screen.query_one(Input).value == "..600.00", "it can be changed as it was typed"
        await press(pilot, "escape")


async def test_all_of_them_narrow_together_and_esc_shows_all_with_the_cursor_on_its_entry(desk_of_lines: Desk) -> None:
    async with running(desk_of_lines, "branch_manager", go="ledger") as pilot:
        await press(pilot, "t")
        await choose(pilot, "p", "2026")
        await choose(pilot, "a", "100..")
        await press(pilot, "slash")
        await type_text(pilot, "HOME")
        await until(pilot, lambda: "paid out · 2026 · from 100.00 · “HOME”" in screen_text(pilot))
        assert shown(pilot) == [3] and "Taxi [b]home[/b]" in screen_text(pilot)
        await press(pilot, "enter", "escape")
        assert "Shown:" not in screen_text(pilot) and shown(pilot) == [1, 2, 3, 4, 5]
        assert sequence(pilot) == 3
        assert isinstance(pilot.app.screen, LedgerScreen)
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, LedgerScreen)


async def test_a_filter_that_matches_nothing_says_so_and_how_to_widen_it(desk_of_lines: Desk) -> None:
    async with running(desk_of_lines, "branch_manager", go="ledger") as pilot:
        await choose(pilot, "p", "2025-01..2025-02")
        assert "No entry matches; esc shows all." in screen_text(pilot)
        await comes_to(pilot, ["Brought forward 0.00", "0 entries 0.00 0.00 0.00"])
        await press(pilot, "escape")
        assert shown(pilot) == [1, 2, 3, 4, 5]


async def test_amounts_are_never_cut_at_80_columns(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    huge = 999_999_999_900 - 10_000_000
    cash_book.write(sqlite_desk, "NBI", [Line(huge, date(2026, 3, 2)), Line(-999_999_999_900, date(2026, 3, 2), "All")])
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        row = next(line for line in screen_text(pilot).splitlines() if "All" in line)
        assert row.split()[-2:] == ["9,999,999,999.00", "0.00"]
        row = next(line for line in screen_text(pilot).splitlines() if "Fuel" in line)
        assert row.split()[-2:] == ["9,999,899,999.00", "9,999,999,999.00"]
        await comes_to(pilot, ["3 entries 9,999,999,999.00 9,999,999,999.00 0.00"])
        assert "…" not in bar(pilot)[0]


async def test_counting_says_so_never_holds_the_keys_and_ends_with_its_filter(
    desk_of_lines: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_totals, "SLICE", 1)
    slow = SlowDesk(desk_of_lines, monkeypatch)
    async with running(desk_of_lines, "branch_manager", go="ledger") as pilot:
        with slow.slow():
            await pilot.press("t")
            await begun(pilot, slow)
            assert bar(pilot) == ["counting…"]
            await pilot.press("up", "t", "t", "t")
            await pilot.pause()
            assert "Shown:" not in screen_text(pilot)
        await comes_to(pilot, ["5 entries 5,150.00 101,000.00 95,850.00"])


# -- periods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("today", "2026-03-14..2026-03-14"),
        ("Yesterday", "2026-03-13..2026-03-13"),
        ("fri", "2026-03-13..2026-03-13"),
        ("-3d..today", "2026-03-11..2026-03-14"),
        ("this week", "2026-03-09..2026-03-15"),
        ("last week", "2026-03-02..2026-03-08"),
        (" this  month ", "2026-03-01..2026-03-31"),
        ("last month", "2026-02-01..2026-02-28"),
        ("this year", "2026-01-01..2026-12-31"),
        ("last year", "2025-01-01..2025-12-31"),
        ("last month..today", "2026-02-01..2026-03-14"),
        ("yesterday..", "2026-03-13.."),
        ("2025", "2025-01-01..2025-12-31"),
    ],
)
def test_periods_are_read_in_words(typed: str, text: str) -> None:
    assert parse_period(typed, TODAY).text == text


def test_words_need_the_companys_day() -> None:
    with pytest.raises(InvalidInput):
        parse_period("today")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2026", "2026"),
        ("2026-02", "2026-02"),
        ("2026-02-03", "2026-02-03"),
        ("2026-02-03..2026-02-04", "2026-02-03..2026-02-04"),
        ("2026-02..", "from 2026-02-01"),
        ("..2026-02", "until 2026-02-28"),
    ],
)
def test_a_period_is_said_as_short_as_it_can_be(typed: str, words: str) -> None:
    assert parse_period(typed).words == words
    assert Period().words == ""
