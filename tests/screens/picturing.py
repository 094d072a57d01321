"""Taking a picture of a screen, and nothing in it that could differ from run to run."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from desk_app import desk_app, press, settled, type_text
from pictured_company import CODE, PicturedCompany
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.app import PettyCashApp
from pettycash_tui.database import engine as engines
from pettycash_tui.screens.export_prompt import ExportPrompt
from pettycash_tui.screens.following import Following
from pettycash_tui.screens.showing import go_and_show
from pettycash_tui.services import codes
from pettycash_tui.services.desk import Desk

SMALL, LARGE, HUGE = (80, 24), (120, 40), (200, 60)
SMALL_AND_LARGE = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])

Steps = Callable[[Pilot[None]], Awaitable[None]]


@dataclass(frozen=True)
class Business:
    """Where the company's books are kept, and when it is there."""

    home: Path
    now: datetime


@dataclass(frozen=True)
class Look:
    """Compares what somebody sees with the picture that was kept."""

    desk: Desk
    compare: Callable[..., bool]

    def __call__(
        self,
        who: str | None,
        place: str = "",
        *keys: str,
        shows: str = "",
        size: tuple[int, int] = SMALL,
        then: Steps | None = None,
    ) -> bool:
        """Go to a place of the desk, to an object there if `shows` names one, press the keys, do the rest."""

        async def prepare(pilot: Pilot[None]) -> None:
            await settled(pilot)
            if place:
                await go_and_show(pilot.app, place, shows)
                await settled(pilot)
            await press(pilot, *keys)
            if then is not None:
                await then(pilot)
                await settled(pilot)

        return self.compare(desk_app(self.desk, who), terminal_size=size, run_before=prepare)


def typing(*texts: str, end: str = "") -> Steps:
    """Type a text into each field in turn, going from one to the next with tab; `end` is the last key."""

    async def type_them(pilot: Pilot[None]) -> None:
        for place, text in enumerate(texts):
            await press(pilot, *["tab"] * bool(place))
            await type_text(pilot, text)
        await press(pilot, *[end] * bool(end))

    return type_them


@pytest.fixture(scope="session")
def business(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Business:
    """The books after two weeks, once for each worker."""
    home = tmp_path_factory.mktemp("business") / "home"
    home.mkdir(mode=0o700)
    path = home / "pettycash.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    clock = SettableClock()
    desk = Desk(engines.sqlite_address(path), home, clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes.secrets, "randbelow", lambda limit: CODE)
        desk.secrets.make_server_key()
        PicturedCompany(desk, clock).trade()
    desk.close()
    return Business(home, clock.now)


@pytest.fixture
def pictured_desk(
    business: Business, tmp_path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A desk of one's own on those books: the clock stands still, nobody else acts, no path is seen."""
    home = tmp_path / "business"
    shutil.copytree(business.home, home)
    clock.now = business.now
    monkeypatch.setattr(Desk, "shown_address", "sqlite:////srv/acme/pettycash.db")
    monkeypatch.setattr(codes.secrets, "randbelow", lambda limit: CODE)
    monkeypatch.setattr(Following, "begin_following", lambda app, context: None)
    # A notice stays for seconds of a real clock: on a slow machine it would be gone before the picture.
    monkeypatch.setattr(PettyCashApp, "NOTIFICATION_TIMEOUT", 3600)
    monkeypatch.setattr(ExportPrompt, "_folder", Path("/srv/acme/exports/branch_manager"))
    desk = Desk(engines.sqlite_address(home / "pettycash.db"), home, clock=clock)
    yield desk
    desk.close()


@pytest.fixture
def look(pictured_desk: Desk, snap_compare: Callable[..., bool]) -> Look:
    """Takes and compares pictures of the company's desk."""
    return Look(pictured_desk, snap_compare)
