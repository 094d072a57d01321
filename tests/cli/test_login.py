"""Signing in and out at the command line: login, whoami, passwd, totp and logout through one home."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import building
import pyotp
import pytest
from cli_answer import Answer, Run
from sqlalchemy import URL

from pettycash_tui.services import signin
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.identity import SYSTEM

NEW = "another long enough one"

Typing = Callable[..., Answer]


@pytest.fixture
def desk_of_home(sqlite_url: URL, open_desk: Callable[[URL], Desk]) -> Desk:
    """The company in `<home>/pettycash.db`; `treasury` and `staff` have the password of the builders."""
    desk = open_desk(sqlite_url)
    building.company(desk)
    for username in ("treasury", "staff"):
        desk.run(SYSTEM, signin.set_password, username, building.PASSWORD, must_change=False)
    return desk


@pytest.fixture
def typing(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Runs a command in the home, with lines on its standard input."""

    def typing(*arguments: str, lines: tuple[str, ...] = ()) -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return run("--home", str(home), *arguments)

    return typing


@pytest.mark.usefixtures("desk_of_home")
def test_a_person_signs_in_looks_changes_the_password_and_signs_out(typing: Typing, home: Path) -> None:
    assert typing("whoami").code == 5
    signed = typing("login", "staff", "--json", lines=(building.PASSWORD,))
    assert signed.document["username"] == "staff"
    assert signed.document["must_change_password"] is False

    about = typing("whoami", "--json").document
    assert (about["role"], about["company"]["code"], about["rights"]) == ("staff", "ACME", ["submit requisitions"])
    assert "All" not in typing("whoami").out
    assert typing("passwd", "--json", lines=(building.PASSWORD, NEW)).document["changed"] is True
    assert typing("logout", "--json").document == {"signed_out": True}
    assert not (home / "session").exists()
    assert typing("logout", "--json").document == {"signed_out": False}
    assert typing("whoami", "--json").error["code"] == "not_signed_in"
    assert typing("login", "staff", lines=(building.PASSWORD,)).code == 5
    assert typing("login", "staff", lines=(NEW,)).out == "You are signed in as Staff Person.\n"


@pytest.mark.usefixtures("desk_of_home")
def test_a_wrong_password_leaves_nobody_signed_in(typing: Typing, home: Path) -> None:
    answer = typing("login", "staff", "--json", lines=("wrong",))

    assert (answer.code, answer.error["code"]) == (5, "signin_refused")
    assert not (home / "session").exists()
    assert typing("login", "staff", "--json").code == 2


@pytest.mark.usefixtures("desk_of_home")
def test_an_enrolled_officer_gives_the_code_as_second_line(typing: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    typing("login", "treasury", lines=(building.PASSWORD,))
    enrolment = typing("totp", "enrol", "--json", lines=(building.PASSWORD,)).document
    app = pyotp.TOTP(enrolment["secret"])
    assert enrolment["uri"] == app.provisioning_uri(name="treasury", issuer_name="Pettycash")
    wrong = f"{(int(app.now()) + 1) % 1_000_000:06d}"
    assert typing("totp", "verify", wrong, "--json").error["code"] == "totp_wrong"
    assert typing("totp", "verify", app.now(), "--json").document["confirmed"] is True

    assert typing("login", "treasury", "--json", lines=(building.PASSWORD,)).error["code"] == "totp_needed"
    # The code of the next half minute is within the window, and is not the one that was used up.
    from time import time

    ahead = app.at(int(time()) + 30)
    answer = typing("login", "treasury", "--json", lines=(building.PASSWORD, ahead))
    assert answer.document["username"] == "treasury"


def test_the_qr_code_fits_the_terminal(sqlite_url: URL, open_desk: Callable[[URL], Desk], typing: Typing) -> None:
    building.company(open_desk(sqlite_url), kind=DEMO)

    answer = typing("--as", "treasury", "totp", "enrol")

    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80


def test_as_works_in_a_demo_only(desk_of_home: Desk, typing: Typing) -> None:
    assert typing("--as", "treasury", "whoami", "--json").error["code"] == "demo_only"


def test_as_needs_no_signing_in(sqlite_url: URL, open_desk: Callable[[URL], Desk], typing: Typing) -> None:
    building.company(open_desk(sqlite_url), kind=DEMO)

    assert typing("--as", "cfo", "whoami", "--json").document["username"] == "cfo"
    assert typing("--as", "nobody", "whoami", "--json").code == 5
    assert typing("--as", "cfo", "logout", "--json").document == {"signed_out": False}


def test_no_database_is_exit_seven_and_made_by_nobody(typing: Typing, home: Path) -> None:
    for command in (["whoami"], ["login", "staff"], ["logout"], ["passwd"], ["totp", "enrol"]):
        answer = typing(*command, "--json")
        assert (answer.code, answer.error["code"]) == (7, "no_database")
    assert list(home.iterdir()) == []
