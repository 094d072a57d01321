"""Draws the README's pictures from the program itself, on a fresh demo company: `python docs/pictures.py`."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from pettycash_tui.app import PettyCashApp
from pettycash_tui.database import engine as engines
from pettycash_tui.screens.context import load_context
from pettycash_tui.services import demo, signin
from pettycash_tui.services.desk import Desk

HERE = Path(__file__).parent
PICTURES = {"approvals": ("manager.nbi", "approvals"), "ledger": ("cfo", "ledger")}


async def draw(desk: Desk, name: str, username: str, place: str) -> None:
    """Open a place as a person and keep what the terminal shows."""
    app = PettyCashApp(desk, load_context(desk, signin.act_as(desk, username, "pictures")))
    async with app.run_test(size=(112, 30), notifications=True) as pilot:
        app.action_go(place)
        for _ in range(30):
            await pilot.pause(0.1)
        picture = app.export_screenshot(title="Petty cash")
        # The fonts would be fetched from elsewhere by whoever looks at the picture.
        picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    """Make the demo company and draw every picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pettycash.db"
        engines.make_file(path)
        desk = Desk(engines.sqlite_address(path), Path(folder))
        desk.upgrade()
        demo.build(desk)
        for name, (username, place) in PICTURES.items():
            asyncio.run(draw(desk, name, username, place))
        desk.close()


if __name__ == "__main__":
    main()
