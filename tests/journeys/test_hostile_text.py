"""Every text of every table steers nothing: no screen, no list, no detail, no error message, whatever SQL put there."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hostile import MARK, STEERS, columns, put_everywhere, written
from journey import PASSWORD, Place
from typer.main import get_command

from pettycash_tui.actions import APP, actions_of
from pettycash_tui.cli.main import main
from pettycash_tui.cli.nouns import NOUNS

READING = {"list", "show", "explain", "log", "queue", "ledger", "suggest", "count", "exceptions"}
SHOWN_OF_EACH = 2
AT_ONCE = {"approvals.approve", "approvals.confirm_urgency"}
"""What a key does without asking: pressed here, the person would have done it."""


def reading_commands() -> Iterator[tuple[str, ...]]:
    """Every command that only reads, as it is typed."""
    for name, noun in NOUNS.items():
        if noun.attribute == "app":
            yield from _below((name,), get_command(importlib.import_module(noun.module).app))


def _below(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
    for name, inner in getattr(command, "commands", {}).items():
        if getattr(inner, "commands", None):
            yield from _below((*path, name), inner)
        elif name in READING:
            yield (*path, name)


@pytest.fixture
def hostile_place(sqlite_place: Place) -> Place:
    """A demo company with the payloads in every text."""
    assert len(list(columns())) > 60
    assert put_everywhere(sqlite_place.home / "pettycash.db") > 1000
    return sqlite_place


def test_no_command_lets_it_through(hostile_place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = written(hostile_place.home / "pettycash.db")
    marks = 0

    def run(*arguments: str) -> Any:
        nonlocal marks
        said = (*arguments,)
        code = main(["--home", str(hostile_place.home), "--as", "cfo", *said])
        out, err = capsys.readouterr()
        assert code != 1, (said, err)
        steering = STEERS.search(out + err)
        assert not steering, (said, (out + err)[max(0, steering.start() - 80) : steering.end() + 20])
        marks += MARK in out
        return json.loads(out) if code == 0 and "--json" in said else None

    known: dict[str, list[str]] = {}
    commands = list(reading_commands())
    for path in (path for path in commands if path[-1] == "list"):
        run(*path)
        run(*path, "--quiet")
        page = run(*path, "--json") or {"items": []}
        known[path[-2]] = [str(item["id"]) for item in page["items"] if isinstance(item, dict) and "id" in item]
    for path in (path for path in commands if path[-1] != "list"):
        for one in known.get(path[-2], [])[:SHOWN_OF_EACH] or [""]:
            for options in ((), ("--json",)):
                run(*path, *([one] if one else []), *options)
    for path in (["overview"], ["whoami"], ["doctor"], ["find", MARK], ["audit", "log", "--limit", "100"]):
        run(*path)
        run(*path, "--json")
    assert marks > 40
    assert written(hostile_place.home / "pettycash.db") == before


def test_no_screen_lets_it_through_and_no_action_fires(hostile_place: Place) -> None:
    before = written(hostile_place.home / "pettycash.db")
    with hostile_place.open(rows=40, columns=120) as terminal:
        terminal.wait_for("Username", "Password", "Sign in (enter)")
        terminal.type("cfo")
        terminal.press("tab")
        terminal.type(PASSWORD)
        terminal.press("enter")
        terminal.wait_for("Waits for you", "What just happened")
        for place in actions_of(APP):
            number = place.keys[0]
            if not (place.method.startswith("go(") and number.isdigit()):
                continue
            scope = re.search(r"'(\w+)'", place.method)
            assert scope
            terminal.press(number)
            terminal.wait_quiet()
            for action in actions_of(scope[1]):
                key = action.keys[0]
                if action.id in AT_ONCE or key in ("escape", "q", "slash") or not (len(key) == 1 or key == "enter"):
                    continue
                terminal.press(key)
                terminal.wait_quiet(0.1)
                # Out of whatever has opened.
                terminal.press("escape")
                terminal.wait_quiet(0.1)
        assert terminal.is_running
        assert MARK in terminal.screen_text() or MARK.encode() in terminal.raw
        raw = terminal.raw.decode()
    for begins in ("]52", "]0;", "[31m" + MARK, "P" + MARK, "]8;;http://x", "[201~"):
        assert f"\x1b{begins}" not in raw
    assert not re.search(r"[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200f\u2029]", raw)
    assert written(hostile_place.home / "pettycash.db") == before
