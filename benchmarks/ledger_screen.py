"""The fund ledger's screen on 1,000,000 rows beside 1,000: opening it, key to repaint, memory, the event loop.

Each database has a process of its own that runs the program without a terminal. They are measured in turns.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import URL, make_url
from textual import events
from textual.pilot import Pilot

from benchmarks.ground import find, open_desk
from benchmarks.measuring import Ratio

KEYS = (
    *("up", "pageup", "pageup", "down", "pagedown", "home"),
    *("down", "pagedown", "pagedown", "up", "pageup", "end"),
)
"""From the newest entry, where the book opens, to the first and back: every key moves the cursor, and is painted."""

PATIENCE = 20


class Painted:
    """The program, without a terminal, and when it painted what."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.app = pilot.app
        self.frames = 0
        display = self.app._display

        def counted(screen: Any, renderable: Any) -> None:
            display(screen, renderable)
            self.frames += 1

        self.app._display = counted  # type: ignore[method-assign]

    async def until_rows(self, frames: int) -> None:
        """Wait for a frame after so many in which every line of the book in view is there."""
        began = time.perf_counter()
        while self.frames <= frames or not self._is_whole():
            await asyncio.sleep(0)
            if time.perf_counter() - began > PATIENCE:
                raise AssertionError("the rows never came")

    def _is_whole(self) -> bool:
        from pettycash_tui.screens.ledger_book import CashBook

        book = next(iter(self.app.screen.query(CashBook)), None)
        if book is None or book.cursor_row is None:
            return False
        return len(book.rows_in_view) == min(book.row_count, book._lines)

    async def open(self) -> float:
        """Milliseconds from the key until the newest entries are painted."""
        frames, began = self.frames, time.perf_counter()
        self.app.post_message(events.Key("5", "5"))
        await self.until_rows(frames)
        return (time.perf_counter() - began) * 1000

    async def press(self, key: str) -> float:
        """Milliseconds from a key until the rows it leads to are painted."""
        frames, began = self.frames, time.perf_counter()
        self.app.post_message(events.Key(key, None))
        await self.until_rows(frames)
        return (time.perf_counter() - began) * 1000

    async def rest(self) -> None:
        """Wait until nothing is read or counted any more."""
        while any(not worker.is_finished for worker in self.app.workers):
            await asyncio.sleep(0.01)
        await self.pilot.pause()


@contextmanager
def watched_loop() -> Iterator[list[float]]:
    """The longest turns of the event loop inside, in milliseconds of processor time of its own thread.

    What other programs take from it on a busy machine is no hold of ours.
    """
    longest, run = [0.0], asyncio.events.Handle._run

    def timed(handle: Any) -> None:
        begun = time.thread_time()
        run(handle)
        longest[0] = max(longest[0], (time.thread_time() - begun) * 1000)

    asyncio.events.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield longest
    finally:
        asyncio.events.Handle._run = run  # type: ignore[method-assign]


async def one_session(url: URL, home: Path, presses: int) -> dict[str, Any]:
    """Open the ledger in a fresh program, and press keys."""
    from pettycash_tui.app import PettyCashApp
    from pettycash_tui.screens.context import load_context
    from pettycash_tui.services.identity import SYSTEM

    desk = open_desk(url, home)
    context = load_context(desk, desk.read(SYSTEM, find, "officer1"))
    app = PettyCashApp(desk, context)
    gc.collect()
    gc.freeze()  # as the program does when it has started; the sessions before left more to look through
    found: dict[str, Any] = {"keys": []}
    async with app.run_test(size=(80, 24)) as pilot:
        painted = Painted(pilot)
        await painted.rest()
        found["open"] = await painted.open()
        await painted.rest()
        with watched_loop() as longest:
            for turn in range(presses):
                found["keys"].append(await painted.press(KEYS[turn % len(KEYS)]))
            await painted.rest()
        found["held"] = longest[0]
    desk.close()
    return found


def serve(address: str, home: str) -> None:
    """Run a session for each line of stdin; its figures are a line of stdout."""
    for line in sys.stdin:
        found = asyncio.run(one_session(make_url(address), Path(home), int(line)))
        found["memory"] = _memory()
        print(json.dumps(found), flush=True)


def _memory() -> float:
    """Megabytes of this process now, where the system tells it, else the most there ever were."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="utf-8").split("VmRSS:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Session:
    """A process that runs sessions on one database."""

    def __init__(self, url: URL, home: Path) -> None:
        address = url.render_as_string(hide_password=False)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ledger_screen", address, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ.copy(),
        )

    def run(self, presses: int) -> dict[str, Any]:
        """One session."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(presses, file=self._process.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure(name: str, home: Path, large: URL, small: URL, rounds: int = 7, presses: int = 210) -> list[Ratio]:
    """The ratios of the screen on one database."""
    found: dict[str, list[dict[str, Any]]] = {"large": [], "small": []}
    memory: dict[str, list[float]] = {"large": [], "small": []}
    urls = {"large": large, "small": small}
    for _ in range(3):
        for kind, url in urls.items():
            # A process that ran one session, as the program does.
            with Session(url, home) as session:
                memory[kind].append(session.run(presses)["memory"])
    with Session(large, home) as one, Session(small, home) as other:
        for session in (one, other):
            session.run(presses)  # imports the program
        for turn in range(rounds):
            order = ((one, "large"), (other, "small")) if turn % 2 else ((other, "small"), (one, "large"))
            for session, kind in order:
                found[kind].append(session.run(presses))

    def both(value: Any) -> tuple[float, float]:
        return value(found["large"]), value(found["small"])

    opened = both(lambda runs: statistics.median(run["open"] for run in runs))
    keys = both(lambda runs: _p95([ms for run in runs for ms in run["keys"]]))
    held = both(lambda runs: statistics.median(run["held"] for run in runs))
    kept = statistics.median(memory["large"]), statistics.median(memory["small"])
    made = [
        Ratio(f"{name}: screen, open 1,000,000 : 1,000", *opened, "ms", 1.5, at_most=True),
        Ratio(f"{name}: screen, key to rows p95, 1,000,000 : 1,000", *keys, "ms", 2, at_most=True),
        Ratio(f"{name}: screen, memory, 1,000,000 : 1,000 and 5 MB", kept[0], kept[1] + 5, "MB", 1, at_most=True),
    ]
    return [*made, Ratio(f"{name}: screen, event loop held, 1,000,000 : 50 ms", held[0], 50, "ms", 1, at_most=True)]


if __name__ == "__main__":
    serve(*sys.argv[1:])
