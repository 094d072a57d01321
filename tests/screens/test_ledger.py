"""The cash book of a fund: many rows, the newest end, funds, filters, an entry in full, asking for money."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import building
import cash_book
import pytest
import story
from cash_book import Line
from desk_app import context_of, demo_company, notices, press, running, screen_text, settled, type_text, until
from large_ledger import fill
from settable_clock import SettableClock
from slow_desk import SlowDesk, begun
from sqlalchemy import URL
from textual.pilot import Pilot

from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.entry_window import EntryWindow
from pettycash_tui.screens.ledger import LedgerScreen
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_source import LedgerSource
from pettycash_tui.screens.period import Period, parse_period
from pettycash_tui.screens.period_prompt import PeriodPrompt
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.replenishment_window import ReplenishmentWindow
from pettycash_tui.services import funds, ledger_views, ledger_walk, replenishment_views, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.services.ledger_views import EntryFilter
from pettycash_tui.widgets.paging import Place, Seek

MANY = 200_000


@pytest.fixture
def large_desk(sqlite_desk: Desk, sqlite_url: URL) -> Callable[[int], Desk]:
    """A desk whose fund NBI has that many entries."""

    def filled(rows: int) -> Desk:
        demo_company(sqlite_desk)
        fund_id = building.id_of(sqlite_desk, "treasury_fund", "NBI")
        fill(sqlite_url, fund_id, rows)
        return sqlite_desk

    return filled


def screen_of(pilot: Pilot[None]) -> LedgerScreen:
    screen = pilot.app.screen
    assert isinstance(screen, LedgerScreen)
    return screen


def book_of(pilot: Pilot[None]) -> CashBook:
    return screen_of(pilot).query_one(CashBook)


def sequence(pilot: Pilot[None]) -> int:
    """The number of the entry under the cursor."""
    row = book_of(pilot).cursor_row
    assert row is not None
    number: int = row.value.sequence
    return number


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the pages that were read."""
    read: list[int] = []
    entries_from = ledger_views.entries_from

    def counting(*args: object, **options: object) -> object:
        found = entries_from(*args, **options)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(ledger_views, "entries_from", counting)
    return read


async def test_many_entries_open_at_the_newest_with_few_pages_and_jump_to_both_ends(
    large_desk: Callable[[int], Desk], pages: list[int]
) -> None:
    desk = large_desk(MANY)
    async with running(desk, "treasury") as pilot:
        pages.clear()
        began = time.monotonic()
        await press(pilot, "5")
        if sequence_of_fund(pilot) != "NBI":
            await choose(pilot, "NBI")
        assert time.monotonic() - began < 3
        assert sequence(pilot) == MANY
        assert "200000  2021-" in screen_text(pilot) and "✔ above its reorder level" in screen_text(pilot)
        assert len(pages) <= 4 and sum(pages) <= 303
        await press(pilot, "home")
        assert sequence(pilot) == 1 and "Opening balance" in screen_text(pilot)
        await press(pilot, "end")
        assert sequence(pilot) == MANY
        await press(pilot, "pageup")
        assert sequence(pilot) < MANY
        book_of(pilot).move_to(99_999)
        await settled(pilot)
        assert sequence(pilot) == 100_000 and "100000  2020-" in screen_text(pilot)
        assert len(pages) <= 12 and sum(pages) <= 1500
        await press(pilot, "slash")
        await type_text(pilot, "needle")
        await until(pilot, lambda: "77777" in screen_text(pilot))
        assert "Shown: “needle”" in screen_text(pilot)
        assert sequence(pilot) == 77_777
        await press(pilot, "escape")
        assert sequence(pilot) == MANY


def sequence_of_fund(pilot: Pilot[None]) -> str:
    fund = screen_of(pilot).fund
    return fund.code if fund else ""


async def choose(pilot: Pilot[None], code: str) -> None:
    await press(pilot, "o")
    assert isinstance(pilot.app.screen, ChoicePrompt)
    await type_text(pilot, code)
    await press(pilot, "enter")


async def a_small_book(desk: Desk) -> tuple[str, str]:
    """Two payments out of fund NBI; their numbers."""
    people = demo_company(desk)
    numbers = [
        story.approved(desk, people["staff"], amount, payee=payee)
        for amount, payee in (("4500", "Total [b]Energies[/b]"), ("60000", "Tyre Centre"))
    ]
    for number in numbers:
        story.pay(desk, number)
    return numbers[0], numbers[1]


async def test_the_cash_book_shows_paid_out_paid_in_and_balance_under_the_level_of_its_fund(
    sqlite_desk: Desk,
) -> None:
    await a_small_book(sqlite_desk)
    async with running(sqlite_desk, "branch_manager", go="ledger", size=(120, 30)) as pilot:
        assert sequence_of_fund(pilot) == "NBI", "the fund of one's own branch"
        text = screen_text(pilot)
        assert "! below its reorder level" in text
        assert "Balance KES 35,500.00 · held 0.00 · available 35,500.00" in text
        assert "Reorder 50,000.00 · target 200,000.00" in text
        rows = [line.split() for line in text.splitlines()]
        opening = next(row for row in rows if "Opening" in row)
        assert opening[-2:] == ["100,000.00", "100,000.00"]
        out = next(row for row in rows if "Total" in row)
        assert "[b]Energies[/b]:" in out and out[-2:] == ["4,500.00", "95,500.00"]
        assert any(word.startswith("PCV-NBI-2026-") for word in out)
        assert sequence(pilot) == 3


async def test_an_entry_opens_in_full_and_esc_returns_to_its_line(sqlite_desk: Desk) -> None:
    first, _ = await a_small_book(sqlite_desk)
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "k", "enter")
        assert isinstance(pilot.app.screen, EntryWindow)
        told = pilot.app.screen.text
        for expected in (first, "REQ-000001", "JNL-NBI-", "Against", "5000 General expenses", "PCV-NBI-2026-", "by T"):
            assert expected in told
        await press(pilot, "escape")
        assert sequence(pilot) == 2


async def test_type_period_and_text_narrow_it(sqlite_desk: Desk, clock: SettableClock) -> None:
    people = demo_company(sqlite_desk)
    story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "100", payee="March Ltd"))
    clock.advance(days=40)
    story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "200", payee="April Ltd"))
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "t")
        assert "Shown: paid out" in screen_text(pilot) and "Opening balance" not in screen_text(pilot)
        await press(pilot, "t")
        assert "Shown: paid in" in screen_text(pilot) and "Opening balance" in screen_text(pilot)
        await press(pilot, "t")
        assert "No entry matches" in screen_text(pilot)
        await press(pilot, "t", "p")
        assert isinstance(pilot.app.screen, PeriodPrompt)
        await type_text(pilot, "April")
        await press(pilot, "enter")
        assert "Must be a month (2026-03)" in screen_text(pilot)
        pilot.app.screen.query_one("Input").value = "2026-04"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "Shown: 2026-04  (esc shows all)" in text and "April Ltd" in text and "March Ltd" not in text
        await press(pilot, "slash")
        await type_text(pilot, "march")
        await until(pilot, lambda: "No entry matches" in screen_text(pilot))


async def test_f_goes_through_the_funds_that_one_may_read(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        seen = [sequence_of_fund(pilot)]
        for _ in range(3):
            await press(pilot, "f")
            seen.append(sequence_of_fund(pilot))
        assert seen == ["HQ", "MSA", "NBI", "HQ"]
        await press(pilot, "F")
        assert sequence_of_fund(pilot) == "NBI" and "NBI" in screen_text(pilot).splitlines()[1]
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "f")
        assert sequence_of_fund(pilot) == "NBI"
        assert "no other fund" in notices(pilot)[-1]


async def test_asking_for_money_repeats_the_amount_and_is_offered_by_right(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        await choose(pilot, "NBI")
        await press(pilot, "R")
        assert isinstance(pilot.app.screen, ConfirmPrompt)
        assert "KES 100,000.00 for fund NBI" in screen_text(pilot)
        await press(pilot, "escape", "R", "y")
        made = sqlite_desk.read(people["cfo"], replenishment_views.list_replenishments).items
        assert [(each.fund.code, each.requested_amount) for each in made] == [("NBI", Money(10_000_000, "KES"))]
        assert made[0].number in notices(pilot)[-1]
        await press(pilot, "R")
        assert isinstance(pilot.app.screen, ReplenishmentWindow), "it is asked for once, and then shown"
        assert f"Replenishment {made[0].number}" in screen_text(pilot)
        await press(pilot, "escape", "f")
        assert sequence_of_fund(pilot) == "HQ"
        await press(pilot, "R")
        assert "is at its target" in notices(pilot)[-1]
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "R")
        assert isinstance(pilot.app.screen, LedgerScreen)


async def test_a_slow_database_leaves_the_keys_alive(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    demo_company(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "treasury") as pilot:
        with slow.slow():
            await pilot.press("5")
            await begun(pilot, slow)
            await pilot.press("f", "t", "R", "p")
            await pilot.pause()
            assert isinstance(pilot.app.screen, PeriodPrompt)
            await pilot.press("escape", "4")
            await pilot.pause()
            assert not isinstance(pilot.app.screen, LedgerScreen)
        await settled(pilot)
        await press(pilot, "5")
        assert sequence_of_fund(pilot) == "HQ" and "Shown: paid out" in screen_text(pilot)


def test_a_filtered_book_pages_both_ways_without_positions(large_desk: Callable[[int], Desk]) -> None:
    context = context_of(large_desk(1000), "treasury")
    fund = context.read(funds.show, "NBI")
    source = LedgerSource(context, fund, EntryFilter(entry_type=EntryType.CREDIT))
    assert not source.dense and source.count() == 101
    last = source.page(Seek(Place.LAST), 50)
    assert [row.cursor for row in last.rows] == list(range(510, 1001, 10))
    assert (last.before, last.after, last.position) == (True, False, None)
    before = source.page(Seek(Place.BEFORE, last.rows[0].cursor), 60)
    assert [row.cursor for row in before.rows] == [1, *range(10, 501, 10)]
    assert (before.before, before.after) == (False, True)
    after = source.page(Seek(Place.AFTER, before.rows[-1].cursor), 10)
    assert [row.cursor for row in after.rows] == list(range(510, 601, 10))
    assert (after.before, after.after) == (True, True)
    assert LedgerSource(context, fund, EntryFilter(search="van")).count() is None
    assert LedgerSource(context, fund, EntryFilter(least=1)).count() is None
    dense = LedgerSource(context, fund, EntryFilter())
    assert dense.page(Seek(Place.AT, position=499), 2).position == 499


def test_a_period_is_one_run_with_positions_of_its_own(large_desk: Callable[[int], Desk]) -> None:
    context = context_of(large_desk(2000), "treasury")
    fund = context.read(funds.show, "NBI")
    day = date(2020, 1, 2)  # entries 500 to 999, 500 each day
    source = LedgerSource(context, fund, EntryFilter(from_date=day, to_date=day))
    assert source.count() == 500 and source.dense
    last = source.page(Seek(Place.LAST), 50)
    assert [last.rows[0].cursor, last.rows[-1].cursor] == [950, 999]
    assert (last.before, last.after, last.position) == (True, False, 450)
    first = source.page(Seek(Place.FIRST), 50)
    assert [first.rows[0].cursor, first.position, first.before, first.after] == [500, 0, False, True]
    middle = source.page(Seek(Place.AT, position=100), 50)
    assert [middle.rows[0].cursor, middle.position, middle.before, middle.after] == [600, 100, True, True]
    beyond = source.page(Seek(Place.AFTER, 999), 50)
    assert (beyond.rows, beyond.after) == ((), False)
    none = LedgerSource(context, fund, EntryFilter(from_date=date(2019, 1, 1), to_date=date(2019, 1, 2)))
    assert none.page(Seek(Place.LAST), 50).rows == () and none.count() == 0 and not none.dense


@pytest.mark.parametrize("patience", [0, 5])
def test_a_text_is_walked_in_steps_that_pages_go_on_from(
    large_desk: Callable[[int], Desk], monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    monkeypatch.setattr("pettycash_tui.screens.ledger_source.PATIENCE", patience)
    desk = large_desk(3000)
    context = context_of(desk, "treasury")
    fund = context.read(funds.show, "NBI")
    step, looked = ledger_walk.step, 0

    def short(*args: Any, **options: Any) -> Any:
        nonlocal looked
        looked += 1
        return step(*args, most=100, **options)

    monkeypatch.setattr(ledger_walk, "step", short)
    wanted = [n for n in range(2, 3001) if "van 7" in f"Fuel for van {n}"]
    source = LedgerSource(context, fund, EntryFilter(search="van 7"))
    for forwards in (True, False):
        found: list[int] = []
        page = source.page(Seek(Place.FIRST if forwards else Place.LAST), 50)
        while True:
            numbers = [row.cursor for row in page.rows]
            found = [*found, *numbers] if forwards else [*numbers, *found]
            if not (page.after if forwards else page.before):
                break
            edge = found[-1] if forwards else found[0]
            page = source.page(Seek(Place.AFTER if forwards else Place.BEFORE, edge), 50)
            assert page.rows or not (page.after if forwards else page.before), "a page with nothing is the last"
        assert found == wanted
    assert looked < 80, "what was passed is not looked at again"
    nothing = LedgerSource(context, fund, EntryFilter(search="nothing like it"))
    assert nothing.page(Seek(Place.LAST), 50).rows == ()
    looked = 0
    assert nothing.page(Seek(Place.LAST), 50).rows == () and looked <= 1, "it goes on where it was"
    cash_book.write(desk, "NBI", [Line(-100, date(2026, 5, 1), "Nothing like it")])
    assert [row.cursor for row in nothing.page(Seek(Place.LAST), 50).rows] == [3001]


def test_a_walk_ends_when_its_list_is_no_longer_shown(
    large_desk: Callable[[int], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(large_desk(3000), "treasury")
    source = LedgerSource(context, context.read(funds.show, "NBI"), EntryFilter(search="nothing like it"))
    step, looked = ledger_walk.step, 0

    def stopping(*args: Any, **options: Any) -> Any:
        nonlocal looked
        looked += 1
        if looked == 2:
            source.stop()
        return step(*args, most=100, **options)

    monkeypatch.setattr(ledger_walk, "step", stopping)
    source.page(Seek(Place.LAST), 50)
    assert looked == 2


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("", ""),
        ("2026-02", "2026-02-01..2026-02-28"),
        ("2026-03-14", "2026-03-14..2026-03-14"),
        (" 2026-03-01 .. 2026-03-15 ", "2026-03-01..2026-03-15"),
        ("2026-01..2026-03", "2026-01-01..2026-03-31"),
        ("2026-01..", "2026-01-01.."),
        ("..2026-02", "..2026-02-28"),
    ],
)
def test_a_period_is_read_and_can_be_typed_again(typed: str, text: str) -> None:
    period = parse_period(typed)
    assert period.text == text
    assert parse_period(period.text) == period


@pytest.mark.parametrize(
    "typed", ["march", "2026-13", "2026-03-32", "2026-03-15..2026-03-01", "..", "0000-01", "202603"]
)
def test_what_is_no_period_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_period(typed)
    assert "month (2026-03)" in refused.value.fields["period"]


def test_an_empty_period_shows_everything() -> None:
    assert parse_period("  ") == Period(None, None)


async def test_the_number_of_a_replenishment_stands_first_and_whole(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "45000"))
    asked = sqlite_desk.run(people["treasury"], replenishments.request, "NBI").number
    sqlite_desk.run(people["cfo"], replenishments.approve, asked)
    sqlite_desk.run(people["treasury"], replenishments.complete, asked, "BANK-1")
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        assert f"  {asked}, BANK-1  " in screen_text(pilot)
        await press(pilot, "enter")
        assert f"Replenishment {asked}, BANK-1" in screen_text(pilot)
