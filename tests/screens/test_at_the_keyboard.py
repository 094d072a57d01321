"""Small things that people stumble over: what a prompt offers, what a list keeps, what a window says."""

from __future__ import annotations

import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from sqlalchemy import text
from textual import events
from textual.pilot import Pilot

from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.screens.approvals import ApprovalsScreen
from pettycash_tui.screens.choice_prompt import ChoicePrompt
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.screens.prompts import ReasonPrompt
from pettycash_tui.services import form_drafts, payment_views, requisition_views
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.plain import Field


def labels(pilot: Pilot[None], screen: int = -1) -> list[str]:
    footer = pilot.app.screen_stack[screen].query_one(KeyFooter)
    return [hint.label for hint in footer.hints]


async def test_a_window_on_top_changes_nothing_in_the_keys_of_the_screen_below(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff") as pilot:
        before = labels(pilot)
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert labels(pilot, 0) == before


async def test_help_shows_all_that_a_screen_says_of_itself(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "f1")
        assert "the same key takes it back." in screen_text(pilot)
        await press(pilot, "escape", "n", "f1")
        assert "there when you come back." in screen_text(pilot)


async def test_a_form_that_was_emptied_again_is_not_offered_as_something_typed(sqlite_desk: Desk) -> None:
    staff = demo_company(sqlite_desk)["staff"]
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await type_text(pilot, "12")
        await until(pilot, lambda: sqlite_desk.read(staff, form_drafts.load, "requisition new"))
        await press(pilot, "backspace", "backspace", "escape")
        await settled(pilot)
        told = len(notices(pilot))
        await press(pilot, "n")
        await settled(pilot)
        assert len(notices(pilot)) == told
        assert "typed" not in screen_text(pilot).splitlines()[0]


async def test_an_amount_that_no_fund_can_pay_says_so_while_one_types(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    with sqlite_desk.engine.begin() as connection:
        connection.execute(text("UPDATE treasury_fund SET is_active = 0"))
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await type_text(pilot, "100")
        panel = pilot.app.screen.query_one(PreviewPanel)
        await until(pilot, lambda: "✖ Fund: " in panel.text)
        assert "Type an amount" not in panel.text


async def test_lines_that_end_in_carriage_returns_are_counted_as_lines(sqlite_desk: Desk) -> None:
    demo_company(sqlite_desk)
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "tab", "tab")
        assert pilot.app.focused is not None
        pilot.app.focused.post_message(events.Paste("\r".join(["a line of a long list"] * 10_000)))
        await settled(pilot)
        field = pilot.app.screen.query_one("#field-purpose", Field)
        assert "the 10,000 lines of " in field.error


async def test_each_earlier_requisition_is_one_line_and_no_match_is_said(sqlite_desk: Desk) -> None:
    staff = demo_company(sqlite_desk)["staff"]
    story.request(sqlite_desk, staff, "123456.00", payee="A payee of many words", purpose="A purpose of many words")
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await press(pilot, "ctrl+l")
        assert isinstance(pilot.app.screen, ChoicePrompt)
        lines = screen_text(pilot).splitlines()
        found = [line for line in lines if "A payee of many wor" in line]
        assert len(found) == 1 and "123,456.00  A purpose of many words" in found[0]
        await type_text(pilot, "zzz")
        assert "Nothing matches." in screen_text(pilot)


async def test_sorting_keeps_what_is_marked(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    marked = [story.request(sqlite_desk, people["staff"], amount) for amount in ("300", "900")]
    left = story.request(sqlite_desk, people["staff"], "600")
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, ApprovalsScreen)
        await press(pilot, "space", "space", "s")
        await settled(pilot)
        assert {row.value.number for row in screen.table.marked_rows} == set(marked)
        assert left not in {row.value.number for row in screen.table.marked_rows}


async def test_what_is_paid_is_reviewed_and_not_sent_back(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    payment = story.approved(sqlite_desk, people["staff"], "60000")
    number = sqlite_desk.read(people["cfo"], payment_views.show, payment).requisition
    story.pay(sqlite_desk, payment)
    assert sqlite_desk.read(people["cfo"], requisition_views.show, number).status is RequisitionStatus.PAID
    reviewer = story.approver_of(sqlite_desk, number)
    async with running(sqlite_desk, reviewer.username, go="approvals") as pilot:
        assert number in screen_text(pilot)
        assert not {"Reject", "Ask changes"} & set(labels(pilot))
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ApprovalsScreen)
        await press(pilot, "a")
        await settled(pilot)
    assert sqlite_desk.read(people["cfo"], requisition_views.show, number).status is RequisitionStatus.REVIEWED


async def test_cancelling_a_payment_has_one_button_that_cancels_it(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    payment = story.approved(sqlite_desk, people["staff"], "4500")
    async with running(sqlite_desk, "cfo", go="payments") as pilot:
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        assert "Keep it (esc)" in screen_text(pilot) and "Cancel (esc)" not in screen_text(pilot)
        await press(pilot, "escape")
    assert sqlite_desk.read(people["cfo"], payment_views.show, payment).status is PaymentStatus.PENDING
