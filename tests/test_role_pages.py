"""The pages of the documentation name keys, commands and files that there are, and fit on a screen."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from typer.main import get_command

from pettycash_tui.actions import APP, FORM, LIST, actions_of, display_key, keys_of
from pettycash_tui.cli.main import app

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
ROLES = [DOCS / f"{name}.md" for name in ("clerk", "approver", "officer", "accountant", "admin")]
WRITTEN = [TOP / "README.md", *(page for page in sorted(DOCS.glob("*.md")) if page.name != "keys.md")]

SCREENS = {
    "any screen": (APP,),
    "any list": (LIST, APP),
    "Desk": ("desk", LIST, APP),
    "Requisitions": ("requisitions", LIST, APP),
    "New requisition": ("requisition_form", FORM),
    "Approvals": ("approvals", LIST, APP),
    "Payments": ("payments", LIST, APP),
    "When paying": ("pay", FORM),
    "Fund ledger": ("ledger", LIST, APP),
    "Treasury": ("treasury", LIST, APP),
    "a ledger entry": ("entry",),
    "a replenishment": ("replenishment",),
}
"""What a page calls a screen, and the scopes whose keys are alive on it."""

MOST_LINES = 40
_KBD = re.compile(r"<kbd>([^<]+)</kbd>")
_ROW = re.compile(r"^\| (?!on \||---)([^|]+) \| <kbd>([^<]+)</kbd> ([^|]+) \| (.+) \|$", re.MULTILINE)


def keys_alive(*scopes: str) -> dict[str, set[str]]:
    """The keys of these scopes as people read them, each with the labels of what it does."""
    found: dict[str, set[str]] = {}
    for entry in actions_of(*scopes):
        for key in keys_of(entry, keymap={}):
            found.setdefault(display_key(key), set()).add(entry.label)
    return found


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in ROLES if page.stem != "admin"], ids=lambda page: page.stem)
def test_the_keys_of_a_role_do_on_that_screen_what_the_page_says(page: Path) -> None:
    rows = _ROW.findall(page.read_text(encoding="utf-8"))
    assert len(rows) == 5
    for screen, key, label, text in rows:
        alive = keys_alive(*SCREENS[screen])
        assert label in alive.get(key, ()), f"{screen}: {key} is not {label}"
        assert [other for other in _KBD.findall(text) if other not in alive] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.stem)
def test_every_key_that_a_page_names_is_one_of_the_registry(page: Path) -> None:
    alive = keys_alive(*{scope for scopes in SCREENS.values() for scope in scopes})
    named = set(_KBD.findall(page.read_text(encoding="utf-8")))
    assert named - set(alive) == set()


# -- commands ----------------------------------------------------------------------------------------------------------


def named_commands(page: Path) -> list[str]:
    """The commands that stand within sentences."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [" ".join(found.split()) for found in re.findall(r"`(pettycash [^`]+)`", text)]


def missing_in(line: str) -> str:
    """What a command names and the program does not know; empty when it knows everything."""
    command: click.Command = get_command(app)
    context = click.Context(command, info_name="pettycash")
    for word in shlex.split(line)[1:]:
        if word.startswith("--"):
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word not in known | {"--json", "--quiet", "--help"}:
                return f"{word} in {line}"
        elif hasattr(command, "get_command") and word.islower():
            below = command.get_command(context, word)
            if below is None:
                return f"{word} in {line}"
            command, context = below, click.Context(below, parent=context, info_name=word)
    return ""


@pytest.mark.parametrize("page", [*WRITTEN, TOP / "CHANGELOG.md"], ids=lambda page: page.stem)
def test_every_command_within_a_sentence_is_one_of_the_program(page: Path) -> None:
    assert [missing for line in named_commands(page) if (missing := missing_in(line))] == []


def test_a_command_that_there_is_not_would_be_noticed() -> None:
    assert missing_in("pettycash req approve REQ-1 --comment fine") == ""
    assert missing_in("pettycash req aprove REQ-1") == "aprove in pettycash req aprove REQ-1"
    assert missing_in("pettycash req approve --colour red") == "--colour in pettycash req approve --colour red"


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ROLES, ids=lambda page: page.stem)
def test_a_role_has_one_screenful(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert lines[0].startswith("# The ")


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [name for name in linked if not (page.parent / name).exists()] == []


def test_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(docs/([^)#]+)\)", (TOP / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} <= linked
