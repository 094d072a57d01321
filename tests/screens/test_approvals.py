"""The approver's queue: deciding one, several together, and what is told when somebody else was faster."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from settable_clock import SettableClock
from slow_desk import SlowDesk, begun
from sqlalchemy import update
from textual.pilot import Pilot

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import RequisitionStatus
from pettycash_tui.screens.approvals import ApprovalsScreen
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import reassigning, requisition_views, submission, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.requisition_views import QueueOrder


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
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        assert isinstance(pilot.app.screen, ApprovalsScreen), "it opens where work waits"
        assert numbers(pilot) == [first, second]
        await until(pilot, lambda: "KES 1,250.50" in screen_text(pilot))
        text = screen_text(pilot)
        assert "Total [b]Energies[/b]" in text, "what people type is data"
        assert "KES 1,250.50" in text
        assert "overdue" in text and "! urgent" in text
        assert "Fuel for the delivery van" in text
        assert "Fund NBI has KES 100,000.00 available, 98,749.50 once this is approved" in text
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
        said = notices(pilot)
        await press(pilot, "a")
        assert notices(pilot) == said, "a key that would decide nothing is not offered"


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
        assert "Approve 3 requisitions" in text and "Together KES 600.00" in text
        assert "Fund NBI: available KES 100,000.00, after them 99,400.00" in text
        assert all(number in text for number in made)
        assert f"Left out, urgency to confirm (u): {urgent}" in text
        assert "An approval cannot be taken back." in text
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, TextWindow)
        told = pilot.app.screen.text
        assert "2 approved" in told and "1 not approved" in told and "was faster" in told
        for number in (made[0], made[2]):
            assert status_of(sqlite_desk, number) is RequisitionStatus.PENDING_TREASURY_VALIDATION
        assert status_of(sqlite_desk, urgent) is RequisitionStatus.PENDING_URGENCY_CONFIRMATION
        await press(pilot, "escape")
        assert numbers(pilot) == [urgent]
        assert not screen_of(pilot).table.marked


async def test_approving_together_says_when_a_fund_has_too_little_for_all(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    for amount in ("60000", "70000"):
        story.request(sqlite_desk, people["staff"], amount)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "space", "space", "a")
        assert "! Fund NBI: available KES 100,000.00, after them -30,000.00" in screen_text(pilot)


async def test_esc_stops_approving_after_the_one_under_way_and_says_what_is_left(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    made = [story.request(sqlite_desk, people["staff"], amount) for amount in ("100", "200", "300")]
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "space", "space", "space", "a")
        with slow.slow():
            await pilot.press("y")
            await begun(pilot, slow)
            text = screen_text(pilot)
            assert "0 of 3" in text and f"{made[0]}  KES 100.00 to Total Energies" in text
            await pilot.press("escape")
            await pilot.pause()
            assert "Stopping after this one" in screen_text(pilot)
        await settled(pilot)
        assert isinstance(pilot.app.screen, TextWindow)
        assert "1 approved" in pilot.app.screen.text and "2 not tried" in pilot.app.screen.text
        await press(pilot, "escape")
        assert numbers(pilot) == made[1:]


async def test_nothing_is_asked_when_all_marked_ones_are_urgent(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    story.request(sqlite_desk, people["staff"], "400", is_urgent=True, urgency_reason="Stranded")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "space", "a")
        assert isinstance(pilot.app.screen, ApprovalsScreen)
        assert "None of the marked ones can be approved together" in notices(pilot)[-1]


async def test_the_queue_is_sorted_with_a_key_and_its_title_names_order_count_and_total(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    people = demo_company(sqlite_desk)
    made = []
    for amount in ("60000", "300", "9000"):
        made.append(story.request(sqlite_desk, people["staff"], amount))
        clock.advance(hours=1)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        assert "Approvals by age: 3, KES 69,300.00" in screen_text(pilot)
        assert numbers(pilot) == made
        await press(pilot, "s")
        assert "Approvals by amount: 3" in screen_text(pilot)
        assert numbers(pilot) == [made[0], made[2], made[1]]
        await press(pilot, "s")
        assert "Approvals by due: 3" in screen_text(pilot)
        assert numbers(pilot) == [made[1], made[2], made[0]], "a larger tier has more time"
        await press(pilot, "s")
        assert screen_of(pilot).order is QueueOrder.AGE


async def test_a_filter_that_matches_nothing_says_how_one_gets_back(sqlite_desk: Desk) -> None:
    number = story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "100")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "slash")
        await type_text(pilot, "nobody")
        await press(pilot, "enter")
        assert "Nothing matches “nobody”; esc shows all." in screen_text(pilot)
        assert "Approvals by age: 0" in screen_text(pilot)
        await press(pilot, "slash", "escape")
        assert numbers(pilot) == [number] and "Approvals by age: 1" in screen_text(pilot)


async def test_what_somebody_else_decided_stays_marked_and_no_key_decides_on_it(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    first = story.request(sqlite_desk, people["staff"], "100")
    second = story.request(sqlite_desk, people["staff"], "200")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        sqlite_desk.run(people["admin"], reassigning.reassign, first, "regional_manager", "on leave")
        sqlite_desk.run(people["regional_manager"], workflow.approve, first)
        screen_of(pilot).books_changed()
        await settled(pilot)
        assert numbers(pilot) == [first, second], "nothing moves under the eyes"
        assert "approved by Regional Mana" in screen_text(pilot)
        assert "Approvals by age: 1, KES 200.00" in screen_text(pilot)
        assert "It does not wait for you any more: approved by Regional Manager." in screen_of(pilot).pane.text
        for key in ("a", "x", "c"):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, ApprovalsScreen)
            assert f"{first} does not wait for you any more: approved by Regional Manager" in notices(pilot)[-1]
        await press(pilot, "j", "a")
        assert status_of(sqlite_desk, second) is RequisitionStatus.PENDING_TREASURY_VALIDATION


async def test_the_detail_tells_the_fund_the_timeline_the_trail_and_the_last_requests(
    sqlite_desk: Desk, clock: SettableClock
) -> None:
    people = demo_company(sqlite_desk)
    twin = story.request(sqlite_desk, people["staff"], "20000", payee="Tyre Centre")
    clock.advance(hours=1)
    number = story.request(sqlite_desk, people["staff"], "20000", payee="Tyre Centre")
    clock.advance(hours=3)
    sqlite_desk.run(people["branch_manager"], workflow.approve, number, "Needed before Friday")
    clock.advance(hours=2)
    async with running(sqlite_desk, "department_head", go="approvals", size=(120, 40)) as pilot:
        told = screen_of(pilot).pane.text
        assert "Fund NBI has KES 100,000.00 available, 80,000.00 once this is approved" in told
        assert f"! {twin} asks for the same" in told and "! the same payee and amount" in told
        assert "2026-03-02 16:00, took 3 h" in told and "for 2 h" in told
        assert "due 2026-03-03 16:00 · ◔ 22 h left" in told
        assert "“Needed before Friday”" in told
        assert "Last requests of Staff Person" in told
        places = [told.index(part) for part in ("Fund NBI", "Steps", "Trail", "Last requests", "Details")]
        assert places == sorted(places), "the most important first"


async def test_an_admin_gives_a_decision_to_somebody_else_and_nobody_else_is_offered_to(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    number = story.request(sqlite_desk, people["staff"], "100")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        assert not screen_of(pilot).check_action("reassign", ())
    sqlite_desk.run(people["admin"], reassigning.reassign, number, "cfo", "on leave")
    with sqlite_desk.work(people["admin"], audited=False) as work:
        work.execute(update(t.user).where(t.user.c.username == "cfo").values(is_superuser=True))
    async with running(sqlite_desk, "cfo", go="approvals") as pilot:
        await press(pilot, "i")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        await type_text(pilot, "(regional_manager")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        await settled(pilot)
        assert "an admin may give it to somebody" in screen_text(pilot)
        await type_text(pilot, "Back from leave")
        await press(pilot, "enter")
        assert notices(pilot)[-1] == f"{number} waits for regional_manager now."
        assert story.approver_of(sqlite_desk, number).username == "regional_manager"
        assert "Nothing waits for your decision." in screen_text(pilot)


async def test_a_prompt_says_what_cannot_be_undone_and_what_comes_back(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"], "4500")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        for key, said in (
            ("x", "This cannot be undone. It would have to be asked for anew."),
            ("c", "The requester changes it and submits it again; then every approval begins anew."),
            ("A", "An approval cannot be taken back."),
        ):
            await press(pilot, key)
            assert said in " ".join(screen_text(pilot).replace("│", " ").split())
            await press(pilot, "escape")


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


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_row_that_is_gone_says_whole_who_took_it(sqlite_desk: Desk, size: tuple[int, int]) -> None:
    people = demo_company(sqlite_desk)
    decided, left, stays = (story.request(sqlite_desk, people["staff"], amount) for amount in ("200", "300", "400"))
    async with running(sqlite_desk, "branch_manager", go="approvals", size=size) as pilot:
        with sqlite_desk.work(people["admin"], audited=False) as work:
            named = {"first_name": "Bartholomew", "last_name": "Kiprotich-Wanjala"}
            work.execute(update(t.user).where(t.user.c.username == "branch_manager").values(**named))
        sqlite_desk.run(people["branch_manager"], workflow.approve, decided)
        sqlite_desk.run(people["staff"], submission.withdraw, left, "Bought elsewhere")
        screen_of(pilot).books_changed()
        await settled(pilot)
        drawn = screen_text(pilot).splitlines()
        first, second, third = (next(line for line in drawn if number in line) for number in (decided, left, stays))
        assert "− approved by Bartholomew Kiprotich-Wanjala" in first
        assert "Total Energies" in second and "− withdrawn by Staff Person" in second
        assert "Total Energies" in third and "400.00" in third and "left" in third


async def test_the_list_of_those_who_may_decide_names_the_role_of_each_whole(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    story.request(sqlite_desk, people["staff"], "20000")
    async with running(sqlite_desk, "admin", go="requisitions") as pilot:
        await press(pilot, "i")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        text = screen_text(pilot)
        assert "Group Finance Manager, Group finance manager  (group_finance_manager)" in text
        assert "…" not in text
