"""How signing in, the desk itself and its windows look."""

from __future__ import annotations

import pytest
from desk_app import until
from picturing import HUGE, LARGE, SMALL, Look, business, look, pictured_desk, typing
from textual.pilot import Pilot

from pettycash_tui.screens.lock import LockScreen

__all__ = ["business", "look", "pictured_desk"]


def test_sign_in(look: Look) -> None:
    assert look(None)


def test_sign_in_refused(look: Look) -> None:
    async def be_refused(pilot: Pilot[None]) -> None:
        await typing("staff", "wrong", end="enter")(pilot)
        await until(pilot, lambda: pilot.app.screen._field("password").error)

    assert look(None, then=be_refused)


@pytest.mark.parametrize("size", [SMALL, LARGE, HUGE], ids=["80x24", "120x40", "200x60"])
def test_home_of_an_approver(look: Look, size: tuple[int, int]) -> None:
    assert look("branch_manager", size=size)


def test_home_of_somebody_without_work(look: Look) -> None:
    assert look("fpa")


def test_switch_person(look: Look) -> None:
    assert look("branch_manager", "", "S")


def test_find(look: Look) -> None:
    async def find(pilot: Pilot[None]) -> None:
        await typing("mwangi")(pilot)
        await until(pilot, lambda: not pilot.app.screen._is_waiting)

    assert look("treasury", "", "ctrl+p", then=find)


def test_help(look: Look) -> None:
    assert look("branch_manager", "approvals", "question_mark")


def test_keys_in_help(look: Look) -> None:
    assert look("branch_manager", "approvals", "question_mark", "pagedown")


def test_locked(look: Look) -> None:
    async def lock(pilot: Pilot[None]) -> None:
        pilot.app.push_screen(LockScreen(pilot.app.context, idle_minutes=15))

    assert look("staff", "requisition_form", then=lock)


def test_small_window(look: Look) -> None:
    assert look("staff", size=(70, 20))
