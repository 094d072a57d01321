"""The desk as a whole: who comes in where, what is offered, small windows, bursts of keys, no colour, drafts kept."""

from __future__ import annotations

import sys

import pytest
import story
from building import PASSWORD
from building import actor as find_actor
from desk_app import demo_company, desk_app, notices, press, running, screen_text, settled, texts, type_text, until
from everything_once import KEY
from settable_clock import SettableClock
from textual import events
from textual.pilot import Pilot

from pettycash_tui.app import PettyCashApp, require_terminal
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.lock import LockScreen
from pettycash_tui.screens.requisition_form import RequisitionFormScreen
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.screens.small_window import SmallWindowScreen
from pettycash_tui.screens.starting import Opened
from pettycash_tui.services import form_drafts, signin, ssh_keys
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput
from pettycash_tui.widgets.footer import live_keys


def offered(pilot: Pilot[None]) -> set[str]:
    return {id for id in live_keys(pilot.app.screen) if id.startswith(("go.", "requisition.", "session."))}


async def test_without_a_person_one_signs_in_first(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, None) as pilot:
        assert isinstance(pilot.app.screen, SignInScreen)
        assert offered(pilot) == set()


async def test_a_clerk_is_offered_no_approvals(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        assert "Requisitions: mine · Acme Ltd" in screen_text(pilot)
        assert "Staff Person (Staff)" in screen_text(pilot)
        assert offered(pilot) == {
            "go.desk", "go.requisitions", "requisition.new", "session.list", "session.sign_out",
            "session.switch",
        }  # fmt: skip
        await press(pilot, "3", "4", "5")
        assert pilot.app.current_mode == "requisitions"


async def test_everybody_begins_at_their_desk_and_esc_goes_back_the_way_one_came(sqlite_desk: Desk) -> None:
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"])
    async with running(sqlite_desk, "branch_manager") as pilot:
        assert pilot.app.current_mode == "desk"
        await press(pilot, "3", "2")
        assert pilot.app.current_mode == "requisitions"
        await press(pilot, "escape")
        assert pilot.app.current_mode == "approvals"
        await press(pilot, "escape")
        assert pilot.app.current_mode == "desk"


async def test_an_approver_with_nothing_to_do_is_offered_the_approvals_all_the_same(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "branch_manager") as pilot:
        assert "go.approvals" in offered(pilot)


async def test_treasury_is_offered_the_payments_and_the_ledger(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "treasury") as pilot:
        assert {"go.approvals", "go.payments", "go.ledger"} <= offered(pilot)


async def test_the_form_opens_once_and_esc_leaves_it(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await pilot.app.action_go("requisition_form")
        await settled(pilot)
        assert [type(screen) for screen in pilot.app.screen_stack].count(RequisitionFormScreen) == 1
        await press(pilot, "escape")
        assert pilot.app.current_mode == "desk"
        assert len(pilot.app.screen_stack) == 1


async def test_signing_out_leaves_nothing_of_the_person_behind(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "L")
        assert isinstance(pilot.app.screen, SignInScreen)
        assert "Staff Person" not in screen_text(pilot)
        assert set(pilot.app._screen_stacks) <= {"_default", "sign_in"}
        assert offered(pilot) == set()


async def test_a_small_window_is_told_and_nothing_is_lost(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await type_text(pilot, "45")
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: isinstance(pilot.app.screen, SmallWindowScreen))
        assert "Make the window at least 80x24." in screen_text(pilot)
        assert "It is 60x20. Nothing is lost." in screen_text(pilot)
        await press(pilot, "n", "2")
        await pilot.resize_terminal(70, 30)
        await until(pilot, lambda: "It is 70x30." in screen_text(pilot))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: isinstance(pilot.app.screen, RequisitionFormScreen))
        await type_text(pilot, "00")
        assert pilot.app.screen.fields.values["amount"] == "4500"


async def test_a_window_that_is_small_from_the_beginning_is_told(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", size=(79, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, SmallWindowScreen))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Desk · Acme Ltd" in screen_text(pilot))


def burst(pilot: Pilot[None], *keys: str) -> None:
    """Keys as a slow line delivers them: all at once."""
    for key in keys:
        character = {"space": " ", "enter": "\r", "tab": "\t"}.get(key, key if len(key) == 1 else None)
        event = events.Key(key, character)
        event.set_sender(pilot.app)
        assert pilot.app._driver is not None
        pilot.app._driver.send_message(event)


async def test_keys_that_come_all_at_once_go_where_they_belong(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        burst(pilot, "n", *"1200", "tab", *"Naivas", "enter", *"Tea")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequisitionFormScreen))
        form = pilot.app.screen
        await until(pilot, lambda: form.fields.values["purpose"] == "Tea")
        assert form.fields.values["amount"] == "1200"
        assert form.fields.values["payee"] == "Naivas"


async def test_a_password_typed_ahead_is_never_shown_in_the_username(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, None) as pilot:
        burst(pilot, *"staff", "enter", *"secret")
        await until(pilot, lambda: pilot.app.screen._typed("password") == "secret")
        assert pilot.app.screen._typed("username") == "staff"
        assert "secret" not in screen_text(pilot)


async def test_help_says_what_the_screen_is_for_and_its_keys(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        shown = "\n".join(texts(pilot.app.screen))
        assert "Follow what was asked for" in shown
        assert "Take your requisition back" not in shown, "there is none to take back"
        assert "Leave the program; drafts are kept." in shown


async def test_ctrl_p_finds_actions_by_name(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        await press(pilot, "ctrl+p")
        found = "\n".join(pilot.app.screen.lines)
        assert all(label in found for label in ("New ·", "Quit ·", "Filter ·", "Sign out ·", "theme: light"))
        assert "Approvals ·" not in found


async def test_in_a_demo_one_goes_on_as_somebody_else(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff", go="requisition_form") as pilot:
        await type_text(pilot, "4500")
        await press(pilot, "escape", "S")
        await type_text(pilot, "branch_manager")
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.context is not None and pilot.app.context.actor.username != "staff")
        assert "Branch Manager (Branch manag" in screen_text(pilot)
        assert pilot.app.current_mode == "desk"
        draft = sqlite_desk.read(demo_company(sqlite_desk)["staff"], form_drafts.load, "requisition new")
        assert draft is not None and draft.values["amount"] == "4500"


async def test_where_the_books_are_real_nobody_goes_on_as_somebody_else(sqlite_desk: Desk) -> None:
    story.trading_company(sqlite_desk)
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, find_actor(sqlite_desk, "staff")))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "session.switch" not in offered(pilot)


async def test_without_colour_no_colour_is_drawn(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    story.request(sqlite_desk, demo_company(sqlite_desk)["staff"])
    async with running(sqlite_desk, "staff", go="requisitions") as pilot:
        drawn = [segment for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
        assert any("REQ-000001" in segment.text for segment in drawn)
        coloured = [s for s in drawn if s.style is not None and (s.style.color or s.style.bgcolor)]
        assert coloured == []
        assert any(s.style is not None and s.style.reverse for s in drawn), "the cursor is seen without colour"


async def test_quitting_keeps_what_was_typed(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    app = desk_app(sqlite_desk, "staff")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app.action_go("requisition_form")
        await settled(pilot)
        await type_text(pilot, "750")
        await app.action_quit()
    draft = sqlite_desk.read(people["staff"], form_drafts.load, "requisition new")
    assert draft is not None
    assert draft.values["amount"] == "750"


async def test_ctrl_c_says_how_one_leaves(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        await press(pilot, "ctrl+c")
        assert notices(pilot) == ["Press esc until no field is open, then q to leave."]


def test_a_dumb_terminal_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(InvalidInput, match="TERM=dumb"):
        require_terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    require_terminal()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    with pytest.raises(InvalidInput, match="needs a terminal"):
        require_terminal()


async def signed_in(desk: Desk) -> PettyCashApp:
    """The app of somebody with a session of their own, as the sign-in screen would open it."""
    people = demo_company(desk)
    desk.run(people["admin"], signin.set_password, "staff", PASSWORD, must_change=False)
    session = signin.sign_in(desk, "staff", PASSWORD, client="tui", source="local")
    return PettyCashApp(desk, load_context(desk, session.actor))


async def test_an_idle_desk_is_locked_and_nothing_is_lost(sqlite_desk: Desk) -> None:
    app = await signed_in(sqlite_desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        await type_text(pilot, "4500")
        app.watch_presence()
        await settled(pilot)
        assert isinstance(app.screen, RequisitionFormScreen), "somebody is there"
        app._last_input -= 15 * 60
        app.watch_presence()
        await until(pilot, lambda: isinstance(app.screen, LockScreen))
        assert "4500" not in screen_text(pilot)
        await type_text(pilot, "wrong")
        await press(pilot, "enter")
        await until(pilot, lambda: "username and password do not" in screen_text(pilot))
        await press(pilot, "ctrl+p", "escape")
        assert isinstance(app.screen, LockScreen), "there is no way around it"
        await press(pilot, "f1")
        app._last_input -= 15 * 60
        app.watch_presence()
        await settled(pilot)
        assert [type(screen) for screen in app.screen_stack].count(LockScreen) == 1, "it is locked once"
        await press(pilot, "escape")
        await type_text(pilot, PASSWORD)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RequisitionFormScreen))
        assert app.screen.fields.values["amount"] == "4500"


async def test_who_has_no_password_is_told_that_only_signing_out_helps(sqlite_desk: Desk) -> None:
    people = demo_company(sqlite_desk)
    key = sqlite_desk.run(people["admin"], ssh_keys.add_key, "staff", f"ssh-ed25519 {KEY}")
    here, _ = ssh_keys.enter(sqlite_desk, key.id, source="ssh 192.0.2.7")
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, here))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app._last_input -= 15 * 60
        app.watch_presence()
        await until(pilot, lambda: isinstance(app.screen, LockScreen))
        await type_text(pilot, "whatever it was")
        await press(pilot, "enter")
        await until(pilot, lambda: "You have no password" in screen_text(pilot))
        said = " ".join(screen_text(pilot).replace("│", " ").split())
        assert "^o signs out, and you come back by your SSH key. An admin can give you a password." in said
        assert isinstance(app.screen, LockScreen) and find_actor(sqlite_desk, "staff").id == here.id


async def test_what_is_to_be_told_of_the_database_is_told_once(sqlite_desk: Desk) -> None:
    here = load_context(sqlite_desk, demo_company(sqlite_desk)["staff"])
    app = PettyCashApp(opening=lambda: Opened(sqlite_desk, here, "This demo is worked on as the owner."))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.current_mode == "desk")
        await settled(pilot)
        assert notices(pilot) == ["This demo is worked on as the owner."]


async def test_a_session_that_has_ended_ends_at_the_desk_too(sqlite_desk: Desk, clock: SettableClock) -> None:
    app = await signed_in(sqlite_desk)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        clock.advance(hours=13)
        app.watch_presence()
        await until(pilot, lambda: isinstance(app.screen, SignInScreen))
        assert notices(pilot) == ["Your session has come to its end. Sign in again; drafts are kept."]


async def test_who_acts_as_a_demo_person_is_never_locked(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "staff") as pilot:
        pilot.app._last_input -= 3600
        pilot.app.watch_presence()
        await settled(pilot)
        assert pilot.app.current_mode == "desk" and len(pilot.app.screen_stack) == 1
