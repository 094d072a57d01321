"""Money is shown with its currency: once where all of it is one company's, beside each amount where it may not be."""

from __future__ import annotations

import building
import pytest
import story
from desk_app import context_of, demo_company, press, running, screen_text, settled, type_text, until
from rich.cells import cell_len
from test_payments import a_payment

from pettycash_tui.app import PettyCashApp
from pettycash_tui.models.enums import Role
from pettycash_tui.models.money import Money
from pettycash_tui.screens.approval_detail import draw_fund_effect
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.sheet import Sheet
from pettycash_tui.services import signin
from pettycash_tui.services.approval_case import FundEffect
from pettycash_tui.services.desk import DEMO, Desk


@pytest.fixture(autouse=True)
def outbox(plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")


async def test_the_panes_of_the_desk_name_their_currency_once(sqlite_desk: Desk) -> None:
    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "1250.50")
    async with running(sqlite_desk, "branch_manager", go="desk") as pilot:
        text = screen_text(pilot)
        assert "Waits for you (1), KES" in text and "What just happened, KES" in text and "Funds, KES" in text
        assert f"Staff Person submitted {number}  1,250.50, Total Energies" in text
        assert "KES 1,250.50" not in text


async def test_a_pane_without_amounts_names_no_currency(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff", go="desk") as pilot:
        assert "Waits for you ─" in screen_text(pilot) and "What just happened ─" in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_an_officer_of_several_companies_reads_it_beside_each_amount(
    sqlite_desk: Desk, size: tuple[int, int]
) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "300000")
    story.trading_company(sqlite_desk, "BETA", kind=DEMO, prefix="beta_")
    building.person(sqlite_desk, "chief", Role.CFO)
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, signin.act_as(sqlite_desk, "chief", "test")))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await app.action_go("desk")
        await settled(pilot)
        lines = screen_text(pilot).splitlines()
        assert all(cell_len(line) <= size[0] for line in lines)
        text = "\n".join(lines)
        assert ", KES" not in text and "…" not in text
        assert "  KES 300,000.00, Total Energies" in text
        assert "KES 100,000.00" in text and "KES 300,000.00" in text


async def test_the_palette_names_it_beside_what_it_finds_and_cuts_no_amount(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "1250.50")
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "123456789012.25", payee="Tower")
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "ctrl+p")
        await type_text(pilot, "total energies")
        await until(pilot, lambda: "  KES 1,250.50" in screen_text(pilot))
        await press(pilot, *["backspace"] * 14)
        await type_text(pilot, "tower")
        await until(pilot, lambda: "  KES 123,456,789,012.25" in screen_text(pilot))


async def test_the_list_of_earlier_requisitions_names_it_in_its_title(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "1250.50")
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "ctrl+l")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        text = screen_text(pilot)
        assert "Write it like which earlier requisition? Amounts in KES." in text
        assert "Total Energies            1,250.50  Fuel for the delivery van" in text


async def test_the_pay_dialog_names_it_over_its_columns(sqlite_desk: Desk) -> None:
    _, executor = a_payment(sqlite_desk)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        assert "NBI balance KES 100,000.00, available 95,500.00 (held for this)" in screen_text(pilot)
        await press(pilot, "enter")
        assert "Fund NBI           balance KES     available KES" in screen_text(pilot)


def test_what_a_requisition_does_to_its_fund_names_it_once_in_a_line(sqlite_desk: Desk) -> None:
    def drawn(amount: int) -> str:
        effect = FundEffect(
            code="NBI",
            available=Money(15649975, "KES"),
            balance=Money(15649975, "KES"),
            reorder_level=Money(15000000, "KES"),
            amount=Money(amount, "KES"),
        )
        sheet = Sheet()
        draw_fund_effect(sheet, effect, context)
        return sheet.content.plain

    demo_company(sqlite_desk)
    context = context_of(sqlite_desk, "branch_manager")
    assert drawn(780000).splitlines() == [
        "Fund NBI has KES 156,499.75 available, 148,699.75 once this is approved",
        "! It falls below its reorder level of KES 150,000.00",
    ]
    assert drawn(20000000) == ("! Fund NBI has KES 156,499.75 available: 43,500.25 too little, it would wait for funds")
