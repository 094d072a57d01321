"""Bank files, periods and notices on the treasury's screen."""

from __future__ import annotations

from pathlib import Path

import banking
import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from sqlalchemy import insert, update
from textual.pilot import Pilot

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.models.enums import NoticeChannel, NoticeKind, NoticeStatus, PaymentStatus
from pettycash_tui.screens.form_prompt import FormPrompt
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury import TreasuryScreen
from pettycash_tui.services import bank_batch_views, bank_settling, payment_views, periods, replenishments
from pettycash_tui.services.bank_batch_views import BatchState
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM
from pettycash_tui.services.work import Work


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
        await press(pilot, "escape", "d")
        assert f"Close {month}" in screen_text(pilot) and "! 1 payment is not reconciled." in screen_text(pilot)
        await type_text(pilot, "Month end")
        await press(pilot, "enter")
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], periods.show, month)
        assert found.is_closed and "✔ closed" in screen_text(pilot)
        await press(pilot, "D")
        await type_text(pilot, "A late invoice")
        await press(pilot, "enter")
        assert f"{month} is open again." in notices(pilot) and "↩ reopened" in screen_text(pilot)


async def test_who_may_not_close_sees_the_list_and_why(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "periods")
        assert "may not close and reopen periods" in " ".join(screen_text(pilot).split())
        await press(pilot, "d")
        assert isinstance(pilot.app.screen, TreasuryScreen)


async def test_a_month_that_somebody_else_closed_is_told_beside_the_field(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    month = f"{sqlite_desk.clock():%Y-%m}"
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await go_to(pilot, "periods")
        await press(pilot, "d")
        sqlite_desk.run(people["cfo"], periods.close, month, "At the command line")
        await type_text(pilot, "Month end")
        await press(pilot, "enter")
        assert f"{month} is closed already" in screen_text(pilot) and "Month end" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "✔ closed" in screen_text(pilot))


# -- claims, the float, notices ----------------------------------------------------------------------------------------


async def test_the_claim_of_a_replenishment_is_shown_and_written_as_pdf(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    payment = story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "4500"))
    number = sqlite_desk.run(people["treasury"], replenishments.request, "NBI", None, "").number
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "replenishments")
        await press(pilot, "C")
        assert isinstance(pilot.app.screen, TextWindow)
        text = pilot.app.screen.text
        assert f"REPLENISHMENT CLAIM {number}" in text and payment.voucher_number in text
        await press(pilot, "escape", "w")
        (told,) = [told for told in notices(pilot) if told.startswith("The claim is written to")]
        path = Path(told.removeprefix("The claim is written to "))
        assert path.read_bytes().startswith(b"%PDF") and path.name == f"claim-{number}.pdf"


async def test_money_that_came_in_part_is_marked(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    number = sqlite_desk.run(people["treasury"], replenishments.request, "NBI", "20000", "").number
    sqlite_desk.run(people["cfo"], replenishments.approve, number)
    sqlite_desk.run(people["treasury"], replenishments.complete, number, "BANK-1", "15000")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "replenishments")
        text = screen_text(pilot)
        assert text.count("◑ partly funded") == 2 and "completed" not in text
        assert "partly funded: KES 5,000.00 less than asked" in text


async def test_the_float_of_a_fund_stands_in_a_window_with_what_makes_the_difference(sqlite_desk: Desk) -> None:
    story.pay(sqlite_desk, story.approved(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500"))
    async with running(sqlite_desk, "branch_manager", go="ledger") as pilot:
        await press(pilot, "i")
        assert isinstance(pilot.app.screen, TextWindow)
        lines = [" ".join(line.split()) for line in pilot.app.screen.text.splitlines()]
        assert "Cash in the fund 95,500.00 available 95,500.00" in lines
        assert "+ Vouchers not given back 4,500.00 1 voucher" in lines
        assert "✖ It does not hold: KES 100,000.00 less than the authorised float." in lines
        assert "-100,000.00 It was opened below what its target is now." in lines


def not_delivered(desk: Desk) -> str:
    """A notice that was given up."""
    people = demo_company(desk)
    number = story.request(desk, people["staff"], "4500")

    def give_up(work: Work) -> None:
        n = t.notice.c
        person = people["branch_manager"]
        work.execute(
            insert(t.notice).values(
                id=new_id(),
                created_at=work.now,
                updated_at=work.now,
                company_id=person.company_id,
                person_id=person.id,
                kind=NoticeKind.WAITS_FOR_YOU,
                subject_type="requisition",
                subject_number=number,
                occasion="test",
                title=f"{number} waits for you",
                body="KES 4,500.00 to Total Energies",
                channel=NoticeChannel.EMAIL,
                status=NoticeStatus.QUEUED,
                next_attempt_at=work.now,
            )
        )
        for status in (NoticeStatus.SENDING, NoticeStatus.GIVEN_UP):
            work.execute(update(t.notice).where(n.subject_number == number).values(status=status, last_error="refused"))
        work.record("test.changed", "notice", None, number, stream="test", company_id=None, data={})

    desk.run(SYSTEM, give_up)
    return number


async def test_an_admin_has_a_notice_tried_again(sqlite_desk: Desk) -> None:
    number = not_delivered(sqlite_desk)
    async with running(sqlite_desk, "admin", go="treasury") as pilot:
        await go_to(pilot, "notices")
        text = screen_text(pilot)
        assert f"{number} waits for you" in text and "✖ given up" in text and "Last error  refused" in text
        await press(pilot, "T")
        assert any(told.startswith(f"It is tried again now: {number} waits for you") for told in notices(pilot))
        assert "Every notice has arrived." in screen_text(pilot)


async def test_everybody_chooses_how_they_are_told(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "M")
        assert "Your request is paid" in screen_text(pilot) and "at once by email" in screen_text(pilot)
        await type_text(pilot, "request is paid")
        await press(pilot, "enter")
        await type_text(pilot, "day by email")
        await press(pilot, "enter")
        assert "Your request is paid: you are told once a day by email." in notices(pilot)
