"""The commands of an admin, through `main`: set-up, organisation, people, policy, database, doctor."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer, Run

PASSWORD = "several words of mine"
ENVIRONMENT = {
    "COMPANY_NAME": "Acme Ltd",
    "COMPANY_CODE": "ACME",
    "COMPANY_CURRENCY": "KES",
    "COMPANY_TIMEZONE": "Africa/Nairobi",
    "ADMIN_USERNAME": "boss",
    "ADMIN_EMAIL": "boss@acme.example",
    "ADMIN_PASSWORD": PASSWORD,
}


@pytest.fixture
def at_home(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs a command line in a home of its own; `typed` is what standard input holds."""

    def run_at_home(*arguments: str, typed: str = "") -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run("--home", str(tmp_path / "home"), *arguments)

    return run_at_home


@pytest.fixture
def desk(at_home: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """The same, set up and signed in as the admin."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert at_home("init", "--non-interactive").code == 0
    assert at_home("login", "boss", typed=f"{PASSWORD}\n").code == 0
    return at_home


def test_init_asks_nothing_of_a_script_and_names_what_is_missing(
    at_home: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    missing = at_home("init", "--non-interactive", "--json")
    assert missing.code == 2 and "admin_password" in missing.error["fields"]
    assert at_home("init").code == 2
    assert not (tmp_path / "home").exists()


def test_init_twice_is_once_and_another_company_is_refused(
    desk: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = desk("init", "--non-interactive", "--json")
    assert again.code == 0 and again.document["is_new"] is False
    assert "Nothing was changed" in desk("init").out
    monkeypatch.setenv("COMPANY_CODE", "OTHER")
    assert desk("init", "--non-interactive").code == 3


def test_a_database_that_is_not_there_is_said_so_with_7(at_home: Callable[..., Answer]) -> None:
    assert at_home("db", "status").code == 7
    assert at_home("org", "branch", "list", "--json").error["code"] == "no_database"
    found = at_home("doctor", "--json")
    assert found.code == 3 and found.document["findings"][0]["code"] == "no_database"


def test_the_database_is_current_and_an_upgrade_does_nothing(desk: Callable[..., Answer]) -> None:
    assert desk("db", "status", "--json").document["state"] == "current"
    assert desk("db", "upgrade", "--json").document["changed"] is False


def test_the_organisation_is_built_by_commands(desk: Callable[..., Answer]) -> None:
    assert desk("org", "region", "add", "cen", "--name", "Central").out == "Added the region CEN.\n"
    made = desk("org", "branch", "add", "--code", "nbi", "--name", "Nairobi", "--region", "CEN", "--json").document
    assert made["code"] == "NBI" and made["region"]["code"] == "CEN"
    assert desk("org", "branch", "show", made["id"], "--json").document["name"] == "Nairobi"
    assert desk("org", "region", "deactivate", "CEN").code == 3
    assert desk("org", "branch", "edit", "nbi", "--region", "").code == 0
    assert desk("org", "region", "deactivate", "CEN").code == 0
    assert desk("org", "region", "list", "--quiet").out == ""
    assert desk("org", "region", "list", "--all", "--quiet").out == "CEN\n"
    assert desk("org", "region", "edit", "CEN", "--activate").code == 0
    for kind in ("department", "cost-center"):
        assert desk("org", kind, "add", "OPS", "--name", "Operations").code == 0
    assert desk("org", "position", "add", "Cashier", "--level", "4").code == 0
    assert (
        desk("org", "company", "edit", "ACME", "--otp-threshold", "5k", "--json").document["otp_threshold"] == "5000.00"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (("org", "branch", "add", "N B", "--name", "X"), 2, "code"),
        (("org", "branch", "add", "NB", "--code", "NC", "--name", "X"), 2, "code"),
        (("org", "branch", "list", "--after", "nonsense"), 2, "after"),
        (("org", "branch", "list", "--status", "gone"), 2, "status"),
        (("org", "branch", "list", "--company", "OTHER"), 4, ""),
        (("org", "branch", "show", "nowhere"), 4, ""),
        (("org", "branch", "edit", "nowhere"), 2, ""),
        (("user", "list", "--role", "boss"), 2, "role"),
        (("user", "show", "nobody"), 4, ""),
        (("user", "deactivate", "boss"), 3, ""),
        (("user", "unlock", "boss"), 3, ""),
        (("user", "unlock", "boss", "--at-the-host"), 3, ""),
        (("policy", "show", "nothing"), 4, ""),
        (("policy", "set", "New"), 2, "tier"),
        (("policy", "import", "missing.toml"), 2, "file"),
        (("category", "deactivate", "general"), 3, ""),
        (("account", "deactivate", "1000"), 3, ""),
        (("user", "delegate", "boss", "--to", "boss"), 2, "until"),
    ],
)
def test_a_refusal_has_its_exit_code_and_names_its_field(
    desk: Callable[..., Answer], arguments: tuple[str, ...], code: int, field: str
) -> None:
    answer = desk(*arguments, "--json")
    assert answer.code == code
    assert answer.error["message"]
    assert not field or field in answer.error["fields"]


def test_people_are_added_with_a_password_from_input_only(desk: Callable[..., Answer]) -> None:
    made = desk("user", "add", "jane", "--role", "cfo", "--password-stdin", "--json", typed="another set of words\n")
    assert made.document["has_password"] and made.document["role"] == "cfo"
    assert (
        "password"
        in desk("user", "add", "joe", "--role", "ceo", "--password-stdin", "--json", typed="x\n").error["fields"]
    )
    without = desk("user", "add", "joe", "--role", "ceo", "--first-name", "Joe")
    assert without.code == 0 and "set-password joe" in without.err
    assert desk("user", "set-password", "joe", "--password-stdin", typed="yet more of my words\n").code == 0
    assert desk("user", "edit", "joe", "--last-name", "Doe", "--json").document["name"] == "Joe Doe"
    first = desk("user", "list", "--limit", "1", "--json").document
    assert [item["username"] for item in first["items"]] == ["boss"]
    second = desk("user", "list", "--limit", "5", "--after", first["next"], "--json").document
    assert [item["username"] for item in second["items"]] == ["jane", "joe"] and second["next"] is None
    assert desk("user", "list", "--search", "joe doe", "--quiet").out == "joe\n"
    assert desk("user", "deactivate", "joe").code == 0
    assert desk("user", "list", "--status", "inactive", "--quiet").out == "joe\n"
    assert desk("user", "activate", "joe").code == 0


def test_a_delegation_is_made_listed_and_ended(desk: Callable[..., Answer]) -> None:
    desk("user", "add", "jane", "--role", "cfo")
    desk("user", "add", "joe", "--role", "ceo")
    made = desk(
        "user", "delegate", "jane", "--to", "joe", "--until", "2999-01-01", "--reason", "Leave", "--json"
    ).document
    assert (made["approver"]["username"], made["delegate"]["username"]) == ("jane", "joe")
    assert len(desk("user", "delegate", "--json").document["items"]) == 1
    assert desk("user", "delegate", "jane", "--end").code == 0
    assert desk("user", "delegate", "jane", "--json").document["items"] == []


def test_the_policy_is_listed_set_checked_and_replaced(desk: Callable[..., Answer], tmp_path: Path) -> None:
    rows = desk("policy", "list", "--origin", "HQ", "--json").document["items"]
    assert [(row["tier"], row["min_amount"], row["max_amount"]) for row in rows] == [
        (1, "0.00", "10000.00"),
        (2, "10000.00", "50000.00"),
        (3, "50000.00", "250000.00"),
        (4, "250000.00", None),
    ]
    assert desk("policy", "check", "--json").document["ok"] is True
    changed = desk("policy", "set", "Branch, tier 1", "--min-amount", "100")
    assert changed.code == 0 and "Nothing serves" in changed.err
    failed = desk("policy", "check", "--json")
    assert failed.code == 3 and failed.document["findings"][0]["code"] == "gap"
    file = tmp_path / "policy.toml"
    file.write_text(
        '[[threshold]]\nname = "All"\ntier = 1\norigin_type = "ANY"\nmin_amount = "0"\nroles = ["cfo", "treasury"]\n'
    )
    assert len(desk("policy", "import", str(file), "--dry-run", "--json").document["deactivated"]) == 12
    assert desk("policy", "import", str(file)).code == 0
    assert desk("policy", "list", "--quiet").out == "All\n"
    assert desk("policy", "check").code == 0
    explained = desk("policy", "explain", "--amount", "500", "--origin", "hq", "--json")
    assert explained.code == 0 and explained.document["allowed"] is False


def test_files_of_people_and_units_are_imported_or_refused_as_a_whole(
    desk: Callable[..., Answer], tmp_path: Path
) -> None:
    units = tmp_path / "units.csv"
    units.write_text("type,code,name,region\nbranch,NBI,Nairobi,CEN\nregion,CEN,Central,\n")
    assert desk("org", "import", str(units), "--dry-run").out == "Would import into ACME: region 1, branch 1.\n"
    assert desk("org", "import", str(units), "--json").document["branch"] == 1
    people = tmp_path / "people.csv"
    people.write_text("username,role,branch\njane,staff,NBI\njoe,boss,NBI\n")
    refused = desk("user", "import", str(people), "--json")
    assert refused.code == 2 and "line 3: role" in refused.error["fields"]
    people.write_text("username,role,branch\njane,staff,NBI\njoe,cfo,\n")
    assert desk("user", "import", str(people), "--json").document["usernames"] == ["jane", "joe"]


def test_a_company_is_added_with_its_admin(desk: Callable[..., Answer]) -> None:
    made = desk(
        "org", "company", "add", "TWO", "--name", "Two", "--currency", "UGX", "--admin-username", "two.admin",
        "--admin-email", "a@two.example", "--password-stdin", "--json", typed="a second set of words\n",
    )  # fmt: skip
    assert made.document["code"] == "TWO" and made.document["admin"]["username"] == "two.admin"
    assert desk("org", "company", "list", "--quiet").out == "ACME\n"


def test_categories_and_accounts_have_their_verbs(desk: Callable[..., Answer]) -> None:
    assert desk("account", "add", "5950", "--name", "Snacks", "--type", "expense").code == 0
    made = desk("category", "add", "Snacks", "--name", "Snacks", "--account", "5950", "--default", "--json").document
    assert (made["code"], made["account"]["code"], made["is_default"]) == ("snacks", "5950", True)
    assert desk("category", "show", "general", "--json").document["is_default"] is False
    assert desk("category", "list", "--search", "snack", "--quiet").out == "snacks\n"


def test_the_doctor_answers_without_anybody_signed_in(desk: Callable[..., Answer]) -> None:
    desk("logout")
    found = desk("doctor", "--json")
    assert found.code == 0 and found.document["ok"] is True
    warnings = [finding for finding in found.document["findings"] if finding["severity"] == "warning"]
    # That all is well is not said above what is not.
    assert warnings and desk("doctor").out.startswith(f"No errors, {len(warnings)} warnings.\n")
    assert desk("org", "branch", "list").code == 5
