"""Bank files on the screens: written from marked payments, and told of line by line with a way to stop."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import banking
import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, type_text, until, while_it_works
from test_paying_together import code_of, wrong

from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.screens.form_prompt import FormPrompt
from pettycash_tui.screens.payments import PaymentsScreen
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.writing_bank_file import WriteBankFile
from pettycash_tui.services import bank_batch_views, bank_settling, payment_views
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.export_files import FOLDER


def status_of(desk: Desk, number: str) -> PaymentStatus:
    return desk.read(demo_company(desk)["cfo"], payment_views.show, number).status


async def test_marked_transfers_become_a_file_and_the_others_are_told_why_not(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    banking.give_accounts(sqlite_desk, people)
    cash = story.approved(sqlite_desk, people["staff"], "900")
    first, second = banking.transfers(sqlite_desk, people, "4500", "1200")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "space", "space", "space", "b")
        assert "pain.001, the ISO 20022 file" in screen_text(pilot)
        await type_text(pilot, "csv")
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "Bank file, CSV" in text and "Fund NBI, account 0114200781: 2, KES 5,700.00" in text
        assert "Together KES 5,700.00 in 2 payments: 2 Bank transfer" in text and "! 1 is left out" in text
        code = code_of(pilot)
        await type_text(pilot, "2026-02-01")
        await press(pilot, "tab")
        await type_text(pilot, code)
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "✖ Must be today, 2026-03-02, or a day of the year" in text and "enter writes the file" in text
        window = pilot.app.screen
        assert isinstance(window, WriteBankFile)
        await press(pilot, *["backspace"] * 10)
        await type_text(pilot, "2026-03-04")
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "BAT-000001 is written" in text and "✔ BAT-000001: 2 lines, KES 5,700.00" in text
        assert "2026-03-04" in text and "SHA-256" in text and f"{cash} is paid by cash" in " ".join(text.split())
        (path,) = (sqlite_desk.home / FOLDER / "treasury").iterdir()
        assert path.name == "BAT-000001.csv" and first in path.read_text(encoding="utf-8")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, PaymentsScreen) and [payment.number for payment in screen.marked] == [cash]
        assert status_of(sqlite_desk, first) is status_of(sqlite_desk, second) is PaymentStatus.EXECUTING
        await go_and_show(pilot.app, "treasury", "BAT-000001")
        await until(pilot, lambda: "2 open" in screen_text(pilot))


async def test_a_wrong_code_writes_nothing_and_what_was_typed_stays(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    banking.give_accounts(sqlite_desk, people)
    (number,) = banking.transfers(sqlite_desk, people, "4500")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "b", "enter")
        await type_text(pilot, "2026-03-04")
        code = code_of(pilot)
        await press(pilot, "tab")
        await type_text(pilot, wrong(code))
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "The code is wrong; 4 tries are left." in text and "2026-03-04" in text
        assert status_of(sqlite_desk, number) is PaymentStatus.PENDING
        await type_text(pilot, code)
        await press(pilot, "enter")
        assert "BAT-000001 is written" in screen_text(pilot)


async def test_where_no_file_can_be_written_no_batch_is_made(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    banking.give_accounts(sqlite_desk, people)
    (number,) = banking.transfers(sqlite_desk, people, "4500")
    Path(sqlite_desk.home / FOLDER).write_text("in the way")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "b", "enter")
        code = code_of(pilot)
        await press(pilot, "tab")
        await type_text(pilot, code)
        await press(pilot, "enter")
        assert "so nothing is written there" in " ".join(screen_text(pilot).replace("│", " ").split())
        assert status_of(sqlite_desk, number) is PaymentStatus.PENDING


async def test_a_fund_without_an_account_and_cash_alone_are_told_at_once(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    banking.transfers(sqlite_desk, people, "4500")
    story.approved(sqlite_desk, people["staff"], "900")
    async with running(sqlite_desk, "treasury", go="payments") as pilot:
        await press(pilot, "b", "enter")
        text = " ".join(screen_text(pilot).replace("│", " ").split())
        assert "has no account at a bank that a file could debit" in text and "esc closes" in text
        await press(pilot, "escape", "j", "b")
        assert isinstance(pilot.app.screen, PaymentsScreen), "not offered for cash"
        await press(pilot, "space", "b")
        assert isinstance(pilot.app.screen, PaymentsScreen)
        assert notices(pilot)[-1].startswith("A bank file holds bank transfers")


class Slowly:
    """Lets a step of the booking be reported, and waits until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        real = bank_settling.settle

        def settle(*given: Any, report: bank_settling.Report, **options: Any) -> Any:
            def wait(done: int) -> bool:
                self.reached.set()
                assert self.go_on.wait(20)
                return report(done)

            return real(*given, report=wait, **options)

        monkeypatch.setattr(bank_settling, "TOGETHER", 2)
        monkeypatch.setattr(bank_settling, "settle", settle)


@pytest.mark.parametrize("key", ["p", "x"])
async def test_telling_of_many_lines_shows_its_progress_and_is_stopped_between_steps(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    people = demo_company(sqlite_desk)
    banking.give_accounts(sqlite_desk, people)
    numbers = banking.transfers(sqlite_desk, people, "100", "200", "300")
    batch = banking.write(sqlite_desk, people["treasury"], numbers).number
    slowly = Slowly(monkeypatch)
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_and_show(pilot.app, "treasury", batch)
        await until(pilot, lambda: "3 open" in screen_text(pilot))
        await press(pilot, key)
        assert "All 3 lines that are open, KES 600.00" in screen_text(pilot)
        await press(pilot, "enter")
        await type_text(pilot, "BANK-77")
        await pilot.press("enter")
        await while_it_works(pilot, slowly.reached.is_set)
        assert isinstance(pilot.app.screen, FormPrompt)
        await while_it_works(
            pilot,
            lambda: "0 of 3" in screen_text(pilot) and "esc stops it after the next 2 lines" in screen_text(pilot),
        )
        await pilot.press("escape")
        await while_it_works(pilot, lambda: "stopping after the next 2 lines" in screen_text(pilot))
        slowly.go_on.set()
        await until(pilot, lambda: any("stopped before 1 line; 1 line still open" in told for told in notices(pilot)))
        found = sqlite_desk.read(people["cfo"], bank_batch_views.show, batch).batch
        assert (found.open, found.confirmed, found.refused) == ((1, 2, 0) if key == "p" else (1, 0, 2))


def test_what_is_booked_stays_booked_when_the_telling_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_settling, "TOGETHER", 2)
    people = demo_company(desk)
    banking.give_accounts(desk, people)
    numbers = banking.transfers(desk, people, "100", "200", "300")
    batch = banking.write(desk, people["treasury"], numbers).number
    steps: list[int] = []

    def report(done: int) -> bool:
        steps.append(done)
        return False

    done = bank_settling.confirm(desk, people["treasury"], batch, None, "BANK-1", report=report)
    assert (steps, len(done.lines), done.stopped, done.open) == ([2], 2, 1, 1)
    rest = bank_settling.confirm(desk, people["treasury"], batch, None, "BANK-2", report=lambda _: True)
    assert (len(rest.lines), rest.stopped, rest.open) == (1, 0, 0)
