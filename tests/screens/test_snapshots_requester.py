"""How the screens of somebody who asks for money look."""

from __future__ import annotations

from desk_app import until
from picturing import SMALL_AND_LARGE, Look, business, look, pictured_desk, typing
from textual.pilot import Pilot

from pettycash_tui.screens.preview_panel import PreviewPanel

__all__ = ["business", "look", "pictured_desk"]

FORM = "requisition_form"


async def ask_again(pilot: Pilot[None]) -> None:
    """A requisition that is nearly ready, and what the panel says of it."""
    await typing("7.8k", "Mwangi Garage", "Brake pads", end="tab")(pilot)
    await until(pilot, lambda: "asks for the same" in pilot.app.screen.query_one(PreviewPanel).text)


@SMALL_AND_LARGE
def test_requisitions(look: Look, size: tuple[int, int]) -> None:
    assert look("staff", "requisitions", size=size)


def test_a_rejected_requisition(look: Look) -> None:
    assert look("staff", "requisitions", shows="REQ-000014")


def test_withdraw(look: Look) -> None:
    assert look("staff", "requisitions", "down", "w")


def test_copied_page(look: Look) -> None:
    assert look("staff", "requisitions", "Y")


def test_form_refused(look: Look) -> None:
    async def write_something_wrong(pilot: Pilot[None]) -> None:
        await typing("12,50", end="ctrl+g")(pilot)
        await until(pilot, lambda: pilot.app.screen.fields.field("purpose").error)

    assert look("staff", FORM, then=write_something_wrong)


@SMALL_AND_LARGE
def test_form_warns_of_a_duplicate(look: Look, size: tuple[int, int]) -> None:
    assert look("staff", FORM, size=size, then=ask_again)


def test_form_offers_earlier_payees(look: Look) -> None:
    assert look("staff", FORM, "tab", "down", then=typing("s"))
