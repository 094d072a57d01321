"""The desk as a person would have it open, for tests: a demo company, a clock that stands still, somebody signed in."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import building
import story
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from pettycash_tui.app import PettyCashApp
from pettycash_tui.screens.context import DeskContext, load_context
from pettycash_tui.services import signin
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.widgets.plain import PlainText


def demo_company(desk: Desk) -> dict[str, Actor]:
    """The people of the demo company, by username; it is put into the desk's file when that is empty."""
    if not desk.kind:
        _put_into(desk)
    return {name: signin.act_as(desk, name, "test") for name in building.PEOPLE}


_built: dict[datetime, TemporaryDirectory[str]] = {}


def _put_into(desk: Desk) -> None:
    """Build the company; of a file once for each worker and time of the clock, and copy that for every further test."""
    books, now = Path(str(desk.url.database)), desk.clock()
    is_file = desk.url.get_backend_name() == "sqlite"
    if is_file and now in _built:
        _copy(Path(_built[now].name, "company.db"), books)
        return
    story.trading_company(desk, kind=DEMO)
    if is_file:
        _built[now] = TemporaryDirectory(prefix="pettycash-company-")
        _copy(books, Path(_built[now].name, "company.db"))


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def context_of(desk: Desk, username: str) -> DeskContext:
    """The context of a person of the demo company."""
    return load_context(desk, demo_company(desk)[username])


def desk_app(desk: Desk, username: str | None = None) -> PettyCashApp:
    """The app on this desk, as somebody who is signed in, or with the sign-in screen."""
    demo_company(desk)
    return PettyCashApp(desk, context_of(desk, username) if username else None)


@asynccontextmanager
async def running(
    desk: Desk, username: str | None, *, go: str | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    """The app, started and at rest: `async with running(desk, "staff") as pilot`. `go` names the screen to open."""
    app = desk_app(desk, username)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(pilot)
        if go is not None:
            await app.action_go(go)
            await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every key is taken, and every read and write has come and been shown."""
    for _ in range(50):
        await pilot.pause()
        # Textual keeps workers that are done for a moment; only those under way are waited for.
        under_way = [worker for worker in pilot.app.workers if not worker.is_finished]
        if not under_way and not getattr(pilot.app, "is_typing", False):
            break
        await pilot.app.workers.wait_for_complete(under_way)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for what comes after a timer (a debounced filter): at most five seconds, and no longer than needed."""
    for _ in range(500):
        if condition():
            break
        await pilot.pause(0.01)
    await settled(pilot)
    assert condition()


async def while_it_works(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for what is to be seen while the work is under way: a thread may be ahead of the screen, or behind it."""
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(screen_text(pilot))


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, and wait until what they started is shown."""
    for key in keys:
        _hand_over(pilot, key)
        await settled(pilot)


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type a text into what has the focus, faster than the screen."""
    for character in text:
        _hand_over(pilot, character)
    await settled(pilot)


def _hand_over(pilot: Pilot[None], key: str) -> None:
    """Give a key to the app as its terminal does: the pilot's own way waits twice for every one."""
    character = {"enter": "\r", "tab": "\t", "space": " "}.get(key, key if len(key) == 1 else None)
    name = _character_to_key({" ": "space", "\t": "tab"}.get(key, key)) if len(key) == 1 else key
    driver = pilot.app._driver
    assert driver is not None
    driver.send_message(Key(name, character))


def screen_text(pilot: Pilot[None]) -> str:
    """Everything the screen draws, line by line, as a person reads it."""
    width, height = pilot.app.size
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip()[:width] for strip in strips[:height])


def notices(pilot: Pilot[None]) -> list[str]:
    """What was said in notices, oldest first."""
    return [notification.message for notification in pilot.app._notifications]


def texts(parent: Widget) -> list[str]:
    """The texts of the labels below a widget that are shown."""
    return [label.text for label in parent.query(PlainText) if label.display]
