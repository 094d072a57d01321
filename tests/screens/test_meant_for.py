"""A key does what it was meant for: nothing is decided that was not seen, and no window takes a key of another."""

from __future__ import annotations

import pytest
import story
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from slow_desk import SlowDesk, begun
from sqlalchemy import update
from textual.pilot import Pilot

from pettycash_tui import app as desk_of_app
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus, RequisitionStatus
from pettycash_tui.screens.approvals import ApprovalsScreen
from pettycash_tui.screens.closing import close
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.screens.pay_dialog import PayDialog
from pettycash_tui.screens.prompts import ConfirmPrompt, ReasonPrompt
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import payment_views, requisition_views, signin, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable

PASSWORD = "correct horse battery"
WAITS = RequisitionStatus.PENDING_BRANCH_APPROVAL


def status_of(desk: Desk, number: str) -> RequisitionStatus:
    return desk.read(demo_company(desk)["cfo"], requisition_views.show, number).status


def three(desk: Desk) -> list[str]:
    people = demo_company(desk)
    payees = ("Mwangi Garage", "Total Energies", "Acme Paints")
    return [story.request(desk, people["staff"], "100", payee=payee) for payee in payees]


async def typed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys without waiting for a database that does not answer."""
    for key in keys:
        await pilot.press(key)
    await pilot.pause()


# -- decisions ---------------------------------------------------------------------------------------------------------


async def test_while_a_filter_is_being_read_no_key_decides_on_the_row_of_the_old_list(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = three(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        with slow.slow():
            await typed(pilot, "slash", *"acme", "enter")
            await begun(pilot, slow)
            await typed(pilot, "a")
        await settled(pilot)
        assert status_of(sqlite_desk, first) is WAITS
        assert "The list is still being read. Look at what comes, then press the key again." in notices(pilot)


async def test_on_the_way_to_an_object_no_key_decides_on_where_the_cursor_was(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = three(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        with slow.slow():
            await go_and_show(pilot.app, "approvals", third)
            await begun(pilot, slow)
            await typed(pilot, "a", "x")
            assert isinstance(pilot.app.screen, ApprovalsScreen), "no prompt about another row is opened either"
        await settled(pilot)
        assert [status_of(sqlite_desk, number) for number in (first, second, third)] == [WAITS] * 3
        await press(pilot, "a")
        assert status_of(sqlite_desk, third) is not WAITS, "it was gone to, so it may be decided at once"


async def test_the_last_row_gone_does_not_hand_the_key_to_the_row_above(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApprovalsScreen, "look_seconds", 60)
    first, second, third = three(sqlite_desk)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "G", "a")
        assert status_of(sqlite_desk, third) is not WAITS
        await press(pilot, *"aaa")
        assert [status_of(sqlite_desk, number) for number in (first, second)] == [WAITS] * 2
        assert f"{second} has only just come under the cursor. Look at it, then decide." in notices(pilot)
        await press(pilot, "k", "a")
        assert status_of(sqlite_desk, first) is not WAITS, "a row that one went to was looked at"


async def test_a_key_that_is_held_down_never_decides_on_what_slides_in(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = three(sqlite_desk)
    monkeypatch.setattr(ApprovalsScreen, "look_seconds", 1.0)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "a")
        # However long it is held: each press that is refused begins the look anew.
        for _ in range(30):
            await press(pilot, "a")
        assert status_of(sqlite_desk, first) is not WAITS
        assert [status_of(sqlite_desk, number) for number in (second, third)] == [WAITS] * 2


async def test_what_is_typed_before_the_choice_is_there_narrows_it_and_decides_nothing(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    number = story.request(sqlite_desk, people["staff"], "100")
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "admin", go="requisitions") as pilot:
        with slow.slow():
            await typed(pilot, "i", *"trea")
            assert "reading…" in screen_text(pilot)
            await typed(pilot, "enter")
        await settled(pilot)
        text = screen_text(pilot)
        assert f"Who decides on {number}?" in text and "reading…" not in text
        assert status_of(sqlite_desk, number) is WAITS


async def test_a_question_that_is_still_being_read_cannot_be_answered_with_yes(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = three(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "space", "space")
        with slow.slow():
            await typed(pilot, "a", "y")
            assert isinstance(pilot.app.screen, ConfirmPrompt)
        await settled(pilot)
        assert "Together KES 200.00" in screen_text(pilot)
        assert [status_of(sqlite_desk, number) for number in (first, second)] == [WAITS] * 2
        await press(pilot, "y")
        await settled(pilot)
        assert [status_of(sqlite_desk, number) is WAITS for number in (first, second)] == [False] * 2


async def test_reviewing_several_takes_nothing_from_a_fund(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    for _ in range(2):
        story.pay(sqlite_desk, story.approved(sqlite_desk, people["staff"], "60000", origin="hq"))
    async with running(sqlite_desk, "fpa", go="approvals") as pilot:
        await press(pilot, "space", "space", "a")
        text = screen_text(pilot)
        assert "Review 2 requisitions" in text and "Together KES 120,000.00" in text
        assert "Fund HQ" not in text.partition("Review 2 requisitions")[2].partition("An approval")[0]


async def test_a_reason_that_could_not_be_sent_stands_in_the_prompt_again(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, *_ = three(sqlite_desk)

    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database cannot be reached.")

    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        await press(pilot, "x")
        await type_text(pilot, "Not this month")
        with monkeypatch.context() as patch:
            patch.setattr(workflow, "reject", away)
            await press(pilot, "escape", "x")
            await type_text(pilot, "Not this month")
            await press(pilot, "enter")
        assert status_of(sqlite_desk, number) is WAITS
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ReasonPrompt)
        assert "Not this month" in screen_text(pilot)
        await press(pilot, "enter")
        assert status_of(sqlite_desk, number) is RequisitionStatus.REJECTED


# -- paying ------------------------------------------------------------------------------------------------------------


async def test_an_impatient_second_enter_pays_nothing_that_was_not_looked_at(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    with sqlite_desk.engine.begin() as connection:
        connection.execute(update(t.company).values(otp_threshold=10**6))
    number = story.approved(sqlite_desk, people["staff"], "450")
    executor = story.executor_of(sqlite_desk, number).username

    def status() -> PaymentStatus:
        return sqlite_desk.read(people["cfo"], payment_views.show, number).status

    monkeypatch.setattr(PayDialog, "look_seconds", 60)
    async with running(sqlite_desk, executor, go="payments") as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert "Look at the amount and the payee, then press" in screen_text(pilot)
        assert status() is PaymentStatus.PENDING
        monkeypatch.setattr(PayDialog, "look_seconds", 0)
        await press(pilot, "enter")
        assert status() is PaymentStatus.SUCCESS


# -- windows -----------------------------------------------------------------------------------------------------------


async def test_what_ends_in_the_background_closes_its_own_window_and_no_other(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        first, second = TextWindow("First", "one"), TextWindow("Second", "two")
        await pilot.app.push_screen(first)
        await pilot.app.push_screen(second)
        close(first)
        await pilot.pause(0.3)
        assert pilot.app.screen is second
        await press(pilot, "escape")
        await until(pilot, lambda: first not in pilot.app.screen_stack)
        close(first)  # it is gone: nothing happens


async def test_nothing_is_shown_over_a_lock_and_all_of_it_after_it(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        app, context = pilot.app, pilot.app.context  # type: ignore[attr-defined]
        await app.push_screen(LockScreen(context, idle_minutes=1), lambda _: app.call_later(app._show_what_waited))  # type: ignore[attr-defined]
        app.notify("PAY-000001 is paid: voucher PCV-NBI-2026-00001.", markup=False)
        app.push_screen(TextWindow("Approved together", "REQ-000001 Total Energies"))
        await settled(pilot)
        assert "Nobody was here for a minute." in screen_text(pilot)
        assert "PAY-000001" not in screen_text(pilot) and "REQ-000001" not in screen_text(pilot)
        lock = app.screen
        assert isinstance(lock, LockScreen)
        lock._unlocked(None)
        await until(pilot, lambda: "REQ-000001 Total Energies" in screen_text(pilot))
        assert any("PAY-000001 is paid" in notice for notice in notices(pilot))


async def test_what_waited_behind_a_lock_is_not_told_to_the_next_person(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        app = pilot.app
        await app.push_screen(LockScreen(app.context, idle_minutes=15))  # type: ignore[attr-defined]
        app.notify("PAY-000001 is paid.", markup=False)
        await app.run_action("sign_out")
        await settled(pilot)
        assert isinstance(app.screen, SignInScreen)
        assert notices(pilot) == []


async def test_what_an_act_of_the_last_person_led_to_is_not_told_to_the_next(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = three(sqlite_desk)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "branch_manager", go="approvals") as pilot:
        with slow.slow():
            await typed(pilot, "a")
            await begun(pilot, slow)
            await pilot.app.run_action("sign_out")
            await pilot.pause()
        await settled(pilot)
        assert status_of(sqlite_desk, first) is not WAITS, "what was begun goes on"
        assert isinstance(pilot.app.screen, SignInScreen)
        assert notices(pilot) == []


# -- who is let in -----------------------------------------------------------------------------------------------------


async def test_esc_while_one_is_being_let_in_lets_nobody_in(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    people = demo_company(sqlite_desk)
    sqlite_desk.run(people["admin"], signin.set_password, "staff", PASSWORD, must_change=False)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "enter")
        await type_text(pilot, PASSWORD)
        with slow.slow():
            await typed(pilot, "enter")
            await begun(pilot, slow)
            await typed(pilot, "escape", *"cfo")
        await settled(pilot)
        assert isinstance(pilot.app.screen, SignInScreen)
        assert pilot.app.screen._typed("username") == "cfo", "what the next person types stays theirs"
    with sqlite_desk.engine.connect() as connection:
        session = t.sign_in_session.c
        ended = connection.execute(t.sign_in_session.select().where(session.client == "tui")).all()
    assert ended and all(row.ended_at is not None for row in ended)


async def test_enter_again_while_the_desk_is_being_opened_asks_for_no_new_password(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = demo_company(sqlite_desk)
    sqlite_desk.run(people["admin"], signin.set_password, "staff", PASSWORD, must_change=False)
    async with running(sqlite_desk, None) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, SignInScreen)
        await type_text(pilot, "staff")
        await press(pilot, "enter")
        await type_text(pilot, PASSWORD)
        with monkeypatch.context() as patch:
            patch.setattr(screen, "_load", lambda: None)  # the desk takes its time
            await press(pilot, "enter", "enter")
        assert screen._asked == ["username", "password"]
        screen._load()
        await until(pilot, lambda: pilot.app.screen is not screen)


async def test_help_over_the_sign_in_keeps_what_was_typed(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "f1")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, SignInScreen)
        assert pilot.app.screen._typed("username") == "staff"


async def test_a_database_that_does_not_answer_keeps_nobody_from_leaving(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of_app, "LEAVING_SECONDS", 0.05)
    slow = SlowDesk(sqlite_desk, monkeypatch)
    async with running(sqlite_desk, "staff") as pilot:
        with slow.slow():
            await typed(pilot, "q")
            await pilot.pause(0.3)
            assert pilot.app._exit
