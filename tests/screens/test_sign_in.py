"""Signing in on the screen: refusals beside the field, the code when it is needed, a first password, signing out."""

from __future__ import annotations

import time

import pytest
from building import actor as find_actor
from desk_app import demo_company, press, running, screen_text, texts, type_text, until
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.screens.sign_in import SignInScreen
from pettycash_tui.services import proving, signin, totp
from pettycash_tui.services.desk import Desk

PASSWORD = "correct horse battery"


@pytest.fixture
def company(sqlite_desk: Desk) -> Desk:
    """The demo company; staff, treasury and branch_manager have passwords."""
    people = demo_company(sqlite_desk)
    for name in ("staff", "treasury", "branch_manager"):
        sqlite_desk.run(people["admin"], signin.set_password, name, PASSWORD, must_change=False)
    return sqlite_desk


def field_error(pilot: Pilot[None], name: str) -> str:
    assert isinstance(pilot.app.screen, SignInScreen)
    return pilot.app.screen._field(name).error


async def sign_in(pilot: Pilot[None], name: str, password: str) -> None:
    await type_text(pilot, name)
    await press(pilot, "enter")
    await type_text(pilot, password)
    await press(pilot, "enter")


async def test_the_right_password_comes_in(company: Desk) -> None:
    async with running(company, None) as pilot:
        await sign_in(pilot, "staff", PASSWORD)
        await until(pilot, lambda: "Desk · Acme Ltd" in screen_text(pilot))
        assert "Staff Person (Staff)" in screen_text(pilot)


async def test_the_password_is_masked_and_forgotten(company: Desk) -> None:
    async with running(company, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "enter")
        await type_text(pilot, PASSWORD)
        assert PASSWORD not in screen_text(pilot)
        assert "•" * len(PASSWORD) in screen_text(pilot)
        screen = pilot.app.screen
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))
        assert screen._typed("password") == ""


async def test_a_wrong_password_is_said_beside_the_field(company: Desk) -> None:
    async with running(company, None) as pilot:
        await sign_in(pilot, "staff", "wrong")
        await until(pilot, lambda: field_error(pilot, "password"))
        assert field_error(pilot, "password") == proving.REFUSED
        assert pilot.app.focused is pilot.app.screen._field("password").control_widget
        await type_text(pilot, PASSWORD)
        assert field_error(pilot, "password") == ""
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))


async def test_an_empty_password_is_not_sent(company: Desk) -> None:
    async with running(company, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "enter", "enter")
        assert field_error(pilot, "password") == "Type your password."


async def test_those_who_pay_are_asked_for_their_code(company: Desk, clock: SettableClock) -> None:
    officer = find_actor(company, "treasury")
    enrolment = totp.enrol(company, officer)
    secret = totp_secret(enrolment.uri)
    totp.confirm(company, officer, totp.code_at(secret, step_of(clock)))
    clock.advance(minutes=1)
    async with running(company, None) as pilot:
        await sign_in(pilot, "treasury", PASSWORD)
        await until(pilot, lambda: "authenticator app" in screen_text(pilot))
        await type_text(pilot, "000000")
        await press(pilot, "enter")
        await until(pilot, lambda: field_error(pilot, "code"))
        assert "The code is not right" in field_error(pilot, "code")
        await type_text(pilot, totp.code_at(secret, step_of(clock)))
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))


def totp_secret(uri: str) -> bytes:
    from base64 import b32decode
    from urllib.parse import parse_qs, urlsplit

    text = parse_qs(urlsplit(uri).query)["secret"][0]
    return b32decode(text + "=" * (-len(text) % 8))


def step_of(clock: SettableClock) -> int:
    return int(clock.now.timestamp()) // 30


async def test_a_first_password_is_changed_before_anything_else(company: Desk) -> None:
    admin = find_actor(company, "admin")
    company.run(admin, signin.set_password, "staff", "given by the admin")
    async with running(company, None) as pilot:
        await sign_in(pilot, "staff", "given by the admin")
        await until(pilot, lambda: "password of your own" in screen_text(pilot))
        await type_text(pilot, "short")
        await press(pilot, "enter")
        await type_text(pilot, "short")
        await press(pilot, "enter")
        await until(pilot, lambda: field_error(pilot, "new_password"))
        assert "at least 12 characters" in field_error(pilot, "new_password")
        new = pilot.app.screen._field("new_password").control_widget
        again = pilot.app.screen._field("repeated").control_widget
        new.value, again.value = "four words and more", "four words and other"
        again.focus()
        await press(pilot, "enter")
        assert field_error(pilot, "repeated") == "Is not the same as the new password."
        await type_text(pilot, "four words and more")
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))
    async with running(company, None) as pilot:
        await sign_in(pilot, "staff", "four words and more")
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))


async def test_the_keys_stay_alive_while_the_password_is_compared(
    company: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pettycash_tui.services import passwords

    compare = passwords.verify

    def slowly(hashed: str | None, password: str) -> bool:
        time.sleep(0.4)
        return compare(hashed, password)

    monkeypatch.setattr(passwords, "verify", slowly)
    async with running(company, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "enter")
        await type_text(pilot, "wrong")
        await pilot.press("enter")
        await pilot.press("x")
        assert pilot.app.screen._typed("password") == "wrongx"
        assert "Signing in…" in screen_text(pilot)
        await until(pilot, lambda: field_error(pilot, "password"))


async def test_a_demo_says_whom_one_may_be(company: Desk) -> None:
    async with running(company, None) as pilot:
        shown = " ".join(" ".join(texts(pilot.app.screen)).split())
        assert "A demo: sign in with the password demo as admin, staff, department_head" in shown


async def test_signing_out_ends_the_session_and_empties_the_fields(company: Desk) -> None:
    async with running(company, None) as pilot:
        await sign_in(pilot, "staff", PASSWORD)
        await until(pilot, lambda: pilot.app.places[:1] == (pilot.app.current_mode,))
        token_owner = pilot.app.context.actor
        await press(pilot, "L")
        await until(pilot, lambda: isinstance(pilot.app.screen, SignInScreen))
        assert pilot.app.screen._typed("username") == ""
        await until(pilot, lambda: not signin.sign_out(company, token_owner))


async def test_esc_begins_again_and_then_leaves(company: Desk) -> None:
    async with running(company, None) as pilot:
        await type_text(pilot, "staff")
        await press(pilot, "escape")
        assert pilot.app.screen._typed("username") == ""
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app._exit)
