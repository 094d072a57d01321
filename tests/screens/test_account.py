"""At the desk: one's authenticator app, the recovery codes that stand in for it, and one's password."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from threading import Event
from typing import Any

import building
import pyotp
import pytest
from desk_app import demo_company, notices, press, running, screen_text, settled, type_text, until
from signing import PASSWORD, WRONG, code_now, demand_apps, enrolled, enter, give_passwords, hash_quickly, refusal, told
from sqlalchemy import select
from textual.pilot import Pilot
from textual.widgets import Input

from pettycash_tui.app import PettyCashApp
from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import Role
from pettycash_tui.screens.account import PasswordPrompt
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.enrolling import EnrolWindow
from pettycash_tui.screens.text_window import TextWindow
from pettycash_tui.services import session_list, totp
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor

NEW = "a longer one of mine"
RECOVERY_CODE = re.compile(r"\b[A-Z0-9]{5}-[A-Z0-9]{5}\b")


@pytest.fixture
def people(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """The demo company; `branch_manager` has a password."""
    hash_quickly(monkeypatch)
    found = demo_company(sqlite_desk)
    give_passwords(sqlite_desk, "branch_manager")
    return found


def signed_in(desk: Desk, **options: Any) -> PettyCashApp:
    """The desk of the branch manager, who came in by password."""
    return PettyCashApp(desk, load_context(desk, enter(desk, "branch_manager", **options).actor))


def signed_in_by_app(desk: Desk, people: dict[str, Actor]) -> tuple[PettyCashApp, bytes, tuple[str, ...]]:
    """The same by password and app; the app's secret and its recovery codes."""
    secret, codes = enrolled(desk, people["branch_manager"])
    desk.clock.advance(minutes=1)  # type: ignore[attr-defined]
    return signed_in(desk, code=code_now(desk, secret)), secret, codes


async def open_part(pilot: Pilot[None], part: str) -> None:
    """Open one's account and choose a line of it."""
    await press(pilot, "U")
    await until(pilot, lambda: "Password           choose another" in screen_text(pilot))
    await type_text(pilot, part)
    await press(pilot, "enter")


def secret_shown(pilot: Pilot[None]) -> bytes:
    """What one would type into the app."""
    lines = re.findall(r"\b[A-Z2-7]{4}(?: [A-Z2-7]{4}){3}\b", screen_text(pilot))
    assert len(lines) == 2, screen_text(pilot)
    return b32decode("".join(lines).replace(" ", ""))


def confirmed_at(desk: Desk) -> object:
    """Since when the branch manager's app is in force."""
    with desk.engine.connect() as connection:
        found = select(t.user.c.totp_confirmed_at).where(t.user.c.username == "branch_manager")
        return connection.execute(found).scalar()


async def test_who_has_to_enrol_does_it_at_the_desk_and_goes_on_with_their_rights(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    demand_apps(sqlite_desk)
    app = signed_in(sqlite_desk)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        assert "U does it here." in " ".join(notices(pilot))
        assert app.context is not None and app.context.actor.must_enrol

        await press(pilot, "U")
        await until(pilot, lambda: "none; enrol one, which your company asks of you" in screen_text(pilot))
        assert "Recovery codes" not in screen_text(pilot), "there are none without an app"
        await press(pilot, "enter")
        await type_text(pilot, PASSWORD)
        assert PASSWORD not in screen_text(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EnrolWindow))
        code = code_now(sqlite_desk, secret_shown(pilot))
        assert confirmed_at(sqlite_desk) is None, "it counts when a code of it was given"

        await press(pilot, "enter")
        assert "Type the six digits" in screen_text(pilot)
        await type_text(pilot, f"{(int(code) + 1) % 1_000_000:06d}")
        await press(pilot, "enter")
        await until(pilot, lambda: "The code is not right." in screen_text(pilot))
        assert app.screen.query_one(Input).value == "", "the next one is typed into an empty field"
        await type_text(pilot, code)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        codes = RECOVERY_CODE.findall(screen_text(pilot))
        assert len(set(codes)) == 10 and "not shown again." in " ".join(screen_text(pilot).split())

        await press(pilot, "escape")
        await until(pilot, lambda: app.context is not None and not app.context.actor.must_enrol)
        assert confirmed_at(sqlite_desk) == sqlite_desk.clock()
        assert app.context is not None and app.context.actor.username == "branch_manager"
        await press(pilot, "U")
        await until(pilot, lambda: "10 left; make new ones" in screen_text(pilot))
    assert enter(sqlite_desk, "branch_manager", code=codes[0]).recovery_codes_left == 9
    assert [event["action"] for event in told(sqlite_desk, "totp.enrolled", "totp.refused", "totp.confirmed")] == [
        "totp.enrolled",
        "totp.refused",
        "totp.confirmed",
    ]


async def test_the_code_to_scan_is_the_apps_and_is_shown_whole(sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    # With the longest name that somebody may have, the code is as high as the smallest window.
    longest = "b" * 60
    building.person(sqlite_desk, longest, Role.STAFF, company_id=people["staff"].company_id)
    give_passwords(sqlite_desk, longest)
    app = PettyCashApp(sqlite_desk, load_context(sqlite_desk, enter(sqlite_desk, longest).actor))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await open_part(pilot, "auth")
        await type_text(pilot, PASSWORD)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EnrolWindow))
        uri = pyotp.TOTP(b32encode(secret_shown(pilot)).decode()).provisioning_uri(
            name=longest, issuer_name="Pettycash"
        )
        lines, shown = totp.qr_lines(uri), screen_text(pilot).splitlines()
        assert len(lines) == len(shown) == 24
        assert all(line.rstrip() in there for line, there in zip(lines, shown, strict=True))
        assert "enter puts it in force" in screen_text(pilot) and "esc leaves" in screen_text(pilot)


async def test_a_wrong_password_shows_no_code_and_left_before_the_end_nothing_has_changed(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    app, secret, _ = signed_in_by_app(sqlite_desk, people)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await open_part(pilot, "auth")
        await type_text(pilot, WRONG)
        await press(pilot, "enter")
        assert isinstance(app.screen, PasswordPrompt)
        assert app.screen.query_one(Input).value == "" and "✖" in screen_text(pilot)
        await type_text(pilot, PASSWORD)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EnrolWindow))
        await press(pilot, "escape")
        assert "Nothing has changed: the new app is not in force." in notices(pilot)
    sqlite_desk.clock.advance(minutes=1)  # type: ignore[attr-defined]
    enter(sqlite_desk, "branch_manager", code=code_now(sqlite_desk, secret))


async def test_codes_that_were_made_are_shown_also_to_who_left_the_window_meanwhile(
    sqlite_desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, confirm = Event(), totp.confirm

    def slowly(desk: Desk, actor: Actor, code: str) -> tuple[str, ...]:
        go_on.wait(20)
        return confirm(desk, actor, code)

    monkeypatch.setattr(totp, "confirm", slowly)
    app = signed_in(sqlite_desk)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await open_part(pilot, "auth")
        await type_text(pilot, PASSWORD)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EnrolWindow))
        await type_text(pilot, code_now(sqlite_desk, secret_shown(pilot)))
        await pilot.press("enter", "escape")
        assert notices(pilot) == ["The code is being looked at; you are told what comes of it."]
        go_on.set()
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        codes = RECOVERY_CODE.findall(screen_text(pilot))
    assert enter(sqlite_desk, "branch_manager", code=codes[0]).recovery_codes_left == 9


async def test_new_recovery_codes_are_shown_once_and_those_before_no_longer_count(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    app, _, old = signed_in_by_app(sqlite_desk, people)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await open_part(pilot, "reco")
        await type_text(pilot, PASSWORD)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        codes = RECOVERY_CODE.findall(screen_text(pilot))
        assert len(set(codes)) == 10 and not set(codes) & set(old)
        await press(pilot, "escape")
        assert not set(codes) & set(RECOVERY_CODE.findall(screen_text(pilot)))
    assert refusal(sqlite_desk, "branch_manager", code=old[0]).code == "totp_wrong"
    assert enter(sqlite_desk, "branch_manager", code=codes[9]).recovery_codes_left == 9


async def test_one_chooses_another_password_and_is_signed_out_elsewhere(
    sqlite_desk: Desk, people: dict[str, Actor]
) -> None:
    elsewhere = enter(sqlite_desk, "branch_manager", source="ssh 192.0.2.7").actor
    app = signed_in(sqlite_desk)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await open_part(pilot, "pass")
        for old, new, again, said in (
            (WRONG, NEW, NEW, "✖"),
            (PASSWORD, "short", "short", "at least 12"),
            (PASSWORD, NEW, NEW + " ", "not the same as the new password"),
        ):
            for field, text in zip(app.screen.query(Input), (old, new, again), strict=True):
                field.value = text
            await press(pilot, "enter")
            await until(pilot, lambda said=said: said in screen_text(pilot))  # type: ignore[misc]
            assert isinstance(app.screen, PasswordPrompt)
            assert "enter changes it" in screen_text(pilot)
        list(app.screen.query(Input))[2].value = NEW
        await press(pilot, "enter")
        await until(pilot, lambda: any("Your password is changed" in notice for notice in notices(pilot)))
        here = app.context.actor if app.context is not None else elsewhere
        (left,) = sqlite_desk.read(here, session_list.list_sessions).items
        assert left.is_current and left.id != elsewhere.session_id
    refusal(sqlite_desk, "branch_manager", PASSWORD)
    enter(sqlite_desk, "branch_manager", NEW)


async def test_who_tries_the_demo_without_a_password_enrols_without_one(sqlite_desk: Desk) -> None:
    async with running(sqlite_desk, "branch_manager") as pilot:
        await open_part(pilot, "auth")
        await until(pilot, lambda: isinstance(pilot.app.screen, EnrolWindow))
        await type_text(pilot, code_now(sqlite_desk, secret_shown(pilot)))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextWindow))
    assert confirmed_at(sqlite_desk) == sqlite_desk.clock()
