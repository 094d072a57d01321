"""A desk at which something is missing: a company without funds or places, a person whose place gives them nothing."""

from __future__ import annotations

from collections.abc import Callable

import building
import pytest
import story
from desk_app import notices, press, screen_text, settled, type_text, until
from sqlalchemy import update
from textual.pilot import Pilot
from textual.widgets import Select

from pettycash_tui.app import PettyCashApp
from pettycash_tui.models import tables as t
from pettycash_tui.screens.context import load_context
from pettycash_tui.screens.desk_screen import DeskScreen
from pettycash_tui.screens.places import FORM, open_place
from pettycash_tui.services import setup
from pettycash_tui.services.desk import Desk
from pettycash_tui.widgets.background import FAULT

KEYS = ("enter", "j", "k", "space", "y", "escape", "f", "t", "p", "o", "u", "s", "r", "a", "w", "c", "v", "escape")


def just_set_up(desk: Desk) -> str:
    """A company as `init` leaves it: one admin, no place, no fund."""
    admin = setup.NewAdmin("boss", "boss@acme.example", "several words of mine")
    setup.init(desk, setup.SetUp("Acme Ltd", "acme", "KES", admin, timezone="Africa/Nairobi"))
    return "boss"


def without_a_place(desk: Desk) -> str:
    """A manager whom nobody has placed anywhere, and no fund in use."""
    story.trading_company(desk)
    with desk.engine.begin() as connection:
        nowhere = {"branch_id": None, "region_id": None, "department_id": None, "cost_center_id": None}
        connection.execute(update(t.user).where(t.user.c.username == "branch_manager").values(nowhere))
        connection.execute(update(t.treasury_fund).values(is_active=False))
    return "branch_manager"


def whose_place_is_closed(desk: Desk) -> str:
    """A clerk whose branch is closed, like all others."""
    story.trading_company(desk)
    with desk.engine.begin() as connection:
        connection.execute(update(t.branch).values(is_active=False))
    return "staff"


Case = tuple[Callable[[Desk], str], str, str]
NO_FUND = "has no active fund for this origin; an admin opens one with `pettycash fund add`"
CASES: list[Case] = [
    (just_set_up, "desk", "There is no fund in use yet: `pettycash fund add` opens one."),
    (just_set_up, "requisitions", "There are no requisitions yet. n enters one."),
    (just_set_up, "approvals", "Nothing waits for your decision. 2 shows the requisitions."),
    (just_set_up, "payments", "Nothing is ready to be paid. f shows those in another state."),
    (
        just_set_up,
        "ledger",
        "There is no fund whose cash book you may read. An admin opens one with `pettycash fund add`",
    ),
    (just_set_up, FORM, f"Fund: is missing; ACME {NO_FUND}"),
    (without_a_place, "desk", "Nothing waits for you. n writes a new requisition."),
    (without_a_place, "requisitions", "There are no requisitions yet. n enters one."),
    (without_a_place, "approvals", "Nothing waits for your decision. 2 shows the requisitions."),
    (without_a_place, "payments", "Nothing is ready to be paid. f shows those in another state."),
    (without_a_place, FORM, f"Fund: is missing; ACME {NO_FUND}"),
    (whose_place_is_closed, "desk", "You keep no fund. Custodians, managers, treasury and finance see theirs here."),
    (whose_place_is_closed, "requisitions", "You have no requisitions yet. n enters one."),
    (whose_place_is_closed, "approvals", "Nothing waits for your decision. 2 shows the requisitions."),
    (whose_place_is_closed, "payments", "Nothing is ready to be paid. f shows those in another state."),
    (whose_place_is_closed, "ledger", "There is no fund whose cash book you may read."),
    (
        whose_place_is_closed,
        FORM,
        "Branch: is missing; NBI is no longer active; there is none in use; an admin adds one with "
        "`pettycash org branch add`",
    ),
]


@pytest.mark.parametrize(("company", "place", "says"), CASES, ids=[f"{case[0].__name__}-{case[1]}" for case in CASES])
async def test_a_screen_says_what_is_missing_and_what_helps(
    sqlite_desk: Desk, company: Callable[[Desk], str], place: str, says: str
) -> None:
    context = load_context(sqlite_desk, building.actor(sqlite_desk, company(sqlite_desk)))
    app = PettyCashApp(sqlite_desk, context)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        screen = open_place(place, context)
        await app.push_screen(screen)
        await settled(pilot)
        if place == FORM:
            await write_and_submit(pilot)
        assert says in " ".join(screen_text(pilot).split())
        if place != FORM:
            await press_everything(pilot, screen)
        assert FAULT not in notices(pilot) and app.is_running


async def write_and_submit(pilot: Pilot[None]) -> None:
    await type_text(pilot, "500")
    await press(pilot, "tab", "tab")
    await type_text(pilot, "Tea for the visitors")
    await press(pilot, "f2")
    await until(pilot, lambda: "✖" in screen_text(pilot).splitlines()[-2] + screen_text(pilot).splitlines()[-3])


async def press_everything(pilot: Pilot[None], screen: DeskScreen) -> None:
    for key in KEYS:
        await press(pilot, key)
        while pilot.app.screen is not screen and screen in pilot.app.screen_stack:
            pilot.app.pop_screen()
            await settled(pilot)


async def test_a_branch_is_asked_for_where_there_is_none(sqlite_desk: Desk) -> None:
    context = load_context(sqlite_desk, building.actor(sqlite_desk, just_set_up(sqlite_desk)))
    app = PettyCashApp(sqlite_desk, context)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await app.action_go(FORM)
        await settled(pilot)
        pilot.app.screen.query_one("#field-origin Select", Select).value = "branch"
        await write_and_submit(pilot)
        said = " ".join(screen_text(pilot).split())
        assert "a branch origin needs one; there is none in use; an admin adds one with `pettycash org branch" in said
