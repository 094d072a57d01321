"""What was typed before is offered: payees and purposes to complete, how a payee was paid, whole requisitions."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from textual.pilot import Pilot

from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.services import form_drafts
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.widgets.completion import CompletingInput
from pettycash_tui.widgets.plain import Field


@pytest.fixture
def people(sqlite_desk: Desk) -> dict[str, Actor]:
    people = demo_company(sqlite_desk)
    staff = people["staff"]
    story.request(sqlite_desk, staff, "100", payee="Naivas", purpose="Tea and milk")
    story.request(
        sqlite_desk, staff, "200", payee="Total Energies", purpose="Fuel for the van", method="mpesa",
        destination="+254712345678", category="travel",
    )  # fmt: skip
    story.request(sqlite_desk, staff, "300", payee="Nation Media", purpose="Newspapers", is_urgent=True,
                  urgency_reason="today")  # fmt: skip
    return people


def form_of(pilot: Pilot[None]) -> RequisitionFormScreen:
    screen = pilot.app.screen
    assert isinstance(screen, RequisitionFormScreen)
    return screen


def field(pilot: Pilot[None], name: str) -> Field:
    return form_of(pilot).fields.field(name)


def line(pilot: Pilot[None], name: str) -> CompletingInput:
    control = field(pilot, name).control_widget
    assert isinstance(control, CompletingInput)
    return control


async def test_what_is_typed_goes_on_in_grey_and_the_arrow_takes_it(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "tab")
        await type_text(pilot, "na")
        assert field(pilot, "payee").value == "na"
        assert "nation Media" in screen_text(pilot), "the newest first, behind what is typed"
        await type_text(pilot, "i")
        assert "naivas" in screen_text(pilot)
        await press(pilot, "right")
        assert field(pilot, "payee").value == "Naivas"
        await press(pilot, "tab")
        await type_text(pilot, "xyz")
        await press(pilot, "right")
        assert field(pilot, "purpose").value == "xyz"


async def test_the_list_opens_below_the_field_and_the_keyboard_alone_takes_a_line(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "tab", "down")
        shown = screen_text(pilot).splitlines()
        place = next(number for number, text in enumerate(shown) if text.lstrip().startswith("Payee"))
        assert [text[17:].split("  ")[0].strip() for text in shown[place + 1 : place + 4]] == [
            "Nation Media", "Total Energies", "Naivas",
        ]  # fmt: skip
        await type_text(pilot, "n")
        assert line(pilot, "payee").is_open
        await press(pilot, "down", "up", "down", "enter")
        assert (field(pilot, "payee").value, line(pilot, "payee").is_open) == ("Naivas", False)
        assert pilot.app.focused is line(pilot, "payee"), "enter took a line and went nowhere"


async def test_esc_closes_the_list_before_it_leaves_the_form_and_tab_goes_on(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "tab", "down", "escape")
        assert not line(pilot, "payee").is_open
        assert isinstance(pilot.app.screen, RequisitionFormScreen)
        await press(pilot, "down", "tab")
        assert not line(pilot, "payee").is_open
        assert pilot.app.focused is line(pilot, "purpose")


async def test_down_goes_to_the_next_field_where_nothing_is_known(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "down")
        assert pilot.app.focused is line(pilot, "payee")
        await type_text(pilot, "zzz")
        await press(pilot, "down")
        assert pilot.app.focused is line(pilot, "purpose")


async def test_a_known_payee_is_paid_as_last_time_unless_somebody_says_otherwise(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await type_text(pilot, "55")
        await press(pilot, "tab")
        await type_text(pilot, "total energies")
        await press(pilot, "tab")
        values = form_of(pilot).fields.values
        assert (values["method"], values["destination"]) == ("mpesa", "+254712345678")
        await until(
            pilot,
            lambda: "Paid by M-Pesa +254712345678 as last time" in pilot.app.screen.query_one(PreviewPanel).text,
        )
        await press(pilot, "shift+tab")
        line(pilot, "payee").fill("Naivas")
        await press(pilot, "tab")
        values = form_of(pilot).fields.values
        assert (values["method"], values["destination"]) == ("cash", "")
        field(pilot, "destination").control_widget.value = "at the till"
        await press(pilot, "shift+tab")
        line(pilot, "payee").fill("Total Energies")
        await press(pilot, "tab")
        assert form_of(pilot).fields.values["destination"] == "at the till", "what somebody chose stays"


async def test_a_clerk_is_offered_nothing_of_others(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    story.request(sqlite_desk, people["treasury"], "5", payee="Nobody's business", purpose="Secret", origin="hq")
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "tab", "down")
        assert line(pilot, "payee").matches() == ["Nation Media", "Total Energies", "Naivas"]


# -- like an earlier one -----------------------------------------------------------------------------------------------


async def test_one_key_in_the_list_writes_another_like_it(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        assert "REQ-000003" in screen_text(pilot)
        await press(pilot, "D")
        values = form_of(pilot).fields.values
        assert [values[name] for name in ("amount", "payee", "purpose", "is_urgent", "urgency_reason")] == [
            "300.00", "Nation Media", "Newspapers", False, "",
        ]  # fmt: skip
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: notices(pilot))
        assert notices(pilot)[0].startswith("REQ-000004 is submitted")


async def test_a_copy_does_not_take_the_place_of_what_was_typed_without_a_yes(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    draft = {"amount": "9", "payee": "Somebody"}
    sqlite_desk.run_unaudited(people["staff"], form_drafts.save, "requisition new", draft)
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "D")
        assert isinstance(pilot.app.screen, ConfirmPrompt)
        assert "Fill the form like REQ-000003?" in screen_text(pilot)
        assert "What you typed on 2026-03-02 12:00 is thrown away." in screen_text(pilot)
        await press(pilot, "escape")
        assert form_of(pilot).fields.values["payee"] == "Somebody"
        await press(pilot, "escape", "D", "y")
        assert form_of(pilot).fields.values["payee"] == "Nation Media"


async def test_the_form_is_filled_from_an_earlier_one(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "ctrl+l")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        assert "Total Energies              200.00  Fuel for the van" in screen_text(pilot)
        await type_text(pilot, "fuel")
        await press(pilot, "enter")
        values = form_of(pilot).fields.values
        assert [values[name] for name in ("amount", "payee", "method", "destination", "category")] == [
            "200.00", "Total Energies", "mpesa", "+254712345678", "travel",
        ]  # fmt: skip
        await press(pilot, "f6")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ConfirmPrompt), "there is something in the form by now"
        await press(pilot, "y")
        await settled(pilot)
        assert form_of(pilot).fields.values["payee"] == "Nation Media"


async def test_without_an_earlier_one_that_is_said(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "treasury", go="requisition_form") as pilot:
        await press(pilot, "ctrl+l")
        assert notices(pilot) == ["You have no earlier requisition to fill the form from."]


# -- the list ----------------------------------------------------------------------------------------------------------


async def test_an_empty_list_says_what_hides_the_rows(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "slash")
        await type_text(pilot, "nothing such")
        await until(pilot, lambda: "No requisition matches “nothing such”; esc shows all." in screen_text(pilot))
        await press(pilot, "escape")
        await until(pilot, lambda: "REQ-000001" in screen_text(pilot))
    async with running(sqlite_desk, "treasury", go="requisitions") as pilot:
        await press(pilot, "m")
        await until(pilot, lambda: "You have no requisitions yet. n enters one." in screen_text(pilot))


async def test_an_object_is_shown_wherever_it_stands(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        pilot.app.screen.show_object("REQ-000001")  # type: ignore[attr-defined]
        await until(pilot, lambda: "REQ-000003" not in screen_text(pilot))
        assert "▸ REQ-000001" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "REQ-000003" in screen_text(pilot))


async def test_the_detail_points_at_what_looks_like_it_and_says_how_to_attach(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    story.request(sqlite_desk, people["staff"], "300", payee="NATION media")
    async with running(sqlite_desk, "staff", go="requisitions", size=(120, 40)) as pilot:
        await until(pilot, lambda: "! REQ-000003 asks for the same" in screen_text(pilot))
        assert "pettycash req attach REQ-000004 FILE" in screen_text(pilot)
