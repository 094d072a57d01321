"""Draws the README's pictures from the program itself, on a fresh demo company: `python docs/pictures.py`.

The clock stands still and the code of the payment is always the same, so that a picture changes only when a screen has;
tests/test_readme.py says when that is so.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from textual.pilot import Pilot

from pettycash_tui.app import PettyCashApp
from pettycash_tui.database import engine as engines
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.services import codes, demo, signin
from pettycash_tui.services.desk import Desk

HERE = Path(__file__).parent
SIZE = (104, 30)
NOW = datetime(2026, 6, 18, 7, 40, tzinfo=UTC)
CODE = 271828


class Picture(NamedTuple):
    """Who is at the desk, what they look at, and what they press and type there."""

    username: str
    place: str
    shows: str = ""
    keys: tuple[str, ...] = ()


PICTURES = {
    "desk": Picture("treasury1", "desk"),
    "approvals": Picture("manager.nbi", "approvals", "REQ-000136"),
    "pay": Picture("treasury2", "payments", "PAY-000115", ("enter", *"271")),
    "ledger": Picture("cfo", "ledger", "NBI"),
}


def make_demo(folder: Path) -> Desk:
    """A demo company whose history ends now."""
    path = folder / "pettycash.db"
    engines.make_file(path)
    desk = Desk(engines.sqlite_address(path), folder, clock=lambda: NOW)
    desk.upgrade()
    demo.build(desk)
    return desk


async def draw(desk: Desk, picture: Picture) -> str:
    """What the terminal shows, as SVG."""
    app = PettyCashApp(desk, load_context(desk, signin.act_as(desk, picture.username, "pictures")))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await go_and_show(app, picture.place, picture.shows)
        await settle(pilot)
        for key in picture.keys:
            await pilot.press(key)
            await settle(pilot)
        app.screen.refresh(layout=True)
        await settle(pilot)
        return whole(app.export_screenshot(title="Petty cash"))


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read any more and everything is drawn."""
    for _ in range(3):
        await pilot.pause(0.2)
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def whole(svg: str) -> str:
    """The picture without fonts, which whoever looks at it would fetch from elsewhere, and with all its spaces."""
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", 'font-family: "Fira Code", "DejaVu Sans Mono", monospace')
    # Wide enough that most fonts fill the cells that Rich reckons with.
    svg = svg.replace("font-size: 20px", "font-size: 20.3px")
    return svg.replace("<text ", '<text xml:space="preserve" ')


def words(svg: str) -> list[str]:
    """What is read in a picture, line by line."""
    lines: dict[int, str] = {}
    for line, text in re.findall(r'clip-path="url\(#[^"]*-line-(\d+)\)">(.*?)</text>', svg, flags=re.DOTALL):
        lines[int(line)] = lines.get(int(line), "") + unescape(text)
    return [" ".join(lines[line].split()) for line in sorted(lines)]


@contextmanager
def always_the_same() -> Iterator[None]:
    """Let nothing of where it is drawn be seen: neither the settings of a terminal nor chance."""
    names = [name for name in os.environ if name.startswith("PETTYCASH_") or name == "NO_COLOR"]
    with (
        patch.dict(os.environ, {"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
        patch.object(codes.secrets, "randbelow", lambda _: CODE),
    ):
        for name in names:
            del os.environ[name]
        yield


def main(folder: Path) -> None:
    """Make the demo company and draw every picture into a folder."""
    with tempfile.TemporaryDirectory() as home, always_the_same():
        desk = make_demo(Path(home))
        for name, picture in PICTURES.items():
            (folder / f"{name}.svg").write_text(asyncio.run(draw(desk, picture)) + "\n", encoding="utf-8")
        desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
