"""Where an object that was found is shown, for what the person is offered: a screen, or a window over any screen."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from pettycash_tui.services.finding import Found, FoundKind

REPLENISHMENT = "replenishment"
"""The window of a replenishment, which opens wherever one is."""

_WINDOWS = {REPLENISHMENT: "ledger"}
"""The windows, and the screen that one must be offered to be shown them."""


class Target(NamedTuple):
    """A place to go to, and the number of the object to show there."""

    place: str
    number: str


def target_of(found: Found, places: Collection[str]) -> Target | None:
    """Where it is shown; None where no such place is offered. A payment is shown by its requisition at the least."""
    return next(
        (target for target in _ways(found) if target.number and _WINDOWS.get(target.place, target.place) in places),
        None,
    )


def _ways(found: Found) -> tuple[Target, ...]:
    match found.kind:
        case FoundKind.REQUISITION:
            return (Target("requisitions", found.number),)
        case FoundKind.PAYMENT | FoundKind.VOUCHER:
            return Target("payments", found.payment), Target("requisitions", found.requisition)
        case FoundKind.FUND:
            return (Target("ledger", found.number),)
        case FoundKind.REPLENISHMENT:
            return (Target(REPLENISHMENT, found.number),)
        case FoundKind.VARIANCE | FoundKind.TRANSFER | FoundKind.BANK_FILE:
            return (Target("treasury", found.number),)
        case FoundKind.PERSON:
            return Target("people", found.number), Target("administration", found.number)
