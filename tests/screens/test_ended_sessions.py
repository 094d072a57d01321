"""At the desk: a session that was ended from elsewhere, the list of one's own, and the app that one has to enrol."""

from __future__ import annotations

import os
import signal

import pytest
from desk_app import demo_company, notices, press, screen_text, settled, type_text, until
from signing import demand_apps, enter, give_passwords, hash_quickly

from pettycash_tui.app import PettyCashApp
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.services import forced, session_list
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotSignedIn
from pettycash_tui.services.identity import Actor


@pytest.fixture
def people(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """The demo company; `staff` and `branch_manager` have passwords."""
    hash_quickly(monkeypatch)
    found = demo_company(sqlite_desk)
    give_passwords(sqlite_desk, "staff", "branch_manager")
    return found


async def test_a_revoked_desk_ends_at_once_and_says_why(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    here = enter(sqlite_desk, "staff").actor
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, here))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        session_list.revoke_all(sqlite_desk, people["admin"], "staff")
        app.post_message(app.BooksChanged())
        await until(pilot, lambda: isinstance(app.screen, SignInScreen))
        assert notices(pilot) == ["Your session was ended from elsewhere. Sign in again; drafts are kept."]


async def test_a_revoked_desk_by_ssh_is_closed_and_ends_with_the_reason(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    signed = enter(sqlite_desk, "staff")
    forced.begin(forced.Served("staff", signed.token, "ssh 192.0.2.1", sqlite_desk.home))
    try:
        app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, signed.actor))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await settled(pilot)
            session_list.revoke_all(sqlite_desk, people["admin"], "staff")
            app.post_message(app.BooksChanged())
            await until(pilot, lambda: app.failure is not None)
            assert notices(pilot) == []
    finally:
        forced.end()
    assert isinstance(app.failure, NotSignedIn)
    assert str(app.failure) == "Your session was ended from elsewhere. Connect again by SSH; drafts are kept."
    assert not app.is_running


async def test_a_lost_terminal_reaches_who_opened_the_desk_for_somebody(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    """By SSH the session is ended there too, where the desk itself had too little time for it."""
    told: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _frame: told.append(number))
    try:
        app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, enter(sqlite_desk, "staff").actor))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            os.kill(os.getpid(), signal.SIGHUP)
            await until(pilot, lambda: bool(told))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == [signal.SIGHUP]


async def test_a_lost_terminal_ends_the_desk_also_where_hang_ups_are_ignored(
    sqlite_desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under nohup: the desk would go on without anybody who sees it."""
    left: list[object] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, enter(sqlite_desk, "staff").actor))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            kill = os.kill
            monkeypatch.setattr(os, "kill", lambda *_: left.append(signal.getsignal(signal.SIGHUP)))
            kill(os.getpid(), signal.SIGHUP)
            await until(pilot, lambda: bool(left))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert left == [signal.SIG_DFL]


async def test_one_sees_where_one_is_signed_in_and_ends_it(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    other = enter(sqlite_desk, "staff", source="ssh 192.0.2.7").actor
    here = enter(sqlite_desk, "staff").actor
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, here))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await press(pilot, "W")
        await until(pilot, lambda: "192.0.2.7" in screen_text(pilot) and "this one" in screen_text(pilot))
        await type_text(pilot, "192")
        await press(pilot, "enter")
        await until(pilot, lambda: "That session is ended." in notices(pilot))
        rows = sqlite_desk.read(here, session_list.list_sessions).items
        assert [row.id for row in rows] == [here.session_id] != [other.session_id]


async def test_who_has_to_enrol_an_app_is_told_at_the_desk(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    demand_apps(sqlite_desk)
    here = enter(sqlite_desk, "branch_manager").actor
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, here))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        assert "U does it here." in " ".join(notices(pilot))
