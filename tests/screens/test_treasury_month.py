"""Bank files, periods and notices on the treasury's screen."""

from __future__ import annotations

from pathlib import Path

import banking
import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from textual.pilot import Pilot

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.form_prompt import FormPrompt
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury import TreasuryScreen
from pettycash_tui.services import bank_batch_views, bank_settling, payment_views, periods
from pettycash_tui.services.bank_batch_views import BatchState
from pettycash_tui.services.desk import Desk


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


async def go_to(pilot: Pilot[None], view: str) -> None:
    await go_and_show(pilot.app, "treasury", view)
    await settled(pilot)
    await pilot.pause(0.05)
    await settled(pilot)


# -- bank files --------------------------------------------------------------------------------------------------------


def written(desk: Desk, *amounts: str) -> tuple[str, list[str]]:
    """A bank file of these amounts, and its payments."""
    people = demo_company(desk)
    banking.give_accounts(desk, people)
    numbers = banking.transfers(desk, people, *amounts)
    return banking.write(desk, people["treasury"], numbers).number, numbers


async def test_all_open_lines_are_confirmed_with_the_banks_reference(sqlite_desk: Desk) -> None:
    number, payments = written(sqlite_desk, "4500", "1200")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "bank_files")
        text = screen_text(pilot)
        assert number in text and "2 open" in text and all(payment in text for payment in payments)
        await press(pilot, "p")
        assert "All 2 lines that are open, KES 5,700.00" in screen_text(pilot)
        await press(pilot, "enter")
        assert f"Confirm {number}" in screen_text(pilot)
        await type_text(pilot, "BANK-77")
        await press(pilot, "enter")
        assert f"{number}: 2 lines booked, KES 5,700.00; all of it is settled." in notices(pilot), screen_text(pilot)
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], bank_batch_views.show, number)
        assert found.batch.status is BatchState.SETTLED and "✔ settled" in screen_text(pilot)


async def test_one_line_is_refused_with_the_banks_reason_and_the_other_stays_open(sqlite_desk: Desk) -> None:
    number, payments = written(sqlite_desk, "4500", "1200")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, number)
        await press(pilot, "x")
        await type_text(pilot, payments[1])
        await press(pilot, "enter")
        assert "KES 1,200.00 to" in screen_text(pilot)
        await type_text(pilot, "Account closed")
        await press(pilot, "enter")
        assert f"{number}: 1 line refused; 1 line still open." in notices(pilot)
        assert "1 open, 1 refused" in screen_text(pilot)
        payment = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], payment_views.show, payments[1])
        assert payment.status is PaymentStatus.FAILED


async def test_a_line_that_somebody_else_settled_is_refused_with_when_and_by_whom(sqlite_desk: Desk) -> None:
    number, payments = written(sqlite_desk, "4500")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "bank_files")
        await press(pilot, "p", "enter")
        assert isinstance(pilot.app.screen, FormPrompt)
        treasury = demo_company(sqlite_desk)["treasury"]
        bank_settling.confirm(sqlite_desk, treasury, number, payments, "BANK-1")
        await type_text(pilot, "BANK-2")
        await press(pilot, "enter")
        text = " ".join(line.strip("│ ") for line in screen_text(pilot).splitlines())
        assert "was confirmed on" in text and "BANK-2" in text


async def test_the_file_is_written_again_into_ones_own_exports(sqlite_desk: Desk) -> None:
    number, _ = written(sqlite_desk, "4500")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "bank_files")
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, TextWindow)
        path = Path(pilot.app.screen.text.splitlines()[0])
        assert path.is_file() and path.parent.name == "treasury" and path.stem == number


# -- periods -----------------------------------------------------------------------------------------------------------


async def test_enter_shows_the_closing_check_list_and_the_cfo_closes_and_reopens(sqlite_desk: Desk) -> None:
    story.pay(sqlite_desk, story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500"))
    month = f"{sqlite_desk.clock():%Y-%m}"
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await go_to(pilot, "periods")
        text = screen_text(pilot)
        assert f"{month}  " in text and "◔ open" in text and "! 1 payment is not reconciled. KES 4,500.00" in text
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TextWindow)
        assert "✔ No variance waits for a decision." in pilot.app.screen.text
        await press(pilot, "escape", "z")
        assert f"Close {month}" in screen_text(pilot) and "! 1 payment is not reconciled." in screen_text(pilot)
        await type_text(pilot, "Month end")
        await press(pilot, "enter")
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], periods.show, month)
        assert found.is_closed and "✔ closed" in screen_text(pilot)
        await press(pilot, "Z")
        await type_text(pilot, "A late invoice")
        await press(pilot, "enter")
        assert f"{month} is open again." in notices(pilot) and "↩ reopened" in screen_text(pilot)


async def test_who_may_not_close_sees_the_list_and_why(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "periods")
        assert "may not close and reopen periods" in " ".join(screen_text(pilot).split())
        await press(pilot, "z")
        assert isinstance(pilot.app.screen, TreasuryScreen)


async def test_a_month_that_somebody_else_closed_is_told_beside_the_field(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    month = f"{sqlite_desk.clock():%Y-%m}"
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await go_to(pilot, "periods")
        await press(pilot, "z")
        sqlite_desk.run(people["cfo"], periods.close, month, "At the command line")
        await type_text(pilot, "Month end")
        await press(pilot, "enter")
        assert f"{month} is closed already" in screen_text(pilot) and "Month end" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "✔ closed" in screen_text(pilot))
