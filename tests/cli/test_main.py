"""The grammar of the command line: global options, nouns, `--json` wherever it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from cli_answer import Run

from pettycash_tui import __version__
from pettycash_tui.cli.nouns import NOUNS, Noun
from pettycash_tui.cli.output import emit


def test_a_group_of_one_verb_stays_a_group(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("lonely_noun")
    module.app = typer.Typer()  # type: ignore[attr-defined]
    module.app.command("show")(lambda: None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lonely_noun", module)
    monkeypatch.setitem(NOUNS, "lonely", Noun("lonely_noun", "One verb."))

    assert run("lonely", "show").code == 0
    assert run("lonely").err.endswith("pettycash lonely needs one of: show.\n")


def test_a_noun_may_be_one_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(ctx: typer.Context, user: str) -> None:
        emit(ctx, {"user": user}, sentence=f"Signed in as {user}.")

    module = ModuleType("single_noun")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "single_noun", module)
    monkeypatch.setitem(NOUNS, "single", Noun("single_noun", "One command.", "command"))

    assert run("single", "cfo").out == "Signed in as cfo.\n"
    assert run("single", "cfo", "--json").document == {"user": "cfo"}
    assert "One command." in run("single", "--help").out
    assert run("single", "--json").error["fields"] == {"user": "is missing"}


def test_the_version_is_a_sentence_or_a_document(run: Run) -> None:
    assert run("--version").out == f"pettycash {__version__}\n"
    assert run("--json", "--version").document == {"version": __version__}


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pettycash_tui", "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert (done.returncode, done.stdout) == (0, f"pettycash {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "example", "list"],
        ["example", "--json", "list"],
        ["example", "list", "--json"],
        ["example", "list", "--json", "--limit", "5"],
        ["--json", "example", "list", "--json"],
    ],
    ids=" ".join,
)
def test_json_is_accepted_before_the_noun_and_after_the_verb(arguments: list[str], run: Run) -> None:
    assert [item["number"] for item in run(*arguments).document["items"]] == ["REQ-000001", "REQ-000002"]


def test_json_as_the_value_of_an_option_is_not_eaten(run: Run) -> None:
    assert run("example", "new", "--purpose", "--json").out == "Made: --json\n"
    assert run("example", "new", "--purpose=--json").out == "Made: --json\n"
    assert run("example", "new", "--purpose", "--json", "--json").document["purpose"] == "--json"


def test_json_behind_a_double_dash_is_an_argument(run: Run) -> None:
    answer = run("example", "show", "--", "--json")

    assert answer.code == 4
    assert answer.err == "There is no requisition --json.\n"


def test_one_run_leaves_nothing_behind_for_the_next(run: Run) -> None:
    assert run("example", "list", "--json").out.startswith("{")
    assert not run("example", "list").out.startswith("{")


def test_global_options_reach_the_command(run: Run, tmp_path: Path) -> None:
    given = run("--database", "postgresql://h/d", "--home", str(tmp_path), "--as", "cfo", "--json", "example", "new",
                "--purpose", "ink", "--amount", "1.2k", "--no-color").document  # fmt: skip

    assert given == {
        "purpose": "ink",
        "amount": "1.2k",
        "database": "postgresql://h/d",
        "home": str(tmp_path),
        "as_user": "cfo",
        "quiet": False,
        "color": False,
    }


def test_the_environment_names_database_and_home_and_options_win(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETTYCASH_DATABASE_URL", "sqlite:///env.db")
    monkeypatch.setenv("PETTYCASH_HOME", "/env")
    given = run("--home", "/option", "example", "new", "--purpose", "ink", "--json").document

    assert (given["database"], given["home"]) == ("sqlite:///env.db", "/option")


def test_quiet_says_nothing_for_an_action_and_only_numbers_for_a_list(run: Run) -> None:
    assert run("example", "approve", "REQ-000001", "--yes", "--quiet").out == ""
    assert run("example", "list", "--quiet").out == "REQ-000001\nREQ-000002\n"
    assert run("--quiet", "example", "show", "REQ-000002").out == "REQ-000002\n"


def test_without_a_terminal_the_desk_does_not_open(run: Run) -> None:
    plain = run()

    assert plain.code == 2
    assert "needs a terminal" in plain.err
    assert run("--json").error["code"] == "usage"
