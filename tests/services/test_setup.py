"""The first set-up, done once, twice, and differently; and the doctor's view of it."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import building
import daraja
import pytest

from pettycash_tui.services import doctor, listed, policy, setup
from pettycash_tui.services.accounts import ACCOUNT
from pettycash_tui.services.categories import CATEGORY
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.services.findings import Severity
from pettycash_tui.services.passwords import verify
from pettycash_tui.services.people_views import find

GIVEN = setup.SetUp(
    company_name="Acme Ltd",
    company_code="acme",
    currency="KES",
    admin=setup.NewAdmin("Boss", "boss@acme.example", "several words of mine"),
    timezone="Africa/Nairobi",
)
TERMINAL = doctor.Terminal(is_terminal=True, term="xterm-256color", encoding="utf-8")


def test_a_set_up_makes_everything_that_a_company_needs(desk: Desk) -> None:
    done = setup.init(desk, GIVEN)
    assert done.is_new and done.company.code == "ACME" and desk.kind == "production"
    admin = building.actor(desk, "boss")
    assert admin.is_superuser and not desk.read(admin, find, "boss").must_change_password
    assert verify(desk.read(admin, find, "boss").password_hash, "several words of mine")
    assert len(desk.read(admin, policy.listing).items) == 12
    assert len(desk.read(admin, listed.listing, ACCOUNT).items) == 16
    assert len(desk.read(admin, listed.listing, CATEGORY).items) == 11


def test_the_same_again_changes_nothing_and_says_so(desk: Desk) -> None:
    first = setup.init(desk, GIVEN)
    again = setup.init(desk, GIVEN)
    assert (again.is_new, again.company, again.admin) == (False, first.company, first.admin)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (replace(GIVEN, company_name="Other"), "other_name"),
        (replace(GIVEN, currency="EUR"), "other_currency"),
        (replace(GIVEN, company_code="OTHR"), "set_up_already"),
        (replace(GIVEN, admin=replace(GIVEN.admin, username="chef")), "other_admin"),
    ],
)
def test_other_answers_are_refused_and_named(sqlite_desk: Desk, given: setup.SetUp, code: str) -> None:
    setup.init(sqlite_desk, GIVEN)
    with pytest.raises(Refused) as caught:
        setup.init(sqlite_desk, given)
    assert code in {reason.code for reason in caught.value.reasons}


def test_a_demo_is_not_set_up(sqlite_desk: Desk) -> None:
    building.company(sqlite_desk, kind=DEMO)
    with pytest.raises(Refused):
        setup.init(sqlite_desk, GIVEN)


def test_every_bad_answer_is_named_before_a_file_is_made(tmp_path: Path) -> None:
    bad = setup.SetUp("", "!", "KSH", setup.NewAdmin("b b", "nowhere", "short"))
    with pytest.raises(InvalidInput) as caught:
        setup.check(bad)
    assert set(caught.value.fields) == {
        "company_name",
        "company_code",
        "company_currency",
        "admin_username",
        "admin_email",
        "password",
    }
    with pytest.raises(InvalidInput):
        setup.check(replace(GIVEN, timezone="Nowhere/At-All"))


def test_an_embedded_database_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert setup.existing(None, home) is None
    desk = setup.open_or_make(None, home)
    setup.init(desk, GIVEN)
    desk.close()
    assert stat.S_IMODE((home / "pettycash.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "server.key").stat().st_mode) == 0o600
    found = setup.existing(None, home)
    assert found is not None and found.company.code == "ACME" and not found.is_new


def test_the_doctor_finds_nothing_wrong_with_a_fresh_set_up(desk: Desk) -> None:
    setup.init(desk, GIVEN)
    findings = doctor.examine(desk, TERMINAL)
    # The database of a test belongs to the server's superuser.
    wrong = {finding.code for finding in findings if finding.severity is Severity.ERROR} - {"superuser"}
    assert wrong == set()
    assert {"schema", "server_key", "policy_role_without_people"} <= {finding.code for finding in findings}


def test_the_doctor_names_open_files_gaps_and_a_missing_admin(sqlite_desk: Desk) -> None:
    from sqlalchemy import update

    from pettycash_tui.models import tables as t

    setup.init(sqlite_desk, GIVEN)
    admin = building.actor(sqlite_desk, "boss")
    sqlite_desk.run(admin, policy.deactivate, "Branch, tier 1")
    with sqlite_desk.engine.begin() as connection:
        connection.execute(update(t.user).values(is_active=False))
    sqlite_desk.home.chmod(0o755)
    errors = {f.code for f in doctor.examine(sqlite_desk, TERMINAL) if f.severity is Severity.ERROR}
    assert {"permissions", "policy_gap", "no_admin"} <= errors


def test_the_doctor_looks_at_the_terminal(sqlite_desk: Desk) -> None:
    poor = doctor.Terminal(is_terminal=True, term="dumb", encoding="ascii")
    from pettycash_tui.services.errors import DatabaseUnavailable

    found = {
        f.code for f in doctor.examine_without(DatabaseUnavailable("Away.", code="no_database"), sqlite_desk, poor)
    }
    assert {"no_database", "terminal", "encoding"} <= found


def test_the_doctor_finds_all_that_is_wrong_with_mpesa_and_asks_nobody(
    sqlite_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.init(sqlite_desk, GIVEN)

    def found() -> dict[str, tuple[Severity, str, str]]:
        findings = doctor.examine(sqlite_desk, TERMINAL)
        return {f.code: (f.severity, f.message, f.command) for f in findings if "mpesa" in f.code or "conf" in f.code}

    assert list(found()) == ["mpesa"]
    config = sqlite_desk.home / "config.toml"
    config.write_text("[mpesa]\ninitiator = 'testapi'\n")
    config.chmod(0o666)
    assert found()["mpesa_short_code"][0] is Severity.WARNING
    assert found()["config_file"] == (
        Severity.ERROR,
        f"{config}, the settings of mail and gateways, may be read or written by others (mode 0666).",
        f"chmod 600 {config}",
    )
    given = daraja.settings("http://127.0.0.1:9", tmp_path, "https://pay.example.com/mpesa")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    config.unlink()
    assert {code: severity for code, (severity, _, _) in found().items()} == {
        "mpesa_sandbox": Severity.WARNING,
        "mpesa_base_url": Severity.WARNING,
    }
    key = Path(given["PETTYCASH_MPESA_CONSUMER_KEY_FILE"])
    key.chmod(0o640)
    monkeypatch.delenv("PETTYCASH_MPESA_BASE_URL")
    monkeypatch.delenv("PETTYCASH_MPESA_INITIATOR_PASSWORD_FILE")
    monkeypatch.setenv("PETTYCASH_MPESA_CALLBACK_URL", "http://pay.example.com/mpesa")
    monkeypatch.setenv("PETTYCASH_MPESA_CERTIFICATE", str(tmp_path / "none.cer"))
    monkeypatch.setenv("PETTYCASH_MPESA_ENVIRONMENT", "production")
    wrong = {code: command for code, (severity, _, command) in found().items() if severity is Severity.ERROR}
    assert wrong == {
        "mpesa_callback_url": "export PETTYCASH_MPESA_CALLBACK_URL=https://pay.example.com/mpesa",
        "mpesa_consumer_key": f"chmod 600 {key}",
        "mpesa_initiator_password": "export PETTYCASH_MPESA_INITIATOR_PASSWORD_FILE=PATH",
        "mpesa_certificate": "export PETTYCASH_MPESA_CERTIFICATE=PATH",
    }
    assert found()["mpesa"] == (
        Severity.NOTE,
        "M-Pesa is paid over Daraja in production: money moves.",
        "pettycash gateway check",
    )
    monkeypatch.setenv("PETTYCASH_MPESA_CALLBACK_URL", "http://127.0.0.1:8732")
    assert "this computer only" in found()["mpesa_callback_local"][1]
