"""`pettycash demo`: where it makes its company, what it says, and where it refuses."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from cli_answer import Run

from pettycash_tui.cli import desk as cli_desk
from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.services import home_folder, opening

HERE = {
    "admin",
    "ceo",
    "cfo",
    "clerk.msa",
    "clerk.nbi",
    "dept.head",
    "finance",
    "fpa",
    "manager.msa",
    "manager.nbi",
    "regional",
    "treasury1",
    "treasury2",
}


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose demo is made once; tests here look at it and change little."""
    return tmp_path_factory.mktemp("demo") / "home"


def test_with_a_home_it_is_that_homes_only_file(demo_home: Path, run: Run) -> None:
    answer = run("--home", str(demo_home), "--json", "demo", "--no-tui")

    assert answer.code == 0, answer.err
    document = answer.document
    assert document["database"] == f"sqlite:///{demo_home}/pettycash.db"
    assert document["home"] == str(demo_home)
    assert document["password"] == "demo"
    assert document["is_new"] is True
    assert {account["username"] for account in document["accounts"]} == HERE
    assert {"username": "fpa", "role": "fp&a", "name": "Planning Analyst"} in document["accounts"]
    assert document["accounts_of_second_company"]
    assert [path.name for path in demo_home.glob("*.db")] == ["pettycash.db"]
    assert (demo_home / "pettycash.db").stat().st_mode & 0o777 == 0o600


def test_it_is_opened_the_second_time(demo_home: Path, run: Run) -> None:
    run("--home", str(demo_home), "demo", "--no-tui")
    made = run(
        "--home", str(demo_home), "--as", "clerk.nbi", "--json", "req", "new", "--amount", "4500", "--purpose", "Fuel"
    )
    assert made.code == 0, made.err
    number = made.document["number"]

    again = run("--home", str(demo_home), "demo", "--no-tui")

    assert again.code == 0
    assert "here already" in again.out
    assert f"--home {demo_home} --as clerk.nbi req list" in again.out
    assert max(map(len, again.out.splitlines()[4:])) <= 80
    assert run("--home", str(demo_home), "--as", "clerk.nbi", "--json", "req", "show", number).code == 0

    reset = run("--home", str(demo_home), "--json", "demo", "--reset", "--no-tui")

    assert reset.document["is_new"] is True
    assert run("--home", str(demo_home), "--as", "clerk.nbi", "--json", "req", "show", number).code == 4


def test_its_people_may_be_acted_for_and_may_sign_in(
    demo_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import StringIO

    run("--home", str(demo_home), "demo", "--no-tui")
    monkeypatch.setattr("sys.stdin", StringIO("demo\n"))

    assert run("--home", str(demo_home), "login", "treasury2").code == 0
    assert run("--home", str(demo_home), "--json", "whoami").document["username"] == "treasury2"
    assert run("--home", str(demo_home), "--as", "cfo", "--json", "whoami").document["username"] == "cfo"


def test_without_a_terminal_it_says_that_the_desk_is_not_opened(demo_home: Path, run: Run) -> None:
    answer = run("--home", str(demo_home), "demo")

    assert answer.code == 0
    assert "no terminal" in answer.err


def test_at_a_terminal_it_opens_the_desk_on_it(demo_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[GlobalOptions] = []
    monkeypatch.setattr(cli_desk, "open_desk", opened.append)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    assert run("--home", str(demo_home), "demo").code == 0

    assert [given.home for given in opened] == [demo_home]


def test_without_a_home_it_has_one_of_its_own_and_says_how_to_reach_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_folder, "DEMO_HOME", tmp_path / "apart")
    monkeypatch.setattr(opening, "default_home", lambda: tmp_path / "real")

    answer = run("demo", "--no-tui")

    assert answer.code == 0, answer.err
    assert f"pettycash --home {tmp_path / 'apart'} --as" in answer.out
    assert not (tmp_path / "real").exists()


def test_a_database_that_is_named_and_empty_becomes_the_demo(postgres_server: object, tmp_path: Path, run: Run) -> None:
    server = postgres_server
    server.run("CREATE DATABASE named_demo")  # type: ignore[attr-defined]
    address = server.url.set(database="named_demo").render_as_string(hide_password=False)  # type: ignore[attr-defined]
    try:
        made = run("--database", address, "--home", str(tmp_path), "--json", "demo", "--no-tui")
        assert made.code == 0, made.err
        seen = run("--database", address, "--home", str(tmp_path), "--as", "cfo", "--json", "fund", "show", "NBI")
        assert seen.document["available"] == "100000.00"
    finally:
        server.drop("named_demo")  # type: ignore[attr-defined]


@pytest.mark.parametrize("reset", [[], ["--reset"]], ids=["", "reset"])
def test_where_other_data_is_it_is_refused(reset: list[str], tmp_path: Path, run: Run) -> None:
    path = tmp_path / "pettycash.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name text)")
        connection.execute("INSERT INTO recipes VALUES ('pilau')")

    answer = run("--home", str(tmp_path), "--json", "demo", "--no-tui", *reset)

    assert answer.code == 3
    assert answer.error["code"] == "other_data"
    assert "--home" in answer.error["message"]
    assert sqlite3.connect(path).execute("SELECT name FROM recipes").fetchall() == [("pilau",)]


def test_a_half_made_file_is_finished(tmp_path: Path, run: Run) -> None:
    # What is left by a process that was killed after it made the file, before it wrote into it.
    (tmp_path / "pettycash.db").touch(mode=0o600)

    answer = run("--home", str(tmp_path), "--json", "demo", "--no-tui")

    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["is_new"] is True
