"""Every text of every table steers nothing: no screen, no list, no detail, no error message, whatever SQL put there."""

from __future__ import annotations

import importlib
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from hostile import MARK, STEERS, kinds, written
from journey import PASSWORD, Place
from terminal import Terminal
from typer.main import get_command

from pettycash_tui.actions import APP, actions_of
from pettycash_tui.cli.main import main
from pettycash_tui.cli.nouns import NOUNS
from pettycash_tui.models import text

READING = {
    "list", "show", "explain", "log", "queue", "ledger", "suggest", "count", "exceptions", "voucher", "identity",
    "claim", "journal", "trend", "choices", "imported", "reconciliation", "to-reconcile", "check",
}  # fmt: skip
NOT_OFFLINE = {("gateway", "check"), ("db", "check")}
"""The first asks somebody else; the second says of every row that it was changed."""
ASKED_FIRST = "What does the bank read?"
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
        elif name in READING and (*path, name) not in NOT_OFFLINE:
            yield (*path, name)


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

    kind_of, known = kinds(hostile_place.home / "pettycash.db"), {}
    commands = list(reading_commands())
    for path in (path for path in commands if path[-1] == "list"):
        run(*path)
        page = run(*path, "--json") or {"items": []}
        ids = [str(item["id"]) for item in page["items"] if isinstance(item, dict) and "id" in item]
        # One of each kind of payload.
        known[path[-2]] = list({kind_of.get(one): one for one in reversed(ids)}.values())
    for path in (path for path in commands if path[-1] != "list"):
        for at, one in enumerate(known.get(path[-2]) or [""]):
            # As a document the first is enough: the others differ in what their lines look like.
            for options in ((), ("--json",)) if at == 0 else ((),):
                run(*path, *([one] if one else []), *options)
    run("req", "list", "--quiet")
    run("fund", "statement", known["fund"][0], "--period", f"{datetime.now(UTC):%Y-%m}")
    for path in (["overview"], ["whoami"], ["doctor"], ["find", MARK], ["audit", "log", "--limit", "100"]):
        run(*path)
        run(*path, "--json")
    assert marks > 40
    assert written(hostile_place.home / "pettycash.db") == before


def test_without_the_filter_the_commands_would_let_it_through(
    hostile_place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_is_unsafe", lambda _: False)
    for arguments in (("req", "list"), ("req", "list", "--json"), ("user", "list")):
        main(["--home", str(hostile_place.home), "--as", "cfo", *arguments])
        assert STEERS.search(capsys.readouterr().out), arguments


def test_without_the_filter_the_screens_would_let_it_through(hostile_place: Place) -> None:
    program = (
        "import pettycash_tui.models.text as text; text._is_unsafe = lambda _: False;"
        "from pettycash_tui.cli.entry import main; main()"
    )
    run = (sys.executable, "-c", program)
    with Terminal(env=hostile_place.env, rows=40, columns=120, program=run) as terminal:
        enter(terminal)
        terminal.press("2")
        # A busy machine is quiet for a while before the list has come.
        for _ in range(100):
            if steers(terminal.raw.decode(errors="ignore")):
                return
            terminal.wait_quiet()
        raise AssertionError("the screens let nothing through without the filter")


def test_no_screen_lets_it_through_and_no_action_fires(hostile_place: Place) -> None:
    before = written(hostile_place.home / "pettycash.db")
    with hostile_place.open(rows=40, columns=120) as terminal:
        enter(terminal)
        for place in actions_of(APP):
            number = place.keys[0]
            if not (place.method.startswith("go(") and number.isdigit()):
                continue
            scope = re.search(r"'(\w+)'", place.method)
            assert scope
            terminal.press(number)
            terminal.wait_quiet()
            # What opens over any screen: the palette with what it finds, the keys, and the form's own key.
            for key in ("ctrl+p", "question_mark", "f2"):
                terminal.press("?" if key == "question_mark" else key)
                terminal.wait_quiet(0.05)
                if key == "ctrl+p":
                    terminal.type(MARK[:3])
                    terminal.wait_quiet(0.3)
                # The first may only empty what was typed.
                terminal.press("escape", "escape")
                terminal.wait_quiet(0.05)
            for action in actions_of(scope[1]):
                key = action.keys[0]
                if action.id in AT_ONCE or key in ("escape", "q", "slash") or not (len(key) == 1 or key == "enter"):
                    continue
                terminal.press(key)
                terminal.wait_quiet(0.05)
                # Out of whatever has opened.
                terminal.press("escape")
                terminal.wait_quiet(0.05)
        assert terminal.is_running
        assert MARK in terminal.screen_text() or MARK.encode() in terminal.raw
        raw = terminal.raw.decode()
    assert not steers(raw)
    assert written(hostile_place.home / "pettycash.db") == before


def test_no_window_that_pays_lets_it_through(hostile_place: Place) -> None:
    database = hostile_place.home / "pettycash.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        # Theirs, and such as go into a bank file.
        (mine,) = connection.execute("SELECT id FROM user WHERE username = 'treasury1'").fetchone()
        changing = "UPDATE payment SET executor_id = ?, method = 'bank_transfer' WHERE requested_by_id <> ?"
        assert connection.execute(changing, (mine, mine)).rowcount > 1
    before = written(database)
    with hostile_place.open(rows=40, columns=120) as terminal:
        enter(terminal, "treasury1")
        for marking, key, window in (
            ((), "p", re.compile(r"│ Pay ")),
            (("space", "space"), "p", "Pay 2 payments"),
            ((), "b", ASKED_FIRST),
            ((), "d", "Schedule 2 payments"),
        ):
            terminal.press("4")
            terminal.wait_for("Payments: ready", MARK)
            terminal.wait_quiet()
            terminal.press(*marking, key)
            terminal.wait_for("╭─", window, MARK)
            if window == ASKED_FIRST:
                terminal.press("enter")
                terminal.wait_gone(window)
            terminal.wait_quiet()
            terminal.press("escape")
            terminal.wait_gone("╭─")
        raw = terminal.raw.decode()
    assert not steers(raw)
    assert written(database) == before


def enter(terminal: Terminal, who: str = "cfo") -> None:
    """Sign in, and be at one's desk."""
    terminal.wait_for("Username", "Password", "Sign in (enter)")
    terminal.type(who)
    terminal.press("tab")
    terminal.type(PASSWORD)
    terminal.press("enter")
    terminal.wait_for("Waits for you", "What just happened")


def steers(raw: str) -> bool:
    """Whether what a terminal was sent holds an escape of theirs, or anything that turns text around."""
    theirs = ("]52", "]0;", "[31m" + MARK, "P" + MARK, "]8;;http://x", "[201~")
    is_theirs = any(f"\x1b{begins}" in raw for begins in theirs)
    return is_theirs or bool(re.search(r"[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200f\u2029]", raw))
