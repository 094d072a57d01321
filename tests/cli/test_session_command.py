"""Sessions, recovery codes and a first password at the command line."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from time import time

import building
import pyotp
import pytest
from cli_answer import Answer, Run
from signing import PASSWORD, give_passwords, hash_quickly
from sqlalchemy import URL

from pettycash_tui.services import signin
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM

Typing = Callable[..., Answer]


@pytest.fixture
def desk_of_home(sqlite_url: URL, open_desk: Callable[[URL], Desk], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The company in `<home>/pettycash.db`; `treasury` and `staff` have passwords."""
    hash_quickly(monkeypatch)
    desk = open_desk(sqlite_url)
    building.company(desk)
    give_passwords(desk, "treasury", "staff")
    return desk


@pytest.fixture
def typing(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Runs a command in the home, with lines on its standard input."""

    def typing(*arguments: str, lines: tuple[str, ...] = ()) -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return run("--home", str(home), *arguments)

    return typing


def test_a_person_lists_and_ends_sessions(desk_of_home: Desk, typing: Typing) -> None:
    for _ in range(2):
        typing("login", "staff", lines=(PASSWORD,))
    here, other = typing("session", "list", "--json").document["items"]

    assert (here["is_current"], other["is_current"], other["state"]) == (True, False, "open")
    assert other["person"]["username"] == "staff" and other["client"] == "cli" and other["source"] == "local"
    table = typing("session", "list").out
    assert " here " in table and here["id"] in table and max(map(len, table.splitlines())) <= 80
    assert typing("session", "revoke", other["id"], "--json").document == {"username": "staff", "revoked": 1}
    assert typing("session", "revoke", other["id"]).code == 3
    assert typing("session", "revoke", "nonsense").code == 4
    assert typing("session", "revoke").code == 2
    assert typing("session", "list", "--user", "treasury").code == 5
    assert typing("session", "revoke", "--all").out == "Ended 0 sessions of staff.\n"
    assert typing("session", "revoke", here["id"]).code == 0
    assert typing("whoami").code == 5


def test_an_officer_who_has_lost_the_app_signs_in_by_a_recovery_code(desk_of_home: Desk, typing: Typing) -> None:
    typing("login", "treasury", lines=(PASSWORD,))
    assert typing("totp", "enrol", "--json").code == 2, "the password is asked for"
    app = pyotp.TOTP(typing("totp", "enrol", "--json", lines=(PASSWORD,)).document["secret"])
    codes = typing("totp", "verify", app.now(), "--json").document["recovery_codes"]
    found = typing("totp", "status", "--json").document
    assert (len(codes), found["enrolled"], found["required"], found["recovery_codes_left"]) == (10, True, False, 10)

    signed = typing("login", "treasury", "--json", lines=(PASSWORD, codes[0])).document
    assert signed["recovery_codes_left"] == 9
    assert typing("login", "treasury", "--json", lines=(PASSWORD, codes[0])).error["code"] == "totp_wrong"
    assert "uri" in typing("totp", "enrol", "--json", lines=(PASSWORD,)).document
    assert typing("totp", "recovery", "--json").code == 2, "the password is asked for"
    newer = typing("totp", "recovery", lines=(PASSWORD,))
    assert len(newer.out.split()) > 20 and "not shown again" in newer.out
    assert typing("login", "treasury", "--json", lines=(PASSWORD, codes[1])).error["code"] == "totp_wrong"
    ahead = app.at(int(time()) + 30)
    assert typing("login", "treasury", "--json", lines=(PASSWORD, ahead)).document["recovery_codes_left"] is None
    assert typing("totp", "reset", "staff").code == 5


def test_a_first_password_is_changed_before_anything_else(desk_of_home: Desk, typing: Typing) -> None:
    desk_of_home.run(SYSTEM, signin.set_password, "staff", PASSWORD)
    assert typing("login", "staff", "--json", lines=(PASSWORD,)).document["must_change_password"] is True
    for command in (("req", "list"), ("totp", "enrol"), ("session", "list"), ("overview",)):
        assert typing(*command, "--json").error["code"] == "password_change_needed"
    assert typing("whoami", "--json").document["must_change_password"] is True

    assert typing("passwd", lines=(PASSWORD, "another long enough one")).code == 0
    assert typing("req", "list").code == 0


def test_a_new_company_demands_an_app_of_who_approves_or_pays(typing: Typing, home: Path) -> None:
    settings = {
        "ADMIN_USERNAME": "ada", "ADMIN_EMAIL": "ada@example.com", "ADMIN_PASSWORD": PASSWORD,
        "COMPANY_NAME": "Acme", "COMPANY_CODE": "ACME", "COMPANY_CURRENCY": "KES",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        assert typing("init", "--non-interactive").code == 0
    signed = typing("login", "ada", "--json", lines=(PASSWORD,)).document
    assert signed["must_enrol"] is True
    assert "totp enrol" in typing("login", "ada", lines=(PASSWORD,)).err
    assert typing("org", "company", "show", "ACME", "--json").document["totp_required"] is True
    changed = typing("org", "company", "edit", "ACME", "--no-totp-required", "--json").document
    assert changed["totp_required"] is False
