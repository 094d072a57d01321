"""The first ten minutes, pressed key by key as the page tells them, and seen as it says."""

from __future__ import annotations

import re

from journey import Place
from pages import TOP, story
from terminal import Terminal

NAMES = {"esc": "escape"}
ASKS = {"S": "Who are you now?", "o": "Which fund?"}
"""Keys that open a question: a person types the answer when it is there."""


def test_the_first_ten_minutes_are_as_the_page_tells_them(sqlite_place: Place) -> None:
    rows = story(TOP / "docs" / "first-ten-minutes.md")
    assert len(rows) > 12
    with sqlite_place.open() as terminal:
        terminal.wait_for("Username", "Sign in (enter)")
        for pressed, seen in rows:
            for one in pressed:
                do(terminal, one)
            if seen:
                terminal.wait_for(*seen)
        assert terminal.wait_exit() == 0
    book = sqlite_place.ask("cfo", "fund", "ledger", "NBI", "--newest", "--limit", "1")["items"]
    assert (book[0]["amount"], book[0]["payment"]) == ("1200.00", "PAY-000117")


def do(terminal: Terminal, what: str) -> None:
    """Press a key, type a text, or type the code that the screen of a demo shows."""
    if what == "the code":
        code = re.search(r"the code is (\d{6})", terminal.screen_text())
        assert code
        terminal.type(code[1])
    elif what.startswith("`"):
        terminal.type(what.strip("`"))
    else:
        key = what.removeprefix("<kbd>").removesuffix("</kbd>")
        terminal.press(f"ctrl+{key[1]}" if key[0] == "^" else NAMES.get(key, key))
        if key in ASKS:
            terminal.wait_for(ASKS[key])
