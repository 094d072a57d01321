"""How the windows look in which several payments are confirmed together."""

from __future__ import annotations

from desk_app import press, type_text
from picturing import Look, business, look, pictured_desk
from textual.pilot import Pilot

__all__ = ["business", "look", "pictured_desk"]

MARKED = ("space", "space", "space", "space")


async def pay(pilot: Pilot[None]) -> None:
    """A reference for each that was sent by hand, then the code."""
    for reference in ("QKJ7TXL2", "QKJ7TXL3"):
        await type_text(pilot, reference)
        await press(pilot, "enter")
    await type_text(pilot, "271828")
    await press(pilot, "enter")


def test_pay_together(look: Look) -> None:
    assert look("treasury", "payments", *MARKED, "p")


def test_paid_together(look: Look) -> None:
    assert look("treasury", "payments", *MARKED, "p", then=pay)


def test_schedule_together(look: Look) -> None:
    async def a_day(pilot: Pilot[None]) -> None:
        await type_text(pilot, "2026-04-01")
        await press(pilot, "enter")

    assert look("treasury", "payments", *MARKED, "d", then=a_day)
