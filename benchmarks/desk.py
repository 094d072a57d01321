"""The desk beside a blank Textual app: when it paints, when one can type, what it sends, and what it keeps in memory.

Peers are measured with `--peer NAME=COMMAND`, each in its own environment:
`--peer "posting=/somewhere/posting/bin/posting" --peer "harlequin=/somewhere/harlequin/bin/harlequin"`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import Ratio
from benchmarks.terminals import PATIENCE, RARE, Line, memory_of

BLANK = """
from textual.app import App
from textual.widgets import Static
class Blank(App):
    def compose(self):
        yield Static("blank app")
Blank().run(mouse=False)
"""
BLANK_WITH_TABLES = "import sqlmodel\n" + BLANK
DESK = [sys.executable, "-m", "pettycash_tui"]


def _env(home: str) -> dict[str, str]:
    return {"HOME": home, "PETTYCASH_HOME": home, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def first_frame(command: Sequence[str], env: dict[str, str], text: str) -> float:
    """Milliseconds from the start until this text is on the terminal."""
    with Line(command, env) as line:
        return line.wait_for(text)


def usable(command: Sequence[str], env: dict[str, str]) -> float:
    """Milliseconds from the start until a key that somebody keeps pressing is shown.

    Once is not enough: the peers lose what is pressed before something has the focus.
    """
    with Line(command, env) as line:
        line.read_until(lambda: b"\x1b[?1049h" in line.sent)
        while RARE.encode() not in line.sent and line.age < PATIENCE * 1000:
            line.type(RARE)
            line.read_for(0.02)
        return line.age


def starts(home: str, peers: dict[str, list[str]], rounds: int) -> list[Ratio]:
    """First frame and first key, in turns with a blank app and with the peers."""
    blank = [sys.executable, "-c", BLANK]
    env = _env(home)
    samples: dict[str, list[float]] = {}
    for _ in range(rounds):
        samples.setdefault("blank", []).append(first_frame(blank, env, "blank app"))
        samples.setdefault("frame", []).append(first_frame(DESK, env, "Username"))
        samples.setdefault("usable", []).append(usable(DESK, env))
        for name, command in peers.items():
            samples.setdefault(name, []).append(usable(command, env))
    median = {name: statistics.median(values) for name, values in samples.items()}
    found = [
        Ratio("first frame : a blank app's", median["frame"], median["blank"], "ms", 1.6, at_most=True),
        Ratio("sign-in usable : a blank app's first frame", median["usable"], median["blank"], "ms", 3, at_most=True),
    ]
    return found + [
        Ratio(f"sign-in usable : {name} usable", median["usable"], median[name], "ms", 1, at_most=True)
        for name in peers
    ]


def traffic(home: str) -> list[Ratio]:
    """Bytes to the terminal: first frames, steps of the cursor and pages, over what they may be."""
    with Line(DESK, _env(home)) as line:
        line.wait_for("Username")
        line.read_for(1)
        signing = len(line.sent)
    with Line([*DESK, "--as", "cfo"], _env(home)) as line:
        line.wait_for("Desk")
        line.read_for(2)
        opened = len(line.sent)
        _press(line, "5")
        book = [_press(line, key) for key in "kkkkk"]
        pages = [_press(line, key) for key in ("\x1b[5~", "\x1b[5~", "\x1b[6~")]
        _press(line, "2")
        steps = [_press(line, key) for key in "jjjjjjj"]
        listed = [_press(line, key) for key in ("\x1b[6~", "\x1b[6~", "\x1b[5~")]
    return [
        _kilobytes("first frame, sign-in", signing, 15),
        _kilobytes("all frames until the desk is there", opened, 15),
        _kilobytes("a step of the cursor in the ledger", statistics.median(book), 1),
        _kilobytes("a step in a list, and the detail beside it drawn anew", statistics.median(steps), 2),
        _kilobytes("a page of the ledger", max(pages), 4),
        _kilobytes("a page of a list with its detail", max(listed), 4),
    ]


def _press(line: Line, key: str) -> int:
    """Press a key, wait until all is drawn, and count what was sent."""
    before = len(line.sent)
    line.type(key)
    line.read_for(1)
    return len(line.sent) - before


def _kilobytes(what: str, size: float, most: int) -> Ratio:
    return Ratio(what, size / 1024, most, "KB", 1, at_most=True)


def idle_memory(home: str) -> Ratio:
    """What a session at rest keeps in memory, over a blank app that has imported sqlmodel."""

    def at_rest(command: Sequence[str], text: str) -> int:
        with Line(command, _env(home)) as line:
            line.wait_for(text)
            line.read_for(3)
            return memory_of(line.process.pid)

    ours = at_rest([*DESK, "--as", "cfo"], "Desk")
    theirs = at_rest([sys.executable, "-c", BLANK_WITH_TABLES], "blank app")
    return Ratio("idle session : blank app with sqlmodel", ours / 2**20, theirs / 2**20, "MB", 1.6, at_most=True)


def main() -> int:
    """Measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    given = parser.parse_args()
    peers = {name: shlex.split(command) for name, _, command in (peer.partition("=") for peer in given.peer)}
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [*DESK, "demo", "--no-tui"],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **_env(str(Path(home)))},
        )
        found = [*starts(home, peers, given.rounds), *traffic(home), idle_memory(home)]
    print(*found, sep="\n")
    return 0 if all(ratio.holds for ratio in found) else 1


if __name__ == "__main__":
    sys.exit(main())
