"""The form: three fields and it is sent; what will happen is shown live; errors beside the field; nothing is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from sqlalchemy import text
from textual import events
from textual.pilot import Pilot
from textual.widgets import Checkbox, Select

from pettycash_tui.models.enums import OriginType, RequisitionStatus
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.prompts import ConfirmPrompt
from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.services import form_drafts, requisition_views, requisitions, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisition_views import RequisitionDetail, RequisitionFilter
from pettycash_tui.services.requisitions import RequisitionInput


@pytest.fixture
def people(sqlite_desk: Desk) -> dict[str, Actor]:
    return demo_company(sqlite_desk)


@asynccontextmanager
async def form_open(desk: Desk, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """The form, opened from the list of requisitions."""
    async with running(desk, "staff", go="requisitions", size=size) as pilot:
        await pilot.app.action_go("requisition_form")  # type: ignore[attr-defined]
        await settled(pilot)
        yield pilot


def form_of(pilot: Pilot[None]) -> RequisitionFormScreen:
    screen = pilot.app.screen
    assert isinstance(screen, RequisitionFormScreen)
    return screen


def panel(pilot: Pilot[None]) -> str:
    return form_of(pilot).query_one(PreviewPanel).text


async def fill(pilot: Pilot[None], amount: str = "4500", payee: str = "Total Energies", purpose: str = "Fuel") -> None:
    for value in (amount, payee, purpose):
        await type_text(pilot, value)
        await press(pilot, "tab")


def written(desk: Desk, who: Actor) -> list[RequisitionDetail]:
    """The requisitions of a person, newest first, whole."""
    rows = desk.read(who, requisition_views.list_requisitions, RequisitionFilter(mine=True)).items
    return [desk.read(who, requisition_views.show, row.id) for row in rows]


async def test_three_fields_and_a_key_send_it(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot, amount="1.2k")
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and notices(pilot))
        assert notices(pilot) == ["REQ-000001 is submitted: tier 1, now with Branch Manager (Branch manager)."]
        assert "▸ REQ-000001  ◔ branch manager" in screen_text(pilot)
    (found,) = written(sqlite_desk, people["staff"])
    assert (found.amount.plain(), found.payee, found.purpose) == ("1200.00", "Total Energies", "Fuel")
    assert found.status is RequisitionStatus.PENDING_BRANCH_APPROVAL
    assert (found.branch.code, found.department.code, found.category.code) == ("NBI", "OPS", "general")


async def test_what_will_happen_is_shown_while_one_types(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        assert "Type an amount, and you see here who approves" in panel(pilot)
        await type_text(pilot, "4500")
        await until(pilot, lambda: "Tier 1: up to KES 10,000.00" in panel(pilot))
        assert panel(pilot).splitlines() == [
            "Tier 1: up to KES 10,000.00",
            "1 Approve  Branch Manager  Branch manager of NBI",
            "2 Validate Treasury Person  Treasury, least busy of 2",
            "Fund NBI NBI fund",
            "  KES 100,000.00 available after holds, 95,500.00 after this",
        ]
        await type_text(pilot, "00")
        await until(pilot, lambda: "Tier 4: above KES 250,000.00" in panel(pilot))
        assert panel(pilot).startswith("! Fund NBI has less available than this; the payment may wait for funds.")
        assert "2 Approve  Cfo Person  CFO" in panel(pilot)


async def test_the_same_request_twice_is_pointed_out(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(sqlite_desk, people["staff"])
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot)
        said = f"! {number} asks for the same: KES 4,500.00 for Total Energies, 2026-03-02, by Staff Person"
        await until(pilot, lambda: said in panel(pilot))


async def test_every_refused_field_says_what_was_expected_and_the_cursor_goes_there(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "12,50")
        await press(pilot, "ctrl+g")
        form = form_of(pilot)
        await until(pilot, lambda: form.fields.field("purpose").error)
        assert form.fields.field("amount").error.startswith("Must be an amount in ordinary digits")
        assert form.fields.field("purpose").error == "Is missing"
        assert pilot.app.focused is form.fields.field("amount").control_widget
        assert "12,50" in screen_text(pilot), "what was typed stays"
        assert written(sqlite_desk, people["staff"]) == []


async def test_a_field_that_one_leaves_says_at_once_what_is_wrong(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        amount = form_of(pilot).fields.field("amount")
        await type_text(pilot, "-5")
        await settled(pilot)
        assert amount.error == ""
        await press(pilot, "tab")
        await until(pilot, lambda: amount.error == "Must be above zero, such as 1250.50")
        await press(pilot, "shift+tab", "home", "delete")
        assert amount.error == ""


async def test_hostile_text_is_drawn_harmless_and_refused_beside_the_field(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        payee = form_of(pilot).fields.field("payee")
        await press(pilot, "tab")
        pilot.app.post_message(events.Paste("Acme\x1b[31m\u202e Ltd"))
        await until(pilot, lambda: payee.error)
        assert payee.error == "Holds characters that may not be stored: U+001B, U+202E"
        assert "Acme\ufffd[31m\ufffd Ltd" in screen_text(pilot)
        assert "\x1b" not in screen_text(pilot)
        assert pilot.app.focused is payee.control_widget


async def test_what_people_type_is_never_markup(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot, payee="[red]Jane[/red]", purpose="[@click=app.quit]tea[/]")
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and notices(pilot))
        assert "[red]Jane[/red]" in screen_text(pilot)
        assert "[@click=app.quit]tea[/]" in screen_text(pilot)


async def test_urgent_needs_a_reason_and_shows_who_confirms(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        fields = form_of(pilot).fields
        assert not fields.field("urgency_reason").display
        await fill(pilot, amount="14000")
        fields.field("is_urgent").control_widget.focus()
        await press(pilot, "space")
        assert fields.field("urgency_reason").display
        assert "[x] cannot wait" in screen_text(pilot)
        await until(pilot, lambda: "Branch Manager confirms the urgency" in panel(pilot))
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: fields.field("urgency_reason").error == "Is missing")
        await type_text(pilot, "Guests at noon")
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and notices(pilot))
    (found,) = written(sqlite_desk, people["staff"])
    assert found.status is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
    assert found.urgency_reason == "Guests at noon"


async def test_only_the_place_that_an_origin_has_is_asked(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        fields = form_of(pilot).fields
        assert fields.field("branch").display and not fields.field("region").display
        fields.field("origin").query_one(Select).value = OriginType.HQ.value
        await settled(pilot)
        assert not fields.field("branch").display and not fields.field("region").display
        await fill(pilot)
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and notices(pilot))
    (found,) = written(sqlite_desk, people["staff"])
    assert (found.origin_type, found.branch, found.fund.code) == (OriginType.HQ, None, "HQ")


async def test_mpesa_needs_a_number(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        fields = form_of(pilot).fields
        fields.field("method").query_one(Select).value = "mpesa"
        await settled(pilot)
        await fill(pilot)
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: fields.field("destination").error)
        assert fields.field("destination").error == "Is missing; M-Pesa needs the payee's phone number"
        assert pilot.app.focused is fields.field("destination").control_widget


async def test_saving_a_draft_submits_nothing(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot)
        await press(pilot, "ctrl+t")
        await until(pilot, lambda: notices(pilot) == ["REQ-000001 is saved as a draft."])
        assert "○ draft" in screen_text(pilot)
    assert written(sqlite_desk, people["staff"])[0].status is RequisitionStatus.DRAFT


async def test_what_is_typed_is_kept_and_offered_again(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    staff = people["staff"]
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot, purpose="Fuel for the van")

        def kept() -> object:
            draft = sqlite_desk.read(staff, form_drafts.load, "requisition new")
            return draft and draft.values["purpose"]

        await until(pilot, lambda: kept() == "Fuel for the van")
    async with form_open(sqlite_desk) as pilot:
        values = form_of(pilot).fields.values
        assert (values["amount"], values["payee"], values["purpose"]) == ("4500", "Total Energies", "Fuel for the van")
        assert notices(pilot)[0].startswith("What you typed on 2026-03-02 12:00")
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and len(notices(pilot)) > 1)
    assert sqlite_desk.read(staff, form_drafts.load, "requisition new") is None
    async with form_open(sqlite_desk) as pilot:
        assert form_of(pilot).fields.values["amount"] == ""


async def test_esc_leaves_the_form_and_keeps_it(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await type_text(pilot, "77")
        await press(pilot, "escape")
        await until(pilot, lambda: sqlite_desk.read(people["staff"], form_drafts.load, "requisition new"))
        await press(pilot, "n")
        assert form_of(pilot).fields.values["amount"] == "77"


async def test_discarding_asks_and_forgets(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot)
        await press(pilot, "ctrl+o")
        assert isinstance(pilot.app.screen, ConfirmPrompt)
        assert "Payee Total Energies" in " ".join(screen_text(pilot).split())
        assert "This cannot be undone." in screen_text(pilot)
        await press(pilot, "enter")
        assert form_of(pilot).fields.values["amount"] == "4500", "enter alone throws nothing away"
        await press(pilot, "ctrl+o", "y")
        await until(pilot, lambda: pilot.app.current_mode == "requisitions" and len(pilot.app.screen_stack) == 1)
    assert sqlite_desk.read(people["staff"], form_drafts.load, "requisition new") is None


async def test_a_refused_submission_leaves_a_draft_and_says_why(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    with sqlite_desk.engine.begin() as connection:
        connection.execute(text("UPDATE approval_threshold SET is_active = 0"))
    async with form_open(sqlite_desk) as pilot:
        await fill(pilot)
        await until(pilot, lambda: "✖ No active policy row covers" in panel(pilot))
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: len(notices(pilot)) == 2)
        assert "No approval policy covers KES 4,500.00" in notices(pilot)[0]
        assert notices(pilot)[1] == "REQ-000001 is saved, and not submitted."
        assert form_of(pilot).number == "REQ-000001"
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: len(notices(pilot)) == 4)
    assert len(written(sqlite_desk, people["staff"])) == 1, "it is written once"


async def test_changes_are_made_to_what_was_sent_back(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    number = story.request(sqlite_desk, people["staff"], purpose="Fuel\nfor the van")
    sqlite_desk.run(people["branch_manager"], workflow.request_changes, number, "Which van?")
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "e")
        form = form_of(pilot)
        assert f"Change {number}" in screen_text(pilot)
        assert form.fields.values["purpose"] == "Fuel for the van"
        form.fields.field("amount").control_widget.value = "4,600"
        await press(pilot, "ctrl+g")
        await until(pilot, lambda: notices(pilot))
    (found,) = written(sqlite_desk, people["staff"])
    assert (found.amount.plain(), found.revision) == ("4600.00", 2)
    assert found.purpose == "Fuel\nfor the van", "what was not changed is not touched"


async def test_an_edited_draft_may_move_to_head_office(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    given = RequisitionInput(amount="100", purpose="Tea", payee="Naivas")
    number = sqlite_desk.run(people["staff"], requisitions.create, given).number
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "e")
        form_of(pilot).fields.field("origin").query_one(Select).value = OriginType.HQ.value
        await settled(pilot)
        await press(pilot, "ctrl+t")
        await until(pilot, lambda: notices(pilot) == [f"{number} is saved."])
    (found,) = written(sqlite_desk, people["staff"])
    assert (found.origin_type, found.branch, found.region, found.fund.code) == (OriginType.HQ, None, None, "HQ")


async def test_letters_stay_in_the_form(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async with form_open(sqlite_desk) as pilot:
        form = form_of(pilot)
        for control in (form.fields.field("is_urgent").query_one(Checkbox), form.fields.field("method").control_widget):
            control.focus()
            await press(pilot, "n", "q", "2", "L")
            assert pilot.app.screen is form


async def test_at_80_columns_the_panel_stands_below_and_at_120_beside(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    async with form_open(sqlite_desk) as pilot:
        fields, shown = form_of(pilot).fields, form_of(pilot).query_one(PreviewPanel)
        assert shown.region.y >= fields.region.bottom
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert shown.region.x >= fields.region.right


async def test_several_just_under_the_bound_of_a_tier_to_one_payee_are_told_while_one_types(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    before = story.request(sqlite_desk, people["staff"], "9500", payee="Jabali Garage", purpose="Gearbox of KDA 417X")
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "n")
        await type_text(pilot, "9400")
        await press(pilot, "tab")
        await type_text(pilot, "Jabali Garage")
        await press(pilot, "tab")
        await type_text(pilot, "Clutch of KDA 417X")
        await until(pilot, lambda: "Tier 1" in screen_text(pilot))
        warning = (
            f"Like {before} for Jabali Garage within 30 days, this stays just under KES 10,000.00, the most of tier 1"
        )
        await until(pilot, lambda: warning in " ".join(screen_text(pilot).split()))
