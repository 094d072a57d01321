"""The approver's queue: deciding one, several together, and what is told when somebody else was faster."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.screens.approvals import ApprovalsScreen
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import requisition_views, workflow
from pettycash_tui.services.desk import Desk


@pytest.fixture(autouse=True)
def no_time_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key decides on the row that has just come under the cursor; one test says otherwise."""
    monkeypatch.setattr(ApprovalsScreen, "look_seconds", 0)


def screen_of(pilot: Pilot[None]) -> ApprovalsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ApprovalsScreen)
    return screen


def status_of(desk: Desk, number: str) -> RequisitionStatus:
    return desk.read(demo_company(desk)["cfo"], requisition_views.show, number).status


def numbers(pilot: Pilot[None]) -> list[str]:
    return [word for line in screen_text(pilot).splitlines() for word in line[2:12].split() if word.startswith("REQ-")]


async def test_the_queue_shows_what_waits_longest_first_with_deadline_and_urgency(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    people = demo_company(sqlite_desk)
    first = story.request(sqlite_desk, people["staff"], "1250.50", payee="Total [b]Energies[/b]")
    clock.advance(hours=2)
    second = story.request(
        sqlite_desk, people["staff"], "900", payee="Tyre Centre", is_urgent=True, urgency_reason="Van is stranded"
    )
    clock.advance(hours=50)
    async with running(sqlite_desk, "branch_manager") as pilot:
        assert isinstance(pilot.app.screen, ApprovalsScreen), "it opens where work waits"
        assert numbers(pilot) == [first, second]
        text = screen_text(pilot)
        assert "Total [b]Energies[/b]" in text, "what people type is data"
        assert "KES 1,250.50" in text
        assert "overdue" in text and "! urgent" in text
        assert "Fuel for the delivery van" in text
        assert "Fund NBI has 100,000.00 available, 98,749.50 once this is approved" in text
        assert "now approves" in text and "then validates" in text


async def test_approving_moves_it_on_and_the_next_comes_under_the_cursor(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    first = story.request(sqlite_desk, people["staff"], "100")
    second = story.request(sqlite_desk, people["staff"], "200")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "a")
        assert status_of(sqlite_desk, first) is RequisitionStatus.PENDING_TREASURY_VALIDATION
        assert any(f"{first}: approved" in notice for notice in notices(pilot))
        assert screen_of(pilot).value.number == second
        assert second in screen_of(pilot).pane.text
        await press(pilot, "a")
        assert "Nothing waits for your decision." in screen_text(pilot)
        await press(pilot, "a")
        assert notices(pilot)[-1] == "There is nothing to decide."


async def test_a_row_that_slid_under_the_cursor_is_not_decided_by_a_key_meant_for_the_one_before(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApprovalsScreen, "look_seconds", 60)
    people = demo_company(sqlite_desk)
    story.request(sqlite_desk, people["staff"], "100")
    second = story.request(sqlite_desk, people["staff"], "200")
    third = story.request(sqlite_desk, people["staff"], "300")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "a", "a")
        assert status_of(sqlite_desk, second) is RequisitionStatus.PENDING_BRANCH_APPROVAL
        assert f"{second} has only just come under the cursor" in notices(pilot)[-1]
        screen_of(pilot)._slid_at = float("-inf")
        await press(pilot, "j", "a")
        assert status_of(sqlite_desk, third) is RequisitionStatus.PENDING_TREASURY_VALIDATION


async def test_who_was_faster_is_told_and_the_cursor_stays(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    first = story.request(sqlite_desk, people["staff"], "100")
    second = story.request(sqlite_desk, people["staff"], "200")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "j")
        assert screen_of(pilot).value.number == second
        sqlite_desk.run(people["branch_manager"], workflow.reject, second, "Not this month")
        await press(pilot, "a")
        assert f"Branch Manager was faster (rejected): {second}, it is now rejected." in notices(pilot)
        assert numbers(pilot) == [first]
        assert status_of(sqlite_desk, second) is RequisitionStatus.REJECTED


async def test_rejecting_needs_a_reason_and_repeats_amount_and_payee(sqlite_desk: Desk) -> None:
    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        text = screen_text(pilot)
        assert "KES 4,500.00 to Total Energies" in text and "cannot be undone" in text
        await press(pilot, "enter")
        assert "A reason is needed" in screen_text(pilot)
        await press(pilot, "escape")
        assert status_of(sqlite_desk, number) is RequisitionStatus.PENDING_BRANCH_APPROVAL
        await press(pilot, "x")
        await type_text(pilot, "No budget")
        await press(pilot, "enter")
        assert status_of(sqlite_desk, number) is RequisitionStatus.REJECTED
        trail = sqlite_desk.read(demo_company(sqlite_desk)["cfo"], requisition_views.show, number).trail
        assert trail[-1].comment == "No budget"


async def test_asking_for_changes_and_a_comment_on_an_approval_reach_the_trail(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    first = story.request(sqlite_desk, people["staff"], "100")
    second = story.request(sqlite_desk, people["staff"], "200")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "c")
        await type_text(pilot, "Add the quote")
        await press(pilot, "enter")
        assert status_of(sqlite_desk, first) is RequisitionStatus.PENDING_CHANGES
        await press(pilot, "A")
        await type_text(pilot, "Once only")
        await press(pilot, "enter")
        trail = sqlite_desk.read(people["cfo"], requisition_views.show, second).trail
        assert (trail[-1].action.value, trail[-1].comment) == ("approved", "Once only")


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("u", RequisitionStatus.PENDING_TREASURY_VALIDATION),
        ("d", RequisitionStatus.PENDING_BRANCH_APPROVAL),
    ],
)
async def test_urgency_is_decided_with_keys_of_its_own(sqlite_desk: Desk, key: str, status: RequisitionStatus) -> None:
    number = story.request(
        sqlite_desk, demo_company(sqlite_desk)["staff"], "900", is_urgent=True, urgency_reason="Van is stranded"
    )
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "a")
        assert "u confirms and approves it, d declines" in notices(pilot)[-1]
        assert status_of(sqlite_desk, number) is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
        await press(pilot, key)
        assert status_of(sqlite_desk, number) is status


async def test_the_urgency_keys_are_not_offered_where_nothing_is_urgent(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "900")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        screen = screen_of(pilot)
        assert not screen.check_action("confirm_urgency", ()) and screen.check_action("approve", ())


async def test_marked_ones_are_approved_together_after_one_question_and_refusals_hold_up_nothing(
    sqlite_desk: Desk,
) -> None:
    people = demo_company(sqlite_desk)
    made = [story.request(sqlite_desk, people["staff"], amount) for amount in ("100", "200", "300")]
    urgent = story.request(sqlite_desk, people["staff"], "400", is_urgent=True, urgency_reason="Stranded")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "space", "space", "space", "space")
        sqlite_desk.run(people["branch_manager"], workflow.reject, made[1], "Not this month")
        await press(pilot, "a")
        prompt = pilot.app.screen
        assert isinstance(prompt, ConfirmPrompt)
        text = screen_text(pilot)
        assert "Approve 4 requisitions" in text and "Together KES 1,000.00" in text
        assert all(number in text for number in (*made, urgent))
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, TextWindow)
        told = pilot.app.screen.text
        assert "2 approved" in told and "2 not approved" in told
        assert "was faster" in told and "waits for its urgency" in told
        for number in (made[0], made[2]):
            assert status_of(sqlite_desk, number) is RequisitionStatus.PENDING_TREASURY_VALIDATION
        await press(pilot, "escape")
        assert numbers(pilot) == [urgent]
        assert not screen_of(pilot).table.marked


async def test_why_explains_the_route(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, TextWindow)
        assert "You may act on it now" in pilot.app.screen.text
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ApprovalsScreen)


async def test_the_last_approval_says_which_payment_it_made_and_the_detail_can_be_scrolled(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    number = story.request(sqlite_desk, people["staff"], "4500")
    sqlite_desk.run(people["branch_manager"], workflow.approve, number)
    validator = story.approver_of(sqlite_desk, number).username
    async with running(sqlite_desk, validator, go="approvals") as pilot:
        await press(pilot, "enter")
        assert screen_of(pilot).pane.has_focus
        await press(pilot, "j", "escape")
        assert screen_of(pilot).table.has_focus
        await press(pilot, "a")
        assert "PAY-000001 is made" in notices(pilot)[-1]
        await settled(pilot)
