"""Going about in the cash book: to a number, a day or a document, into an entry and what it comes from, and back."""

from __future__ import annotations

from datetime import date, timedelta

import cash_book
import pytest
import story
from cash_book import Line
from desk_app import demo_company, notices, press, running, screen_text, type_text, until
from textual.pilot import Pilot

from pettycash_tui.screens.entry_window import EntryWindow
from pettycash_tui.screens.ledger import LedgerScreen
from pettycash_tui.screens.ledger_book import CashBook
from pettycash_tui.screens.ledger_prompts import JumpPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import signin
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.plain import Field

FIRST = date(2026, 3, 2)


def lines(count: int) -> list[Line]:
    """Lines of one shilling, five each day, every tenth paid in."""
    return [Line(900 if n % 10 == 0 else -100, FIRST + timedelta(days=n // 5), f"Line {n + 2}") for n in range(count)]


@pytest.fixture
def long_book(sqlite_desk: Desk) -> Desk:
    """A desk whose fund NBI has 401 entries."""
    demo_company(sqlite_desk)
    cash_book.write(sqlite_desk, "NBI", lines(400))
    return sqlite_desk


def book(pilot: Pilot[None]) -> CashBook:
    return pilot.app.screen.query_one(CashBook)


def sequence(pilot: Pilot[None]) -> int:
    row = book(pilot).cursor_row
    assert row is not None
    return int(row.value.sequence)


async def comes_to(pilot: Pilot[None], number: int) -> None:
    """Wait until the cursor stands on the entry of that number; the way there takes several reads."""

    def is_there() -> bool:
        found = [table.cursor_row for table in pilot.app.screen.query(CashBook)]
        return bool(found and found[0] is not None and found[0].value.sequence == number)

    await until(pilot, is_there)


async def says(pilot: Pilot[None], text: str) -> None:
    """Wait until the screen says so."""
    await until(pilot, lambda: text in screen_text(pilot))


async def jump(pilot: Pilot[None], typed: str) -> None:
    await press(pilot, "J")
    assert isinstance(pilot.app.screen, JumpPrompt)
    await type_text(pilot, typed)
    await press(pilot, "enter")


async def test_one_goes_to_a_number_or_a_day_at_any_depth(long_book: Desk) -> None:
    async with running(long_book, "branch_manager", go="ledger") as pilot:
        for typed, found in (("7", 7), ("200", 200), ("401", 401), ("2026-04-05", 172), ("1", 1)):
            await jump(pilot, typed)
            await comes_to(pilot, found)
            assert f"▸{found:>5}" in screen_text(pilot), "it is in view"
        assert book(pilot).cursor_index == 0 and book(pilot).row_count == 401
        await press(pilot, "down")
        assert sequence(pilot) == 2
        await jump(pilot, "2020-01-01")
        assert notices(pilot)[-1] == "The ledger begins on 2026-03-02."


async def test_what_is_not_there_is_told_beside_the_field_with_what_there_is(long_book: Desk) -> None:
    async with running(long_book, "branch_manager", go="ledger") as pilot:
        await jump(pilot, "soon")
        assert isinstance(pilot.app.screen, JumpPrompt) and "✖ Must be an entry's number" in screen_text(pilot)
        pilot.app.screen.query_one("Input").value = "4711"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        error = pilot.app.screen.query_one(Field).error
        assert error == "There is no entry 4711: the ledger of NBI has entries 1 to 401."
        await press(pilot, "escape")
        assert sequence(pilot) == 401


async def test_in_a_narrowed_book_one_comes_to_the_nearest_that_is_shown(long_book: Desk) -> None:
    async with running(long_book, "branch_manager", go="ledger") as pilot:
        await press(pilot, "t", "t")
        await jump(pilot, "102")
        await comes_to(pilot, 102)
        await jump(pilot, "55")
        await comes_to(pilot, 62)
        assert notices(pilot)[-1] == "Entry 55 is not among those shown; esc shows all."
        await press(pilot, "up", "up")
        assert sequence(pilot) == 42
        await press(pilot, "escape")
        await comes_to(pilot, 42)


async def test_a_document_leads_to_its_entry_also_in_another_fund(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    payment = story.approved(sqlite_desk, people["staff"], "4500")
    executed = story.pay(sqlite_desk, payment)
    cash_book.write(sqlite_desk, "NBI", lines(100))
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        assert "HQ" in screen_text(pilot).splitlines()[1]
        await press(pilot, "t")
        await jump(pilot, payment.lower())
        await comes_to(pilot, 2)
        assert "NBI" in screen_text(pilot).splitlines()[1] and "Shown:" not in screen_text(pilot)
        assert sequence(pilot) == 2 and notices(pilot)[-1] == "It is in the cash book of NBI."
        await press(pilot, "end")
        await comes_to(pilot, 102)
        await jump(pilot, executed.voucher_number or "")
        await comes_to(pilot, 2)
        screen = pilot.app.screen
        assert isinstance(screen, LedgerScreen)
        screen.show_object("msa")
        await until(pilot, lambda: "MSA" in screen_text(pilot).splitlines()[1])
        screen.show_object("NBI:50")
        await comes_to(pilot, 50)
        assert "NBI" in screen_text(pilot).splitlines()[1]
        screen.show_object("PAY-000777")
        await until(pilot, lambda: any("may read has an entry of PAY-000777" in said for said in notices(pilot)))


async def test_an_entry_leads_to_its_payment_requisition_and_trail_and_back_to_its_line(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    payment = story.approved(sqlite_desk, people["staff"], "4500", payee="Total [b]Energies[/b]")
    story.pay(sqlite_desk, payment)
    cash_book.write(sqlite_desk, "NBI", lines(5))
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, *["up"] * 5)
        where = sequence(pilot), book(pilot).scroll_y
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, EntryWindow)
        assert "p payment · r requisition · t trail · y copies · esc closes" in screen_text(pilot)
        for key, expected in (
            ("p", (payment, "Total [b]Energies[/b]", "PCV-NBI-2026-00001")),
            ("r", ("REQ-000001", "Trail", "Asked by")),
            ("t", ("Trail of REQ-000001", "Steps", "Submitted by Staff Person", "Approved by")),
        ):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, TextWindow)
            told = screen_text(pilot) + pilot.app.screen.text
            assert all(text in told for text in expected), (key, told)
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, EntryWindow)
        await press(pilot, "y")
        assert "Total [b]Energies[/b]" in pilot.app.clipboard and "JNL-NBI-000002" in pilot.app.clipboard
        await press(pilot, "escape")
        assert (sequence(pilot), book(pilot).scroll_y) == where == (2, where[1])


async def test_an_entry_without_a_payment_offers_none(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, EntryWindow)
        assert "y copies · esc closes" in screen_text(pilot) and "p payment" not in screen_text(pilot)
        await press(pilot, "p", "r", "t")
        assert isinstance(pilot.app.screen, EntryWindow)


async def test_what_others_pay_comes_in_below_and_moves_nothing(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    cash_book.write(sqlite_desk, "NBI", lines(60))
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LedgerScreen) and sequence(pilot) == 61
        story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "700", payee="Just now Ltd"))
        screen.books_changed()
        await says(pilot, "62 entries")
        assert "Just now Ltd" in screen_text(pilot), "the newest was in view"
        assert sequence(pilot) == 61, "the cursor stays on its entry"
        balance = next(row.value for row in book(pilot).rows_in_view if row.value.sequence == 62).balance_after
        assert f"Balance KES {balance.grouped()}" in screen_text(pilot)
        await jump(pilot, "20")
        await comes_to(pilot, 20)
        before = [row.value.sequence for row in book(pilot).rows_in_view]
        story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "800", payee="Later Ltd"))
        screen.books_changed()
        await says(pilot, "63 entries")
        assert [row.value.sequence for row in book(pilot).rows_in_view] == before and sequence(pilot) == 20
        await press(pilot, "end")
        await comes_to(pilot, 63)


async def test_a_book_that_does_not_add_up_says_so_and_where(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    cash_book.write(sqlite_desk, "NBI", lines(40))
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await says(pilot, "✔ adds up")
        assert "✖" not in screen_text(pilot)
    cash_book.write(sqlite_desk, "NBI", [Line(-100, date(2026, 5, 1), "Wrong", off=5), *lines(300)])
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await says(pilot, "✖ the sum of all entries does not add up")
        await jump(pilot, "42")
        await says(pilot, "✖ entry 42 does not add up")
        row = next(line for line in screen_text(pilot).splitlines() if line.startswith("▸"))
        assert "✖ does not" in row
    cash_book.set_balance(sqlite_desk, "MSA", 5)
    async with running(sqlite_desk, "treasury", go="ledger") as pilot:
        await press(pilot, "f")
        await says(pilot, "✖ the balance does not add up")
        await press(pilot, "F")
        await says(pilot, "✔ adds up")


async def test_an_export_is_of_what_is_shown(long_book: Desk) -> None:
    async with running(long_book, "branch_manager", go="ledger") as pilot:
        await press(pilot, "t")
        screen = pilot.app.screen
        assert isinstance(screen, LedgerScreen)
        request = screen.export_request()
        assert request is not None and request.name == "ledger-NBI"
        reader = signin.act_as(long_book, "branch_manager", "test")
        assert sum(len(page) for page in long_book.read(reader, lambda reading: list(request.read(reading)))) == 360
