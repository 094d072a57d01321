"""How the screens of somebody who approves look."""

from __future__ import annotations

from desk_app import demo_company
from picturing import SMALL_AND_LARGE, Look, business, look, pictured_desk
from sqlalchemy import update
from textual.pilot import Pilot

from pettycash_tui.models import tables as t
from pettycash_tui.services import submission

__all__ = ["business", "look", "pictured_desk"]


@SMALL_AND_LARGE
def test_approvals(look: Look, size: tuple[int, int]) -> None:
    assert look("branch_manager", "approvals", size=size)


def test_rejecting(look: Look) -> None:
    assert look("branch_manager", "approvals", "x")


def test_asking_for_changes(look: Look) -> None:
    assert look("branch_manager", "approvals", "c")


def test_approving_together(look: Look) -> None:
    assert look("branch_manager", "approvals", "space", "space", "G", "space", "a")


def test_what_somebody_else_decided_stays_where_it_was(look: Look) -> None:
    async def withdraw_elsewhere(pilot: Pilot[None]) -> None:
        number = pilot.app.screen.value.number
        look.desk.run(demo_company(look.desk)["staff"], submission.withdraw, number, "Found in the store")
        pilot.app.screen.books_changed()

    assert look("branch_manager", "approvals", "j", then=withdraw_elsewhere)


def test_reassigning(look: Look) -> None:
    with look.desk.work(demo_company(look.desk)["admin"], audited=False) as work:
        work.execute(update(t.user).where(t.user.c.username == "branch_manager").values(is_superuser=True))
    assert look("branch_manager", "approvals", "i")
