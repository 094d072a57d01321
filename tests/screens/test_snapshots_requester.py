"""How the screens of a requester look: one picture each at 80x24, the main ones at 120x40 as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import story
from desk_app import demo_company, desk_app, press, settled, type_text, until
from settable_clock import SettableClock
from textual.pilot import Pilot

from pettycash_tui.screens.preview_panel import PreviewPanel
from pettycash_tui.services import requisitions, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.requisitions import RequisitionInput

SMALL, LARGE = (80, 24), (120, 40)
Compare = Callable[..., bool]


@pytest.fixture
def people(sqlite_desk: Desk, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """A company in which a clerk has asked for several things; nothing of it differs from run to run."""
    monkeypatch.setattr(Desk, "shown_address", "sqlite:////srv/acme/pettycash.db")
    people = demo_company(sqlite_desk)
    staff = people["staff"]

    def next_morning() -> None:
        clock.advance(days=1, minutes=7)

    story.request(sqlite_desk, staff, "1850", payee="Wanjikũ Mũthoni", purpose="Taxi to the bank and back")
    next_morning()
    paid = story.approved(sqlite_desk, staff, "7350", payee="Nyota Stationers", purpose="Toner for the front office")
    clock.advance(hours=2)
    story.pay(sqlite_desk, paid)
    next_morning()
    sent_back = story.request(sqlite_desk, staff, "2950", payee="Café Délice", purpose="Lunch for the auditors")
    sqlite_desk.run(people["branch_manager"], workflow.request_changes, sent_back, "How many were you?")
    next_morning()
    rejected = story.request(sqlite_desk, staff, "64000", payee="Kobe Tools", purpose="A second generator")
    sqlite_desk.run(people["branch_manager"], workflow.reject, rejected, "Not in this year's budget")
    next_morning()
    given = RequisitionInput(amount="900", purpose="Stamps and envelopes", payee="Posta Kenya")
    sqlite_desk.run(staff, requisitions.create, given)
    next_morning()
    urgent = {"is_urgent": True, "urgency_reason": "The cold room is down"}
    story.request(sqlite_desk, staff, "12600", payee="Jabali Garage", purpose="Compressor repair", **urgent)
    return people


def shown(
    compare: Compare, desk: Desk, who: str | None, *keys: str, size: tuple[int, int] = SMALL, before: Any = None
) -> bool:
    """Open the desk, press the keys, and compare what is drawn."""

    async def prepare(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, *keys)
        if before is not None:
            await before(pilot)
            await settled(pilot)

    return compare(desk_app(desk, who), terminal_size=size, run_before=prepare)


async def write_something(pilot: Pilot[None]) -> None:
    for value in ("14k", "Naivas Supermarket", "Tea and biscuits for the branch meeting"):
        await type_text(pilot, value)
        await press(pilot, "tab")
    await until(pilot, lambda: "Tier  2" in pilot.app.screen.query_one(PreviewPanel).text)


async def write_something_wrong(pilot: Pilot[None]) -> None:
    await type_text(pilot, "12,50")
    await press(pilot, "ctrl+g")
    await until(pilot, lambda: pilot.app.screen.fields.field("purpose").error)


async def be_refused(pilot: Pilot[None]) -> None:
    await type_text(pilot, "staff")
    await press(pilot, "enter")
    await type_text(pilot, "wrong")
    await press(pilot, "enter")
    await until(pilot, lambda: pilot.app.screen._field("password").error)


def test_sign_in(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, None)


def test_sign_in_refused(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, None, before=be_refused)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_requisitions(
    snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor], size: tuple[int, int]
) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", size=size)


def test_requisition_in_progress(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "down", "down", "down", "down")


def test_withdraw(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "w")


def test_why(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "v")


def test_help(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "question_mark")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_requisition_form(
    snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor], size: tuple[int, int]
) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "n", size=size, before=write_something)


def test_requisition_form_refused(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", "n", before=write_something_wrong)


def test_discard(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    async def discard(pilot: Pilot[None]) -> None:
        await write_something(pilot)
        await press(pilot, "ctrl+o")

    assert shown(snap_compare, sqlite_desk, "staff", "n", before=discard)


def test_small_window(snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor]) -> None:
    assert shown(snap_compare, sqlite_desk, "staff", size=(70, 20))


def test_light_theme(
    snap_compare: Compare, sqlite_desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PETTYCASH_THEME", "light")
    assert shown(snap_compare, sqlite_desk, "staff")
