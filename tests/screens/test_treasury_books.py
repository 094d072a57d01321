"""Reconciling, variances and transfers on the treasury's screen."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from textual.pilot import Pilot

from pettycash_tui.models.enums import PaymentStatus, TransferStatus, VarianceStatus
from pettycash_tui.screens.form_prompt import FormPrompt
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.screens.treasury import TreasuryScreen
from pettycash_tui.services import (
    payment_views,
    reconciliation,
    transfer_views,
    transfers,
    variance_views,
    variances,
)
from pettycash_tui.services.desk import Desk


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


def paid(desk: Desk, *amounts: str) -> list[str]:
    staff = demo_company(desk)["staff"]
    found = []
    for amount in amounts:
        number = story.approved(desk, staff, amount)
        story.pay(desk, number)
        found.append(number)
    return found


def status_of(desk: Desk, number: str) -> PaymentStatus:
    return desk.read(demo_company(desk)["cfo"], payment_views.show, number).status


def recorded(desk: Desk, payment: str, adjusted: str = "4800") -> str:
    return desk.run(demo_company(desk)["treasury"], variances.record, payment, adjusted, "The fare was higher").number


async def go_to(pilot: Pilot[None], view: str) -> None:
    await go_and_show(pilot.app, "treasury", view)
    await settled(pilot)
    await pilot.pause(0.05)
    await settled(pilot)


# -- reconciling -------------------------------------------------------------------------------------------------------


async def test_one_key_reconciles_the_payment_and_another_undoes_it_with_a_reason(sqlite_desk: Desk) -> None:
    (number,) = paid(sqlite_desk, "4500")
    async with running(sqlite_desk, "group_finance_manager", go="treasury") as pilot:
        text = screen_text(pilot)
        assert "To reconcile 1, KES 4,500.00" in text and number in text and "NBI:2" in text
        await press(pilot, "c")
        assert status_of(sqlite_desk, number) is PaymentStatus.RECONCILED
        assert f"{number} reconciled: KES 4,500.00." in notices(pilot)
        assert "Everything that was paid is reconciled." in screen_text(pilot)
        await press(pilot, "s", "u")
        assert isinstance(pilot.app.screen, FormPrompt)
        await press(pilot, "enter")
        assert "Reason is missing." in screen_text(pilot)
        await type_text(pilot, "The bank's line is another's")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TreasuryScreen)
        assert status_of(sqlite_desk, number) is PaymentStatus.SUCCESS


async def test_who_executed_it_reads_why_not_and_has_no_key(sqlite_desk: Desk) -> None:
    (number,) = paid(sqlite_desk, "4500")
    executor = story.executor_of(sqlite_desk, number).username
    async with running(sqlite_desk, executor, go="treasury", size=(120, 40)) as pilot:
        text = " ".join(screen_text(pilot).split())
        assert f"You executed {number} yourself" in text
        await press(pilot, "c")
        assert status_of(sqlite_desk, number) is PaymentStatus.SUCCESS


async def test_marked_ones_are_reconciled_together_after_one_question(sqlite_desk: Desk) -> None:
    numbers = paid(sqlite_desk, "4500", "1200", "300")
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await press(pilot, "space", "space", "c")
        assert isinstance(pilot.app.screen, ConfirmPrompt)
        assert "Reconcile 2 payments" in screen_text(pilot) and "Together KES 5,700.00" in screen_text(pilot)
        await press(pilot, "y")
        assert [status_of(sqlite_desk, number) for number in numbers] == [
            PaymentStatus.RECONCILED,
            PaymentStatus.RECONCILED,
            PaymentStatus.SUCCESS,
        ]
        assert "2 payments reconciled: KES 5,700.00." in notices(pilot)


async def test_one_that_somebody_else_reconciled_is_marked_and_takes_no_key(sqlite_desk: Desk) -> None:
    (number,) = paid(sqlite_desk, "4500")
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        sqlite_desk.run(demo_company(sqlite_desk)["group_finance_manager"], reconciliation.reconcile, [number])
        pilot.app.screen.books_changed()  # type: ignore[attr-defined]
        await until(pilot, lambda: "− reconciled by Group Finance" in screen_text(pilot))
        await press(pilot, "v")
        assert f"{number} is not here any more: reconciled by Group Finance Manager." in notices(pilot)


async def test_a_variance_is_recorded_of_the_payment(sqlite_desk: Desk) -> None:
    (number,) = paid(sqlite_desk, "4500")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await press(pilot, "v")
        assert f"Variance of {number}" in screen_text(pilot) and "Booked: KES 4,500.00" in screen_text(pilot)
        await type_text(pilot, "4800")
        assert "▲ KES 300.00 more than booked: NBI goes down" in screen_text(pilot)
        await press(pilot, "tab")
        await type_text(pilot, "The fare was higher")
        await press(pilot, "enter")
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], variance_views.show, "VAR-000001")
        assert (found.payment, found.variance_amount.minor) == (number, 30000)
        assert "! VAR-000001" in screen_text(pilot)


async def test_what_was_typed_stays_with_a_refusal_beside_its_field(sqlite_desk: Desk) -> None:
    paid(sqlite_desk, "4500")
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await press(pilot, "v")
        await type_text(pilot, "4500")
        await press(pilot, "tab")
        await type_text(pilot, "Nothing differs")
        await press(pilot, "enter")
        text = " ".join(screen_text(pilot).split())
        assert "✖ Must differ from what is booked" in text and "Nothing differs" in text


# -- variances ---------------------------------------------------------------------------------------------------------


async def test_the_cfo_approves_a_variance_after_one_question(sqlite_desk: Desk) -> None:
    (payment,) = paid(sqlite_desk, "4500")
    number = recorded(sqlite_desk, payment)
    async with running(sqlite_desk, "cfo", go="desk") as pilot:
        assert f"a  adjust    {number}" in screen_text(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: f"{number} of {payment}" in screen_text(pilot))
        text = screen_text(pilot)
        assert "Variances to approve" in text and "+300.00" in text
        assert "after it 95,200.00 95,200.00" in " ".join(text.split())
        await press(pilot, "a")
        assert f"{payment} to" in screen_text(pilot) and "This cannot be undone." in screen_text(pilot)
        await press(pilot, "y")
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], variance_views.show, number)
        assert found.status is VarianceStatus.APPROVED
        assert f"{number} is approved: fund NBI has KES 95,200.00, available 95,200.00." in notices(pilot)


async def test_the_cfo_rejects_a_variance_with_a_reason_and_treasury_has_no_key_for_it(sqlite_desk: Desk) -> None:
    (payment,) = paid(sqlite_desk, "4500")
    number = recorded(sqlite_desk, payment)
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "variances")
        await press(pilot, "a", "x")
        assert isinstance(pilot.app.screen, TreasuryScreen)
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await go_to(pilot, "variances")
        await press(pilot, "x")
        await type_text(pilot, "There is no receipt")
        await press(pilot, "enter")
        found = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], variance_views.show, number)
        assert (found.status, found.rejection_reason) == (VarianceStatus.REJECTED, "There is no receipt")


async def test_the_trend_tells_each_month_in_figures_and_words(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    for payment, adjusted in zip(paid(sqlite_desk, "4500", "1200"), ("4800", "1000"), strict=True):
        sqlite_desk.run(people["cfo"], variances.approve, recorded(sqlite_desk, payment, adjusted))
    async with running(sqlite_desk, "fpa", go="treasury") as pilot:
        await go_to(pilot, "variances")
        await press(pilot, "t")
        assert isinstance(pilot.app.screen, TextWindow)
        text = pilot.app.screen.text
        assert "NBI, NBI fund, KES" in text
        assert any(line.split()[1:5] == ["2", "300.00", "200.00", "+100.00"] for line in text.splitlines()), text
        assert text.count("█ out") == 1


# -- transfers ---------------------------------------------------------------------------------------------------------


async def test_a_transfer_is_asked_for_from_one_fund_to_another(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "treasury", go="treasury") as pilot:
        await go_to(pilot, "transfers")
        await press(pilot, "R")
        await type_text(pilot, "hq")
        await press(pilot, "enter")
        assert "HQ" not in screen_text(pilot).partition("type to narrow")[2], "a fund does not give to itself"
        await type_text(pilot, "nbi")
        await press(pilot, "enter")
        text = screen_text(pilot)
        assert "Transfer from HQ to NBI" in text and "balance KES 300,000.00, available 300,000.00" in text
        await type_text(pilot, "20k")
        assert "HQ would have 280,000.00 available" in screen_text(pilot)
        await press(pilot, "enter")
        assert any(told.startswith("TRF-000001 asks for KES 20,000.00 from HQ to NBI") for told in notices(pilot))
        assert "HQ → NBI" in screen_text(pilot)
        await press(pilot, "a")
        assert isinstance(pilot.app.screen, TreasuryScreen), "one's own is approved by somebody else"


async def test_somebody_else_approves_the_transfer_and_both_funds_move(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    number = sqlite_desk.run(people["treasury"], transfers.request, "HQ", "NBI", "20000", "School fees").number
    async with running(sqlite_desk, "cfo", go="treasury") as pilot:
        await press(pilot, "ctrl+p")
        await type_text(pilot, number.lower())
        await until(pilot, lambda: not pilot.app.screen._is_waiting)  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await until(pilot, lambda: "Transfers to approve" in screen_text(pilot))
        await until(pilot, lambda: "from HQ to NBI" in screen_text(pilot))
        await press(pilot, "a", "y")
        assert f"{number} is completed: KES 20,000.00 from HQ to NBI." in notices(pilot)
        found = sqlite_desk.read(people["cfo"], transfer_views.show, number)
        assert found.status is TransferStatus.COMPLETED
