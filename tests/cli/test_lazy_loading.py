"""What a command line imports: the help nothing heavy, a noun only itself."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from cli_answer import Run

from pettycash_tui.cli.nouns import NOUNS

HEAVY = {"textual", "rich", "sqlmodel", "sqlalchemy", "psycopg", "pydantic", "alembic", "babel"}
WRITTEN = [name for name, noun in NOUNS.items() if find_spec(noun.module)]


def heavy_modules(out: str) -> set[str]:
    loaded = {name.partition(".")[0] for name in out.rpartition("MODULES ")[2].split()}
    assert "typer" in loaded
    return loaded & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["--json", "--version"],
        ["example", "--help"],
        ["example", "list", "--help"],
        ["example", "inner", "only", "--help"],
        ["--database", "sqlite://", "--home", "/tmp", "example", "new", "--help"],
        *([name, "--help"] for name in WRITTEN),
    ],
    ids=" ".join,
)
def test_help_and_version_import_nothing_heavy(arguments: list[str], run_process: Run) -> None:
    answer = run_process(*arguments, modules=True)

    assert answer.code == 0, answer.err
    assert heavy_modules(answer.out) == set()


def test_the_help_lists_every_noun_and_imports_none(run_process: Run) -> None:
    answer = run_process("--help", modules=True)

    page, _, loaded = answer.out.rpartition("MODULES ")
    assert not {noun.module for noun in NOUNS.values()} & set(loaded.split())
    assert "example_noun" not in loaded.split()
    for name, noun in NOUNS.items():
        assert f"\n  {name} " in page
        assert noun.help in " ".join(page.split())
    assert max(map(len, page.splitlines())) <= 80


def test_the_help_of_a_noun_imports_only_that_noun(run_process: Run) -> None:
    loaded = run_process("example", "--help", modules=True).out.split()

    assert "example_noun" in loaded
    assert not {noun.module for noun in NOUNS.values()} & set(loaded)


def test_completing_a_noun_imports_none(run_process: Run) -> None:
    answer = run_process(_PETTYCASH_COMPLETE="complete_bash", COMP_WORDS="pettycash exa", COMP_CWORD="1")

    assert answer.out.split() == ["example"]


def test_completing_a_verb_knows_the_verbs(run_process: Run) -> None:
    answer = run_process(_PETTYCASH_COMPLETE="complete_bash", COMP_WORDS="pettycash example a", COMP_CWORD="2")

    assert answer.out.split() == ["approve"]
